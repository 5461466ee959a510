"""The rows of a child database stand in the text of the pages that show it, from the very step on
in which it is published."""

from collections.abc import Sequence
from typing import Any

import pytest

from lib.model import WorkItem
from lib.store.copies import Copies
from lib.store.kv import Value
from lib.store.site import PageText, Site, Table, Text
from tests.store.scene import NOW, Scene, database
from tests.store.test_databases import changed

OLD, NEW = Table("0a", {"items": ["old"]}), Table("0b", {"items": ["new"]})


@pytest.fixture
async def scene(scene: Scene) -> Scene:
    """A page that shows a child database, which is due."""
    scene.site = Site(scene.kv, scene.keys, 8_000_000, scene.clock, lambda: NOW, docs=True)
    await show(scene, "a")
    return scene


async def show(scene: Scene, page_id: str, **more: Any) -> str:
    item = WorkItem(title="Tasks", data_source_ids=["s"])
    facts: dict[str, Any] = {
        "things": ["db:d"],
        "work": [("db:d", item)],
        "document": '{"rows":"none"}',
    }
    return await scene.publish(page_id, f"at-{page_id}", **facts | more)


async def publish(scene: Scene, table: Table, *documents: PageText, **tables: Table) -> str:
    await scene.site.observe(scene.lease, [], [("db:d", WorkItem())])
    scene.clock.time += 1
    claim = (await scene.claims())["db:d"]
    record, text = database("Tasks", scene.clock.time), Text('{"id":"d"}')
    return await scene.site.commit_database(
        *(scene.lease, "d", claim.number, record, text),
        table=table,
        documents=documents,
        tables=tables,
    )


async def text_of(scene: Scene, page_id: str, rows: str, *, is_read: bool = False) -> PageText:
    """A text that is made of what is published now."""
    known = (await scene.site.showing("db:d"))[page_id]
    assert known.record is not None
    return PageText(
        page_id=page_id,
        slug=known.slug,
        digest=known.record.digest,
        read_at=known.record.read_at,
        bytes=len(await scene.site.bundle_at(known.slug)),
        text=f'{{"rows":"{rows}"}}',
        is_read=is_read,
    )


async def test_a_child_database_and_the_texts_that_show_it_are_published_in_one_step(
    scene: Scene,
) -> None:
    assert await publish(scene, NEW) == "changed"
    assert (await scene.read("db:d"), await scene.site.tables(["d"])) == (None, {"d": Table()})

    assert await publish(scene, NEW, await text_of(scene, "a", "new")) == "done"

    assert (await scene.read("doc:at-a"), await scene.site.tables(["d"])) == (
        {"rows": "new"},
        {"d": NEW},
    )
    assert "page:at-a" in await changed(scene)
    assert await scene.due() == []


async def test_a_table_that_is_the_same_needs_no_texts(scene: Scene) -> None:
    await publish(scene, NEW, await text_of(scene, "a", "new"))

    assert await publish(scene, NEW) == "done"

    assert await scene.read("doc:at-a") == {"rows": "new"}


async def test_texts_are_made_anew_where_a_page_was_published_meanwhile(scene: Scene) -> None:
    text = await text_of(scene, "a", "new")
    await show(scene, "a")
    assert await publish(scene, NEW, text) == "changed"

    text = await text_of(scene, "a", "new")
    await show(scene, "b")
    assert await publish(scene, NEW, text) == "changed"

    texts = [await text_of(scene, page_id, "new") for page_id in "ab"]
    assert await publish(scene, NEW, *texts) == "done"
    assert [await scene.read(f"doc:at-{page_id}") for page_id in "ab"] == [{"rows": "new"}] * 2


async def test_texts_are_made_anew_where_another_database_in_them_was_published_meanwhile(
    scene: Scene,
) -> None:
    text = await text_of(scene, "a", "new")

    assert await publish(scene, NEW, text, other=OLD) == "changed"
    assert await publish(scene, NEW, text, other=Table()) == "done"


async def test_a_page_is_made_anew_where_a_database_in_it_was_published_meanwhile(
    scene: Scene,
) -> None:
    await publish(scene, NEW, await text_of(scene, "a", "new"))

    assert await show(scene, "a", tables={"d": OLD}) == "changed"
    assert await show(scene, "a", tables={"d": NEW}) == "done"


async def test_a_page_whose_text_can_not_be_made_anew_is_due(scene: Scene) -> None:
    assert await publish(scene, NEW, await text_of(scene, "a", "", is_read=True)) == "done"

    claim = await scene.take("a")
    assert (claim.item.rewrite, await scene.read("doc:at-a")) == (True, {"rows": "none"})


async def test_a_page_that_stays_as_it_is_keeps_its_text(scene: Scene) -> None:
    await scene.see("a", item=None, is_paused=True)

    assert await publish(scene, NEW, await text_of(scene, "a", "new")) == "done"

    assert await scene.read("doc:at-a") == {"rows": "none"}


async def test_copies_that_come_with_an_older_text_wait(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show(scene, "a", document='{"rows":"none","syncedAt":"1"}', lacking=True, files=["f=1"])
    text = await text_of(scene, "a", "new")
    once = scene.kv.script

    async def published_meanwhile(name: str, keys: Sequence[str], args: Sequence[Value]) -> object:
        monkeypatch.undo()
        assert await publish(scene, NEW, text) == "done"
        return await once(name, keys, args)

    monkeypatch.setattr(scene.kv, "script", published_meanwhile)
    copies = Copies(scene.kv, scene.keys, "s", scene.clock, lambda: NOW)
    assert not await copies.put_into("r1", "page:a", lambda _: ['{"new":1}'], str, 1_000, None)

    assert await scene.read("doc:at-a") == {"rows": "new"}
    assert await copies.due_bundles(10) == ["page:a"]


async def test_a_child_database_is_read_where_its_table_is_not_known(scene: Scene) -> None:
    """As after an update, or once pages are to stand in KV as text."""
    await publish(scene, NEW, await text_of(scene, "a", "new"))
    await show(scene, "a")
    assert await scene.due() == []
    await scene.kv.command("HSET", scene.keys.tables, "d", "no table of ours")

    await show(scene, "a")

    assert (await scene.due(), await scene.site.tables(["d"])) == (["db:d"], {"d": Table()})


async def test_the_table_of_a_child_database_goes_with_it(scene: Scene) -> None:
    await publish(scene, NEW, await text_of(scene, "a", "new"))

    await scene.hide("a")

    assert await scene.kv.command("HGETALL", scene.keys.tables) == {}
