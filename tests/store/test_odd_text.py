"""Half of a surrogate pair and numbers beyond 64 bits reach KV and come back, wherever the engine
writes text."""

from typing import Any

import msgspec

from lib import json_text
from lib.model import Problem, Source, SourceRecord, WorkItem
from lib.store.history import History
from lib.store.site import Text
from tests.store.scene import Scene, database

ODD, SEEN = "odd \ud83d", "odd \ufffd"


def test_text_of_every_value_is_made_sound() -> None:
    item = WorkItem(title=ODD, page=msgspec.Raw(b'{"a":1}'), doubted=[ODD])
    value: Any = {
        ODD: [ODD, "\ud83d\ude00", ("a", {ODD})],
        "n": 2**70,
        "x": float("nan"),
        "item": item,
    }

    assert msgspec.json.decode(json_text.encode(value)) == {
        SEEN: [SEEN, "😀", ["a", [SEEN]]],
        "n": 2**70,
        "x": None,
        "item": {"page": {"a": 1}, "doubted": [SEEN], "title": SEEN},
    }


async def test_odd_text_of_work_and_its_problems_comes_back_with_a_replacement_character(
    scene: Scene,
) -> None:
    await scene.see("a", title=ODD, item=WorkItem(title=ODD))
    await scene.runs.hand_on(scene.lease, "listing", WorkItem(title=ODD))
    claim = await scene.take("a")
    assert (
        claim.item == await scene.runs.handed_on("r1", "listing", WorkItem) == WorkItem(title=SEEN)
    )
    await scene.queue.requeue_claim(scene.lease, claim, WorkItem(title=ODD), scene.clock.time)
    again = await scene.take("a")
    assert (again.item.title, again.title) == (SEEN, SEEN)
    await scene.queue.give_up(scene.lease, again, Problem("a", ODD, ODD, reason=ODD), 0)
    await scene.runs.end_run("r1", "failed", {"error": ODD}, "", scene.clock.time)

    entry = await History(scene.kv, scene.keys).entry_of("r1")
    assert entry is not None
    assert (entry.run.error, entry.problems) == (SEEN, [Problem("a", SEEN, SEEN, reason=SEEN)])


async def test_odd_text_of_what_is_published_comes_back_with_a_replacement_character(
    scene: Scene,
) -> None:
    source = SourceRecord("ref", Source("pages", "db", "ds", ODD))
    await scene.end()
    await scene.begin("r2", sources={"pages": source}, warnings=[ODD])
    await scene.see("a", title=ODD, visibility=ODD)
    meta = '{"id":"a","slug":"one","title":"odd \ud83d"}'
    text = Text(f'{{"v":3,"meta":{meta}}}', [], meta, f'{{"text":"{ODD}"}}')
    work = [("db:d", WorkItem())]
    await scene.commit(
        await scene.take("a"), "one", text=text, warnings=[ODD], things=["db:d"], work=work
    )
    record = database(ODD, scene.clock.time)
    claim = await scene.take("db:d")
    await scene.site.commit_database(scene.lease, "d", claim.number, record, Text(f'"{ODD}"'))

    known = (await scene.site.look_up(["a"]))[0]["a"]
    assert known.observation is not None
    assert (
        known.observation.title,
        (await scene.sources.read_state()).records["pages"].source.title,
    ) == (SEEN, SEEN)
    [kept] = (await scene.sources.databases(["d"])).values()
    assert (
        kept.title if kept else "",
        await scene.read("db:d"),
        (await scene.record()).warnings,
    ) == (
        *(SEEN, SEEN),
        [SEEN, SEEN],
    )
    assert (await scene.read("pages:index"))["items"] == [{"id": "a", "slug": "one", "title": SEEN}]
    assert await scene.read("doc:one") == {"text": SEEN}
