"""A page that was read is published in one step: its bundle, its index, `paths`, and what is
remembered of it."""

import pytest

from dev.upstash import UpstashStandIn
from dev.upstash.faults import Fault
from lib.errors import TooLarge
from lib.store.media import Files
from lib.store.tellings import Tellings
from tests.store.scene import NOW, Scene

FILE, OTHER = "block=b1&file=f1", "block=b2&file=f2"


async def named(scene: Scene, file: str = FILE) -> bool:
    """Whether anybody may ask for a file."""
    holder, _, name = file.partition("&file=")
    place = await Files(scene.kv, scene.keys).find_file(
        holder, name, "lock", scene.clock.time, 1, alone=True
    )
    return place.outcome != "unknown"


async def uncopied(scene: Scene) -> list[str]:
    bundles: list[str] = await scene.kv.command("ZRANGE", scene.keys.uncopied, 0, -1)
    return bundles


async def changes(scene: Scene) -> tuple[set[str], set[str]]:
    """What the site is told that changed, and that is gone."""
    found = await Tellings(scene.kv, scene.keys, scene.clock, lambda: "x").changes(
        scene.lease.run_id
    )
    return set(found.changed), set(found.deleted)


async def test_a_page_stands_in_its_index_and_in_paths_at_the_moment_it_is_published(
    scene: Scene,
) -> None:
    assert await scene.publish("a", "one") == "done"

    meta = (await scene.read("page:one"))["meta"]
    assert await scene.read("pages:index") == {"items": [meta], "syncedAt": NOW, "total": 1}
    assert await scene.paths() == {"a": "one"}
    assert await changes(scene) == ({"page:one", "pages:index"}, set())


async def test_a_publication_is_remembered_with_all_that_was_read(scene: Scene) -> None:
    await scene.see("a")
    reading = await scene.reading(await scene.take("a"), "one", things=["original:o"])

    assert await scene.site.commit_page(scene.lease, reading) == ("done", [], {})

    known = (await scene.site.look_up(["a"]))[0]["a"]
    assert (known.observation, known.record, known.slug) == (
        reading.observation,
        reading.record,
        "one",
    )
    assert await scene.sources.stamps("pages") == {"a": reading.stamp}


async def test_the_work_is_done_and_counted_once_a_page_is_published(scene: Scene) -> None:
    await scene.see("b")
    await scene.publish("a", "one")

    assert await scene.due() == ["b"]
    run = await scene.record()
    assert (run.to_sync, run.synced, run.written, run.remaining) == (2, 1, 1, 1)


async def test_a_publication_whose_answer_was_lost_is_made_once(
    scene: Scene, upstash: UpstashStandIn
) -> None:
    await scene.see("a")
    reading = await scene.reading(await scene.take("a"), "one", parts=['{"blocks":[1]}'])
    upstash.fail(Fault("reset", executed=True, matching="^EVAL"))

    assert (await scene.site.commit_page(scene.lease, reading))[0] == "repeated"

    assert (await scene.index(), await scene.read("page:one:part:1")) == (["one"], {"blocks": [1]})
    run = await scene.record()
    assert (run.synced, run.written) == (1, 1)


