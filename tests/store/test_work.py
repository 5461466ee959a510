"""What is due: claimed by one at a time, tried again, given up by a run and never lost."""

import pytest

from lib.errors import TakenOver
from lib.model import Ask, Claim, Problem, WorkItem
from lib.store.history import History
from lib.store.runs import Left, SliceLease
from lib.store.work import Batch
from tests.store.scene import ALIVE, Scene


async def add(scene: Scene, *keys: str) -> None:
    """Make things due."""
    await scene.site.observe(scene.lease, [], [(key, WorkItem()) for key in keys])


async def claim(
    scene: Scene, *in_hand: str, count: int = 10, lease: SliceLease | None = None
) -> Batch:
    return await scene.queue.claim_due(lease or scene.lease, count, in_hand, scene.clock.time + 60)


def keys_of(batch: Batch) -> list[str]:
    return [one.key for one in batch.claims]


async def lane(scene: Scene, name: str, number: int = 0) -> SliceLease:
    """Begin another lane of the run."""
    return (
        await scene.runs.begin_slice(
            scene.lease.run_id, name, number, Ask(), scene.clock.time + ALIVE
        )
    ).lease


def problem(one: Claim, reason: str = "why") -> Problem:
    return Problem(one.id, title="T", kind="page" if one.is_page else "database", reason=reason)


async def test_what_is_due_is_claimed_by_one_slice(scene: Scene) -> None:
    await add(scene, "a", "b", "c")
    other = await lane(scene, "1")

    assert keys_of(await claim(scene, count=2)) == ["a", "b"]
    assert keys_of(await claim(scene, lease=other)) == ["c"]


async def test_a_claim_says_what_is_left_and_when_the_next_of_it_may_be_done(scene: Scene) -> None:
    await add(scene, "a", "b")

    batch = await claim(scene, count=1)
    assert (batch.left.count, batch.left.next_at) == (2, scene.clock.time)
    assert (await claim(scene, "a", "b")).left.next_at is None
    assert (await claim(scene, lease=await lane(scene, "1"))).left.next_at == scene.clock.time + 60


async def test_of_nothing_nothing_is_left(scene: Scene) -> None:
    batch = await claim(scene)

    assert (batch.claims, batch.left.count, batch.left.next_at) == ([], 0, None)


async def test_a_claim_whose_answer_was_lost_is_handed_out_again(scene: Scene) -> None:
    await add(scene, "a", "b")
    await claim(scene)

    assert keys_of(await claim(scene, "a")) == ["b"]


async def test_a_claim_that_expired_goes_to_another_lane_and_not_to_its_own_hand_again(
    scene: Scene,
) -> None:
    await add(scene, "a")
    await claim(scene)
    other = await lane(scene, "1")
    assert keys_of(await claim(scene, lease=other)) == []

    scene.clock.time += 61

    assert keys_of(await claim(scene, "a")) == []
    assert keys_of(await claim(scene, lease=other)) == ["a"]


async def test_a_redelivery_takes_over_what_the_dead_slice_held_at_once(scene: Scene) -> None:
    await add(scene, "a", "b")
    dead = scene.lease
    held = (await claim(scene)).claims[0]

    again = await lane(scene, "0")

    assert keys_of(await claim(scene, lease=again)) == ["a", "b"]
    with pytest.raises(TakenOver):
        await scene.queue.requeue_claim(dead, held, held.item, scene.clock.time)
    with pytest.raises(TakenOver):
        await claim(scene, lease=dead)


async def test_what_a_slice_of_another_lane_holds_stays_its_own(scene: Scene) -> None:
    await add(scene, "a", "b")
    await claim(scene, count=1)
    other = await lane(scene, "1")
    await claim(scene, lease=other)

    await lane(scene, "0")

    assert keys_of(await claim(scene, "b", lease=other)) == ["a"]


