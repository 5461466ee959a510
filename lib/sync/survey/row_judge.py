"""Rows as they were seen, held against what is remembered of them."""

from collections.abc import Sequence

from lib.bundle.publication import PublicationRule
from lib.model import JSON
from lib.store.site import Site
from lib.sync.homes import Homes
from lib.sync.problems import page_problem
from lib.sync.rescue import Rescue
from lib.sync.sightings import Row, is_doubtful, judge_row, row_of
from lib.sync.survey.observer import Observer


class RowJudge:
    """Makes due what changed of rows, and unpublishes those that are hidden by now."""

    def __init__(
        self, site: Site, homes: Homes, observer: Observer, rescue: Rescue, *, is_forced: bool
    ) -> None:
        self._site = site
        self._homes = homes
        self._observer = observer
        self._rescue = rescue
        self._is_forced = is_forced

    @property
    def rule(self) -> PublicationRule:
        """The owner's rule for what is published."""
        return self._homes.rule

    def reduce_page(self, page: JSON, source: str, read_at: float) -> Row:
        """Return what is remembered of a row's page object."""
        return row_of(page, source, read_at, self._homes.rule)

    async def judge_rows(self, rows: Sequence[Row]) -> None:
        """Remember rows that do not bear the stamp they were read with, and make them due."""
        known, _ = await self._site.look_up([row.page_id for row in rows])
        sure: list[Row] = []
        for row in rows:
            before = known[row.page_id].observation
            if before and is_doubtful(row.observation, before):
                problem = page_problem(row.page_id, known[row.page_id])
                await self._observer.problems.contain(problem, self._ask_again, row, sure)
            else:
                sure.append(row)
        judged = (judge_row(row, known[row.page_id], is_forced=self._is_forced) for row in sure)
        sightings = [sighting for sighting in judged if sighting]
        for sighting in sightings:
            if sighting.is_hidden:
                await self._observer.observe(
                    *await self._rescue.rescue_below(known[sighting.page_id])
                )
        await self._observer.observe(sightings)

    async def _ask_again(self, row: Row, sure: list[Row]) -> None:
        """Ask for a row itself, of which two looks at one edit show different things: its own
        object is the later."""
        read_at, page = await self._observer.retrieve_page(row.page_id)
        source = await self._homes.home_of(page)
        if source is not None:
            sure.append(self.reduce_page(page, source, read_at))
