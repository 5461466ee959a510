"""A run from its first slice to its last; each slice is a message, or a call of the backup way.

begin ─▶ survey ─┬▶ rest ─▶ next slice's message
      ─▶ work  ──┘       └▶ end (─▶ the promised run's message)
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from lib.errors import (
    Hopeless,
    NotionWait,
    OutOfTime,
    QueueRefused,
    SyncError,
    TakenOver,
    TryLater,
    Unforeseen,
)
from lib.log import Log
from lib.media.copying import Copied, Copier
from lib.model import Ask
from lib.notion.client import NotionClient
from lib.store.events import Events
from lib.store.kv import Kv, Value
from lib.store.migration import Migration
from lib.store.runs import Begun, Left, Run, Runs, SliceLease, warning_facts
from lib.store.site import Site
from lib.store.sources import Sources, SourceState
from lib.store.tellings import Tellings
from lib.sync.homes import Homes
from lib.sync.observer import Observer
from lib.sync.problems import unforeseen_reason
from lib.sync.progress import Progress, RunScope
from lib.sync.queue import Message, Notice, Queue
from lib.sync.single import PageSurvey
from lib.sync.slice import AGAIN_SECONDS, Worker
from lib.sync.survey import Survey
from lib.sync.telling import Audience, changed, fail
from lib.sync.trigger import DELIVERY_SECONDS, FollowUp
from lib.sync.window import WindowSurvey
from lib.times import iso

FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 15.0, 300.0
"""How long a lane that finds nothing to do waits while another one looks around; twice as long each
time."""
HERE = "here"
"""The lane of the backup way, which has no messages."""
ERROR_CHARACTERS = 500


class Report(msgspec.Struct, frozen=True):
    """What a slice answers: `status` is continued, done, joined (worker) or done, partial (backup
    way)."""

    status: str
    run_id: str
    run: Run | None = None

    def as_json(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"ok": True, "runId": self.run_id, "status": self.status}
        if run := self.run:
            fields |= {
                "listed": run.listed,
                "toSync": run.to_sync,
                "synced": run.synced,
                "unchanged": run.unchanged,
                "deleted": run.deleted,
                "failed": run.failed,
                "remaining": run.remaining,
                "slices": run.slices,
                "notionRequests": run.notion_requests,
                "warnings": run.told_warnings,
            }
        return fields


class Engine:
    """Runs slices with the collaborators it is handed.

    `until` is when the slice's time is used up, and `now` gives the time (epoch seconds).
    `audience` says who is to be told of the end of a run; `tell` tells all of them without the
    queue, `tell_site` the site alone, where one request does (None: there is no site to tell).
    """

    def __init__(
        self,
        *,
        kv: Kv,
        runs: Runs,
        events: Events,
        site: Site,
        store: Sources,
        migration: Migration,
        homes: Homes,
        notion: NotionClient,
        worker: Worker,
        queue: Queue,
        follow_up: FollowUp,
        tellings: Tellings,
        audience: Audience,
        tell: Callable[[str], Awaitable[object]],
        tell_site: Callable[[str], Awaitable[bool]] | None,
        copier: Copier | None,
        give_back: Callable[[], Awaitable[None]],
        log: Log,
        sources: Mapping[str, str],
        until: float,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._until = until
        self._events = events
        self._kv, self._runs, self._site, self._store, self._homes = kv, runs, site, store, homes
        self._migration = migration
        self._notion, self._worker, self._queue = notion, worker, queue
        self._follow_up = follow_up
        self._tellings, self._audience = tellings, audience
        self._tell_here, self._tell_site = tell, tell_site
        self._copier, self._give_back = copier, give_back
        self._log, self._sources, self._now, self._new_id = log, sources, now, new_id
        self._step = "beginning"

    async def deliver(self, message: Message) -> Report:
        """Works one message of QStash's.

        Raises `TryLater` (QStash sends the message again), `QueueRefused`, `Hopeless` (the run is
        marked as failed).
        """
        begun = await self._begin(message.run_id, message.lane, message.slice, message.ask)
        lease, run = begun.lease, begun.run
        if begun.outcome == "joined":
            return Report("joined", begun.other)
        if begun.outcome == "ended" and run:
            if run.follow_up_run:
                await self._follow_up.start(run.follow_up_run)
            if run.status != "cancelled":
                await self._try_again(run)
            await self._schedule(run.run_id, run.next_moment)
            await self._tell(run)
            return Report("joined", lease.run_id, run)
        if begun.outcome == "exhausted" and run:
            await self._give_up(run)
        if begun.outcome == "unsent" and run:
            await self._queue.publish([self._next(lease, run, 0)])
        if begun.outcome != "go" or run is None:
            return Report("joined", lease.run_id, run)
        return await self._slice(lease, run, queued=True)

    async def here(self, ask: Ask) -> Report:
        """Runs slices in this very call: a run of its own, or a hand with the one under way."""
        run_id = self._new_id()
        asked = await self._runs.ask(run_id, ask, self._now() + DELIVERY_SECONDS)
        known = await self._runs.read(asked.run_id)
        number = known.slices if known and asked.run_id != run_id else 0
        begun = await self._begin(asked.run_id, HERE, number, ask)
        if begun.outcome == "exhausted" and begun.run:
            await self._give_up(begun.run, queued=False)
        if begun.outcome != "go" or begun.run is None:
            return Report("partial", asked.run_id, begun.run)
        return await self._slice(begun.lease, begun.run, queued=False)

    async def _begin(self, run_id: str, lane: str, number: int, ask: Ask) -> Begun:
        begun = await self._runs.begin(run_id, lane, number, ask, self._now() + DELIVERY_SECONDS)
        self._log.enter(runId=run_id, lane=lane, slice=number)
        self._log.event("slice.began", outcome=begun.outcome)
        if begun.outcome == "go" and number == 0:
            await self._tell_of_silent_runs(queued=lane != HERE)
        return begun

    async def _slice(self, lease: SliceLease, run: Run, *, queued: bool) -> Report:
        try:
            stop = await self._advance(lease, run)
            left = await self._rest(lease, stop, parked=not queued)
            run = await self._runs.read(lease.run_id) or run
            if run.phase == "work" and left.count == 0:
                return await self._finish(lease, run, queued=queued)
            if not queued:
                return Report("partial", lease.run_id, run)
            await self._queue.publish([self._next(lease, run, self._pause(run, left, stop))])
            return Report("continued", lease.run_id, run)
        except TakenOver:
            self._log.event("slice.taken_over")
            status = "joined" if queued else "partial"
            return Report(status, lease.run_id, await self._runs.read(lease.run_id))
        except Hopeless as reason:
            await self._fail(lease.run_id, str(reason), queued=queued)
            if not queued:  # a message that is refused for good calls back by itself
                await self._tell_if_possible(lease.run_id, queued=False)
            raise
        except SyncError as trouble:
            await self._note_error(lease.run_id, str(trouble))
            raise
        except Exception as error:
            self._log.error("slice.error", error)
            await self._note_error(lease.run_id, unforeseen_reason(error))
            raise Unforeseen(
                f"The slice ended in an error while it was {self._step}: {unforeseen_reason(error)}"
            ) from error

    def _pause(self, run: Run, left: Left, stop: TryLater | None) -> float:
        """How long the run's next slice waits."""
        if stop is not None:
            return _wait_of(stop)
        if left.next_at is not None:
            return max(0.0, left.next_at - self._now())
        return min(
            LONGEST_LOOK_SECONDS, FIRST_LOOK_SECONDS * 2.0**run.waits
        )  # another lane looks around yet

    async def _advance(self, lease: SliceLease, run: Run) -> TryLater | None:
        """Look around, where the run has not, and read what is due; return what stopped it before
        the end."""
        self._step = "looking at the sources and reading pages"
        state = await self._store.read()
        await self._migration.run(lease, state.layout)
        self._homes.sources |= {
            name: record.source
            for name, record in state.records.items()
            if self._sources.get(name) == record.reference
        }
        await self._worker.give_away(lease, state.freed)
        survey: asyncio.Task[None] | None = None
        if run.phase == "plan" and run.planner == lease.lane:
            survey = asyncio.create_task(self._survey(lease, run, state))
        try:
            return await self._worker.work(lease, run, self._until, survey)
        finally:
            if survey:
                survey.cancel()
                await asyncio.gather(survey, return_exceptions=True)

    async def _survey(self, lease: SliceLease, run: Run, state: SourceState) -> None:
        """Look around for the run; what it finds becomes due."""
        begun_before = run.slices + run.retries > 1
        progress = (
            await self._runs.handed_on(lease.run_id, "listing", Progress) if begun_before else None
        ) or Progress()
        wanted = {name: ref for name, ref in self._sources.items() if run.source in ("", name)}
        is_forced = not lease.is_focused and (
            run.force or bool(state.forced.keys() & wanted.keys())
        )
        if is_forced and run.force:
            await self._store.force(wanted, run.triggered_at)
        observer = Observer(
            self._notion,
            self._site,
            lease,
            progress,
            give_away=self._worker.give_away,
            tell=self._worker.look_again,
            now=self._now,
        )
        scope = RunScope(references=wanted, is_whole=not run.source, is_forced=is_forced)
        survey = Survey(self._notion, self._site, self._store, state, self._homes, scope, observer)
        try:
            if run.page:
                await self._look_at_page(survey, run.page, run.force)
            elif run.window:
                look_at = partial(self._look_at_page, survey)
                await WindowSurvey(
                    events=self._events, site=self._site, survey=survey, look_at=look_at
                ).look(run.window)
            elif not run.scheduled:  # what its date makes due, is due since the run began
                await survey.look()
        except (NotionWait, OutOfTime, asyncio.CancelledError):
            await self._runs.hand_on(lease, "listing", progress)
            raise
        finally:
            for error in observer.problems.unforeseen:
                self._log.error("survey.error", error)
        await self._note_survey(lease, run, survey, is_forced=is_forced)

    async def _look_at_page(self, survey: Survey, wanted: str, is_forced: bool) -> None:
        await PageSurvey(
            notion=self._notion,
            site=self._site,
            sources=self._store,
            homes=self._homes,
            references=self._sources,
            survey=survey,
            wanted=wanted,
            is_forced=is_forced,
        ).look()

    async def _note_survey(
        self, lease: SliceLease, run: Run, survey: Survey, *, is_forced: bool
    ) -> None:
        progress = survey.progress
        sources, listings = ({}, {}) if lease.is_focused else survey.records()
        problems = list(progress.problems.values())
        for problem in problems:
            self._log.warning(
                "survey.problem", kind=problem.kind, pageId=problem.page_id, reason=problem.reason
            )
        if progress.again:
            await self._runs.note_again(lease.run_id, progress.again)
        if is_forced:
            await self._store.unforce(survey.listed_names)
        looked = [*progress.warnings, *progress.oddities.warnings]
        warnings = looked if lease.is_focused else survey.warnings()
        await self._runs.note_survey(
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
        self._log.event(
            "run.surveyed",
            listed=progress.listed,
            unchanged=progress.unchanged,
            warnings=len(warnings),  # their texts hold titles; they stand in the run's record
        )

    async def _rest(self, lease: SliceLease, stop: TryLater | None, *, parked: bool) -> Left:
        await self._give_back()
        counters = {
            "notionRequests": self._notion.requests,
            "notionThrottled": self._notion.throttled,
            "kvCommands": self._kv.commands + 1,
        }
        is_fruitful = self._notion.requests > self._notion.throttled
        wait, now = _wait_of(stop), self._now()
        return await self._runs.rest(
            lease,
            counters,
            now + wait + DELIVERY_SECONDS,
            is_fruitful=is_fruitful,
            parked=parked,
            waits_until=now + wait if wait else 0.0,
            reason=str(stop) if wait else "",
        )

    async def _finish(self, lease: SliceLease, run: Run, *, queued: bool) -> Report:
        spent = self._kv.commands
        self._step = "closing indexes"
        if not lease.is_focused:
            names = [name for name in self._sources if run.source in ("", name)]
            rewritten = names if run.force else []
            await self._site.close_indexes(lease, self._sources, names, rewritten)
        facts: dict[str, Value] = {}
        if self._copier:
            copied = await self._copy(self._copier, lease)
            facts = _tally(run, copied)
            if queued and copied.wait_seconds is not None:
                await self._runs.note(lease.run_id, facts)
                await self._runs.note_wait(lease, is_fruitful=copied.made > 0)
                await self._queue.publish([self._next(lease, run, copied.wait_seconds)])
                return Report("continued", lease.run_id, await self._runs.read(lease.run_id))
        next_id = self._new_id()
        ended = await self._runs.end(
            lease.run_id,
            "delivered",
            {**facts, "finishCommands": self._kv.commands - spent + 1},
            next_id,
            self._now() + DELIVERY_SECONDS,
        )
        if ended.follow_up:
            try:
                await self._follow_up.start(ended.follow_up)
            except QueueRefused as refusal:
                if queued:
                    raise
                self._log.warning(
                    "run.follow_up_unsent", followUp=ended.follow_up, reason=str(refusal)
                )
        await self._schedule(lease.run_id, ended.next_moment, queued=queued)
        self._log.event("run.ended", status="delivered", synced=run.synced, failed=run.failed)
        done = await self._runs.read(lease.run_id)
        if queued and done:
            await self._try_again(done)
        if queued:
            await self._tell(done, is_mine=not ended.repeated)
        else:
            await self._tell_if_possible(lease.run_id, queued=False)
        return Report("done", lease.run_id, done)

    async def _copy(self, copier: Copier, lease: SliceLease) -> Copied:
        """Copies files into Blob."""
        self._step = "copying files"
        return await copier.work(lease.run_id, self._until, self._runs.is_joined)

    async def _schedule(self, run_id: str, moment: float | None, *, queued: bool = True) -> None:
        """See to the run at the next date, where no message is on its way for it. Raises
        `QueueRefused` where the message that ended the run may come again."""
        if moment is None:
            return
        try:
            await self._follow_up.schedule(run_id, moment, self._notion.notion_now())
        except QueueRefused as refusal:
            if queued:
                raise
            self._log.warning("run.date_unsent", at=iso(moment), reason=str(refusal))

    async def _tell(self, run: Run | None, *, is_mine: bool = False) -> None:
        """See to it that everybody is told of a run's end who is to be: the site at once where this
        slice is the one that ended the run (`is_mine`), all others by a notice.

        Raises `QueueRefused`.
        """
        if run is None or (run.is_retry and run.status == "delivered" and not changed(run)):
            return
        is_site_left = self._audience.site_hears(run) and run.site_told_at is None
        if is_site_left and is_mine and self._tell_site and run.status == "delivered":
            is_site_left = not await self._tell_site(run.run_id)
        if is_site_left or self._audience.people_hear(run):
            await self._queue.publish([Notice(run.run_id)])

    async def _tell_if_possible(self, run_id: str, *, queued: bool) -> bool:
        """The same for who can't be delivered again; the backup way, which has no queue, tells by
        itself."""
        try:
            if queued:
                await self._tell(await self._runs.read(run_id))
            else:
                await self._tell_here(run_id)
        except (QueueRefused, TryLater) as trouble:
            self._log.warning("run.untold", untoldRun=run_id, reason=str(trouble))
            return False
        return True

    async def _tell_of_silent_runs(self, *, queued: bool) -> None:
        """Whoever begins a run tells of those that broke without a callback."""
        for run_id in await self._tellings.silent():
            self._log.error("run.silent", brokenRun=run_id)
            if await self._tell_if_possible(run_id, queued=queued):
                await self._tellings.noticed(run_id)

    async def _try_again(self, run: Run) -> None:
        """Publish the messages that try pages again which got no usable answer, each after a longer
        pause.

        Their ids are those of the run, so that publishing them twice does no harm. Raises
        `QueueRefused`.
        """
        tries = await self._runs.tries_of(run.run_id) if run.failed else {}
        whole = Ask(retry=True, asked_by="follow-up")
        again = [
            (msgspec.structs.replace(whole, page=page), count)
            for page, count in tries.items()
            if count
        ]
        if tries and not again:
            again = [(whole, 1)] if not run.is_retry else []
        messages = [
            Message(
                f"{run.run_id}.{number}",
                "0",
                0,
                ask,
                iso(self._now()),
                int(AGAIN_SECONDS[count - 1]),
            )
            for number, (ask, count) in enumerate(again, 1)
            if count <= len(AGAIN_SECONDS)
        ]
        if messages:
            await self._queue.publish(messages)

    async def _give_up(self, run: Run, *, queued: bool = True) -> None:
        """Fail a run that does not get on, whatever it is that stops it. Raises `Hopeless`, saying
        so."""
        step = (
            "looking at the sources" if run.phase == "plan" else "reading pages or publishing them"
        )
        met = (
            run.last_error
            or "the function was stopped each time: look for a limit of time or memory in its log"
        )
        reason = (
            f"The run was given up, for its last slices brought nothing while they were {step}:"
            f" {met}"
        )
        await self._fail(run.run_id, reason, queued=queued)
        if not queued:  # a message that is refused for good calls back by itself
            await self._tell_if_possible(run.run_id, queued=False)
        raise Hopeless(reason)

    async def _note_error(self, run_id: str, reason: str) -> None:
        """Note what a slice met, for the case that its run comes to nothing; KV may be what is
        away."""
        with suppress(SyncError):
            await self._runs.note(
                run_id, {"lastError": f"while it was {self._step}: {reason}"[:ERROR_CHARACTERS]}
            )

    async def _fail(self, run_id: str, reason: str, *, queued: bool) -> None:
        """Mark a run as failed; the run that was promised meanwhile begins."""
        alive_until = self._now() + DELIVERY_SECONDS
        next_id = self._new_id() if queued else ""
        ended = await fail(self._runs, self._log, run_id, reason, next_id, alive_until)
        if ended.follow_up:
            await self._follow_up.start(ended.follow_up)
        await self._schedule(run_id, ended.next_moment, queued=queued)

    def _next(self, lease: SliceLease, run: Run, wait_seconds: float) -> Message:
        delay = math.ceil(wait_seconds)
        return Message(
            lease.run_id, lease.lane, lease.slice + 1, run.ask, iso(run.triggered_at), delay
        )


def _wait_of(stop: TryLater | None) -> float:
    """Return how long what stopped a slice says to wait."""
    return stop.retry_after_seconds if isinstance(stop, NotionWait) else 0.0


def _tally(run: Run, copied: Copied) -> dict[str, Value]:
    """What the end of a run adds to its record, also where it comes in several slices."""
    tally: dict[str, Value] = {
        "images": run.images + copied.made,
        "notionRequests": run.notion_requests + copied.requests,
    }
    if copied.warning:
        tally |= warning_facts([copied.warning], run)
    return tally
