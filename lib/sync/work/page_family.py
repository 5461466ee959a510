"""The child pages of a page that was read: which stand there, and what became of those that do
not any more."""

from collections.abc import Collection
from contextlib import suppress

import msgspec

from lib.bundle.publication import is_trashed
from lib.bundle.slugs import slug_segment
from lib.errors import NotionAway, NotionWait, OutOfTime, Unreadable
from lib.model import JSON, ChildPage, Claim, Observation, PageRecord, Tree, WorkItem
from lib.notion.border.objects import Oddities
from lib.notion.client import NotionClient
from lib.notion.pages import find_page
from lib.store.runs import SliceLease
from lib.store.site import Known, Sighting, Site
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.rescue import Rescue
from lib.sync.sightings import is_settled, raw
from lib.sync.work.page_reader import ReadPage
from lib.sync.work.page_texts import databases_in
from lib.sync.work.unfinished import Readings

Work = list[tuple[str, WorkItem]]


class Family(msgspec.Struct, frozen=True):
    """The child pages of a page: observations by id in the order of the document, what was known of
    them, what has to be read of them and of others, those that are gone, those of which it is
    unclear where they are, which stay this page's charge, and those that were renamed so lately
    that the list of blocks may show what they were called before: their own objects tell."""

    children: dict[str, Observation] = {}
    known: dict[str, Observation] = {}
    work: Work = []
    gone: list[str] = []
    unclear: list[str] = []
    renamed: list[str] = []


class Families:
    """Finds out for one slice what became of child pages."""

    def __init__(
        self,
        notion: NotionClient,
        site: Site,
        homes: Homes,
        readings: Readings,
    ) -> None:
        self._notion, self._site, self._homes = notion, site, homes
        self._holders, self._readings = Holders(notion, site, homes), readings

    async def rescue_below(self, lease: SliceLease, page_ids: Collection[str]) -> list[str] | None:
        """Have those pages read where they stand that stood below pages which are to go. Return
        slugs that became free, None where there are no such pages. Raises `TakenOver`.

        That a page goes does not wait for this: what Notion or the clock leaves no time for goes as
        well, and comes back where it is found.
        """
        looked: dict[str, tuple[float, JSON | None]] = {}

        async def look_at(page_id: str) -> tuple[float, JSON | None]:
            if page_id not in looked:
                asked_at = self._notion.notion_now()
                looked[page_id] = asked_at, await find_page(self._notion, page_id, Oddities())
            return looked[page_id]

        rescue = Rescue(self._notion, self._site, self._homes, look_at)
        known, _ = await self._site.look_up(page_ids)
        sightings: list[Sighting] = []
        work: Work = []
        with suppress(NotionWait, NotionAway, OutOfTime):
            for one in known.values():
                seen, due = await rescue.rescue_below(one)
                sightings += seen
                work += due
        return await self._site.observe(lease, sightings, work) if sightings else None

    async def find_lost(self, read: ReadPage) -> Family:
        """What became of child pages that do not stand in their page any more."""
        claim, tree = read.claim, read.tree
        now = {child.id for child in tree.child_pages}
        missing = [
            page_id
            for page_id in (claim.record.children if claim.record else [])
            if page_id not in now
        ]
        lost = Family({}, {}, [], [], [], [])
        known, _ = await self._site.look_up(missing) if missing else ({}, {})
        for page_id, one in known.items():
            if one.observation is not None and one.observation.parent == claim.id:
                await self._look_for(claim, page_id, tree, lost)
                if not is_settled(one.observation.edited_at, self._listed_at(read)):
                    lost.renamed.append(page_id)  # its block may stand there yet
        return lost

    async def family_of(self, read: ReadPage, lost: Family) -> Family:
        """Return the child pages as they stand there now, and those that are `lost`."""
        if not read.tree.child_pages:
            return lost
        known, _ = await self._site.look_up([child.id for child in read.tree.child_pages])
        family = Family({}, {}, [*lost.work], lost.gone, lost.unclear, [*lost.renamed])
        for child in read.tree.child_pages:
            self._adopt(read, child, known[child.id], family)
        return family

    def _adopt(self, read: ReadPage, child: ChildPage, known: Known, family: Family) -> None:
        before = known.observation
        listed_at = self._listed_at(read)
        if before and before.parent != read.claim.id and before.placed_at > listed_at:
            return  # it was seen elsewhere since
        is_renamed = (
            before is not None and before.parent is not None and before.title != child.title
        )
        if before and is_renamed and not is_settled(before.edited_at, listed_at):
            family.renamed.append(child.id)
        after = _child_seen(read, child, before, listed_at)
        if (
            before
            and before.parent is not None
            and (before.read_at > listed_at or child.id in family.renamed)
        ):
            after = msgspec.structs.replace(
                after, title=before.title, created=before.created, wanted=before.wanted
            )
        family.children[child.id] = after
        if before:
            family.known[child.id] = before
        is_moved = before is None or _place_of(before) != _place_of(after)
        is_unsure = child.id in read.claim.item.doubted or child.id in family.renamed
        if known.record is None or is_moved or is_unsure:
            family.work.append((child.id, _item_of(read, child.id, known.record)))

    def _listed_at(self, read: ReadPage) -> float:
        """Return when a page's lists of blocks were asked for (epoch seconds, Notion's clock)."""
        return read.reading.listed_at.date(self._notion.notion_time)

    async def _look_for(self, claim: Claim, page_id: str, tree: Tree, family: Family) -> None:
        """A child page is not in its page any more: where is it? It is gone only if Notion's own
        object says so."""
        if page_id in tree.hidden_pages:
            family.gone.append(page_id)
            return
        home = holder = None
        try:
            page = await find_page(self._notion, page_id, Oddities())
            home = await self._homes.home_of(page) if page else None
            if page and home is None and not is_trashed(page):
                holder = (await self._holders.find_standing(page)).holder
        except Unreadable:
            family.unclear.append(page_id)
            return
        if page is None or is_trashed(page):
            family.gone.append(page_id)
        elif home is not None:
            family.work.append((page_id, WorkItem(page=raw(page), read_at=self._readings.read_at)))
            family.unclear.append(page_id)  # until it has been read as a row
        elif holder is not None:
            family.unclear.append(
                page_id
            )  # until the other page has taken it, or the list of blocks shows it again
            if holder != claim.id:
                family.work.append((holder, WorkItem()))
        else:
            family.gone.append(page_id)


