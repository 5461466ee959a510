"""What another hand wrote over a run's own keys, over copies, or over what the webhook and visitors ask for."""

import msgspec
import pytest

from lib.model import Ask, Copy, Event, Item, KeptSource, Problem, Source
from lib.store.budget import Budget
from lib.store.copies import Copies
from lib.store.events import Events
from lib.store.history import History
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.media import Files
from lib.store.memory import Memory
from lib.store.runs import Runs
from lib.store.tellings import Tellings
from tests.store.conftest import Clock
from tests.store.test_copies import new, published
from tests.store.test_runs import ALIVE, begin, planned

LOST = "What KV remembered of it could not be read; the next run reads it again"
FILE = "f" * 16


async def test_an_item_that_can_not_be_read_is_reported_and_due_in_the_next_run(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    hold = await planned(runs, clock, "a", "b", "c")
    plan = f"{keys.run('r1')}:plan"
    await kv.command(
        "HSET", plan, "a", "no item", "b", '{"id":"b","slug":"two","title":"B","kind":"page","page":7,"seen":7}'
    )
    await kv.command("HSET", plan, "db:d", '{"id":null}')
    await kv.command("ZADD", f"{keys.run('r1')}:due", 0, "db:d", 0, "gone")

    claimed = await runs.claim(hold, 10, [], clock.time + 60)

    assert ([item.id for item in claimed.items], claimed.left) == (["c"], 1)
    entry = await History(kv, keys).run("r1")
    assert entry is not None
    assert sorted(entry.problems, key=lambda problem: problem.page_id or "") == [
        Problem("a", "", reason=LOST),
        Problem("b", "two", "B", reason=LOST),
        Problem("d", "", kind="database", reason=LOST),
        Problem("gone", "", reason=LOST),
    ]
    assert sorted(await kv.command("SMEMBERS", keys.overdue)) == ["a", "b", "db:d", "gone"]
    assert (await runs.claim(hold, 10, ["c"], clock.time + 60)).left == 1


async def test_a_claim_in_which_nothing_could_be_read_goes_on_with_the_rest(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    hold = await planned(runs, clock, "a", "b")
    await kv.command("HSET", f"{keys.run('r1')}:plan", "a", "no item")

    assert [item.id for item in (await runs.claim(hold, 1, [], clock.time + 60)).items] == ["b"]


@pytest.mark.parametrize("name", ["listed", "failed", "triggeredAt", "aliveUntil", "warnings", "force", "kvCommands"])
@pytest.mark.parametrize("odd", ["many", "", "1e999", "-5", "9" * 30, '{"a":1}'])
async def test_a_run_is_shown_whatever_its_record_holds(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys, name: str, odd: str
) -> None:
    await planned(runs, clock, "a")
    await kv.command("HSET", keys.run("r1"), name, odd)

    run = await runs.read("r1")

    assert run is not None
    assert run.run_id == "r1"
    assert 0 <= run.triggered_at < 1e11
    assert [entry.run for entry in (await History(kv, keys).recent()).runs] == [run]
    told = await Tellings(kv, keys, clock, lambda: "x").read("r1")
    assert told is None


async def test_a_run_goes_on_whatever_its_record_says_of_its_life(runs: Runs, clock: Clock, kv: Kv, keys: Keys) -> None:
    await planned(runs, clock, "a")
    await kv.command("HSET", keys.run("r1"), "aliveUntil", "x", "slice:0", "x", "ended:0", "x", "forcedAt", "x")
    await kv.command("HSET", keys.run("r1"), "sources", '{"pages":7}')

    assert (await begin(runs, clock)).outcome == "go"
    assert await runs.forced_at("r1") is None
    assert await runs.found_sources("r1") == {}
    await kv.command("HSET", keys.run("r1"), "aliveUntil", "x")
    assert (await runs.ask("r2", Ask(), clock.time + ALIVE)).outcome == "new"
    await kv.command("HSET", keys.run("r2"), "aliveUntil", "x")
    assert await Tellings(kv, keys, clock, lambda: "x").silent() == ["r2", "r1"]


async def test_what_was_handed_on_in_another_form_is_begun_anew(runs: Runs, kv: Kv, keys: Keys) -> None:
    for text in ("", "x", "many digest text", "2 digest"):
        await kv.command("SET", f"{keys.run('r1')}:listing", text)
        assert await runs.handed_on("r1", "listing", Item) is None


async def test_a_budget_that_another_wrote_is_a_new_one(kv: Kv, keys: Keys, clock: Clock) -> None:
    budget = Budget(kv, keys, 10, clock)
    await kv.command("HSET", keys.budget, "start", "x", "used", "x", "closedUntil", "x")

    assert (await budget.reserve(3)).granted == 3
    await kv.command("HSET", keys.budget, "start", "x", "used", "x", "closedUntil", "x")
    await budget.give_back(2)
    await budget.close(5)
    assert (await budget.reserve(3)).wait_seconds == 5


async def test_a_copy_that_can_not_be_told_any_more_counts_as_none(kv: Kv, keys: Keys, clock: Clock) -> None:
    copies = Copies(kv, keys, "s", clock)
    other = Copy("https://blob.example/g")
    await kv.command("HSET", keys.copies("s"), FILE, '{"url":null}', "g", msgspec.json.encode(other).decode())
    await kv.command("ZADD", keys.named, 0, f"block=b&file={FILE} page:a")

    assert await copies.of([FILE, "g"]) == {"g": other}
    assert (await Files(kv, keys, "s").find("block=b", FILE, "lock", clock.time, 1)).outcome == "fetch"
    assert await kv.command("HKEYS", keys.copies("s")) == ["g"]


async def test_an_address_that_can_not_be_told_any_more_is_asked_for_again(kv: Kv, keys: Keys, clock: Clock) -> None:
    await kv.command("ZADD", keys.named, 0, f"block=b&file={FILE} page:a")
    await kv.command("HSET", keys.fresh("block=b"), FILE, "soon https://signed.example")

    assert (await Files(kv, keys).find("block=b", FILE, "lock", clock.time, 1)).outcome == "fetch"


@pytest.mark.parametrize("odd", ["no record", '{"slug":"one"}'])
async def test_copies_wait_for_a_page_whose_record_can_not_be_read(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock, odd: str
) -> None:
    await published(kv, keys, runs, clock)
    await kv.command("HSET", keys.kept, "a", odd)
    copies = Copies(kv, keys, "s", clock)

    assert not await copies.put_into("r1", "page:a", new, 1_000, None)
    assert await copies.due(9) == []


async def test_copies_leave_a_bundle_of_another_type_alone(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> None:
    site = await published(kv, keys, runs, clock)
    await kv.pipeline([["DEL", keys.page("one")], ["RPUSH", keys.page("one"), "x"]])

    assert not await Copies(kv, keys, "s", clock).put_into("r1", "page:a", list, 1_000, None)
    assert await site.kv.command("LLEN", keys.page("one")) == 1


async def test_sources_that_can_not_be_read_are_left_out_of_what_people_and_the_webhook_see(kv: Kv, keys: Keys) -> None:
    sound = KeptSource("ref", Source("posts", "db", "ds"))
    await Memory(kv, keys).remember_sources({"posts": sound})
    unseen = KeptSource("", Source("old", "", ""))
    await kv.command("HSET", keys.sources, "pages", "no record", "old", msgspec.json.encode(unseen).decode())

    recent = await History(kv, keys).recent()
    around = await Events(kv, keys).around(Event(id="e", kind="page.created", at=0.0, entity="p"))

    assert set(recent.sources) == {"posts", "old"}
    assert around.sources == {"db": "posts", "ds": "posts"}
