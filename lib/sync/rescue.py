"""Pages below a row that is to be unpublished: those that stand elsewhere by now stay, and are read there."""

from collections.abc import Callable

import msgspec

from lib.bundle.publication import trashed
from lib.errors import Unreadable
from lib.model import WorkItem
from lib.notion.border.objects import Oddities
from lib.notion.client import NotionClient
from lib.notion.pages import find
from lib.store.site import Known, Sighting, Site
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.sightings import raw

MOST_RESCUED = 100
"""Pages below one row that are asked for one by one."""

Work = list[tuple[str, WorkItem]]


class Rescue:
    """`now` gives epoch seconds."""

    def __init__(self, notion: NotionClient, site: Site, homes: Homes, now: Callable[[], float]) -> None:
        self._notion, self._site, self._homes, self._now = notion, site, homes, now
        self._holders = Holders(notion, site, homes)

    async def below(self, known: Known) -> tuple[list[Sighting], Work]:
        """Return what was seen of those pages below a row that stand elsewhere, and what is due for that."""
        sightings: list[Sighting] = []
        work: Work = []
        ahead = list(known.record.children) if known.record else []
        for _ in range(MOST_RESCUED):
            if not ahead:
                break
            page_id = ahead.pop()
            child = (await self._site.look_up([page_id]))[0][page_id]
            if child.observation is None or child.observation.parent is None or child.record is None:
                continue
            asked_at = self._now()
            try:
                page = await find(self._notion, page_id, Oddities())
                home = await self._homes.home_of(page) if page else None
                holder = await self._holders.find(page) if page and not home else None
            except Unreadable:
                continue
            if page is None or trashed(page) or (home is None and holder in (None, child.observation.parent)):
                ahead += child.record.children
                continue
            read_at = self._notion.notion_time(asked_at)
            seen = msgspec.structs.replace(child.observation, parent=holder, placed_at=read_at)
            sightings.append(
                Sighting(page_id=page_id, observation=seen, item=WorkItem(page=raw(page), read_at=read_at))
            )
            work += [(holder, WorkItem())] if holder else []
        return sightings, work
