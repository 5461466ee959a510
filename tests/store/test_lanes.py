"""Slices side by side and one after another: what a lane holds, frees, and leaves to the others."""

import json

import pytest

from lib.errors import TakenOver
from lib.model import Ask, Item
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Claimed, Hold, Runs
from tests.store.conftest import Clock
from tests.store.test_runs import ALIVE, begin, claim, planned, under_way


async def look(runs: Runs, clock: Clock, hold: Hold, *in_hand: str, count: int = 10) -> Claimed:
    return await runs.claim(hold, count, in_hand, clock.time + 60)


async def rest(runs: Runs, clock: Clock, hold: Hold, *, parked: bool = False) -> Claimed:
    return await runs.rest(hold, {}, clock.time + ALIVE, parked=parked)


async def test_a_slice_that_rests_frees_what_it_holds_and_nothing_else(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a", "b")
    assert await claim(runs, clock, hold, 1) == ["a"]
    other = (await begin(runs, clock, lane="1")).hold
    assert await claim(runs, clock, other) == ["b"]

    rested = await rest(runs, clock, hold)

    assert (rested.left, rested.next_due) == (2, clock.time)
    await runs.give_up(hold, Item(id="a"), "too late")
    assert [item.id for item in (await look(runs, clock, other, "b")).items] == ["a"]
    assert (await begin(runs, clock, number=1)).outcome == "go"


async def test_a_slice_that_rests_while_another_lane_holds_all_that_is_left_calls_nobody(
    runs: Runs, clock: Clock
) -> None:
    hold = await planned(runs, clock, "a")
    other = (await begin(runs, clock, lane="1")).hold
    await claim(runs, clock, other)

    rested = await rest(runs, clock, hold)

    assert (rested.left, rested.next_due) == (1, None)


async def test_a_zombie_frees_nothing(runs: Runs, clock: Clock) -> None:
    dead = await planned(runs, clock, "a")
    hold = (await begin(runs, clock)).hold
    await claim(runs, clock, hold)

    with pytest.raises(TakenOver):
        await rest(runs, clock, dead)
    assert (await begin(runs, clock)).outcome == "go"  # the slice has not ended


async def test_what_a_dead_slice_held_is_due_when_the_one_after_it_rests(runs: Runs, clock: Clock) -> None:
    await claim(runs, clock, await planned(runs, clock, "a"))
    hold = (await begin(runs, clock)).hold

    assert (await rest(runs, clock, hold)).next_due == clock.time


async def test_a_lane_waits_for_nothing_that_is_in_hand_or_another_lanes(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a", "b")
    mine = await look(runs, clock, hold, count=1)
    other = (await begin(runs, clock, lane="1")).hold
    theirs = await look(runs, clock, other)

    assert ([item.id for item in mine.items], mine.left) == (["a"], 2)
    assert mine.next_due is not None
    assert mine.next_due < clock.time
    assert ([item.id for item in theirs.items], theirs.left, theirs.next_due) == (["b"], 2, None)
    assert (await look(runs, clock, hold, "a")).next_due is None


async def test_a_claim_that_expired_in_its_own_hand_is_not_handed_out_twice(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a")
    await claim(runs, clock, hold)
    clock.time += 61

    assert (await look(runs, clock, hold, "a")).items == []


async def test_of_several_items_that_wait_the_first_one_says_when_to_come_back(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a", "b")
    await claim(runs, clock, hold)
    for id, seconds in (("a", 30), ("b", 60)):
        await runs.put_back(hold, Item(id=id), clock.time + seconds)

    assert (await look(runs, clock, hold)).next_due == clock.time + 30
    assert (await rest(runs, clock, hold)).next_due == clock.time + 30


async def test_a_run_that_messages_carry_on_is_not_parked_by_the_backup_way(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    await rest(runs, clock, (await begin(runs, clock, lane="here")).hold, parked=True)

    assert (await runs.ask("r2", Ask(), clock.time + ALIVE)).outcome == "joined"


async def test_a_run_whose_first_message_came_unnoted_is_not_parked_either(runs: Runs, clock: Clock) -> None:
    await rest(runs, clock, await planned(runs, clock, "a"))
    await rest(runs, clock, (await begin(runs, clock, lane="here")).hold, parked=True)

    assert (await runs.ask("r2", Ask(), clock.time + ALIVE)).outcome == "joined"


async def test_a_slice_that_was_overtaken_without_resting_does_nothing(runs: Runs, clock: Clock) -> None:
    await planned(runs, clock, "a")
    await begin(runs, clock, number=1)

    assert (await begin(runs, clock)).outcome == "repeated"


async def test_a_slice_says_when_its_run_started_and_how_long_it_is_believed_to_be_alive(
    runs: Runs, clock: Clock
) -> None:
    started = clock.time
    await runs.ask("r1", Ask(), clock.time + 120)
    await begin(runs, clock)
    clock.time += 10
    await runs.begin("r1", "0", 0, Ask(), clock.time + 5)

    run = await runs.read("r1")
    assert run is not None
    assert (run.started_at, run.alive_until) == (started, started + ALIVE)


async def test_a_plan_that_is_worked_on_is_not_written_again(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a", "b")
    await claim(runs, clock, hold)
    await runs.give_up(hold, Item(id="a"), "why")

    await runs.write_plan(hold, [Item(id="a"), Item(id="b")], {}, [], {})

    assert (await look(runs, clock, hold, "b")).left == 1


async def test_a_plan_larger_than_a_request_loses_none_of_its_parts(
    runs: Runs, clock: Clock, kv: Kv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.store.runs.PLAN_BYTES_PER_WRITE", 200)
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await begin(runs, clock)).hold
    before = kv.commands
    await runs.write_plan(hold, [Item(id=f"{n:03}", slug=f"{n:03}") for n in range(50)], {}, ["moving"], {})

    assert kv.commands - before > 5
    assert len((await look(runs, clock, hold, count=64)).items) == 50
    assert await runs.vacating("r1", ["moving"]) == {"moving"}


async def test_a_page_that_is_gone_counts_as_done_and_is_dropped_when_the_run_ends(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    hold = await planned(runs, clock, "a", "b")
    await claim(runs, clock, hold)

    await runs.drop(hold, Item(id="a"), "parent/a")

    run = await runs.read("r1")
    assert run is not None
    assert (run.dropping, run.synced, run.failed, run.remaining) == (1, 1, 0, 1)
    assert await kv.command("EXISTS", f"{keys.run('r1')}:drops") == 1
    assert await kv.command("SCARD", keys.overdue) == 0


async def test_of_very_many_problems_the_first_fifty_are_kept(runs: Runs, clock: Clock, kv: Kv, keys: Keys) -> None:
    ids = [f"{number:02}" for number in range(60)]
    hold = await planned(runs, clock, *ids)
    await claim(runs, clock, hold, 64)
    for id in ids:
        await runs.give_up(hold, Item(id=id), "why")

    kept = await kv.command("LRANGE", f"{keys.run('r1')}:errors", 0, -1)
    assert [json.loads(text)["pageId"] for text in kept] == ids[:50]
    assert await kv.command("SCARD", keys.overdue) == 60
    run = await runs.read("r1")
    assert run is not None
    assert run.failed == 60


async def test_no_work_of_a_run_stays_for_ever(runs: Runs, clock: Clock, kv: Kv, keys: Keys) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await begin(runs, clock)).hold
    assert (await begin(runs, clock, lane="1")).outcome == "early"
    items = [Item(id=id) for id in ("a", "b", "c")]
    await runs.write_plan(hold, items, {}, ["m"], {"d": clock.time})
    await claim(runs, clock, hold)
    await runs.give_up(hold, items[0], "why")
    await runs.drop(hold, items[1], "e")

    names = await kv.command("KEYS", f"{keys.run('r1')}*")
    left = {name.rpartition("r1")[2]: await kv.command("TTL", name) for name in names}
    assert {":plan", ":due", ":claims", ":done", ":vacating", ":drops", ":waiting", ":errors", ""} == set(left)
    assert [name for name, seconds in left.items() if seconds < 0] == []


async def test_a_run_that_has_ended_leaves_nothing_of_its_work(runs: Runs, clock: Clock, kv: Kv, keys: Keys) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await begin(runs, clock)).hold
    await begin(runs, clock, lane="1")
    await runs.write_plan(hold, [Item(id=id) for id in ("a", "b")], {}, ["m"], {"d": clock.time})
    await claim(runs, clock, hold)
    await runs.put_back(hold, Item(id="a"), clock.time)

    await runs.end("r1", "delivered", {}, "r2", clock.time + ALIVE)

    assert await kv.command("KEYS", f"{keys.run('r1')}*") == [keys.run("r1")]
