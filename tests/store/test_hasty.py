"""KV that says nothing holds nobody up for long."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from dev.upstash import Fault, UpstashStandIn
from lib.errors import TryLater
from lib.store.hasty import HastyKv
from lib.wiring import TIMEOUT

Ask = Callable[[HastyKv], Awaitable[object]]


@pytest.mark.parametrize(
    "ask",
    [
        lambda kv: kv.command("GET", "a"),
        lambda kv: kv.pipeline([["GET", "a"]]),
        lambda kv: kv.script("copies_of", ["a", "b"], [0, "c"]),
    ],
)
async def test_a_command_is_answered_soon_or_not_at_all(upstash: UpstashStandIn, ask: Ask) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        await ask(HastyKv(upstash.url, upstash.token, http, answer_seconds=60))
        kv = HastyKv(upstash.url, upstash.token, http, answer_seconds=0.3)
        upstash.fail(Fault("timeout", times=0))
        with pytest.raises(TryLater, match="gave no answer within") as silent:
            await asyncio.wait_for(ask(kv), TIMEOUT.read)
        upstash.heal()

    assert silent.value.retry_after_seconds == 5
