"""How many readings the rest of a minute's budget does for, and which looks a slice relies on."""

import msgspec
import pytest

from lib.model import NOTHING, Claim, WorkItem
from lib.sync.work.slice import affordable_readings, without_old_look


@pytest.mark.parametrize(
    ("budget", "pages", "requests", "affordable"),
    [(60, 10, 40, 15), (60, 10, 5, 120), (0, 10, 40, 0), (60, 1, 0, 60)],
    ids=["four requests a page", "half a request", "nothing left", "read by the slice before"],
)
def test_as_many_pages_are_read_at_once_as_the_budget_does_for(
    budget: int, pages: int, requests: int, affordable: int
) -> None:
    assert affordable_readings(budget, pages, requests) == affordable


@pytest.mark.parametrize(("read_at", "is_kept"), [(99.0, False), (100.0, True)])
def test_a_look_from_before_the_run_is_left_out_and_all_else_of_the_work_kept(
    read_at: float, is_kept: bool
) -> None:
    page = msgspec.Raw(b'{"id":"a"}')
    work = WorkItem(page=page, read_at=read_at, stamp="s", rewrite=True, doubted=["c"], attempts=2)
    anew = WorkItem(page=NOTHING, rewrite=True, doubted=["c"], attempts=2)

    claim = without_old_look(Claim(key="a", number=1, item=work), since=100.0)

    assert claim.item == (work if is_kept else anew)
