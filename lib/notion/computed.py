"""Which properties are computed from a relation that Notion cuts short: only the schema of the data
source says."""

from collections.abc import Collection
from functools import partial
from urllib.parse import unquote

from lib.errors import Unreadable
from lib.model import JSON
from lib.notion.border.objects import Oddities, schema_of
from lib.notion.client import NotionClient
from lib.notion.once import Once

COMPUTED = ("rollup", "formula")


class Schemas:
    """The properties of data sources by name, each asked for once in a slice."""

    def __init__(self, notion: NotionClient) -> None:
        self._notion = notion
        self._found: Once[JSON | None] = Once()

    async def schema_of(self, data_source_id: str) -> JSON | None:
        """Return a schema as Notion gives it; None where it is not shown. Raises what a request
        raises."""
        return await self._found.get(data_source_id, partial(self._ask_for_schema, data_source_id))

    def keep_schema(self, data_source_id: str, schema: JSON) -> None:
        """Keep a schema that was read for another reason."""
        self._found.put(data_source_id, schema)

    async def _ask_for_schema(self, data_source_id: str) -> JSON | None:
        try:
            return await read_schema(self._notion, data_source_id, Oddities())
        except Unreadable:
            return None


async def read_schema(notion: NotionClient, data_source_id: str, oddities: Oddities) -> JSON:
    """Return the properties of a data source by name, as Notion gives them. Raises what a request
    raises."""
    return schema_of(await notion.get(f"data_sources/{data_source_id}"), oddities)


def computed_from(cut: Collection[str], schema: JSON) -> set[str]:
    """Return the names of the rollups and formulas computed from the properties named, directly or
    through others."""
    ids = {name: one.get("id") for name, one in schema.items()}
    found = {name for name in cut if name in schema}
    while True:
        used = [(name, ids[name]) for name in found]
        more = {
            name
            for name, one in schema.items()
            if name not in found
            and any(_is_computed_from(one, used_name, used_id) for used_name, used_id in used)
        }
        if not more:
            return found - set(cut)
        found |= more


def _is_computed_from(given: JSON, name: str, property_id: object) -> bool:
    """Return whether a rollup or formula is computed from the property of this name and id.

    The API shows references in a formula as `{{notion:block_property:<id>:…}}`.
    """
    kind = given.get("type")
    settings = given.get(kind) if kind in COMPUTED else None
    if not isinstance(settings, dict):
        return False
    if kind == "rollup":
        return property_id == settings.get("relation_property_id") or name == settings.get(
            "relation_property_name"
        )
    expression = settings.get("expression")
    if not isinstance(expression, str):
        return True
    spellings = {str(property_id), unquote(str(property_id))}
    return name in expression or any(f":{spelling}:" in expression for spelling in spellings)
