"""What KV remembers of the pages, databases and sources that are published."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import msgspec

from lib import json_text
from lib.errors import TryLater
from lib.model import Kept, KeptDatabase, KeptSource, Known
from lib.store.healing import Broken, Healer
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.records import (
    database_record,
    is_meta_of,
    meta_in_bundle,
    page_members,
    page_record,
    salvaged_database,
    salvaged_page,
    source_record,
)
from lib.store.salvage import read_count

SCAN_COUNT = 5_000
METAS_PER_READ = 500
TRIES = 3

T = TypeVar("T")


class Memory:
    """Records that can't be read cost nobody else anything: they count as far as they are sound."""

    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv = kv
        self._keys = keys
        self._healer = Healer(kv, keys)

    async def everything(self) -> Known:
        """Reads all of it: five commands, and one more for every 5,000 pages or so.

        Records that can't be read are put right so far as they are sound, and named in `broken`.
        """
        named: dict[str, None] = {}
        for _ in range(TRIES):
            known, broken = await self._read()
            if not broken:
                return msgspec.structs.replace(known, broken=list(named))
            named |= dict.fromkeys(await self._healer.heal(broken, known.kept))
        raise TryLater("KV: records of this project are overwritten by another program faster than they are put right")

    async def _read(self) -> tuple[Known, Broken]:
        keys = self._keys
        revisions, sources, databases, overdue, (cursor, found) = await self._kv.pipeline(
            [
                ["HGETALL", keys.revisions],
                ["HGETALL", keys.sources],
                ["HGETALL", keys.databases],
                ["SMEMBERS", keys.overdue],
                ["HSCAN", keys.kept, 0, "COUNT", SCAN_COUNT],
            ]
        )
        texts = dict(found)
        while int(cursor):
            cursor, found = await self._kv.command("HSCAN", keys.kept, cursor, "COUNT", SCAN_COUNT)
            texts |= found
        kept, broken_pages = _sorted(texts, page_record)
        read_databases, broken_databases = _sorted(databases, database_record)
        read_sources, broken_sources = _sorted(sources, source_record)
        counted, broken_revisions = _sorted(revisions, read_count)
        known = Known(kept, set(overdue), read_databases, read_sources, counted)
        return known, Broken(broken_pages, broken_databases, broken_sources, broken_revisions)

    async def revisions(self) -> dict[str, int]:
        """How often each source's kept pages changed."""
        return _sorted(await self._kv.command("HGETALL", self._keys.revisions), read_count)[0]

    async def kept(self, ids: Collection[str]) -> dict[str, Kept]:
        """Those of the pages that are published."""
        texts = await self._fields(self._keys.kept, ids)
        records = {id: page_record(text) or salvaged_page(id, page_members(text)) for id, text in texts.items()}
        return {id: record for id, record in records.items() if record}

    async def databases(self) -> dict[str, KeptDatabase]:
        texts = await self._kv.command("HGETALL", self._keys.databases)
        return {id: database_record(text) or salvaged_database(text) for id, text in texts.items()}

    async def owners(self, slugs: Collection[str]) -> dict[str, str]:
        """Who a slug was given to, by slug: mostly the page that is published there."""
        return await self._fields(self._keys.slugs, slugs)

    async def metas(self, ids: Collection[str]) -> dict[str, str]:
        """The pages' metas as JSON text."""
        return await self._fields(self._keys.metas, ids)

    async def index_items(self, pages: Mapping[str, Kept]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the pages' metas as JSON text, and those of them that were lost and found in the pages' bundles.

        What is no meta of the page at its slug may not stand in an index, and is left out.
        """
        metas = await self.metas(pages)
        sound = {id: metas[id] for id, kept in pages.items() if is_meta_of(metas.get(id), id, kept.slug)}
        found: dict[str, str] = {}
        for id in pages.keys() - sound.keys():
            meta = meta_in_bundle(await self._healer.bundle_text(pages[id].slug), id, pages[id].slug)
            if meta is not None:
                found[id] = meta
        return sound | found, found

    async def remember_sources(self, sources: Mapping[str, KeptSource]) -> None:
        words = [word for name, kept in sources.items() for word in (name, json_text.encode(kept))]
        if words:
            await self._kv.command("HSET", self._keys.sources, *words)

    async def lose_databases(self, lost: Mapping[str, KeptDatabase]) -> None:
        """Marks child databases that can't be read any more."""
        words = [
            word
            for id, kept in lost.items()
            for word in (id, json_text.encode(msgspec.structs.replace(kept, lost=True)))
        ]
        if words:
            await self._kv.command("HSET", self._keys.databases, *words)

    async def make_overdue(self, page_id: str) -> None:
        """Makes a page due in the next run, whatever its times say."""
        await self._kv.command("SADD", self._keys.overdue, page_id)

    async def _fields(self, key: str, ids: Collection[str]) -> dict[str, str]:
        wanted = list(ids)
        found: dict[str, str] = {}
        for at in range(0, len(wanted), METAS_PER_READ):
            some = wanted[at : at + METAS_PER_READ]
            values = await self._kv.command("HMGET", key, *some)
            found |= {id: value for id, value in zip(some, values, strict=True) if value is not None}
        return found


def _sorted(texts: Mapping[str, str], read: Callable[[str], T | None]) -> tuple[dict[str, T], dict[str, str]]:
    """Return what could be read, and the texts that could not."""
    records: dict[str, T] = {}
    broken: dict[str, str] = {}
    for name, text in texts.items():
        record = read(text)
        if record is None:
            broken[name] = text
        else:
            records[name] = record
    return records, broken
