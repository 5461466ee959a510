"""The end of a run is announced: failed runs are marked, then people and the site are notified,
each of them once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, Self

import msgspec

from lib.errors import Misconfigured, NoAnswer, SyncError, TryLater
from lib.log import Log
from lib.model import Outcome
from lib.qstash.messages import Message
from lib.store.runs import Ended, Run, Runs
from lib.store.tellings import HELD_MS, Tellings
from lib.sync.trigger import DELIVERY_SECONDS, FollowUp

SITE_SECONDS, SHORTEST_SITE_SECONDS = 5.0, 1.0
"""How long a slice waits for the site's answer, and the shortest time worth a request. With less
time left, the queue notifies the site."""
SITE_SHARE = 0.5
"""At most this share of what is left of the function's time: the notice may have to go out yet."""


class Channel(Protocol):
    """A way to notify people or the site. `repeatable`: the receiver recognises a repeated message.
    `is_for_people`: it is left out where a run was cancelled, which one of them did."""

    @property
    def name(self) -> str: ...

    @property
    def repeatable(self) -> bool: ...

    @property
    def is_for_people(self) -> bool: ...

    async def tell_outcome(self, outcome: Outcome) -> None:
        """Raises `TryLater` (it was not sent), `NoAnswer` (it may have been sent), `Misconfigured`
        (it can't be sent)."""
        ...


class SiteChannel(Protocol):
    """The way to the site, which takes a repeated message without harm."""

    @property
    def name(self) -> str: ...

    async def tell_at_once(self, run_id: str) -> bool:
        """Return whether one request was enough; else nothing was sent. Raises `TryLater`."""
        ...


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """Who is notified of the ends of runs. `people`: of those that are news, or of `every_run`.
    `site`: of those that changed something."""

    people: bool
    every_run: bool
    site: bool

    @classmethod
    def of(cls, channels: Sequence[Channel], *, every_run: bool) -> Self:
        """Return the audience of these channels."""
        return cls(
            people=any(channel.is_for_people for channel in channels),
            every_run=every_run,
            site=any(not channel.is_for_people for channel in channels),
        )

    def people_hear(self, run: Run | Outcome) -> bool:
        is_worth_it = self.every_run or is_news(run)
        return self.people and is_worth_it and concerns_people(run)

    def site_hears(self, run: Run | Outcome) -> bool:
        return self.site and changed_site(run)

    def hears(self, run: Run | Outcome) -> bool:
        """Return whether the end of a run is to be announced at all."""
        return self.people_hear(run) or self.site_hears(run)


class SiteCall:
    """Notifies the site from the slice that ended the run, with no message in between. `until` is
    when the function is stopped, `now` gives the time (epoch seconds)."""

    def __init__(
        self,
        site: SiteChannel,
        tellings: Tellings,
        log: Log,
        *,
        until: float,
        now: Callable[[], float],
    ) -> None:
        self._site, self._tellings, self._log = site, tellings, log
        self._until, self._now = until, now

    async def tell_site(self, run_id: str) -> bool:
        """Return whether the site has confirmed the run's end; otherwise the queue has to notify
        it. After a kill in between, the next delivery of the slice does."""
        seconds = min(SITE_SECONDS, SITE_SHARE * (self._until - self._now()))
        if seconds < SHORTEST_SITE_SECONDS:
            return False
        channel = self._site.name
        try:
            async with asyncio.timeout(seconds):
                if not await self._site.tell_at_once(run_id):
                    return False
            await self._tellings.note_told(run_id, channel)
        except (SyncError, TimeoutError) as trouble:
            reason = str(trouble) or f"no answer came within {seconds:.1f} s"
            self._log.warning("notify.later", channel=channel, reason=reason)
            return False
        self._log.event("notify.told", channel=channel, accepted=True)
        return True


