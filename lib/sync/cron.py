"""The crons of `vercel.json`: when one of them asks for a sync next. Vercel's expressions have five
fields, in UTC.

Names (`MON`) and a day of the month beside a day of the week are refused by Vercel itself:
https://vercel.com/docs/cron-jobs#cron-expressions
"""

import json
from datetime import UTC, datetime, timedelta

import msgspec

FIELDS = (
    (0, 59),
    (0, 23),
    (1, 31),
    (1, 12),
    (0, 6),
)  # minute, hour, day, month, day of the week (0: Sunday)
LOOK_AHEAD_DAYS = 8 * 366
"""Between two 29th of February may lie eight years."""


class Cron(msgspec.Struct, frozen=True):
    """`next_at` is the next time it asks, in epoch seconds."""

    schedule: str
    next_at: float


def next_cron(vercel_json: str, path: str, now: float) -> Cron | None:
    """The cron that calls `path` (with any query) next; None where no cron does."""
    crons = json.loads(vercel_json).get("crons", [])
    schedules = [cron["schedule"] for cron in crons if cron["path"].partition("?")[0] == path]
    coming = [
        Cron(schedule, at) for schedule in schedules if (at := next_time(schedule, now)) is not None
    ]
    return min(coming, key=lambda cron: cron.next_at, default=None)


def next_time(schedule: str, after: float) -> float | None:
    """The first minute after `after` (epoch seconds) that fits; None where none ever does. Raises
    ValueError."""
    minutes, hours, days, months, weekdays = (
        _field_values(field, *bounds)
        for field, bounds in zip(schedule.split(), FIELDS, strict=True)
    )
    start = datetime.fromtimestamp(after, UTC)
    for ahead in range(LOOK_AHEAD_DAYS):
        day = (start + timedelta(days=ahead)).replace(hour=0, minute=0, second=0, microsecond=0)
        if day.day not in days or day.month not in months or day.isoweekday() % 7 not in weekdays:
            continue
        for hour in hours:
            for minute in minutes:
                at = day.replace(hour=hour, minute=minute)
                if at > start:
                    return at.timestamp()
    return None


def _field_values(field: str, lowest: int, highest: int) -> list[int]:
    """`*`, `5`, `1-5`, `*/15`, `1-30/2` and lists of them."""
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{lowest}-{highest}" if span == "*" else span).partition("-")
        end = int(last) if last else highest if step else int(first)
        values |= set(range(int(first), end + 1, int(step or 1)))
    return sorted(values)
