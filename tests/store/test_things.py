"""What a page shows and an edit elsewhere may change: who shows it is known, and is due when it
changes."""

import pytest

from lib.model import WorkItem
from tests.store.scene import Scene


async def show(scene: Scene, page_id: str, *things: str) -> None:
    """Publish a row that shows things."""
    assert await scene.publish(page_id, f"at-{page_id}", things=things) == "done"


async def edit(scene: Scene, page_id: str) -> None:
    """See that a page was edited a moment ago."""
    await scene.see(page_id, edited_at=scene.clock.time)


async def showing(scene: Scene, thing: str) -> set[str]:
    return set(await scene.site.showing(thing))


async def test_who_shows_a_thing_is_known_from_the_publication_on(scene: Scene) -> None:
    await show(scene, "a", "original:o", "page:p")
    await show(scene, "b", "original:o")

    assert (await showing(scene, "original:o"), await showing(scene, "page:p")) == (
        {"a", "b"},
        {"a"},
    )

    await show(scene, "a", "page:q")
    assert (await showing(scene, "original:o"), await showing(scene, "page:p")) == ({"b"}, set())


async def test_what_no_listing_shows_is_watched_as_long_as_a_page_shows_it(scene: Scene) -> None:
    things = ("page:p", "original:o", "hidden:h", "unreadable:d")
    await show(scene, "a", *things)
    await show(scene, "b", "page:p")
    assert (await scene.sources.watched()).outside == dict.fromkeys(things, "")

    await show(scene, "a")
    assert (await scene.sources.watched()).outside == {"page:p": ""}
    await scene.hide("b")
    assert (await scene.sources.watched()).outside == {}


async def test_a_page_that_a_listing_shows_is_not_watched_besides(scene: Scene) -> None:
    await scene.publish("p", "one")
    await show(scene, "a", "page:p")

    assert (await scene.sources.watched()).outside == {}


async def test_a_page_that_was_outside_is_watched_no_more_when_it_is_published(
    scene: Scene,
) -> None:
    await show(scene, "a", "page:p")
    await scene.publish("p", "one")

    assert (await scene.sources.watched()).outside == {}


async def test_a_page_that_is_gone_and_still_shown_is_watched(scene: Scene) -> None:
    await scene.publish("p", "one")
    await show(scene, "a", "page:p")

    await scene.see("p", item=None, is_gone=True)

    removed_at = f"since {scene.clock.time:.3f} "  # lists may lag behind
    assert (await scene.sources.watched()).outside == {"page:p": removed_at}


async def test_a_page_that_is_gone_is_watched_also_where_it_is_shown_later(scene: Scene) -> None:
    """What was seen of a row is remembered for a while after it is gone."""
    await scene.publish("p", "one")
    await scene.see("p", item=None, is_gone=True)

    await show(scene, "a", "page:p")

    assert (await scene.sources.watched()).outside == {"page:p": ""}


async def test_what_was_seen_of_a_thing_outside_is_remembered_while_it_is_shown(
    scene: Scene,
) -> None:
    await show(scene, "a", "page:p")

    await scene.site.observe(scene.lease, [], outside={"page:p": "stamp", "page:q": "stamp"})
    assert (await scene.sources.watched()).outside == {"page:p": "stamp"}
    await show(scene, "b", "page:p")
    assert (await scene.sources.watched()).outside == {"page:p": "stamp"}


async def test_what_a_survey_saw_outside_is_remembered_with_it(scene: Scene) -> None:
    await show(scene, "a", "page:p")
    await scene.end()

    await scene.begin("r2", outside={"page:p": "stamp", "page:q": "stamp"})

    assert (await scene.sources.watched()).outside == {"page:p": "stamp"}


async def test_what_shows_a_page_is_due_when_something_new_is_seen_of_it(scene: Scene) -> None:
    await scene.publish("p", "one")
    await show(scene, "a", "page:p")

    await edit(scene, "p")

    assert await scene.due() == ["a", "p"]
    assert (await scene.take("a")).item == WorkItem(asks_owners=True)


