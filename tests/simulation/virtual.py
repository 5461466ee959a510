"""Virtual time: an event loop that never waits, and the clocks that the parts of the world read.

When nothing is left to do at this moment, the loop's time jumps to the next timer. Nothing of it
touches a socket or a thread, so that one seed decides in which order everything happens.
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from dev.notion.clock import Clock as NotionClock
from dev.qstash.clock import Clock as QueueClock

MORNING = datetime(2026, 6, 1, 10, 0, 5, tzinfo=UTC)
"""When every history begins."""

skew_seconds: ContextVar[float] = ContextVar("skew_seconds", default=0.0)
"""How far the clock of the instance that runs at this moment is ahead."""


class Standstill(RuntimeError):
    """Somebody waits for something that can't happen any more."""


class _NoSockets(selectors.BaseSelector):
    """Lets time pass instead of waiting for files, of which it only keeps the list."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rounds = 0
        self.at_round: tuple[int, Callable[[], object]] | None = None
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        self._keys[fileobj] = selectors.SelectorKey(fileobj, 0, events, data)
        return self._keys[fileobj]

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Standstill("nothing is left that could happen")
        self.now += max(0.0, timeout)
        self.rounds += 1
        if self.at_round and self.rounds == self.at_round[0]:
            self.at_round[1]()
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` begins at 0 and passes only where everybody waits."""

    def __init__(self) -> None:
        self._virtual = _NoSockets()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    @property
    def rounds(self) -> int:
        """How often it has looked for what is to be done next."""
        return self._virtual.rounds

    def call_at_round(self, number: int, call: Callable[[], object]) -> None:
        """Call something in a certain round, whether time passes until then or not."""
        self._virtual.at_round = (number, call)


class Clocks:
    """The clocks of one world: true time, that of the instance that asks, Notion's, and the
    queue's.

    Notion's is ahead of the true one by `notion_ahead` seconds.
    """

    def __init__(self, loop: VirtualLoop, notion_ahead: float = 0.0) -> None:
        self._loop = loop
        self._began = MORNING.timestamp()
        self.notion: NotionClock = _Notion(self, notion_ahead)
        self.queue: QueueClock = _Queue(self)

    def now(self) -> float:
        """True time, in epoch seconds."""
        return self._began + self._loop.time()

    def of_instance(self) -> float:
        """What the instance that asks takes for the time."""
        return self.now() + skew_seconds.get()

    def monotonic(self) -> float:
        return self._loop.time()


class _Notion(NotionClock):
    def __init__(self, clocks: Clocks, ahead: float) -> None:
        super().__init__()
        self._clocks, self._by = clocks, ahead

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clocks.now() + self._by, UTC)


class _Queue(QueueClock):
    def __init__(self, clocks: Clocks) -> None:
        super().__init__()
        self._clocks = clocks

    def now(self) -> float:
        return self._clocks.now()

    def real_seconds(self, seconds: float) -> float:
        return seconds
