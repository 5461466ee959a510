"""What another hand wrote over the engine's own records costs that record at most: it is read and
written anew."""

import json
from typing import Any

import msgspec
import pytest

from lib.model import BUNDLE_VERSION, Observation, PageRecord, WorkItem
from lib.store.records import (
    database_record,
    listing_record,
    observation,
    page_record,
    source_record,
)
from tests.store.scene import READ, Scene, database, sort_text

NO_RECORDS = [
    "",
    "not JSON",
    "7",
    "null",
    "[]",
    '"text"',
    '{"slug"',
    '{"title":"\\ud83d"}',
    "[" * 9_999,
    '{"a":1e999}',
]


def odd_records(sound: dict[str, Any]) -> list[str]:
    """A sound record with one member that is not what it should be, or is not there."""
    odd_values = (None, {"x": [1]}, 2**70)
    odd = [json.dumps({**sound, name: value}) for name in sound for value in odd_values]
    needed = [name for name in sound if name in ("source", "wanted", "digest")]
    return [
        *odd,
        *(json.dumps({name: sound[name] for name in sound if name != gone}) for gone in needed),
    ]


def odd_observations() -> list[str]:
    times = {"created": "2026-01-01T00:00:00.000Z", "edited": "2026-01-01T00:00:00.000Z"}
    sound = {
        "source": "pages",
        "title": "t",
        "wanted": "w",
        "read_at": 1.0,
        "is_published": True,
        **times,
    }
    assert observation(json.dumps(sound)) == msgspec.convert(sound, Observation)
    odd_times = [json.dumps({**sound, name: "yesterday"}) for name in times]
    return [*odd_records(sound), *odd_times, json.dumps({**sound, "placed_at": 1e20})]


def odd_page_records() -> list[str]:
    sound = {
        "edited": "t",
        "read_at": 1.0,
        "digest": "d",
        "parts": 1,
        "children": ["c"],
        "copied": {"o": "h"},
    }
    assert page_record(json.dumps(sound)) == msgspec.convert(sound, PageRecord)
    return [*odd_records(sound), *(json.dumps({**sound, "parts": odd}) for odd in (-1, 2**40))]


@pytest.mark.parametrize("text", [*NO_RECORDS, *odd_observations()])
def test_what_is_no_observation_is_none(text: str) -> None:
    assert observation(text) is None


@pytest.mark.parametrize("text", [*NO_RECORDS, *odd_page_records()])
def test_what_is_no_record_of_a_page_is_none(text: str) -> None:
    assert page_record(text) is None


@pytest.mark.parametrize(
    "text", [*NO_RECORDS[:-1], '{"a":1e999}', '{"title":"t","data_source_ids":[null]}']
)
def test_what_is_no_record_of_a_database_or_source_is_none(text: str) -> None:
    assert (database_record(text), source_record(text)) == (None, None)


@pytest.mark.parametrize(
    "text", [*NO_RECORDS[:6], '{"watermark":1180591620717411303424}', '{"listed_at":-1}']
)
def test_what_is_no_record_of_a_listing_is_none(text: str) -> None:
    assert listing_record(text) is None


@pytest.mark.parametrize(
    "text", [*NO_RECORDS, '{"read_at":"x","things":7,"children":{"a":[]},"parts":1e300}']
)
async def test_a_page_whose_record_can_not_be_read_is_published_anew_with_nothing_left_of_its_parts(
    scene: Scene, text: str
) -> None:
    await scene.publish_all(b="two")
    await scene.publish("a", "one", parts=["{}", "{}"])
    await scene.kv.command("HSET", scene.keys.pages, "a", text)
    assert (await scene.site.look_up(["a"]))[0]["a"].record is None

    assert await scene.publish("a", "one") == "done"

    record = (await scene.site.look_up(["a"]))[0]["a"].record
    assert record is not None
    assert (record.version, await scene.index()) == (BUNDLE_VERSION, ["one", "two"])
    assert await scene.kv.command("KEYS", "*:part:*") == []


@pytest.mark.parametrize("name", ["pages", "observed", "metas", "places", "stamps:pages"])
@pytest.mark.parametrize(
    "text", ["", "no record", '{"things":[7],"children":[null],"source":{},"parent":[]}']
)
async def test_a_page_goes_whatever_is_remembered_of_it(scene: Scene, name: str, text: str) -> None:
    await scene.publish_all(a="one", b="two")
    await scene.kv.command("HSET", f"site:sync:{name}", "a", text)

    await scene.hide("a")

    assert (await scene.index(), await scene.paths()) == (["two"], {"b": "two"})


@pytest.mark.parametrize(
    "text", ["no record", "{}", '{"source":7,"parent":7,"placed_at":"x","edited_at":"x"}']
)
async def test_a_row_whose_observation_can_not_be_read_is_seen_as_if_for_the_first_time(
    scene: Scene, text: str
) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("HSET", scene.keys.observed, "a", text)

    assert await scene.publish("a", "one") == "done"
    assert (await scene.site.look_up(["a"]))[0]["a"].observation is not None


@pytest.mark.parametrize("text", ["", "no meta", "[]", '{"id":"b","slug":"two"}', "gone"])
async def test_a_meta_that_is_none_costs_its_row_at_most_and_the_page_is_read_again(
    scene: Scene, text: str
) -> None:
    await scene.publish_all(a="one", b="two")
    write = (
        ["HDEL", scene.keys.metas, "a"] if text == "gone" else ["HSET", scene.keys.metas, "a", text]
    )
    await scene.kv.pipeline([write])

    await scene.publish("c", "three")

    assert await scene.index() == ["two", "three"]
    assert (await scene.site.find_lost(scene.lease))[0] == ["a"]
    await scene.publish("a", "one")
    assert await scene.index() == ["one", "two", "three"]