@pytest.mark.parametrize("gone", [{"is_hidden": True, "is_published": False}, {"is_gone": True}])
async def test_what_shows_a_page_is_due_when_that_is_taken_from_the_site(
    scene: Scene, gone: dict[str, bool]
) -> None:
    await scene.publish("p", "one")
    await show(scene, "a", "page:p")

    await scene.see("p", item=None, **gone)

    assert await scene.due() == ["a"]


async def test_what_was_read_after_the_last_edit_of_what_it_shows_need_not_be_read(
    scene: Scene,
) -> None:
    await scene.publish("p", "one", edited_at=scene.clock.time)
    edited_at = scene.clock.time
    scene.clock.time += 180
    await show(scene, "a", "page:p")

    await scene.see("p", edited_at=edited_at)
    assert await scene.due() == ["p"]
    await scene.see("p", edited_at=0.0)
    assert await scene.due() == ["a", "p"], "nobody knows when it was edited"


async def test_what_shows_a_page_twice_over_is_due_once_and_keeps_what_was_asked_of_it(
    scene: Scene,
) -> None:
    await scene.publish("p", "one")
    await show(scene, "a", "page:p")
    await scene.site.observe(scene.lease, [], [("a", WorkItem(rewrite=True, doubted=["c"]))])

    await edit(scene, "p")
    await edit(scene, "p")

    assert (await scene.take("a")).item == WorkItem(rewrite=True, doubted=["c"], asks_owners=True)


async def test_a_page_that_shows_itself_is_not_due_for_ever(scene: Scene) -> None:
    await show(scene, "a", "page:a")

    assert await scene.due() == []


async def test_a_page_that_is_read_while_what_it_shows_changes_is_read_again(scene: Scene) -> None:
    await scene.publish("p", "one")
    await show(scene, "a", "page:p")
    await scene.see("a")
    claim = await scene.take("a")
    await edit(scene, "p")

    assert await scene.commit(claim, "at-a", things=["page:p"]) == "repeated"
    assert await scene.due() == ["a", "p"]


async def test_a_page_that_stays_as_it_is_is_not_due_for_what_it_shows(scene: Scene) -> None:
    await scene.publish("p", "one")
    await show(scene, "a", "page:p")
    await scene.see("a", item=None, is_paused=True)

    await edit(scene, "p")

    assert await scene.due() == ["p"]


async def test_an_edit_that_shows_when_the_page_is_read_makes_due_what_shows_that_page(
    scene: Scene,
) -> None:
    """No listing showed it: the page moved, or was edited between the listing and its reading."""
    await scene.publish("p", "one")
    await show(scene, "a", "page:p")
    await scene.see("p")
    claim = await scene.take("p")
    now = scene.clock.time

    edited = scene.seen("p", edited_at=now)
    assert await scene.commit(claim, "one", observation=edited, edited_at=now) == "done"

    assert await scene.due() == ["a"]


async def test_a_page_that_is_read_for_certain_makes_due_what_shows_it_as_it_was_before_that(
    scene: Scene,
) -> None:
    """Notion's minute is over in which it was edited: another edit in it may show only now."""
    edited_at = scene.clock.time
    await scene.publish("p", "one", edited_at=edited_at)
    await show(scene, "a", "page:p")
    for later, due in ((1, ["a"]), (1, []), (180, ["a"]), (1, [])):
        scene.clock.time += later
        await scene.site.observe(scene.lease, [], [("p", WorkItem())])
        claims = await scene.claims()
        edited = scene.seen("p", edited_at=edited_at)

        outcome = await scene.commit(claims["p"], "one", observation=edited, edited_at=edited_at)

        assert (outcome, await scene.due()) == ("done", due)
        if due:
            await scene.commit((await scene.claims())["a"], "at-a", things=["page:p"])
