"""Where a page stands: in which page that is published, or will be."""

from lib.errors import Unreadable
from lib.model import JSON
from lib.notion.border.objects import Oddities, parent_of
from lib.notion.client import NotionClient
from lib.notion.pages import retrieve
from lib.store.site import Known, Site

HIGHEST_CLIMB = 20


class Holders:
    """Climbs from a page, through blocks and pages, to a page that this project knows."""

    def __init__(self, notion: NotionClient, site: Site) -> None:
        self._notion, self._site = notion, site

    async def find(self, page: JSON) -> str | None:
        """Return the id of the nearest page around a page that is published, or is to be; None where there is none."""
        above = parent_of(page)
        for _ in range(HIGHEST_CLIMB):
            try:
                if page_id := above.get("page_id"):
                    if _is_public((await self._site.look_up([page_id]))[0][page_id]):
                        return str(page_id)
                    above = parent_of(await retrieve(self._notion, page_id, Oddities()))
                elif block_id := above.get("block_id"):
                    above = parent_of(await self._notion.get(f"blocks/{block_id}"))
                else:
                    return None
            except Unreadable:
                return None
        return None


def _is_public(known: Known) -> bool:
    return known.observation is not None and known.observation.is_published
