"""Pages get other slugs: what stands published moves along, is named where it is shown, and is
found at the old one."""

import pytest

from dev.upstash import UpstashStandIn
from dev.upstash.faults import Fault
from lib.model import WorkItem
from lib.store.site import PageCommit
from lib.sync.addresses import AddressBook
from tests.store.scene import NOW, Scene

ID = "11111111-2222-3333-4444-555555555555"


async def move(scene: Scene, *moves: tuple[str, str]) -> bool:
    return await scene.site.move(scene.lease, await scene.addresses(*moves), [])


async def links(scene: Scene, slug: str) -> list[str]:
    """The slugs of the child pages that a page names."""
    return [child["slug"] for child in (await scene.read(f"page:{slug}"))["meta"]["childPages"]]


async def bundles(scene: Scene) -> dict[str, str]:
    """Slug → id of each page that stands in KV, as its bundle names it."""
    keys = await scene.kv.command("KEYS", "site:page:*")
    found = [
        (await scene.read(key.removeprefix("site:")))["meta"] for key in keys if ":part:" not in key
    ]
    assert [meta["slug"] for meta in found] == [
        key.removeprefix("site:page:") for key in keys if ":part:" not in key
    ]
    return {meta["slug"]: meta["id"] for meta in found}


async def test_a_renamed_page_is_found_at_its_old_slug_by_a_redirect_only(scene: Scene) -> None:
    await scene.publish("a", "one", document="{}")

    await scene.publish("a", "new", document="{}")

    assert (await scene.index(), await scene.paths(), await bundles(scene)) == (
        ["new"],
        {"a": "new"},
        {"new": "a"},
    )
    assert await scene.read("redirects") == {"one": "new"}
    assert await scene.kv.command("KEYS", "site:doc:*") == ["site:doc:new"]


async def test_every_slug_that_a_page_ever_had_leads_to_where_it_stands(scene: Scene) -> None:
    for slug in ("one", "two", "three"):
        await scene.publish("a", slug)

    assert await scene.read("redirects") == {"one": "three", "two": "three"}
    assert await scene.site.page_at("one") == await scene.site.page_at("three") == "a"


async def test_a_page_that_comes_back_to_its_old_slug_is_redirected_there(scene: Scene) -> None:
    for slug in ("one", "two", "one"):
        await scene.publish("a", slug)

    assert await scene.read("redirects") == {"two": "one"}


