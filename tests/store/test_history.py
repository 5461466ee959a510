"""What people get to see of runs: the newest, with their problems, in one command."""

from collections.abc import Sequence

import msgspec

from lib.model import Ask, Item, KeptSource, Problem, Source
from lib.store.history import MOST_RUNS, History
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.memory import Memory
from lib.store.runs import KEPT_FOR_SECONDS, Hold, Runs, key_of
from tests.store.conftest import Clock

ALIVE = 600.0


async def ended(runs: Runs, clock: Clock, run_id: str) -> None:
    clock.time += 1
    await runs.ask(run_id, Ask(), clock.time + ALIVE)
    await runs.end(run_id, "delivered", {}, "", clock.time + ALIVE)


async def working(runs: Runs, clock: Clock, *ids: str, problems: Sequence[Problem] = ()) -> Hold:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await runs.begin("r1", "0", 0, Ask(), clock.time + ALIVE)).hold
    items = [Item(id=id, slug=f"slug-{id}") for id in ids]
    await runs.write_plan(hold, items, {"listed": len(ids)}, [], {}, problems=problems)
    return hold


async def test_an_empty_kv_has_no_history(kv: Kv, keys: Keys) -> None:
    recent = await History(kv, keys).recent()

    assert (recent.runs, recent.current, recent.sources, recent.webhook_token) == ([], None, {}, "")


async def test_the_newest_runs_come_first_and_no_more_than_fifty(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> None:
    for number in range(MOST_RUNS + 5):
        await ended(runs, clock, f"r{number}")
    before = kv.commands

    recent = await History(kv, keys).recent()

    assert [entry.run.run_id for entry in recent.runs] == [f"r{n}" for n in reversed(range(5, MOST_RUNS + 5))]
    assert kv.commands - before == 1


async def test_the_run_under_way_is_found_behind_any_number_of_newer_ones(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    await runs.ask("long", Ask(), clock.time + ALIVE)
    for number in range(MOST_RUNS):
        clock.time += 1
        await runs.ask(f"page{number}", Ask(page="about"), clock.time + ALIVE)

    recent = await History(kv, keys).recent()

    assert recent.current is not None
    assert recent.current.run.run_id == "long"
    assert len(recent.runs) == MOST_RUNS
    assert "long" not in {entry.run.run_id for entry in recent.runs}


async def test_a_run_whose_record_has_expired_is_left_out(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> None:
    await ended(runs, clock, "r1")
    await ended(runs, clock, "r2")
    await kv.command("DEL", keys.run("r1"))

    recent = await History(kv, keys).recent()

    assert [entry.run.run_id for entry in recent.runs] == ["r2"]


async def test_problems_are_told_with_the_run_and_kept_as_long(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> None:
    hold = await working(runs, clock, "a")
    [item] = (await runs.claim(hold, 1, [], clock.time + 60)).items
    await runs.give_up(hold, item, "Notion does not show it", "A <b>bold</b> page")

    recent, one = await History(kv, keys).recent(), await History(kv, keys).run("r1")

    problem = Problem("a", "slug-a", "A <b>bold</b> page", reason="Notion does not show it")
    assert recent.runs[0].problems == [problem]
    assert one == recent.runs[0]
    assert await kv.command("TTL", f"{keys.run('r1')}:errors") > KEPT_FOR_SECONDS - 60


async def test_a_problem_says_what_kind_of_thing_it_is_about(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> None:
    hold = await working(runs, clock, "a", problems=[Problem(title="posts", kind="source", reason="why")])
    await runs.give_up(hold, Item(id="d", kind="database"), "why", "Tasks")  # not claimed: changes nothing
    for item in [Item(id="a", slug="slug-a"), Item(id="d", kind="database")]:
        await kv.command("HSET", f"{keys.run('r1')}:claims", key_of(item), hold.token)
        await runs.give_up(hold, item, "why", "Tasks")

    recent = await History(kv, keys).recent()

    assert [(one.kind, one.page_id, one.title) for one in recent.runs[0].problems] == [
        ("source", None, "posts"),
        ("page", "a", "Tasks"),
        ("database", "d", "Tasks"),
    ]


async def test_problems_that_an_older_or_newer_version_noted_are_told_too(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    await working(runs, clock, "a")
    entries = [
        '{"pageId":"a","slug":"s","reason":"why","title":"T"}',
        '{"kind":"galaxy","reason":"why","slug":7}',
        "no",
    ]
    await kv.command("RPUSH", f"{keys.run('r1')}:errors", *entries)

    recent, one = await History(kv, keys).recent(), await History(kv, keys).run("r1")

    assert recent.runs == [one]
    assert recent.runs[0].problems == [
        Problem("a", "s", "T", "page", "why"),
        Problem(reason="why"),
        Problem(reason="What was noted of it can't be read"),
    ]


async def test_an_unknown_run_is_none(kv: Kv, keys: Keys) -> None:
    assert await History(kv, keys).run("nope") is None


async def test_sources_and_the_webhooks_token_come_along(kv: Kv, keys: Keys) -> None:
    kept = KeptSource("ref", Source("pages", "db", "ds"), listed_at=1.0, synced_at="2026-07-01T00:00:00.000Z", total=3)
    await Memory(kv, keys).remember_sources({"pages": kept})
    await kv.command("SET", keys.webhook_token, "secret_abc")

    recent = await History(kv, keys).recent()

    assert msgspec.to_builtins(recent.sources) == msgspec.to_builtins({"pages": kept})
    assert recent.webhook_token == "secret_abc"
