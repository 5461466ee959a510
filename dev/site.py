"""KV as a site reads it."""

from collections import Counter
from collections.abc import Sequence

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

    async def texts(self) -> dict[str, str]:
        """The text of each of these keys; `paths` holds none."""
        names = [name for name in await self.keys() if name != "paths"]
        texts: dict[str, str] = {}
        for at in range(0, len(names), AT_ONCE):
            some = names[at : at + AT_ONCE]
            found = await self._kv.command("MGET", *(self._prefix + name for name in some))
            texts |= dict(zip(some, found, strict=True))
        return texts

    async def paths(self) -> dict[str, str]:
        """Return the slugs of the published pages by their ids."""
        return await self._kv.read_hash(f"{self._prefix}paths")


def kinds(names: Sequence[str]) -> str:
    """How many keys of which kind: `2 db, 2 index, 37 page`."""
    counts = Counter("index" if ":index" in name else name.partition(":")[0] for name in names)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"
