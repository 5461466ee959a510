"""What a reader of the workspace ought to find, and the fewest requests it takes. No HTTP, no
requests, no limits.

Files appear with their addresses as they stay (no signature, no `expiry_time`).
"""

from collections.abc import Iterable
from datetime import datetime

from dev.notion.ids import resolved
from dev.notion.nodes import JSON, DataSource, Page
from dev.notion.objects import Objects, unsigned
from dev.notion.truth.grove import Grove
from dev.notion.truth.publication import child_pages, published
from dev.notion.truth.requests import PER_REQUEST, Count
from dev.notion.workspace import Workspace

__all__ = [
    "PER_REQUEST",
    "child_pages",
    "expected_page",
    "expected_rows",
    "minimum_requests",
    "published_pages",
    "tree",
]


def tree(workspace: Workspace, page_id: str) -> list[JSON]:
    """A page's blocks as the API gives them, nested under `children`, synced copies with what their
    originals hold.

    What can't be read has no children but `"unavailable"`: unshared (an original, a child page or
    database), linked view, unsupported, or cycle (a block inside itself). A part of meeting notes
    is `{"id", "children"}`: the API gives no block for it. A block that stands in the tree without
    children has no `children`, as in an answer.
    """
    with workspace.lock:
        return Grove(workspace).tree(workspace.get(resolved(page_id), Page))


def expected_rows(workspace: Workspace, data_source_id: str) -> list[JSON]:
    """The rows a plain query leads to, in the order of their making, no property cut short."""
    with workspace.lock:
        objects = Objects(workspace, unsigned(workspace.home))
        source = workspace.get(resolved(data_source_id), DataSource)
        return [
            objects.page(row, whole=True)
            for row in workspace.rows(source)
            if workspace.is_visible(row)
        ]


def expected_page(workspace: Workspace, page_id: str) -> JSON:
    """A page object, no property cut short."""
    with workspace.lock:
        page = workspace.get(resolved(page_id), Page)
        return Objects(workspace, unsigned(workspace.home)).page(page, whole=True)


def published_pages(
    workspace: Workspace, source_database_ids: Iterable[str], now: datetime | None = None
) -> list[str]:
    """The ids of the pages that a site gets at an instant, by default the present one: rows that
    are no drafts and not paused, within their dates, and their child pages."""
    with workspace.lock:
        return [page.id for page in published(workspace, source_database_ids, now)]


def minimum_requests(workspace: Workspace, source_database_ids: Iterable[str]) -> int:
    """The fewest requests of a full sync.

    One to resolve each source; its listing by hundreds; each published page's blocks, one per list
    of children and hundred; one for each child page (its icon and cover are nowhere else); each
    synced original elsewhere once, and what it takes to find its page; each child database's
    retrieval, schemas and rows; one per hundred of a property that is cut, or may be, and of each
    rollup and formula that is computed from a relation that is cut; one probe of everything that is
    unshared or linked.
    """
    with workspace.lock:
        return Count(workspace, list(source_database_ids)).total()
