"""What all looks of a run share: pages are asked for by themselves, rows are held against what is
remembered of them, and what was seen is remembered and becomes due."""

from collections.abc import Callable, Sequence

import msgspec

from lib.bundle.media import without_signatures
from lib.bundle.publication import PublicationRule
from lib.model import JSON, Observation, WorkItem
from lib.notion.client import NotionClient
from lib.notion.pages import find_page, retrieve_page
from lib.store.runs import SliceLease
from lib.store.site import Known, Sighting, Site
from lib.sync.addresses import give_away
from lib.sync.homes import Homes
from lib.sync.problems import Problems, page_problem
from lib.sync.rescue import Rescue
from lib.sync.sightings import Row, is_doubtful, judge_row, row_of
from lib.sync.survey.progress import Progress
from lib.times import BEGINNING, AskedAt


class Observer:
    """Looks for one run; whatever interrupts it, `progress` holds what it knows.

    `tell` is called when something became due, `now` gives epoch seconds.
    """

    def __init__(
        self,
        notion: NotionClient,
        site: Site,
        lease: SliceLease,
        progress: Progress,
        *,
        tell: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._notion = notion
        self._site = site
        self._lease = lease
        self.progress = progress
        self.problems = Problems(
            progress.problems,
            progress.again,
            progress.tries,
            is_down=lambda: notion.is_down,
            is_silent=lambda: notion.is_silent,
        )
        self._tell = tell
        self.now = now
        if not progress.began_at:
            progress.began_at = now()

    async def observe(
        self,
        sightings: Sequence[Sighting],
        work: Sequence[tuple[str, WorkItem]] = (),
        outside: dict[str, str] | None = None,
    ) -> None:
        """Remember what was seen, and make due what has to be read."""
        if sightings or work or outside:
            slack = self._notion.clock_slack_seconds
            freed = await self._site.observe(self._lease, sightings, work, outside or {}, slack)
            await give_away(self._site, self._lease, freed)
            self._tell()

    async def make_due(self, item: WorkItem, *keys: str) -> None:
        """Make each of these due in the same way: pages by their ids, databases as `db:{id}`."""
        await self.observe([], [(key, item) for key in keys])

    async def find_lost(self) -> tuple[list[str], list[str]]:
        """Return what is published and gone from KV: the things that bring it back, and its
        keys."""
        return await self._site.find_lost(self._lease)

    async def look_at(self, page_id: str) -> tuple[float, JSON | None]:
        """Return when a page was asked for (Notion's clock) and its object, which is asked for once
        in a run; None for one that is gone. Raises Unreadable."""
        pages, asked_at = self.progress.pages, AskedAt(self.now())
        if page_id not in pages:
            page = await find_page(self._notion, page_id, self.progress.oddities)
            pages[page_id] = (asked_at, without_signatures(page) if page else None)
        asked_at, page = pages[page_id]
        return asked_at.date(self._notion.notion_time), page

    async def find_page(self, page_id: str) -> tuple[float, JSON | None]:
        """Do the same, and ask in any case."""
        asked_at = self.now()
        page = await find_page(self._notion, page_id, self.progress.oddities)
        return self._notion.notion_time(asked_at), page

    async def retrieve_page(self, page_id: str) -> tuple[float, JSON]:
        """Return when a page was asked for (Notion's clock) and its object. Raises Unreadable also
        where there is none."""
        asked_at = self.now()
        page = await retrieve_page(self._notion, page_id, self.progress.oddities)
        return self._notion.notion_time(asked_at), page

    def notion_time(self, asked_at: float) -> float:
        """Return what Notion's clock showed at a time of ours (epoch seconds), as its answers tell
        by now."""
        return self._notion.notion_time(asked_at)

    def gone_row(self, page_id: str, known: Known, source: str = "") -> Sighting:
        """Return what follows from a row that is gone; `source` is the one that it was a row of,
        where nothing is remembered of it."""
        before = known.observation or Observation(
            source=source,
            title="",
            created=BEGINNING,
            edited=BEGINNING,
            wanted="",
        )
        now = self.notion_time(self.now())
        seen = msgspec.structs.replace(before, read_at=now, is_published=False)
        return Sighting(page_id=page_id, observation=seen, is_gone=True)


class RowJudge(msgspec.Struct):
    """Makes due what changed of rows, and unpublishes those that are hidden by now."""

    site: Site
    homes: Homes
    observer: Observer
    rescue: Rescue
    is_forced: bool

    @property
    def rule(self) -> PublicationRule:
        """The owner's rule for what is published."""
        return self.homes.rule

    async def judge_rows(self, rows: Sequence[Row]) -> None:
        """Remember rows that do not bear the stamp they were read with, and make them due."""
        known, _ = await self.site.look_up([row.page_id for row in rows])
        sure: list[Row] = []
        for row in rows:
            before = known[row.page_id].observation
            if before and is_doubtful(row.observation, before):
                problem = page_problem(row.page_id, known[row.page_id])
                await self.observer.problems.contain(problem, self._ask_again, row, sure)
            else:
                sure.append(row)
        judged = (judge_row(row, known[row.page_id], is_forced=self.is_forced) for row in sure)
        sightings = [sighting for sighting in judged if sighting]
        for sighting in sightings:
            if sighting.is_hidden:
                await self.observer.observe(
                    *await self.rescue.rescue_below(known[sighting.page_id])
                )
        await self.observer.observe(sightings)

    async def unpublish_row(self, row: Sighting, known: Known) -> None:
        """Unpublish a row that is hidden or gone, and have what stood below it and stands elsewhere
        by now read there."""
        await self.observer.observe(*await self.rescue.rescue_below(known))
        await self.observer.observe([row])

    async def _ask_again(self, row: Row, sure: list[Row]) -> None:
        """Ask for a row itself, of which two looks at one edit show different things: its own
        object is the later."""
        read_at, page = await self.observer.retrieve_page(row.page_id)
        source = await self.homes.home_of(page)
        if source is not None:
            sure.append(row_of(page, source, read_at, self.rule))
