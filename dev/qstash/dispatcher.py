"""Takes messages in, starts each when it is due, and decides what an attempt's outcome means for
it."""

import asyncio
import time

import httpx

from dev.qstash import callback, retry
from dev.qstash.account import Account
from dev.qstash.delivery import deliver
from dev.qstash.message import Answer, Attempt, Kind, Message
from dev.qstash.publication import Publication

GLOBAL_PARALLELISM = 10
"""The free plan's; it stands above all flow control keys."""


class Dispatcher:
    """The deliveries of one account, all on one event loop. `idle` is set while nothing is in
    flight or due."""

    def __init__(self, account: Account) -> None:
        self.idle = asyncio.Event()
        self.idle.set()
        self._account = account
        self._waiting: dict[str, Message] = {}
        self._held: set[str] = set()
        self._in_flight: dict[asyncio.Task[None], Message] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._halted = False
        self._http: httpx.AsyncClient | None = None

    def open(self, http: httpx.AsyncClient) -> None:
        self._http = http

    def halt(self) -> None:
        """Start nothing more until `stop`. `idle` is set when what is in flight has ended."""
        self._halted = True
        self._held.clear()
        self.start_due()

    async def stop(self) -> None:
        """Abandons every message, also those in flight, and takes new ones again."""
        tasks = list(self._in_flight)
        self._halted = False
        self._in_flight.clear()
        self._waiting.clear()
        self._held.clear()
        if self._alarm:
            self._alarm.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.idle.set()

    def publish(
        self, publication: Publication, kind: Kind, source_message_id: str = ""
    ) -> tuple[str, bool]:
        """Takes a message in, or finds the one that it repeats: its id, and whether it is a
        duplicate."""
        account = self._account
        now = account.clock.now()
        if earlier := account.deduplication.earlier(publication, now):
            return earlier, True
        not_before = now + publication.delay_seconds
        if (
            publication.not_before is not None
        ):  # the publisher means its own clock, which nobody moves
            not_before = now + max(0.0, publication.not_before - time.time())
        message = account.create(publication, kind, not_before, source_message_id)
        if account.faults.strike("drop", message.url):
            message.dropped = True
        else:
            self._waiting[message.message_id] = message
            self.start_due()
        return message.message_id, False

    def cancel(self, message: Message) -> None:
        """Takes a message out of the queue; one that is in flight may still be delivered."""
        self._account.enter(message, "CANCEL_REQUESTED")
        if message not in self._in_flight.values():
            self._waiting.pop(message.message_id, None)
            self._held.discard(message.message_id)
            self._account.enter(message, "CANCELED")
        self.start_due()

    def waiting_for(self, flow_control_key: str) -> int:
        """The size of a flow control key's wait list: what is due and may not begin yet."""
        now = self._account.clock.now()
        return sum(
            message.due_at <= now and _key(message) == flow_control_key
            for message in self._waiting.values()
        )

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    def start_due(self) -> None:
        """Starts everything that may start now, and sets the alarm for what comes next."""
        now = self._account.clock.now()
        for message in sorted(self._waiting.values(), key=lambda waiting: waiting.due_at):
            if message.due_at <= now and self._may_start(message, now):
                self._start(message, now)
        if self._in_flight or self._held:
            self.idle.clear()
        else:
            self.idle.set()
        self._set_alarm(now)

    def _may_start(self, message: Message, now: float) -> bool:
        if self._halted or len(self._in_flight) >= GLOBAL_PARALLELISM:
            return False
        if message.publication.queue and not self._account.heads(message):
            return False
        key = _key(message)
        if key and not self._account.flow_control(key).admits(now):
            return False
        return not self._hold_back(message, now)

    def _hold_back(self, message: Message, now: float) -> bool:
        """The fault `reorder`: a message is held once, until another one was answered or its time
        is over."""
        if message.message_id in self._held:
            self._held.discard(message.message_id)
            return False
        fault = None if self._held else self._account.faults.strike("reorder", message.url)
        if not fault:
            return False
        self._held.add(message.message_id)
        message.due_at = now + fault.seconds
        return True

    def _start(self, message: Message, now: float) -> None:
        del self._waiting[message.message_id]
        if key := _key(message):
            self._account.flow_control(key).begin(now)
        self._account.enter(message, "ACTIVE")
        task = asyncio.get_running_loop().create_task(self._run(message))
        self._in_flight[task] = message
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        message = self._in_flight.pop(task, None)
        if message is None:
            return
        if key := _key(message):
            self._account.flow_control(key).end()
        now = self._account.clock.now()
        for message_id in self._held:
            self._waiting[message_id].due_at = now
        self.start_due()
        task.result()

    async def _run(self, message: Message) -> None:
        faults, url = self._account.faults, message.url
        if faults.strike("twice", url):
            answers = await asyncio.gather(self._attempt(message), self._attempt(message))
            answer = next((one for one in answers if one.ok), answers[0])
        else:
            answer = await self._attempt(message)
        if answer.ok and faults.strike("again", url):
            answer = await self._attempt(message)
        self._settle(message, answer)

    async def _attempt(self, message: Message) -> Answer:
        assert self._http, "a dispatcher delivers once it is open"
        started = self._account.clock.now()
        answer = await deliver(self._http, self._account, message)
        message.attempts.append(
            Attempt(message.retried, started, self._account.clock.now(), answer)
        )
        return answer

    def _settle(self, message: Message, answer: Answer) -> None:
        """What the outcome of an attempt means: delivered, cancelled, another attempt, or failed
        for good."""
        account, asked = self._account, message.publication
        cancelled = message.state == "CANCEL_REQUESTED"
        failed = not answer.ok and (not answer.retriable or message.retried >= asked.retries)
        if answer.ok:
            account.enter(message, "DELIVERED", answer)
        elif cancelled:
            account.enter(message, "CANCELED", answer)
            return
        else:
            account.enter(message, "ERROR", answer)
        if failed:
            account.bury(message)
            account.enter(message, "FAILED", answer)
        if asked.callback:
            self.publish(callback.after_attempt(message, answer), "callback", message.message_id)
        if failed and asked.failure_callback:
            self.publish(
                callback.after_failure(message, answer), "failureCallback", message.message_id
            )
        if not answer.ok and not failed:
            self._retry(message, answer)

    def _retry(self, message: Message, answer: Answer) -> None:
        account = self._account
        wait = retry.delay(
            message.retried, message.publication.retry_delay, answer.header, time.time()
        )
        message.retried += 1
        message.due_at = account.clock.now() + wait / account.settings.speed
        account.enter(message, "RETRY", answer, message.due_at)
        self._waiting[message.message_id] = message

    def _set_alarm(self, now: float) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        moments = [self._opens_at(message, now) for message in self._waiting.values()]
        if upcoming := [moment for moment in moments if moment > now]:
            wait = self._account.clock.real_seconds(min(upcoming) - now)
            self._alarm = asyncio.get_running_loop().call_later(wait, self.start_due)

    def _opens_at(self, message: Message, now: float) -> float:
        """When time alone may let a message begin."""
        key = _key(message)
        opens_at = self._account.flow_control(key).opens_at(now) if key else now
        return max(message.due_at, opens_at)


def _key(message: Message) -> str:
    limits = message.publication.flow_control
    return limits.key if limits else ""
