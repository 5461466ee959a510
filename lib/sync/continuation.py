"""How a run goes on after a slice, and how its end is announced: by messages of the queue, or in
the call that worked the slice."""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol

import msgspec

from lib.errors import QueueRefused, TryLater
from lib.log import Log
from lib.model import Ask
from lib.qstash.client import Queue
from lib.qstash.messages import Message, Notice
from lib.store.runs import Run, Runs
from lib.store.tellings import Tellings
from lib.sync.telling import Audience, SiteCall, changed_site
from lib.sync.trigger import FollowUp
from lib.sync.work.slice import AGAIN_SECONDS
from lib.times import iso


class Continuation(Protocol):
    """What comes after a slice. `is_queued`: the run goes on by itself."""

    @property
    def is_queued(self) -> bool: ...

    async def send_next(self, message: Message) -> None:
        """Have the run's next slice worked. Raises `QueueRefused`."""
        ...

    async def start_followers(self, run_id: str, follow_up: str, moment: float | None) -> None:
        """Start the run that was promised when this one ends, and schedule the one for the next
        date (epoch seconds), where no message is on its way for it. Raises `QueueRefused` where the
        message that ended the run may come again."""
        ...

    async def announce_end(self, run: Run, *, is_mine: bool) -> None:
        """Announce the end of a run. `is_mine`: this slice is the one that ended it. Raises
        `QueueRefused` where this may be done again."""
        ...

    async def announce_failure(self, run_id: str) -> None:
        """Do the same for a run that this slice gives up."""
        ...

    async def announce_if_possible(self, run_id: str) -> bool:
        """Do the same for a run that can't be delivered again; return whether it was possible."""
        ...


class EndNotices(msgspec.Struct):
    """Announces the end of a run: to the site at once, where one request does, and to all others by
    a notice.

    `audience` and `site_call` (None: there is no site) are called only where a run ends, so that
    other slices don't load what they build.
    """

    queue: Queue
    audience: Callable[[], Audience]
    site_call: Callable[[], SiteCall | None]

    async def announce_end(self, run: Run, *, is_mine: bool = False) -> None:
        """Raises `QueueRefused`."""
        if run.is_retry and run.status == "delivered" and not changed_site(run):
            return
        audience = self.audience()
        is_site_left = audience.site_hears(run) and run.site_told_at is None
        if is_site_left and is_mine and run.status == "delivered":
            call = self.site_call()
            is_site_left = call is None or not await call.tell_site(run.run_id)
        if is_site_left or audience.people_hear(run):
            await self.queue.publish_messages([Notice(run.run_id)])


class PageRetries(msgspec.Struct):
    """Publishes the messages that try pages again which got no usable answer, each after a longer
    pause. `now` gives epoch seconds."""

    runs: Runs
    queue: Queue
    now: Callable[[], float]

    async def publish_retries(self, run: Run) -> None:
        """Try the pages of a run again. The ids of the messages are those of the run, so that
        publishing them twice does no harm. Raises `QueueRefused`."""
        tries = await self.runs.tries_of(run.run_id) if run.failed else {}
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
                iso(self.now()),
                int(AGAIN_SECONDS[count - 1]),
            )
            for number, (ask, count) in enumerate(again, 1)
            if count <= len(AGAIN_SECONDS)
        ]
        if messages:
            await self.queue.publish_messages(messages)


class QueuedContinuation(msgspec.Struct):
    """Goes on by messages of the queue. `notion_now` gives Notion's time (epoch seconds)."""

    is_queued: ClassVar = True

    runs: Runs
    queue: Queue
    follow_up: FollowUp
    notices: EndNotices
    retries: PageRetries
    log: Log
    notion_now: Callable[[], float]

    async def send_next(self, message: Message) -> None:
        await self.queue.publish_messages([message])

    async def start_followers(self, run_id: str, follow_up: str, moment: float | None) -> None:
        if follow_up:
            await self.follow_up.start_run(follow_up)
        if moment is not None:
            await self.follow_up.schedule_run(run_id, moment, self.notion_now())

    async def announce_end(self, run: Run, *, is_mine: bool) -> None:
        if run.status != "cancelled":
            await self.retries.publish_retries(run)
        await self.notices.announce_end(run, is_mine=is_mine)

    async def announce_failure(self, run_id: str) -> None:
        """Do nothing: a message that is refused for good calls back by itself."""

    async def announce_if_possible(self, run_id: str) -> bool:
        try:
            if run := await self.runs.read_run(run_id):
                await self.notices.announce_end(run)
        except (QueueRefused, TryLater) as trouble:
            self.log.warning("run.untold", untoldRun=run_id, reason=str(trouble))
            return False
        return True


class InlineContinuation(msgspec.Struct):
    """Ends with the call: there is no queue, or it is down. What follows is asked for where that is
    possible. `tell` announces the end of a run to all channels, `notion_now` gives Notion's time
    (epoch seconds)."""

    is_queued: ClassVar = False

    follow_up: FollowUp
    tell: Callable[[str], Awaitable[object]]
    log: Log
    notion_now: Callable[[], float]

    async def send_next(self, message: Message) -> None:
        """Do nothing: another call goes on."""

    async def start_followers(self, run_id: str, follow_up: str, moment: float | None) -> None:
        if follow_up:
            try:
                await self.follow_up.start_run(follow_up)
            except QueueRefused as refusal:
                self.log.warning("run.follow_up_unsent", followUp=follow_up, reason=str(refusal))
        if moment is not None:
            try:
                await self.follow_up.schedule_run(run_id, moment, self.notion_now())
            except QueueRefused as refusal:
                self.log.warning("run.date_unsent", at=iso(moment), reason=str(refusal))

    async def announce_end(self, run: Run, *, is_mine: bool) -> None:
        await self.announce_if_possible(run.run_id)

    async def announce_failure(self, run_id: str) -> None:
        await self.announce_if_possible(run_id)

    async def announce_if_possible(self, run_id: str) -> bool:
        try:
            await self.tell(run_id)
        except (QueueRefused, TryLater) as trouble:
            self.log.warning("run.untold", untoldRun=run_id, reason=str(trouble))
            return False
        return True


class SilentRuns(msgspec.Struct):
    """Runs that broke without a callback: the next slice that begins announces their end."""

    tellings: Tellings
    log: Log

    async def announce_all(self, continuation: Continuation) -> None:
        """Have all of them announced that can be; the others are left to the next slice."""
        for run_id in await self.tellings.silent_runs():
            self.log.error("run.silent", brokenRun=run_id)
            if await continuation.announce_if_possible(run_id):
                await self.tellings.note_noticed(run_id)