async def test_the_first_due_is_claimed_first(scene: Scene) -> None:
    for key in ("b", "a"):
        await add(scene, key)
        scene.clock.time += 1

    assert keys_of(await claim(scene, count=1)) == ["b"]


async def test_what_was_found_on_a_page_is_claimed_before_what_was_listed(scene: Scene) -> None:
    await scene.see("b")
    await scene.see("a")
    found = [("c", WorkItem()), ("db:d", WorkItem())]
    await scene.commit(await scene.take("a"), "one", work=found, things=["db:d"])
    await scene.runs.rest_slice(scene.lease, {}, scene.clock.time + ALIVE)

    scene.lease = await lane(scene, "0", 1)
    assert set(keys_of(await claim(scene, count=2))) == {"c", "db:d"}


# Trying again.


async def test_what_is_requeued_waits_and_comes_back_as_it_was_left(scene: Scene) -> None:
    await add(scene, "a")
    [held] = (await claim(scene)).claims
    item = WorkItem(attempts=1, interrupted=True, rewrite=True, doubted=["x"])
    await scene.queue.requeue_claim(scene.lease, held, item, scene.clock.time + 30)

    waiting = await claim(scene)
    assert (waiting.claims, waiting.left.count, waiting.left.next_at) == (
        [],
        1,
        scene.clock.time + 30,
    )
    scene.clock.time += 31
    [again] = (await claim(scene)).claims
    assert (again.item, again.number) == (item, held.number)


async def test_of_several_that_wait_the_first_says_when_to_come_back(scene: Scene) -> None:
    await add(scene, "a", "b")
    for held, seconds in zip((await claim(scene)).claims, (60, 30), strict=True):
        await scene.queue.requeue_claim(scene.lease, held, held.item, scene.clock.time + seconds)

    assert (await claim(scene)).left.next_at == scene.clock.time + 30
    assert (
        await scene.runs.rest_slice(scene.lease, {}, scene.clock.time)
    ).next_at == scene.clock.time + 30


async def test_what_is_requeued_although_something_new_is_known_of_it_begins_anew_at_once(
    scene: Scene,
) -> None:
    await add(scene, "a")
    [held] = (await claim(scene)).claims
    await scene.see("a", item=WorkItem(title="new"))
    [newer] = (await claim(scene)).claims

    await scene.queue.requeue_claim(scene.lease, held, WorkItem(attempts=2), scene.clock.time + 30)

    [again] = (await claim(scene)).claims
    assert (again.item, again.number) == (WorkItem(title="new"), newer.number)


async def test_a_claim_that_another_took_over_is_neither_requeued_nor_given_up(
    scene: Scene,
) -> None:
    await add(scene, "a")
    [held] = (await claim(scene)).claims
    await scene.see("a")

    await scene.queue.requeue_claim(scene.lease, held, WorkItem(attempts=2), scene.clock.time + 30)
    await scene.queue.give_up(scene.lease, held, problem(held), scene.clock.time + 30)

    assert (await scene.take("a")).item == WorkItem()
    assert (await scene.record()).failed == 0


# Giving up.


async def test_what_a_run_gives_up_is_reported_once_and_not_claimed_by_it_again(
    scene: Scene,
) -> None:
    await add(scene, "a", "b")
    held = (await claim(scene)).claims[0]

    for _ in range(2):  # the answer may be lost
        await scene.queue.give_up(scene.lease, held, problem(held), scene.clock.time)

    batch = await claim(scene, "b")
    assert (batch.claims, batch.left.count) == ([], 1)
    entry = await History(scene.kv, scene.keys).entry_of("r1")
    assert entry is not None
    assert (entry.problems, entry.run.failed, entry.run.remaining) == ([problem(held)], 1, 1)


