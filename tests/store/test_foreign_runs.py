"""What another hand wrote over a run's own keys, over copies, or over what the webhook and visitors
ask for."""

import msgspec
import pytest

from lib.model import Ask, Copy, Event, Source, SourceRecord, WorkItem
from lib.store.budget import Budget
from lib.store.copies import Copies
from lib.store.events import Events
from lib.store.history import History
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.media import Files
from lib.store.runs import Runs
from lib.store.tellings import Tellings
from tests.store.conftest import Clock
from tests.store.scene import NOW
from tests.store.test_runs import ALIVE, begin, working

FILE = "f" * 16


@pytest.mark.parametrize(
    "name", ["listed", "failed", "triggeredAt", "aliveUntil", "warnings", "force", "kvCommands"]
)
@pytest.mark.parametrize("odd", ["many", "", "1e999", "-5", "9" * 30, '{"a":1}'])
async def test_a_run_is_shown_whatever_its_record_holds(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys, name: str, odd: str
) -> None:
    await working(runs, clock)
    await kv.command("HSET", keys.run("r1"), name, odd)

    run = await runs.read_run("r1")

    assert run is not None
    assert run.run_id == "r1"
    assert 0 <= run.triggered_at < 1e11
    assert [entry.run for entry in (await History(kv, keys).recent_runs()).runs] == [run]
    told = await Tellings(kv, keys, clock, lambda: "x").read_ending("r1")
    assert told is None


async def test_a_run_goes_on_whatever_its_record_says_of_its_life(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    await working(runs, clock)
    odd = ("aliveUntil", "slice:0", "ended:0", "waits:0", "plannerUntil")
    await kv.command("HSET", keys.run("r1"), *(word for name in odd for word in (name, "x")))

    assert (await begin(runs, clock, lane="1")).outcome == "go"
    assert (await begin(runs, clock)).outcome == "go"
    await kv.command("HSET", keys.run("r1"), "aliveUntil", "x")
    assert (await runs.ask_for_run("r2", Ask(), clock.time + ALIVE)).outcome == "new"
    await kv.command("HSET", keys.run("r2"), "aliveUntil", "x")
    assert await Tellings(kv, keys, clock, lambda: "x").silent_runs() == ["r2", "r1"]


async def test_what_was_handed_on_in_another_form_is_begun_anew(
    runs: Runs, kv: Kv, keys: Keys
) -> None:
    for text in ("", "x", "many digest text", "2 digest"):
        await kv.command("SET", f"{keys.run('r1')}:listing", text)
        assert await runs.handed_on("r1", "listing", WorkItem) is None


async def test_a_budget_that_another_wrote_is_a_new_one(kv: Kv, keys: Keys, clock: Clock) -> None:
    budget = Budget(kv, keys, 10, clock)
    await kv.command("HSET", keys.budget, "start", "x", "used", "x", "closedUntil", "x")

    assert (await budget.reserve(3)).granted == 3
    await kv.command("HSET", keys.budget, "start", "x", "used", "x", "closedUntil", "x")
    await budget.give_back(2)
    await budget.close_minute(5)
    assert (await budget.reserve(3)).wait_seconds == 5


async def test_a_copy_that_can_not_be_told_any_more_counts_as_none(
    kv: Kv, keys: Keys, clock: Clock
) -> None:
    copies = Copies(kv, keys, "s", clock, lambda: NOW)
    other = Copy("https://blob.example/g")
    await kv.command(
        "HSET", keys.copies("s"), FILE, '{"url":null}', "g", msgspec.json.encode(other).decode()
    )
    await kv.command("ZADD", keys.named, 0, f"block=b&file={FILE} page:a")

    assert await copies.copies_of([FILE, "g"]) == {"g": other}
    assert (
        await Files(kv, keys, "s").find_file("block=b", FILE, "lock", clock.time, 1)
    ).outcome == "fetch"
    assert await kv.command("HKEYS", keys.copies("s")) == ["g"]


async def test_an_address_that_can_not_be_told_any_more_is_asked_for_again(
    kv: Kv, keys: Keys, clock: Clock
) -> None:
    await kv.command("ZADD", keys.named, 0, f"block=b&file={FILE} page:a")
    await kv.command("HSET", keys.fresh("block=b"), FILE, "soon https://signed.example")

    assert (
        await Files(kv, keys).find_file("block=b", FILE, "lock", clock.time, 1)
    ).outcome == "fetch"


async def test_sources_that_can_not_be_read_are_left_out_of_what_people_and_the_webhook_see(
    kv: Kv, keys: Keys
) -> None:
    sound, unseen = (
        SourceRecord("ref", Source("posts", "db", "ds")),
        SourceRecord("", Source("old", "", "")),
    )
    texts = [msgspec.json.encode(record).decode() for record in (sound, unseen)]
    await kv.command("HSET", keys.sources, "pages", "no record", "posts", texts[0], "old", texts[1])

    recent = await History(kv, keys).recent_runs()
    around = await Events(kv, keys).surroundings_of(
        Event(id="e", kind="page.created", at=0.0, entity="p"), 1_780_000_000.0
    )

    assert set(recent.sources) == {"posts", "old"}
    assert around.sources == {"db": "posts", "ds": "posts"}
