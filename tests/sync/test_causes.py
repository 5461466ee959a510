"""Why something failed or waits, as a word that a reader may rely on: the text beside it is for
people, and may change."""

import asyncio

import pytest

from lib.errors import Hopeless, NotionAway, NotionWait, OutOfTime, SyncError, TooLarge, Unreadable
from lib.model import Cause, Problem
from lib.notion.failures import Refusal
from lib.sync.problems import MOST_TRIES, Problems

HERE = Problem("a", "about", "About")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Refusal("object_not_found: no", 404, "object_not_found"), "unshared"),
        (Unreadable("database not shared", 403), "unshared"),
        (Refusal("validation_error: no", 400, "validation_error"), None),
        (Unreadable("Notion answered with something that is no page", 200), None),
        (NotionAway("Notion answered 502"), "unanswered"),
        (NotionWait("Notion said wait", 40.0), "rate_limited"),
        (TooLarge("9 MB"), "too_large"),
        (Hopeless("Notion refused the token"), None),
    ],
)
def test_an_error_says_its_cause_by_what_it_is(error: SyncError, cause: Cause | None) -> None:
    assert error.cause == cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Unreadable("restricted", 403), "unshared"),
        (NotionAway("Notion answered 502"), "unanswered"),
        (ValueError("a fault of ours"), "fault"),
    ],
)
async def test_a_problem_keeps_the_cause_of_the_error_behind_it(
    error: Exception, cause: Cause
) -> None:
    found: dict[str, Problem] = {}

    async def look() -> None:
        raise error

    await Problems(found, set(), {}, lambda: False).contain(HERE, look)

    assert found["page:a"].cause == cause


@pytest.mark.parametrize("over", [OutOfTime("over"), asyncio.CancelledError()])
async def test_what_the_time_of_ten_slices_is_not_enough_for_is_a_problem(
    over: BaseException,
) -> None:
    """Else the run would go on for ever, one message after the other."""
    found, tries, again = dict[str, Problem](), dict[str, int](), set[str]()
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        raise over

    for _ in range(MOST_TRIES):
        with pytest.raises(type(over)):
            await Problems(found, again, tries, lambda: False).contain(HERE, look)
    assert found == {}
    await Problems(found, again, tries, lambda: False).contain(HERE, look)

    assert (looks, again) == (MOST_TRIES, {"a"})
    assert found["page:a"].cause == "unanswered"


async def test_what_takes_many_answers_has_the_time_of_ten_slices_for_each() -> None:
    found, tries = dict[str, Problem](), dict[str, int]()
    problems = Problems(found, set(), tries, lambda: False)

    async def look() -> None:
        problems.note_answer(HERE)
        raise OutOfTime("over")

    for _ in range(3 * MOST_TRIES):
        with pytest.raises(OutOfTime):
            await problems.contain(HERE, look)

    assert found == {}
