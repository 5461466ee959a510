"""From when to when a page is published, as its owner says it with the property `publish`, a
date."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from lib.bundle.properties import entries_named
from lib.model import JSON

PUBLISH = "publish"
NAME_CHARACTERS = 80
"""Of the name of a property in a doubt."""
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""In place of instants that lie in no year from 1 to 9999."""
UNFINISHED = ("incomplete", "unsupported")
"""Results of formulas and rollups that Notion does not show."""


class Window(msgspec.Struct, frozen=True):
    """Instants in UTC from which on and until which a page is published; `end` itself is outside.
    None: no bound."""

    start: datetime | None = None
    end: datetime | None = None


ALWAYS = Window()


class Schedule(msgspec.Struct, frozen=True):
    """`doubt` says why the window is not known; "" where it is."""

    window: Window
    doubt: str = ""


class _NoDate(ValueError):
    """What a date says is not known; the message goes on from the name of its property."""


def is_open(window: Window, now: datetime) -> bool:
    """Return whether a page with this window is published at an instant."""
    return (window.start is None or window.start <= now) and (
        window.end is None or now < window.end
    )


def next_moment(window: Window, now: datetime) -> datetime | None:
    """Return when the window opens or closes next; None where it never does again."""
    return next(
        (moment for moment in (window.start, window.end) if moment is not None and moment > now),
        None,
    )


def schedule_of(page: JSON, time_zone: str) -> Schedule:
    """Return when a page is published; always where it has no date for that.

    `time_zone` is that of dates and times that name none. A property of another type counts for
    nothing. A date that is there and can't be read is a doubt: then nothing is known of the owner's
    wish, and the page should stay as it is.
    """
    for name, one in entries_named(page["properties"], PUBLISH):
        try:
            dates = _dates_of(one)
            if dates:
                return Schedule(_window_of(dates, time_zone))
        except _NoDate as problem:
            return Schedule(
                ALWAYS, f'property "{name[:NAME_CHARACTERS]}" {problem}: the page stays as it is'
            )
    return Schedule(ALWAYS)


def _dates_of(value: JSON) -> list[JSON]:
    """Return the dates of a property, or of the result of a formula or a rollup; none for a type
    without dates."""
    kind = value["type"]
    if value.get("is_odd") or value.get("is_partly_odd") or kind in UNFINISHED:
        raise _NoDate("is no date that can be read")
    given = value.get(kind)
    match kind:
        case _ if not given:
            return []
        case "date":
            return [given]
        case "formula" | "rollup":
            return _dates_of(given)
        case "array":
            return [date for item in given for date in _dates_of(item)]
    return []


def _window_of(dates: list[JSON], default_zone: str) -> Window:
    try:
        [given] = dates
        zone = default_zone if given.get("time_zone") is None else given["time_zone"]
        start = _instant_in_zone(given["start"], zone, is_end=False)
        end = (
            None if given.get("end") is None else _instant_in_zone(given["end"], zone, is_end=True)
        )
    except (
        ValueError,
        TypeError,
        LookupError,
        OSError,
    ):  # the last two: no time zone has this name
        raise _NoDate("is no date that can be read") from None
    if end is not None and end <= start:
        raise _NoDate("ends before it begins")
    return Window(start, end)


def _instant_in_zone(text: str, zone_name: str, *, is_end: bool) -> datetime:
    """Return when a day or a time begins or, as an end, when a range up to it is over, its last day
    included."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (
            _in_utc(moment) if moment.tzinfo else _wall_time(moment, _zone_named(zone_name), is_end)
        )
    zone = _zone_named(zone_name)
    return (
        _day_end(day, zone)
        if is_end
        else _wall_time(datetime.combine(day, time()), zone, is_end=False)
    )


def _day_end(day: date, zone: tzinfo) -> datetime:
    """Return when a day is over in a zone; where midnight comes twice, the one after which it does
    not come back."""
    if day == date.max:
        return LAST
    midnight = datetime.combine(day + timedelta(days=1), time())
    early, late = sorted(_both_instants(midnight, zone))
    return late if (late - datetime.resolution).astimezone(zone).date() <= day else early


def _wall_time(local: datetime, zone: tzinfo, is_end: bool) -> datetime:
    """Return when clocks of a zone show a time.

    Where they show it twice, for they were put back, a start is the first and an end is the last of
    both. Where they never do, for they were put forward, it is as much later.
    """
    moments = _both_instants(local, zone)
    return max(moments) if is_end else moments[0]


def _both_instants(local: datetime, zone: tzinfo) -> list[datetime]:
    """Return the instants at which clocks show a time, by the offset before and by the one after a
    change of them."""
    return [_in_utc(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return FIRST if moment.year == FIRST.year else LAST


def _zone_named(name: str) -> tzinfo:
    """UTC needs no database of time zones, which a machine may lack."""
    return UTC if name == "UTC" else ZoneInfo(name)
