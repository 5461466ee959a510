"""What is gone from KV, or was written over, is found: pages and databases are named, the rest is
written anew."""

import pytest

from lib.errors import TakenOver
from lib.model import BUNDLE_VERSION, Ask
from lib.store import site as site_module
from lib.store.site import Site, Text
from tests.store.scene import ALIVE, NOW, READ, Scene

GONE: list[list[str]] = [
    ["DEL"],
    ["SET", "no bundle"],
    ["SET", '{"v":3,"meta":{"id":"b"}}'],
    ["RPUSH", "x"],
]


async def put(scene: Scene, name: str, value: list[str]) -> str:
    """Write over a key of the site's, or delete it; return its whole name."""
    key = f"site:{name}"
    await scene.kv.pipeline([["DEL", key], [value[0], key, *value[1:]]])
    return key


async def test_of_a_sound_site_nothing_is_lost(scene: Scene) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.publish("b", "two", parts=["{}", "{}"], things=["db:d"], work=[("db:d", READ)])
    await scene.publish_database("d")
    await scene.publish("b", "three", parts=["{}"], things=["db:d"])
    before = await scene.snapshot()

    assert await scene.site.find_lost(scene.lease) == ([], [])

    assert {**await scene.snapshot(), "site:sync:presence": "0"} == {
        **before,
        "site:sync:presence": "0",
    }


@pytest.mark.parametrize("value", GONE)
async def test_a_page_whose_bundle_is_lost_is_named(scene: Scene, value: list[str]) -> None:
    await scene.publish_all(a="one", b="two")
    key = await put(scene, "page:one", value)

    assert await scene.site.find_lost(scene.lease) == (["a"], [key])


HEAD = f'{{"v":{BUNDLE_VERSION},"meta":{{"id":"a","slug":"one"}},"parts":2,"digest":"d1","syncedAt":0}}'


@pytest.mark.parametrize(
    "value",
    [
        ["DEL"],
        ["RPUSH", "x"],
        ["SET", "no part"],
        ["SET", '{"a":{"to":"/b"}}'],
        ["SET", '{"digest":"d2","blocks":[]}'],
    ],
)
async def test_a_page_that_lost_a_part_is_named(scene: Scene, value: list[str]) -> None:
    parts = ['{"digest":"d1","blocks":[]}'] * 2
    await scene.publish("a", "one", parts=parts, text=Text(HEAD, parts, '{"id":"a"}'))
    assert await scene.site.find_lost(scene.lease) == ([], [])

    await put(scene, "page:one:part:2", value)

    assert await scene.site.find_lost(scene.lease) == (["a"], ["site:page:one"])


