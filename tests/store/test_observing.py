"""What Notion was seen to say of a page: a later look moves the record on, an earlier one changes
nothing."""

import pytest

from lib.errors import TakenOver
from lib.model import Ask, Observation, WorkItem
from lib.store import site as site_module
from lib.store.site import Retry, Sighting
from tests.store.scene import ALIVE, EDITED_AT, READ, Scene


async def known(scene: Scene, page_id: str = "a") -> Observation:
    found = (await scene.site.look_up([page_id]))[0][page_id].observation
    assert found is not None
    return found


async def title_of(scene: Scene) -> str:
    return (await known(scene)).title


async def test_what_was_seen_of_a_page_is_remembered_and_what_has_to_be_read_is_due(
    scene: Scene,
) -> None:
    await scene.see("a", title="A")

    assert await known(scene) == scene.seen("a", title="A")
    claim = await scene.take("a")
    assert (claim.observation, claim.record, claim.slug) == (scene.seen("a", title="A"), None, "")
    assert await scene.sources.stamps("pages") == {"a": ""}


async def test_a_later_look_at_the_same_edit_counts(scene: Scene) -> None:
    await scene.see("a", title="old")
    await scene.see("a", title="new")

    assert await title_of(scene) == "new"


async def test_a_look_that_was_made_earlier_changes_nothing(scene: Scene) -> None:
    await scene.see("a", title="new")
    before = await scene.snapshot()

    await scene.see("a", title="old", read_at=scene.clock.time - 10, is_gone=True)
    assert await scene.snapshot() == before


async def test_a_look_that_may_be_the_later_one_as_clocks_differ_makes_the_page_due(
    scene: Scene,
) -> None:
    await scene.publish("a", "slug")
    late = (await known(scene)).read_at

    for apart, edited_at, is_due in [
        (1.5, EDITED_AT, False),
        (0.5, EDITED_AT - 60, False),
        (0.5, EDITED_AT, True),
    ]:
        look = scene.seen("a", title="other", read_at=late - apart, edited_at=edited_at)
        await scene.site.observe(
            scene.lease, [Sighting(page_id="a", observation=look, item=READ)], slack_seconds=1.0
        )
        assert (await scene.due() == ["a"]) is is_due

    assert await title_of(scene) != "other"
    assert (await scene.take("a")).item == WorkItem(), (
        "nothing that was seen is trusted: it is looked at again"
    )


async def test_a_look_at_an_older_edit_changes_nothing_however_late_it_was_made(
    scene: Scene,
) -> None:
    """Notion's lists lag behind."""
    await scene.see("a", title="new", edited_at=EDITED_AT + 60)
    before = await scene.snapshot()

    await scene.see("a", title="old", edited_at=EDITED_AT)
    assert await scene.snapshot() == before


@pytest.mark.parametrize("is_gone", [False, True])
async def test_claimed_work_that_led_to_an_older_look_is_done_again_and_in_the_end_believed(
    scene: Scene, is_gone: bool
) -> None:
    """What was seen before would be seen again: it stood in the way of the run for ever."""
    await scene.publish("a", "one")
    await scene.see("a")
    claim = await scene.take("a")
    look = scene.seen("a", read_at=scene.clock.time - 30, is_published=False)
    again = WorkItem(attempts=1, doubted=["c"])

    async def observe(*, insists: bool) -> None:
        retry = Retry(claim.number, again, insists)
        sighting = Sighting(
            page_id="a", observation=look, is_hidden=True, is_gone=is_gone, retry=retry
        )
        await scene.site.observe(scene.lease, [sighting])

    await observe(insists=False)
    assert (await scene.take("a")).item == again
    assert await scene.read("page:one")

    await observe(insists=True)
    assert (await scene.due(), await scene.read("page:one")) == ([], None)


