"""One page that is due: read whole, and published, hidden or handed to the page that holds it."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec

from lib.bundle.publication import is_trashed
from lib.errors import Unreadable
from lib.model import JSON, Claim, Observation, WorkItem
from lib.notion.border.objects import Oddities, says_where
from lib.notion.client import NotionClient
from lib.notion.pages import find_page
from lib.store.runs import SliceLease
from lib.store.site import Sighting, Site
from lib.store.work import WorkQueue
from lib.sync.addresses import give_away
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.sightings import child_of, has_left, row_of
from lib.sync.work.page_publication import PagePublication, retry_of
from lib.sync.work.page_reader import PageReader, ReadPage
from lib.sync.work.unfinished import Readings


class PageWork:
    """Syncs pages for one slice. `was_read` is called when a page has been read, so that another
    may begin."""

    def __init__(
        self,
        notion: NotionClient,
        work: WorkQueue,
        site: Site,
        homes: Homes,
        readings: Readings,
        reader: PageReader,
        publication: PagePublication,
        was_read: Callable[[Claim], None],
    ) -> None:
        self._notion, self._work, self._site = notion, work, site
        self._homes, self._readings, self._reader = homes, readings, reader
        self._publication, self._was_read = publication, was_read
        self._holders = Holders(notion, site, homes)

    async def sync(self, lease: SliceLease, claim: Claim) -> bool:
        """Read a page and publish it; return whether something became due."""
        if claim.observation is None:
            await self._work.pass_on(lease, claim, [])
            return False
        async with self._readings.reading_of(claim, self._reader.begin_reading(claim)) as reading:
            try:
                page, tree = await self._reader.read(claim, reading)
            except Unreadable as refusal:
                seen = await self._seen_gone(claim, claim.observation, refusal)
                if seen is None:
                    raise
                return await self._drop(lease, claim, seen)
        self._was_read(claim)
        page_read_at = reading.page_read_at or claim.item.read_at
        seen = await self._observe(claim.observation, page, page_read_at)
        if seen is None:
            return await self._moved_away(lease, claim, page, page_read_at)
        return await self._take_up(lease, ReadPage(claim, seen, page, tree, reading))

    async def _take_up(self, lease: SliceLease, read: ReadPage) -> bool:
        """Do with a page what it says of itself; return whether something became due."""
        claim, seen, page = read.claim, read.seen, read.page
        if seen.parent is None and not seen.is_published:
            return await self._hide(lease, claim, seen, page)
        if seen.parent is None and seen.is_paused and not (claim.record and claim.item.rewrite):
            return await self._keep_still(lease, claim, seen, page)
        if seen.parent is not None and is_trashed(page):
            await self.doubt(lease, claim)
            return True
        if seen.parent is not None and has_left(page, seen.parent):
            return await self._left(lease, claim, seen.parent, page)
        is_news = await self._publication.publish_page(lease, read)
        if is_news is None:
            await self.doubt(lease, claim)
            return True
        return is_news

    async def doubt(self, lease: SliceLease, claim: Claim) -> None:
        """A child page can't be read, or published: what holds it is looked at again, and
        decides."""
        parent = claim.observation.parent if claim.observation else None
        others = [(parent, _handed_on(claim.item, claim.id))] if parent else []
        await self._work.pass_on(lease, claim, others)

    async def pass_doubts_on(self, lease: SliceLease, claim: Claim) -> None:
        """A page can't be read that was to decide what becomes of others: pages that show copies of
        these don't wait for it."""
        work = [
            (page_id, WorkItem(asks_owners=True, doubted=[doubted]))
            for doubted in claim.item.doubted
            for page_id in await self._site.showing(f"page:{doubted}")
            if page_id != claim.id
        ]
        if work:
            await self._site.observe(lease, [], work)

    # Reading.

    async def _observe(self, known: Observation, page: JSON, read_at: float) -> Observation | None:
        """Return what the page object says of the page; None: it stands elsewhere now."""
        home = await self._homes.home_of(page)
        if home is not None:
            return row_of(page, home, read_at, self._homes.rule).observation
        if known.parent is None and not is_trashed(page) and says_where(page):
            return None
        if known.parent is None:
            return row_of(page, known.source, read_at, self._homes.rule).observation
        return child_of(page, known, read_at)

    async def _seen_gone(
        self, claim: Claim, known: Observation, refusal: Unreadable
    ) -> Observation | None:
        """Return what is seen of a row that is gone; None where that is not why it was refused."""
        read_at, is_refused = (
            self._notion.notion_now(),
            refusal.notion_status == HTTPStatus.NOT_FOUND,
        )
        if not (claim.is_row and is_refused):
            return None
        if await find_page(self._notion, claim.id, Oddities()):
            return None
        if not await self._homes.is_shown(known.source):
            return None
        return msgspec.structs.replace(known, read_at=read_at)

    # Pages that are not published.

    async def _hide(self, lease: SliceLease, claim: Claim, seen: Observation, page: JSON) -> bool:
        await self._publication.rescue_below(lease, [claim.id])
        stamp = self._publication.stamp_of(page, seen, seen.read_at)
        is_gone = is_trashed(page)
        sighting = Sighting(
            page_id=claim.id,
            observation=seen,
            stamp=stamp,
            is_hidden=True,
            is_gone=is_gone,
            draft=None if is_gone else WorkItem(),
            retry=retry_of(claim),
        )
        await give_away(self._site, lease, await self._site.observe(lease, [sighting]))
        return True

    async def _keep_still(
        self, lease: SliceLease, claim: Claim, seen: Observation, page: JSON
    ) -> bool:
        kept = msgspec.structs.replace(seen, wanted=claim.slug or seen.wanted)
        sighting = Sighting(
            page_id=claim.id,
            observation=kept,
            stamp=self._publication.stamp_of(page, seen, seen.read_at),
            draft=WorkItem(),
            retry=retry_of(claim),
        )
        await self._site.observe(lease, [sighting])
        return False

    async def _left(self, lease: SliceLease, claim: Claim, parent: str, page: JSON) -> bool:
        """A child page that stands in another page now: both pages decide what becomes of it."""
        holder = await self._holders.find_holder(page)
        item = _handed_on(claim.item)
        others = [(holder, item)] if holder else []
        await self._work.pass_on(lease, claim, [(parent, item), *others])
        return True

    async def _moved_away(
        self, lease: SliceLease, claim: Claim, page: JSON, read_at: float
    ) -> bool:
        """A row that stands in no source any more: in a page that is published it goes on as a
        child page."""
        if holder := (await self._holders.find_standing(page)).holder:
            await self._work.pass_on(lease, claim, [(holder, _handed_on(claim.item))])
            return True
        source = claim.observation.source if claim.observation else ""
        return await self._drop(lease, claim, row_of(page, source, read_at).observation)

    async def _drop(self, lease: SliceLease, claim: Claim, seen: Observation) -> bool:
        """A row is gone, for Notion or for us."""
        await self._publication.rescue_below(lease, [claim.id])
        seen = msgspec.structs.replace(seen, is_published=False)
        sighting = Sighting(page_id=claim.id, observation=seen, is_gone=True, retry=retry_of(claim))
        await give_away(self._site, lease, await self._site.observe(lease, [sighting]))
        return True


def _handed_on(item: WorkItem, *doubted: str) -> WorkItem:
    """Return the work on a page that decides what becomes of another: what was doubted of that one
    is read with it wherever it stands then."""
    return WorkItem(asks_owners=item.asks_owners, doubted=[*doubted, *item.doubted])
