"""What people do to a workspace, with the times that move (and don't) when they do it.

An edit inside a page moves the page's time and the edited block's own; not that of the blocks
around it, not that of the page around a child page, and not that of pages that show a synced
original, a title or a computed value from here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from dev.notion.clock import Clock
from dev.notion.ids import resolved
from dev.notion.nodes import JSON, Block, Database, DataSource, Node, Page
from dev.notion.notation import cover, icon, members
from dev.notion.planting import Making, Planter
from dev.notion.rich_text import Text, rich_text
from dev.notion.values import value
from dev.notion.webhooks import Webhooks
from dev.notion.workspace import BOT_ID, Workspace

COMPUTED = ("formula", "rollup")


class Edits:
    """Every method is one edit. Ids may be `@names`; blocks, texts and values are written as in
    samples.

    Raises LookupError for an id that leads nowhere, ValueError for something that can't be
    understood.
    """

    def __init__(self, workspace: Workspace, clock: Clock, webhooks: Webhooks) -> None:
        self._workspace = workspace
        self._clock = clock
        self._webhooks = webhooks
        self._planter = Planter(workspace)

    def edit_block(self, block_id: str, written: Any) -> None:
        """Changes a block's text (a text), or those of its members that are named."""
        with self._changing() as now:
            block = self._get(block_id, Block)
            block.content = {**block.content, **members(block.type, written)}
            block.edited = now
            self._move_page(block, now)

    def append_blocks(
        self, parent_id: str, blocks: list[JSON], after: str | None = None
    ) -> list[str]:
        """Adds blocks to a page or block, at the end or behind one of its children."""
        with self._changing() as now:
            parent = self._get(parent_id, Node)
            ids = self._planter.blocks(
                parent.id, blocks, self._making(now), resolved(after) if after else None
            )
            self._move_page(parent, now)
            return ids

    def create_page(
        self, parent_id: str, title: Text, children: list[JSON] | None = None, **more: Any
    ) -> str:
        """A child page; `more` are `id`, `icon`, `cover` and `after`."""
        after = resolved(more.pop("after")) if "after" in more else None
        with self._changing() as now:
            parent = self._get(parent_id, Node)
            spec = {"title": title, "children": children or [], **more}
            page_id = self._planter.page(parent.id, spec, self._making(now), after)
            self._move_page(parent, now)
            self._webhooks.note("page.created", self._get(page_id, Page))
            return page_id

    def create_row(
        self, data_source_id: str, properties: JSON, children: list[JSON] | None = None, **more: Any
    ) -> str:
        """A row of a data source; `more` are `id`, `icon` and `cover`."""
        with self._changing() as now:
            spec = {"properties": properties, "children": children or [], **more}
            source = self._get(data_source_id, DataSource)
            row_id = self._planter.row(source, spec, self._making(now))
            self._webhooks.note("data_source.content_updated", source)
            self._webhooks.note("page.created", self._get(row_id, Page))
            return row_id

    def create_database(self, parent_id: str, title: Text, schema: JSON, **more: Any) -> str:
        """A child database; `more` are `id`, `data_source` (its id), `rows`, `inline`, `icon` and
        `cover`."""
        with self._changing() as now:
            parent = self._get(parent_id, Node)
            database_id = self._planter.database(
                parent.id, {"title": title, "schema": schema, **more}, self._making(now)
            )
            self._move_page(parent, now)
            self._webhooks.note("database.created", self._get(database_id, Database))
            return database_id

    def set_property(self, page_id: str, name: str, written: Any) -> None:
        """Sets a property of a page. What is computed changes without moving the page's time."""
        with self._changing() as now:
            page = self._get(page_id, Page)
            column = self._workspace.schema_of(page).get(name)
            if column is None:
                raise LookupError(f"the page {page.id} has no property {name}")
            page.values = {**page.values, column["id"]: value(column["type"], written)}
            if column["type"] not in COMPUTED:
                self._move_page(page, now, column["id"])

    def set_title(self, id: str, title: Text) -> None:
        """Names a page, or a database and its first data source."""
        with self._changing() as now:
            node = self._get(id, Node)
            if isinstance(node, Page):
                node.values = {**node.values, "title": rich_text(title)}
                self._move_page(node, now, "title")
            elif isinstance(node, Database):
                node.title = rich_text(title)
                source = self._first_source(node)
                source.title = node.title
                node.edited = source.edited = now
            else:
                raise LookupError(f"{node.id} has no title")

    def set_icon(self, page_id: str, written: Any) -> None:
        with self._changing() as now:
            page = self._get(page_id, Page)
            page.icon = icon(written)
            self._move_page(page, now, "icon")

    def set_cover(self, page_id: str, written: JSON | None) -> None:
        with self._changing() as now:
            page = self._get(page_id, Page)
            page.cover = cover(written)
            self._move_page(page, now, "cover")

    def trash(self, id: str) -> None:
        """Puts a block, page, row or database into the trash; a page around it has changed then,
        the thing has not."""
        self._set_in_trash(id, True)

    def restore(self, id: str) -> None:
        self._set_in_trash(id, False)

    def archive(self, page_id: str) -> None:
        """Keeps a row out of queries without trashing it."""
        with self._changing():
            self._get(page_id, Page).archived = True

    def unarchive(self, page_id: str) -> None:
        with self._changing():
            self._get(page_id, Page).archived = False

    def move(self, page_id: str, to: str) -> None:
        """Moves a page into a page or block, a data source or a database; its own time stays.

        Properties of the same name and type go with it, the title always.
        """
        with self._changing() as now:
            page, target = self._get(page_id, Page), self._get(to, Node)
            if isinstance(target, Database):
                target = self._first_source(target)
            before = self._workspace.schema_of(page)
            if page.parent is not None:
                origin = self._workspace.nodes[page.parent]
                origin.children.remove(page.id)
                self._move_page(origin, now)
            page.parent = target.id
            self._workspace.place(page)
            page.values = _carried(page.values, before, self._workspace.schema_of(page))
            self._move_page(target, now)
            self._webhooks.note("page.moved", page)

    def unshare(self, id: str) -> None:
        """Takes something, and all that stands in it, from the integration."""
        with self._changing():
            self._workspace.unshared.add(self._get(id, Node).id)

    def share(self, id: str) -> None:
        with self._changing():
            self._workspace.unshared.discard(self._get(id, Node).id)

    def rename_property(self, data_source_id: str, name: str, to: str) -> None:
        """Renames a property for all rows; the data source's time moves, the rows' don't."""
        with self._changing() as now:
            source = self._get(data_source_id, DataSource)
            if name not in source.schema:
                raise LookupError(f"the data source {source.id} has no property {name}")
            source.schema = {
                to if old == name else old: {**column, "name": to} if old == name else column
                for old, column in source.schema.items()
            }
            source.edited = self._get(source.parent or "", Database).edited = now
            renamed = {"id": source.schema[to]["id"], "name": to, "action": "updated"}
            self._webhooks.note("data_source.schema_updated", source, updated_properties=[renamed])

    def revoke_token(self, token: str) -> None:
        with self._changing():
            self._workspace.tokens.discard(token)

    def grant_token(self, token: str) -> None:
        with self._changing():
            self._workspace.tokens.add(token)

    @contextmanager
    def _changing(self) -> Iterator[datetime]:
        with self._workspace.lock:
            self._workspace.revision += 1
            yield self._clock.now()

    def _get(self, node_id: str, kind: type[Any]) -> Any:
        return self._workspace.get(resolved(node_id), kind)

    def _first_source(self, database: Database) -> DataSource:
        return self._workspace.get(database.children[0], DataSource)

    def _making(self, now: datetime) -> Making:
        return Making(now, now, self._editor())

    def _editor(self) -> str:
        """The person who edits: the first user, as far as there is one."""
        return next((user_id for user_id in self._workspace.users if user_id != BOT_ID), BOT_ID)

    def _move_page(self, node: Node, now: datetime, property_id: str | None = None) -> None:
        """The page on which a node stands was edited now (only a property of it); in a data source
        there is none."""
        if isinstance(node, (DataSource, Database)):
            if isinstance(node, DataSource):
                self._webhooks.note("data_source.content_updated", node)
            return
        page = self._workspace.page_of(node)
        if page is None:
            return
        page.edited = now
        page.edited_by = self._editor()
        if property_id is not None:
            self._webhooks.note("page.properties_updated", page, updated_properties=[property_id])
        else:
            block = {"id": node.id, "type": "block"}
            self._webhooks.note("page.content_updated", page, updated_blocks=[block])

    def _set_in_trash(self, node_id: str, in_trash: bool) -> None:
        with self._changing() as now:
            node = self._get(node_id, Node)
            node.in_trash = in_trash
            if node.parent is not None:
                self._move_page(self._workspace.nodes[node.parent], now)
            if not isinstance(node, Block):
                kind = "page" if isinstance(node, Page) else "database"
                self._webhooks.note(f"{kind}.{'deleted' if in_trash else 'undeleted'}", node)


def _carried(values: JSON, before: dict[str, JSON], after: dict[str, JSON]) -> JSON:
    """What a page's values are under another schema."""
    same = {
        column["id"]: values[before[name]["id"]]
        for name, column in after.items()
        if name in before
        and before[name]["type"] == column["type"]
        and before[name]["id"] in values
    }
    return {**same, **({"title": values["title"]} if "title" in values else {})}
