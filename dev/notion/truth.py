"""What a reader of the workspace ought to find, and the fewest requests it takes. No HTTP, no requests, no limits.

Files appear with their addresses as they stay (no signature, no `expiry_time`).
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil

from dev.notion.ids import resolved
from dev.notion.nodes import JSON, Block, Database, DataSource, Node, Page
from dev.notion.objects import MEETING_PARTS, Objects, part_id, unsigned
from dev.notion.properties import CUT_AT, Properties, mentions
from dev.notion.workspace import Workspace

PER_REQUEST = 100

UNSHARED = "unshared"
LINKED_VIEW = "linked view"
UNSUPPORTED = "unsupported"
CYCLE = "cycle"


def tree(workspace: Workspace, page_id: str) -> list[JSON]:
    """A page's blocks as the API gives them, nested under `children`, synced copies with what their originals hold.

    What can't be read has no children but `"unavailable"`: unshared (an original, a child page or database), linked
    view, unsupported, or cycle (a block inside itself). A part of meeting notes is `{"id", "children"}`: the API gives
    no block for it. A block that stands in the tree without children has no `children`, as in an answer.
    """
    with workspace.lock:
        return _Grove(workspace).tree(workspace.get(resolved(page_id), Page))


def expected_rows(workspace: Workspace, data_source_id: str) -> list[JSON]:
    """The rows a plain query leads to, in the order of their making, no property cut short."""
    with workspace.lock:
        objects = Objects(workspace, unsigned(workspace.home))
        source = workspace.get(resolved(data_source_id), DataSource)
        return [objects.page(row, whole=True) for row in workspace.rows(source) if workspace.is_visible(row)]


def expected_page(workspace: Workspace, page_id: str) -> JSON:
    """A page object, no property cut short."""
    with workspace.lock:
        page = workspace.get(resolved(page_id), Page)
        return Objects(workspace, unsigned(workspace.home)).page(page, whole=True)


def published_pages(workspace: Workspace, source_database_ids: Iterable[str]) -> list[str]:
    """The ids of the pages that a site gets: rows that are no drafts and not paused, and their child pages."""
    with workspace.lock:
        return [page.id for page in _published(workspace, source_database_ids)]


def minimum_requests(workspace: Workspace, source_database_ids: Iterable[str]) -> int:
    """The fewest requests of a full sync.

    One to resolve each source; its listing by hundreds; each published page's blocks, one per list of children and
    hundred; one for each child page (its icon and cover are nowhere else); each synced original elsewhere once, and
    what it takes to find its page; each child database's retrieval, schemas and rows; one per hundred of a property
    that is cut, or may be; one probe of everything that is unshared or linked.
    """
    with workspace.lock:
        return _Count(workspace, list(source_database_ids)).total()


def published(workspace: Workspace, row: Page) -> bool:
    """Neither a draft nor paused (a paused page that was never published has nothing to keep)."""
    ids = {name.lower(): property["id"] for name, property in workspace.schema_of(row).items()}
    visibility, sync = (_choice(row.values.get(ids.get(name, ""))) for name in ("visibility", "sync"))
    return visibility != "draft" and sync != "paused"


def _choice(value: object) -> str:
    return str(value["name"]).lower() if isinstance(value, dict) else ""


def _sources(workspace: Workspace, database_ids: Iterable[str]) -> list[DataSource]:
    databases = [workspace.get(resolved(id), Database) for id in database_ids]
    return [workspace.get(id, DataSource) for database in databases for id in database.children]


def _published(workspace: Workspace, database_ids: Iterable[str]) -> list[Page]:
    sources = _sources(workspace, database_ids)
    pages = deque(row for source in sources for row in workspace.rows(source) if published(workspace, row))
    found: list[Page] = []
    while pages:
        page = pages.popleft()
        if workspace.is_visible(page):
            found.append(page)
            pages.extend(child_pages(workspace, page))
    return found


def child_pages(workspace: Workspace, page: Page) -> Iterator[Page]:
    """The pages that stand on a page, however deep among its own blocks."""
    ahead: deque[Node] = deque(workspace.live_children(page))
    while ahead:
        node = ahead.popleft()
        if isinstance(node, Page):
            yield node
        elif isinstance(node, Block):
            ahead.extendleft(reversed(workspace.live_children(node)))


def _unavailable(workspace: Workspace, node: Node) -> str | None:
    """Why nothing can be read under a block, if so."""
    match node:
        case Block(type="unsupported"):
            return UNSUPPORTED
        case Block() if node.linked_to is not None:
            return LINKED_VIEW
        case Database() if not workspace.is_visible(node):
            return UNSHARED
    original = workspace.original_of(node)
    if original is not None:
        holder = workspace.nodes.get(original)
        if holder is None or workspace.is_trashed(holder) or not workspace.is_visible(holder):
            return UNSHARED
    return None


def _holder(workspace: Workspace, node: Node) -> Node | None:
    """The node whose children are shown under a block; None where there is nothing to enter."""
    if isinstance(node, (Page, Database)) or _unavailable(workspace, node):
        return None
    original = workspace.original_of(node)
    holder = workspace.nodes[original] if original else node
    return holder if workspace.live_children(holder) else None


@dataclass
class _Level:
    """An open level: the children of `id` are being written into `blocks`. What a synced copy shows isn't the page's
    `own`."""

    id: str
    ahead: Iterator[Node]
    blocks: list[JSON]
    own: bool


class _Grove:
    """Writes trees, level by level, so that no depth is too deep."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._objects = Objects(workspace, unsigned(workspace.home))

    def tree(self, page: Page) -> list[JSON]:
        blocks: list[JSON] = []
        levels = [self._level(page, blocks, True)]
        entered = {page.id}
        while levels:
            node = next(levels[-1].ahead, None)
            if node is None:
                entered.discard(levels.pop().id)
                continue
            block = self._block(node)
            if isinstance(node, Page) and not self._workspace.is_visible(node) and levels[-1].own:
                block["unavailable"] = UNSHARED
            levels[-1].blocks.append(block)
            holder = _holder(self._workspace, node)
            if holder is not None and holder.id in entered:
                block["unavailable"] = CYCLE
            elif holder is not None:
                block["children"] = []
                levels.append(self._level(holder, block["children"], levels[-1].own and holder is node))
                entered.add(holder.id)
        return blocks

    def _level(self, node: Node, blocks: list[JSON], own: bool) -> _Level:
        return _Level(node.id, iter(self._workspace.live_children(node)), blocks, own)

    def _block(self, node: Node) -> JSON:
        if isinstance(node, Block) and _is_meeting_part(self._workspace, node):
            return {"id": node.id}
        block = self._objects.block(node)
        reason = _unavailable(self._workspace, node)
        return {**block, "unavailable": reason} if reason else block


