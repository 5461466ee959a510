"""Runs as KV keeps them: joining, ending, and what a late or repeated delivery may change
(nothing)."""

import json
from typing import Any

import pytest

from lib.errors import TakenOver
from lib.model import Ask, Problem, WorkItem
from lib.store.history import History
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Begun, Run, Runs, SliceLease, warning_facts
from tests.store.conftest import Clock

ALIVE = 600.0


async def begin(
    runs: Runs, clock: Clock, number: int = 0, lane: str = "0", run_id: str = "r1"
) -> Begun:
    return await runs.begin_slice(run_id, lane, number, Ask(), clock.time + ALIVE)


async def under_way(runs: Runs, clock: Clock) -> None:
    """A run whose message is published."""
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    await runs.note_jobs("r1", ["msg_1"], clock.time + ALIVE)


async def working(runs: Runs, clock: Clock, **survey: Any) -> SliceLease:
    """A run whose first slice has looked around."""
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    lease = (await begin(runs, clock)).lease
    await look_around(runs, lease, **survey)
    return lease


async def look_around(runs: Runs, lease: SliceLease, **survey: Any) -> None:
    nothing: dict[str, Any] = {
        "counts": {},
        "sources": {},
        "listings": {},
        "warnings": [],
        "problems": [],
    }
    await runs.note_survey(lease, **nothing | survey)


async def record(runs: Runs, run_id: str = "r1") -> Run:
    run = await runs.read_run(run_id)
    assert run is not None
    return run


async def test_a_second_request_joins_the_run_under_way(runs: Runs, clock: Clock) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    await runs.note_jobs("r1", ["msg_1", "msg_2"], clock.time + ALIVE)

    asked = await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)

    assert (asked.outcome, asked.run_id, asked.job_ids) == ("joined", "r1", ["msg_1", "msg_2"])
    assert await runs.read_run("r2") is None


async def test_asking_twice_with_one_run_id_is_asking_once(runs: Runs, clock: Clock) -> None:
    first = await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)

    assert (await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)) == first


async def test_who_joined_is_followed_by_a_run_of_what_he_asked_for(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)
    await runs.ask_for_run("r2", Ask(force=True, source="posts"), clock.time + ALIVE)

    ended = await runs.end_run("r1", "delivered", {}, "r3", clock.time + ALIVE)

    assert (ended.follow_up, ended.ask) == ("r3", Ask(force=True, source="posts"))
    assert (await runs.ask_for_run("r4", Ask(), clock.time + ALIVE)).run_id == "r3"


async def test_a_run_whose_message_may_never_have_been_published_is_published_by_who_asks_next(
    runs: Runs, clock: Clock
) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)

    again = await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)
    forced = await runs.ask_for_run("r3", Ask(force=True), clock.time + ALIVE)

    assert (again.outcome, again.run_id, again.slice) == ("resumed", "r1", 0)
    assert (forced.outcome, forced.run_id, forced.slice) == ("resumed", "r1", 0)
    assert (await runs.end_run("r1", "delivered", {}, "r4", clock.time + ALIVE)).ask == Ask(
        force=True
    )


async def test_two_different_wishes_are_followed_by_a_run_of_everything(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)
    await runs.ask_for_run("r2", Ask(source="posts"), clock.time + ALIVE)
    await runs.ask_for_run("r3", Ask(source="pages"), clock.time + ALIVE)

    ended = await runs.end_run("r1", "delivered", {}, "r4", clock.time + ALIVE)

    assert ended.ask == Ask()


async def test_a_run_ends_once_and_tells_its_follow_up_again(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)
    await runs.end_run("r1", "delivered", {"deleted": 2}, "r3", clock.time + ALIVE)

    again = await runs.end_run("r1", "failed", {"deleted": 9}, "r4", clock.time + ALIVE)

    assert (again.repeated, again.follow_up) == (True, "r3")
    run = await record(runs)
    assert (run.status, run.deleted) == ("delivered", 2)


async def test_a_run_without_a_sign_of_life_gives_way(runs: Runs, clock: Clock) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    clock.time += ALIVE + 1

    asked = await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)

    assert asked.outcome == "new"
    broken = await record(runs)
    assert broken.status == "failed"
    assert "no sign of life" in broken.error


