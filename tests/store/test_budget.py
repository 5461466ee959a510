"""The minute's requests, shared by everybody."""

import pytest

from lib.model import Grant
from lib.store.budget import Budget, share_of
from lib.store.keys import Keys
from lib.store.kv import Kv
from tests.store.conftest import Clock

LIMIT = 90


async def test_instances_share_one_minute(kv: Kv, keys: Keys, clock: Clock) -> None:
    mine, yours = Budget(kv, keys, LIMIT, clock), Budget(kv, keys, LIMIT, clock)

    assert await mine.reserve(60) == Grant(60, left=20)
    assert await yours.reserve(30) == Grant(20)
    refused = await mine.reserve(30)
    assert refused.granted == 0
    assert 55 < refused.wait_seconds < 61
    clock.time += refused.wait_seconds
    assert (await yours.reserve(30)).granted == 30


async def test_a_sync_leaves_visitors_a_share(kv: Kv, keys: Keys, clock: Clock) -> None:
    sync, visit = Budget(kv, keys, 180, clock), Budget(kv, keys, 180, clock, "visit")

    assert (await sync.reserve(180)).granted == 160
    assert (await sync.reserve(1)).granted == 0
    assert [(await visit.reserve(1)).granted for _ in range(21)] == [1] * 20 + [0]


async def test_visitors_never_take_more_than_half(kv: Kv, keys: Keys, clock: Clock) -> None:
    sync, visit = Budget(kv, keys, 180, clock), Budget(kv, keys, 180, clock, "visit")

    assert (await visit.reserve(180)).granted == 90
    refused = await visit.reserve(1)
    assert (refused.granted, refused.wait_seconds) == (0, 60.5)
    assert (await sync.reserve(180)).granted == 90
    clock.time += 60.5
    assert (await visit.reserve(1)).granted == 1
    assert (await sync.reserve(180)).granted == 160


@pytest.mark.parametrize(
    ("limit", "sync", "visit"),
    [(1, 1, 1), (2, 2, 1), (8, 8, 4), (9, 8, 4), (180, 160, 90), (600, 534, 300)],
)
def test_shares_grow_with_the_limit_and_nobody_has_none(limit: int, sync: int, visit: int) -> None:
    assert (share_of("sync", limit), share_of("visit", limit)) == (sync, visit)


async def test_what_a_sync_gives_back_is_not_the_visitors(kv: Kv, keys: Keys, clock: Clock) -> None:
    sync, visit = Budget(kv, keys, 180, clock), Budget(kv, keys, 180, clock, "visit")
    await visit.reserve(90)
    await sync.reserve(90)
    await sync.give_back(30)

    assert (await visit.reserve(1)).granted == 0
    assert (await sync.reserve(90)).granted == 30


async def test_a_window_that_began_before_there_were_shares_counts_as_the_syncs(
    kv: Kv, keys: Keys, clock: Clock
) -> None:
    await kv.command("HSET", keys.budget, "start", round(clock.time * 1000), "used", 150)

    assert (await Budget(kv, keys, 180, clock).reserve(30)).granted == 10
    assert (await Budget(kv, keys, 180, clock, "visit").reserve(30)).granted == 20


async def test_when_notion_says_wait_everybody_waits(kv: Kv, keys: Keys, clock: Clock) -> None:
    mine, yours = Budget(kv, keys, LIMIT, clock), Budget(kv, keys, LIMIT, clock, "visit")
    await mine.close_minute(90)

    assert (await yours.reserve(1)).wait_seconds == 90
    await yours.close_minute(10)
    assert (await mine.reserve(1)).wait_seconds == 90
    clock.time += 90
    assert (await mine.reserve(1)).granted == 1


async def test_what_was_not_used_is_given_back_within_its_minute(
    kv: Kv, keys: Keys, clock: Clock
) -> None:
    budget = Budget(kv, keys, LIMIT, clock)
    await budget.reserve(80)
    await budget.give_back(20)

    assert (await budget.reserve(30)).granted == 20
    clock.time += 120
    await budget.give_back(20)
    assert (await budget.reserve(90)).granted == 80
