"""What several pages show and is read once: synced originals, the pages they stand on, child
databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus

from lib.errors import Unreadable
from lib.model import JSON
from lib.notion.databases import Head
from lib.notion.once import Once
from lib.notion.walk import Walk, subtree

Lists = dict[str, list[JSON]]

ROUNDS = 5
"""How often a page waits for those that are being read, before Notion is asked where an original
stands."""
ORIGINAL_NOT_SHARED = "synced block whose original is not shared"


class Originals:
    """Shared by all walks of a slice; `load` and `save` carry what was read of an original from
    slice to slice.

    An original is kept as its lists of children by block id. No list of its own: it can't be read.
    """

    def __init__(
        self,
        load: Callable[[str], Awaitable[Lists | None]] | None = None,
        save: Callable[[str, Lists], Awaitable[None]] | None = None,
    ) -> None:
        self._load = load
        self._save = save
        self._loaded: Once[Lists | None] = Once()
        self._kept: set[str] = set()
        self._lists: Once[list[JSON] | Unreadable] = Once()
        self._heads: Once[Head | Unreadable] = Once()
        self._parents: Once[JSON] = Once()
        self._met: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def being_met(self) -> AsyncIterator[None]:
        """Around the reading of a page's blocks, after which it is known which originals stand on
        it."""
        met: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._met.add(met)
        try:
            yield
        finally:
            self._met.discard(met)
            met.set_result(None)

    async def wait_for(self, original: str) -> None:
        """Wait until pages whose blocks are being read have shown what stands on them, as long as
        none shows this original: those of this moment, and a few times those that have begun
        meanwhile."""
        for _ in range(ROUNDS):
            ahead = self._met.copy()
            while ahead and not self._parents.has(original):
                _, ahead = await asyncio.wait(ahead, return_when=asyncio.FIRST_COMPLETED)

    async def children(
        self, original: str, list_id: str, ask: Callable[[], Awaitable[list[JSON] | Unreadable]]
    ) -> list[JSON] | Unreadable:
        """The children of an original, or of the block `id` under it."""
        loaded = await self._loaded.get(original, partial(self._load_once, original))
        if loaded is not None and list_id in loaded:
            return loaded[list_id]
        if loaded is not None and list_id == original:
            return Unreadable(ORIGINAL_NOT_SHARED, HTTPStatus.NOT_FOUND)
        return await self._lists.get(list_id, ask)

    async def head(
        self, database_id: str, ask: Callable[[], Awaitable[Head | Unreadable]]
    ) -> Head | Unreadable:
        """What probing a child database gave."""
        return await self._heads.get(database_id, ask)

    async def parent(self, block_id: str, ask: Callable[[], Awaitable[JSON]]) -> JSON:
        """What a block gives as its parent; {}: it can't be read."""
        return await self._parents.get(block_id, ask)

    def stand_on(self, page_id: str, originals: Iterable[str]) -> None:
        """Note that a walk has met these originals on its page: they need not be looked for."""
        for original in originals:
            self._parents.put(original, {"type": "page_id", "page_id": page_id})

    async def keep(self, walk: Walk, originals: set[str]) -> None:
        """Save the originals that a finished walk has read, each once."""
        for original in sorted(originals - self._kept):
            self._kept.add(original)
            if self._save is not None:
                await self._save(original, subtree(walk.lists, original))

    async def _load_once(self, original: str) -> Lists | None:
        loaded = await self._load(original) if self._load is not None else None
        if loaded is not None:
            self._kept.add(original)
        return loaded
