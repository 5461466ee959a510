"""What several pages show and is read once: synced originals, the pages they stand on, child
databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus

from lib.errors import Unreadable
from lib.model import JSON
from lib.notion.border.blocks import ORIGINAL_UNKNOWN
from lib.notion.databases import LINKED_VIEW, Head
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
    A refusal that a copy met is not believed where `is_own`: by the page that holds the original.
    It may have been in the trash then, which its `last_edited_time` does not tell.
    """

    def __init__(
        self,
        load: Callable[[str], Awaitable[Lists | None]] | None = None,
        save: Callable[[str, Lists], Awaitable[None]] | None = None,
    ) -> None:
        self._load = load
        self._save = save
        self._loaded: Once[None] = Once()
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
        self,
        original: str,
        list_id: str,
        ask: Callable[[], Awaitable[list[JSON] | Unreadable]],
        *,
        is_own: bool = False,
    ) -> list[JSON] | Unreadable:
        """The children of an original, or of the block `list_id` under it."""
        await self._loaded.get(original, partial(self._load_once, original))
        return await self._lists.get(list_id, ask, _is_whole if is_own else None)

    async def head(
        self,
        database_id: str,
        ask: Callable[[], Awaitable[Head | Unreadable]],
        *,
        is_own: bool = False,
    ) -> Head | Unreadable:
        """What probing a child database gave."""
        return await self._heads.get(database_id, ask, _is_answer if is_own else None)

    async def parent(self, block_id: str, ask: Callable[[], Awaitable[JSON]]) -> JSON:
        """What a block gives as its parent; {}: it can't be read."""
        return await self._parents.get(block_id, ask)

    def stand_on(self, page_id: str, originals: Iterable[str]) -> None:
        """Note that a walk has met these originals on its page: they need not be looked for."""
        for original in originals:
            self._parents.put(original, {"type": "page_id", "page_id": page_id})

    async def keep(self, walk: Walk, originals: set[str]) -> None:
        """Save the originals that a finished walk has read, each once, and again where it was
        refused before. What lacks something is read again."""
        if walk.is_lacking:
            return
        for original in sorted(originals - self._kept):
            lists = subtree(walk.lists, original)
            if lists:
                self._kept.add(original)
            if self._save is not None:
                await self._save(original, lists)

    async def _load_once(self, original: str) -> None:
        loaded = await self._load(original) if self._load is not None else None
        if loaded is None:
            return
        if loaded:
            self._kept.add(original)
        else:
            refusal = Unreadable(ORIGINAL_NOT_SHARED, HTTPStatus.NOT_FOUND)
            self._lists.put(original, refusal)
        for list_id, blocks in loaded.items():
            self._lists.put(list_id, blocks)


def _is_whole(answer: list[JSON] | Unreadable) -> bool:
    """Return whether Notion refused neither a list nor what stands under its blocks."""
    return not isinstance(answer, Unreadable) and all(
        block.get("unavailable") in (None, LINKED_VIEW, ORIGINAL_UNKNOWN) for block in answer
    )


def _is_answer(answer: Head | Unreadable) -> bool:
    return not isinstance(answer, Unreadable)
