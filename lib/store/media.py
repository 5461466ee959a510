"""Hosted files as KV knows them: which ones published bundles name, and where each is to be had."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import msgspec

from lib.model import Copy
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.salvage import read_record


class Errand(msgspec.Struct, frozen=True):
    """What one looks up at Notion while all others wait for it: its lock in KV, and where the
    answer is kept.

    The file stands in the page or database `owner_id`. `walk` says how its blocks are looked
    through ("": from the beginning), in which `count` files stand; None: the file's own holder is
    asked for.
    """

    owner_id: str
    lock: str
    walk: str | None = None
    count: int = 0


class FileLookup(msgspec.Struct, frozen=True):
    """What KV says of where a file is: see find_file.lua for the outcomes.

    `address` is that of the copy, or a signed one that is handed out until `until` (epoch seconds)
    and is "" where the holder has no such file. `errand` goes with walk and fetch, `wait_seconds`
    with away.
    """

    outcome: Literal["unknown", "copied", "fresh", "walk", "fetch", "wait", "away"]
    address: str = ""
    until: float = 0.0
    wait_seconds: float = 0.0
    errand: Errand | None = None


class Files:
    """`store` is the id of the Blob store; "": there is none."""

    def __init__(self, kv: Kv, keys: Keys, store: str = "") -> None:
        self._kv = kv
        self._keys = keys
        self.store = store

    def without_copies(self) -> Self:
        """Return the same files as if none of them had a copy."""
        return type(self)(self._kv, self._keys)

    async def find_file(
        self,
        holder: str,
        file: str,
        lock: str,
        now: float,
        lock_seconds: float,
        *,
        alone: bool = False,
        is_draft: bool = False,
    ) -> FileLookup:
        """Look a file up by the query of its address; take the lock where Notion has to be asked.

        `alone`: for its holder, not for the blocks around it. `is_draft`: among those of drafts,
        and of no others; they have no copies.
        """
        copies = self._keys.copies(self.store) if self.store and not is_draft else ""
        outcome, value, *errand = await self._kv.script(
            "find_file",
            [self._keys.named, self._keys.fresh(""), self._keys.files, self._keys.private, copies],
            [
                f"{holder}&file={file}",
                holder,
                file,
                lock,
                round(now * 1000),
                round(lock_seconds * 1000),
                int(alone),
                *([1] if is_draft else []),
            ],
        )
        if outcome == "copied" and read_record(value, Copy) is None:
            # Another's value: the file has no copy that is known.
            await self._kv.command("HDEL", copies, file)
            return await self.find_file(
                holder, file, lock, now, lock_seconds, alone=alone, is_draft=is_draft
            )
        return _lookup_of(outcome, value, errand)

    async def keep_fresh(
        self,
        errand: Errand,
        lock: str,
        addresses: Mapping[str, str],
        now: float,
        until: float,
        *,
        walk: tuple[str, float] | None = None,
    ) -> None:
        """Keep what Notion said of files, by their tokens, and give the lock back; address "":
        there is no such file.

        `walk` is how the page's blocks are to be looked through next, and until when that is so.
        """
        until_ms = round(until * 1000)
        words = [
            word
            for token, address in addresses.items()
            for word in (token, f"{until_ms} {address}")
        ]
        if walk is not None:
            words += ["walk", f"{round(walk[1] * 1000)} {walk[0]}"]
        keys = [self._keys.fresh(errand.owner_id), errand.lock]
        await self._kv.script("keep_fresh", keys, [lock, until_ms - round(now * 1000), *words])

    async def keep_away(self, errand: Errand, seconds: float) -> None:
        """Nobody asks Notion for this for so long."""
        await self._kv.command("SET", errand.lock, "away", "PX", max(1, round(seconds * 1000)))


def _lookup_of(
    outcome: Literal["unknown", "copied", "fresh", "walk", "fetch", "wait", "away"],
    value: str,
    errand: Sequence[Any],
) -> FileLookup:
    """Return what find_file.lua answered."""
    match outcome:
        case "copied":
            copy = read_record(value, Copy)
            return FileLookup("copied", copy.url if copy else "")
        case "fresh":
            until, _, address = value.partition(" ")
            return FileLookup("fresh", address, int(until) / 1000)
        case "away":
            return FileLookup("away", wait_seconds=int(value) / 1000)
        case "walk" | "fetch":
            owner_id, lock_key, count = errand
            walk = value if outcome == "walk" else None
            return FileLookup(outcome, errand=Errand(owner_id, lock_key, walk, int(count)))
    return FileLookup(outcome)
