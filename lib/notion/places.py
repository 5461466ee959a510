"""Places for requests: so many are under way at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """Hands a place that becomes free to whoever waits longest; those in a hurry come before all others."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._hurried: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def one(self, *, hurry: bool) -> AsyncIterator[None]:
        """Waits for a place, and holds it."""
        await self._take(self._hurried if hurry else self._others)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, line: deque[asyncio.Future[None]]) -> None:
        if self._free:
            self._free -= 1
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
        for line in (self._hurried, self._others):
            while line:
                turn = line.popleft()
                if not turn.done():  # else whoever waited has been cancelled
                    turn.set_result(None)
                    return
        self._free += 1
