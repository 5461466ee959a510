"""Puts what samples and edits write into a workspace: blocks, pages, databases and their rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dev.notion.clock import instant
from dev.notion.ids import named_id, new_id, resolved
from dev.notion.nodes import JSON, Block, Database, DataSource, Page
from dev.notion.notation import children_of, content, cover, icon, kind_and_rest, repeated
from dev.notion.objects import MEETING_PARTS, part_id
from dev.notion.references import with_ids
from dev.notion.rich_text import rich_text
from dev.notion.values import property_schema, value
from dev.notion.workspace import Workspace


@dataclass(frozen=True)
class Making:
    """When something was made and edited last, and by whom."""

    created: datetime
    edited: datetime
    by: str

    def of(self, spec: JSON) -> "Making":
        """The same for something that may have times of its own; what was made later was edited no
        earlier."""
        created = instant(spec["created"]) if "created" in spec else self.created
        edited = instant(spec["edited"]) if "edited" in spec else max(created, self.edited)
        return Making(created, edited, resolved(spec["by"]) if "by" in spec else self.by)

    def facts(self) -> dict[str, Any]:
        return {
            "created": self.created,
            "edited": self.edited,
            "created_by": self.by,
            "edited_by": self.by,
        }


class Planter:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def blocks(
        self, parent: str, specs: list[JSON], making: Making, after: str | None = None
    ) -> list[str]:
        """Blocks into a page or block, behind one of its children or at the end; gives their
        ids."""
        ids: list[str] = []
        for spec in repeated(specs):
            ids.append(self._block(parent, spec, making.of(spec), after))
            after = ids[-1]
        return ids

    def page(self, parent: str | None, spec: JSON, making: Making, after: str | None = None) -> str:
        """A page outside databases: `title`, and what a row may have."""
        return self._page(
            parent, {"title": rich_text(spec.get("title"))}, spec, making.of(spec), after
        )

    def row(self, source: DataSource, spec: JSON, making: Making) -> str:
        """A row: `properties` by name, `icon`, `cover`, `children`, `in_trash`, `archived`."""
        values: JSON = {}
        for name, written in spec.get("properties", {}).items():
            if name not in source.schema:
                raise ValueError(f"the data source {source.id} has no property {name}")
            column = source.schema[name]
            values[column["id"]] = value(column["type"], written)
        source.numbered += 1
        return self._page(source.id, values, spec, making.of(spec), None, source.numbered)

    def database(
        self, parent: str | None, spec: JSON, making: Making, after: str | None = None
    ) -> str:
        """A database: `title`, and `schema` and `rows` of its data source, or several
        `data_sources` that have them."""
        making = making.of(spec)
        database = Database(
            id=self._id(parent, spec),
            parent=parent,
            title=rich_text(spec["title"]),
            description=rich_text(spec.get("description")),
            icon=icon(spec.get("icon")),
            cover=cover(spec.get("cover")),
            inline=spec.get("inline", False),
            **making.facts(),
        )
        self._workspace.add(database, after)
        sources = spec.get("data_sources") or [
            {
                "id": spec.get("data_source", f"@rows of {database.id}"),
                **{name: spec.get(name) for name in ("schema", "rows")},
            }
        ]
        for source in sources:
            self._data_source(database, source, making)
        return database.id

    def _data_source(self, database: Database, spec: JSON, making: Making) -> None:
        schema = {name: property_schema(name, written) for name, written in spec["schema"].items()}
        if len({column["id"] for column in schema.values()}) < len(schema):
            raise ValueError(f"two properties of {database.id} have one id")
        source_id = self._id(database.id, spec)
        source = DataSource(
            id=source_id,
            parent=database.id,
            title=rich_text(spec["title"]) if "title" in spec else database.title,
            schema=with_ids(schema, source_id),
            **making.facts(),
        )
        self._workspace.add(source)
        for row in repeated(spec.get("rows") or []):
            self.row(source, row, making)

    def _page(
        self,
        parent: str | None,
        values: JSON,
        spec: JSON,
        making: Making,
        after: str | None,
        number: int = 0,
    ) -> str:
        page = Page(
            id=self._id(parent, spec),
            parent=parent,
            values=values,
            icon=icon(spec.get("icon")),
            cover=cover(spec.get("cover")),
            archived=spec.get("archived", False),
            in_trash=spec.get("in_trash", False),
            number=number,
            **making.facts(),
        )
        self._workspace.add(page, after)
        self.blocks(page.id, spec.get("children", []), making)
        return page.id

    def _block(self, parent: str, spec: JSON, making: Making, after: str | None) -> str:
        kind, written = kind_and_rest(spec)
        beside = {name: item for name, item in spec.items() if name != kind}
        if kind == "child_page":
            return self.page(parent, {**beside, **written}, making, after)
        if kind == "child_database":
            return self.database(parent, {**beside, **written}, making, after)
        block = self._new_block(parent, kind, written, spec, making)
        self._workspace.add(block, after)
        self.blocks(block.id, children_of(kind, written) + spec.get("children", []), making)
        if kind == "meeting_notes":
            self._meeting_parts(block, written, making)
        return block.id

    def _new_block(self, parent: str, kind: str, written: Any, spec: JSON, making: Making) -> Block:
        block_id = self._id(parent, spec)
        if kind == "linked_view":
            untitled = {"title": "Untitled"}
            return Block(
                id=block_id,
                parent=parent,
                type="child_database",
                content=untitled,
                linked_to=resolved(written),
                **making.facts(),
            )
        own = content(kind, written, bool(spec.get("children")))
        return Block(id=block_id, parent=parent, type=kind, content=own, **making.facts())

    def _meeting_parts(self, block: Block, written: JSON, making: Making) -> None:
        """Each part is a block of its own, of which Notion says nothing but the id."""
        for part in MEETING_PARTS:
            if part in written:
                list_id = part_id(block.id, part)
                self._workspace.add(
                    Block(
                        id=list_id,
                        parent=block.id,
                        type="paragraph",
                        content=content("paragraph", "", True),
                        **making.facts(),
                    )
                )
                self.blocks(list_id, written[part], making)

    def _id(self, parent: str | None, spec: JSON) -> str:
        """The id that is given, or one that follows from the place, so that two loads of a sample
        give the same."""
        if "id" in spec:
            return resolved(spec["id"])
        siblings = self._workspace.nodes[parent].children if parent else list(self._workspace.nodes)
        own_id = named_id(f"{parent}/{len(siblings)}")
        return new_id() if own_id in self._workspace.nodes else own_id
