"""The terminal shows a run as the status tells of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from dev.watch import Budget, Sight, Waiting, Watch, sight_of

WAITING = {
    "reason": "Notion's request budget is used up",
    "until": "2026-05-28T20:27:17.000Z",
    "cause": "rate_limited",
}


def status(**run: Any) -> dict[str, Any]:
    active = {"runId": "run_1", "status": "active", "toSync": 37, "synced": 4, "waiting": None}
    return {
        "site": {"budget": {"used": 30, "limit": 180, "resetsAt": None}},
        "active": active | run,
        "runs": [{"runId": "run_0", "status": "delivered"}],
        "sources": [{"name": "pages", "pages": 11}],
    }


@pytest.mark.parametrize(
    ("run", "stage", "ended"),
    [
        ({"status": "pending"}, "asked for", False),
        ({"toSync": 0}, "listing", False),
        ({}, "reading", False),
        ({"status": "cancelled"}, "cancelled", True),
    ],
)
def test_a_run_has_its_stage(run: dict[str, Any], stage: str, ended: bool) -> None:
    sight = sight_of(status(**run), "run_1")

    assert (sight.stage, sight.ended) == (stage, ended)
    assert (sight.budget, sight.totals) == (Budget(30, 180), {"pages": 11})


def test_a_run_that_the_status_does_not_show_yet_has_been_asked_for() -> None:
    assert sight_of(status(), "run_2").stage == "asked for"
    assert sight_of(status(), "run_0").stage == "delivered"


def test_what_a_run_waits_for_and_how_long_yet_is_the_statuss_word() -> None:
    run = sight_of(status(waiting=WAITING), "run_1").run

    assert run
    assert run.waiting == Waiting(WAITING["reason"], WAITING["until"], "rate_limited")
    assert run.waiting.is_for_notions_minute
    assert run.waiting.seconds_left(1_780_000_030.0) == 7.0
    assert run.waiting.seconds_left(1_780_000_099.0) == 0.0


async def test_while_no_answer_comes_it_stands_as_it_was_seen_last() -> None:
    answers: Iterator[dict[str, Any] | None] = iter([None, status(), None])

    async def ask() -> dict[str, Any] | None:
        return next(answers)

    watch = Watch(ask, "run_1")

    assert await watch.look() == Sight(None, Budget(0, 0))
    seen = await watch.look()
    assert seen.stage == "reading"
    assert await watch.look() == seen
