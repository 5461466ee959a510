"""What people get to see of runs: the newest, with their problems, in one command."""

import json

from lib.model import Ask, ListingRecord, Problem, Source, SourceRecord, WorkItem
from lib.store.history import MOST_RUNS, MOST_SUGGESTED, History, SourceHistory
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import KEPT_FOR_SECONDS, Runs
from tests.store.conftest import Clock
from tests.store.scene import NOW, Scene
from tests.store.test_runs import working
from tests.store.test_work import add

ALIVE = 600.0


async def ended(runs: Runs, clock: Clock, run_id: str) -> None:
    clock.time += 1
    await runs.ask_for_run(run_id, Ask(), clock.time + ALIVE)
    await runs.end_run(run_id, "delivered", {}, "", clock.time + ALIVE)


async def test_an_empty_kv_has_no_history(kv: Kv, keys: Keys) -> None:
    recent = await History(kv, keys).recent_runs()

    assert (recent.runs, recent.current, recent.sources, recent.webhook_token) == ([], None, {}, "")


async def test_the_newest_runs_come_first_and_no_more_than_fifty(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    for number in range(MOST_RUNS + 5):
        await ended(runs, clock, f"r{number}")
    before = kv.commands

    recent = await History(kv, keys).recent_runs()

    assert [entry.run.run_id for entry in recent.runs] == [
        f"r{n}" for n in reversed(range(5, MOST_RUNS + 5))
    ]
    assert kv.commands - before == 1


async def test_the_run_under_way_is_found_behind_any_number_of_newer_ones(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    await runs.ask_for_run("long", Ask(), clock.time + ALIVE)
    for number in range(MOST_RUNS):
        clock.time += 1
        await runs.ask_for_run(f"page{number}", Ask(page="about"), clock.time + ALIVE)

    recent = await History(kv, keys).recent_runs()

    assert recent.current is not None
    assert recent.current.run.run_id == "long"
    assert len(recent.runs) == MOST_RUNS
    assert "long" not in {entry.run.run_id for entry in recent.runs}


async def test_a_run_whose_record_has_expired_is_left_out(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    await ended(runs, clock, "r1")
    await ended(runs, clock, "r2")
    await kv.command("DEL", keys.run("r1"))

    recent = await History(kv, keys).recent_runs()

    assert [entry.run.run_id for entry in recent.runs] == ["r2"]


async def test_problems_are_told_with_the_run_and_kept_as_long(scene: Scene) -> None:
    problem = Problem("a", "slug-a", "A <b>bold</b> page", reason="Notion does not show it")
    await add(scene, "a")
    await scene.queue.give_up(scene.lease, await scene.take("a"), problem, 0)

    history = History(scene.kv, scene.keys)
    [newest], one = (await history.recent_runs()).runs, await history.entry_of("r1")

    assert (newest, newest.problems) == (one, [problem])
    errors = f"{scene.keys.run('r1')}:errors"
    assert await scene.kv.command("TTL", errors) > KEPT_FOR_SECONDS - 60


async def test_problems_that_an_older_or_newer_version_noted_are_told_too(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    await working(runs, clock)
    entries = [
        '{"pageId":"a","slug":"s","reason":"why","title":"T"}',
        '{"kind":"galaxy","reason":"why","slug":7}',
        "no",
    ]
    await kv.command("RPUSH", f"{keys.run('r1')}:errors", *entries)

    recent, one = await History(kv, keys).recent_runs(), await History(kv, keys).entry_of("r1")

    assert recent.runs == [one]
    assert recent.runs[0].problems == [
        Problem("a", "s", "T", "page", "why"),
        Problem(reason="why"),
        Problem(reason="What was noted of it can't be read"),
    ]


async def test_a_cause_is_kept_with_its_problem_and_with_its_wait(scene: Scene) -> None:
    problem = Problem("a", "slug-a", "A", reason="Notion does not show it", cause="unshared")
    await add(scene, "a")
    await scene.queue.give_up(scene.lease, await scene.take("a"), problem, 0)
    await scene.runs.rest_slice(
        scene.lease,
        {},
        ALIVE,
        waits_until=scene.clock.time + 37,
        reason="a|b",
        cause="rate_limited",
    )
    timeline = f"{scene.keys.run('r1')}:timeline"
    for line in ("7|0|1000|2000|an older version", "8|0|1000|2000|a|no cause", "9|0|1000|2000|"):
        await scene.kv.command("RPUSH", timeline, line)
    odd = '{"pageId":"b","slug":"s","reason":"why","title":"T","kind":"page","cause":"galaxy"}'
    await scene.kv.command("RPUSH", f"{scene.keys.run('r1')}:errors", odd)

    recent = await History(scene.kv, scene.keys).recent_runs()

    [entry] = recent.runs
    assert entry.problems == [problem, Problem("b", "s", "T", "page", "why")]
    assert recent.site.overdue[0].problem == problem
    assert entry.run.waits_cause == "rate_limited"
    assert [(one.reason, one.cause) for one in entry.slices] == [
        ("a|b", "rate_limited"),
        ("an older version", None),
        ("a|no cause", None),
        ("", None),
    ]
    begun = await scene.runs.begin_slice("r1", scene.lease.lane, 1, Ask(), scene.clock.time + ALIVE)
    assert begun.run
    assert begun.run.waits_cause is None


async def test_what_is_overdue_is_told_apart_by_whether_a_version_of_it_is_published(
    scene: Scene,
) -> None:
    await scene.publish("a", "at-a", things=["db:d"], work=[("db:d", WorkItem())])
    await scene.publish_database("d")
    await scene.publish("p", "one", source="posts")
    await scene.see("b")
    keys = ("a", "b", "db:d", "db:e")
    await scene.site.observe(scene.lease, [], [(key, WorkItem()) for key in keys])
    for key, claim in (await scene.claims()).items():
        about = Problem(key, title=key, kind="page", reason="no answer")
        if key.startswith("db:"):
            about = Problem(key[3:], title=key, kind="database", reason="no answer")
        await scene.queue.give_up(scene.lease, claim, about, 0)
    for name in ("posts", "empty"):
        text = json.dumps({"title": name, "kind": "source", "reason": "no answer"})
        await scene.kv.command("HSET", scene.keys.overdue, f"source:{name}", f"1780000 {text}")

    overdue = (await History(scene.kv, scene.keys).recent_runs()).site.overdue

    assert {one.problem.title: one.is_published for one in overdue} == {
        "a": True,
        "b": False,
        "db:d": True,
        "db:e": False,
        "posts": True,
        "empty": False,
    }


async def test_an_unknown_run_is_none(kv: Kv, keys: Keys) -> None:
    assert await History(kv, keys).entry_of("nope") is None


async def test_sources_and_the_webhooks_token_come_along(scene: Scene) -> None:
    source, listing = (
        SourceRecord("ref", Source("pages", "db", "ds")),
        ListingRecord(listed_at=1.0, rows=3),
    )
    await scene.end()
    await scene.begin("r2", sources={"pages": source, "posts": source}, listings={"pages": listing})
    await scene.publish_all(a="one", b="two")
    await scene.site.close_indexes(scene.lease, ["pages"], ["pages"], [])
    await scene.kv.command("SET", scene.keys.webhook_token, "secret_abc", "EX", 60)

    recent = await History(scene.kv, scene.keys).recent_runs()

    assert recent.webhook_token == "secret_abc"
    assert 50 < recent.token_seconds <= 60
    assert recent.sources == {
        "pages": SourceHistory(source, listing, NOW, 2),
        "posts": SourceHistory(source, ListingRecord(), "", 0),
    }


async def test_the_addresses_of_the_site_come_along_as_far_as_they_are_few(
    kv: Kv, keys: Keys
) -> None:
    history = History(kv, keys)
    await kv.command("HSET", keys.paths, "id-2", "visit", "id-1", "home")
    assert sorted((await history.recent_runs()).site.slugs) == ["home", "visit"]

    many = [word for at in range(1000) for word in (f"id-{at}", f"page-{at}")]
    await kv.command("HSET", keys.paths, *many)
    before = kv.commands
    assert len((await history.recent_runs()).site.slugs) == MOST_SUGGESTED
    assert kv.commands - before == 1
