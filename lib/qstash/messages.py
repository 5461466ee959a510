"""The messages that this project sends to itself through QStash: a slice to be worked, and the end
of a run."""

import re
from typing import Any

import msgspec

from lib import json_text
from lib.model import Ask

WORKER = "/api/sync/worker"
NOTIFY = "/api/sync/notify"
CONSOLE = "https://console.upstash.com/qstash?messageId="
RUN_ID = re.compile(r"[\w.-]{1,100}", re.ASCII)
"""The form of a run's id, in a message and in the address of its status."""


class Message(msgspec.Struct, frozen=True):
    """One slice to be worked: number `slice` of a lane; `delay_seconds` before QStash delivers
    it."""

    run_id: str
    lane: str
    slice: int
    ask: Ask
    triggered_at: str
    delay_seconds: int = 0

    @property
    def id(self) -> str:
        """The deduplication id: publishing the same slice twice within ten minutes sends it
        once."""
        return f"{self.run_id}-{self.lane}-{self.slice}"

    def body(self) -> str:
        fields: dict[str, Any] = {
            "force": self.ask.force,
            "triggeredAt": self.triggered_at,
            "runId": self.run_id,
            "lane": self.lane,
            "slice": self.slice,
        }
        ask = self.ask
        rest = (
            ("page", ask.page),
            ("source", ask.source),
            ("retry", ask.retry),
            ("window", ask.window),
            ("scheduled", ask.scheduled),
            ("askedBy", ask.asked_by),
        )
        fields |= {name: value for name, value in rest if value}
        return json_text.encode(fields)


class Notice(msgspec.Struct, frozen=True):
    """A run has ended, and its end is to be announced."""

    run_id: str

    @property
    def id(self) -> str:
        return f"{self.run_id}-ended"

    def body(self) -> str:
        return json_text.encode({"runId": self.run_id})


def console_address(message_id: str) -> str:
    """Return where QStash's console shows a message."""
    return CONSOLE + message_id
