"""The fewest requests that a full sync takes."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

from dev.notion.nodes import Block, Database, DataSource, Node, Page
from dev.notion.properties import CUT_AT, Properties, mentions
from dev.notion.truth.publication import data_sources, published
from dev.notion.truth.visible import LINKED_VIEW, UNSHARED, holder_of, unavailable
from dev.notion.workspace import Workspace

PER_REQUEST = 100


@dataclass
class Count:
    """Counts requests; what several pages show is counted once."""

    workspace: Workspace
    database_ids: list[str]
    seen: set[str] = field(default_factory=set)
    """Lists, databases and probes that were counted."""
    pages: set[str] = field(default_factory=set)
    """Pages whose blocks are read anyhow."""

    def total(self) -> int:
        workspace = self.workspace
        count = len(self.database_ids)
        for source in data_sources(workspace, self.database_ids):
            count += _hundreds(len(workspace.rows(source)))
        pages = published(workspace, self.database_ids)
        self.pages = {page.id for page in pages}
        for page in pages:
            is_child = not isinstance(workspace.nodes.get(page.parent or ""), DataSource)
            count += 1 if is_child else self._completions(page)
            count += self._lists(page)
        return count

    def _lists(self, root: Node) -> int:
        """The lists of children under a page or an original, each counted once."""
        count = 0
        ahead: deque[Node] = deque([root])
        while ahead:
            node = ahead.popleft()
            if node.id in self.seen:
                continue
            self.seen.add(node.id)
            children = self.workspace.live_children(node)
            if not _is_named_by_id(node):
                count += _hundreds(len(children))
            for child in children:
                count += self._asked_of(child)
                holder = holder_of(self.workspace, child)
                if holder is not None:
                    count += self._way_to_page(child, holder)
                    ahead.append(holder)
        return count

    def _asked_of(self, node: Node) -> int:
        """What a block costs besides its children: a database its reading, what can't be read its
        probe."""
        match node:
            case Database() if self._is_new(node.id):
                return 1 if unavailable(self.workspace, node) else self._database(node)
            case Page() if not self.workspace.is_visible(node) and self._is_new(node.id):
                return 1
            case Block() if unavailable(self.workspace, node) in (UNSHARED, LINKED_VIEW):
                return int(self._is_new(self.workspace.original_of(node) or node.id))
        return 0

    def _way_to_page(self, copy: Node, original: Node) -> int:
        """The reads that tell on which page an original stands, when that isn't read anyhow: up its
        parents."""
        page = self.workspace.page_of(original)
        if copy is original or page is None or page.id in self.pages:
            return 0
        blocks = [
            above for above in self._blocks_up(original) if self._is_new(f"parent of {above.id}")
        ]
        return len(blocks)

    def _blocks_up(self, node: Node) -> Iterator[Node]:
        for above in self.workspace.up(node):
            if not isinstance(above, Block):
                return
            yield above

    def _database(self, database: Database) -> int:
        count = 1
        for source in data_sources(self.workspace, [database.id]):
            rows = self.workspace.rows(source)
            count += 1 + _hundreds(len(rows)) + sum(self._completions(row) for row in rows)
        return count

    def _completions(self, row: Page) -> int:
        """One per hundred items of every property that is cut at 25, or is as long as one that is.

        That a rollup or a formula is computed from a relation that is cut stands in the schema,
        which may be known.
        """
        properties = Properties(self.workspace)
        count = 0
        for column in self.workspace.schema_of(row).values():
            kind = column["type"]
            value = properties.value(row, column)
            items = len(value) if isinstance(value, list) else 0
            match kind:
                case "relation":
                    cut = items > CUT_AT
                case "people":
                    cut = items >= CUT_AT
                case "title" | "rich_text":
                    cut = mentions(value) >= CUT_AT
                case "rollup":
                    cut = len(value.get("array", [])) >= CUT_AT or properties.computed_from_many(
                        row, column
                    )
                    items = len(properties.items(row, column))
                case "formula":
                    cut = properties.computed_from_many(row, column)
                case _:
                    cut = False
            count += _hundreds(items) if cut else 0
        return count

    def _is_new(self, what: str) -> bool:
        new = what not in self.seen
        self.seen.add(what)
        return new


def _is_named_by_id(node: Node) -> bool:
    """Meeting notes name their parts: nobody has to ask for the list of them."""
    return isinstance(node, Block) and node.type == "meeting_notes"


def _hundreds(items: int) -> int:
    return max(1, ceil(items / PER_REQUEST))
