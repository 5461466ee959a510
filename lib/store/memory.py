"""What KV remembers of the pages, databases and sources that are published."""

from collections.abc import Collection, Mapping
from typing import TypeVar

import msgspec

from lib.model import Kept, KeptDatabase, KeptSource, Known
from lib.store.keys import Keys
from lib.store.kv import Kv

SCAN_COUNT = 5_000
METAS_PER_READ = 500

T = TypeVar("T")


class Memory:
    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv = kv
        self._keys = keys

    async def everything(self) -> Known:
        """Reads all of it: five commands, and one more for every 5,000 pages or so."""
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
        kept = dict(found)
        while int(cursor):
            cursor, found = await self._kv.command("HSCAN", keys.kept, cursor, "COUNT", SCAN_COUNT)
            kept |= found
        return Known(
            kept=_decoded(kept, Kept),
            overdue=set(overdue),
            databases=_decoded(databases, KeptDatabase),
            sources=_decoded(sources, KeptSource),
            revisions={source: int(revision) for source, revision in revisions.items()},
        )

    async def revisions(self) -> dict[str, int]:
        """How often each source's kept pages changed."""
        revisions = await self._kv.command("HGETALL", self._keys.revisions)
        return {source: int(revision) for source, revision in revisions.items()}

    async def kept(self, ids: Collection[str]) -> dict[str, Kept]:
        """Those of the pages that are published."""
        return _decoded(await self._fields(self._keys.kept, ids), Kept)

    async def databases(self) -> dict[str, KeptDatabase]:
        return _decoded(await self._kv.command("HGETALL", self._keys.databases), KeptDatabase)

    async def owners(self, slugs: Collection[str]) -> dict[str, str]:
        """Who a slug was given to, by slug: mostly the page that is published there."""
        return await self._fields(self._keys.slugs, slugs)

    async def metas(self, ids: Collection[str]) -> dict[str, str]:
        """The pages' metas as JSON text."""
        return await self._fields(self._keys.metas, ids)

    async def remember_sources(self, sources: Mapping[str, KeptSource]) -> None:
        words = [word for name, kept in sources.items() for word in (name, msgspec.json.encode(kept).decode())]
        if words:
            await self._kv.command("HSET", self._keys.sources, *words)

    async def lose_databases(self, lost: Mapping[str, KeptDatabase]) -> None:
        """Marks child databases that can't be read any more."""
        words = [
            word
            for id, kept in lost.items()
            for word in (id, msgspec.json.encode(msgspec.structs.replace(kept, lost=True)).decode())
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


def _decoded(fields: Mapping[str, str], kind: type[T]) -> dict[str, T]:
    return {name: msgspec.json.decode(text, type=kind) for name, text in fields.items()}
