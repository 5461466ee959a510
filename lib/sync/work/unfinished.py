"""Checkpoints: what a slice has read and not published is saved in KV, so that the run's next slice
asks for nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import msgspec

from lib.bundle.media import without_signatures
from lib.errors import NotionAway, NotionWait, OutOfTime
from lib.model import JSON, Claim, WorkItem
from lib.notion.border.objects import Oddities
from lib.notion.client import NotionClient
from lib.notion.databases import Reading
from lib.notion.originals import Lists, Originals
from lib.notion.pages import Completion
from lib.notion.walk import Walk
from lib.store.runs import Runs, SliceLease
from lib.store.work import WorkQueue
from lib.times import AskedAt

PAUSES_SECONDS = (2.0, 6.0)
"""Pauses after each failure. After one more, the failure is reported, and tried again after the
run."""


def is_last_try(claim: Claim) -> bool:
    """Return whether this is the last try: a part that gets no usable answer is left out then,
    rather than the whole being tried again."""
    record = claim.record or claim.database
    return (record is not None and record.is_lacking) or claim.item.attempts >= len(PAUSES_SECONDS)


class PageReading(msgspec.Struct, omit_defaults=True):
    """A page's reading: nothing in it is older than `began_at`, or `read_at` by Notion's clock
    (epoch seconds; 0: not known yet), and no list of its own blocks than `listed_at`. `page` is the
    page object where it took a request."""

    began_at: AskedAt
    read_at: float
    walk: Walk
    listed_at: AskedAt
    page: JSON = {}
    page_read_at: float = 0.0
    """When the page object was asked for, by Notion's clock."""
    is_asked_twice: bool = False
    """What Notion denied of the page has been asked for once more."""
    completion: Completion = msgspec.field(default_factory=Completion)
    oddities: Oddities = msgspec.field(default_factory=Oddities)
    """What was odd in the page object, where it took a request."""

    @property
    def is_lacking(self) -> bool:
        """Whether something of the page got no usable answer."""
        return self.walk.is_lacking or self.completion.is_lacking

    def warnings(self, title: str) -> list[str]:
        """What was odd in what was read; `title` names the page."""
        blocks = [f'"{title}": {sentence}' for sentence in self.walk.oddities.warnings]
        pages = [self.oddities, self.completion.oddities, self.walk.page_oddities]
        return [*blocks, *(sentence for oddities in pages for sentence in oddities.warnings)]


class DatabaseReading(msgspec.Struct, omit_defaults=True):
    """A child database's reading, dated as a page's is."""

    began_at: AskedAt
    read_at: float
    rows: Reading


DUE_FIRST = 0.0
"""When interrupted work is due: as early as the rest, so that the next slice goes on with it."""

Unfinished = TypeVar("Unfinished", PageReading, DatabaseReading)


class Ahead(msgspec.Struct, omit_defaults=True):
    """Something that stands on the page `around` and is read before that page is published."""

    around: str
    page: PageReading | None = None
    database: DatabaseReading | None = None
    number: int = 0
    """Of the work that the page around has brought forth; 0: it is not published yet."""


class Shelf(msgspec.Struct, omit_defaults=True):
    """What the slices of a lane have read for others than the page that was being read: synced
    originals, and what is read `ahead`, by its key. Nothing of it is older than
    `began_at`."""

    began_at: AskedAt
    originals: dict[str, Lists] = {}
    ahead: dict[str, Ahead] = {}


