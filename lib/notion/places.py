"""Places for requests: how many are under way grows while Notion answers quickly, and falls when it
struggles."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

QUICK = 2.0
"""An answer is quick that takes at most this many times the shortest of its kind."""
SLOW, SLOW_SECONDS = 4.0, 2.0
"""An answer is slow that takes this many times the shortest of its kind, and this much longer: some
objects take longer."""


class Places:
    """`count` places at first, `most` at most.

    A free place goes to the request that waits longest; those in a hurry come before all others.
    Each quick answer adds a place while all are needed; after the first trouble, a whole round of
    quick answers does. Trouble halves the places, once for all requests that were under way at that
    moment.
    """

    def __init__(self, count: int, most: int) -> None:
        self.count, self._most = count, max(count, most)
        self._least = min(2, count)
        self._taken = 0
        self._number = 0
        self._halved_at = 0
        self._quick_ones = 0
        self._shortest: dict[str, float] = {}
        self._hurried: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def one_place(self, *, hurry: bool) -> AsyncIterator[int]:
        """Wait for a place and hold it. Yield the request's number."""
        await self._take_place(self._hurried if hurry else self._others)
        self._number += 1
        try:
            yield self._number
        finally:
            self._give_back()

    def answered(self, number: int, kind: str, seconds: float) -> None:
        """Take note of an answer to the request of this number; answers of one `kind` take about
        the same time."""
        shortest = self._shortest[kind] = min(seconds, self._shortest.get(kind, seconds))
        if seconds > max(SLOW * shortest, shortest + SLOW_SECONDS):
            self.halve(number)
        elif seconds <= QUICK * shortest and self._taken == self.count:
            self._grow_by_one()

    def halve(self, number: int) -> None:
        """Take note of trouble with the request of this number."""
        if number > self._halved_at:
            self.count = max(self._least, self.count // 2)
            self._halved_at, self._quick_ones = self._number, 0

    def _grow_by_one(self) -> None:
        self._quick_ones += 1
        if self.count < self._most and (self._halved_at == 0 or self._quick_ones >= self.count):
            self._quick_ones = 0
            self.count += 1
            self._call_next()

    async def _take_place(self, line: deque[asyncio.Future[None]]) -> None:
        if self._taken < self.count:
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn had come in this very moment
                self._give_back()
            raise

    def _give_back(self) -> None:
        self._taken -= 1
        self._call_next()

    def _call_next(self) -> None:
        """Give the places that are free to those that wait."""
        for line in (self._hurried, self._others):
            while line and self._taken < self.count:
                turn = line.popleft()
                if not turn.done():  # else what waited has been cancelled
                    self._taken += 1
                    turn.set_result(None)
