"""Every run ends, whatever it is that stops it, and the next one goes on from what stands."""

import time

from dev.notion.ids import resolved
from dev.upstash import Failed
from tests.stack.crashes.deployment import kill
from tests.stack.crashes.strike import listen
from tests.stack.crashes.world import World
from tests.waiting import until

MOST_MESSAGES = 12
"""Four slices with a callback each, and what goes with them."""


def test_b1_a_run_that_dies_at_its_end_again_and_again_ends_as_failed(world: World) -> None:
    world.notion.edit.append_blocks(resolved("@left"), [{"paragraph": "New"}])
    world.qstash.reset()
    deaths: list[float] = []
    ended: list[bool] = []

    def die(when: str, what: str) -> None:
        if (when, what) == ("before", "kv open_index") and not ended:
            deaths.append(time.monotonic())
            kill(world.deployment.process())
            raise Failed("reset")

    listen(world, die)
    run_id = world.ask()
    until(lambda: has_ended(world, run_id), 120)
    until(lambda: not world.is_busy(), 60)

    run = world.run(run_id)
    assert run["status"] == "failed"
    assert "publishing" in run["error"]
    assert "stopped" in run["error"]
    assert len(deaths) == 3
    assert len(world.qstash.messages) <= MOST_MESSAGES
    ended.append(True)
    assert world.sync()["status"] == "delivered", (
        "the next run may begin at once, and goes on from what stands"
    )
    world.site.check()


def has_ended(world: World, run_id: str) -> bool:
    """Whether a run has ended; the queue's retries need not be waited for."""
    world.qstash.advance(30)
    return world.run(run_id).get("status") not in (None, "pending", "active")