async def test_a_page_in_parts_of_an_older_format_which_bear_no_digest_is_sound(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", parts=["{}", "{}"])

    assert await scene.site.find_lost(scene.lease) == ([], [])


@pytest.mark.parametrize(
    "value",
    [["DEL"], ["RPUSH", "x"], ["SET", '{"a":{"to":"/b"}}'], ["SET", '{"v":3,"id":"b"}']],
)
async def test_a_page_that_lost_its_text_is_named(scene: Scene, value: list[str]) -> None:
    scene.site = Site(scene.kv, scene.keys, 8_000_000, scene.clock, lambda: NOW, docs=True)
    await scene.publish("a", "one", document='{"v":3,"id":"a","slug":"one"}')
    assert await scene.site.find_lost(scene.lease) == ([], [])

    await put(scene, "doc:one", value)

    assert await scene.site.find_lost(scene.lease) == (["a"], ["site:page:one"])


@pytest.mark.parametrize("field", ["pages", "metas", "places"])
async def test_a_page_of_which_nothing_is_remembered_is_named(scene: Scene, field: str) -> None:
    await scene.publish_all(a="one", b="two")
    await scene.kv.command("HDEL", f"site:sync:{field}", "a")

    assert await scene.site.find_lost(scene.lease) == (["a"], ["site:page:one"])


@pytest.mark.parametrize("parts", ["-1", "7", "1e300", '"many"', "[]", "null"])
async def test_a_page_whose_parts_are_miscounted_costs_no_time(scene: Scene, parts: str) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("HSET", scene.keys.pages, "a", f'{{"version":3,"parts":{parts}}}')

    assert (await scene.site.find_lost(scene.lease))[0] in ([], ["a"])


@pytest.mark.parametrize("version", ["-1", "1e300", '"new"', "[]", "null", "4"])
async def test_a_page_of_another_version_than_its_bundle_is_named(
    scene: Scene, version: str
) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("HSET", scene.keys.pages, "a", f'{{"version":{version}}}')

    assert await scene.site.find_lost(scene.lease) == (["a"], ["site:page:one"])


@pytest.mark.parametrize("value", [["DEL"], ["SET", '{"id":"e"}'], ["RPUSH", "x"]])
async def test_a_child_database_that_is_lost_is_named(scene: Scene, value: list[str]) -> None:
    await scene.publish("a", "one", things=["db:d"], work=[("db:d", READ)])
    await scene.publish_database("d")
    key = await put(scene, "db:d", value)

    assert await scene.site.find_lost(scene.lease) == (["db:d"], [key])


@pytest.mark.parametrize(
    "value",
    [
        ["DEL"],
        ["RPUSH", "x"],
        *(["SET", text] for text in ("no redirects", "7", "{}", '{"one":{"to":"/two"}}')),
        *(["SET", text] for text in ('{"one":"three"}', '{"one":"two","a":"b"}')),
    ],
)
async def test_redirects_that_are_lost_are_there_again(scene: Scene, value: list[str]) -> None:
    await scene.publish("a", "one")
    await scene.publish("a", "two")
    key = await put(scene, "redirects", value)

    assert await scene.site.find_lost(scene.lease) == ([], [key])
    assert await scene.read("redirects") == {"one": "two"}


async def test_redirects_to_a_page_whose_path_is_lost_come_back_with_it(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.publish("a", "two")
    await put(scene, "page:two", ["DEL"])
    await scene.kv.command("HDEL", scene.keys.paths, "a")
    await scene.site.find_lost(scene.lease)

    await scene.publish("a", "two")
    await scene.site.find_lost(scene.lease)

    assert await scene.read("redirects") == {"one": "two"}


async def test_redirects_that_another_wrote_where_no_page_has_moved_are_gone(scene: Scene) -> None:
    await scene.publish("a", "one")
    key = await put(scene, "redirects", ["SET", '{"a":"b"}'])

    assert await scene.site.find_lost(scene.lease) == ([], [key])
    assert await scene.read("redirects") == {}
    assert await scene.site.find_lost(scene.lease) == ([], [])


@pytest.mark.parametrize("value", [["DEL"], ["SET", "x"], ["RPUSH", "x"]])
async def test_paths_that_are_lost_are_there_again(scene: Scene, value: list[str]) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.publish("b", "two")
    before = await scene.kv.read_hash(scene.keys.paths)
    key = await put(scene, "paths", value)

    assert await scene.site.find_lost(scene.lease) == ([], [key])
    assert await scene.kv.read_hash(key) == before


async def test_a_page_that_is_lost_with_its_path_is_named(scene: Scene) -> None:
    await scene.publish_all(a="one", b="two")
    await put(scene, "page:one", ["DEL"])
    await scene.kv.command("HDEL", scene.keys.paths, "a")

    assert await scene.site.find_lost(scene.lease) == (["a"], ["site:page:one"])


async def test_an_index_whose_pages_are_all_lost_is_there_again(scene: Scene) -> None:
    await scene.publish_all(a="one", b="two")
    await put(scene, "pages:index", ["DEL"])

    assert await scene.site.find_lost(scene.lease) == ([], ["site:pages:index"])
    assert await scene.index() == ["one", "two"]


async def test_what_was_lost_of_a_large_site_is_found_a_portion_at_a_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_module, "CHECKED_AT_ONCE", 400)
    words = [word for n in range(2_000) for word in (f"{n:036}", f"slug-{n}")]
    await scene.kv.command("HSET", scene.keys.paths, *words)

    looks = [set((await scene.site.find_lost(scene.lease))[0]) for _ in range(6)]

    assert len(set.union(*looks)) == 2_000
    assert max(map(len, looks)) < 1_500


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 30])
async def test_a_place_to_go_on_from_that_another_wrote_is_the_beginning(
    scene: Scene, cursor: str
) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("SET", "site:sync:presence", cursor)
    await put(scene, "page:one", ["DEL"])

    assert await scene.site.find_lost(scene.lease) == (["a"], ["site:page:one"])


async def test_a_zombie_finds_nothing(scene: Scene) -> None:
    await scene.runs.begin_slice("r1", "0", 0, Ask(), scene.clock.time + ALIVE)

    with pytest.raises(TakenOver):
        await scene.site.find_lost(scene.lease)
