"""Copies of hosted files in Blob, as KV keeps them: which there are, which are wanted, which nobody names any more."""

from collections.abc import Callable, Collection

import msgspec

from lib.model import Copy
from lib.store.keys import Keys
from lib.store.kv import Kv


class Copies:
    """`store` is the id of the Blob store; "": there is none, and so there are no copies. `now` gives epoch seconds."""

    def __init__(self, kv: Kv, keys: Keys, store: str, now: Callable[[], float]) -> None:
        self._kv, self._keys, self._now = kv, keys, now
        self._store = store
        self._copies = keys.copies(store)

    async def of(self, files: Collection[str]) -> dict[str, Copy]:
        """Those of the files that have a copy, or are known to get none; a bundle may name them now."""
        wanted = list(files)
        if not (self._store and wanted):
            return {}
        keys = [self._copies, f"{self._copies}:idle"]
        found: list[str] = await self._kv.script("copies_of", keys, [round(self._now() * 1000), *wanted])
        return {file: msgspec.json.decode(text, type=Copy) for file, text in zip(wanted, found, strict=True) if text}

    def marked(self, digest: str, files: Collection[str]) -> str:
        """A bundle's digest that changes with the store its files are copied to, so that a forced run moves them."""
        return f"{digest}@{self._store}" if self._store and files else digest
