"""A message in the queue: what was asked for, and what became of it."""

import base64
from typing import Any, Literal

import msgspec

from dev.qstash.clock import milliseconds
from dev.qstash.publication import Headers, Publication

Kind = Literal["publish", "callback", "failureCallback", "schedule"]
State = Literal[
    "CREATED", "ACTIVE", "RETRY", "ERROR", "DELIVERED", "FAILED", "CANCEL_REQUESTED", "CANCELED"
]

FINAL: frozenset[State] = frozenset({"DELIVERED", "FAILED", "CANCELED"})
CALLER_IP = "127.0.0.1"


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """What a destination said: `status` 0 where it said nothing, and then `error` says why."""

    status: int = 0
    header: Headers = {}
    body: bytes = b""
    error: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retriable(self) -> bool:
        """Whether another attempt may help; 489 with its header says that none will."""
        refused = self.header.get("Upstash-Nonretryable-Error", [""])[0].lower() == "true"
        return not (self.status == 489 and refused)


class Attempt(msgspec.Struct, frozen=True, rename="camel"):
    """One delivery, in the queue's own time (epoch seconds); `retried` is the number that it
    carried."""

    retried: int
    started_at: float
    ended_at: float
    answer: Answer


class Message(msgspec.Struct, rename="camel", eq=False):
    """Times are epoch seconds by the queue's clock. `due_at` is the moment of the next attempt,
    `not_before` the moment of the first. A callback names the message that it tells of in
    `source_message_id`."""

    message_id: str
    kind: Kind
    publication: Publication
    created_at: float
    not_before: float
    due_at: float
    state: State = "CREATED"
    retried: int = 0
    attempts: list[Attempt] = []
    source_message_id: str = ""
    dlq_id: str = ""
    dropped: bool = False
    """A fault: accepted, and never delivered."""

    @property
    def url(self) -> str:
        return self.publication.url

    @property
    def answer(self) -> Answer:
        """The last attempt's."""
        return self.attempts[-1].answer if self.attempts else Answer()


def describe(message: Message) -> dict[str, Any]:
    """A message as `GET /v2/messages/{id}` shows it, without what it redacts.

    Fields that say nothing are left out, as Go's encoder does.
    """
    asked = message.publication
    optional = {
        "callback": asked.callback,
        "failureCallback": asked.failure_callback,
        "callbackHeader": asked.shown_callback_headers("callback") if asked.callback else None,
        "failureCallbackHeader": (
            asked.shown_callback_headers("failure-callback") if asked.failure_callback else None
        ),
        "queueName": asked.queue,
        "scheduleId": asked.schedule_id,
        "label": asked.label,
        "retryDelayExpression": asked.retry_delay,
        "timeout": asked.timeout_seconds and milliseconds(asked.timeout_seconds),
    }
    if limits := asked.flow_control:
        optional |= {
            "flowControlKey": limits.key,
            "parallelism": limits.parallelism,
            "rate": limits.rate,
        }
        optional |= {"period": limits.period if limits.rate else None}
    return {
        "messageId": message.message_id,
        "url": message.url,
        "method": asked.method,
        "header": asked.shown_header,
        "maxRetries": asked.retries,
        "notBefore": milliseconds(message.not_before),
        "createdAt": milliseconds(message.created_at),
        "callerIP": CALLER_IP,
        **_text_or_base64("body", asked.shown_body),
        **{name: value for name, value in optional.items() if value},
    }


def describe_answer(answer: Answer) -> dict[str, Any]:
    """The `response…` fields of an entry in the DLQ or the log; none where the destination gave no
    answer."""
    if not answer.status:
        return {}
    return {
        "responseStatus": answer.status,
        "responseHeader": answer.header,
        **_text_or_base64("responseBody", answer.body),
    }


def _text_or_base64(name: str, body: bytes) -> dict[str, str]:
    try:
        return {name: body.decode()}
    except UnicodeDecodeError:
        return {f"{name}Base64": base64.b64encode(body).decode()}
