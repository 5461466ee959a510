"""A page is taken from the site with all below it, and with all that belongs to it."""

import httpx

from dev.upstash import UpstashStandIn
from lib import json_text
from lib.model import WorkItem
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs
from tests.store.conftest import Clock
from tests.store.scene import Scene

LEFT = {"layout", "sequence", "gone", "observed", "stamps:pages", "leaves", "revisions"}
"""What may be remembered of a page that is no more, and of an index that is empty."""


async def family(scene: Scene) -> None:
    """A row, a child page, and its child page."""
    await scene.publish_family("a", "one", "b")
    await scene.site.observe(scene.lease, [], [("b", WorkItem())])
    await scene.commit_family(await scene.take("b"), "one/b", "c")


async def remembered(scene: Scene) -> set[str]:
    """The names of the engine's keys, without those of runs."""
    names = {
        key.removeprefix("site:sync:") for key in await scene.kv.command("KEYS", "site:sync:*")
    }
    return {name for name in names if not name.startswith("run") and name != "active"}


async def test_a_hidden_row_goes_with_its_bundle_and_out_of_its_index(scene: Scene) -> None:
    await scene.publish_all(a="one", b="two")

    await scene.hide("a")

    assert (await scene.index(), await scene.paths(), await scene.read("page:one")) == (
        ["two"],
        {"b": "two"},
        None,
    )
    assert (await scene.record()).deleted == 1


async def test_a_page_goes_with_all_pages_below_it(scene: Scene) -> None:
    await family(scene)

    await scene.hide("a")

    assert (await scene.paths(), await scene.kv.command("KEYS", "site:page:*")) == ({}, [])
    assert (await scene.record()).deleted == 3
    assert (await scene.sources.watched()).children == {}


async def test_nothing_is_left_of_a_page_that_is_gone_but_that_it_was_seen(scene: Scene) -> None:
    await family(scene)
    await scene.publish(
        "a", "two", kept=["b"], files=["block=b&file=f"], things=["db:d", "original:o"]
    )

    await scene.see("a", item=None, is_gone=True)

    assert await remembered(scene) <= LEFT
    assert await scene.kv.command("HKEYS", scene.keys.observed) == ["a"]
    assert await scene.sources.stamps("pages") == {}


async def test_a_page_that_moved_elsewhere_stays_when_the_page_that_held_it_goes(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.publish("b", "two")
    await scene.site.observe(scene.lease, [], [("b", WorkItem())])
    moves = await scene.addresses(("b", "two"), ("c", "two/c"))
    child = {"c": scene.seen("c", parent="b")}
    await scene.commit(await scene.take("b"), "two", children=child, addresses=moves)

    await scene.hide("a")

    assert await scene.paths() == {"b": "two", "c": "two/c"}


async def test_a_child_page_that_left_its_page_goes_in_the_same_instant(scene: Scene) -> None:
    await family(scene)
    await scene.site.observe(scene.lease, [], [("a", WorkItem())])

    assert await scene.commit(await scene.take("a"), "one", gone=["b"]) == "done"

    assert (await scene.paths(), await scene.read("page:one/b/c")) == ({"a": "one"}, None)
    assert await scene.kv.command("HKEYS", scene.keys.observed) == ["a"]


async def test_the_slugs_of_a_whole_tree_that_are_waited_for_are_told(scene: Scene) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.kv.command("HSET", scene.keys.waiting, "one", "x", "one/c", "y", "other", "z")

    assert sorted(await scene.hide("a")) == ["one", "one/c"]


async def test_the_slugs_of_thousands_of_pages_that_go_at_once_are_told(
    redis_url: str, keys: Keys, clock: Clock
) -> None:
    with UpstashStandIn(redis_url=redis_url) as upstash:
        upstash.reset()
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            kv = Kv(upstash.url, upstash.token, http)
            scene = Scene(kv, keys, Runs(kv, keys, clock, lambda: "x"), clock)
            await scene.begin()
            children = [f"c{number}" for number in range(9_000)]
            await scene.publish("a", "one", kept=children)
            seen = json_text.encode(scene.seen("c", parent="a"))
            for key, values in (
                (keys.places, [(one, f"one/{one}") for one in children]),
                (keys.waiting, [(f"one/{one}", "x") for one in children]),
                (keys.observed, [(one, seen) for one in children]),
            ):
                await kv.command("HSET", key, *(word for pair in values for word in pair))

            assert len(await scene.hide("a")) == 9_000


async def test_a_hidden_page_that_nobody_published_takes_nothing_from_the_site(
    scene: Scene,
) -> None:
    await scene.publish("a", "one")

    await scene.hide("b")

    assert (await scene.index(), (await scene.record()).deleted) == (["one"], 0)


async def test_a_page_that_was_hidden_is_published_by_a_later_reading(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.hide("a")

    assert await scene.publish("a", "one") == "done"
    assert await scene.index() == ["one"]


async def test_a_page_that_was_read_after_it_was_seen_hidden_stays(scene: Scene) -> None:
    hidden_at = scene.clock.time
    await scene.publish("a", "one")

    await scene.hide("a", read_at=hidden_at)

    assert await scene.index() == ["one"]


async def test_a_page_that_is_hidden_while_it_is_read_is_not_published(scene: Scene) -> None:
    await scene.see("a")
    claim = await scene.take("a")
    await scene.hide("a")

    assert await scene.commit(claim, "one") == "repeated"
    assert (await scene.paths(), await scene.due()) == ({}, [])


async def test_rows_that_are_gone_are_forgotten_after_three_days(scene: Scene) -> None:
    await scene.see("a", item=None, is_gone=True)
    await scene.hide("b")
    scene.clock.time += 3 * 86_400 + 1
    await scene.see("c", item=None, is_gone=True)

    await scene.begin_next()

    assert sorted(await scene.kv.command("HKEYS", scene.keys.observed)) == ["b", "c"]
    assert await scene.kv.command("ZRANGE", scene.keys.gone, 0, -1) == ["c"]


async def test_a_row_that_is_back_is_not_forgotten(scene: Scene) -> None:
    await scene.see("a", item=None, is_gone=True)
    await scene.publish("a", "one")
    scene.clock.time += 3 * 86_400 + 1

    await scene.begin_next()

    assert (await scene.kv.command("HKEYS", scene.keys.observed), await scene.index()) == (
        ["a"],
        ["one"],
    )
