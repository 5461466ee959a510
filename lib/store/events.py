"""What Notion's webhook needs to know of KV: what an event is about, whether it came before, and the set-up's token."""

import msgspec

from lib.model import Event
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.records import source_record

COMES_AGAIN_SECONDS = 2 * 86_400
"""Notion's last delivery of an event comes about a day after the first."""
TOKEN_KEPT_FOR_SECONDS = 3_600


class Around(msgspec.Struct, frozen=True):
    """What KV knows of an event's entity and of what it stands in.

    `pages` are published (or hold originals of what is published), `databases` stand inside a published page, `sources`
    maps ids of databases and data sources to names.
    """

    seen: bool
    pages: frozenset[str]
    databases: frozenset[str]
    sources: dict[str, str]


class Events:
    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv, self._keys = kv, keys

    async def around(self, event: Event) -> Around:
        """One request, however large the site is."""
        keys, ids = self._keys, [event.entity, event.parent]
        seen, pages, shown, databases, sources = await self._kv.pipeline(
            [
                ["EXISTS", keys.event(event.id)],
                ["HMGET", keys.observed, *ids],
                ["ZRANGEBYLEX", keys.shows, f"[page:{event.entity} ", f"(page:{event.entity}!", "LIMIT", 0, 1],
                ["HMGET", keys.databases, *ids],
                ["HGETALL", keys.sources],
            ]
        )
        kept = {id for id, value in zip(ids, pages, strict=True) if value}
        found = {name: record.source for name, text in sources.items() if (record := source_record(text))}
        return Around(
            seen=bool(seen),
            pages=frozenset(kept | ({event.entity} if shown else set())),
            databases=frozenset(id for id, value in zip(ids, databases, strict=True) if value),
            sources={
                id: name for name, source in found.items() for id in (source.database_id, source.data_source_id) if id
            },
        )

    async def remember(self, event: Event) -> None:
        """The event has been taken: when it comes again, it is known."""
        await self._kv.command("SET", self._keys.event(event.id), event.at, "EX", COMES_AGAIN_SECONDS)

    async def keep_token(self, token: str) -> None:
        """Keeps the token of a set-up that is under way, for an hour."""
        await self._kv.command("SET", self._keys.webhook_token, token, "EX", TOKEN_KEPT_FOR_SECONDS)
