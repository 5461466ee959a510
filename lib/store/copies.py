"""Copies of hosted files in Blob, as KV keeps them: those that there are, those that are wanted,
and those that no bundle names any more."""

from collections.abc import Callable, Collection, Sequence

import msgspec

from lib import json_text
from lib.errors import ForeignValue
from lib.model import ITEMS_PER_PAGE, Copy
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.records import page_record
from lib.store.runs import WORK_KEPT_FOR_SECONDS
from lib.store.salvage import read_object, read_record

GRACE_SECONDS = 86_400
"""How long a copy stays after the last bundle that named it; readers of that bundle may still ask
for it."""
SWEPT_FOR_SECONDS = 20 * 3600
PUT_OFF_SECONDS = 600.0
"""How long a file that is being copied is put off, lest its copying never ends; twice that after
each more try."""
LONGEST_PUT_OFF_SECONDS = 43_200.0
"""No file is put off for longer than twice this."""

DOCUMENT_END = 64
"""Characters at the end of a page as text, where its time stands: another writing has others."""


def is_for_all(visibility: str) -> bool:
    """Return whether everybody may see what has this visibility; only files of that are copied,
    for the store is public."""
    return visibility.casefold() == "public"


class Copies:
    """`store` is the id of the Blob store; "": there is none, and so there are no copies. `now`
    gives epoch seconds."""

    def __init__(
        self, kv: Kv, keys: Keys, store: str, now: Callable[[], float], now_iso: Callable[[], str]
    ) -> None:
        self._kv, self._keys, self._now, self._now_iso = kv, keys, now, now_iso
        self._store = store
        self._copies = keys.copies(store)
        self._idle, self._trash = f"{self._copies}:idle", f"{self._copies}:trash"
        self._tried = f"{self._copies}:tried"

    async def copies_of(self, files: Collection[str]) -> dict[str, Copy]:
        """Those of the files that have a copy, or are known to get none; a bundle may name them
        now."""
        wanted = list(files)
        if not (self._store and wanted):
            return {}
        found: list[str] = await self._kv.script(
            "copies_of", [self._copies, self._idle], [self._now_ms(), *wanted]
        )
        copies = {file: read_record(text, Copy) for file, text in zip(wanted, found, strict=True)}
        return {file: copy for file, copy in copies.items() if copy}

    def marked(self, digest: str, files: Collection[str]) -> str:
        """A bundle's digest that changes with the store its files are copied to, so that a forced
        run moves them."""
        return f"{digest}@{self._store}" if self._store and files else digest

    # Making them.

    async def lock_copying(self, owner: str, seconds: float) -> bool:
        """Take the lock for making and removing copies, for this time at most; return whether the
        owner has it."""
        answer = await self._kv.command(
            "SET", self._keys.copying, owner, "NX", "PX", round(seconds * 1000)
        )
        return bool(answer)

    async def unlock_copying(self) -> None:
        await self._kv.command("DEL", self._keys.copying)

    async def due_bundles(self, count: int) -> list[str]:
        """Bundles with files that have no copy, the longest waiting first."""
        scores = ("-inf", self._now_ms())
        found: list[str] = await self._kv.command(
            "ZRANGEBYSCORE", self._keys.uncopied, *scores, "LIMIT", 0, count
        )
        return found

    async def tokens_in(self, bundle: str) -> list[str]:
        """The files that a bundle names."""
        text: str | None = await self._kv.command("HGET", self._keys.files, bundle)
        return (text or "").split()

    async def is_public(self, bundle: str) -> bool:
        """Return whether everybody may see what a bundle shows."""
        kind, _, page_id = bundle.partition(":")
        if kind == "db":
            shown = read_object(await self._text_at(self._keys.database(page_id)))
            return is_for_all(str(shown.get("visibility", "public")))
        record = page_record(await self._kv.command("HGET", self._keys.pages, page_id))
        return record is not None and is_for_all(record.visibility)

    async def leave_bundle(self, bundle: str) -> None:
        """Make no copies for a bundle, until it is published anew."""
        await self._kv.command("ZREM", self._keys.uncopied, bundle)

    async def begin_file(self, file: str) -> float | None:
        """Put a file off before it is read, so that a function it kills does not meet it again
        first.

        Return until when (epoch seconds) it was put off before and is to be left alone; None: go on
        with it.
        """
        until_ms = await self._kv.script(
            "begin_copy",
            [self._tried],
            [
                file,
                self._now_ms(),
                *(
                    round(seconds * 1000 * _spread_factor(file))
                    for seconds in (PUT_OFF_SECONDS, LONGEST_PUT_OFF_SECONDS)
                ),
            ],
        )
        return int(until_ms) / 1000 if int(until_ms) else None

    async def keep_copy(self, file: str, copy: Copy) -> None:
        """Remember a copy that was made, or that there will be none (an empty address)."""
        text = json_text.encode(copy)
        await self._kv.script(
            "keep_copy", [self._copies, self._trash, self._tried], [file, text, copy.url]
        )

    async def forgive_files(self, files: Collection[str]) -> None:
        """Put these files off no longer: what failed was not theirs."""
        if files:
            await self._kv.command("HDEL", self._tried, *files)

    async def put_off(self, bundle: str, seconds: float) -> None:
        """Leave a bundle alone for a time."""
        await self._kv.command(
            "ZADD", self._keys.uncopied, "XX", self._now_ms() + round(seconds * 1000), bundle
        )

    async def put_into(
        self,
        run_id: str,
        bundle: str,
        change: Callable[[Sequence[str]], list[str]],
        change_document: Callable[[str], str],
        most_bytes: int,
        due_at: float | None,
    ) -> bool:
        """Put copies' addresses into what is published of a bundle; return whether that changed
        what a site reads.

        `change` does it to the texts of a bundle, or to its meta alone, `change_document` to the
        page as text; a bundle that grows beyond `most_bytes` stays as it is. `due_at` is when the
        files that have no copy yet may be tried again; None: there are none.
        """
        kind, _, holder = bundle.partition(":")
        published = await self._published_bundle(kind, holder)
        if published is None:  # the next run reads it again
            await self._kv.command("ZREM", self._keys.uncopied, bundle)
            return False
        changed, meta = _changed_texts(published, change, most_bytes)
        staged = f"{self._keys.run(run_id)}:copied:{bundle}"
        await self._kv.pipeline(
            [
                ["SET", f"{staged}:part:{number}", text, "EX", WORK_KEPT_FOR_SECONDS]
                for number, text in enumerate(changed[1:], 1)
            ]
        )
        arguments = {
            "prefix": self._keys.prefix,
            "run": self._keys.run(run_id),
            "now": self._now_iso(),
            "now_ms": self._now_ms(),
            "ttl": WORK_KEPT_FOR_SECONDS,
            "most_items": ITEMS_PER_PAGE,
            "most_bytes": most_bytes,
            "name": bundle,
            "id": holder,
            "slug": published.slug,
            "document_end": published.document[-DOCUMENT_END:],
            "parts": max(0, len(changed) - 1),
            "staged": staged,
            "due": "" if due_at is None else round(due_at * 1000),
        }
        head, document = changed[0] if changed else "", change_document(published.document)
        words = [json_text.encode(arguments), published.record, head, meta, document]
        outcome = await self._kv.script("put_copies", self._keys.site(run_id), words)
        return bool(changed) and outcome == "done"

    async def _published_bundle(self, kind: str, holder: str) -> "_Published | None":
        keys = self._keys
        if kind == "db":
            known: str | None = await self._kv.command("HGET", keys.databases, holder)
            return (
                _Published(known, "", [await self._text_at(keys.database(holder))], "", "")
                if known
                else None
            )
        text, slug, meta = await self._kv.pipeline(
            [
                ["HGET", keys.pages, holder],
                ["HGET", keys.paths, holder],
                ["HGET", keys.metas, holder],
            ]
        )
        record = page_record(text)
        if record is None or slug is None:
            return None
        parts = [keys.part(slug, number) for number in range(1, record.parts + 1)]
        texts = [await self._text_at(one) for one in (keys.page(slug), *parts)]
        return _Published(text, slug, texts, meta or "", await self._text_at(keys.document(slug)))

    async def _text_at(self, key: str) -> str:
        try:
            return await self._kv.command("GET", key) or ""
        except ForeignValue:  # nothing of ours, so there is nothing to be put into it
            return ""

    # Removing them.

    async def sweep_is_due(self) -> bool:
        """Return whether the sweep is due: true once a day, for one caller, which then has to do
        it."""
        return bool(
            await self._kv.command("SET", f"{self._copies}:swept", 1, "NX", "EX", SWEPT_FOR_SECONDS)
        )

    async def unnamed_urls(self) -> list[str]:
        """Addresses of copies that no bundle which everybody may see has named for the time of
        grace: forgotten here, to be deleted in Blob."""
        private = set(await self._kv.command("SMEMBERS", self._keys.private))
        named = {
            token[-16:]
            for bundle, tokens in (await self._kv.read_hash(self._keys.files)).items()
            for token in ([] if bundle in private else tokens.split())
        }
        copies, idle = await self._kv.read_hash(self._copies), await self._kv.read_hash(self._idle)
        now_ms = self._now_ms()
        lately = [
            word
            for file in copies
            if file not in named and file not in idle
            for word in (file, now_ms)
        ]
        again = [file for file in idle if file in named]
        await self._kv.pipeline(
            [
                *([["HSET", self._idle, *lately]] if lately else []),
                *([["HDEL", self._idle, *again]] if again else []),
            ]
        )
        idle_now = [file for file in idle if file not in named]
        keys = [self._copies, self._idle, self._trash]
        found: list[str] = await self._kv.script(
            "drop_copies", keys, [now_ms - GRACE_SECONDS * 1000, *idle_now]
        )
        return found

    async def note_deleted(self, urls: Collection[str]) -> None:
        """They are gone from Blob too."""
        await self._kv.command("SREM", self._trash, *urls)

    def _now_ms(self) -> int:
        return round(self._now() * 1000)


class _Published(msgspec.Struct, frozen=True):
    """What stands in KV of a bundle: its record as text, its slug ("": a child database), the texts
    of its key and its parts, its meta."""

    record: str
    slug: str
    texts: list[str]
    meta: str
    document: str


def _changed_texts(
    published: _Published, change: Callable[[Sequence[str]], list[str]], most_bytes: int
) -> tuple[list[str], str]:
    """Return the changed texts of a bundle, none where it stays as it is, and its changed meta, ""
    for the same."""
    texts = change(published.texts)
    if texts == published.texts or any(len(text.encode()) > most_bytes for text in texts):
        return [], ""
    [meta] = change([published.meta])
    return texts, "" if meta == published.meta else meta


def _spread_factor(file: str) -> float:
    """Return a factor from 1 to 2 of the file's own: files that were in hand together come back
    apart."""
    return 1 + int(file[:4], 16) / 0x10000
