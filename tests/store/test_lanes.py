"""Slices side by side and one after another: what a lane holds, frees, and leaves to the others."""

import pytest

from lib.errors import TakenOver
from lib.model import Ask, Claim, Problem
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Left, Runs, SliceLease
from tests.store.conftest import Clock
from tests.store.scene import Scene
from tests.store.test_runs import ALIVE, begin, record, under_way, working
from tests.store.test_work import add, claim, keys_of, lane


async def rest(
    runs: Runs, clock: Clock, lease: SliceLease, *, is_fruitful: bool = True, parked: bool = False
) -> Left:
    return await runs.rest_slice(
        lease, {}, clock.time + ALIVE, is_fruitful=is_fruitful, parked=parked
    )


async def given_up(scene: Scene, held: Claim, lease: SliceLease) -> int:
    await scene.queue.give_up(lease, held, Problem(held.id), scene.clock.time)
    return (await scene.record()).failed


async def test_a_slice_that_rests_frees_what_it_holds_and_nothing_else(scene: Scene) -> None:
    await add(scene, "a", "b")
    first, other = scene.lease, await lane(scene, "1")
    held, theirs = [
        (await claim(scene, count=1, lease=lease)).claims[0] for lease in (first, other)
    ]

    left = await scene.runs.rest_slice(first, {}, scene.clock.time + ALIVE)

    assert (left.count, left.next_at) == (2, scene.clock.time)
    assert await given_up(scene, held, first) == 0
    assert keys_of(await claim(scene, theirs.key, lease=other)) == [held.key]


async def test_a_slice_that_rests_while_another_lane_holds_all_that_is_left_may_come_back_when_that_expires(
    scene: Scene,
) -> None:
    await add(scene, "a")
    await claim(scene, lease=await lane(scene, "1"))

    left = await scene.runs.rest_slice(scene.lease, {}, scene.clock.time + ALIVE)

    assert (left.count, left.next_at) == (1, scene.clock.time + 60)


async def test_a_slice_that_leaves_nothing_says_so(scene: Scene) -> None:
    left = await scene.runs.rest_slice(scene.lease, {}, scene.clock.time + ALIVE)

    assert (left.count, left.next_at) == (0, None)


async def test_a_zombie_frees_nothing(scene: Scene) -> None:
    dead, scene.lease = scene.lease, await lane(scene, "0")
    await add(scene, "a")
    await claim(scene)

    with pytest.raises(TakenOver):
        await scene.runs.rest_slice(dead, {}, scene.clock.time + ALIVE)
    assert keys_of(await claim(scene, "a")) == []
    assert (await lane(scene, "0")).token  # the slice has not ended


async def test_what_a_dead_slice_held_is_due_when_the_one_after_it_rests(scene: Scene) -> None:
    await add(scene, "a")
    await claim(scene)

    left = await scene.runs.rest_slice(await lane(scene, "0"), {}, scene.clock.time + ALIVE)

    assert left.next_at == scene.clock.time


async def test_what_a_run_held_is_free_when_it_ends(scene: Scene) -> None:
    await add(scene, "a")
    await claim(scene, lease=await lane(scene, "1"))

    await scene.begin_next()

    assert keys_of(await claim(scene)) == ["a"]


async def test_the_lane_that_comes_first_looks_around(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)

    begun = [await begin(runs, clock, lane=name) for name in ("1", "0")]

    assert [(one.outcome, one.run.planner if one.run else "") for one in begun] == [("go", "1")] * 2


async def test_another_lane_looks_around_where_the_one_that_did_gives_no_sign_of_life(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)
    await begin(runs, clock)
    clock.time += ALIVE + 1

    await begin(runs, clock, lane="1")

    assert (await record(runs)).planner == "1"


async def test_the_backup_way_looks_around_where_a_lane_rests_and_gives_it_back(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)
    first = (await begin(runs, clock)).lease
    await begin(runs, clock, lane="here")
    assert (await record(runs)).planner == "0"
    await rest(runs, clock, first)

    await begin(runs, clock, lane="here")
    assert (await record(runs)).planner == "here"
    await begin(runs, clock, number=1)
    assert (await record(runs)).planner == "0"


async def test_a_run_that_messages_carry_on_is_not_parked_by_the_backup_way(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)
    await rest(runs, clock, (await begin(runs, clock, lane="here")).lease, parked=True)

    assert (await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)).outcome == "joined"


async def test_a_run_whose_first_message_came_unnoted_is_not_parked_either(
    runs: Runs, clock: Clock
) -> None:
    await rest(runs, clock, await working(runs, clock))
    await rest(runs, clock, (await begin(runs, clock, lane="here")).lease, parked=True)

    assert (await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)).outcome == "joined"