async def test_a_look_at_a_newer_edit_counts_though_it_was_made_earlier(scene: Scene) -> None:
    await scene.see("a", title="old", edited_at=EDITED_AT)

    await scene.see("a", title="new", edited_at=EDITED_AT + 60, read_at=scene.clock.time - 10)

    assert await title_of(scene) == "new"


@pytest.mark.parametrize(("first", "then"), [(0.0, EDITED_AT), (EDITED_AT, 0.0), (0.0, 0.0)])
async def test_where_a_time_of_the_last_edit_is_unknown_the_later_look_counts(
    scene: Scene, first: float, then: float
) -> None:
    await scene.see("a", title="first", edited_at=first)
    await scene.see("a", title="late", edited_at=then, read_at=scene.clock.time - 10)
    assert await title_of(scene) == "first"

    await scene.see("a", title="then", edited_at=then)
    assert await title_of(scene) == "then"


async def test_a_row_that_need_not_be_read_bears_its_stamp(scene: Scene) -> None:
    await scene.see("a", item=None, stamp="s1")

    assert (await scene.sources.stamps("pages"), await scene.due()) == ({"a": "s1"}, [])
    assert await scene.sources.stamps_of("pages", ["a", "b"]) == {"a": "s1"}


async def test_a_row_that_is_due_keeps_the_stamp_that_it_was_read_with(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.see("a")

    assert await scene.sources.stamps("pages") == {"a": "stamp-of-a"}


async def test_a_row_that_was_seen_in_another_source_is_a_row_of_that_one_only(
    scene: Scene,
) -> None:
    await scene.see("a", item=None, stamp="s1")
    await scene.see("a", item=None, stamp="s2", source="posts")

    assert (await scene.sources.stamps("pages"), await scene.sources.stamps("posts")) == (
        {},
        {"a": "s2"},
    )


async def test_a_child_page_is_a_row_of_no_source(scene: Scene) -> None:
    await scene.see("c", parent="a")

    assert await scene.sources.stamps("pages") == {}


async def test_what_is_due_once_more_is_counted_once(scene: Scene) -> None:
    await scene.see("a")
    await scene.see("a")
    await scene.site.observe(
        scene.lease, [], [("b", WorkItem()), ("a", WorkItem()), ("db:d", WorkItem())]
    )

    assert ((await scene.record()).to_sync, await scene.due()) == (2, ["a", "b", "db:d"])


async def test_what_was_asked_of_work_is_kept_when_it_becomes_due_anew(scene: Scene) -> None:
    await scene.see("a", item=WorkItem(rewrite=True, doubted=["c"]))
    await scene.see("a", item=WorkItem(title="new", doubted=["d", "c"], asks_owners=True))

    assert (await scene.take("a")).item == WorkItem(
        title="new", rewrite=True, doubted=["c", "d"], asks_owners=True
    )


async def test_a_page_that_stays_as_it_is_and_those_below_it_are_not_due_until_it_goes_on(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.site.observe(scene.lease, [], [("c", WorkItem())])

    await scene.see("a", item=None, is_paused=True, stamp="paused")
    assert ((await scene.sources.watched()).still, await scene.due()) == (frozenset("ac"), [])
    await scene.site.observe(scene.lease, [], [("c", WorkItem()), ("a", WorkItem())])
    assert await scene.due() == []
    await scene.see("a")

    assert ((await scene.sources.watched()).still, await scene.due()) == (frozenset(), ["a", "c"])
    assert await scene.index() == ["one"]


async def test_a_page_that_moved_elsewhere_goes_on_though_the_page_that_held_it_stays_as_it_is(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.publish(
        "b", "two", children={"c": scene.seen("c", parent="b")}, work=[("c", WorkItem())]
    )

    await scene.see("a", item=None, is_paused=True)

    assert ((await scene.sources.watched()).still, await scene.due()) == (frozenset("a"), ["c"])


async def test_a_paused_page_that_was_never_published_does_not_stay_as_it_is(scene: Scene) -> None:
    """There is nothing of it, and nothing below it."""
    await scene.see("a", item=None, is_paused=True)

    assert (await scene.sources.watched()).still == frozenset()


async def test_a_paused_row_that_moved_into_a_page_goes_on_with_all_below_it(scene: Scene) -> None:
    """It has no property `sync` any more."""
    await scene.publish_family("a", "one", "c")
    await scene.see("a", item=None, is_paused=True)

    await scene.publish(
        "b", "two", children={"a": scene.seen("a", parent="b")}, work=[("a", WorkItem())]
    )

    assert ((await scene.sources.watched()).still, await scene.due()) == (frozenset(), ["a", "c"])


async def test_a_child_page_of_a_paused_row_that_became_a_row_goes_on(scene: Scene) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.see("a", item=None, is_paused=True)

    await scene.see("c")

    assert ((await scene.sources.watched()).still, await scene.due()) == (frozenset("a"), ["c"])


async def test_a_look_at_a_child_page_for_the_sake_of_others_takes_no_work_back(
    scene: Scene,
) -> None:
    """Its row went on since it was decided to look."""
    await scene.publish_family("a", "one", "c")
    await scene.see("a", item=None, is_paused=True)
    await scene.see("a")

    await scene.see("c", item=None, parent="a")

    assert await scene.due() == ["a", "c"]


async def test_what_is_found_in_a_paused_page_that_is_written_anew_stays_as_it_is_then(
    scene: Scene,
) -> None:
    """Its bundle was lost; what has moved into it since is published with it, this once."""
    await scene.publish("a", "one")
    await scene.see("a", item=None, is_paused=True)
    await scene.site.observe(scene.lease, [], [("a", WorkItem(rewrite=True))])

    await scene.commit_family(await scene.take("a"), "one", "c")
    await scene.site.observe(scene.lease, [], [("c", WorkItem())])

    assert ((await scene.sources.watched()).still, await scene.due()) == (frozenset("ac"), [])
    assert await scene.paths() == {"a": "one", "c": "one/c"}


async def test_a_paused_page_that_is_hidden_is_not_paused_any_more(scene: Scene) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.see("a", item=None, is_paused=True)

    await scene.hide("a")

    assert ((await scene.sources.watched()).still, await scene.paths()) == (frozenset(), {})


async def test_many_sightings_are_sent_in_requests_of_a_bounded_size(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_module, "BYTES_PER_OBSERVING", 1_000)
    sightings = [
        Sighting(page_id=f"p{n}", observation=scene.seen(f"p{n}"), item=WorkItem())
        for n in range(10)
    ]
    before = scene.kv.commands

    await scene.site.observe(scene.lease, sightings, [("db:d", WorkItem())])

    assert scene.kv.commands - before > 2
    assert await scene.due() == sorted([*(f"p{n}" for n in range(10)), "db:d"])


async def test_a_zombie_remembers_nothing(scene: Scene) -> None:
    await scene.runs.begin_slice("r1", "0", 0, Ask(), scene.clock.time + ALIVE)

    with pytest.raises(TakenOver):
        await scene.see("a")
    assert await scene.kv.command("EXISTS", scene.keys.observed, scene.keys.due) == 0


async def test_what_is_seen_of_many_pages_is_looked_up_in_one_command(scene: Scene) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.see("b")
    before = scene.kv.commands

    pages, slugs = await scene.site.look_up(["a", "b", "c", "x"], ["one", "nobody's"])

    assert scene.kv.commands - before == 1
    assert {page_id: (one.slug, one.stamp, one.is_due) for page_id, one in pages.items()} == {
        "a": ("one", "", False),
        "b": ("", "", True),
        "c": ("one/c", "stamp-of-c pages", False),
        "x": ("", "", False),
    }
    assert {slug: holder.page_id for slug, holder in slugs.items()} == {"one": "a", "nobody's": ""}


# Child pages that are renamed.


async def shown(scene: Scene, title: str) -> None:
    """Publish a row with a child page, which the row shows under a title."""
    await scene.publish_family("a", "one", "c")
    meta = f'{{"id":"a","childPages":[{{"id":"c","slug":"one/c","title":"{title}"}}]}}'
    await scene.kv.command("HSET", scene.keys.metas, "a", meta)


async def test_a_renamed_child_page_makes_the_page_around_it_due(scene: Scene) -> None:
    await shown(scene, "c")
    await scene.see("c", parent="a", title="new")
    assert await scene.due() == ["a", "c"]


async def test_a_page_that_shows_the_new_title_already_is_not_due(scene: Scene) -> None:
    await shown(scene, "new")
    await scene.see("c", parent="a", title="new")
    assert await scene.due() == ["c"]


async def test_a_page_under_way_is_planned_anew_when_its_child_page_was_seen_meanwhile(
    scene: Scene,
) -> None:
    await shown(scene, "c")
    await scene.see("a")
    claim = await scene.take("a")
    known = (await scene.site.look_up(["c"]))[0]["c"].observation
    assert known
    await scene.see("c", parent="a", title="new")

    reading = await scene.reading(claim, "one", children={"c": known}, known={"c": known})
    assert (await scene.site.commit_page(scene.lease, reading))[0] == "changed"

    known = (await scene.site.look_up(["c"]))[0]["c"].observation
    assert known
    reading = await scene.reading(claim, "one", children={"c": known}, known={"c": known})
    assert (await scene.site.commit_page(scene.lease, reading))[0] == "done"


# The same look again.


async def test_the_same_look_revokes_no_lease_and_another_one_does(scene: Scene) -> None:
    await scene.see("a", item=WorkItem(stamp="look"))
    claim = await scene.take("a")

    await scene.see("a", item=WorkItem(stamp="look"))
    assert (await scene.take("a")).number == claim.number
    await scene.see("a", item=WorkItem(stamp="another"))
    assert (await scene.take("a")).number > claim.number


async def test_the_same_look_in_another_source_revokes_the_lease(scene: Scene) -> None:
    """A row that moves between sources keeps its properties and the time of its edit."""
    await scene.see("a", item=WorkItem(stamp="look"))
    claim = await scene.take("a")

    await scene.see("a", source="posts", item=WorkItem(stamp="look"))

    assert (await scene.take("a")).number > claim.number


async def test_the_same_look_again_after_the_page_was_read_makes_nothing_due(scene: Scene) -> None:
    await scene.see("a", item=WorkItem(stamp="look"))
    await scene.commit(await scene.take("a"), "one", stamp="look")

    await scene.see("a", item=WorkItem(stamp="look"))
    assert await scene.due() == []
    await scene.see("a", item=WorkItem(stamp="look", rewrite=True))
    assert await scene.due() == ["a"]


async def test_slugs_of_an_answer_that_was_lost_are_answered_again(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.kv.command("HSET", scene.keys.waiting, "one", "b")
    assert await scene.hide("a") == ["one"]
    assert await scene.see("d") == ["one"]


async def test_a_look_at_a_child_page_does_not_put_it_back_where_it_stood_before(
    scene: Scene,
) -> None:
    """Its own object names its parent alone: its source is that of the row around it."""
    await scene.publish_family("a", "one", "c")
    before = await known(scene, "c")
    await scene.see("a", source="posts")
    child = scene.seen("c", parent="a", source="posts")
    places = await scene.addresses(("a", "one"), ("c", "one/c"))
    claim = await scene.take("a")
    assert await scene.commit(claim, "one", children={"c": child}, addresses=places) == "done"

    await scene.see("c", parent="a", placed_at=before.placed_at, edited_at=EDITED_AT + 60)

    assert (await known(scene, "c")) == child
    assert await scene.due() == ["c"]