async def test_what_a_run_gave_up_is_due_in_the_next_one_as_if_nobody_had_tried(
    scene: Scene,
) -> None:
    await add(scene, "a")
    [held] = (await claim(scene)).claims
    await scene.queue.requeue_claim(
        scene.lease, held, WorkItem(attempts=2, interrupted=True, rewrite=True), scene.clock.time
    )
    [held] = (await claim(scene)).claims
    await scene.queue.give_up(scene.lease, held, problem(held), scene.clock.time + 900)

    await scene.begin_next()

    assert (await scene.take("a")).item == WorkItem(rewrite=True)
    assert (await scene.record()).to_sync == 1


async def test_what_a_run_gave_up_is_not_claimed_by_it_though_something_new_is_seen_of_it(
    scene: Scene,
) -> None:
    await add(scene, "a")
    [held] = (await claim(scene)).claims
    await scene.queue.give_up(scene.lease, held, problem(held), scene.clock.time)
    await scene.see("a")

    assert ((await claim(scene)).claims, await scene.due()) == ([], ["a"])


async def test_a_child_database_that_is_given_up_counts_as_failed_and_never_makes_the_rest_negative(
    scene: Scene,
) -> None:
    await add(scene, "a", "db:d")
    held = next(one for one in (await claim(scene)).claims if not one.is_page)

    await scene.queue.give_up(scene.lease, held, problem(held), scene.clock.time)

    run = await scene.record()
    assert (run.failed, run.to_sync, run.remaining) == (1, 2, 1)


async def test_of_very_many_problems_the_first_fifty_are_kept_and_all_counted(scene: Scene) -> None:
    await add(scene, *(f"{number:02}" for number in range(60)))
    for held in (await claim(scene, count=100)).claims:
        await scene.queue.give_up(scene.lease, held, problem(held, "r" * 9_000), scene.clock.time)

    entry = await History(scene.kv, scene.keys).entry_of("r1")
    assert entry is not None
    assert [one.page_id for one in entry.problems] == [f"{number:02}" for number in range(50)]
    assert ({len(one.reason) for one in entry.problems}, entry.run.failed) == ({1_000}, 60)
    assert (await claim(scene)).left.count == 0
    assert len(await scene.due()) == 60


async def test_what_many_runs_before_gave_up_does_not_hide_what_is_due(scene: Scene) -> None:
    await add(scene, *(f"{number:03}" for number in range(200)))
    for held in (await claim(scene, count=200)).claims:
        await scene.queue.give_up(scene.lease, held, problem(held), 0)
    await add(scene, "a")

    batch = await claim(scene, count=1)
    assert (keys_of(batch), batch.left.count) == (["a"], 1)


# Passing on.


async def test_work_that_is_none_any_more_is_forgotten_and_other_work_is_due_instead(
    scene: Scene,
) -> None:
    await add(scene, "c")
    [held] = (await claim(scene)).claims

    await scene.queue.pass_on(
        scene.lease, held, [("a", WorkItem(doubted=["c"])), ("b", WorkItem())]
    )

    assert {one.key: one.item for one in (await claim(scene)).claims} == {
        "a": WorkItem(doubted=["c"]),
        "b": WorkItem(),
    }


