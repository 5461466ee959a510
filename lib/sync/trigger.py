"""Asking for a run: it is recorded, and its first message is published. The Notion client is never
loaded here."""

import math
from collections.abc import Callable
from hashlib import sha256

import msgspec

from lib.errors import QueueRefused, Refused, TakenOver, TryLater
from lib.log import Log
from lib.model import Ask
from lib.notion.ids import object_id
from lib.qstash.client import Queue
from lib.qstash.messages import Message
from lib.store.runs import Asked, Runs
from lib.times import iso

TRIGGER = "/api/sync/trigger"
PENDING_SECONDS = 120.0
"""How long a requested run counts as under way before its message is known to be published."""
DELIVERY_SECONDS = 900.0
"""How long a published message counts as under way: a function's time, with every retry."""

AFTER_SECONDS = 2.0
"""How long after a date its message comes: Notion's clock, which decides, is read in whole
seconds."""


class Triggered(msgspec.Struct, frozen=True):
    """`job_ids`: QStash's ids of the messages that started the run. `joined`: a run was under way
    already."""

    run_id: str
    job_ids: list[str]
    joined: bool


class Trigger(msgspec.Struct):
    """`now` gives epoch seconds, `new_id` a new run id."""

    runs: Runs
    queue: Queue
    log: Log
    lanes: int
    now: Callable[[], float]
    new_id: Callable[[], str]

    async def request_run(self, ask: Ask) -> Triggered:
        """Start a run, or join the one under way, which is followed by another then. Raises
        `Refused` (no page is published under the slug that is asked for) and `QueueRefused`."""
        run_id, alive_until = self.new_id(), self.now() + PENDING_SECONDS
        try:
            asked = await self.runs.ask_for_run(run_id, ask, alive_until, _asked_slug(ask.page))
        except TryLater as trouble:  # KV is away: the worker decides, when it is back
            self.log.warning("trigger.kv_away", runId=run_id, reason=str(trouble))
            return Triggered(
                run_id,
                await self.queue.publish_messages(self._first_messages(run_id, ask, 0)),
                joined=False,
            )
        if asked.outcome == "unknown":
            raise Refused(
                "page is neither the slug of a published page, nor one that redirects to it, nor a"
                " Notion id or address: sync everything once, or give the page's id"
            )
        if asked.outcome == "joined":
            self.log.event("trigger.joined", runId=asked.run_id)
            return Triggered(asked.run_id, asked.job_ids, joined=True)
        return await self._publish_first(asked, ask)

    async def _publish_first(self, asked: Asked, ask: Ask) -> Triggered:
        messages = self._first_messages(asked.run_id, ask, asked.slice)
        try:
            job_ids = await self.queue.publish_messages(messages)
        except QueueRefused:
            if asked.outcome == "new":
                await self._take_back(asked.run_id)
            raise
        try:
            await self.runs.note_jobs(asked.run_id, job_ids, self.now() + DELIVERY_SECONDS)
        except TryLater as trouble:
            self.log.warning("trigger.kv_away", runId=asked.run_id, reason=str(trouble))
        self.log.event("trigger.published", runId=asked.run_id, jobIds=job_ids)
        return Triggered(asked.run_id, job_ids, joined=False)

    async def _take_back(self, run_id: str) -> None:
        try:
            await self.runs.forget_run(run_id)
        except (TakenOver, TryLater) as trouble:
            self.log.warning("trigger.not_taken_back", runId=run_id, reason=str(trouble))

    def _first_messages(self, run_id: str, ask: Ask, number: int) -> list[Message]:
        triggered_at = iso(self.now())
        lanes = 1 if ask.is_focused or number else self.lanes
        return [Message(run_id, str(lane), number, ask, triggered_at) for lane in range(lanes)]


class FollowUp(msgspec.Struct):
    """Starts what follows a run: one that was promised meanwhile, and one for the next date. `now`
    gives epoch seconds."""

    runs: Runs
    queue: Queue
    now: Callable[[], float]

    async def start_run(self, run_id: str) -> None:
        """Publish the first message of a run, unless it has begun. Raises `QueueRefused`."""
        run = await self.runs.read_run(run_id)
        if run and run.status == "pending":
            first = Message(run_id, "0", 0, run.ask, iso(run.triggered_at))
            job_ids = await self.queue.publish_messages([first])
            await self.runs.note_jobs(run_id, job_ids, self.now() + DELIVERY_SECONDS)

    async def schedule_run(self, run_id: str, moment: float, now: float) -> None:
        """Publish the message of a run at the next `moment` at which dates begin or end, by a clock
        that shows `now` (epoch seconds). Raises `QueueRefused`.

        Its run's id follows from that of the run that ended, so that publishing it twice does no
        harm.
        """
        ask = Ask(scheduled=round(moment), asked_by="schedule")
        delay = math.ceil(max(0.0, moment + AFTER_SECONDS - now))
        next_id = f"run_{sha256(run_id.encode()).hexdigest()[:32]}"
        message = Message(next_id, "0", 0, ask, iso(self.now()), delay)
        await self.queue.publish_messages([message])


def _asked_slug(page: str) -> str:
    """Return the slug by which a page is asked for; "" for an id or an address of Notion's."""
    try:
        object_id(page)
    except ValueError:
        return page
    return ""
