"""The minute's requests, shared by everybody."""

from lib.store.budget import Budget
from lib.store.keys import Keys
from lib.store.kv import Kv
from tests.store.conftest import Clock


async def test_instances_share_one_minute(kv: Kv, keys: Keys, clock: Clock) -> None:
    mine, yours = Budget(kv, keys, 50, clock), Budget(kv, keys, 50, clock)

    assert (await mine.reserve(30)).granted == 30
    assert (await yours.reserve(30)).granted == 20
    refused = await mine.reserve(30)
    assert refused.granted == 0
    assert 55 < refused.wait_seconds < 61
    clock.time += refused.wait_seconds
    assert (await yours.reserve(30)).granted == 30


async def test_when_notion_says_wait_everybody_waits(kv: Kv, keys: Keys, clock: Clock) -> None:
    mine, yours = Budget(kv, keys, 50, clock), Budget(kv, keys, 50, clock)
    await mine.close(90)

    assert (await yours.reserve(1)).wait_seconds == 90
    await yours.close(10)
    assert (await mine.reserve(1)).wait_seconds == 90
    clock.time += 90
    assert (await mine.reserve(1)).granted == 1


async def test_what_was_not_used_is_given_back_within_its_minute(kv: Kv, keys: Keys, clock: Clock) -> None:
    budget = Budget(kv, keys, 50, clock)
    await budget.reserve(50)
    await budget.give_back(20)

    assert (await budget.reserve(30)).granted == 20
    clock.time += 120
    await budget.give_back(20)
    assert (await budget.reserve(60)).granted == 50