class Readings:
    """The readings of one slice. Each begins anew, or at the checkpoint that an earlier slice of
    the run has saved.

    `originals` are read once for all pages, and kept from slice to slice. `now` gives epoch
    seconds.
    """

    def __init__(
        self, notion: NotionClient, runs: Runs, work: WorkQueue, now: Callable[[], float]
    ) -> None:
        self._notion, self._runs, self._work, self._now = notion, runs, work, now
        self.originals = Originals(self._taken_over, self._put_by)

    @property
    def began_at(self) -> AskedAt:
        """When the oldest thing was asked for that any page of this slice may show."""
        return self._shelf.began_at

    async def take_up(self, lease: SliceLease, *, is_first: bool) -> None:
        """Load the checkpoint of this lane's earlier slices; the first slice has none."""
        self._lease, self._what = lease, f"originals:{lease.lane}"
        shelf = None if is_first else await self._runs.handed_on(lease.run_id, self._what, Shelf)
        self._shelf = shelf or Shelf(AskedAt(self._now()))
        self._found = self._on_shelf

    @property
    def ahead(self) -> dict[str, Ahead]:
        """What is read ahead, by its key."""
        return self._shelf.ahead

    @property
    def read_at(self) -> float:
        """The same by Notion's clock."""
        return self._shelf.began_at.date(self._notion.notion_time)

    def read_anew(self) -> None:
        """Forget what this slice has kept, which is too old: everything is asked for anew."""
        self._shelf.began_at, self._shelf.originals = AskedAt(self._now()), {}
        self._shelf.ahead.clear()
        self.originals = Originals(self._taken_over, self._put_by)
        self._found = self._on_shelf

    async def hand_on_rest(self) -> None:
        """Save what the next slice may need."""
        if self._on_shelf != self._found or self._shelf.ahead:
            self._shelf.began_at = self._shelf.began_at.dated(self._notion.notion_time)
            for one in self._shelf.ahead.values():
                for reading in (one.page, one.database):
                    if reading:
                        self._hand_dates_on(reading)
            await self._hand_on(self._what, self._shelf)

    @property
    def _on_shelf(self) -> tuple[int, list[str]]:
        """How much there is."""
        return len(self._shelf.originals), list(self._shelf.ahead)

    @asynccontextmanager
    async def reading_of(self, claim: Claim, fresh: Unfinished) -> AsyncIterator[Unfinished]:
        """Read something from its checkpoint, or from its beginning (`fresh`).

        Where Notion or the clock interrupts it, save a checkpoint and make the work due again at
        once. Raises what interrupted it, and `TakenOver`.
        """
        lease = self._lease
        what = f"partial:{claim.key}:{claim.number}"
        left = (
            await self._runs.handed_on(lease.run_id, what, type(fresh))
            if claim.item.interrupted
            else None
        )
        reading = left or fresh
        before = msgspec.json.encode(reading)
        try:
            yield reading
        except (NotionWait, OutOfTime, NotionAway, asyncio.CancelledError) as stop:
            got_on = msgspec.json.encode(reading) != before
            item = msgspec.structs.replace(claim.item, interrupted=claim.item.interrupted or got_on)
            if (
                isinstance(stop, asyncio.CancelledError) and not got_on
            ):  # a request that was sent had no answer in time
                item = msgspec.structs.replace(item, attempts=item.attempts + 1)
            if got_on:
                self._date_reading(reading)
                self._hand_dates_on(reading)
            # One that failed is put back with a pause.
            if item != claim.item and not isinstance(stop, NotionAway):
                await self._put_back(what, claim, item, reading if got_on else None)
            elif got_on:
                await self._hand_on(what, reading)
            raise
        self._date_reading(reading)

    async def _put_back(
        self, what: str, claim: Claim, item: WorkItem, reading: Unfinished | None
    ) -> None:
        """End a claim, and save what has been read of it in the same command where it is small."""
        put_back = partial(self._work.requeue_claim, self._lease, claim, item, DUE_FIRST)
        if reading is None:
            await put_back()
            return

        async def put_head(key: str, piece: str) -> None:
            await put_back((key, piece))

        await self._runs.hand_on(
            self._lease, what, without_signatures(msgspec.to_builtins(reading)), put_head
        )

    async def _hand_on(self, what: str, progress: Unfinished | Shelf) -> None:
        await self._runs.hand_on(
            self._lease, what, without_signatures(msgspec.to_builtins(progress))
        )

    async def _taken_over(self, original: str) -> Lists | None:
        return self._shelf.originals.get(original)

    async def _put_by(self, original: str, lists: Lists) -> None:
        self._shelf.originals[original] = lists

    def _date_reading(self, reading: Unfinished) -> None:
        """Date a reading by Notion's clock, which is known only once Notion has answered."""
        began_at = reading.began_at.date(self._notion.notion_time)
        reading.read_at = min(reading.read_at, began_at) if reading.read_at else began_at

    def _hand_dates_on(self, reading: PageReading | DatabaseReading) -> None:
        reading.began_at = reading.began_at.dated(self._notion.notion_time)
        if isinstance(reading, PageReading):
            reading.listed_at = reading.listed_at.dated(self._notion.notion_time)
