"""A key that holds another Redis type: no script fails after its first write, so everything stays as it was."""

from collections.abc import Awaitable, Callable

import pytest

from lib.errors import ForeignValue
from lib.model import WorkItem
from lib.store.keys import Keys
from lib.store.site import Sighting, Text
from tests.store.scene import Scene, database

Step = Callable[[Scene], Awaitable[object]]

SITE = Keys("site:").site


async def prepare(scene: Scene) -> dict[str, Step]:
    """A site with a bit of everything, and each step that changes it, ready to be made."""
    await scene.publish_family("a", "one", "c")
    await scene.publish("b", "two", things=["db:d", "page:p"], work=[("db:d", WorkItem())])
    await scene.publish("b", "other", things=["db:d", "page:p"])
    await scene.publish("p", "three", source="posts")
    await scene.site.observe(scene.lease, [], [(key, WorkItem()) for key in ("a", "b", "p", "db:d")])
    claims = await scene.claims()
    held = {"page": claims["a"], "database": claims["db:d"]}
    moves = await scene.addresses(("a", "new"), ("c", "new/c"))
    work = [("x", WorkItem()), ("db:e", WorkItem())]
    reading = await scene.reading(
        held["page"], "new", addresses=moves, kept=["c"], things=["page:p", "db:e"], work=work, files=["block=b&file=f"]
    )
    hidden = Sighting(page_id="b", observation=scene.seen("b", is_published=False), is_hidden=True)
    gone = Sighting(page_id="p", observation=scene.seen("p", source="posts"), is_gone=True)
    seen = [hidden, gone, Sighting(page_id="n", observation=scene.seen("n"), item=WorkItem())]
    record = database("New", scene.clock.time)

    async def commit_database(scene: Scene) -> object:
        return await scene.site.commit_database(scene.lease, "d", held["database"].number, record, Text("{}"))

    return {
        "commit_page": lambda scene: scene.site.commit_page(scene.lease, reading),
        "commit_database": commit_database,
        "observe": lambda scene: scene.site.observe(scene.lease, seen, work, {"page:p": "s"}),
        "move": lambda scene: scene.site.move(scene.lease, moves, []),
        "find_lost": lambda scene: scene.site.find_lost(scene.lease),
        "close_indexes": lambda scene: scene.site.close_indexes(scene.lease, ["pages"], ["pages"], ["pages"]),
    }


@pytest.mark.parametrize("key", SITE)
async def test_a_key_of_another_type_ends_a_step_before_anything_is_changed_and_is_named(
    scene: Scene, key: str
) -> None:
    steps = await prepare(scene)
    odd: list[str | int | float] = ["LPUSH", key, 1] if key.endswith("sequence") else ["SETBIT", key, 7, 1]
    await scene.kv.pipeline([["DEL", key], odd])
    before = await scene.snapshot()

    for name, step in steps.items():
        with pytest.raises(ForeignValue, match=key):
            await step(scene)
        assert await scene.snapshot() == before, name


async def test_each_of_these_steps_changes_something_where_all_is_sound(scene: Scene) -> None:
    for name in await prepare(scene):
        await scene.kv.command("FLUSHDB")
        await scene.begin()
        step = (await prepare(scene))[name]
        before = await scene.snapshot()

        await step(scene)

        assert await scene.snapshot() != before, name
