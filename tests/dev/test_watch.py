"""What a run waits for, as far as KV shows it."""

import httpx
import pytest

from dev.upstash import UpstashStandIn
from dev.watch import Budget, Waiting, Watch, waiting_for
from lib.model import Ask
from lib.store.budget import Budget as SharedBudget
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Run, Runs, run_of

NOW = 1_780_000_000.0


def run(**fields: str) -> Run:
    return run_of({"status": "active", "phase": "work", **fields})


@pytest.mark.parametrize(
    ("seen", "budget", "dead", "quiet", "reason", "until"),
    [
        (None, Budget(180), False, True, "QStash to deliver the first message", None),
        (
            run(status="pending"),
            Budget(180),
            False,
            True,
            "QStash to deliver the first message",
            None,
        ),
        (
            run(),
            Budget(180),
            True,
            True,
            "QStash to deliver the killed worker's message again",
            None,
        ),
        (
            run(),
            Budget(180, closed_until=NOW + 10),
            False,
            False,
            "Notion, which said wait",
            NOW + 10,
        ),
        (
            run(),
            Budget(180, 180, NOW + 40),
            False,
            True,
            "the next minute: Notion's 180 requests are used up",
            NOW + 40,
        ),
    ],
)
def test_a_wait_has_its_reason(
    seen: Run | None, budget: Budget, dead: bool, quiet: bool, reason: str, until: float | None
) -> None:
    assert waiting_for(seen, budget, NOW, dead=dead, quiet=quiet) == Waiting(reason, until)


@pytest.mark.parametrize(
    ("seen", "budget", "quiet"),
    [
        (run(), Budget(180, 30, NOW + 40), True),
        (run(), Budget(180, 180, NOW + 40), False),
        (run(), Budget(180, closed_until=NOW - 1), True),
        (run(status="delivered"), Budget(180, 180, NOW + 40), True),
    ],
)
def test_a_run_at_work_or_over_waits_for_nothing(seen: Run, budget: Budget, quiet: bool) -> None:
    assert waiting_for(seen, budget, NOW, dead=False, quiet=quiet) is None


async def test_a_run_is_watched_from_its_request_over_a_kill_to_its_end() -> None:
    with UpstashStandIn() as server:
        async with httpx.AsyncClient(trust_env=False) as http:
            kv, keys = Kv(server.url, server.token, http), Keys("mine:")
            runs = Runs(kv, keys, lambda: NOW, lambda: "nonce")
            watch = Watch(kv, keys, "run_1", 180, lambda: NOW)
            assert (await watch.look()).waiting == Waiting("QStash to deliver the first message")

            await runs.begin("run_1", "0", 0, Ask(), NOW + 60)
            await SharedBudget(kv, keys, 180, lambda: NOW).reserve(30)
            listing = await watch.look()
            assert (listing.stage, listing.budget.used, listing.waiting) == ("listing", 30, None)

            assert listing.run
            watch.killed(listing.run)
            dead = await watch.look()
            assert dead.dead
            assert dead.waiting == Waiting("QStash to deliver the killed worker's message again")

            await runs.begin("run_1", "0", 0, Ask(), NOW + 60)
            assert not (await watch.look()).dead
            await runs.end("run_1", "delivered", {}, "", NOW)
            ended = await watch.look()
            assert (ended.stage, ended.ended) == ("delivered", True)
