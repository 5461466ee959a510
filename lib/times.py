"""Times of Notion's as instants, whatever their form."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

UNKNOWN = "9999-12-31T23:59:00.000Z"
"""In place of a time that can't be read: it is later than every reading, so nothing read before
counts as new enough, and a page that bears it is younger than all others."""

BEGINNING = "1970-01-01T00:00:00.000Z"

MINUTE_SECONDS = 60
LAG_SECONDS = 60
"""How long after an edit Notion's lists may still show what was before it."""


class AskedAt(msgspec.Struct, frozen=True, omit_defaults=True):
    """When something was asked for: by our clock, and by Notion's where an earlier slice asked,
    whose clock may be another than this one's (epoch seconds; 0: this slice asked)."""

    ours: float
    notions: float = 0.0

    def date(self, notion_time: Callable[[float], float]) -> float:
        """Return it by Notion's clock; `notion_time` tells what that showed at a time of ours."""
        return self.notions or notion_time(self.ours)

    def dated(self, notion_time: Callable[[float], float]) -> "AskedAt":
        """Return it as the next slice is to know it."""
        return AskedAt(self.ours, self.date(notion_time))


def instant(text: str) -> float:
    """Return the epoch seconds of a time or a day; UTC where no zone is given.

    Forms: "2026-05-01", "2026-05-01T10:00:00.000+02:00", "2026-05-01T10:00:00.000Z". Raises
    ValueError, and TypeError for what is no text.
    """
    time = datetime.fromisoformat(text)
    try:
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except OverflowError:  # the first and the last day that there is, far from UTC
        raise ValueError(f"{text} is out of range") from None


def is_time(value: Any) -> bool:
    """Return whether a value is a time that `instant` can read."""
    try:
        instant(value)
    except (TypeError, ValueError):
        return False
    return True


def settled_at(edited_at: float) -> float:
    """Return from when on a look hides no edit behind a time: Notion floors it to the minute, so
    one that was made later in that minute looks the same, and its lists lag behind edits."""
    return edited_at // MINUTE_SECONDS * MINUTE_SECONDS + MINUTE_SECONDS + LAG_SECONDS


def milliseconds_of(seconds: float) -> int:
    """Return seconds in whole milliseconds, as KV keeps times and spans."""
    return round(seconds * 1000)


def iso(time: float) -> str:
    """Return epoch seconds as an ISO time in UTC, to the millisecond."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")


def iso_utc(time: float) -> str:
    """Return the same with `Z` for the zone, as answers and bundles write times."""
    return iso(time).replace("+00:00", "Z")


def first_known(*times: str) -> str:
    """Return the first time that is known; the beginning of time where none is."""
    return next((time for time in times if time != UNKNOWN), BEGINNING)
