"""KV as a site reads it."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lib.store.keys import Keys
from lib.store.kv import Kv

AT_ONCE = 100


class Site:
    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv = kv
        self._prefix = keys.prefix

    async def keys(self) -> list[str]:
        """What a site can read, without `KV_PREFIX`; nothing of the engine's own."""
        found: list[str] = await self._kv.command("KEYS", f"{self._prefix}*")
        names = (key.removeprefix(self._prefix) for key in found)
        return sorted(name for name in names if not name.startswith("sync:"))

    async def bundles(self) -> list[dict[str, Any]]:
        """Every page's bundle, put together of its parts."""
        names = [name for name in await self.keys() if name.startswith("page:")]
        values = await self._values(names)
        bundles = [values[name] for name in names if "meta" in values[name]]
        for bundle in bundles:
            parts = [f"page:{bundle['meta']['slug']}:part:{number}" for number in range(1, bundle.pop("parts", 0) + 1)]
            if parts:
                bundle["blocks"] = [block for part in parts for block in values[part]["blocks"]]
        return bundles

    async def _values(self, names: Sequence[str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for at in range(0, len(names), AT_ONCE):
            some = names[at : at + AT_ONCE]
            texts = await self._kv.command("MGET", *(self._prefix + name for name in some))
            values |= {name: json.loads(text) for name, text in zip(some, texts, strict=True)}
        return values


def kinds(names: Sequence[str]) -> str:
    """How many keys of which kind: `2 db, 2 index, 37 page`."""
    counts = Counter("index" if ":index" in name else name.partition(":")[0] for name in names)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"