@pytest.mark.parametrize(
    "text", ["", "nowhere", " ", "x pages", f"{sort_text('z')} posts", f"{sort_text('b')} pages"]
)
async def test_a_place_in_the_index_that_can_not_be_read_is_given_anew(
    scene: Scene, text: str
) -> None:
    await scene.publish_all(a="one", b="two")
    await scene.kv.command("HSET", scene.keys.ranks, "a", text)

    assert await scene.publish("a", "one") == "done"

    assert await scene.index() == ["one", "two"]


@pytest.mark.parametrize(
    "text", ["", "nowhere", "x pages", f"{sort_text('a')} posts", f"{sort_text('b')} pages", "gone"]
)
async def test_a_row_leaves_its_index_at_once_whatever_is_remembered_of_its_place(
    scene: Scene, text: str
) -> None:
    await scene.publish_all(a="one", b="two")
    write = (
        ["HDEL", scene.keys.ranks, "a"] if text == "gone" else ["HSET", scene.keys.ranks, "a", text]
    )
    await scene.kv.pipeline([write])

    await scene.hide("a")

    assert (await scene.index(), (await scene.index_pages())[0]["total"]) == (["two"], 1)


@pytest.mark.parametrize("text", ["", "no work", "7", "x - {}", '7 - {"page":7', "9 o:x {}"])
async def test_work_that_can_not_be_read_is_done_as_if_nothing_were_known_of_it(
    scene: Scene, text: str
) -> None:
    await scene.see("a", item=WorkItem(title="t"))
    await scene.kv.command("HSET", scene.keys.work, "a", text)

    assert await scene.commit(await scene.take("a"), "one") == "done"

    assert (await scene.index(), await scene.due()) == (["one"], [])


async def test_what_is_due_without_any_work_is_done_all_the_same(scene: Scene) -> None:
    await scene.see("a")
    await scene.kv.command("DEL", scene.keys.work)

    assert await scene.commit(await scene.take("a"), "one") == "done"

    assert await scene.due() == []


@pytest.mark.parametrize(
    "text", ["no record", '{"read_at":"x"}', '{"title":"Tasks","data_source_ids":[null]}']
)
async def test_a_child_database_whose_record_can_not_be_read_is_known_and_read_again(
    scene: Scene, text: str
) -> None:
    await scene.publish("a", "one", things=["db:d"], work=[("db:d", READ)])
    await scene.publish_database("d")
    await scene.kv.command("HSET", scene.keys.databases, "d", text)
    assert (
        (await scene.sources.watched()).databases
        == await scene.sources.databases(["d"])
        == {"d": None}
    )

    await scene.site.observe(scene.lease, [], [("db:d", READ)])
    assert await scene.publish_database("d") == "done"

    assert await scene.sources.databases(["d"]) == {"d": database("Tasks", scene.clock.time)}


async def test_a_source_whose_record_can_not_be_read_was_never_seen(scene: Scene) -> None:
    await scene.publish("a", "one")
    for name, texts in (
        ("sources", ["no record", '{"source":7}']),
        ("listings", ["x", '{"rows":"many"}']),
    ):
        await scene.kv.command("HSET", f"site:sync:{name}", "pages", texts[0], "posts", texts[1])
    await scene.kv.command("HSET", scene.keys.forced, "pages", "long ago")

    state = await scene.sources.read_state()

    assert (state.records, state.listings, state.forced, state.names) == (
        {},
        {},
        {"pages": 0.0},
        ["pages"],
    )


@pytest.mark.parametrize("odd", ['{"x":{"to":"/b"},"old":"one"}', '["old"]', "no JSON"])
async def test_redirects_that_another_wrote_are_written_anew(scene: Scene, odd: str) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("SET", scene.keys.redirects, odd)

    await scene.publish("a", "new")

    assert await scene.read("redirects") == {"one": "new"}


async def test_redirects_of_another_type_are_written_anew(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("RPUSH", scene.keys.redirects, "x")

    await scene.publish("a", "new")

    assert await scene.read("redirects") == {"one": "new"}


async def test_a_redirect_to_a_page_that_nobody_knows_is_left_out(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("HSET", "site:sync:redirects", "odd", "nobody")

    await scene.publish("a", "new")

    assert await scene.read("redirects") == {"one": "new"}


@pytest.mark.parametrize("key", ["page:one", "pages:index", "doc:one"])
async def test_what_a_site_reads_is_written_anew_whatever_stands_there(
    scene: Scene, key: str
) -> None:
    await scene.publish("a", "one", document="{}")
    await scene.kv.pipeline([["DEL", f"site:{key}"], ["RPUSH", f"site:{key}", "x"]])

    assert await scene.publish("a", "one", document="{}") == "done"

    assert (await scene.index(), await scene.read("doc:one")) == (["one"], {})


async def test_bytes_that_are_no_text_are_no_record(scene: Scene) -> None:
    await scene.publish("a", "one")
    write = "return redis.call('HSET', KEYS[1], 'a', string.char(123, 255, 254) .. ARGV[1])"
    await scene.kv.command("EVAL", write, 1, scene.keys.pages, "x")

    assert (await scene.site.look_up(["a"]))[0]["a"].record is None
    assert await scene.publish("a", "one") == "done"
