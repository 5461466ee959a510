"""What people do while a run is under way, and pages that Notion does not give."""

import json

from dev.notion.ids import resolved
from dev.qstash.message import Message
from tests.stack.crashes.world import KEYS, World, delay
from tests.waiting import until

LEFT = f"/v1/blocks/{resolved('@left')}/children"


def test_an_edit_during_the_run_is_published_by_the_next_one(world: World) -> None:
    edits = iter(["first", "second", "third"])

    def edit(when: str, method: str, path: str) -> None:
        if (
            when == "after"
            and (path == LEFT or path.endswith("/query"))
            and (text := next(edits, ""))
        ):
            world.notion.edit.append_blocks(resolved("@left"), [{"paragraph": text}])

    world.notion.on_request(edit)
    assert world.sync(force="1")["status"] == "delivered"
    world.notion.forget_callbacks()

    world.sync()
    world.site.check()


def test_a_page_that_cannot_be_read_keeps_its_old_bundle_and_is_reported(world: World) -> None:
    old = world.state()["page:left"]
    world.notion.edit.append_blocks(resolved("@left"), [{"paragraph": "New"}])
    world.notion.edit.append_blocks(resolved("@right"), [{"paragraph": "New too"}])
    world.qstash.reset()
    world.notion.faults.add("500", path=LEFT, times=10_000)

    run_id = world.ask()
    run = world.finish(run_id)

    assert (run["status"], run["failed"]) == ("delivered", "1")
    [problem] = map(json.loads, world.redis.lrange(f"{KEYS.run(run_id)}:errors", 0, -1))
    assert (problem["slug"], problem["pageId"]) == ("left", resolved("@left"))
    assert "500" in problem["reason"]
    assert world.state()["page:left"] == old
    assert world.state()["page:right"] != old
    delays = [round(delay(message)) for message in world.qstash.messages if delay(message) > 1]
    assert delays[:2] == [2, 6], "the waiting is the queue's"
    took = [
        one.ended_at - one.started_at
        for message in world.qstash.messages
        for one in message.attempts
    ]
    assert max(took) < 15, "only the client's own attempts"

    world.notion.faults.clear()
    world.sync()
    world.site.check()


def test_b3_a_page_that_fails_holds_nobody_up_and_is_tried_again_by_itself(world: World) -> None:
    for page in ("@left", "@right"):
        world.notion.edit.append_blocks(resolved(page), [{"paragraph": "New"}])
    world.qstash.reset()
    world.notion.faults.add("500", path=LEFT, times=10_000)
    old = world.state()

    run_id = world.ask()
    until(lambda: world.state()["page:right"] != old["page:right"], 60)
    until(lambda: world.state()["pages:index"] != old["pages:index"], 60)
    assert world.run(run_id)["status"] == "active", "the index does not wait for the page's pauses"
    assert world.finish(run_id)["status"] == "delivered"

    until(lambda: tries(world, 10) != [], 60)
    world.later(10)
    until(lambda: tries(world, 60) != [], 60)
    world.notion.faults.clear()
    world.later(60)
    world.settle()
    world.site.check()
    assert len([message for message in world.qstash.messages if message.kind == "publish"]) < 9


def tries(world: World, seconds: float) -> list[Message]:
    """Messages that were published with this delay."""
    return [message for message in world.qstash.messages if round(delay(message)) == seconds]
