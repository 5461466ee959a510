"""Records in KV that nobody can read: what is sound of them is written back, so that their things are read again."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from lib import json_text
from lib.errors import ForeignValue
from lib.model import JSON, Kept
from lib.store.keys import Keys
from lib.store.kv import Kv, Value, chunked, size_bytes
from lib.store.records import (
    meta_members,
    page_members,
    salvaged_database,
    salvaged_page,
    salvaged_source,
)
from lib.store.salvage import read_object

SCAN_COUNT = 5_000
FIELDS_PER_READ = 100
BYTES_PER_WRITE = 1_000_000


class Broken(msgspec.Struct, frozen=True):
    """Texts that are no records of ours, by the id of the page or database, or the name of the source."""

    pages: Mapping[str, str] = {}
    databases: Mapping[str, str] = {}
    sources: Mapping[str, str] = {}
    revisions: Mapping[str, str] = {}

    def __bool__(self) -> bool:
        return any((self.pages, self.databases, self.sources, self.revisions))


class Healer:
    """Whatever ends it in the middle, what is still broken is found again."""

    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv, self._keys = kv, keys

    async def heal(self, broken: Broken, sound: Mapping[str, Kept]) -> list[str]:
        """Put a sound record in each broken one's place. Return a sentence about each, for people.

        `sound` are the records of the other pages.
        """
        keys = self._keys
        if broken.revisions:  # its index has another revision now, and is computed anew
            await self._kv.command("HDEL", keys.revisions, *broken.revisions)
        return [
            *await self._heal_pages(broken.pages, sound),
            *await self._heal_databases(broken.databases),
            *await self._heal_sources(broken.sources),
        ]

    async def _heal_pages(self, texts: Mapping[str, str], sound: Mapping[str, Kept]) -> list[str]:
        if not texts:
            return []
        members = await self._members(texts, sound)
        slugs = {found["slug"] for found in members.values() if found["slug"]}
        parts = await count_parts(self._kv, {self._keys.page(slug) for slug in slugs})
        records: dict[str, str] = {}
        for page_id, found in members.items():
            slug = found["slug"]
            count = parts.get(self._keys.page(slug), 0)
            kept = salvaged_page(page_id, {**found, "parts": count}) if found.get("source") else None
            records[page_id] = json_text.encode(kept) if kept else ""
            if kept is None:
                await self._forget_page(page_id, slug, count)
        await self._mend(self._keys.kept, texts, records)
        return [name_page(page_id, found.get("title")) for page_id, found in members.items()]

    async def _members(self, texts: Mapping[str, str], sound: Mapping[str, Kept]) -> dict[str, JSON]:
        """Return what is known of each page: by its record, its meta, its parent, the list of slugs, its bundle."""
        metas = await self._fields(self._keys.metas, texts)
        parents = {child: (page_id, kept.source) for page_id, kept in sound.items() for child in kept.children}
        found: dict[str, JSON] = {}
        claimed: dict[str, list[str]] = {}
        for page_id, text in texts.items():
            own, told = page_members(text), meta_members(read_object(metas.get(page_id)), page_id)
            if not told and page_id in parents:
                told = dict(zip(("parent", "source"), parents[page_id], strict=True))
            found[page_id] = {**told, **own}
            claimed[page_id] = [slug for slug in (own.get("slug"), told.get("slug")) if slug]
        for page_id, slug in (await self._slugs_of(claimed)).items():
            known = found[page_id]
            known["slug"] = slug
            if slug and not known.get("source"):
                meta = read_object(await self.bundle_text(slug)).get("meta")
                found[page_id] = {**(meta_members(meta, page_id) if isinstance(meta, dict) else {}), **known}
        return found

    async def _slugs_of(self, claimed: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Return each page's slug, "" where it is lost: of the slugs that its records claim, or any, one that it owns.

        A slug that a page is about to leave is not meant.
        """
        owners = await self._fields(self._keys.slugs, {slug for slugs in claimed.values() for slug in slugs})
        chosen = {
            page_id: next((slug for slug in slugs if owners.get(slug) == page_id), "")
            for page_id, slugs in claimed.items()
        }
        if "" in chosen.values():
            moved = await self._kv.command("HGETALL", self._keys.moved)
            owned = {owner: slug for slug, owner in (await self._scan(self._keys.slugs)).items() if slug not in moved}
            for page_id in [page_id for page_id, slug in chosen.items() if not slug]:
                chosen[page_id] = owned.get(page_id, next(iter(claimed[page_id]), ""))
        return chosen

    async def _forget_page(self, page_id: str, slug: str, parts: int) -> None:
        """Count a page as never published: the next publication removes what stands at its slug, if it knows one."""
        commands: list[list[Value]] = [["HDEL", self._keys.metas, page_id]]
        if slug:
            commands.append(["HSETNX", self._keys.moved, slug, f"{page_id}:{parts}"])
        await self._kv.pipeline(commands)

    async def _heal_databases(self, texts: Mapping[str, str]) -> list[str]:
        records = {database_id: salvaged_database(text) for database_id, text in texts.items()}
        await self._mend(self._keys.databases, texts, {name: json_text.encode(one) for name, one in records.items()})
        return [
            f'what KV remembers of database "{kept.title or database_id}" could not be read; it is read again'
            for database_id, kept in records.items()
        ]

    async def _heal_sources(self, texts: Mapping[str, str]) -> list[str]:
        records: dict[str, str] = {}
        for name in texts:
            count = 0
            while await self._kv.command("EXISTS", self._keys.index(name, count + 1)):
                count += 1
            records[name] = json_text.encode(salvaged_source(name, count)) if count else ""
        await self._mend(self._keys.sources, texts, records)
        return [f"what KV remembers of source {name} could not be read; it is listed in full" for name in texts]

    async def _mend(self, key: str, texts: Mapping[str, str], records: Mapping[str, str]) -> None:
        keys = [key, self._keys.sources, self._keys.revisions]
        triples = [(name, texts[name], record) for name, record in records.items()]
        for some in chunked(triples, BYTES_PER_WRITE, size_bytes):
            await self._kv.script("mend", keys, [word for triple in some for word in triple])

    async def bundle_text(self, slug: str) -> str | None:
        """Return what stands at a slug; None for nothing, and for a value of another type."""
        try:
            text: str | None = await self._kv.command("GET", self._keys.page(slug))
        except ForeignValue:
            return None
        return text

    async def _fields(self, key: str, names: Collection[str]) -> dict[str, str | None]:
        wanted = list(names)
        found: dict[str, str | None] = {}
        for at in range(0, len(wanted), FIELDS_PER_READ):
            some = wanted[at : at + FIELDS_PER_READ]
            found |= zip(some, await self._kv.command("HMGET", key, *some), strict=True)
        return found

    async def _scan(self, key: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        cursor: str | int = 0
        while True:
            cursor, found = await self._kv.command("HSCAN", key, cursor, "COUNT", SCAN_COUNT)
            fields |= found
            if not int(cursor):
                return fields


def name_page(page_id: str, title: str | None) -> str:
    """Return the sentence about a page of which KV holds something that can't be read."""
    return f'what KV remembers of page "{title or page_id}" could not be read; it is read again'


async def count_parts(kv: Kv, bundles: Collection[str]) -> dict[str, int]:
    """Return how many parts stand beside each of these keys of bundles."""
    counts = dict.fromkeys(bundles, 0)
    ahead = sorted(bundles)
    while ahead:
        answers = await kv.pipeline([["EXISTS", f"{bundle}:part:{counts[bundle] + 1}"] for bundle in ahead])
        ahead = [bundle for bundle, there in zip(ahead, answers, strict=True) if there]
        for bundle in ahead:
            counts[bundle] += 1
    return counts
