"""The order of an index: what decides it, and the text that bears it."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.index import SORT_DIGITS, rank_of, sort_text
from lib.bundle.values import Meta
from lib.model import JSON, Rank
from lib.times import instant

CREATED = "2026-05-01T10:00:00.000Z"


def meta(id: str = "a", created: str = CREATED, **properties: object) -> Meta:
    """What `rank` reads of one."""
    return cast(Meta, {"id": id, "createdTime": created, "properties": properties})


def day(start: str) -> JSON:
    return {"start": start, "end": None, "timeZone": None}


def in_order(*metas: Meta) -> list[str]:
    return [one.id for one in sorted(map(rank_of, metas), key=sort_text)]


def test_order_ascends_and_missing_comes_last() -> None:
    assert in_order(
        meta("none"), meta("ten", order=10), meta("half", order=0.5), meta("minus", order=-1)
    ) == [
        *("minus", "half", "ten", "none"),
    ]


def test_then_the_newest_date_comes_first_and_missing_last() -> None:
    metas = [meta("none"), meta("old", date=day("2026-01-01")), meta("new", date=day("2026-02-01"))]
    assert in_order(*metas) == ["new", "old", "none"]


def test_a_date_long_ago_comes_before_none() -> None:
    assert in_order(meta("a"), meta("b", date=day("1889-03-31"))) == ["b", "a"]


def test_order_goes_before_date() -> None:
    assert in_order(
        meta("b", order=2, date=day("2026-02-01")), meta("a", order=1, date=day("2026-01-01"))
    ) == [
        "a",
        "b",
    ]


def test_then_the_newest_page_comes_first_and_then_the_id_decides() -> None:
    assert in_order(meta("b"), meta("c", "2026-06-01T10:00:00.000Z"), meta("a")) == ["c", "a", "b"]


def test_dates_of_mixed_forms_compare_as_instants() -> None:
    metas = [
        meta("noon in Paris", date=day("2026-05-01T12:00:00.000+02:00")),
        meta("eleven in London", date=day("2026-05-01T11:00:00.000Z")),
        meta("the day", date=day("2026-05-01")),
        meta("the next", date=day("2026-05-02")),
    ]
    assert in_order(*metas) == ["the next", "eleven in London", "noon in Paris", "the day"]


@pytest.mark.parametrize(
    ("order", "date"), [("order", "date"), ("Order", "Date"), ("ORDER", "DATE")]
)
def test_properties_are_found_in_any_case(order: str, date: str) -> None:
    properties = {"Other": 1, order: 2, "Due": day("2026-04-01"), date: day("2026-05-01")}
    found = rank_of(meta("a", CREATED, **properties))
    assert (found.order, found.date) == (2.0, "2026-05-01")


@pytest.mark.parametrize("value", [None, "3", True, [3], {"start": "2026-05-01"}])
def test_an_order_that_is_no_number_is_missing(value: object) -> None:
    assert rank_of(meta(order=value)).order is None


@pytest.mark.parametrize("value", [None, "2026-05-01", 3, [], {"start": None}, {"start": "soon"}])
def test_a_date_that_is_no_date_is_missing(value: object) -> None:
    assert rank_of(meta(date=value)).date is None


def test_of_two_properties_that_differ_in_case_the_one_in_small_letters_counts() -> None:
    properties = {"ORDER": 1, "order": 2, "DATE": day("2026-04-01"), "date": day("2026-05-01")}
    found = rank_of(meta("a", CREATED, **properties))
    assert (found.order, found.date) == (2.0, "2026-05-01")


def test_a_text_called_order_does_not_hide_the_number() -> None:
    assert rank_of(meta(order="first", Order=4)).order == 4


ranks = st.builds(
    Rank,
    id=st.text("abc", min_size=1, max_size=3),
    created=st.sampled_from(
        [CREATED, "2026-05-01T12:30:00.000+02:00", "2026-06-27T16:49:48.076+00:00"]
    ),
    order=st.none()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-2, 2).map(float),
    date=st.none() | st.dates().map(str) | st.datetimes().map(lambda time: time.isoformat() + "Z"),
)


def in_plain_words(row: Rank) -> tuple[bool, float, bool, float, float, str]:
    """The order as the contract tells it, number by number."""
    date = None if row.date is None else instant(row.date)
    return (
        row.order is None,
        row.order or 0.0,
        date is None,
        -(date or 0.0),
        -instant(row.created),
        row.id,
    )


@given(st.lists(ranks, unique_by=lambda one: one.id))
def test_texts_stand_in_the_order_of_what_they_are_made_of(rows: list[Rank]) -> None:
    assert sorted(rows, key=sort_text) == sorted(rows, key=in_plain_words)


@given(ranks, ranks)
def test_texts_as_bytes_compare_as_the_rows_do(one: Rank, other: Rank) -> None:
    texts, rows = (
        (sort_text(one).encode(), sort_text(other).encode()),
        (in_plain_words(one), in_plain_words(other)),
    )

    assert (texts[0] < texts[1]) == (rows[0] < rows[1])


@given(ranks)
def test_a_text_ends_with_the_id_after_its_digits_and_holds_no_blank(row: Rank) -> None:
    assert sort_text(row)[SORT_DIGITS:] == row.id
    assert " " not in sort_text(row)


def test_zero_and_minus_zero_are_one_number() -> None:
    assert sort_text(Rank("a", CREATED, 0.0)) == sort_text(Rank("a", CREATED, -0.0))