async def test_runs_of_one_page_go_side_by_side(runs: Runs, clock: Clock) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)

    assert (await runs.ask_for_run("r2", Ask(page="about"), clock.time + ALIVE)).outcome == "new"
    assert (
        await runs.begin_slice("r2", "0", 0, Ask(page="about"), clock.time + ALIVE)
    ).outcome == "go"
    assert (await begin(runs, clock)).outcome == "go"


async def test_a_message_whose_run_nobody_recorded_records_it(runs: Runs, clock: Clock) -> None:
    begun = await runs.begin_slice("r9", "0", 0, Ask(force=True), clock.time + ALIVE)

    assert begun.outcome == "go"
    assert begun.run is not None
    assert (begun.run.run_id, begun.run.status, begun.run.force) == ("r9", "active", True)


async def test_a_message_without_a_record_joins_the_run_under_way(runs: Runs, clock: Clock) -> None:
    await working(runs, clock)

    begun = await begin(runs, clock, run_id="r9")

    assert (begun.outcome, begun.other) == ("joined", "r1")


async def test_a_slice_that_ended_does_nothing_when_it_is_delivered_again(
    runs: Runs, clock: Clock
) -> None:
    lease = await working(runs, clock)
    await runs.rest_slice(lease, {"notionRequests": 7}, clock.time + ALIVE)
    await runs.rest_slice(lease, {"notionRequests": 7}, clock.time + ALIVE)

    again = await begin(runs, clock)

    assert again.outcome == "unsent"
    assert again.run is not None
    assert (again.run.notion_requests, again.run.slices) == (7, 1)


async def test_a_slice_whose_next_one_has_begun_does_nothing(runs: Runs, clock: Clock) -> None:
    lease = await working(runs, clock)
    await runs.rest_slice(lease, {}, clock.time + ALIVE)
    await begin(runs, clock, number=1)

    assert (await begin(runs, clock)).outcome == "repeated"


PROBLEMS = [
    Problem(title="posts", kind="source", reason="Notion is away"),
    Problem("p", "about", "About", "page", "no properties"),
    Problem("d", title="Tasks", kind="database", reason="a partial object"),
]


async def test_what_a_survey_found_out_is_noted_once(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    survey: dict[str, Any] = {
        "counts": {"listed": 3, "unchanged": 2},
        "warnings": ["w"],
        "problems": PROBLEMS,
    }
    lease = await working(runs, clock, **survey)
    await look_around(runs, lease, **survey)  # the answer may be lost
    await look_around(runs, (await begin(runs, clock)).lease, **survey)

    entry = await History(kv, keys).entry_of("r1")
    assert entry is not None
    assert (entry.problems, entry.run.failed, entry.run.warnings) == (PROBLEMS, 3, ["w"])
    assert (entry.run.listed, entry.run.unchanged, entry.run.phase) == (3, 2, "work")
    assert await kv.command("TTL", f"{keys.run('r1')}:errors") > 0


async def test_of_very_many_problems_and_warnings_of_a_survey_the_first_are_told(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    many = [Problem(f"p{number}", reason="r" * 9_000) for number in range(2_000)]
    await working(runs, clock, problems=many, warnings=[f"w{number}" for number in range(110)])

    entry = await History(kv, keys).entry_of("r1")
    assert entry is not None
    assert [problem.page_id for problem in entry.problems] == [f"p{number}" for number in range(50)]
    assert all(len(problem.reason) <= 1_000 for problem in entry.problems)
    assert (entry.run.failed, entry.run.told_warnings[99:]) == (2_000, ["w99", "… and 10 more"])


async def test_a_zombie_notes_no_survey(runs: Runs, clock: Clock) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    dead = (await begin(runs, clock)).lease
    await begin(runs, clock)

    with pytest.raises(TakenOver):
        await look_around(runs, dead, counts={"listed": 3})
    assert (await record(runs)).listed == 0


async def test_what_is_handed_on_comes_whole_or_not_at_all(
    runs: Runs, kv: Kv, clock: Clock
) -> None:
    lease = (await begin(runs, clock)).lease
    kv.max_request_bytes = 40
    for text in ("a long text in many pieces", "short"):
        await runs.hand_on(lease, "listing", WorkItem(title=text))
        assert await runs.handed_on("r1", "listing", WorkItem) == WorkItem(title=text)

    await runs.hand_on(lease, "listing", WorkItem(title="a long text again"))
    await kv.command("DEL", "site:sync:run:r1:listing:2")
    assert await runs.handed_on("r1", "listing", WorkItem) is None


async def test_a_zombie_hands_nothing_on(runs: Runs, clock: Clock) -> None:
    dead = (await begin(runs, clock)).lease
    lease = (await begin(runs, clock)).lease
    await runs.hand_on(lease, "listing", WorkItem(title="new"))

    with pytest.raises(TakenOver):
        await runs.hand_on(dead, "listing", WorkItem(title="old"))
    assert await runs.handed_on("r1", "listing", WorkItem) == WorkItem(title="new")


async def test_what_another_deployment_handed_on_in_its_own_form_is_begun_anew(
    runs: Runs, clock: Clock
) -> None:
    lease = (await begin(runs, clock)).lease
    await runs.hand_on(lease, "listing", WorkItem(title="a"))

    assert await runs.handed_on("r1", "listing", SliceLease) is None


async def test_a_parked_run_is_resumed_by_who_asks_next(runs: Runs, clock: Clock) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    lease = (await begin(runs, clock, lane="here")).lease
    await runs.rest_slice(lease, {}, clock.time + ALIVE, parked=True)

    asked = await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)

    assert (asked.outcome, asked.run_id, asked.slice) == ("resumed", "r1", 0)
    assert (
        await runs.ask_for_run("r2", Ask(), clock.time + ALIVE) == asked
    )  # nobody knows whether the message was published
    await begin(runs, clock)
    assert (await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)).outcome == "joined"


