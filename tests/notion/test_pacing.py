"""The pacer: one reservation for many requests, waits that end the slice when they are long."""

import asyncio
from typing import Any

import pytest

from lib.errors import NotionWait, OutOfTime
from lib.model import Grant
from lib.notion.pacing import Pacer
from tests.notion.stage import Clock, pacer


class Budget:
    """Gives the grants in order, then the last one again and again; remembers what it was told."""

    def __init__(self, *grants: Grant) -> None:
        self.grants = list(grants)
        self.asked: list[int] = []
        self.pushed: list[float] = []

    async def reserve(self, requests: int) -> Grant:
        self.asked.append(requests)
        await asyncio.sleep(0)
        return self.grants.pop(0) if len(self.grants) > 1 else self.grants[0]

    async def push_back(self, seconds: float) -> None:
        self.pushed.append(seconds)


def paced(budget: Budget, clock: Clock, **changed: Any) -> Pacer:
    return pacer(clock, reserve=budget.reserve, push_back=budget.push_back, **changed)


async def test_a_batch_serves_all_tasks_with_one_reservation() -> None:
    budget = Budget(Grant(30))
    pace = paced(budget, Clock())
    await asyncio.gather(*(pace.acquire() for _ in range(30)))
    assert budget.asked == [30]
    assert pace.unused == 0
    await pace.acquire()
    assert budget.asked == [30, 30]
    assert pace.unused == 29


async def test_a_short_wait_is_slept_through_once_for_all_tasks() -> None:
    clock = Clock()
    budget = Budget(Grant(0, 3.0), Grant(30))
    pace = paced(budget, clock)
    await pace.acquire()
    assert clock.slept == [3.0]
    assert budget.asked == [30, 30]


async def test_a_long_wait_is_left_to_the_queue() -> None:
    clock = Clock()
    budget = Budget(Grant(0, 42.0))
    pace = paced(budget, clock)
    with pytest.raises(NotionWait) as wait:
        await pace.acquire()
    assert wait.value.retry_after_seconds == 42.0
    assert clock.slept == []
    with pytest.raises(NotionWait):
        await pace.acquire()
    assert budget.asked == [30], "a wait that is known is not asked for again"


async def test_a_grant_of_nothing_without_a_wait_does_not_spin() -> None:
    clock = Clock()
    pace = paced(Budget(Grant(0), Grant(1)), clock)
    await pace.acquire()
    assert len(clock.slept) == 1


async def test_out_of_time_ends_it_before_anything_is_reserved() -> None:
    budget = Budget(Grant(30))
    pace = paced(budget, Clock(), out_of_time=lambda: True)
    with pytest.raises(OutOfTime):
        await pace.acquire()
    assert budget.asked == []


async def test_pushed_back_stops_everybody_and_drops_what_was_reserved() -> None:
    clock = Clock()
    budget = Budget(Grant(30))
    pace = paced(budget, clock)
    await pace.acquire()
    await pace.pushed_back(37.0)
    assert budget.pushed == [37.0]
    assert pace.unused == 0
    with pytest.raises(NotionWait) as wait:
        await pace.acquire()
    assert wait.value.retry_after_seconds == pytest.approx(37.0)
    clock.time += 37.0
    await pace.acquire()
    assert budget.asked == [30, 30]


async def test_a_burst_of_refusals_is_told_to_the_others_once() -> None:
    clock = Clock()
    budget = Budget(Grant(30))
    pace = paced(budget, clock)
    for _ in range(8):
        await pace.pushed_back(30.0)
        clock.time += 0.1
    assert budget.pushed == [30.0]
    await pace.pushed_back(60.0)
    assert budget.pushed == [30.0, 60.0], "a longer wait is news"


async def test_requests_granted_before_a_push_back_are_not_used_after_it() -> None:
    clock = Clock()
    granted = asyncio.Event()

    async def reserve(requests: int) -> Grant:
        await granted.wait()
        return Grant(requests)

    pace = pacer(clock, reserve=reserve)
    waiting = asyncio.create_task(pace.acquire())
    await asyncio.sleep(0)
    await pace.pushed_back(20.0)
    granted.set()
    with pytest.raises(NotionWait):
        await waiting
    assert pace.unused == 0


async def test_a_reservation_that_fails_fails_its_asker_and_nobody_else() -> None:
    clock = Clock()
    calls = 0

    async def reserve(requests: int) -> Grant:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0)
        if calls == 1:
            raise ConnectionError("KV is away")
        return Grant(requests)

    pace = pacer(clock, reserve=reserve)
    first, second = await asyncio.gather(pace.acquire(), pace.acquire(), return_exceptions=True)
    assert isinstance(first, ConnectionError)
    assert second is None
