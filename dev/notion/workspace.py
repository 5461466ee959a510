"""A Notion workspace in memory: what is in it, how it hangs together, and what the integration can
see of it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from dev.notion.nodes import JSON, Block, DataSource, Node, Page

Kind = TypeVar("Kind", bound=Node)

TOKEN = "ntn_local_demo"  # noqa: S105 - opens nothing but this stand-in
"""Opens every new workspace."""
INTEGRATION = "Local demo"
INTEGRATION_ID = "1a7e6a71-0000-4000-8000-0000000000b1"
BOT_ID = "b07b07b0-0000-4000-8000-000000000001"
SPACE_ID = "5ace5ace-0000-4000-8000-000000000001"


@dataclass
class Choices:
    """What nobody outside Notion knows, or what differs from one connection to another: either may
    be so."""

    turns_ties: bool = True
    """Rows of one time come the other way round in a descending query."""
    empty_lost_copies: bool = False
    """A synced copy whose original can't be seen says that it has no children."""
    whole_people: bool = False
    """Where Notion's types give the id of a person only (who made and edited something, who
    attended a meeting) stands all of the person."""


class Workspace:
    """Holds everything by id. Whoever reads or changes it holds `lock` meanwhile.

    `unshared` are the ids that were taken from the integration, with all that stands in them.
    `revision` moves with every change. `home` is the address at which the workspace's files are
    served.
    """

    def __init__(self, name: str = "Workspace") -> None:
        self.name = name
        self.home = ""
        self.lock = threading.RLock()
        self.revision = 0
        self.nodes: dict[str, Node] = {}
        self.users: dict[str, JSON] = {}
        self.unshared: set[str] = set()
        self.tokens = {TOKEN}
        self.query_limit = 10_000
        """Notion ends a query there, with `request_status: incomplete`."""
        self.choices = Choices()

    def become(self, other: "Workspace") -> None:
        """Takes over what another workspace holds; the address stays."""
        with self.lock:
            self.name, self.nodes, self.users = other.name, other.nodes, other.users
            self.unshared, self.tokens, self.query_limit = (
                other.unshared,
                other.tokens,
                other.query_limit,
            )
            self.choices = other.choices
            self.revision += 1

    def add(self, node: Node, after: str | None = None) -> None:
        """Puts a new node into its parent: at the end, or behind one of its children."""
        if node.id in self.nodes:
            raise ValueError(f"there are two things with the id {node.id}")
        self.nodes[node.id] = node
        self.place(node, after)

    def place(self, node: Node, after: str | None = None) -> None:
        if node.parent is None:
            return
        siblings = self.nodes[node.parent].children
        siblings.insert(len(siblings) if after is None else siblings.index(after) + 1, node.id)

    def find(self, node_id: str, kind: type[Kind]) -> Kind | None:
        node = self.nodes.get(node_id)
        return node if isinstance(node, kind) else None

    def get(self, node_id: str, kind: type[Kind]) -> Kind:
        """Raises LookupError naming the id."""
        node = self.find(node_id, kind)
        if node is None:
            raise LookupError(f"there is no {kind.__name__} with the id {node_id}")
        return node

    def up(self, node: Node) -> Iterator[Node]:
        """The node, what it stands in, and so on."""
        above: Node | None = node
        while above is not None:
            yield above
            above = self.nodes[above.parent] if above.parent else None

    def is_visible(self, node: Node) -> bool:
        """Whether the integration may see it: sharing reaches down to everything inside."""
        return not self.unshared or not any(above.id in self.unshared for above in self.up(node))

    def is_trashed(self, node: Node) -> bool:
        """Whether it, or anything it stands in, is in the trash."""
        return any(above.in_trash for above in self.up(node))

    def page_of(self, node: Node) -> Page | None:
        """The page on which a node stands; a page stands on itself."""
        return next((above for above in self.up(node) if isinstance(above, Page)), None)

    def live_children(self, node: Node) -> list[Node]:
        return [child for node_id in node.children if not (child := self.nodes[node_id]).in_trash]

    def rows(self, data_source: DataSource) -> list[Page]:
        """The rows that a plain query gives: neither in the trash nor archived; in the order of
        their making."""
        return [
            row
            for row in self.live_children(data_source)
            if isinstance(row, Page) and not row.archived
        ]

    def schema_of(self, page: Page) -> dict[str, JSON]:
        """The properties of a page by name; one outside databases has its title only."""
        data_source = self.find(page.parent or "", DataSource)
        if data_source is not None:
            return data_source.schema
        return {
            "title": {
                "id": "title",
                "name": "title",
                "description": None,
                "type": "title",
                "title": {},
            }
        }

    def original_of(self, block: Node) -> str | None:
        """The id of the original that a synced copy shows; None for everything else."""
        if not isinstance(block, Block) or block.type != "synced_block":
            return None
        synced_from = block.content["synced_from"]
        return synced_from["block_id"] if synced_from else None

    def is_lost_copy(self, block: Node) -> bool:
        """Whether a block is a synced copy whose original is not there, in the trash or not
        shared."""
        original = self.original_of(block)
        if original is None:
            return False
        node = self.nodes.get(original)
        return node is None or self.is_trashed(node) or not self.is_visible(node)
