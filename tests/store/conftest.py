"""The real store over the Upstash stand-in."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from dev.upstash import UpstashStandIn
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs


class Clock:
    """A clock that only moves when it is told to; epoch seconds."""

    def __init__(self) -> None:
        self.time = 1_780_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="session")
def upstash() -> Iterator[UpstashStandIn]:
    with UpstashStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def kv(upstash: UpstashStandIn) -> AsyncIterator[Kv]:
    upstash.reset()
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Kv(upstash.url, upstash.token, http)


@pytest.fixture
def keys() -> Keys:
    return Keys("site:")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runs(kv: Kv, keys: Keys, clock: Clock) -> Runs:
    return Runs(kv, keys, clock)