async def test_a_slice_that_was_overtaken_without_resting_does_nothing(
    runs: Runs, clock: Clock
) -> None:
    await working(runs, clock)
    await begin(runs, clock, number=1)

    assert (await begin(runs, clock)).outcome == "repeated"


async def test_a_slice_says_when_its_run_started_and_how_long_it_is_believed_to_be_alive(
    runs: Runs, clock: Clock
) -> None:
    started = clock.time
    await runs.ask_for_run("r1", Ask(), clock.time + 120)
    await begin(runs, clock)
    clock.time += 10
    await runs.begin_slice("r1", "0", 0, Ask(), clock.time + 5)

    run = await record(runs)
    assert (run.started_at, run.alive_until) == (started, started + ALIVE)


# How often a run may bring nothing.


async def slices(
    runs: Runs, clock: Clock, count: int, *, is_fruitful: bool | None, first: int = 0
) -> list[str]:
    """Begin slices in a row, and let them rest; None: each is killed on the way. Return what became
    of them."""
    outcomes = []
    for number in range(first, first + count):
        begun = await begin(runs, clock, number)
        outcomes.append(begun.outcome)
        if begun.outcome == "go" and is_fruitful is not None:
            await rest(runs, clock, begun.lease, is_fruitful=is_fruitful)
    return outcomes


async def test_a_run_whose_slices_are_killed_one_after_another_is_exhausted(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)

    assert await slices(runs, clock, 4, is_fruitful=None) == ["go", "go", "go", "exhausted"]


async def test_a_slice_that_notion_answered_is_no_failed_try(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)

    assert await slices(runs, clock, 10, is_fruitful=True) == ["go"] * 10
    assert await slices(runs, clock, 4, is_fruitful=None, first=10) == [
        "go",
        "go",
        "go",
        "exhausted",
    ]


async def test_a_run_that_only_waits_is_exhausted_after_two_hundred_slices(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)

    outcomes = await slices(runs, clock, 202, is_fruitful=False)

    assert (outcomes[:201], outcomes[201]) == (["go"] * 201, "exhausted")


async def test_a_run_that_can_not_come_to_its_end_is_exhausted(runs: Runs, clock: Clock) -> None:
    await rest(runs, clock, await working(runs, clock))

    assert await slices(runs, clock, 3, is_fruitful=False, first=1) == ["go", "go", "exhausted"]


async def test_a_slice_that_waits_at_the_end_of_its_run_is_no_failed_try(
    runs: Runs, clock: Clock
) -> None:
    await rest(runs, clock, await working(runs, clock))
    for number in range(1, 8):
        begun = await begin(runs, clock, number)
        assert begun.outcome == "go"
        await rest(runs, clock, begun.lease)
        await runs.note_wait(begun.lease, is_fruitful=True)


async def test_a_delivery_that_comes_again_is_no_new_slice(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    for _ in range(6):
        assert (await begin(runs, clock)).outcome == "go"

    run = await record(runs)
    assert (run.slices, run.retries) == (1, 5)


# What a run leaves.


async def test_no_work_of_a_run_stays_for_ever(scene: Scene) -> None:
    await scene.begin("r2", page="a")
    await add(scene, "a", "b")
    held = await scene.take("a")
    await scene.runs.hand_on(scene.lease, "listing", Problem())
    await scene.runs.note_again("r2", ["a"])
    await scene.queue.pass_on(scene.lease, held, [("c", held.item)])
    await given_up(scene, await scene.take("b"), scene.lease)

    names = await scene.kv.command("KEYS", f"{scene.keys.run('r2')}*")
    left = {name.rpartition("r2")[2]: await scene.kv.command("TTL", name) for name in names}
    assert {":focus", ":given", ":errors", ":again", ":listing", ""} == set(left)
    assert [name for name, seconds in left.items() if seconds < 0] == []


async def test_a_run_that_has_ended_leaves_nothing_of_its_work(scene: Scene) -> None:
    await scene.begin("r2", page="a")
    await add(scene, "a", "b")
    await scene.runs.hand_on(scene.lease, "listing", Problem())
    await given_up(scene, await scene.take("b"), scene.lease)

    await scene.end()

    names = await scene.kv.command("KEYS", f"{scene.keys.run('r2')}*")
    assert sorted(names) == [scene.keys.run("r2"), f"{scene.keys.run('r2')}:errors"]


async def test_pages_that_got_no_answer_are_tried_again_a_few_at_a_time(
    runs: Runs, kv: Kv, keys: Keys
) -> None:
    await runs.note_again("r1", ["a", "b"])
    assert [await runs.tries_of("r1") for _ in range(2)] == [{"a": 1, "b": 1}, {"a": 2, "b": 2}]
    assert await kv.command("TTL", keys.tries) > 0

    await runs.note_again("r1", ["c", "d"])
    assert await runs.tries_of("r1") == dict.fromkeys("abcd", 0)
    assert await runs.tries_of("r2") == {}
