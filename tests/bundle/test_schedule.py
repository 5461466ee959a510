"""When a page is published, by the property `publish`."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import lib.bundle.schedule
from lib.bundle.schedule import ALWAYS, Schedule, Window, is_open, next_moment, schedule_of
from lib.model import JSON
from lib.notion.border.objects import Oddities, page_of
from tests.bundle.samples import PROPERTIES, page, prop

BERLIN = "Europe/Berlin"
ZONES = (
    *(
        "UTC",
        BERLIN,
        "Europe/Dublin",
        "America/New_York",
        "America/St_Johns",
        "America/Havana",
        "Africa/Casablanca",
    ),
    *(
        "Asia/Kathmandu",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
    ),
)
"""Among them: changes at midnight, by half an hour, and of a whole day."""
UNREADABLE = 'property "Publish" is no date that can be read: the page stays as it is'
BACKWARDS = 'property "Publish" ends before it begins: the page stays as it is'

moments = st.datetimes(datetime(1972, 1, 1), datetime(2099, 1, 1))
days = st.dates(date(1972, 1, 1), date(2099, 1, 1))
zones = st.sampled_from(ZONES)


def day(start: str | None, end: str | None = None, time_zone: str | None = None) -> JSON:
    return {"start": start, "end": end, "time_zone": time_zone}


def schedule(
    start: str | None, end: str | None = None, own: str | None = None, zone: str = "UTC"
) -> Schedule:
    return schedule_of(page({"Publish": prop("date", day(start, end, own))}), zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("found", "start", "end"),
    [
        (schedule("2026-06-27T18:01:00.000+01:00"), "2026-06-27T17:01", None),
        (
            schedule("2026-06-27T18:00:00.000Z", "2026-06-28T06:30:00.000+02:00"),
            "2026-06-27T18:00",
            "2026-06-28T04:30",
        ),
        (schedule("2026-06-27T18:01:00", own=BERLIN), "2026-06-27T16:01", None),
        (schedule("2026-06-27T18:01:00.000-05:00", own=BERLIN), "2026-06-27T23:01", None),
        (schedule("2026-06-27T18:01:00", zone=BERLIN), "2026-06-27T16:01", None),
        (schedule("2026-06-27T18:01:00", own="Asia/Tokyo", zone=BERLIN), "2026-06-27T09:01", None),
        (schedule("2026-12-24"), "2026-12-24T00:00", None),
        (schedule("2026-12-24", zone=BERLIN), "2026-12-23T23:00", None),
        (schedule("2026-12-24", own="Asia/Tokyo", zone=BERLIN), "2026-12-23T15:00", None),
        (schedule("2026-12-24", "2026-12-26", zone=BERLIN), "2026-12-23T23:00", "2026-12-26T23:00"),
        (schedule("2026-12-24", "2026-12-24"), "2026-12-24T00:00", "2026-12-25T00:00"),
        (
            schedule("2026-12-24", "2026-12-24T18:00:00.000+01:00"),
            "2026-12-24T00:00",
            "2026-12-24T17:00",
        ),
    ],
)
def test_a_date_is_a_window_and_the_last_day_of_a_range_belongs_to_it(
    found: Schedule, start: str, end: str | None
) -> None:
    assert found == Schedule(Window(utc(start), utc(end) if end else None))


@pytest.mark.parametrize(
    ("start", "end", "from_", "to"),
    [
        (
            "2026-03-29T02:30:00",
            None,
            "2026-03-29T01:30",
            None,
        ),  # a time that is left out comes an hour later
        ("2026-10-25T02:30:00", None, "2026-10-25T00:30", None),  # of two the first is a start …
        (
            "2026-10-24T12:00:00",
            "2026-10-25T02:30:00",
            "2026-10-24T10:00",
            "2026-10-25T01:30",
        ),  # … the last an end
        ("2026-03-28", "2026-03-29", "2026-03-27T23:00", "2026-03-29T22:00"),
        ("2026-10-24", "2026-10-25", "2026-10-23T22:00", "2026-10-25T23:00"),
    ],
)
def test_clocks_that_are_changed_shorten_and_lengthen_windows(
    start: str, end: str | None, from_: str, to: str | None
) -> None:
    assert schedule(start, end, zone=BERLIN).window == Window(utc(from_), utc(to) if to else None)


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"Publish": prop("date", None)},
        {"Publish": prop("checkbox", True)},
        {"Publish": prop("select", {"id": "1", "name": "2026-12-24", "color": "gray"})},
        {"Publish": prop("rich_text", [])},
        {"Publish": prop("formula", None)},
        {"Publish": prop("formula", {"type": "boolean", "boolean": True})},
        {"Publish": prop("formula", {"type": "date", "date": None})},
        {"Publish": prop("rollup", {"type": "array", "array": [], "function": "show_original"})},
        {"Publishing": prop("date", day("2026-12-24"))},
    ],
)
def test_without_a_date_a_page_is_always_published(properties: JSON) -> None:
    assert schedule_of(page(properties), "UTC") == Schedule(ALWAYS)


@pytest.mark.parametrize(
    "kind", [kind for kind in PROPERTIES if kind not in ("date", "formula", "rollup")]
)
def test_a_property_of_another_type_counts_for_nothing(kind: str) -> None:
    assert schedule_of(page({"publish": PROPERTIES[kind][0]}), "UTC") == Schedule(ALWAYS)


@pytest.mark.parametrize(
    "property",
    [
        prop("formula", {"type": "date", "date": day("2026-12-24")}),
        prop("rollup", {"type": "date", "date": day("2026-12-24"), "function": "latest_date"}),
        prop(
            "rollup",
            {
                "type": "array",
                "array": [prop("date", day("2026-12-24"))],
                "function": "show_original",
            },
        ),
        prop(
            "rollup",
            {"type": "array", "array": [prop("date", None), prop("date", day("2026-12-24"))]},
        ),
    ],
)
@pytest.mark.parametrize("name", ["publish", "PUBLISH", " Publish "])
def test_a_computed_date_counts_like_any_other_and_the_name_in_any_case(
    property: JSON, name: str
) -> None:
    assert schedule_of(page({name: property}), "UTC").window == Window(utc("2026-12-24"))


def test_of_two_properties_that_differ_in_case_the_one_that_has_a_date_counts() -> None:
    both = {"publish": prop("checkbox", False), "Publish": prop("date", day("2026-12-24"))}
    assert schedule_of(page(both), "UTC").window == Window(utc("2026-12-24"))
    assert schedule_of(page({**both, "publish": prop("date", None)}), "UTC").window == Window(
        utc("2026-12-24")
    )


@pytest.mark.parametrize(
    "date",
    [
        day("soon"),
        day("2026-02-30"),
        day("2026-12-24T25:00:00"),
        day(None, "2026-12-24"),
        day("2026-12-24", "later"),
        day("2026-12-24", None, "Mars/Olympus"),
        day("2026-12-24T10:00:00", None, "Europe"),
        day("2026-12-24T10:00:00", None, "../etc/passwd"),
        day("2026-12-24", None, ""),
    ],
)
def test_a_page_stays_as_it_is_while_its_date_can_not_be_read(date: JSON) -> None:
    assert schedule_of(page({"Publish": prop("date", date)}), "UTC") == Schedule(ALWAYS, UNREADABLE)


@pytest.mark.parametrize(
    "given_value",
    [
        None,
        {"id": "x"},
        prop("date", "2026-12-24"),
        prop("date", {"start": 7}),
        prop("date", {"start": "2026-12-24", "end": 7}),
        prop("rollup", {"type": "incomplete", "incomplete": {}, "function": "latest_date"}),
        prop("formula", {"type": "unsupported", "unsupported": {}}),
        prop(
            "rollup",
            {
                "type": "array",
                "array": [prop("date", day("2026-12-24")), prop("date", day("2026-12-25"))],
            },
        ),
    ],
)
def test_a_page_stays_as_it_is_while_its_date_is_odd_unknown_or_not_one(given_value: Any) -> None:
    found = page_of(page({"Publish": given_value}), Oddities())
    assert found
    assert schedule_of(found, "UTC") == Schedule(ALWAYS, UNREADABLE)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-12-26", "2026-12-24"),
        ("2026-12-24T10:00:00Z", "2026-12-24T10:00:00Z"),
        ("2026-12-24T10:00:00+02:00", "2026-12-24T08:30:00+01:00"),
    ],
)
def test_a_page_stays_as_it_is_while_its_date_ends_before_it_begins(start: str, end: str) -> None:
    assert schedule(start, end) == Schedule(ALWAYS, BACKWARDS)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_the_first_and_the_last_day_that_there_is_are_days_too(zone: str) -> None:
    window = schedule("0001-01-01", "9999-12-31", zone=zone).window
    assert is_open(window, utc("0001-01-03"))
    assert is_open(window, utc("9999-12-29"))
    assert schedule("9999-12-31T23:59:00-12:00").window.start == datetime.max.replace(tzinfo=UTC)
    assert schedule("0001-01-01T00:00:00+12:00").window.start == datetime.min.replace(tzinfo=UTC)


def test_utc_needs_no_database_of_time_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lib.bundle.schedule, "ZoneInfo", None)
    assert schedule("2026-12-24", "2026-12-26").window == Window(
        utc("2026-12-24"), utc("2026-12-27")
    )


def test_a_window_is_open_from_its_start_until_its_end() -> None:
    start, end, tick = utc("2026-12-24"), utc("2026-12-26"), timedelta(microseconds=1)
    window = Window(start, end)
    told = [is_open(window, now) for now in (start - tick, start, end - tick, end)]
    assert told == [False, True, True, False]
    assert is_open(ALWAYS, start)
    assert is_open(Window(start=start), end)
    assert is_open(Window(end=end), start)


# Against zoneinfo: what a wall clock shows in a zone decides.


@given(moments, zones)
@example(datetime(2026, 3, 29, 2, 30), BERLIN)
@example(datetime(2026, 10, 25, 2, 30), BERLIN)
def test_a_time_without_an_offset_is_when_the_wall_clock_shows_it(
    local: datetime, zone: str
) -> None:
    start = schedule(local.isoformat(), zone=zone).window.start
    assert start
    shown = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if shown == local:
        assert start <= local.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    else:  # the clock was put forward over it, and shows the time so much later
        assert timedelta(0) < shown - local <= timedelta(days=1)
        assert local.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC) < start


@given(days, st.integers(0, 400), zones)
@example(date(2011, 12, 29), 0, "Pacific/Apia")
@example(date(2010, 11, 6), 0, "America/St_Johns")
@example(date(2026, 10, 31), 0, "America/Havana")
@example(date(2026, 11, 1), 0, "America/Havana")
@example(date(2022, 3, 27), 0, "Asia/Beirut")
def test_an_all_day_range_holds_every_moment_of_its_days(first: date, more: int, zone: str) -> None:
    last = first + timedelta(days=more)
    window = schedule(first.isoformat(), last.isoformat(), zone=zone).window
    assume(window is not ALWAYS)  # a day that a zone left out
    assert window.start
    assert window.end
    clock, second = ZoneInfo(zone), timedelta(seconds=1)
    assert window.start.astimezone(clock).date() >= first
    assert (window.start - second).astimezone(clock).date() < first
    assert (window.end - second).astimezone(clock).date() <= last
    assert window.end.astimezone(clock).date() > last
    for hours in range(-30, 31):
        for edge in (window.start, window.end):
            moment = edge + timedelta(hours=hours)
            if first <= moment.astimezone(clock).date() <= last:
                assert is_open(window, moment)


@given(
    st.builds(
        Window,
        st.none() | st.datetimes(timezones=st.just(UTC)),
        st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    st.datetimes(timezones=st.just(UTC)),
)
def test_nothing_changes_before_the_next_moment_and_it_changes_there(
    window: Window, now: datetime
) -> None:
    assume(not (window.start and window.end) or window.start < window.end)
    tick = timedelta(microseconds=1)
    assume(now > datetime.min.replace(tzinfo=UTC) + tick)
    moment = next_moment(window, now)
    if moment is None:
        ahead = [bound for bound in (window.start, window.end) if bound and bound > now]
        assert ahead == []
    else:
        assert moment > now
        assert is_open(window, moment - tick) == is_open(window, now) != is_open(window, moment)


@given(moments, st.sampled_from(["+00:00", "-05:30", "+13:45", "Z"]), zones, zones)
def test_an_offset_decides_whatever_the_zones_are(
    local: datetime, offset: str, own: str, zone: str
) -> None:
    text = f"{local.isoformat()}{offset}"
    assert schedule(text, own=own, zone=zone).window.start == datetime.fromisoformat(text)
