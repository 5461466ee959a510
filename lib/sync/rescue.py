"""Pages below one that is to be unpublished: those that stand elsewhere by now stay, and are read
there."""

from collections.abc import Awaitable, Callable

import msgspec

from lib.bundle.publication import is_trashed
from lib.errors import NotionAway, Unreadable
from lib.model import JSON, WorkItem
from lib.notion.client import NotionClient
from lib.store.site import Known, Sighting, Site
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.sightings import raw

MOST_RESCUED = 100
"""Pages below one that goes which are asked for one by one."""

Work = list[tuple[str, WorkItem]]
Look = Callable[[str], Awaitable[tuple[float, JSON | None]]]


class Rescue:
    """`look` asks for a page by its id, and says when (Notion's clock); None: it is gone."""

    def __init__(self, notion: NotionClient, site: Site, homes: Homes, look: Look) -> None:
        self._notion, self._site, self._homes, self._look = notion, site, homes, look
        self._holders = Holders(notion, site, homes, self._look_at_page)

    async def _look_at_page(self, page_id: str) -> JSON | None:
        return (await self._look(page_id))[1]

    async def rescue_below(self, known: Known) -> tuple[list[Sighting], Work]:
        """Return what was seen of the pages below one that goes, of those that stand elsewhere, and
        what is due for that. One that gets no usable answer goes, and comes back where it is found.
        Raises `NotionAway` where Notion is down."""
        sightings: list[Sighting] = []
        work: Work = []
        ahead = list(known.record.children) if known.record else []
        for _ in range(MOST_RESCUED):
            if not ahead:
                break
            page_id = ahead.pop()
            child = (await self._site.look_up([page_id]))[0][page_id]
            if (
                child.observation is None
                or child.observation.parent is None
                or child.record is None
            ):
                continue
            try:
                read_at, page = await self._look(page_id)
                home = await self._homes.home_of(page) if page else None
                holder = await self._holders.find_holder(page) if page and not home else None
            except Unreadable:
                continue
            except NotionAway:
                if self._notion.is_down:
                    raise
                continue
            if (
                page is None
                or is_trashed(page)
                or (home is None and holder in (None, child.observation.parent))
            ):
                ahead += child.record.children
                continue
            seen = msgspec.structs.replace(child.observation, parent=holder, placed_at=read_at)
            sightings.append(
                Sighting(
                    page_id=page_id,
                    observation=seen,
                    item=WorkItem(page=raw(page), read_at=read_at),
                )
            )
            work += [(holder, WorkItem())] if holder else []
        return sightings, work
