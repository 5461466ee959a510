"""Reading a page whole: its object with all properties, and its tree."""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from lib.bundle.publication import is_trashed
from lib.model import JSON, Claim, Observation, Tree, WorkItem
from lib.notion.blocks import Walk, read_tree
from lib.notion.client import NotionClient
from lib.notion.computed import Schemas
from lib.notion.databases import Head
from lib.notion.pages import complete_properties, retrieve_page
from lib.sync.work.page_texts import databases_in
from lib.sync.work.read_ahead import ReadAhead
from lib.sync.work.unfinished import PageReading, Readings, is_last_try
from lib.times import AskedAt


class ReadPage(msgspec.Struct, frozen=True):
    """A page that was read: the claim on it, what was seen of it, its page object and its tree."""

    claim: Claim
    seen: Observation
    page: JSON
    tree: Tree
    reading: PageReading

    @property
    def page_read_at(self) -> float:
        """When its page object was asked for (epoch seconds, Notion's clock)."""
        return self.reading.page_read_at or self.claim.item.read_at


class PageReader(msgspec.Struct):
    """Reads pages for one slice. `now` gives epoch seconds."""

    notion: NotionClient
    readings: Readings
    schemas: Schemas
    ahead: ReadAhead
    now: Callable[[], float]

    def begin_reading(self, claim: Claim) -> PageReading:
        """Return what has been read of a page ahead, or a reading that has yet to begin."""
        ahead = self.ahead.take_reading(claim.key, claim.number)
        fresh = PageReading(self.readings.began_at, 0.0, Walk(claim.id), AskedAt(self.now()))
        reading = ahead.page if ahead and ahead.page else fresh
        reading.read_at = claim.item.read_at
        return reading

    async def read(self, claim: Claim, reading: PageReading) -> tuple[JSON, Tree]:
        """The page object and the tree, side by side: whatever ends one, the other comes to its own
        end."""
        page, tree = await asyncio.gather(
            self._whole_page(claim, reading),
            self._tree(claim, reading.walk),
            return_exceptions=True,
        )
        if isinstance(page, BaseException):
            raise page
        if isinstance(tree, BaseException):
            raise tree
        if reading.walk.denied and not reading.is_asked_twice:
            return await self._read_denied(claim, reading, page, tree)
        return page, tree

    async def _read_denied(
        self, claim: Claim, reading: PageReading, page: JSON, tree: Tree
    ) -> tuple[JSON, Tree]:
        """Read what was denied once more, unless the page is in the trash: that it goes there and
        comes back moves no time, by which a later run would see that something is missing."""
        asked_at = self.now()
        itself = await retrieve_page(self.notion, claim.id, reading.oddities)
        if is_trashed(itself):
            reading.page_read_at = self.notion.notion_time(asked_at)
            return itself, tree
        reading.is_asked_twice = True
        reading.walk.forget_denied()
        return page, await self._tree(claim, reading.walk)

    async def _whole_page(self, claim: Claim, reading: PageReading) -> JSON:
        """The page object, its properties complete."""
        given: JSON | None = msgspec.json.decode(claim.item.page)
        if given is None and not reading.page:
            asked_at = self.now()
            reading.page = await retrieve_page(self.notion, claim.id, reading.oddities)
            reading.page_read_at = self.notion.notion_time(asked_at)
        page = given or reading.page
        last = is_last_try(claim)
        return await complete_properties(
            self.notion, page, reading.completion, self.schemas, is_last_try=last
        )

    async def _tree(self, claim: Claim, walk: Walk) -> Tree:
        if tree := await self.ahead.finish(claim.key):
            return tree
        record, doubted = claim.record, set(claim.item.doubted)
        children = set(record.children) - doubted if record else set()
        databases = set(databases_in(record.things)) - doubted if record else set()
        trusted = record.copied if record and not claim.item.asks_owners else {}
        return await read_tree(
            self.notion,
            walk,
            self.readings.originals,
            known_pages=children,
            known_databases=databases,
            known_owners={original: owner for original, owner in trusted.items() if owner},
            found=partial(self.ahead.begin, claim.id) if claim.is_page else _passed_over,
            hurry=not claim.is_row,  # child pages may have child pages: a long chain begins here
            is_last_try=is_last_try(claim),
        )


def _passed_over(found: str | Head) -> None:
    """What stands on a draft is read when the draft is written."""


def database_item(claim: Claim, reading: PageReading, database_id: str) -> WorkItem:
    """Return how a child database that stands on a page is to be read where it has to be."""
    head = reading.walk.heads.get(database_id)
    return WorkItem(
        title=head.title if head else "",
        data_source_ids=head.data_source_ids if head else [],
        is_doubted=database_id in claim.item.doubted,
    )
