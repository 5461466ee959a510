"""What is remembered of sources, and of what no listing shows."""

import pytest

from lib.model import ListingRecord, Source, SourceRecord
from lib.store import kv as kv_module
from lib.store import sources as sources_module
from tests.store.scene import READ, Scene

SOURCE = SourceRecord("ref", Source("pages", "db", "ds", "Pages"))
LISTING = ListingRecord(listed_at=5.0, watermark=4.0, rows=3, schema="s", rule="r")


async def test_where_sources_are_and_when_they_were_listed_is_remembered_with_the_survey(
    scene: Scene,
) -> None:
    await scene.end()
    await scene.begin("r2", sources={"pages": SOURCE}, listings={"pages": LISTING})

    state = await scene.sources.read_state()

    assert (state.records, state.listings, state.forced) == (
        {"pages": SOURCE},
        {"pages": LISTING},
        {},
    )


async def test_all_of_it_is_read_in_one_command(scene: Scene) -> None:
    await scene.publish("a", "one", source="posts")
    before = scene.kv.commands

    assert (await scene.sources.read_state()).names == ["posts"]
    assert scene.kv.commands - before == 1


async def test_what_has_to_be_read_anew_is_remembered_until_a_run_has_seen_to_it(
    scene: Scene,
) -> None:
    await scene.sources.force(["pages", "posts"], 1_780_000_000.25)
    await scene.sources.force([], 7.0)
    await scene.sources.unforce(["posts"])
    await scene.sources.unforce([])

    assert (await scene.sources.read_state()).forced == {"pages": 1_780_000_000.25}


async def test_child_pages_are_watched_with_the_stamp_and_the_source_they_were_read_with(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")

    assert (await scene.sources.watched()).children == {"c": ("stamp-of-c", "pages")}
    await scene.publish("c", "two")
    assert (await scene.sources.watched()).children == {}


async def test_child_databases_are_watched(scene: Scene) -> None:
    await scene.publish("a", "one", things=["db:d"], work=[("db:d", READ)])
    assert (await scene.sources.watched()).databases == {}
    await scene.publish_database("d")

    databases = (await scene.sources.watched()).databases
    assert [(one, record.title if record else "") for one, record in databases.items()] == [
        ("d", "Tasks")
    ]


async def test_more_rows_than_one_answer_holds_are_all_known(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kv_module, "SCAN_COUNT", 10)
    stamps = {f"row-{number:060}": f"stamp {number}" for number in range(600)}
    await scene.kv.command(
        "HSET", scene.keys.stamps("pages"), *(word for pair in stamps.items() for word in pair)
    )

    assert await scene.sources.stamps("pages") == stamps
    asked = ["row-x", *list(stamps)[:3]]
    assert await scene.sources.stamps_of("pages", asked) == dict(list(stamps.items())[:3])
    assert await scene.sources.stamps_of("pages", []) == {}


async def test_more_child_pages_than_one_answer_holds_are_all_watched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "SCAN_COUNT", 10)
    stamps = {f"child-{number:060}": f"stamp-{number} pages" for number in range(600)}
    await scene.kv.command(
        "HSET", scene.keys.children, *(word for pair in stamps.items() for word in pair)
    )

    found = (await scene.sources.watched()).children
    assert found == {child: tuple(stamp.split()) for child, stamp in stamps.items()}


async def test_when_a_source_was_synced_is_remembered(scene: Scene) -> None:
    await scene.site.close_indexes(scene.lease, ["pages", "posts"], ["pages"], [])

    assert list(await scene.kv.command("HGETALL", scene.keys.synced)) == ["pages"]