async def test_who_resumes_a_parked_run_forgets_nobody_who_asked_before(
    runs: Runs, clock: Clock
) -> None:
    await runs.ask_for_run("r1", Ask(source="posts"), clock.time + ALIVE)
    lease = (await begin(runs, clock, lane="here")).lease
    assert (
        await runs.ask_for_run("r2", Ask(source="pages"), clock.time + ALIVE)
    ).outcome == "joined"
    await runs.rest_slice(lease, {}, clock.time + ALIVE, parked=True)

    assert (
        await runs.ask_for_run("r3", Ask(source="drafts"), clock.time + ALIVE)
    ).outcome == "resumed"

    ended = await runs.end_run("r1", "delivered", {}, "r4", clock.time + ALIVE)
    assert (ended.follow_up, ended.ask) == ("r4", Ask())


async def test_a_refused_message_takes_its_run_back(runs: Runs, clock: Clock) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    await runs.forget_run("r1")

    assert await runs.read_run("r1") is None
    assert (await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)).outcome == "new"


async def test_a_run_that_has_begun_is_not_taken_back(runs: Runs, clock: Clock) -> None:
    await working(runs, clock)

    with pytest.raises(TakenOver):
        await runs.forget_run("r1")


@pytest.mark.parametrize("how", ["asked for", "begun by its message", "following another"])
async def test_only_the_newest_runs_are_listed_however_one_comes(
    runs: Runs, clock: Clock, kv: Kv, how: str
) -> None:
    if how == "following another":
        await under_way(runs, clock)
        await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)
    older = [word for number in range(300) for word in (number, f"old-{number}")]
    await kv.command("ZADD", "site:sync:runs", *older)

    if how == "asked for":
        await runs.ask_for_run("new", Ask(), clock.time + ALIVE)
    elif how == "begun by its message":
        await runs.begin_slice("new", "0", 0, Ask(), clock.time + ALIVE)
    else:
        await runs.end_run("r1", "delivered", {}, "new", clock.time + ALIVE)

    listed = await kv.command("ZRANGE", "site:sync:runs", 0, -1)
    assert (len(listed), "new" in listed, "old-0" in listed) == (200, True, False)


def test_a_plan_with_very_many_warnings_keeps_the_first() -> None:
    facts = warning_facts([f"warning {number}" for number in range(110)])

    assert (len(json.loads(str(facts["warnings"]))), facts["warned"]) == (100, 110)


async def test_a_warning_after_very_many_is_counted(runs: Runs, clock: Clock) -> None:
    await under_way(runs, clock)
    await runs.note_facts("r1", warning_facts([f"warning {number}" for number in range(110)]))
    await runs.note_facts("r1", warning_facts(["one more"], await runs.read_run("r1")))

    run = await record(runs)
    assert run.told_warnings[99:] == ["warning 99", "… and 11 more"]
