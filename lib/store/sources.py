"""What is remembered of sources: where they are, when they were listed, and what has to be looked
at besides."""

from collections.abc import Collection

import msgspec

from lib.model import DatabaseRecord, ListingRecord, Observation, PageRecord, SourceRecord
from lib.store.keys import Keys
from lib.store.kv import SCAN_COUNT, Kv
from lib.store.records import (
    database_record,
    listing_record,
    observation,
    page_record,
    source_record,
)
from lib.store.salvage import read_number

FIELDS_PER_DRAFT = 3


class SourceState(msgspec.Struct, frozen=True):
    """All sources by name. `forced`: since when (epoch seconds) everything of one has to be read
    anew; `names` are those of which an index stands in KV, whether they are configured or not."""

    records: dict[str, SourceRecord]
    listings: dict[str, ListingRecord]
    forced: dict[str, float]
    names: list[str]
    layout: str = ""
    """The version of the layout of the engine's keys; "" for none, or an older one."""
    freed: list[str] = []
    """Slugs that became free while a page waited for them, and have not been given away."""


class Watched(msgspec.Struct, frozen=True):
    """What no listing shows: child pages (id → stamp and source), child databases (None: the record
    can't be read), and things outside of all sources, with what was seen of them. `still` are pages
    that stay as they are, `shown` those of them of which other pages show something."""

    children: dict[str, tuple[str, str]]
    databases: dict[str, DatabaseRecord | None]
    outside: dict[str, str]
    still: frozenset[str]
    shown: frozenset[str] = frozenset()


class WatchedDrafts(msgspec.Struct, frozen=True):
    """What no listing shows of drafts: those that have to be read again (`lost`), as their preview
    is gone from KV or lacks something; the child pages that stand in drafts, as they were seen and
    read; and child databases (None: what stands in KV is gone) that are not due."""

    lost: set[str]
    children: dict[str, tuple[Observation, PageRecord | None]]
    databases: dict[str, DatabaseRecord | None]


class Sources:
    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv, self._keys = kv, keys

    async def read_state(self) -> SourceState:
        """Return what is remembered of all sources, in one command."""
        keys = self._keys
        sources, listings, forced, names, freed, layout = await self._kv.script(
            "sources",
            [keys.sources, keys.listings, keys.forced, keys.leaves, keys.freed, keys.layout],
            [],
        )
        return SourceState(
            records={
                name: record for name, text in _pairs_of(sources) if (record := source_record(text))
            },
            listings={
                name: listing
                for name, text in _pairs_of(listings)
                if (listing := listing_record(text))
            },
            forced={name: read_number(text) or 0.0 for name, text in _pairs_of(forced)},
            names=names,
            freed=freed,
            layout=layout,
        )

    async def watched(self) -> Watched:
        """Return what no listing shows."""
        keys = self._keys
        names = [keys.databases, keys.outside, keys.still, keys.children, keys.shows]
        databases, outside, still, shown, cursor, some = await self._kv.script(
            "watched", names, [SCAN_COUNT]
        )
        children = dict(_pairs_of(some))
        if cursor != "0":
            children |= await self._kv.read_hash(keys.children, cursor)
        return Watched(
            children={page_id: _stamp_of(text) for page_id, text in children.items()},
            databases={
                database_id: database_record(text) for database_id, text in _pairs_of(databases)
            },
            outside=dict(_pairs_of(outside)),
            still=frozenset(still),
            shown=frozenset(shown),
        )

    async def watched_drafts(self) -> WatchedDrafts:
        """Return what no listing shows of drafts."""
        keys = self._keys
        names = [keys.drafts, keys.draft_places, keys.draft_children, keys.preview_paths, keys.work]
        names += [keys.draft_databases, keys.shows]
        lost, found, databases = await self._kv.script("watch_drafts", names, [keys.prefix])
        children: dict[str, tuple[Observation, PageRecord | None]] = {}
        for at in range(0, len(found), FIELDS_PER_DRAFT):
            page_id, seen, record = found[at : at + FIELDS_PER_DRAFT]
            if child := observation(seen):
                children[page_id] = (child, page_record(record))
        records = {one: database_record(text) for one, text in _pairs_of(databases)}
        return WatchedDrafts(set(lost), children, records)

    async def draft_child(self, page_id: str) -> tuple[Observation | None, PageRecord | None]:
        """Return the same of one page; None for what is not known."""
        keys = self._keys
        seen, record = await self._kv.pipeline(
            [["HGET", keys.draft_children, page_id], ["HGET", keys.drafts, page_id]]
        )
        return observation(seen), page_record(record)

    async def stamps(self, source: str) -> dict[str, str]:
        """Return what was seen of each row of a source when it was read last; "" for those that
        have to be read."""
        return await self._kv.read_hash(self._keys.stamps(source))

    async def stamps_of(self, source: str, page_ids: Collection[str]) -> dict[str, str]:
        """Return the same of some rows; those that are not known are left out."""
        ids = list(page_ids)
        if not ids:
            return {}
        found = await self._kv.command("HMGET", self._keys.stamps(source), *ids)
        return {
            page_id: stamp for page_id, stamp in zip(ids, found, strict=True) if stamp is not None
        }

    async def databases(self, database_ids: Collection[str]) -> dict[str, DatabaseRecord | None]:
        """Return those of the child databases that are known (None: the record can't be read)."""
        return await self._database_records(self._keys.databases, database_ids)

    async def draft_databases(
        self, database_ids: Collection[str]
    ) -> dict[str, DatabaseRecord | None]:
        """Return the same of child databases that drafts show."""
        return await self._database_records(self._keys.draft_databases, database_ids)

    async def _database_records(
        self, key: str, database_ids: Collection[str]
    ) -> dict[str, DatabaseRecord | None]:
        ids = list(database_ids)
        if not ids:
            return {}
        found = await self._kv.command("HMGET", key, *ids)
        return {
            one: database_record(text)
            for one, text in zip(ids, found, strict=True)
            if text is not None
        }

    async def force(self, names: Collection[str], since: float) -> None:
        """Remember that everything of these sources has to be read anew."""
        words = [word for name in names for word in (name, repr(since))]
        if words:
            await self._kv.command("HSET", self._keys.forced, *words)

    async def unforce(self, names: Collection[str]) -> None:
        """A run has made all of it due."""
        if names:
            await self._kv.command("HDEL", self._keys.forced, *names)


def _pairs_of(flat: list[str]) -> list[tuple[str, str]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _stamp_of(text: str) -> tuple[str, str]:
    stamp, _, source = text.partition(" ")
    return stamp, source
