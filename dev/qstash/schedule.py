"""Schedules: kept and shown, fired by hand.

Source: https://upstash.com/docs/qstash/features/schedules.
"""

from typing import Any

import msgspec

from dev.qstash.clock import milliseconds
from dev.qstash.errors import Refusal
from dev.qstash.publication import Publication

_CRON_FIELDS = 5


class Schedule(msgspec.Struct):
    """What is published again and again, and when it was last."""

    schedule_id: str
    cron: str
    publication: Publication
    created_at: float
    paused: bool = False
    fired_at: float | None = None

    def describe(self) -> dict[str, Any]:
        asked = self.publication
        described = {
            "scheduleId": self.schedule_id,
            "cron": self.cron,
            "createdAt": milliseconds(self.created_at),
            "destination": asked.url,
            "method": asked.method,
            "header": asked.shown_header,
            "body": asked.shown_body.decode(errors="replace"),
            "retries": asked.retries,
            "isPaused": self.paused,
        }
        optional = {
            "callback": asked.callback,
            "failureCallback": asked.failure_callback,
            "delay": round(asked.delay_seconds),
            "queueName": asked.queue,
            "label": asked.label,
            "lastScheduleTime": self.fired_at and milliseconds(self.fired_at),
        }
        return described | {name: value for name, value in optional.items() if value}


def read_cron(text: str) -> str:
    """A cron expression, perhaps with a `CRON_TZ=` before it. Raises `Refusal` where it has not
    five fields."""
    fields = text.split()
    if fields and fields[0].startswith("CRON_TZ="):
        fields = fields[1:]
    if len(fields) != _CRON_FIELDS:
        raise Refusal(f"invalid cron expression: {text}")
    return text