async def test_work_that_is_passed_on_revokes_a_reading_that_began_before(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.see("a")
    await add(scene, "c")
    claims = await scene.claims()

    await scene.queue.pass_on(scene.lease, claims["c"], [("a", WorkItem(doubted=["c"]))])

    assert await scene.commit(claims["a"], "one") == "repeated"
    assert (await scene.take("a")).item == WorkItem(doubted=["c"])


# Runs of one page.


async def test_a_run_of_one_page_claims_what_it_is_about_and_nothing_else(scene: Scene) -> None:
    await add(scene, "a")
    full = scene.lease
    await scene.begin("r2", page="b")
    await add(scene, "b")

    batch = await claim(scene)

    assert (keys_of(batch), batch.left.count) == (["b"], 1)
    assert keys_of(await claim(scene, lease=full)) == ["a"]


async def test_a_run_of_one_page_does_what_it_finds_there_too(scene: Scene) -> None:
    await scene.begin("r2", page="b")
    await scene.see("b")
    found = [("c", WorkItem()), ("db:d", WorkItem())]
    await scene.commit(await scene.take("b"), "one", work=found, things=["db:d"])
    assert set(keys_of(await claim(scene))) == {"c", "db:d"}

    await scene.queue.pass_on(scene.lease, await scene.take("c"), [("e", WorkItem())])
    assert "e" in await scene.claims()


async def test_what_a_run_of_one_page_leaves_is_done_by_the_next_full_run(scene: Scene) -> None:
    await scene.end()
    await scene.begin("r2", page="b")
    await add(scene, "b")
    await claim(scene)

    await scene.begin("r3")
    assert "b" not in await scene.claims()
    scene.clock.time += 61
    assert "b" in await scene.claims()


# While a run looks around.


async def survey(scene: Scene) -> None:
    """End the run under way, and begin one that has not looked around yet."""
    await scene.end()
    await scene.runs.ask_for_run("r2", Ask(), scene.clock.time + ALIVE)
    scene.lease = (
        await scene.runs.begin_slice("r2", "0", 0, Ask(), scene.clock.time + ALIVE)
    ).lease


async def test_what_earlier_runs_left_waits_until_the_run_has_looked_around(scene: Scene) -> None:
    await add(scene, "a")
    await survey(scene)
    await add(scene, "b")
    assert keys_of(await claim(scene)) == ["b"]

    await scene.look_around(scene.lease)

    assert keys_of(await claim(scene, "b")) == ["a"]


async def test_a_child_page_that_the_watch_found_waits_until_the_run_has_looked_around(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await survey(scene)
    await add(scene, "c")
    assert keys_of(await claim(scene)) == []

    await scene.look_around(scene.lease)

    assert keys_of(await claim(scene)) == ["c"]


async def test_a_lane_does_not_stay_for_what_waits_until_another_has_looked_around(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await survey(scene)
    await add(scene, "c")

    assert (await scene.queue.claim_due(scene.lease, 12, [], scene.clock.time + 60)).left == Left(
        1, None
    )
    assert await scene.runs.rest_slice(scene.lease, {}, scene.clock.time + ALIVE) == Left(1, None)


async def test_a_child_page_that_its_parent_made_due_is_read_while_the_run_looks_around(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await survey(scene)
    await scene.see("a")
    claim_of_a = await scene.take("a")
    await scene.commit(
        claim_of_a, "one", children={"c": scene.seen("c", parent="a")}, work=[("c", WorkItem())]
    )

    assert keys_of(await claim(scene)) == ["c"]


async def test_b6_what_a_slice_spends_shows_while_it_works_and_counts_where_it_dies(
    scene: Scene,
) -> None:
    until = scene.clock.time + 60
    await scene.queue.claim_due(scene.lease, 1, [], until, spent=(3, 0))
    await scene.queue.claim_due(scene.lease, 1, [], until, spent=(5, 1))
    shown = await scene.record()

    begun = await scene.runs.begin_slice("r1", "0", 0, Ask(), until)
    await scene.queue.claim_due(begun.lease, 1, [], until, spent=(2, 0))
    await scene.runs.rest_slice(begun.lease, {"notionRequests": 4, "notionThrottled": 0}, until)

    counted = await scene.record()
    assert (shown.notion_requests, shown.notion_throttled) == (5, 1)
    assert (counted.notion_requests, counted.notion_throttled) == (9, 1)


@pytest.mark.parametrize("spent", ["", "x", "-1 2 3", "1e9 1", f"{'9' * 30} 1 1"])
async def test_b6_what_another_wrote_as_spent_counts_as_nothing(scene: Scene, spent: str) -> None:
    run = scene.keys.run("r1")
    await scene.kv.command("HSET", run, "spent:0", spent)
    before = await scene.record()

    begun = await scene.runs.begin_slice("r1", "0", 0, Ask(), scene.clock.time + 60)

    assert begun.run is not None
    assert (before.notion_requests, begun.run.notion_requests) == (0, 0)
