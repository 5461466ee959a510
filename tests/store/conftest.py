"""The real store over the Upstash stand-in, on a real redis-server, or on the embedded Redis where
there is none."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from dev.upstash import UpstashStandIn
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs
from tests.store.scene import Scene


class Clock:
    """A clock that only moves when it is told to; epoch seconds."""

    def __init__(self) -> None:
        self.time = 1_780_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="session")
def upstash(redis_environ: dict[str, str]) -> Iterator[UpstashStandIn]:
    with UpstashStandIn(redis_url=redis_environ.get("REDIS_URL")) as stand_in:
        yield stand_in


@pytest.fixture
def keys() -> Keys:
    return Keys("site:")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_id() -> Callable[[], str]:
    """A word that nobody had before, with every call."""
    numbers = count(1)
    return lambda: f"id{next(numbers)}"


@pytest.fixture
def runs(kv: Kv, keys: Keys, clock: Clock, new_id: Callable[[], str]) -> Runs:
    return Runs(kv, keys, clock, new_id)


@pytest.fixture
async def scene(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> Scene:
    """A run that has looked around, and nothing published yet."""
    scene = Scene(kv, keys, runs, clock)
    await scene.begin()
    return scene
