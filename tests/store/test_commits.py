"""What becomes of a reading that may not be published as it was meant: nothing of it is, and the
work goes on."""

from collections.abc import Sequence

import msgspec
import pytest

from lib.errors import TakenOver
from lib.model import Ask, Claim, WorkItem
from lib.store.kv import Value
from lib.store.site import PageCommit
from tests.store.scene import ALIVE, EDITED_AT, Scene


async def refused(scene: Scene, commit: PageCommit) -> str:
    """The outcome of a publication that leaves all that a site reads, and all that is remembered of
    it, as it was."""
    before = await scene.snapshot()
    outcome, freed, _ = await scene.site.commit_page(scene.lease, commit)
    assert freed == []
    work = ("site:sync:due", "site:sync:work", "site:sync:leases", "site:sync:run:")
    after = await scene.snapshot()
    kept = [key for key in {*before, *after} if not key.startswith(work)]
    assert {key: after.get(key) for key in kept} == {key: before.get(key) for key in kept}
    run = await scene.record()
    assert (run.synced, run.written) == (int(before["site:sync:run:r1"].get("synced", 0)),) * 2
    return outcome


async def seen_and_taken(scene: Scene, page_id: str = "a") -> Claim:
    await scene.see(page_id)
    return await scene.take(page_id)


async def test_a_reading_of_an_older_edit_than_is_published_is_older(scene: Scene) -> None:
    await scene.publish("a", "one", edited_at=EDITED_AT + 60)
    await scene.see("a")

    reading = await scene.reading(await scene.take("a"), "one", edited_at=EDITED_AT)
    assert await refused(scene, reading) == "older"


