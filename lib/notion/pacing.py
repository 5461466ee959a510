"""Keeps all requests of this process within the budget that every function instance shares."""

import asyncio
from collections.abc import Awaitable, Callable

from lib.errors import NotionWait, OutOfTime
from lib.model import Grant

RETRY_AFTER_RESOLUTION_SECONDS = 1.0
SHORTEST_PAUSE_SECONDS = 0.05


class Pacer:
    """Hands out reserved requests one by one.

    `reserve` takes requests from the shared budget and `push_back` closes that for some seconds;
    `out_of_time` says that the slice has to end. A wait of up to `patience_seconds` is slept
    through, a longer one is the queue's job.
    """

    def __init__(
        self,
        *,
        reserve: Callable[[int], Awaitable[Grant]],
        push_back: Callable[[float], Awaitable[None]],
        out_of_time: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
        monotonic: Callable[[], float],
        batch: int = 30,
        patience_seconds: float = 5.0,
    ) -> None:
        self._reserve = reserve
        self._push_back = push_back
        self._out_of_time = out_of_time
        self._sleep = sleep
        self._monotonic = monotonic
        self._batch = batch
        self._patience_seconds = patience_seconds
        self._reserving = asyncio.Lock()
        self._left = 0
        self._left_to_reserve = 0
        self._paused_until = float("-inf")
        self._pushes = 0

    @property
    def unused(self) -> int:
        """Reserved requests that were not made, to be given back when the slice ends."""
        return self._left

    @property
    def left(self) -> int:
        """Requests that the minute still holds: reserved ones, and those that the last reservation
        left."""
        return self._left + self._left_to_reserve

    async def acquire(self) -> None:
        """Wait for leave to send one request.

        Raises OutOfTime, or NotionWait when the wait would be longer than the patience.
        """
        while True:
            if self._out_of_time():
                raise OutOfTime("the slice's time is used up; the next slice goes on")
            pause = self._paused_until - self._monotonic()
            if pause > self._patience_seconds:
                raise NotionWait(f"Notion's request budget is used up for {pause:.0f} s", pause)
            if pause > 0:
                await self._sleep(pause)
            elif self._left > 0:
                self._left -= 1
                return
            else:
                await self._refill()

    async def pushed_back(self, seconds: float) -> None:
        """Take note that Notion said wait: no instance sends a request for this long."""
        self._left = self._left_to_reserve = 0
        self._pushes += 1
        until = self._monotonic() + seconds
        # Retry-After counts whole seconds, so the answers of one burst name the same moment: tell
        # it once.
        if until > self._paused_until + RETRY_AFTER_RESOLUTION_SECONDS:
            self._paused_until = until
            await self._push_back(seconds)

    async def _refill(self) -> None:
        async with self._reserving:
            if self._left > 0 or self._paused_until > self._monotonic():
                return  # another task has reserved, or learned that it must wait, meanwhile
            pushes = self._pushes
            grant = await self._reserve(self._batch)
            if pushes != self._pushes:
                return  # Notion said wait after these were granted: their window is closed
            self._left += grant.granted
            self._left_to_reserve = grant.left
            if grant.granted <= 0:
                self._paused_until = self._monotonic() + max(
                    grant.wait_seconds, SHORTEST_PAUSE_SECONDS
                )