class Desk:
    """Notifies the channels of runs that have ended, where `tells` returns that there is anything
    to say. `now` gives epoch seconds."""

    def __init__(
        self,
        runs: Runs,
        tellings: Tellings,
        channels: Sequence[Channel],
        log: Log,
        *,
        tells: Callable[[Outcome], bool],
        follow_up: FollowUp,
        new_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        self._runs, self._tellings, self._channels = runs, tellings, channels
        self._log, self._tells, self._now = log, tells, now
        self._follow_up, self._new_id = follow_up, new_id

    async def fail_message(self, message: Message, reason: str) -> None:
        """Mark the run of a message that has used up its retries as failed, unless another delivery
        has carried it on."""
        run = await self._runs.read_run(message.run_id)
        if run is None:  # KV was away at every attempt, and when the run was asked for
            await self._runs.ask_for_run(message.run_id, message.ask, self._now())
        elif await self._runs.reached_slice(message.run_id, message.lane) > message.slice:
            self._log.event("callback.late", runId=message.run_id, slice=message.slice)
            return
        alive_until = self._now() + DELIVERY_SECONDS
        ended = await mark_failed(
            self._runs, self._log, message.run_id, reason, self._new_id(), alive_until
        )
        if ended.follow_up:
            await self._follow_up.start_run(ended.follow_up)
        if ended.next_moment is not None:
            await self._follow_up.schedule_run(message.run_id, ended.next_moment, self._now())

    async def tell_channels(self, run_id: str) -> list[str]:
        """Notify each channel that has not been notified of the end of the run; return the names of
        those that were now.

        Where a channel fails, the others are notified all the same. Raises `TryLater` where one has
        to be tried again, after all others were.
        """
        telling = await self._tellings.read_ending(run_id)
        if telling is None or not self._tells(telling.outcome):
            return []
        told: list[str] = []
        trouble: TryLater | None = None
        for channel in self._channels:
            is_spared = channel.is_for_people and not concerns_people(telling.outcome)
            if channel.name in telling.told or is_spared:
                continue
            try:
                if await self._tell_channel(channel, telling.outcome):
                    told.append(channel.name)
            except TryLater as later:
                self._log.warning(
                    "notify.later", runId=run_id, channel=channel.name, reason=str(later)
                )
                trouble = later
        if trouble:
            raise trouble
        return told

    async def _tell_channel(self, channel: Channel, outcome: Outcome) -> bool:
        """Notify a channel; return whether that was done now. One that can't recognise a repeated
        message is claimed before: after a kill it is left out rather than notified twice. Any other
        is held meanwhile. Raises `TryLater`, also where another delivery holds it."""
        run_id = outcome.run_id
        if not channel.repeatable and not await self._tellings.claim_channel(run_id, channel.name):
            return False
        if channel.repeatable and not await self._tellings.hold_channel(run_id, channel.name):
            raise TryLater("another delivery of this notice is under way", HELD_MS / 1000)
        told = True
        try:
            await channel.tell_outcome(outcome)
        except Misconfigured as refusal:
            self._log.error(
                "notify.refused", runId=run_id, channel=channel.name, reason=str(refusal)
            )
            told = False
        except NoAnswer as doubt:
            if channel.repeatable:
                await self._tellings.release_channel(run_id, channel.name)
                raise
            self._log.warning(
                "notify.unsure", runId=run_id, channel=channel.name, reason=str(doubt)
            )
        except TryLater:
            await self._tellings.release_channel(run_id, channel.name)
            raise
        await self._tellings.note_told(run_id, channel.name)
        self._log.event("notify.told", runId=run_id, channel=channel.name, accepted=told)
        return told


async def mark_failed(
    runs: Runs, log: Log, run_id: str, reason: str, next_id: str, alive_until: float
) -> Ended:
    """Mark a run as failed and make way for the next one, unless it has ended already.

    Return what follows it, for its messages to be published: where a run was promised meanwhile,
    its id is `next_id`.
    """
    ended = await runs.end_run(run_id, "failed", {"error": reason[:1000]}, next_id, alive_until)
    if not ended.repeated:
        log.error("run.failed", runId=run_id, reason=reason)
    return ended


def changed_site(run: Run | Outcome) -> bool:
    """Return whether a site reads anything else than before."""
    return any((run.written, run.deleted, run.touched))


def concerns_people(run: Run | Outcome) -> bool:
    """Return whether people may be notified of the end of a run. A cancelled one was cancelled by
    one of them."""
    return run.status != "cancelled"


def is_news(run: Run | Outcome) -> bool:
    """Return whether the end of a run is worth a message to people."""
    return changed_site(run) or run.status == "failed" or run.failed > 0
