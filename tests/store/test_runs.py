"""Runs as KV keeps them: joining, claims, and what a late or repeated delivery may change (nothing)."""

import json

import pytest

from lib.errors import TakenOver
from lib.model import Ask, Item, Problem
from lib.store.history import History
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Begun, Hold, Runs, warning_facts
from tests.store.conftest import Clock

ALIVE = 600.0


async def begin(runs: Runs, clock: Clock, number: int = 0, lane: str = "0", run_id: str = "r1") -> Begun:
    return await runs.begin(run_id, lane, number, Ask(), clock.time + ALIVE)


async def under_way(runs: Runs, clock: Clock) -> None:
    """A run whose message is published."""
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    await runs.note_jobs("r1", ["msg_1"], clock.time + ALIVE)


async def planned(runs: Runs, clock: Clock, *ids: str) -> Hold:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await begin(runs, clock)).hold
    await runs.write_plan(hold, [Item(id=id, slug=id) for id in ids], {"listed": len(ids)}, [], {})
    return hold


async def claim(runs: Runs, clock: Clock, hold: Hold, count: int = 10) -> list[str]:
    return [item.id for item in (await runs.claim(hold, count, [], clock.time + 60)).items]


async def test_a_second_request_joins_the_run_under_way(runs: Runs, clock: Clock) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    await runs.note_jobs("r1", ["msg_1", "msg_2"], clock.time + ALIVE)

    asked = await runs.ask("r2", Ask(), clock.time + ALIVE)

    assert (asked.outcome, asked.run_id, asked.job_ids) == ("joined", "r1", ["msg_1", "msg_2"])
    assert await runs.read("r2") is None


async def test_asking_twice_with_one_run_id_is_asking_once(runs: Runs, clock: Clock) -> None:
    first = await runs.ask("r1", Ask(), clock.time + ALIVE)

    assert (await runs.ask("r1", Ask(), clock.time + ALIVE)) == first


async def test_who_joined_is_followed_by_a_run_of_what_he_asked_for(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    await runs.ask("r2", Ask(force=True, source="posts"), clock.time + ALIVE)

    ended = await runs.end("r1", "delivered", {}, "r3", clock.time + ALIVE)

    assert (ended.follow_up, ended.ask) == ("r3", Ask(force=True, source="posts"))
    assert (await runs.ask("r4", Ask(), clock.time + ALIVE)).run_id == "r3"


async def test_a_run_whose_message_may_never_have_been_published_is_published_by_who_asks_next(
    runs: Runs, clock: Clock
) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)

    again = await runs.ask("r2", Ask(), clock.time + ALIVE)
    forced = await runs.ask("r3", Ask(force=True), clock.time + ALIVE)

    assert (again.outcome, again.run_id, again.slice) == ("resumed", "r1", 0)
    assert (forced.outcome, forced.run_id, forced.slice) == ("resumed", "r1", 0)
    assert (await runs.end("r1", "delivered", {}, "r4", clock.time + ALIVE)).ask == Ask(force=True)


