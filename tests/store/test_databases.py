"""A child database is published in one step, and lives as long as a page shows it."""

import pytest

from lib.errors import TakenOver
from lib.model import Ask, WorkItem
from lib.store.media import Files
from lib.store.site import Text
from tests.store.scene import ALIVE, Scene, database

FILE = "page=row&file=f1"


async def show(scene: Scene, *page_ids: str) -> None:
    """Publish pages that show the child database `d`, which becomes due."""
    for page_id in page_ids:
        work = [("db:d", WorkItem(title="Tasks", data_source_ids=["s"]))]
        assert await scene.publish(page_id, f"at-{page_id}", things=["db:d"], work=work) == "done"


async def changed(scene: Scene) -> set[str]:
    return set(await scene.kv.command("SMEMBERS", f"{scene.keys.run(scene.lease.run_id)}:changed"))


async def named(scene: Scene) -> bool:
    place = await Files(scene.kv, scene.keys).find_file(
        "page=row", "f1", "lock", scene.clock.time, 1, alone=True
    )
    return place.outcome != "unknown"


async def test_a_child_database_is_due_when_a_page_that_shows_it_is_published(scene: Scene) -> None:
    await show(scene, "a")

    claim = await scene.take("db:d")

    assert (claim.id, claim.is_page, claim.title, claim.item.data_source_ids) == (
        "d",
        False,
        "Tasks",
        ["s"],
    )
    assert (await scene.record()).to_sync == 1  # databases are not counted


async def test_a_child_database_is_published_counted_and_done(scene: Scene) -> None:
    await show(scene, "a")

    text = Text('{"id":"d"}', files=[FILE], copying="1")
    assert await scene.publish_database("d", text=text) == "done"

    assert (await scene.read("db:d"), await scene.due(), await named(scene)) == (
        {"id": "d"},
        [],
        True,
    )
    assert await scene.sources.databases(["d", "e"]) == {"d": database("Tasks", scene.clock.time)}
    assert await changed(scene) == {"page:at-a", "pages:index", "db:d"}
    assert (await scene.record()).written == 2
    assert await scene.kv.command("ZRANGE", scene.keys.uncopied, 0, -1) == ["db:d"]


async def test_a_child_database_that_is_known_is_not_read_again_with_the_page_that_shows_it(
    scene: Scene,
) -> None:
    await show(scene, "a")
    await scene.publish_database("d")

    await show(scene, "a")

    assert await scene.due() == []


async def test_a_child_database_is_read_again_when_another_page_shows_it_too(scene: Scene) -> None:
    """Its visibility is the strictest of theirs."""
    await show(scene, "a")
    await scene.publish_database("d")

    await show(scene, "b")

    assert await scene.due() == ["db:d"]


@pytest.mark.parametrize(("visibility", "due"), [("public", []), ("members", ["db:d"])])
async def test_a_child_database_may_be_less_hidden_when_a_page_shows_it_no_more(
    scene: Scene, visibility: str, due: list[str]
) -> None:
    await show(scene, "a")
    await scene.see("b", visibility=visibility)
    await scene.commit(await scene.take("b"), "at-b", things=["db:d"])
    await scene.publish_database("d")

    await scene.hide("b")

    assert await scene.due() == due


async def test_a_child_database_is_read_again_when_a_page_that_shows_it_is_shown_to_others(
    scene: Scene,
) -> None:
    await show(scene, "a")
    await scene.publish_database("d")
    await scene.see("a", visibility="public")
    claim = await scene.take("a")

    seen = scene.seen("a", visibility="members")
    await scene.commit(
        claim, "at-a", observation=seen, things=["db:d"], work=[("db:d", WorkItem())]
    )

    assert await scene.due() == ["db:d"]


async def test_a_child_database_is_built_anew_where_others_see_it_meanwhile(scene: Scene) -> None:
    await show(scene, "a")
    claim = await scene.take("db:d")
    await scene.see("b", visibility="members")
    await scene.commit(await scene.take("b"), "at-b", things=["db:d"])
    record = database("Tasks", scene.clock.time)

    async def put(**shown: str) -> str:
        return await scene.site.commit_database(
            scene.lease, "d", claim.number, record, Text("{}"), shown=shown
        )

    assert await put(a="public") == "changed"
    assert await put(a="public", b="public") == "changed"
    assert await put(a="public", b="members") == "done"


