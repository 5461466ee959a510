"""The look around of a run: at all sources, at one page, or at the pages of a window; what came of
it stands in the run's record."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from lib.errors import NotionWait, OutOfTime
from lib.log import Log
from lib.notion.client import NotionClient
from lib.store.events import Events
from lib.store.runs import Run, Runs, SliceLease
from lib.store.site import Site
from lib.store.sources import Sources, SourceState
from lib.sync.homes import Homes
from lib.sync.survey.observer import Observer
from lib.sync.survey.progress import Progress, RunScope
from lib.sync.survey.single import PageSurvey
from lib.sync.survey.survey import Survey
from lib.sync.survey.window import WindowSurvey
from lib.sync.work.slice import Worker


class RunStores(msgspec.Struct, frozen=True, kw_only=True):
    """What KV keeps that a run goes by."""

    runs: Runs
    events: Events
    site: Site
    sources: Sources


class Surveyor(msgspec.Struct):
    """Looks around for runs. `references` are the settings of all sources, `now` gives epoch
    seconds."""

    stores: RunStores
    notion: NotionClient
    homes: Homes
    worker: Worker
    log: Log
    references: Mapping[str, str]
    now: Callable[[], float]

    async def survey_run(self, lease: SliceLease, run: Run, state: SourceState) -> None:
        """Look around for the run; what is found becomes due."""
        progress = await self._progress_of(lease, run)
        scope = await self._scope_of(lease, run, state)
        observer = Observer(
            self.notion,
            self.stores.site,
            lease,
            progress,
            tell=self.worker.look_again,
            now=self.now,
        )
        survey = Survey(
            self.notion,
            self.stores.site,
            self.stores.sources,
            state,
            self.homes,
            scope,
            observer,
        )
        try:
            await self._look_around(run, survey)
        except (NotionWait, OutOfTime, asyncio.CancelledError):
            progress.hand_on(self.notion.notion_time)
            await self.stores.runs.hand_on(lease, "listing", progress)
            raise
        finally:
            for error in observer.problems.unforeseen:
                self.log.error("survey.error", error)
        await self._note_survey(lease, survey, is_forced=scope.is_forced)

    async def _progress_of(self, lease: SliceLease, run: Run) -> Progress:
        """Return how far the run's earlier slices came. Where the owner has named other sources
        since, all is looked at anew: names may lead elsewhere."""
        fresh = Progress(references=dict(self.references))
        if run.slices + run.retries <= 1:
            return fresh
        handed_on = await self.stores.runs.handed_on(lease.run_id, "listing", Progress)
        return handed_on if handed_on and handed_on.references == fresh.references else fresh

    async def _scope_of(self, lease: SliceLease, run: Run, state: SourceState) -> RunScope:
        """Return what the run looks at; that it is forced is remembered until it has listed."""
        wanted = {name: ref for name, ref in self.references.items() if run.source in ("", name)}
        is_asked = run.force or bool(state.forced.keys() & wanted.keys())
        is_forced = not lease.is_focused and is_asked
        if is_forced and run.force:
            await self.stores.sources.force(wanted, run.triggered_at)
        return RunScope(references=wanted, is_whole=not run.source, is_forced=is_forced)

    async def _look_around(self, run: Run, survey: Survey) -> None:
        if run.page:
            await self._look_at_page(survey, run.page, run.force)
        elif run.window:
            look_at = partial(self._look_at_page, survey)
            window = WindowSurvey(
                events=self.stores.events, site=self.stores.site, survey=survey, look_at=look_at
            )
            await window.look_at_window(run.window)
        elif not run.scheduled:  # what its date makes due, is due since the run began
            await survey.look_around()

    async def _look_at_page(self, survey: Survey, wanted: str, is_forced: bool) -> None:
        page = PageSurvey(
            notion=self.notion,
            site=self.stores.site,
            sources=self.stores.sources,
            homes=self.homes,
            references=self.references,
            survey=survey,
            wanted=wanted,
            is_forced=is_forced,
        )
        await page.look_at_wanted()

    async def _note_survey(self, lease: SliceLease, survey: Survey, *, is_forced: bool) -> None:
        progress = survey.progress
        sources, listings = ({}, {}) if lease.is_focused else survey.records()
        problems = list(progress.problems.values())
        for problem in problems:
            self.log.warning(
                "survey.problem", kind=problem.kind, pageId=problem.page_id, reason=problem.reason
            )
        if progress.again:
            await self.stores.runs.note_again(lease.run_id, progress.again)
        if is_forced:
            await self.stores.sources.unforce(survey.listed_names)
        looked = [*progress.warnings, *progress.oddities.warnings]
        warnings = looked if lease.is_focused else survey.warnings()
        await self.stores.runs.note_survey(
            lease,
            counts={
                "listed": progress.listed,
                "unchanged": progress.unchanged,
                "toSync": len(problems),
            },
            sources=sources,
            listings=listings,
            warnings=warnings,
            problems=problems,
            outside=progress.outside,
        )
        self.log.event(
            "run.surveyed",
            listed=progress.listed,
            unchanged=progress.unchanged,
            warnings=len(warnings),  # their texts hold titles; they stand in the run's record
        )