def _child_seen(
    read: ReadPage, child: ChildPage, before: Observation | None, listed_at: float
) -> Observation:
    """Return what the page around shows of a child page, in lists that were asked for at
    `listed_at` (epoch seconds, Notion's clock)."""
    return Observation(
        source=read.seen.source,
        parent=read.claim.id,
        visibility=read.seen.visibility,
        title=child.title,
        created=child.created_time,
        edited=before.edited if before else child.created_time,
        edited_at=before.edited_at if before else 0.0,
        read_at=before.read_at if before else 0.0,
        placed_at=listed_at,
        wanted=slug_segment(child.title, child.id),
    )


def _item_of(read: ReadPage, child_id: str, record: PageRecord | None) -> WorkItem:
    """Return the work on a child page that has to be read."""
    page, asked = read.reading.walk.pages.get(child_id), read.claim.item
    item = WorkItem(page=raw(page), read_at=read.reading.read_at) if page else WorkItem()
    return msgspec.structs.replace(
        item,
        is_doubted=child_id in asked.doubted,
        asks_owners=asked.asks_owners,
        doubted=_doubted_of(record, asked),
    )


def _doubted_of(record: PageRecord | None, item: WorkItem) -> list[str]:
    """Return what is doubted of a child page by the work on the page around it."""
    shown = {*record.children, *databases_in(record.things)} if record else set[str]()
    return [one for one in item.doubted if one in shown]


def _place_of(seen: Observation) -> tuple[str, str | None, str]:
    return seen.source, seen.parent, seen.visibility
