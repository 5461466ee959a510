"""Which pages a site gets."""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from dev.notion.ids import resolved
from dev.notion.nodes import Block, Database, DataSource, Node, Page
from dev.notion.workspace import Workspace


def data_sources(workspace: Workspace, database_ids: Iterable[str]) -> list[DataSource]:
    databases = [workspace.get(resolved(source_id), Database) for source_id in database_ids]
    return [
        workspace.get(source_id, DataSource)
        for database in databases
        for source_id in database.children
    ]


def published(
    workspace: Workspace, database_ids: Iterable[str], now: datetime | None = None
) -> list[Page]:
    """Return the pages that a site gets at an instant, by default the present one."""
    now = now or datetime.now(UTC)
    sources = data_sources(workspace, database_ids)
    pages = deque(
        row
        for source in sources
        if not workspace.is_trashed(source)
        for row in workspace.rows(source)
        if _is_published(workspace, row, now)
    )
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


def _is_published(workspace: Workspace, row: Page, now: datetime) -> bool:
    """Neither a draft nor paused (a paused page that was never published has nothing to keep), and
    within its date `publish`."""
    ids = {name.lower(): column["id"] for name, column in workspace.schema_of(row).items()}
    visibility, sync = (
        _choice(row.values.get(ids.get(name, ""))) for name in ("visibility", "sync")
    )
    given = row.values.get(ids.get("publish", ""))
    return visibility != "draft" and sync != "paused" and _is_within(given, now)


def _is_within(given: object, now: datetime) -> bool:
    """Return whether an instant lies within a date: days are those of UTC, the last one counts."""
    if not isinstance(given, dict) or not given.get("start"):
        return True
    start, end = _midnight_or_time(given["start"]), given.get("end")
    if end is None:
        return start <= now
    days = timedelta(days=1) if len(end) == len("2026-01-31") else timedelta(0)
    return start <= now < _midnight_or_time(end) + days


def _midnight_or_time(text: str) -> datetime:
    if len(text) == len("2026-01-31"):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _choice(value: object) -> str:
    return str(value["name"]).lower() if isinstance(value, dict) else ""