async def test_a_child_database_that_is_the_same_is_remembered_and_not_written(
    scene: Scene,
) -> None:
    await show(scene, "a")
    await scene.publish_database("d", digest="same")
    before = await scene.kv.command("GET", "site:db:d")
    await scene.begin_next()
    await scene.site.observe(scene.lease, [], [("db:d", WorkItem())])

    assert await scene.publish_database("d", digest="same", text=None) == "done"

    assert (await scene.kv.command("GET", "site:db:d"), await changed(scene)) == (before, set())
    [record] = (await scene.sources.databases(["d"])).values()
    assert record is not None
    assert record.read_at == scene.clock.time


async def test_a_child_database_that_is_not_the_one_published_is_sent_after_all(
    scene: Scene,
) -> None:
    await show(scene, "a")

    assert await scene.publish_database("d", text=None) == "send"
    assert await scene.publish_database("d") == "done"


@pytest.mark.parametrize("value", [["DEL", "site:db:d"], ["LPUSH", "site:db:d", "x"]])
async def test_a_child_database_that_was_lost_is_sent_though_it_is_the_same(
    scene: Scene, value: list[str]
) -> None:
    await show(scene, "a")
    await scene.publish_database("d", digest="same")
    await scene.site.observe(scene.lease, [], [("db:d", WorkItem())])
    await scene.kv.pipeline([["DEL", "site:db:d"], value])

    assert await scene.publish_database("d", digest="same", text=None) == "send"


async def test_the_last_reading_of_a_child_database_counts_whatever_its_date(scene: Scene) -> None:
    """Its lease says that it is the last. Dates come from Notion's clock, which tells whole seconds:
    of two readings within one, the later may bear the earlier date."""
    await show(scene, "a")
    await scene.publish_database("d")
    await scene.site.observe(scene.lease, [], [("db:d", WorkItem())])
    claim = await scene.take("db:d")

    last = database("Tasks", scene.clock.time - 0.9)
    outcome = await scene.site.commit_database(scene.lease, "d", claim.number, last, Text('"last"'))

    assert (outcome, await scene.read("db:d"), await scene.due()) == ("done", "last", [])


async def test_a_child_database_whose_lease_was_revoked_is_not_published(scene: Scene) -> None:
    await show(scene, "a")
    claim = await scene.take("db:d")
    await scene.site.observe(scene.lease, [], [("db:d", WorkItem())])

    record = database("Tasks", scene.clock.time)
    assert (
        await scene.site.commit_database(scene.lease, "d", claim.number, record, Text("{}"))
        == "repeated"
    )
    assert await scene.read("db:d") is None


async def test_a_child_database_that_no_page_shows_any_more_is_gone(scene: Scene) -> None:
    await show(scene, "a")
    await scene.publish_database("d", text=Text('{"id":"d"}', files=[FILE]))

    assert await scene.publish("a", "at-a") == "done"

    assert (await scene.read("db:d"), await scene.sources.databases(["d"]), await named(scene)) == (
        None,
        {},
        False,
    )
    assert "db:d" in await scene.kv.command("SMEMBERS", f"{scene.keys.run('r1')}:removed")


async def test_a_child_database_that_no_page_shows_when_it_was_read_is_not_published(
    scene: Scene,
) -> None:
    await show(scene, "a")
    await scene.publish("a", "at-a")
    await scene.site.observe(scene.lease, [], [("db:d", WorkItem())])

    assert await scene.publish_database("d") == "gone"
    assert (await scene.read("db:d"), await scene.due()) == (None, [])


async def test_a_child_database_stays_while_another_page_shows_it(scene: Scene) -> None:
    await show(scene, "a", "b")
    await scene.publish_database("d")

    await scene.hide("a")
    assert await scene.read("db:d")
    await scene.hide("b")
    assert await scene.read("db:d") is None


async def test_a_child_database_of_another_name_makes_the_pages_due_that_show_it(
    scene: Scene,
) -> None:
    await show(scene, "a")
    await scene.publish_database("d", title="Tasks")
    for title, due in (("Tasks", []), ("To do", ["a"])):
        await scene.site.observe(scene.lease, [], [("db:d", WorkItem())])
        await scene.publish_database("d", title=title)
        assert await scene.due() == due


async def test_a_zombie_publishes_no_child_database(scene: Scene) -> None:
    await show(scene, "a")
    claim = await scene.take("db:d")
    await scene.runs.begin_slice("r1", "0", 0, Ask(), scene.clock.time + ALIVE)

    with pytest.raises(TakenOver):
        record = database("Tasks", scene.clock.time)
        await scene.site.commit_database(scene.lease, "d", claim.number, record, Text("{}"))
    assert await scene.read("db:d") is None