async def test_a_page_that_is_the_same_as_before_is_remembered_as_read_and_not_written(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", digest="same")
    before = await scene.kv.command("GET", "site:page:one"), await scene.read("pages:index")
    await scene.begin_next()

    assert await scene.publish("a", "one", digest="same", text=None) == "done"

    assert (
        await scene.kv.command("GET", "site:page:one"),
        await scene.read("pages:index"),
    ) == before
    record = (await scene.site.look_up(["a"]))[0]["a"].record
    assert record is not None
    assert record.read_at == scene.clock.time
    assert ((await scene.record()).written, await changes(scene)) == (0, (set(), set()))


async def test_a_page_that_is_written_though_it_is_the_same_is_no_news(scene: Scene) -> None:
    await scene.publish("a", "one", digest="same")
    await scene.begin_next()

    await scene.publish("a", "one", digest="same")

    run = await scene.record()
    assert (run.synced, run.written, (await changes(scene))[0] & {"page:one"}) == (1, 0, set())


async def test_the_parts_of_a_large_bundle_appear_with_it_and_go_with_it(scene: Scene) -> None:
    await scene.publish("a", "one", parts=['{"blocks":[1]}', '{"blocks":[2]}'])
    assert [await scene.read(f"page:one:part:{n}") for n in (1, 2)] == [
        {"blocks": [1]},
        {"blocks": [2]},
    ]

    await scene.publish("a", "one", parts=['{"blocks":[3]}'])
    assert [await scene.read(f"page:one:part:{n}") for n in (1, 2)] == [{"blocks": [3]}, None]

    await scene.hide("a")
    assert await scene.kv.command("KEYS", "site:page:*") == []


async def test_a_shorter_bundle_that_takes_over_a_slug_leaves_none_of_the_longer_ones_parts(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", parts=['"1"', '"2"', '"3"'])
    await scene.see("b")
    moves = await scene.addresses(("b", "one"), ("a", "two"))

    assert (
        await scene.commit(await scene.take("b"), "one", parts=['"4"'], addresses=moves) == "done"
    )

    assert [await scene.read(f"page:one:part:{n}") for n in (1, 2, 3)] == ["4", None, None]
    assert [await scene.read(f"page:two:part:{n}") for n in (1, 2, 3)] == ["1", "2", "3"]


async def test_nothing_that_a_site_reads_expires(scene: Scene) -> None:
    await scene.publish("a", "one", parts=['"1"'], document="{}")
    await scene.publish("a", "two", parts=['"1"'], document="{}")

    read = [
        key
        for key in await scene.kv.command("KEYS", "site:*")
        if not key.startswith("site:sync:run:")
    ]

    assert {"site:page:two:part:1", "site:doc:two", "site:pages:index", "site:redirects"} <= set(
        read
    )
    assert {await scene.kv.command("TTL", key) for key in read} == {-1}


async def test_the_text_of_a_page_comes_and_goes_with_its_bundle(scene: Scene) -> None:
    await scene.publish("a", "one", document='{"id":"a"}')
    assert await scene.read("doc:one") == {"id": "a"}

    await scene.publish("a", "one")
    assert await scene.read("doc:one") is None

    await scene.publish("a", "one", document='{"id":"a"}')
    await scene.hide("a")
    assert await scene.read("doc:one") is None


async def test_what_is_to_be_told_of_a_page_stands_among_the_warnings_of_the_run(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", warnings=['"A" is published as "one"', "x" * 501])
    await scene.publish("b", "two", warnings=[])
    await scene.publish("c", "three", warnings=["else"])

    assert (await scene.record()).warnings == ['"A" is published as "one"', "x" * 499 + "…", "else"]


async def test_of_very_many_warnings_the_first_are_kept_and_the_others_counted(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", warnings=[f"warning {number}" for number in range(60)])
    await scene.publish(
        "b", "two", warnings=[*(f"warning {number}" for number in range(60, 120)), "last"]
    )

    run = await scene.record()
    assert run.warnings == [f"warning {number}" for number in range(100)]
    assert run.told_warnings[100:] == ["… and 21 more"]


async def test_a_page_that_could_be_read_after_all_has_no_failed_tries(scene: Scene) -> None:
    await scene.kv.command("HSET", scene.keys.tries, "a", 3, "b", 1)

    await scene.publish("a", "one")

    assert await scene.kv.command("HGETALL", scene.keys.tries) == {"b": "1"}


async def test_only_the_files_of_the_bundle_that_is_published_may_be_asked_for(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", files=[FILE], lacking=True)
    assert (await named(scene), await named(scene, OTHER), await uncopied(scene)) == (
        True,
        False,
        ["page:a"],
    )

    await scene.publish("a", "one", files=[OTHER])
    assert (await named(scene), await named(scene, OTHER), await uncopied(scene)) == (
        False,
        True,
        [],
    )

    await scene.hide("a")
    assert (await named(scene, OTHER), await scene.kv.command("HLEN", scene.keys.files)) == (
        False,
        0,
    )


async def test_the_files_of_a_bundle_that_stays_as_it_is_stay_known(scene: Scene) -> None:
    await scene.publish("a", "one", digest="same", files=[FILE], lacking=True)
    await scene.publish("a", "one", digest="same", text=None)

    assert (await named(scene), await uncopied(scene)) == (True, ["page:a"])


async def test_ten_thousand_files_on_one_page_are_no_more_trouble_than_one(scene: Scene) -> None:
    files = [f"block=b{number}&file=f" for number in range(10_000)]
    await scene.publish("a", "one", files=files)

    assert await scene.publish("a", "one", files=files[1:]) == "done"

    assert [await named(scene, files[0]), await named(scene, files[-1])] == [False, True]


async def test_a_bundle_that_kv_takes_in_no_request_is_refused_as_too_large(scene: Scene) -> None:
    await scene.see("a")
    reading = await scene.reading(await scene.take("a"), "one", title="x" * 10_000_000)

    with pytest.raises(TooLarge, match="larger than KV takes"):
        await scene.site.commit_page(scene.lease, reading)


async def test_nothing_that_a_publication_leaves_of_its_run_stays_for_ever(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.publish("b", "two")
    await scene.hide("b")

    names = await scene.kv.command("KEYS", f"{scene.keys.run(scene.lease.run_id)}*")
    assert {name.rpartition("r1")[2] for name in names} == {"", ":changed", ":removed"}
    assert [name for name in names if await scene.kv.command("TTL", name) < 0] == []


async def test_the_site_is_told_the_last_of_what_became_of_a_page_in_a_run(scene: Scene) -> None:
    await scene.publish_all(a="one", b="two")
    await scene.hide("b")
    assert await changes(scene) == ({"page:one", "pages:index"}, {"page:two"})

    await scene.publish("b", "two")
    assert await changes(scene) == ({"page:one", "page:two", "pages:index"}, set())


async def test_a_page_that_showed_what_goes_with_its_publication_is_due_and_counts_once_more(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.publish("a", "one", things=["page:c"], kept=["c"])
    await scene.begin_next()

    assert await scene.publish("a", "one", gone=["c"]) == "done"

    assert await scene.due() == ["a"]
    run = await scene.record()
    assert (run.to_sync, run.synced, run.remaining) == (2, 1, 1)