async def test_two_different_wishes_are_followed_by_a_run_of_everything(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    await runs.ask("r2", Ask(source="posts"), clock.time + ALIVE)
    await runs.ask("r3", Ask(source="pages"), clock.time + ALIVE)

    ended = await runs.end("r1", "delivered", {}, "r4", clock.time + ALIVE)

    assert ended.ask == Ask()


async def test_a_run_ends_once_and_tells_its_follow_up_again(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    await runs.ask("r2", Ask(), clock.time + ALIVE)
    await runs.end("r1", "delivered", {"deleted": 2}, "r3", clock.time + ALIVE)

    again = await runs.end("r1", "failed", {"deleted": 9}, "r4", clock.time + ALIVE)

    assert (again.repeated, again.follow_up) == (True, "r3")
    run = await runs.read("r1")
    assert run is not None
    assert (run.status, run.deleted) == ("delivered", 2)


async def test_a_run_without_a_sign_of_life_gives_way(runs: Runs, clock: Clock) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    clock.time += ALIVE + 1

    asked = await runs.ask("r2", Ask(), clock.time + ALIVE)

    assert asked.outcome == "new"
    broken = await runs.read("r1")
    assert broken is not None
    assert broken.status == "failed"
    assert "no sign of life" in broken.error


async def test_runs_of_one_page_go_side_by_side(runs: Runs, clock: Clock) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)

    assert (await runs.ask("r2", Ask(page="about"), clock.time + ALIVE)).outcome == "new"
    assert (await runs.begin("r2", "0", 0, Ask(page="about"), clock.time + ALIVE)).outcome == "go"
    assert (await begin(runs, clock)).outcome == "go"


async def test_a_message_whose_run_nobody_recorded_records_it(runs: Runs, clock: Clock) -> None:
    begun = await runs.begin("r9", "0", 0, Ask(force=True), clock.time + ALIVE)

    assert begun.outcome == "go"
    assert begun.run is not None
    assert (begun.run.run_id, begun.run.status, begun.run.force) == ("r9", "active", True)


async def test_a_message_without_a_record_joins_the_run_under_way(runs: Runs, clock: Clock) -> None:
    await planned(runs, clock, "a")

    begun = await begin(runs, clock, run_id="r9")

    assert (begun.outcome, begun.other) == ("joined", "r1")


async def test_an_item_is_claimed_once(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a", "b", "c")
    other = (await begin(runs, clock, lane="1")).hold

    assert len(await claim(runs, clock, hold, 2)) == 2
    assert len(await claim(runs, clock, other)) == 1


async def test_a_redelivery_takes_the_claims_of_the_dead_slice_over_at_once(runs: Runs, clock: Clock) -> None:
    dead = await planned(runs, clock, "a", "b")
    await claim(runs, clock, dead)

    again = await begin(runs, clock)

    assert sorted(await claim(runs, clock, again.hold)) == ["a", "b"]
    with pytest.raises(TakenOver):
        await runs.give_up(dead, Item(id="a"), "too late")
    with pytest.raises(TakenOver):
        await claim(runs, clock, dead)


async def test_an_expired_claim_comes_back(runs: Runs, clock: Clock) -> None:
    dead = await planned(runs, clock, "a")
    await claim(runs, clock, dead)
    other = (await begin(runs, clock, lane="1")).hold

    assert await claim(runs, clock, other) == []
    clock.time += 61
    assert await claim(runs, clock, other) == ["a"]


async def test_a_claim_whose_answer_was_lost_is_handed_out_again(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a", "b")
    await claim(runs, clock, hold)

    again = await runs.claim(hold, 10, ["a"], clock.time + 60)

    assert [item.id for item in again.items] == ["b"]


async def test_what_is_put_back_waits_and_what_is_given_up_is_reported(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a", "b")
    await claim(runs, clock, hold)
    await runs.put_back(hold, Item(id="a", attempts=1), clock.time + 30)
    await runs.give_up(hold, Item(id="b"), "Notion is away")

    claimed = await runs.claim(hold, 10, [], clock.time + 60)
    assert (claimed.items, claimed.left, claimed.next_due) == ([], 1, clock.time + 30)
    clock.time += 31
    assert (await runs.claim(hold, 10, [], clock.time + 60)).items == [Item(id="a", attempts=1)]
    run = await runs.read("r1")
    assert run is not None
    assert run.failed == 1


async def test_a_slice_that_ended_does_nothing_when_it_is_delivered_again(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a")
    await runs.rest(hold, {"notionRequests": 7}, clock.time + ALIVE)
    await runs.rest(hold, {"notionRequests": 7}, clock.time + ALIVE)

    again = await begin(runs, clock)

    assert again.outcome == "unsent"
    assert again.run is not None
    assert (again.run.notion_requests, again.run.slices) == (7, 1)


async def test_a_slice_whose_next_one_has_begun_does_nothing(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a")
    await runs.rest(hold, {}, clock.time + ALIVE)
    await begin(runs, clock, number=1)

    assert (await begin(runs, clock)).outcome == "repeated"


async def test_a_lane_that_comes_before_the_plan_is_called_when_it_stands(runs: Runs, clock: Clock) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    planner = (await begin(runs, clock)).hold

    assert (await begin(runs, clock, lane="1")).outcome == "early"
    assert await runs.write_plan(planner, [Item(id="a")], {}, [], {}) == ["1"]
    assert (await begin(runs, clock, number=1, lane="1")).outcome == "go"


async def test_a_plan_of_many_items_is_claimed_a_few_at_a_time(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, *(f"{n:03}" for n in range(450)))

    claimed = await runs.claim(hold, 8, [], clock.time + 60)

    assert (len(claimed.items), claimed.left) == (8, 450)
    run = await runs.read("r1")
    assert run is not None
    assert (run.to_sync, run.remaining) == (450, 450)


async def test_a_plan_whose_answer_was_lost_is_written_once_more_without_harm(runs: Runs, clock: Clock) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await begin(runs, clock)).hold
    assert (await begin(runs, clock, lane="1")).outcome == "early"
    first = await runs.write_plan(hold, [Item(id="a")], {"listed": 1}, [], {})

    assert await runs.write_plan(hold, [Item(id="a")], {"listed": 1}, [], {}) == first == ["1"]


async def test_a_plan_that_was_begun_leaves_nothing_to_the_one_that_is_made_instead(
    runs: Runs, clock: Clock, kv: Kv
) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    dead = (await begin(runs, clock)).hold
    many = [Item(id=f"{n:03}") for n in range(201)]
    first_part: list[str | int | float] = ["0", dead.token, "1", "0", 60, 60, 0]
    first_part += [0, 1, 2, 0, 0, 0, "m", "d", 1.0, "x", "{}"]
    await kv.script("plan", ["site:sync:run:r1", "site:sync:hidden", "site:sync:overdue"], first_part)
    hold = (await begin(runs, clock)).hold

    await runs.write_plan(hold, many, {}, ["moving"], {})

    assert await kv.command("SMEMBERS", "site:sync:run:r1:vacating") == ["moving"]
    assert await kv.command("HGETALL", "site:sync:run:r1:drops") == {}
    assert await kv.command("HEXISTS", "site:sync:run:r1:plan", "x") == 0
    with pytest.raises(TakenOver):
        await runs.write_plan(dead, [], {}, [], {"d": 0.0})


PROBLEMS = [
    Problem(title="posts", kind="source", reason="Notion is away"),
    Problem("p", "about", "About", "page", "no properties"),
    Problem("d", title="Tasks", kind="database", reason="a partial object"),
]


async def test_what_a_survey_found_broken_is_reported_once_and_due_in_the_next_run(
    runs: Runs, clock: Clock, kv: Kv
) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await begin(runs, clock)).hold
    for _ in range(2):  # a planner whose answer was lost writes its plan again
        await runs.write_plan(hold, [Item(id="a")], {}, [], {}, problems=PROBLEMS)
    again = (await begin(runs, clock)).hold
    await runs.write_plan(again, [Item(id="a")], {}, [], {}, problems=PROBLEMS)

    entry = await History(kv, Keys("site:")).run("r1")
    assert entry is not None
    assert entry.problems == PROBLEMS
    assert (entry.run.failed, entry.run.to_sync, entry.run.remaining) == (3, 4, 1)
    assert sorted(await kv.command("SMEMBERS", "site:sync:overdue")) == ["db:d", "p"]
    assert await kv.command("TTL", "site:sync:run:r1:errors") > 0


async def test_of_very_many_problems_of_a_survey_all_are_due_and_the_first_are_told(
    runs: Runs, clock: Clock, kv: Kv
) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await begin(runs, clock)).hold
    many = [Problem(f"p{number}", reason="r" * 9_000) for number in range(12_000)]
    await runs.write_plan(hold, [], {}, [], {}, problems=many)

    entry = await History(kv, Keys("site:")).run("r1")
    assert entry is not None
    assert [problem.page_id for problem in entry.problems] == [f"p{number}" for number in range(50)]
    assert all(len(problem.reason) <= 1_000 for problem in entry.problems)
    assert entry.run.failed == 12_000
    assert await kv.command("SCARD", "site:sync:overdue") == 12_000


async def test_putting_back_twice_is_putting_back_once(runs: Runs, clock: Clock) -> None:
    hold = await planned(runs, clock, "a")
    await claim(runs, clock, hold)

    for _ in range(2):
        await runs.give_up(hold, Item(id="a"), "why")

    run = await runs.read("r1")
    assert run is not None
    assert run.failed == 1


async def test_what_is_handed_on_comes_whole_or_not_at_all(runs: Runs, kv: Kv) -> None:
    kv.max_request_bytes = 40
    for text in ("a long text in many pieces", "short"):
        await runs.hand_on("r1", "listing", Item(id=text))
        assert await runs.handed_on("r1", "listing", Item) == Item(id=text)

    await runs.hand_on("r1", "listing", Item(id="a long text again"))
    await kv.command("DEL", "site:sync:run:r1:listing:2")
    assert await runs.handed_on("r1", "listing", Item) is None


async def test_what_another_deployment_handed_on_in_its_own_form_is_begun_anew(runs: Runs) -> None:
    await runs.hand_on("r1", "listing", Item(id="a"))

    assert await runs.handed_on("r1", "listing", Hold) is None


async def test_a_parked_run_is_resumed_by_who_asks_next(runs: Runs, clock: Clock) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await begin(runs, clock, lane="here")).hold
    await runs.rest(hold, {}, clock.time + ALIVE, parked=True)

    asked = await runs.ask("r2", Ask(), clock.time + ALIVE)

    assert (asked.outcome, asked.run_id, asked.slice) == ("resumed", "r1", 0)
    assert await runs.ask("r2", Ask(), clock.time + ALIVE) == asked  # nobody knows whether the message was published
    await begin(runs, clock)
    assert (await runs.ask("r2", Ask(), clock.time + ALIVE)).outcome == "joined"


async def test_who_resumes_a_parked_run_forgets_nobody_who_asked_before(runs: Runs, clock: Clock) -> None:
    await runs.ask("r1", Ask(source="posts"), clock.time + ALIVE)
    hold = (await begin(runs, clock, lane="here")).hold
    assert (await runs.ask("r2", Ask(source="pages"), clock.time + ALIVE)).outcome == "joined"
    await runs.rest(hold, {}, clock.time + ALIVE, parked=True)

    assert (await runs.ask("r3", Ask(source="drafts"), clock.time + ALIVE)).outcome == "resumed"

    ended = await runs.end("r1", "delivered", {}, "r4", clock.time + ALIVE)
    assert (ended.follow_up, ended.ask) == ("r4", Ask())


async def test_the_backup_way_goes_on_with_a_plan_that_rests_and_gives_it_back(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    first = (await begin(runs, clock)).hold
    assert (await begin(runs, clock, lane="here")).outcome == "early"
    await runs.rest(first, {}, clock.time + ALIVE)

    here = await begin(runs, clock, lane="here")
    back = await begin(runs, clock, number=1)

    assert (here.outcome, back.outcome) == ("go", "go")
    with pytest.raises(TakenOver):
        await runs.write_plan(here.hold, [], {}, [], {})
    assert await runs.write_plan(back.hold, [Item(id="a")], {}, [], {}) == []


async def test_a_refused_message_takes_its_run_back(runs: Runs, clock: Clock) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    await runs.forget("r1")

    assert await runs.read("r1") is None
    assert (await runs.ask("r2", Ask(), clock.time + ALIVE)).outcome == "new"


async def test_a_run_that_has_begun_is_not_taken_back(runs: Runs, clock: Clock) -> None:
    await planned(runs, clock, "a")

    with pytest.raises(TakenOver):
        await runs.forget("r1")


@pytest.mark.parametrize("how", ["asked for", "begun by its message", "following another"])
async def test_only_the_newest_runs_are_listed_however_one_comes(runs: Runs, clock: Clock, kv: Kv, how: str) -> None:
    if how == "following another":
        await under_way(runs, clock)
        await runs.ask("r2", Ask(), clock.time + ALIVE)
    older = [word for number in range(300) for word in (number, f"old-{number}")]
    await kv.command("ZADD", "site:sync:runs", *older)

    if how == "asked for":
        await runs.ask("new", Ask(), clock.time + ALIVE)
    elif how == "begun by its message":
        await runs.begin("new", "0", 0, Ask(), clock.time + ALIVE)
    else:
        await runs.end("r1", "delivered", {}, "new", clock.time + ALIVE)

    listed = await kv.command("ZRANGE", "site:sync:runs", 0, -1)
    assert (len(listed), "new" in listed, "old-0" in listed) == (200, True, False)


def test_a_plan_with_very_many_warnings_keeps_the_first() -> None:
    facts = warning_facts([f"warning {number}" for number in range(110)])

    assert (len(json.loads(str(facts["warnings"]))), facts["warned"]) == (100, 110)


async def test_a_warning_after_very_many_is_counted(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    await runs.note("r1", warning_facts([f"warning {number}" for number in range(110)]))
    await runs.note("r1", warning_facts(["one more"], await runs.read("r1")))

    run = await runs.read("r1")
    assert run is not None
    assert run.told_warnings[99:] == ["warning 99", "… and 11 more"]
