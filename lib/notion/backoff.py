"""Pauses before a request is repeated."""

from collections.abc import Awaitable, Callable

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 8.0


class Backoff:
    """`random` gives a number from 0 to 1."""

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]], random: Callable[[], float]
    ) -> None:
        self._sleep = sleep
        self._random = random

    async def wait_after(self, failures: int, told_seconds: float) -> None:
        """Wait 0.5 s, 1 s, 2 s …, each anything from half to one and a half times that, or what
        Notion said."""
        backoff: float = FIRST_BACKOFF_SECONDS * 2 ** (failures - 1) * (0.5 + self._random())
        await self._sleep(min(LONGEST_BACKOFF_SECONDS, max(backoff, told_seconds)))
