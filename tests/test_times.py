"""Times of Notion's in every form it gives them."""

import pytest

from lib.times import AskedAt, instant


@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01",
        "2026-05-01T00:00:00.000Z",
        "2026-05-01T00:00:00.000+00:00",
        "2026-05-01T02:00:00.000+02:00",
        "2026-05-01T00:00:00",
    ],
)
def test_every_form_of_a_time_is_the_same_instant_wherever_we_run(text: str) -> None:
    assert instant(text) == 1_777_593_600


def test_parts_of_a_second_count() -> None:
    assert instant("2026-05-01T00:00:00.076+00:00") == 1_777_593_600.076


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        instant(text)


def test_what_one_slice_has_dated_keeps_its_date_by_the_clock_of_the_next() -> None:
    asked_at = AskedAt(100.0)

    handed_on = asked_at.dated(lambda ours: ours + 20)

    assert asked_at.date(lambda ours: ours + 21) == 121.0
    assert handed_on.date(lambda ours: ours - 30) == 120.0
    assert handed_on.dated(lambda ours: ours - 30) == handed_on
