"""Who comes while another run is under way, or seems to be: who joins, who gives way, who is
remembered."""

import pytest

from lib.model import Ask
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import KEPT_FOR_SECONDS, Runs
from lib.store.tellings import Tellings
from tests.store.conftest import Clock
from tests.store.test_runs import ALIVE, begin, record, under_way, working


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (Ask(), Ask()),
        (Ask(), Ask(source="posts")),
        (Ask(source="posts"), Ask(source="posts")),
        (Ask(force=True), Ask()),
        (Ask(force=True), Ask(force=True)),
    ],
)
async def test_who_resumes_a_run_that_does_all_he_asks_for_is_followed_by_none(
    runs: Runs, clock: Clock, first: Ask, then: Ask
) -> None:
    await runs.ask_for_run("r1", first, clock.time + ALIVE)

    assert (await runs.ask_for_run("r2", then, clock.time + ALIVE)).outcome == "resumed"
    assert not await runs.is_joined()


async def test_a_run_that_is_resumed_is_believed_to_be_alive_anew(runs: Runs, clock: Clock) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    clock.time += ALIVE - 1
    await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)

    assert (await record(runs, "r1")).alive_until == clock.time + ALIVE


async def test_a_run_whose_record_is_gone_stands_in_nobodys_way(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    await under_way(runs, clock)
    await kv.command("DEL", keys.run("r1"))
    assert (await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)).outcome == "new"

    await kv.command("DEL", keys.run("r2"))
    assert (await begin(runs, clock, run_id="r3")).outcome == "go"


async def test_a_message_that_nobody_recorded_joins_a_run_that_has_not_begun_yet(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)

    begun = await runs.begin_slice(
        "r9", "0", 0, Ask(force=True, source="posts"), clock.time + ALIVE
    )

    assert (begun.outcome, begun.other) == ("joined", "r1")
    assert await runs.read_run("r9") is None
    ended = await runs.end_run("r1", "delivered", {}, "r2", clock.time + ALIVE)
    assert ended.ask == Ask(force=True, source="posts")


async def test_a_run_that_was_silent_gives_way_and_is_cancelled_where_it_comes_back(
    runs: Runs, clock: Clock
) -> None:
    await working(runs, clock)
    clock.time += ALIVE + 1
    assert (await begin(runs, clock, run_id="r9")).outcome == "go"
    assert (
        await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)
    ).run_id == "r9"  # it is the one under way from now on

    late = await begin(runs, clock, number=1)

    assert (late.outcome, late.other) == ("joined", "r9")
    run = await record(runs, "r1")
    assert (run.status, run.finished_at) == ("cancelled", clock.time)


async def test_a_message_of_a_run_that_has_ended_changes_nothing(runs: Runs, clock: Clock) -> None:
    await working(runs, clock)
    await runs.end_run("r1", "delivered", {}, "", clock.time + ALIVE)
    await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)
    await runs.note_jobs("r2", ["msg_2"], clock.time + ALIVE)

    assert (await begin(runs, clock)).outcome == "ended"

    assert (await record(runs, "r1")).status == "delivered"
    assert not await runs.is_joined()


async def test_the_end_of_a_run_of_one_page_leaves_the_one_under_way_alone(
    runs: Runs, clock: Clock
) -> None:
    await under_way(runs, clock)
    await runs.ask_for_run("r2", Ask(page="about"), clock.time + ALIVE)
    await runs.note_facts("r2", {"followUp": "1"})

    assert (await runs.end_run("r2", "delivered", {}, "r3", clock.time + ALIVE)).follow_up == ""
    assert (await runs.ask_for_run("r4", Ask(), clock.time + ALIVE)).run_id == "r1"


async def test_every_run_is_kept_for_30_days_and_found_however_it_came_to_be(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    await under_way(runs, clock)
    await runs.begin_slice("page", "0", 0, Ask(page="about"), clock.time + ALIVE)
    await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)
    await runs.end_run("r1", "delivered", {}, "follows", clock.time + ALIVE)

    ids = ["r1", "page", "follows"]
    assert [await kv.command("TTL", keys.run(id)) for id in ids] == [KEPT_FOR_SECONDS] * 3
    assert sorted(await kv.command("ZRANGE", keys.runs, 0, -1)) == sorted(ids)


async def test_no_more_than_two_hundred_runs_are_listed(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    older = [word for number in range(250) for word in (number, f"older-{number}")]
    await kv.command("ZADD", keys.runs, *older)

    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)

    assert await kv.command("ZCARD", keys.runs) == 200
    assert await kv.command("ZREVRANGE", keys.runs, 0, 1) == ["r1", "older-249"]


async def test_a_run_that_is_taken_back_leaves_no_trace_and_no_other_run_alone(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    await runs.ask_for_run("r1", Ask(), clock.time + ALIVE)
    for _ in range(2):  # the first answer may be lost
        await runs.forget_run("r1")
    assert await kv.command("KEYS", "*") == []

    await under_way(runs, clock)
    await runs.ask_for_run("r2", Ask(page="about"), clock.time + ALIVE)
    await runs.forget_run("r2")
    assert await kv.command("GET", keys.active) == "r1"


async def test_only_a_run_that_ought_to_be_at_work_can_fall_silent(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    tellings = Tellings(kv, keys, clock, lambda: "id")
    await runs.ask_for_run("done", Ask(), clock.time + ALIVE)
    await runs.end_run("done", "delivered", {}, "", clock.time + ALIVE)
    await runs.ask_for_run("waits", Ask(page="about"), clock.time + ALIVE)
    await working(runs, clock)
    assert await tellings.silent_runs() == []
    clock.time += ALIVE + 1

    assert sorted(await tellings.silent_runs()) == ["r1", "waits"]
    assert [(await record(runs, id)).status for id in ("done", "waits", "r1")] == [
        "delivered",
        "failed",
        "failed",
    ]
    assert "no sign of life" in (await record(runs, "r1")).error
    await tellings.note_noticed("r1")
    assert await tellings.silent_runs() == ["waits"]


async def test_a_page_that_is_asked_for_by_a_slug_has_to_have_it_or_to_have_had_it(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    await kv.command("HSET", keys.slugs, "visit", "a")
    await kv.command("HSET", keys.former_slugs, "open", "a")

    outcomes = [
        (await runs.ask_for_run(f"run of {slug}", Ask(page=slug), clock.time + ALIVE, slug)).outcome
        for slug in ("visit", "open", "nowhere")
    ]

    assert outcomes == ["new", "new", "unknown"]
    assert await runs.read_run("run of nowhere") is None


async def test_a_run_says_who_asked_for_it_and_what_follows_it_that_it_does(
    runs: Runs, clock: Clock
) -> None:
    await runs.ask_for_run("r1", Ask(asked_by="cron"), clock.time + ALIVE)
    await begin(runs, clock)
    await runs.ask_for_run("r2", Ask(asked_by="person"), clock.time + ALIVE)
    await runs.end_run("r1", "delivered", {}, "r3", clock.time + ALIVE)

    assert (await record(runs, "r1")).ask == Ask(asked_by="cron")
    assert (await record(runs, "r3")).ask == Ask(asked_by="follow-up")
