"""Reading ahead: what stands on a page is read as soon as it is found there. Only its publication
waits for that of the page around it, which makes it due."""

import asyncio
from collections.abc import Callable, Mapping

from lib.model import Tree
from lib.notion.blocks import Walk, read_tree
from lib.notion.client import NotionClient
from lib.notion.computed import Schemas
from lib.notion.databases import Head, Reading, read_database
from lib.sync.work.unfinished import Ahead, DatabaseReading, PageReading, Readings
from lib.times import AskedAt

MOST_AHEAD = 16
"""Things that are being read ahead, or have been and are not claimed yet: a tree may be large."""


class ReadAhead:
    """Reads ahead for one slice; what it has read by the slice's end stays on the shelf of the
    `readings`. `now` gives epoch seconds.

    A reading is used for the very work that the page around brought forth. Where the work is
    another, something became known meanwhile that the reading may not show.
    """

    def __init__(
        self, notion: NotionClient, readings: Readings, schemas: Schemas, now: Callable[[], float]
    ) -> None:
        self._notion, self._readings, self._schemas, self._now = notion, readings, schemas, now
        self._begun: set[str] = set()
        self._tasks: dict[str, asyncio.Task[Tree | None]] = {}

    @property
    def under_way(self) -> list[asyncio.Task[Tree | None]]:
        """What is being read at this moment."""
        return [task for task in self._tasks.values() if not task.done()]

    def begin(self, around: str, found: str | Head) -> None:
        """Begin to read a child page (its id) or a child database that was found on the page
        `around`, or go on with it, where there is room."""
        key = found if isinstance(found, str) else f"db:{found.id}"
        ahead = self._readings.ahead
        if key in self._begun or (key not in ahead and len(ahead) >= MOST_AHEAD):
            return
        self._begun.add(key)
        if isinstance(found, str):
            reading = PageReading(self._readings.began_at, 0.0, Walk(found), AskedAt(self._now()))
            one = ahead.setdefault(key, Ahead(around, page=reading))
        else:
            rows = DatabaseReading(AskedAt(self._now()), 0.0, Reading(found.id, found))
            one = ahead.setdefault(key, Ahead(around, database=rows))
        self._tasks[key] = asyncio.create_task(self._read_if_possible(one))

    def note_published(self, around: str, numbers: Mapping[str, int] = {}) -> None:
        """Take note that the work on a page has ended, and of the `numbers` of the work that it
        brought forth, by keys: nothing else that stands on it will be asked for."""
        for key, one in list(self._readings.ahead.items()):
            one.number = one.number or numbers.get(key, 0)
            if one.around == around and one.number == 0:
                self._forget(key)

    def take_reading(self, key: str, number: int) -> Ahead | None:
        """Return what has been read ahead for the work of this number; None where it has to be read
        from its beginning."""
        one = self._readings.ahead.get(key)
        if one is None:
            return None
        if one.number != number:
            self._forget(key)
            return None
        return self._readings.ahead.pop(key)

    async def finish(self, key: str) -> Tree | None:
        """Wait until what is being read ahead has been. Return the tree of a page; None where its
        reading is to be gone on with."""
        task = self._tasks.pop(key, None)
        return await task if task else None

    async def stop(self) -> None:
        """Cut off what is under way; it keeps what it has read."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()

    def _forget(self, key: str) -> None:
        """Drop a reading, and those of what stands on that page."""
        self._readings.ahead.pop(key, None)
        if task := self._tasks.pop(key, None):
            task.cancel()
        self.note_published(key)

    async def _read_if_possible(self, one: Ahead) -> Tree | None:
        """Return the tree of a page; None where its reading ends in an error, which the claim will
        meet again."""
        try:
            return await self._read(one)
        except Exception:
            return None

    async def _read(self, one: Ahead) -> Tree | None:
        if one.database:
            await read_database(self._notion, one.database.rows, self._schemas)
        if one.page is None:
            return None
        walk = one.page.walk
        return await read_tree(
            self._notion,
            walk,
            self._readings.originals,
            found=lambda thing: self.begin(walk.page_id, thing),
            hurry=True,
        )
