"""Hosted files as KV knows them: which ones published bundles name, and where each is to be had."""

from collections.abc import Collection, Mapping

import msgspec

from lib.model import Copy
from lib.store.keys import Keys
from lib.store.kv import Kv, Value
from lib.store.salvage import read_record

Command = list[Value]


class Place(msgspec.Struct, frozen=True):
    """What KV says of where a file is: `outcome` is unknown, copied, fresh, fetch, wait or away (see find_file.lua).

    `address` is that of the copy, or a signed one that is handed out until `until` (epoch seconds) and is "" where the
    holder has no such file; `wait_seconds` goes with away.
    """

    outcome: str
    address: str = ""
    until: float = 0.0
    wait_seconds: float = 0.0


class Files:
    """`store` is the id of the Blob store; "": there is none."""

    def __init__(self, kv: Kv, keys: Keys, store: str = "") -> None:
        self._kv = kv
        self._keys = keys
        self.store = store

    async def find(self, holder: str, file: str, lock: str, now: float, lock_seconds: float) -> Place:
        """Looks a file up by the query of its address; takes the lock where Notion has to be asked."""
        fresh = self._keys.fresh(holder)
        copies = self._keys.copies(self.store) if self.store else ""
        outcome, value = await self._kv.script(
            "find_file",
            [self._keys.named, fresh, f"{fresh}:lock", copies],
            [f"{holder}&file={file}", file, lock, round(now * 1000), round(lock_seconds * 1000)],
        )
        match outcome:
            case "copied":
                if copy := read_record(value, Copy):
                    return Place("copied", copy.url)
                await self._kv.command("HDEL", copies, file)  # another's value: the file has no copy that we know of
                return await self.find(holder, file, lock, now, lock_seconds)
            case "fresh":
                until, _, address = value.partition(" ")
                return Place("fresh", address, int(until) / 1000)
            case "away":
                return Place("away", wait_seconds=int(value) / 1000)
        return Place(outcome)

    async def keep_fresh(self, holder: str, lock: str, addresses: Mapping[str, str], now: float, until: float) -> None:
        """Keeps what Notion said of a holder's files and gives the lock back; address "": it has no such file."""
        until_ms = round(until * 1000)
        fresh = self._keys.fresh(holder)
        words = [word for file, address in addresses.items() for word in (file, f"{until_ms} {address}")]
        await self._kv.script("keep_fresh", [fresh, f"{fresh}:lock"], [lock, until_ms - round(now * 1000), *words])

    async def keep_away(self, holder: str, seconds: float) -> None:
        """Nobody asks Notion for this holder for so long."""
        await self._kv.command("SET", f"{self._keys.fresh(holder)}:lock", "away", "PX", max(1, round(seconds * 1000)))

    async def refiled(self, placed: Collection[str], gone: Collection[str]) -> list[Command]:
        """The commands that belong to a publication: the files of staged pages (ids) that are `placed` become the
        page's own, those of bundles that are `gone` are nobody's."""
        keys = self._keys
        pages, staged = [f"page:{id}" for id in placed], [f"staged:{id}" for id in placed]
        tokens = await self._tokens([*pages, *staged, *gone])
        commands: list[Command] = []
        for bundle in [*pages, *staged, *gone]:
            if tokens[bundle]:
                commands.append(["ZREM", keys.named, *(f"{token} {bundle}" for token in tokens[bundle])])
                commands.append(["HDEL", keys.files, bundle])
                commands.append(["ZREM", keys.uncopied, bundle])
        for page, stage in zip(pages, staged, strict=True):
            if files := tokens[stage]:
                commands.append(["HSET", keys.files, page, " ".join(files)])
                commands.append(["ZADD", keys.named, *(word for token in files for word in (0, f"{token} {page}"))])
                commands.append(["ZADD", keys.uncopied, 0, page])
        return commands

    async def _tokens(self, bundles: list[str]) -> dict[str, list[str]]:
        if not bundles:
            return {}
        found: list[str | None] = await self._kv.command("HMGET", self._keys.files, *bundles)
        return {bundle: (text or "").split() for bundle, text in zip(bundles, found, strict=True)}