async def test_a_redirect_ends_when_another_page_takes_the_slug(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.publish("a", "two")

    await scene.publish("b", "one")

    assert (await scene.read("redirects"), await scene.site.page_at("one")) == ({}, "b")
    assert await bundles(scene) == {"one": "b", "two": "a"}


async def test_the_redirects_to_a_page_end_with_it(scene: Scene) -> None:
    await scene.publish_all(a="one", b="other")
    await scene.publish_all(a="two", b="another")

    await scene.hide("a")

    assert await scene.read("redirects") == {"other": "another"}
    assert await scene.site.page_at("one") == ""


async def test_two_pages_swap_their_slugs_in_one_instant_with_all_that_belongs_to_them(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", parts=['"a1"'], document='"a"')
    await scene.publish("b", "two", parts=['"b1"', '"b2"'])

    assert await move(scene, ("a", "two"), ("b", "one"))

    assert (await bundles(scene), await scene.index()) == ({"one": "b", "two": "a"}, ["two", "one"])
    assert [await scene.read(f"page:one:part:{n}") for n in (1, 2)] == ["b1", "b2"]
    assert [await scene.read(f"page:two:part:{n}") for n in (1, 2)] == ["a1", None]
    assert (await scene.read("doc:one"), await scene.read("doc:two")) == (None, "a")
    assert (await scene.paths(), await scene.read("redirects")) == ({"a": "two", "b": "one"}, None)
    assert await scene.kv.command("KEYS", "*aside*") == []


async def test_an_old_slug_follows_its_page_when_it_swaps_slugs_with_another(scene: Scene) -> None:
    """Then no page leaves a slug behind, and yet a redirect leads elsewhere."""
    await scene.publish_all(a="old", b="two")
    await scene.publish("a", "one")
    assert await scene.read("redirects") == {"old": "one"}

    assert await move(scene, ("a", "two"), ("b", "one"))

    assert await scene.read("redirects") == {"old": "two"}


async def test_a_chain_of_slugs_moves_in_one_instant(scene: Scene) -> None:
    await scene.publish_all(a="one", b="two", c="three")

    assert await move(scene, ("a", "two"), ("b", "three"), ("c", "four"))

    assert await bundles(scene) == {"two": "a", "three": "b", "four": "c"}
    assert await scene.read("redirects") == {"one": "two"}


async def test_a_page_that_is_published_pushes_others_along_in_the_same_instant(
    scene: Scene,
) -> None:
    await scene.publish_all(a="one", b="two")
    await scene.see("c")
    pushed = await scene.addresses(("c", "one"), ("a", "two"), ("b", "three"))

    assert await scene.commit(await scene.take("c"), "one", addresses=pushed) == "done"

    assert await bundles(scene) == {"one": "c", "two": "a", "three": "b"}
    assert await scene.index() == ["two", "three", "one"]


async def test_a_move_that_was_planned_from_what_is_no_more_changes_nothing(scene: Scene) -> None:
    await scene.publish("a", "one")
    planned = await scene.addresses(("a", "two"))
    await scene.publish("b", "two")
    before = await scene.snapshot()

    assert not await scene.site.move(scene.lease, planned, [])
    assert await scene.snapshot() == before


async def test_child_pages_move_with_the_page_and_are_named_anew_in_it_and_in_its_index(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "b", "c")

    assert await move(scene, ("a", "new"), ("b", "new/b"), ("c", "new/c"))

    assert await bundles(scene) == {"new": "a", "new/b": "b", "new/c": "c"}
    assert await links(scene, "new") == ["new/b", "new/c"]
    [row] = (await scene.read("pages:index"))["items"]
    assert [child["slug"] for child in row["childPages"]] == ["new/b", "new/c"]
    assert await scene.read("redirects") == {"one": "new", "one/b": "new/b", "one/c": "new/c"}


async def test_a_renamed_child_page_is_named_anew_in_the_page_that_holds_it_though_that_is_not_read(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.site.observe(scene.lease, [], [("c", WorkItem())])

    assert await scene.commit(await scene.take("c"), "one/new") == "done"

    assert (await links(scene, "one"), await bundles(scene)) == (
        ["one/new"],
        {"one": "a", "one/new": "c"},
    )
    [row] = (await scene.read("pages:index"))["items"]
    assert [child["slug"] for child in row["childPages"]] == ["one/new"]


async def test_child_pages_that_swap_their_slugs_are_not_mixed_up_in_the_page_that_holds_them(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "b", "c")

    assert await move(scene, ("b", "one/c"), ("c", "one/b"))

    assert await links(scene, "one") == ["one/c", "one/b"]
    assert await bundles(scene) == {"one": "a", "one/b": "c", "one/c": "b"}


@pytest.mark.parametrize("slug", ["ü-é-日本", "a.b*c[d]", "100%-sure", "a'b", "a/b%d/c"])
async def test_slugs_are_replaced_word_for_word_whatever_signs_they_hold(
    scene: Scene, slug: str
) -> None:
    await scene.publish_family(ID, "one", "c")
    assert await move(scene, (ID, slug), ("c", f"{slug}/c"))
    assert (await links(scene, slug), await scene.read("redirects")) == (
        [f"{slug}/c"],
        {"one": slug, "one/c": f"{slug}/c"},
    )

    assert await move(scene, (ID, "one"), ("c", "one/c"))
    assert (await links(scene, "one"), await scene.read("redirects")) == (
        ["one/c"],
        {slug: "one", f"{slug}/c": "one/c"},
    )


async def test_a_slug_is_reserved_for_a_child_page_before_it_is_read(scene: Scene) -> None:
    await scene.see("a")
    moves = await scene.addresses(("a", "one"), ("c", "one/c"))
    child = {"c": scene.seen("c", parent="a")}

    assert (
        await scene.commit(await scene.take("a"), "one", children=child, addresses=moves) == "done"
    )

    assert await scene.paths() == {"a": "one"}
    assert (await scene.site.look_up([], ["one/c"]))[1]["one/c"].page_id == "c"
    assert await links(scene, "one") == ["one/c"]


async def test_a_reserved_slug_is_no_address_that_anybody_is_redirected_from(scene: Scene) -> None:
    await scene.see("a")
    moves = await scene.addresses(("a", "one"), ("c", "one/c"))
    await scene.commit(
        await scene.take("a"), "one", children={"c": scene.seen("c", parent="a")}, addresses=moves
    )

    assert await move(scene, ("c", "one/new"))

    assert (await scene.read("redirects"), await scene.site.page_at("one/c")) == (None, "")


async def test_who_waits_for_a_slug_is_told_when_it_is_free(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.see("b")
    waiting = await scene.addresses(("b", "one-b"), waiting={"one": "b"})
    await scene.commit(await scene.take("b"), "one-b", addresses=waiting)
    assert (await scene.site.look_up([], ["one"]))[1]["one"].waiting == ("b",)

    assert await scene.hide("a") == ["one"]

    settled = await scene.addresses(("b", "one"), waiting={"one": ""})
    assert (await scene.sources.read_state()).freed == ["one"]
    assert await scene.site.move(scene.lease, settled, ["one"])
    assert (await scene.sources.read_state()).freed == []
    assert (await bundles(scene), await scene.read("redirects")) == ({"one": "b"}, {"one-b": "one"})
    assert await scene.kv.command("HLEN", scene.keys.waiting) == 0


async def test_a_slug_that_became_free_is_not_lost_with_the_answer_that_said_so(
    scene: Scene, upstash: UpstashStandIn
) -> None:
    await scene.publish("a", "one")
    await scene.see("b")
    waiting = await scene.addresses(("b", "one-b"), waiting={"one": "b"})
    await scene.commit(await scene.take("b"), "one-b", addresses=waiting)
    upstash.fail(Fault("reset", executed=True, matching="^EVAL"))

    await scene.hide("a")

    assert (await scene.sources.read_state()).freed == ["one"]


async def test_a_slug_that_could_not_be_given_away_stays_to_be_given(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("HSET", scene.keys.waiting, "one", "b")
    await scene.hide("a")
    planned = await scene.addresses(("b", "one"))
    await scene.publish("c", "one")

    assert not await scene.site.move(scene.lease, planned, ["one"])
    assert (await scene.sources.read_state()).freed == ["one"]


async def test_a_slug_that_nobody_waits_for_is_free_without_a_word(scene: Scene) -> None:
    await scene.publish("a", "one")

    assert await scene.hide("a") == []
    assert (await scene.site.look_up([], ["one"]))[1]["one"].page_id == ""


async def test_what_moved_is_among_the_changes_of_the_run(scene: Scene) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.begin_next()

    await move(scene, ("c", "one/new"))

    run = scene.keys.run(scene.lease.run_id)
    changed, removed = [
        sorted(await scene.kv.command("SMEMBERS", f"{run}:{kind}"))
        for kind in ("changed", "removed")
    ]
    assert changed == ["page:one", "page:one/new", "pages:index", "redirects"]
    assert removed == ["page:one/c"]


async def test_a_bundle_that_another_wrote_over_moves_as_it_is(scene: Scene) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.kv.pipeline([["DEL", "site:page:one"], ["RPUSH", "site:page:one", "x"]])

    assert await move(scene, ("a", "new"), ("c", "new/c"))

    assert await scene.kv.command("TYPE", "site:page:new") == "list"
    assert (await scene.paths(), await scene.kv.command("EXISTS", "site:page:one")) == (
        {"a": "new", "c": "new/c"},
        0,
    )


async def test_nobody_waits_for_a_slug_that_has_become_free_meanwhile(scene: Scene) -> None:
    await publish_one(scene)
    reading = await waiting_for_one(scene, "b")
    await scene.hide("a")

    assert (await scene.site.commit_page(scene.lease, reading)).outcome == "changed"


async def test_of_two_that_begin_to_wait_at_once_the_second_takes_note_of_the_first(
    scene: Scene,
) -> None:
    await publish_one(scene)
    readings = [await waiting_for_one(scene, page_id) for page_id in ("b", "c")]

    outcomes = [(await scene.site.commit_page(scene.lease, one)).outcome for one in readings]

    assert outcomes == ["done", "changed"]
    assert (await scene.site.look_up([], ["one"]))[1]["one"].waiting == ("b",)


async def publish_one(scene: Scene) -> None:
    """A page has the slug `one` by right."""
    await scene.see("a", wanted="one")
    assert await scene.commit(await scene.take("a"), "one") == "done"


async def waiting_for_one(scene: Scene, page_id: str) -> PageCommit:
    """A page that asks for the slug `one`, which `a` has, as it is read and planned."""
    await scene.see(page_id, wanted="one", created=NOW)
    book = AddressBook(scene.site)
    book.note_page(page_id, scene.seen(page_id, wanted="one", created=NOW))
    await book.place_all(page_id)
    planned = book.planned_changes()
    slug = book.slug_of(page_id)
    return await scene.reading(await scene.take(page_id), slug, addresses=planned)
