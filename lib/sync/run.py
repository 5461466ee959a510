"""A run from its first slice to its last. A slice is the work of one function call: of one message
of the queue, or of one inline run (`GET /api/sync`, which needs no queue).

begin ─▶ survey ─┬▶ rest ─▶ next slice's message
      ─▶ work  ──┘       └▶ end (─▶ the promised run's message)
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from lib.errors import Hopeless, NotionWait, SyncError, TakenOver, TryLater, Unforeseen
from lib.log import Log
from lib.media.copying import Copied
from lib.model import Ask
from lib.notion.client import NotionClient
from lib.qstash.messages import Message
from lib.store.kv import Kv
from lib.store.migration import Migration
from lib.store.runs import Begun, Left, Run, Runs, SliceLease
from lib.store.site import Site
from lib.store.sources import Sources
from lib.sync.addresses import give_away
from lib.sync.continuation import Continuation, SilentRuns
from lib.sync.ending import RunEnding, tally_copies
from lib.sync.homes import Homes
from lib.sync.problems import unforeseen_reason
from lib.sync.survey.surveyor import Surveyor
from lib.sync.trigger import DELIVERY_SECONDS
from lib.sync.work.slice import Worker
from lib.times import iso

FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 15.0, 300.0
"""How long a lane that finds nothing to do waits while another one looks around; twice as long each
time."""
HERE = "here"
"""The lane of an inline run, which has no messages."""
ERROR_CHARACTERS = 500


class Report(msgspec.Struct, frozen=True):
    """The result of a slice. `status` is continued, done or joined for a message, and done or
    partial for an inline run."""

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


class Spending(msgspec.Struct):
    """What a slice spends: requests of Notion and commands of KV. `give_back` returns requests that
    were reserved and not sent."""

    notion: NotionClient
    kv: Kv
    give_back: Callable[[], Awaitable[None]]
    is_settled: bool = False

    @property
    def kv_commands(self) -> int:
        """The commands sent to KV so far."""
        return self.kv.commands

    @property
    def is_fruitful(self) -> bool:
        """Whether Notion answered anything."""
        return self.notion.answered > 0

    async def settle_account(self) -> dict[str, int]:
        """Give back what was not spent; return the rest by the names of a run's counters."""
        await self.give_back()
        self.is_settled = True
        return {
            "notionRequests": self.notion.requests,
            "notionThrottled": self.notion.throttled,
            "kvCommands": self.kv.commands + 1,
        }


class Advance(msgspec.Struct):
    """Takes a run on by one slice, until its time is used up (`until`, epoch seconds): looks
    around, where the run has not, and reads what is due beside that. `references` are the settings
    of all sources."""

    sources: Sources
    site: Site
    migration: Migration
    homes: Homes
    worker: Worker
    surveyor: Surveyor
    references: Mapping[str, str]
    until: float

    async def advance_run(self, lease: SliceLease, run: Run) -> TryLater | None:
        """Return what stopped it before the end."""
        state = await self.sources.read_state()
        await self.migration.migrate_layout(lease, state.layout)
        self.homes.sources |= {
            name: record.source
            for name, record in state.records.items()
            if self.references.get(name) == record.reference
        }
        await give_away(self.site, lease, state.freed)
        survey: asyncio.Task[None] | None = None
        if run.phase == "plan" and run.planner == lease.lane:
            survey = asyncio.create_task(self.surveyor.survey_run(lease, run, state))
        try:
            return await self.worker.work(lease, run, self.until, survey)
        finally:
            if survey:
                survey.cancel()
                await asyncio.gather(survey, return_exceptions=True)


