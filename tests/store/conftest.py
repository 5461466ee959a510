"""The real store over the Upstash stand-in."""

import pytest

from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs


class Clock:
    """A clock that only moves when it is told to; epoch seconds."""

    def __init__(self) -> None:
        self.time = 1_780_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def keys() -> Keys:
    return Keys("site:")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runs(kv: Kv, keys: Keys, clock: Clock) -> Runs:
    return Runs(kv, keys, clock)
