"""KV as the functions see it, for what is kept of files."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from dev.upstash import UpstashStandIn
from lib.store.kv import Kv


@pytest.fixture(scope="session")
def upstash() -> Iterator[UpstashStandIn]:
    with UpstashStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def kv(upstash: UpstashStandIn) -> AsyncIterator[Kv]:
    upstash.reset()
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Kv(upstash.url, upstash.token, http)