class SliceRun(msgspec.Struct):
    """Works one slice of a run, and ends the run where nothing is left. `copy_files` copies files
    into Blob (None: there is no store for copies), `now` gives epoch seconds."""

    runs: Runs
    advance: Advance
    copy_files: Callable[[str], Awaitable[Copied]] | None
    ending: RunEnding
    spending: Spending
    log: Log
    now: Callable[[], float]
    step: str = "beginning"

    async def work_slice(self, lease: SliceLease, run: Run, continuation: Continuation) -> Report:
        """Return what became of it. Raises `Hopeless` (the run is marked as failed), and what may
        be done again."""
        try:
            return await self._work_on(lease, run, continuation)
        except TakenOver:
            self.log.event("slice.taken_over")
            status = "joined" if continuation.is_queued else "partial"
            return Report(status, lease.run_id, await self.runs.read_run(lease.run_id))
        except Hopeless as reason:
            await self._note_spent(lease)
            await self.ending.fail_run(lease.run_id, str(reason), continuation)
            raise
        except SyncError as trouble:
            await self._note_error(lease, str(trouble))
            raise
        except Exception as error:
            self.log.error("slice.error", error)
            await self._note_error(lease, unforeseen_reason(error))
            raise Unforeseen(
                f"The slice ended in an error while it was {self.step}: {unforeseen_reason(error)}"
            ) from error

    async def give_up(self, run: Run, continuation: Continuation) -> None:
        """Fail a run that does not get on. Raises `Hopeless`."""
        await self.ending.give_up(run, continuation)

    async def _work_on(self, lease: SliceLease, run: Run, continuation: Continuation) -> Report:
        self.step = "looking at the sources and reading pages"
        stop = await self.advance.advance_run(lease, run)
        left = await self._rest_slice(lease, stop, parked=not continuation.is_queued)
        run = await self.runs.read_run(lease.run_id) or run
        if run.phase == "work" and left.count == 0:
            return await self._finish_run(lease, run, continuation)
        await continuation.send_next(next_message(lease, run, self._pause_seconds(run, left, stop)))
        status = "continued" if continuation.is_queued else "partial"
        return Report(status, lease.run_id, run)

    def _pause_seconds(self, run: Run, left: Left, stop: TryLater | None) -> float:
        """Return how long the run's next slice waits."""
        if stop is not None:
            return _wait_of(stop)
        if left.next_at is not None:
            return max(0.0, left.next_at - self.now())
        return min(
            LONGEST_LOOK_SECONDS, FIRST_LOOK_SECONDS * 2.0**run.waits
        )  # another lane looks around yet

    async def _rest_slice(self, lease: SliceLease, stop: TryLater | None, *, parked: bool) -> Left:
        counters = await self.spending.settle_account()
        wait, now = _wait_of(stop), self.now()
        return await self.runs.rest_slice(
            lease,
            counters,
            now + wait + DELIVERY_SECONDS,
            is_fruitful=self.spending.is_fruitful,
            parked=parked,
            waits_until=now + wait if wait else 0.0,
            reason=str(stop) if wait else "",
            cause=stop.cause if wait and stop else None,
        )

    async def _finish_run(self, lease: SliceLease, run: Run, continuation: Continuation) -> Report:
        spent = self.spending.kv_commands
        self.step = "closing indexes"
        await self.ending.close_indexes(lease, run)
        self.step = "copying files"
        copied = await self.copy_files(lease.run_id) if self.copy_files else None
        facts = tally_copies(run, copied) if copied else {}
        if copied and copied.wait_seconds is not None and continuation.is_queued:
            await self.runs.note_facts(lease.run_id, facts)
            await self.runs.note_wait(lease, is_fruitful=copied.made > 0)
            await continuation.send_next(next_message(lease, run, copied.wait_seconds))
            return Report("continued", lease.run_id, await self.runs.read_run(lease.run_id))
        facts["finishCommands"] = self.spending.kv_commands - spent + 1
        done = await self.ending.end_run(run, facts, continuation)
        return Report("done", lease.run_id, done)

    async def _note_error(self, lease: SliceLease, reason: str) -> None:
        """Note what a slice met, for the case that its run comes to nothing, and what it spent. KV
        may be what is away."""
        said = f"while it was {self.step}: {reason}"[:ERROR_CHARACTERS]
        with suppress(SyncError):
            await self.runs.note_facts(lease.run_id, {"lastError": said})
        await self._note_spent(lease)

    async def _note_spent(self, lease: SliceLease) -> None:
        """Note what a slice spent that does not rest."""
        if not self.spending.is_settled:
            with suppress(SyncError):
                await self.runs.note_spent(lease, await self.spending.settle_account())


class Engine(msgspec.Struct):
    """Begins slices: those of messages, which go on `queued`, and inline ones, which end with the
    call. `now` gives epoch seconds, `new_id` a run's id."""

    runs: Runs
    slice_run: SliceRun
    silent_runs: SilentRuns
    log: Log
    queued: Continuation
    inline: Continuation
    now: Callable[[], float]
    new_id: Callable[[], str]

    async def deliver_message(self, message: Message) -> Report:
        """Work one message of the queue.

        Raises `TryLater` (the message comes again), `QueueRefused`, `Hopeless` (the run is marked
        as failed).
        """
        queued = self.queued
        begun = await self._begin_slice(
            message.run_id, message.lane, message.slice, message.ask, queued
        )
        lease, run = begun.lease, begun.run
        if begun.outcome == "joined":
            return Report("joined", begun.other)
        if begun.outcome == "ended" and run:
            await queued.start_followers(run.run_id, run.follow_up_run, run.next_moment)
            await queued.announce_end(run, is_mine=False)
        if begun.outcome == "exhausted" and run:
            await self.slice_run.give_up(run, queued)
        if begun.outcome == "unsent" and run:
            await queued.send_next(next_message(lease, run, 0))
        if begun.outcome != "go" or run is None:
            return Report("joined", lease.run_id, run)
        return await self.slice_run.work_slice(lease, run, queued)

    async def run_inline(self, ask: Ask) -> Report:
        """Work a slice in this call, with no queue: of a run of its own, or of the one under
        way."""
        run_id, inline = self.new_id(), self.inline
        asked = await self.runs.ask_for_run(run_id, ask, self.now() + DELIVERY_SECONDS)
        known = await self.runs.read_run(asked.run_id)
        number = known.slices if known and asked.run_id != run_id else 0
        begun = await self._begin_slice(asked.run_id, HERE, number, ask, inline)
        if begun.outcome == "exhausted" and begun.run:
            await self.slice_run.give_up(begun.run, inline)
        if begun.outcome != "go" or begun.run is None:
            return Report("partial", asked.run_id, begun.run)
        return await self.slice_run.work_slice(begun.lease, begun.run, inline)

    async def _begin_slice(
        self, run_id: str, lane: str, number: int, ask: Ask, continuation: Continuation
    ) -> Begun:
        begun = await self.runs.begin_slice(
            run_id, lane, number, ask, self.now() + DELIVERY_SECONDS
        )
        self.log.enter(runId=run_id, lane=lane, slice=number)
        self.log.event("slice.began", outcome=begun.outcome)
        if begun.outcome == "go" and number == 0:
            await self.silent_runs.announce_all(continuation)
        return begun


def next_message(lease: SliceLease, run: Run, wait_seconds: float) -> Message:
    """Return the message of the slice that comes after this one."""
    delay = math.ceil(wait_seconds)
    return Message(lease.run_id, lease.lane, lease.slice + 1, run.ask, iso(run.triggered_at), delay)


def _wait_of(stop: TryLater | None) -> float:
    """Return how long what stopped a slice says to wait."""
    return stop.retry_after_seconds if isinstance(stop, NotionWait) else 0.0
