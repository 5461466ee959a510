"""How many readings the rest of a minute's budget does for."""

import pytest

from lib.sync.work.slice import affordable_readings


@pytest.mark.parametrize(
    ("budget", "pages", "requests", "affordable"),
    [(60, 10, 40, 15), (60, 10, 5, 120), (0, 10, 40, 0), (60, 1, 0, 60)],
    ids=["four requests a page", "half a request", "nothing left", "read by the slice before"],
)
def test_as_many_pages_are_read_at_once_as_the_budget_does_for(
    budget: int, pages: int, requests: int, affordable: int
) -> None:
    assert affordable_readings(budget, pages, requests) == affordable
