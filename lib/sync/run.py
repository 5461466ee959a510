"""A run from its first slice to its last: plan, work, publish; each slice a message, or a call of the backup way.

begin ─▶ survey ─▶ plan ─▶ work ─▶ rest ─▶ next slice's message
                              └────▶ publish ─▶ end (─▶ the follow-up run's message)
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from lib import json_text
from lib.bundle.publication import DEFAULT_RULE, PublicationRule
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
from lib.model import Ask, KeptSource, Known
from lib.notion.client import NotionClient
from lib.store.kv import Kv, Value
from lib.store.memory import Memory
from lib.store.presence import Presence
from lib.store.runs import Begun, Hold, Run, Runs, warning_facts
from lib.store.tellings import Tellings
from lib.sync.plan import make
from lib.sync.problems import unforeseen_reason
from lib.sync.publish import Publisher
from lib.sync.queue import Message, Notice, Queue
from lib.sync.single import PageSurvey
from lib.sync.slice import Worker
from lib.sync.survey import Found, Progress, Survey
from lib.sync.telling import changed, fail
from lib.sync.trigger import DELIVERY_SECONDS
from lib.times import iso

HERE = "here"
"""The lane of the backup way, which has no messages."""
AGAIN_SECONDS = (10, 60, 240, 960)
"""Pauses after which pages that got no usable answer are tried again, each in a run of its own."""
ERROR_CHARACTERS = 500


class Report(msgspec.Struct, frozen=True):
    """What a slice answers: `status` is continued, done, joined (worker) or done, partial (backup way)."""

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

    `until` is when the slice's time is used up, and `now` gives the time (epoch seconds). `tells` says whether anybody
    is to be told of the end of a run, and `tell` does it without the queue.
    """

    def __init__(
        self,
        *,
        kv: Kv,
        runs: Runs,
        memory: Memory,
        presence: Presence,
        notion: NotionClient,
        worker: Worker,
        publisher: Publisher,
        queue: Queue,
        tellings: Tellings,
        tells: Callable[[Run], bool],
        tell: Callable[[str], Awaitable[object]],
        copier: Copier | None,
        give_back: Callable[[], Awaitable[None]],
        log: Log,
        sources: Mapping[str, str],
        until: float,
        now: Callable[[], float],
        new_id: Callable[[], str],
        rule: PublicationRule = DEFAULT_RULE,
    ) -> None:
        self._until = until
        self._kv, self._runs, self._memory, self._presence = kv, runs, memory, presence
        self._notion, self._worker, self._publisher, self._queue = notion, worker, publisher, queue
        self._tellings, self._tells, self._tell_here = tellings, tells, tell
        self._copier, self._give_back = copier, give_back
        self._log, self._sources, self._now, self._new_id = log, sources, now, new_id
        self._rule = rule
        self._step = "beginning"

    async def deliver(self, message: Message) -> Report:
        """Works one message of QStash's.

        Raises `TryLater` (QStash sends the message again), `QueueRefused`, `Hopeless` (the run is marked as failed).
        """
        begun = await self._begin(message.run_id, message.lane, message.slice, message.ask)
        hold, run = begun.hold, begun.run
        if begun.outcome == "joined":
            return Report("joined", begun.other)
        if begun.outcome == "ended" and run:
            if run.follow_up_run:
                await self._follow(run.follow_up_run)
            await self._try_again(run)
            await self._tell(run)
            return Report("joined", hold.run_id, run)
        if begun.outcome == "exhausted" and run:
            await self._give_up(run)
        if begun.outcome == "unsent" and run:
            await self._queue.publish([self._next(hold, run, 0)])
        if begun.outcome != "go" or run is None:
            return Report("continued" if begun.outcome == "early" else "joined", hold.run_id, run)
        return await self._slice(hold, run, queued=True)

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
        return await self._slice(begun.hold, begun.run, queued=False)

    async def _begin(self, run_id: str, lane: str, number: int, ask: Ask) -> Begun:
        begun = await self._runs.begin(run_id, lane, number, ask, self._now() + DELIVERY_SECONDS)
        self._log.enter(runId=run_id, lane=lane, slice=number)
        self._log.event("slice.began", outcome=begun.outcome)
        if begun.outcome == "go" and number == 0:
            await self._tell_of_silent_runs(queued=lane != HERE)
        return begun

    async def _slice(self, hold: Hold, run: Run, *, queued: bool) -> Report:
        try:
            stop = await self._advance(hold, run)
            rested = await self._rest(hold, parked=not queued)
            run = await self._runs.read(hold.run_id) or run
            planned = run.phase == "work"
            if planned and rested.left == 0:
                return await self._finish(hold, run, queued=queued)
            if not queued:
                return Report("partial", hold.run_id, run)
            if rested.next_due is not None or not planned:  # else other lanes hold what is left; the last ends the run
                wait = max(0.0, (rested.next_due or 0.0) - self._now())
                if planned and stop is None and run.ask.exclusive:  # what is left failed, and holds up nothing else
                    await self._publisher.publish(hold, run, is_end=False)
                if isinstance(stop, NotionWait):
                    wait = max(wait, stop.retry_after_seconds)
                await self._queue.publish([self._next(hold, run, wait)])
            return Report("continued", hold.run_id, run)
        except TakenOver:
            self._log.event("slice.taken_over")
            status = "joined" if queued else "partial"
            return Report(status, hold.run_id, await self._runs.read(hold.run_id))
        except Hopeless as reason:
            await fail(self._runs, self._log, hold.run_id, str(reason), self._now())
            if not queued:  # a message that is refused for good calls back by itself
                await self._tell_if_possible(hold.run_id, queued=False)
            raise
        except SyncError as trouble:
            await self._note_error(hold.run_id, str(trouble))
            raise
        except Exception as error:
            self._log.error("slice.error", error)
            await self._note_error(hold.run_id, unforeseen_reason(error))
            raise Unforeseen(
                f"The slice ended in an error while it was {self._step}: {unforeseen_reason(error)}"
            ) from error

    async def _advance(self, hold: Hold, run: Run) -> TryLater | None:
        """Plans where there is no plan yet, then works; answers what stopped it before the end."""
        forced_at = None
        if run.phase == "plan":
            self._step = "looking at the sources and planning"
            try:
                forced_at, due = await self._plan(hold, run)
            except (NotionWait, OutOfTime) as stop:
                return stop
            if not due:
                return None
        else:
            forced_at = await self._runs.forced_at(hold.run_id)
        self._step = "reading pages"
        # A run of one page reads no other, however it is forced.
        return await self._worker.work(hold, run, None if run.page else forced_at, self._until)

    async def _plan(self, hold: Hold, run: Run) -> tuple[float | None, int]:
        """Writes the plan; answers since when a page must have been read (None: not forced), and how much is due."""
        known = await self._memory.everything()
        if not run.page:
            known = await self._presence.find_lost(known, int(self._now()))
        forced_at = _forced_at(run, known.sources)
        found = await self._survey(hold, run, known, forced_at)
        plan = make(found.listed, known, found.watched, gone=found.gone, forced_at=forced_at, focus=found.focus)
        lost = {id: known.databases[id] for id in found.watched.lost_databases}
        await self._memory.lose_databases(lost)
        if run.force:
            marked = {
                name: msgspec.structs.replace(known.sources.get(name, state), forced_at=forced_at)
                for name, state in found.sources.items()
            }
            await self._memory.remember_sources(marked)
        warnings = [*known.broken, *found.warnings, *plan.warnings]
        for problem in found.problems:
            self._log.warning("survey.problem", kind=problem.kind, pageId=problem.page_id, reason=problem.reason)
        facts: dict[str, str | int | float] = {
            "listed": plan.listed,
            "unchanged": plan.unchanged,
            "dropping": plan.dropping,
            "forcedAt": "" if forced_at is None else repr(forced_at),
            **warning_facts(warnings),
            "sources": json_text.encode(found.sources),
        }
        if found.again:
            await self._runs.note_again(hold.run_id, found.again)
        waiting = await self._runs.write_plan(hold, plan.items, facts, plan.moving, plan.drops, problems=found.problems)
        self._log.event(
            "run.planned",
            listed=plan.listed,
            due=len(plan.items),
            drops=plan.dropping,
            unchanged=plan.unchanged,
            warnings=len(warnings),  # their texts hold titles; they stand in the run's record
        )
        if waiting and len(plan.items) > 1:
            await self._queue.publish([self._next(Hold(hold.run_id, lane, 0, ""), run, 0) for lane in sorted(waiting)])
        return forced_at, len(plan.items)

    async def _survey(self, hold: Hold, run: Run, known: Known, forced_at: float | None) -> Found:
        begun_before = run.slices + run.retries > 1
        progress = (
            await self._runs.handed_on(hold.run_id, "listing", Progress) if begun_before else None
        ) or Progress()
        wanted = {name: ref for name, ref in self._sources.items() if run.source in ("", name)}
        survey: Survey | PageSurvey
        if run.page:
            survey = PageSurvey(self._notion, known, wanted, progress, run.page, now=self._now, rule=self._rule)
        else:
            survey = Survey(self._notion, known, wanted, progress, now=self._now, forced_at=forced_at, rule=self._rule)
        try:
            return await survey.look()
        except (NotionWait, OutOfTime):
            await self._runs.hand_on(hold.run_id, "listing", survey.progress)
            raise
        finally:
            for error in survey.problems.unforeseen:
                self._log.error("survey.error", error)

    async def _rest(self, hold: Hold, *, parked: bool) -> Any:
        await self._give_back()
        counters = {
            "notionRequests": self._notion.requests,
            "notionThrottled": self._notion.throttled,
            "kvCommands": self._kv.commands + 1,
        }
        is_fruitful = self._notion.requests > self._notion.throttled
        until = self._now() + DELIVERY_SECONDS
        return await self._runs.rest(hold, counters, until, is_fruitful=is_fruitful, parked=parked)

    async def _finish(self, hold: Hold, run: Run, *, queued: bool) -> Report:
        spent = self._kv.commands
        self._step = "publishing indexes and removing what is gone"
        await self._publisher.publish(hold, run)
        facts: dict[str, Value] = {}
        if self._copier:
            copied = await self._copy(self._copier, hold, run)
            facts = _tally(run, copied)
            if queued and copied.wait_seconds is not None:
                await self._runs.note(hold.run_id, facts)
                await self._runs.note_wait(hold, is_fruitful=copied.made > 0)
                await self._queue.publish([self._next(hold, run, copied.wait_seconds)])
                return Report("continued", hold.run_id, await self._runs.read(hold.run_id))
        next_id = self._new_id()
        ended = await self._runs.end(
            hold.run_id,
            "delivered",
            {**facts, "finishCommands": self._kv.commands - spent + 1},
            next_id,
            self._now() + DELIVERY_SECONDS,
        )
        if ended.follow_up:
            try:
                await self._follow(ended.follow_up)
            except QueueRefused as refusal:
                if queued:
                    raise
                self._log.warning("run.follow_up_unsent", followUp=ended.follow_up, reason=str(refusal))
        self._log.event("run.ended", status="delivered", synced=run.synced, failed=run.failed)
        done = await self._runs.read(hold.run_id)
        if queued and done:
            await self._try_again(done)
        if queued:
            await self._tell(done)
        else:
            await self._tell_if_possible(hold.run_id, queued=False)
        return Report("done", hold.run_id, done)

    async def _copy(self, copier: Copier, hold: Hold, run: Run) -> Copied:
        """Copies files into Blob; what that changes is published as well."""
        self._step = "copying files"
        copied = await copier.work(hold.run_id, self._until, lambda: self._runs.is_joined(hold.run_id))
        if copied.changed:
            await self._publisher.publish(hold, await self._runs.read(hold.run_id) or run)
        return copied

    async def _tell(self, run: Run | None) -> None:
        """Publishes the notice of a run's end, where anybody is to be told. Raises `QueueRefused`."""
        if run and self._tells(run) and not (run.is_retry and run.status == "delivered" and not changed(run)):
            await self._queue.publish([Notice(run.run_id)])

    async def _tell_if_possible(self, run_id: str, *, queued: bool) -> bool:
        """The same for who can't be delivered again; the backup way, which has no queue, tells by itself."""
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
        """Publish the messages that try pages again which got no usable answer, each after a longer pause.

        Their ids are those of the run, so that publishing them twice does no harm. Raises `QueueRefused`.
        """
        tries = await self._runs.tries_of(run.run_id) if run.failed else {}
        again = [(Ask(page=page, retry=True), count) for page, count in tries.items() if count]
        if tries and not again:
            again = [(Ask(retry=True), 1)] if not run.is_retry else []
        messages = [
            Message(f"{run.run_id}.{number}", "0", 0, ask, iso(self._now()), int(AGAIN_SECONDS[count - 1]))
            for number, (ask, count) in enumerate(again, 1)
            if count <= len(AGAIN_SECONDS)
        ]
        if messages:
            await self._queue.publish(messages)

    async def _give_up(self, run: Run, *, queued: bool = True) -> None:
        """Fail a run that does not get on, whatever it is that stops it. Raises `Hopeless`, saying so."""
        step = "looking at the sources" if run.phase == "plan" else "reading pages or publishing them"
        met = run.last_error or "the function was stopped each time: look for a limit of time or memory in its log"
        reason = f"The run was given up, for its last slices brought nothing while they were {step}: {met}"
        await fail(self._runs, self._log, run.run_id, reason, self._now())
        if not queued:  # a message that is refused for good calls back by itself
            await self._tell_if_possible(run.run_id, queued=False)
        raise Hopeless(reason)

    async def _note_error(self, run_id: str, reason: str) -> None:
        """Note what a slice met, for the case that its run comes to nothing; KV may be what is away."""
        with suppress(SyncError):
            await self._runs.note(run_id, {"lastError": f"while it was {self._step}: {reason}"[:ERROR_CHARACTERS]})

    async def _follow(self, run_id: str) -> None:
        """Publishes the first message of a run that was asked for while another one was under way."""
        run = await self._runs.read(run_id)
        if run and run.status == "pending":
            job_ids = await self._queue.publish([self._next(Hold(run_id, "0", -1, ""), run, 0)])
            await self._runs.note_jobs(run_id, job_ids, self._now() + DELIVERY_SECONDS)

    def _next(self, hold: Hold, run: Run, wait_seconds: float) -> Message:
        delay = math.ceil(wait_seconds)
        return Message(hold.run_id, hold.lane, hold.slice + 1, run.ask, iso(run.triggered_at), delay)


def _tally(run: Run, copied: Copied) -> dict[str, Value]:
    """What the end of a run adds to its record, also where it comes in several slices."""
    tally: dict[str, Value] = {
        "images": run.images + copied.made,
        "notionRequests": run.notion_requests + copied.requests,
    }
    if copied.warning:
        tally |= warning_facts([copied.warning], run)
    return tally


def _forced_at(run: Run, sources: Mapping[str, KeptSource]) -> float | None:
    """Since when a page must have been read; a forced run that broke is gone on with, whoever asks."""
    pending = [kept.forced_at for name, kept in sources.items() if kept.forced_at and run.source in ("", name)]
    if pending and not run.page:
        return min(pending)
    return run.triggered_at if run.force else None