async def test_of_two_readings_of_one_edit_the_earlier_is_older(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.see("a")

    reading = await scene.reading(await scene.take("a"), "one", read_at=scene.clock.time - 10)
    assert await refused(scene, reading) == "older"


async def test_a_page_object_that_is_older_than_what_was_seen_since_is_older(scene: Scene) -> None:
    claim = await seen_and_taken(scene)
    reading = await scene.reading(claim, "one", page_read_at=scene.clock.time - 10)

    assert await refused(scene, reading) == "older"


async def test_work_whose_reading_was_older_is_due_at_once_as_it_has_to_be_done_now(
    scene: Scene,
) -> None:
    await scene.see("a", item=WorkItem(page=msgspec.Raw(b'{"an":"old page"}'), read_at=1.0))
    again = WorkItem(rewrite=True, doubted=["c"])
    reading = await scene.reading(await scene.take("a"), "one", page_read_at=1.0, again=again)

    assert (await scene.site.commit_page(scene.lease, reading))[0] == "older"

    claim = await scene.take("a")
    assert (claim.item, claim.number) == (again, reading.retry.number)


async def test_a_time_of_the_last_edit_that_can_not_be_read_is_judged_by_the_time_of_the_reading(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", edited_at=EDITED_AT)

    assert await scene.publish("a", "one", edited_at=0.0) == "done"
    await scene.see("a")
    late = await scene.reading(
        await scene.take("a"), "one", edited_at=EDITED_AT, read_at=scene.clock.time - 10
    )
    assert await refused(scene, late) == "older"


async def test_what_is_seen_while_a_page_is_read_revokes_the_lease_and_is_read_in_turn(
    scene: Scene,
) -> None:
    claim = await seen_and_taken(scene)
    await scene.see("a", title="new")

    assert await refused(scene, await scene.reading(claim, "one")) == "repeated"

    again = await scene.take("a")
    assert again.number > claim.number
    assert again.observation is not None
    assert again.observation.title == "new"
    assert await scene.commit(again, "one") == "done"


async def test_a_page_that_became_due_anew_in_its_own_slices_hand_is_published_and_stays_due(
    scene: Scene,
) -> None:
    claim = await seen_and_taken(scene)
    await scene.site.observe(scene.lease, [], [("a", WorkItem(rewrite=True))])
    newer = await scene.take("a")

    assert await scene.commit(claim, "one") == "done"

    assert (await scene.index(), await scene.due()) == (["one"], ["a"])
    assert (await scene.take("a")).number == newer.number > claim.number


async def test_a_claim_that_another_lane_took_over_publishes_nothing(scene: Scene) -> None:
    first = scene.lease
    claim = await seen_and_taken(scene)
    scene.clock.time += 61
    other = (await scene.runs.begin_slice("r1", "1", 0, Ask(), scene.clock.time + ALIVE)).lease
    await scene.take("a", other)

    scene.lease = first
    assert await refused(scene, await scene.reading(claim, "one")) == "repeated"


async def test_a_zombie_publishes_nothing(scene: Scene) -> None:
    reading = await scene.reading(await seen_and_taken(scene), "one")
    await scene.runs.begin_slice("r1", "0", 0, Ask(), scene.clock.time + ALIVE)
    before = await scene.snapshot()

    with pytest.raises(TakenOver):
        await scene.site.commit_page(scene.lease, reading)
    assert await scene.snapshot() == before


async def test_a_run_that_has_ended_publishes_nothing_any_more(scene: Scene) -> None:
    reading = await scene.reading(await seen_and_taken(scene), "one")
    await scene.end("cancelled")

    with pytest.raises(TakenOver):
        await scene.site.commit_page(scene.lease, reading)
    assert await scene.read("page:one") is None


async def test_a_page_that_nobody_knows_any_more_is_gone(scene: Scene) -> None:
    reading = await scene.reading(await seen_and_taken(scene), "one")
    await scene.kv.command("HDEL", scene.keys.observed, "a")

    assert await refused(scene, reading) == "gone"


async def test_a_slug_that_another_page_took_meanwhile_has_the_addresses_planned_anew(
    scene: Scene,
) -> None:
    reading = await scene.reading(await seen_and_taken(scene), "one")
    await scene.publish("b", "one")

    assert await refused(scene, reading) == "changed"
    assert await scene.index() == ["one"]


async def test_a_page_that_was_moved_meanwhile_has_its_addresses_planned_anew(scene: Scene) -> None:
    await scene.publish("a", "one")
    reading = await scene.reading(await seen_and_taken(scene), "one")
    assert await scene.site.move(scene.lease, await scene.addresses(("a", "two")), [])

    assert await refused(scene, reading) == "changed"
    assert await scene.commit(await scene.take("a"), "two") == "done"


@pytest.mark.parametrize("lost", ["site:page:one", "site:paths"])
async def test_a_bundle_that_is_the_same_is_sent_after_all_where_it_is_gone(
    scene: Scene, lost: str
) -> None:
    await scene.publish("a", "one", digest="same")
    reading = await scene.reading(await seen_and_taken(scene), "one", digest="same", text=None)
    await scene.kv.command("DEL", lost)

    assert await refused(scene, reading) == "send"
    assert await scene.commit(await scene.take("a"), "one", digest="same") == "done"
    assert (await scene.index(), await scene.paths()) == (["one"], {"a": "one"})


async def test_a_bundle_that_is_not_the_one_published_is_sent_after_all(scene: Scene) -> None:
    await scene.publish("a", "one", digest="before")

    reading = await scene.reading(await seen_and_taken(scene), "one", digest="after", text=None)
    assert await refused(scene, reading) == "send"


async def test_a_child_page_that_was_seen_below_another_page_since_is_not_published_where_it_was(
    scene: Scene,
) -> None:
    await scene.publish_family("a", "one", "c")
    await scene.publish("b", "two")
    await scene.site.observe(scene.lease, [], [("c", WorkItem())])
    reading = await scene.reading(await scene.take("c"), "one/c")
    await scene.site.observe(scene.lease, [], [("b", WorkItem())])
    moved = {"c": scene.seen("c", parent="b")}
    await scene.commit(
        await scene.take("b"),
        "two",
        children=moved,
        addresses=await scene.addresses(("b", "two"), ("c", "two/c")),
    )

    assert await refused(scene, reading) == "older"


async def test_a_row_that_was_seen_inside_a_page_since_its_reading_began_is_older(
    scene: Scene,
) -> None:
    await scene.publish_all(a="one", b="two")
    reading = await scene.reading(await seen_and_taken(scene), "one")
    await scene.see("b")
    inside = {
        "a": scene.seen(
            "a", parent="b", read_at=reading.page_read_at, placed_at=scene.clock.time + 5
        )
    }
    await scene.commit(await scene.take("b"), "two", children=inside)

    assert await refused(scene, reading) == "older"


async def test_a_part_that_is_not_there_any_more_leaves_everything_as_it_was(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.publish("a", "one")
    reading = await scene.reading(await seen_and_taken(scene), "one", parts=['"1"', '"2"'])
    once = scene.kv.script

    async def after_an_eviction(name: str, keys: Sequence[str], args: Sequence[Value]) -> object:
        [prepared] = await scene.kv.command("KEYS", "*:parts:*:2")
        await scene.kv.command("DEL", prepared)
        return await once(name, keys, args)

    with monkeypatch.context() as patch:
        patch.setattr(scene.kv, "script", after_an_eviction)
        assert await refused(scene, reading) == "send"
    assert (await scene.site.commit_page(scene.lease, reading))[0] == "done"
