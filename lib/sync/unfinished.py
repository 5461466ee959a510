"""Readings that a slice could not finish: kept in KV, so that the next one asks for nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from lib.errors import NotionAway, NotionWait, OutOfTime
from lib.model import Item
from lib.notion.databases import Reading
from lib.notion.pages import Completion
from lib.notion.walk import Walk
from lib.store.memory import Memory
from lib.store.runs import Hold, Runs


class PageReading(msgspec.Struct):
    """A page's reading. `read_at` (epoch seconds, Notion's clock): nothing in it is older."""

    read_at: float
    walk: Walk
    completion: Completion


class DatabaseReading(msgspec.Struct):
    """A child database's reading. `read_at` (epoch seconds, Notion's clock): nothing in it is older."""

    read_at: float
    rows: Reading


Unfinished = TypeVar("Unfinished", PageReading, DatabaseReading)


@asynccontextmanager
async def resumed(
    memory: Memory, runs: Runs, hold: Hold, item: Item, fresh: Unfinished, now: Callable[[], float]
) -> AsyncIterator[Unfinished]:
    """The reading of an item as an earlier slice left it, or a fresh one; what interrupts it leaves it in KV again.

    An item that Notion or the clock interrupted is put back, due at once. Raises what interrupted it, and `TakenOver`.
    """
    reading = (await _kept(memory, item, fresh) if item.interrupted else None) or fresh
    nothing = msgspec.json.encode(reading)
    try:
        yield reading
    except (NotionWait, OutOfTime, NotionAway, asyncio.CancelledError) as stop:
        progress = msgspec.json.encode(reading)
        if progress != nothing:
            await memory.keep_partial(item.id, progress)
            if not isinstance(stop, NotionAway):
                await runs.put_back(hold, msgspec.structs.replace(item, interrupted=True), now())
        raise


async def _kept(memory: Memory, item: Item, fresh: Unfinished) -> Unfinished | None:
    """None too for a reading of another form, which an earlier deployment of the project left."""
    progress = await memory.partial(item.id)
    try:
        return msgspec.json.decode(progress, type=type(fresh)) if progress else None
    except msgspec.DecodeError:
        return None
