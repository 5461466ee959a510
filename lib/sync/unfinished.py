"""Readings that a slice could not finish: handed on in KV, so that the run's next slice asks for nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from lib.bundle.media import unsigned
from lib.errors import NotionAway, NotionWait, OutOfTime
from lib.model import JSON, Item
from lib.notion.client import NotionClient
from lib.notion.databases import Reading
from lib.notion.pages import Completion
from lib.notion.walk import Walk
from lib.store.runs import Hold, Runs, key_of


class PageReading(msgspec.Struct, omit_defaults=True):
    """A page's reading: nothing in it is older than `began_at` by our clock, or `read_at` by Notion's (epoch seconds;
    0: not known yet). `page` is the page object where it took a request."""

    began_at: float
    read_at: float
    walk: Walk
    page: JSON = {}
    completion: Completion = msgspec.field(default_factory=Completion)


class DatabaseReading(msgspec.Struct, omit_defaults=True):
    """A child database's reading, dated as a page's is."""

    began_at: float
    read_at: float
    rows: Reading


Unfinished = TypeVar("Unfinished", PageReading, DatabaseReading)


class Readings:
    """Begins readings of items, and goes on with those that an earlier slice of the run left. `now`: epoch seconds."""

    def __init__(self, notion: NotionClient, runs: Runs, now: Callable[[], float]) -> None:
        self._notion, self._runs, self._now = notion, runs, now

    @asynccontextmanager
    async def of(self, hold: Hold, item: Item, fresh: Unfinished) -> AsyncIterator[Unfinished]:
        """Around the reading of an item, which begins as `fresh` or where it was left.

        What Notion or the clock interrupts is handed on, and the item put back, due at once. Raises what interrupted
        it, and `TakenOver`.
        """
        what = f"partial:{key_of(item)}"
        left = await self._runs.handed_on(hold.run_id, what, type(fresh)) if item.interrupted else None
        reading = left or fresh
        before = msgspec.json.encode(reading)
        try:
            yield reading
        except (NotionWait, OutOfTime, NotionAway, asyncio.CancelledError) as stop:
            if msgspec.json.encode(reading) != before:
                self._date(reading)
                if not isinstance(stop, NotionAway):  # one that failed is put back with a pause
                    again = msgspec.structs.replace(item, interrupted=True)
                    await self._runs.put_back(hold, again, self._now())  # first: whoever was overtaken ends here
                await self._runs.hand_on(hold.run_id, what, unsigned(msgspec.to_builtins(reading)))
            raise
        self._date(reading)

    def _date(self, reading: Unfinished) -> None:
        """Only answers tell Notion's clock, so a reading is dated when it has some."""
        reading.read_at = reading.read_at or self._notion.notion_time(reading.began_at)
