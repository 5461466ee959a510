"""A key that holds another Redis type: no script fails after its first write, so everything stays
as it was."""

from collections.abc import Awaitable, Callable

import pytest

from lib.errors import ForeignValue
from lib.model import Ask, Problem, WorkItem
from lib.store.keys import Keys
from lib.store.site import Sighting, Text
from tests.store.scene import ALIVE, Scene, database

Step = Callable[[Scene], Awaitable[object]]

KEYS = Keys("site:")
RUN = KEYS.run("r1")
PARTS = [f"{RUN}:{part}" for part in ("changed", "removed", "relinked", "focus", "given", "errors")]
SITE = [*(key for key in KEYS.site("r1") if key != KEYS.paths), *PARTS]
WORK = [*KEYS.run_work("r1"), *PARTS]


async def prepare(scene: Scene) -> dict[str, Step]:
    """A site with a bit of everything, and each step that changes it, ready to be made."""
    await scene.publish_family("a", "one", "c")
    await scene.publish("b", "two", things=["db:d", "page:p"], work=[("db:d", WorkItem())])
    await scene.publish("b", "other", things=["db:d", "page:p"])
    await scene.publish("p", "three", source="posts")
    await scene.site.observe(
        scene.lease, [], [(key, WorkItem()) for key in ("a", "b", "p", "db:d")]
    )
    claims = await scene.claims()
    held = {"page": claims["a"], "database": claims["db:d"]}
    moves = await scene.addresses(("a", "new"), ("c", "new/c"))
    work = [("x", WorkItem()), ("db:e", WorkItem())]
    reading = await scene.reading(
        held["page"],
        "new",
        addresses=moves,
        kept=["c"],
        things=["page:p", "db:e"],
        work=work,
        files=["block=b&file=f"],
    )
    hidden = Sighting(page_id="b", observation=scene.seen("b", is_published=False), is_hidden=True)
    gone = Sighting(page_id="p", observation=scene.seen("p", source="posts"), is_gone=True)
    seen = [hidden, gone, Sighting(page_id="n", observation=scene.seen("n"), item=WorkItem())]
    record = database("New", scene.clock.time)

    async def commit_database(scene: Scene) -> object:
        return await scene.site.commit_database(
            scene.lease, "d", held["database"].number, record, Text("{}")
        )

    return {
        "commit_page": lambda scene: scene.site.commit_page(scene.lease, reading),
        "commit_database": commit_database,
        "observe": lambda scene: scene.site.observe(scene.lease, seen, work, {"page:p": "s"}),
        "move": lambda scene: scene.site.move(scene.lease, moves, []),
        "find_lost": lambda scene: scene.site.find_lost(scene.lease),
        "close_indexes": lambda scene: scene.site.close_indexes(
            scene.lease, ["pages"], ["pages"], ["pages"]
        ),
    }


@pytest.mark.parametrize("key", SITE)
async def test_a_key_of_another_type_ends_a_step_before_anything_is_changed_and_is_named(
    scene: Scene, key: str
) -> None:
    steps = await prepare(scene)
    await overwrite(scene, key)
    before = await scene.snapshot()

    for name, step in steps.items():
        with pytest.raises(ForeignValue, match=key):
            await step(scene)
        assert await scene.snapshot() == before, name


@pytest.mark.parametrize(
    "key", ["site:sync:order:pages", "site:sync:stamps:pages", "site:sync:order:posts"]
)
async def test_a_key_of_a_source_that_is_of_another_type_ends_each_step_before_anything_is_changed(
    scene: Scene, key: str
) -> None:
    steps = await prepare(scene)
    await overwrite(scene, key)
    before = await scene.snapshot()

    for name, step in steps.items():
        with pytest.raises(ForeignValue):
            await step(scene)
        assert await scene.snapshot() == before, name


async def test_a_key_of_a_source_that_has_no_index_yet_is_looked_at_too(scene: Scene) -> None:
    await overwrite(scene, "site:sync:order:news")
    await scene.see("a", source="pages")
    reading = await scene.reading(
        await scene.take("a"), "one", observation=scene.seen("a", source="news")
    )
    before = await scene.snapshot()

    with pytest.raises(ForeignValue):
        await scene.site.commit_page(scene.lease, reading)
    assert await scene.snapshot() == before


@pytest.mark.parametrize("key", WORK)
async def test_work_is_handed_out_and_taken_back_only_where_all_keys_of_it_are_ours(
    scene: Scene, key: str
) -> None:
    await scene.see("a")
    claim = await scene.take("a")
    problem = Problem("a", reason="x")
    steps: dict[str, Step] = {
        "claim": lambda scene: scene.queue.claim_due(scene.lease, 9, [], scene.clock.time + 60),
        "requeue": lambda scene: scene.queue.requeue_claim(
            scene.lease, claim, WorkItem(), scene.clock.time
        ),
        "give_up": lambda scene: scene.queue.give_up(scene.lease, claim, problem, scene.clock.time),
        "rest": lambda scene: scene.runs.rest_slice(
            scene.lease, {"notionRequests": 1}, scene.clock.time + ALIVE
        ),
    }
    await overwrite(scene, key)
    before = await scene.snapshot()

    for name, step in steps.items():
        with pytest.raises(ForeignValue, match=key):
            await step(scene)
        assert await scene.snapshot() == before, name


@pytest.mark.parametrize("key", [KEYS.active, KEYS.runs, KEYS.promised, RUN, *PARTS])
async def test_a_run_begins_and_ends_only_where_all_keys_of_it_are_ours(
    scene: Scene, key: str
) -> None:
    await overwrite(scene, key)
    before = await scene.snapshot()

    for step in (
        scene.runs.begin_slice("r1", "0", 1, Ask(), scene.clock.time + ALIVE),
        scene.runs.end_run("r1", "delivered", {}, "", scene.clock.time + ALIVE),
        scene.runs.ask_for_run("r1", Ask(), scene.clock.time + ALIVE),
    ):
        with pytest.raises(ForeignValue, match=key):
            await step
        assert await scene.snapshot() == before


@pytest.mark.parametrize("odd", ["many", "1e9", "9" * 30, "-"])
async def test_a_counter_that_is_none_ends_no_step_half_way(scene: Scene, odd: str) -> None:
    counters = (
        "toSync",
        "synced",
        "written",
        "touched",
        "deleted",
        "failed",
        "warned",
        "slices",
        "notionRequests",
    )
    await scene.see("a")
    claim = await scene.take("a")
    await scene.kv.command("HSET", RUN, *(word for name in counters for word in (name, odd)))

    assert await scene.commit(claim, "one", warnings=["odd"]) == "done"
    await scene.hide("a")
    await scene.runs.rest_slice(scene.lease, {"notionRequests": 1}, scene.clock.time + ALIVE)

    run = await scene.record()
    assert (run.synced, run.written, run.deleted, run.notion_requests) == (1, 1, 1, 1)


async def overwrite(scene: Scene, key: str) -> None:
    odd: list[str | int] = (
        ["LPUSH", key, 1] if key.endswith(("sequence", "active")) else ["SETBIT", key, 7, 1]
    )
    await scene.kv.pipeline([["DEL", key], odd])


async def test_each_of_these_steps_changes_something_where_all_is_sound(scene: Scene) -> None:
    for name in await prepare(scene):
        await scene.kv.command("FLUSHDB")
        await scene.begin()
        step = (await prepare(scene))[name]
        before = await scene.snapshot()

        await step(scene)

        assert await scene.snapshot() != before, name
