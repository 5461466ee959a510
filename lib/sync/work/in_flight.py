"""The claims of a slice: those that are being read, those that wait for it, and those that are
being published."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import Any

from lib.model import Claim

READINGS_ABOVE_LIMIT = 4
"""Child pages and child databases that may be read above the limit for rows: reading one may reveal
more."""


class InFlight:
    """Runs claims concurrently, up to a limit of readings. A claim that has been read, and is only
    to be published, makes room for the next.

    Child pages and child databases go before rows. `do` works a claim and returns whether something
    became due; `most` returns how many rows may be read at once.
    """

    def __init__(
        self, do: Callable[[Claim], Coroutine[Any, Any, bool]], most: Callable[[], int]
    ) -> None:
        self._do, self._most = do, most
        self._reading: set[str] = set()
        self._under_way: dict[asyncio.Task[bool], Claim] = {}
        self.waiting: list[Claim] = []

    @property
    def keys(self) -> list[str]:
        """The keys of all claims in hand."""
        return [item.key for item in (*self._under_way.values(), *self.waiting)]

    @property
    def are_busy(self) -> bool:
        """Whether anything is in hand."""
        return bool(self._under_way or self.waiting)

    def take_items(self, items: Iterable[Claim]) -> None:
        """Take claims, and begin as many as there is room for."""
        self.waiting = sorted([*self.waiting, *items], key=_is_row)
        self._begin_items()

    def note_read(self, item: Claim) -> None:
        """The item has been read, and is only to be published: another one may begin."""
        self._reading.discard(item.key)
        self._begin_items()

    async def wait_ended(
        self, others: Collection["asyncio.Future[Any]"], seconds: float
    ) -> list[tuple[asyncio.Task[bool], Claim]]:
        """Begin what there is room for, wait until some work or one of the `others` has ended, for
        `seconds` at most, and return the work that has."""
        self._begin_items()
        await asyncio.wait(
            [*self._under_way, *others], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        return self._taken_out()

    async def wind_up(
        self, seconds: float, others: Collection["asyncio.Future[Any]"] = ()
    ) -> list[tuple[asyncio.Task[bool], Claim]]:
        """Begin nothing more, wait up to `seconds` for all work and the `others`, and return the
        work that has ended. The rest is cancelled, and keeps what it has read."""
        self.waiting = []
        if self._under_way or others:
            await asyncio.wait([*self._under_way, *others], timeout=seconds)
        ended = self._taken_out()
        await self.drop_all()
        return ended

    async def drop_all(self) -> None:
        """Cancel all work."""
        self.waiting = []
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._under_way = {}

    def _begin_items(self) -> None:
        while self.waiting and len(self._reading) < self._room_for(self.waiting[0]):
            item = self.waiting.pop(0)
            self._reading.add(item.key)
            self._under_way[asyncio.create_task(self._do(item))] = item

    def _room_for(self, item: Claim) -> int:
        return self._most() + (0 if _is_row(item) else READINGS_ABOVE_LIMIT)

    def _taken_out(self) -> list[tuple[asyncio.Task[bool], Claim]]:
        ended = [(task, item) for task, item in self._under_way.items() if task.done()]
        for task, item in ended:
            del self._under_way[task]
            self._reading.discard(item.key)
        return ended


def _is_row(item: Claim) -> bool:
    return item.is_row
