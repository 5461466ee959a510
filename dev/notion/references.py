"""What rollups and formulas refer to: Notion's schemas name the properties from which they are
computed by their ids.

Samples and edits write names: `"relation_property_name": "Parts"`, `prop("Parts")`. What a formula
asks of another page (`current.prop("Cost")`) stays as it is written. Formulas are not computed
here.
"""

import re

from dev.notion.nodes import JSON
from dev.notion.workspace import SPACE_ID

_WRITTEN = re.compile(r'(?<![.\w])prop\("([^"]*)"\)')
_REFERENCE = re.compile(r"\{\{notion:block_property:([^:}]+):([^:}]+):[^}]*\}\}")


def with_ids(schema: dict[str, JSON], data_source_id: str) -> dict[str, JSON]:
    """A schema whose rollups and formulas name the properties of their own data source by id."""

    def reference(written: re.Match[str]) -> str:
        named = schema.get(written[1])
        if named is None:
            return written[0]
        return f"{{{{notion:block_property:{named['id']}:{data_source_id}:{SPACE_ID}}}}}"

    def settings(column: JSON) -> JSON:
        kind = column["type"]
        own: JSON = column[kind]
        if kind == "rollup" and own["relation_property_name"] in schema:
            return {**own, "relation_property_id": schema[own["relation_property_name"]]["id"]}
        if kind == "formula" and "expression" in own:
            return {**own, "expression": _WRITTEN.sub(reference, own["expression"])}
        return own

    return {name: {**column, column["type"]: settings(column)} for name, column in schema.items()}


def referred_to(column: JSON, data_source_id: str) -> set[str]:
    """The ids of the properties of its data source from which a property is computed at once."""
    match column["type"]:
        case "rollup":
            return {column["rollup"]["relation_property_id"]}
        case "formula":
            found = _REFERENCE.findall(column["formula"].get("expression", ""))
            return {column_id for column_id, source in found if source == data_source_id}
    return set()
