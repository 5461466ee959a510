"""Who leads to whom: kept by the script that publishes a page, so that a page that appears, moves or
goes has those named to the site that lead to it."""

import pytest

from dev.upstash import UpstashStandIn
from dev.upstash.faults import Fault
from lib.store import tellings as tellings_module
from lib.store.tellings import Tellings
from tests.store.scene import Scene


async def referrers(scene: Scene, page_id: str) -> set[str]:
    """What is remembered of who leads to a page."""
    return set(await scene.kv.command("SMEMBERS", scene.keys.referrers(page_id)))


async def told(scene: Scene) -> set[str]:
    """The pages that the site is told of because of what they lead to."""
    tellings = Tellings(scene.kv, scene.keys, scene.clock, lambda: "x")
    return set((await tellings.changes(scene.lease.run_id)).referrers)


async def test_who_leads_to_a_page_is_known_from_the_publication_on(scene: Scene) -> None:
    await scene.publish("a", "one", refs=["t", "u"])
    await scene.publish("b", "two", refs=["t"], parts=['{"blocks":[]}'])

    assert (await referrers(scene, "t"), await referrers(scene, "u")) == ({"a", "b"}, {"a"})


async def test_a_page_that_leads_elsewhere_now_leads_to_its_old_pages_no_more(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", refs=["t", "u"])
    await scene.publish("a", "other", refs=["u", "v"])

    assert [await referrers(scene, one) for one in "tuv"] == [set(), {"a"}, {"a"}]

    await scene.hide("a")
    assert await scene.kv.command("KEYS", "site:sync:referrers:*") == []


async def test_only_what_a_bundle_says_behind_its_meta_counts(scene: Scene) -> None:
    await scene.publish("a", "one", title='x"},"refs":["t"],"blocks":[', refs=["u"])
    await scene.publish("a", "one", title="plain")

    assert (await referrers(scene, "t"), await referrers(scene, "u")) == (set(), set())


async def test_a_page_that_is_the_same_as_before_is_not_looked_at(scene: Scene) -> None:
    await scene.publish("a", "one", digest="same", refs=["t"])
    await scene.begin_next()

    await scene.publish("a", "one", digest="same", text=None)

    assert await referrers(scene, "t") == {"a"}


async def test_the_site_is_told_who_leads_to_a_page_that_appeared_moved_or_went(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", refs=["t"])
    await scene.begin_next()
    await scene.publish("t", "target")
    assert await told(scene) == {"page:one"}

    await scene.begin_next()
    await scene.publish("t", "elsewhere")
    assert await told(scene) == {"page:one"}

    await scene.begin_next()
    await scene.publish("t", "elsewhere")
    assert await told(scene) == set()

    await scene.begin_next()
    await scene.hide("t")
    assert await told(scene) == {"page:one"}


async def test_child_pages_that_move_with_their_page_have_their_referrers_named(
    scene: Scene,
) -> None:
    await scene.publish_family("p", "old", "c")
    await scene.publish("a", "one", refs=["c"])
    await scene.begin_next()

    await scene.site.move(scene.lease, await scene.addresses(("p", "new"), ("c", "new/c")))

    assert await told(scene) == {"page:one"}


async def test_a_referrer_is_named_by_the_slug_that_it_has_when_the_run_ends(scene: Scene) -> None:
    await scene.publish("a", "one", refs=["t"])
    await scene.publish("b", "two", refs=["t"])
    await scene.publish("c", "three", refs=["t"])
    await scene.begin_next()
    await scene.publish("t", "target")
    await scene.site.move(scene.lease, await scene.addresses(("a", "moved")))
    await scene.hide("c")

    # What changed by itself is told anyway.
    assert await told(scene) == {"page:two"}


async def test_a_hundred_referrers_cost_one_command(scene: Scene) -> None:
    await scene.publish("t", "target")
    for number in range(100):
        await scene.see(f"r{number}")
    for page_id, claim in (await scene.claims()).items():
        await scene.commit(claim, f"slug-{page_id}", refs=["t"])
    await scene.begin_next()
    await scene.see("t")
    reading = await scene.reading(await scene.take("t"), "renamed")
    before = scene.kv.commands

    await scene.site.commit_page(scene.lease, reading)

    assert scene.kv.commands == before + 1
    assert await told(scene) == {f"page:slug-r{number}" for number in range(100)}
    assert scene.kv.commands == before + 2


@pytest.mark.parametrize("at_once", [1, 400, 700])
async def test_a_page_to_which_everything_leads_is_looked_at_in_portions(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(tellings_module, "REFERRERS_AT_ONCE", at_once)
    await scene.publish_all(t="target", u="other")
    await scene.publish("a", "one", refs=["t", "u"])
    ids = [f"{number:036}" for number in range(2_000)]
    await scene.kv.command("SADD", scene.keys.referrers("t"), *ids)
    await scene.begin_next()
    await scene.publish_all(t="target-2", u="other-2")

    assert await told(scene) == {"page:one"}
    assert await referrers(scene, "t") == {"a"}  # the others are published nowhere


async def test_what_is_told_of_a_run_stays_the_same_whatever_comes_after_it(scene: Scene) -> None:
    await scene.publish("a", "one", refs=["t"])
    await scene.begin_next()
    await scene.publish("t", "target")
    run_id = scene.lease.run_id
    tellings = Tellings(scene.kv, scene.keys, scene.clock, lambda: "x")
    first = await tellings.changes(run_id)
    await scene.begin_next()
    await scene.publish("a", "moved")

    assert await tellings.changes(run_id) == first


async def test_a_page_that_leads_elsewhere_since_its_bundle_was_lost_is_not_named(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", refs=["t"])
    await scene.kv.command("DEL", "site:page:one")
    await scene.publish("a", "one")
    await scene.begin_next()

    await scene.publish("t", "target")

    assert await told(scene) == set()
    assert await referrers(scene, "t") == set()


@pytest.mark.parametrize("value", [["DEL"], ["SET", "x"], ["RPUSH", "x"]])
async def test_who_leads_to_a_page_is_known_again_where_it_was_lost_or_never_noted(
    scene: Scene, value: list[str]
) -> None:
    many = [f"{number:036}" for number in range(300)]
    await scene.publish("a", "one", refs=["t", *many])
    key = scene.keys.referrers("t")
    await scene.kv.command("DEL", key)
    await scene.kv.command(value[0], key, *value[1:])

    assert await scene.site.find_lost(scene.lease) == ([], [])

    assert (await referrers(scene, "t"), await referrers(scene, many[-1])) == ({"a"}, {"a"})


@pytest.mark.parametrize("step", ["publish", "hide"])
async def test_what_another_program_wrote_under_the_name_stops_no_publication(
    scene: Scene, step: str
) -> None:
    await scene.publish("a", "one", refs=["t"])
    await scene.kv.command("SET", scene.keys.referrers("t"), "foreign")

    if step == "publish":
        await scene.publish("a", "one", refs=["t"])
        assert await referrers(scene, "t") == {"a"}
    else:
        await scene.hide("a")
        assert await scene.paths() == {}


async def test_a_telling_whose_answer_was_lost_names_the_same(
    scene: Scene, upstash: UpstashStandIn
) -> None:
    await scene.publish("a", "one", refs=["t"])
    await scene.begin_next()
    await scene.publish("t", "target")
    upstash.fail(Fault("reset", executed=True, matching="^EVAL"))

    assert await told(scene) == {"page:one"}
