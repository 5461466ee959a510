"""Looking at one page before a run of it alone: the row or child page it is, by its slug or id."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from lib.bundle.media import unsigned
from lib.errors import Hopeless, Unreadable
from lib.model import JSON
from lib.notion.client import NotionClient
from lib.notion.databases import find_source
from lib.notion.ids import object_id
from lib.notion.pages import retrieve
from lib.sync.plan import Known, Listed, Watched, row_of
from lib.sync.survey import Found


async def survey_page(
    notion: NotionClient, known: Known, references: Mapping[str, str], wanted: str, now: Callable[[], float]
) -> Found:
    """One page's listing of itself. Raises `Hopeless` where there is no such page to publish."""
    asked_at = now()
    id = _id_of(wanted, known)
    try:
        page = await retrieve(notion, id)
    except Unreadable as refusal:
        if refusal.notion_status == HTTPStatus.NOT_FOUND and id in known.kept:
            return Found([], Watched(), {id}, {}, [])
        raise Hopeless(f"page {wanted}: Notion does not show it ({refusal.reason})") from None
    read_at = notion.notion_time(asked_at)
    kept = known.kept.get(id)
    if kept and kept.parent is not None:
        watched = Watched(read_at=read_at, pages={id: unsigned(page)})
        return Found([Listed(kept.source, [], whole=False)], watched, set(), {}, [])
    source = await _source_of(notion, page, known, references)
    if source is None:
        if kept is None:
            raise Hopeless(f"page {wanted} is no row of a source that is synced ({', '.join(references)})")
        return Found([], Watched(), {id}, {}, [])
    return Found([Listed(source, [row_of(page, source, read_at)], whole=False)], Watched(), set(), {}, [])


def _id_of(wanted: str, known: Known) -> str:
    by_slug = {kept.slug: id for id, kept in known.kept.items()}
    if found := by_slug.get(wanted.strip("/")):
        return found
    try:
        return object_id(wanted)
    except ValueError:
        raise Hopeless(
            f"page {wanted}: no page is published under this slug, and it is no Notion page id; "
            "sync everything once, or give the page's id"
        ) from None


async def _source_of(notion: NotionClient, page: JSON, known: Known, references: Mapping[str, str]) -> str | None:
    home = (page.get("parent") or {}).get("data_source_id")
    for name, reference in references.items():
        kept = known.sources.get(name)
        found = kept.source if kept and kept.reference == reference else None
        source = found or await find_source(notion, name, reference)
        if source.data_source_id == home:
            return name
    return None
