"""The log: one entry for every state that a message went through.

Source: https://upstash.com/docs/qstash/howto/debug-logs.
"""

import base64
from collections import deque
from typing import Any, NamedTuple

from dev.qstash.clock import milliseconds
from dev.qstash.message import Answer, Message, State, describe, describe_answer

MAX_ENTRIES = 10_000


class Entry(NamedTuple):
    """`state` is the message's at `time` (epoch seconds); `number` tells entries of one moment
    apart."""

    time: float
    number: int
    message: Message
    state: State
    answer: Answer
    next_delivery_at: float | None

    @property
    def id(self) -> str:
        return f"{milliseconds(self.time)}-{self.number}"


class Log:
    """The newest entries, newest first when read."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._number = 0

    def record(
        self, now: float, message: Message, answer: Answer, next_delivery_at: float | None
    ) -> None:
        self._number += 1
        self._entries.append(
            Entry(now, self._number, message, message.state, answer, next_delivery_at)
        )

    def newest_first(self) -> list[tuple[str, dict[str, Any]]]:
        """Every entry by its id."""
        return [(entry.id, describe_entry(entry)) for entry in reversed(self._entries)]


def describe_entry(entry: Entry) -> dict[str, Any]:
    """An entry as `GET /v2/events` shows it to the SDKs."""
    described = describe(entry.message)
    expression = described.pop("retryDelayExpression", None)
    for name in ("createdAt", "notBefore", "callerIP", "bodyBase64"):
        described.pop(name, None)
    optional = {
        "error": entry.answer.error,
        "nextDeliveryTime": entry.next_delivery_at and milliseconds(entry.next_delivery_at),
        "retryDelayExpr": expression,
        "callbackHeaders": described.pop("callbackHeader", None),
        "failureCallbackHeaders": described.pop("failureCallbackHeader", None),
    }
    return {
        **described,
        **describe_answer(entry.answer),
        **{name: value for name, value in optional.items() if value},
        "time": milliseconds(entry.time),
        "state": entry.state,
        "body": base64.b64encode(entry.message.publication.shown_body).decode(),
    }
