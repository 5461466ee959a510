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

    await _problems(found, {}).contain(HERE, look)

    assert found["page:a"].cause == cause


@pytest.mark.parametrize("over", [OutOfTime("over"), asyncio.CancelledError()])
async def test_what_the_time_of_ten_slices_is_not_enough_for_is_a_problem(
    over: BaseException,
) -> None:
    """Else the run would go on for ever, one message after the other."""
    found, tries = dict[str, Problem](), dict[str, int]()
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        raise over

    for _ in range(MOST_TRIES):
        with pytest.raises(type(over)):
            await _problems(found, tries).contain(HERE, look)
    assert found == {}
    await _problems(found, tries).contain(HERE, look)

    assert looks == MOST_TRIES
    assert found["page:a"].cause == "unanswered"


async def test_what_waits_while_something_else_is_answered_may_wait_for_any_time() -> None:
    found = dict[str, Problem]()

    async def look() -> None:
        raise OutOfTime("over")

    for _ in range(3 * MOST_TRIES):
        with pytest.raises(OutOfTime):
            await _problems(found, {}, is_silent=False).contain(HERE, look)

    assert found == {}


def _problems(
    found: dict[str, Problem], tries: dict[str, int], *, is_silent: bool = True
) -> Problems:
    return Problems(found, set(), tries, is_down=lambda: False, is_silent=lambda: is_silent)
