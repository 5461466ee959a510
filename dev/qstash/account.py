"""Everything one QStash account knows, in memory."""

import secrets
import string
from collections import Counter, defaultdict

import msgspec

from dev.qstash.clock import Clock, milliseconds
from dev.qstash.deduplication import Deduplication
from dev.qstash.errors import Refusal
from dev.qstash.faults import Faults
from dev.qstash.flow_control import FlowControl
from dev.qstash.limits import Limits
from dev.qstash.log import Log
from dev.qstash.message import FINAL, Answer, Kind, Message, State
from dev.qstash.publication import Publication
from dev.qstash.schedule import Schedule
from dev.qstash.signature import PUBLIC_TOKEN, SigningKeys

_ID_CHARACTERS = string.ascii_letters + string.digits
_ID_LENGTH = 64
_NO_ANSWER = Answer()


class Settings(msgspec.Struct, frozen=True):
    """How an account begins; `QStashStandIn` says what each is for."""

    token: str = PUBLIC_TOKEN
    allow_loopback: bool = True
    messages_per_day: int | None = None
    listings_per_second: int | None = None
    time_scale: float = 1.0
    speed: float = 1.0


class Account:
    """The state that the API, the dispatcher and the controls share. It belongs to one event
    loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.reset()

    def reset(self) -> None:
        """As at the start."""
        settings = self.settings
        self.clock = Clock(settings.time_scale)
        self.keys = SigningKeys()
        self.faults = Faults()
        self.limits = Limits(settings.messages_per_day, settings.listings_per_second)
        self.log = Log()
        self.deduplication = Deduplication()
        self.messages: dict[str, Message] = {}
        self.dlq: dict[str, Message] = {}
        self.schedules: dict[str, Schedule] = {}
        self.flow_controls: dict[str, FlowControl] = {}
        self._callbacks: dict[str, list[Message]] = defaultdict(list)
        self._queues: dict[str, list[Message]] = defaultdict(list)

    def create(
        self, publication: Publication, kind: Kind, not_before: float, source_message_id: str = ""
    ) -> Message:
        """Stores a message that was accepted."""
        now = self.clock.now()
        message = Message(new_id("msg"), kind, publication, now, not_before, not_before)
        message.source_message_id = source_message_id
        self.messages[message.message_id] = message
        self.limits.count_message(now)
        self.deduplication.remember(publication, message.message_id, now)
        if source_message_id:
            self._callbacks[source_message_id].append(message)
        if publication.queue:
            self._queues[publication.queue].append(message)
        if publication.flow_control:
            self.flow_control(publication.flow_control.key).follow(publication.flow_control)
        self.enter(message, "CREATED")
        return message

    def enter(
        self,
        message: Message,
        state: State,
        answer: Answer = _NO_ANSWER,
        next_delivery_at: float | None = None,
    ) -> None:
        """Moves a message into a state and logs it."""
        message.state = state
        self.log.record(self.clock.now(), message, answer, next_delivery_at)

    def bury(self, message: Message) -> None:
        """Puts a message that failed for good into the dead letter queue."""
        moment = milliseconds(self.clock.now())
        number = sum(dlq_id.startswith(f"{moment}-") for dlq_id in self.dlq)
        message.dlq_id = f"{moment}-{number}"
        self.dlq[message.dlq_id] = message

    def undelivered(self, message_id: str) -> Message:
        """A message that is still in the queue. Raises `Refusal`: QStash forgets the others."""
        message = self.messages.get(message_id)
        if message is None or message.state in FINAL:
            raise Refusal(f"message {message_id} not found", 404)
        return message

    def flow_control(self, key: str) -> FlowControl:
        return self.flow_controls.setdefault(key, FlowControl(key))

    def heads(self, message: Message) -> bool:
        """Whether a message of a queue is the first one there that has not come to its end,
        callbacks included."""
        queue = self._queues[message.publication.queue]
        while queue and self._settled(queue[0]):
            queue.pop(0)
        return bool(queue) and queue[0] is message

    def counts(self) -> Counter[str]:
        """Accepted messages by kind."""
        return Counter(message.kind for message in self.messages.values())

    def _settled(self, message: Message) -> bool:
        return message.dropped or (
            message.state in FINAL
            and all(self._settled(callback) for callback in self._callbacks[message.message_id])
        )


def new_id(prefix: str) -> str:
    """An id as long as the real ones."""
    return f"{prefix}_" + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))
