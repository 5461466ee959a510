"""Half of a surrogate pair and numbers beyond 64 bits reach KV and come back, wherever the engine writes text."""

from typing import Any

import msgspec

from lib import json_text
from lib.model import Ask, Item, KeptDatabase, KeptSource, Problem, Source
from lib.store.bundles import Text
from lib.store.history import History
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs, warning_facts
from tests.store.conftest import Clock
from tests.store.test_publishing import ALIVE, Site, page

ODD, SEEN = "odd \ud83d", "odd \ufffd"


def test_text_of_every_value_is_made_sound() -> None:
    item = Item(ODD, page=msgspec.Raw(b'{"a":1}'), owners={ODD: ODD, "b": None}, children=[ODD])
    value: Any = {ODD: [ODD, "\ud83d\ude00", ("a", {ODD})], "n": 2**70, "x": float("nan"), "item": item}

    assert msgspec.json.decode(json_text.encode(value)) == {
        SEEN: [SEEN, "😀", ["a", [SEEN]]],
        "n": 2**70,
        "x": None,
        "item": {"id": SEEN, "page": {"a": 1}, "owners": {SEEN: SEEN, "b": None}, "children": [SEEN]},
    }


async def test_odd_text_of_a_plan_and_its_problems_comes_back_with_a_replacement_character(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    await runs.ask("r1", Ask(), clock.time + ALIVE)
    hold = (await runs.begin("r1", "0", 0, Ask(), clock.time + ALIVE)).hold
    items, problems = [Item("a", slug=ODD, title=ODD)], [Problem("p", ODD, ODD, reason=ODD)]
    await runs.write_plan(hold, items, warning_facts([ODD]), [ODD], {ODD: 1.0}, problems=problems)
    await runs.hand_on("r1", "listing", items[0])
    [claimed] = (await runs.claim(hold, 10, [], clock.time + 60)).items
    assert claimed == await runs.handed_on("r1", "listing", Item) == Item("a", slug=SEEN, title=SEEN)
    await runs.put_back(hold, msgspec.structs.replace(claimed, title=ODD), clock.time)
    await runs.claim(hold, 10, [], clock.time + 60)
    await runs.give_up(hold, claimed, ODD, ODD)
    await runs.end("r1", "failed", {"error": ODD}, "", clock.time)

    entry = await History(kv, keys).run("r1")
    assert entry is not None
    assert (entry.run.warnings, entry.run.error) == ([SEEN], SEEN)
    assert entry.problems == [Problem("p", SEEN, SEEN, reason=SEEN), Problem("a", SEEN, SEEN, reason=SEEN)]


async def test_odd_text_of_what_is_published_comes_back_with_a_replacement_character(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    site = Site(kv, keys, runs, clock)
    hold = await site.begin(Item("a"), Item("d", "database"))
    kept = page("a", "one", clock.time, title=ODD, visibility=ODD)
    meta = '{"id":"a","slug":"one","title":"odd \ud83d"}'
    text = Text(f'{{"meta":{meta}}}', [], meta)
    await site.bundles.commit_page(hold, Item("a", slug="one"), kept, text, [], warnings=[ODD])
    database = KeptDatabase(ODD, [], clock.time, clock.time, "digest")
    await site.bundles.commit_database(hold, Item("d", "database"), database, Text(f'"{ODD}"'))
    await site.memory.remember_sources({"pages": KeptSource("ref", Source("pages", "db", "ds", ODD))})
    known = await site.memory.everything()
    await site.end(hold)

    assert (known.kept["a"].title, known.databases["d"].title, known.sources["pages"].source.title) == (SEEN,) * 3
    assert known.broken == []
    assert (await site.read("pages:index"))["items"] == [{"id": "a", "slug": "one", "title": SEEN}]