def _is_meeting_part(workspace: Workspace, block: Block) -> bool:
    notes = workspace.find(block.parent or "", Block)
    return (
        notes is not None
        and notes.type == "meeting_notes"
        and block.id in {part_id(notes.id, part) for part in MEETING_PARTS}
    )


@dataclass
class _Count:
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
        for source in _sources(workspace, self.database_ids):
            count += _hundreds(len(workspace.rows(source)))
        pages = _published(workspace, self.database_ids)
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
                holder = _holder(self.workspace, child)
                if holder is not None:
                    count += self._way_to_page(child, holder)
                    ahead.append(holder)
        return count

    def _asked_of(self, node: Node) -> int:
        """What a block costs besides its children: a database its reading, what can't be read its probe."""
        match node:
            case Database() if self._is_new(node.id):
                return 1 if _unavailable(self.workspace, node) else self._database(node)
            case Page() if not self.workspace.is_visible(node) and self._is_new(node.id):
                return 1
            case Block() if _unavailable(self.workspace, node) in (UNSHARED, LINKED_VIEW):
                return int(self._is_new(self.workspace.original_of(node) or node.id))
        return 0

    def _way_to_page(self, copy: Node, original: Node) -> int:
        """The reads that tell on which page an original stands, when that isn't read anyhow: up its parents."""
        page = self.workspace.page_of(original)
        if copy is original or page is None or page.id in self.pages:
            return 0
        blocks = [above for above in self._blocks_up(original) if self._is_new(f"parent of {above.id}")]
        return len(blocks)

    def _blocks_up(self, node: Node) -> Iterator[Node]:
        for above in self.workspace.up(node):
            if not isinstance(above, Block):
                return
            yield above

    def _database(self, database: Database) -> int:
        count = 1
        for source in _sources(self.workspace, [database.id]):
            rows = self.workspace.rows(source)
            count += 1 + _hundreds(len(rows)) + sum(self._completions(row) for row in rows)
        return count

    def _completions(self, row: Page) -> int:
        """One per hundred items of every property that is cut at 25, or is as long as one that is."""
        properties = Properties(self.workspace)
        count = 0
        for property in self.workspace.schema_of(row).values():
            kind = property["type"]
            value = properties.value(row, property)
            items = len(value) if isinstance(value, list) else 0
            match kind:
                case "relation":
                    cut = items > CUT_AT
                case "people":
                    cut = items >= CUT_AT
                case "title" | "rich_text":
                    cut = mentions(value) >= CUT_AT
                case "rollup":
                    items = len(value.get("array", []))
                    cut = items >= CUT_AT
                case _:
                    cut = False
            count += ceil(items / PER_REQUEST) if cut else 0
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
