"""Where a page stands: in which page that is published, or will be."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec

from lib.bundle.publication import is_trashed
from lib.errors import Unreadable
from lib.model import JSON
from lib.notion.border.objects import Oddities, parent_of, says_where
from lib.notion.client import NotionClient
from lib.notion.pages import find_page
from lib.store.site import Site
from lib.sync.homes import Homes
from lib.sync.sightings import row_of

HIGHEST_CLIMB = 30
MOVED = "It moved while Notion was asked where it stands"
Look = Callable[[str], Awaitable[JSON | None]]


class RowAround(msgspec.Struct, frozen=True):
    """The row of a `source` that stands around a page, as it was asked for at `read_at` (Notion's
    clock)."""

    page: JSON
    source: str
    read_at: float


class Standing(msgspec.Struct, frozen=True):
    """Where a page stands: its `holder`, as `find_holder` gives it, and the row around it, where
    there is one."""

    holder: str | None = None
    row: RowAround | None = None


class Holders:
    """Climbs from a page, through blocks and pages, up to a row of a source. `look` asks for a page
    by its id; None: it is gone."""

    def __init__(
        self, notion: NotionClient, site: Site, homes: Homes, look: Look | None = None
    ) -> None:
        self._notion, self._site, self._homes = notion, site, homes
        self._look = look or self._ask_for_page

    async def find_holder(self, page: JSON) -> str | None:
        """Return the id of the nearest page around a page that is known here, where all of them
        stand below a row that is to be published; None where they don't. Raises Unreadable where
        Notion does not say."""
        return (await self._climb(page)).holder

    async def find_standing(self, page: JSON) -> Standing:
        """Do the same for a page that is to go where it has no holder, and return the row around
        as well. Raises Unreadable also where the page has moved meanwhile.

        What stands around a page is asked for after the page: that it is hidden is nothing against
        a page that has left it by then.
        """
        standing = await self._climb(page)
        if standing.holder is None and parent_of(page).keys() & {"page_id", "block_id"}:
            again = await self._ask_for_page(page["id"])
            if again and not is_trashed(again) and parent_of(again) != parent_of(page):
                raise Unreadable(MOVED, HTTPStatus.OK)
        return standing

    async def _climb(self, page: JSON) -> Standing:
        around: list[str] = []
        standing = page
        try:
            for _ in range(HIGHEST_CLIMB):
                if not says_where(standing):
                    raise Unreadable("Notion does not say where it stands", HTTPStatus.OK)
                above = parent_of(standing)
                if page_id := above.get("page_id"):
                    around.append(page_id)
                    asked_at = self._notion.notion_now()
                    holder = await self._look(page_id)
                    if holder is None:
                        return Standing()
                    standing = holder
                    source = await self._homes.home_of(standing)
                    if source is not None:
                        row = RowAround(standing, source, asked_at)
                        is_live = self._is_live(standing)
                        return Standing(await self._nearest_known(around) if is_live else None, row)
                    if is_trashed(standing):
                        return Standing()
                elif block_id := above.get("block_id"):
                    standing = await self._notion.get(f"blocks/{block_id}")
                else:
                    return Standing()
        except Unreadable as refusal:
            if refusal.notion_status != HTTPStatus.NOT_FOUND:
                raise
        return Standing()

    async def _ask_for_page(self, page_id: str) -> JSON | None:
        return await find_page(self._notion, page_id, Oddities())

    async def _nearest_known(self, around: list[str]) -> str:
        known, _ = await self._site.look_up(around)
        return next((page_id for page_id in around if known[page_id].observation), around[-1])

    def _is_live(self, row: JSON) -> bool:
        """Return whether what stands below a row is to be published: what a paused row shows stays
        as it is."""
        seen = row_of(row, "", self._notion.notion_now(), self._homes.rule).observation
        return seen.is_published and not seen.is_paused
