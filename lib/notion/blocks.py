"""Reading a page's block tree: to any depth, each list of children once, synced blocks through
their originals."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Container, Coroutine, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec

from lib.errors import NotionAway, SyncError, Unreadable
from lib.model import JSON, Tree
from lib.notion.border.objects import blocks_of, is_partial, page_of, parent_of
from lib.notion.client import NotionClient
from lib.notion.databases import LINKED_VIEW, Head, probe_database
from lib.notion.lists import Whole
from lib.notion.originals import ORIGINAL_NOT_SHARED, Originals
from lib.notion.tree import assemble
from lib.notion.walk import NEVER_ENTERED, Walk, is_original, meeting_parts, original_of

__all__ = ["Originals", "Walk", "read_tree"]

LONGEST_REASON = 200

Answer = TypeVar("Answer")
Found = Callable[[str | Head], None]
Job = Callable[[], Coroutine[Any, Any, None]]

REASONS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "not readable through Notion's API",
    HTTPStatus.FORBIDDEN: "not permitted to the integration",
    HTTPStatus.NOT_FOUND: "not shared with the integration",
}
"""What Notion's refusals of one object mean."""
NO_ANSWER = "Notion gave no usable answer for it"


async def read_tree(
    notion: NotionClient,
    walk: Walk,
    originals: Originals,
    *,
    known_pages: Container[str] = (),
    known_databases: Container[str] = (),
    known_owners: Mapping[str, str] = {},
    found: Found = lambda thing: None,
    hurry: bool = False,
    is_last_try: bool = False,
) -> Tree:
    """The page's whole tree. `walk` is brought up to date with every answer, whatever ends the
    reading.

    Child pages in `known_pages` and child databases in `known_databases` are taken for readable,
    and `known_owners` (original → page that holds it) for true, without a request. `found` is
    called as soon as others are found: with the id of a child page that has content, with the head
    of a child database. `hurry`: its requests go before those of others. `is_last_try`: what gets
    no usable answer, although Notion answers others, is unavailable like what is refused. Raises
    Unreadable when the page itself can't be read; NotionWait, NotionAway and OutOfTime interrupt:
    no further request begins, those under way are waited for, and the same `walk` goes on another
    time. The blocks share their contents with `walk` and `originals`: read them, don't change
    them.
    """
    known = _KnownThings(known_pages, known_databases, known_owners)
    return await _TreeReading(notion, walk, originals, known, found, hurry, is_last_try).tree()


class _KnownThings(msgspec.Struct, frozen=True):
    """What needs no request, as `read_tree` takes it."""

    pages: Container[str]
    databases: Container[str]
    owners: Mapping[str, str]


class _TreeReading:
    """One call of read_tree. Jobs wait in the order of the tree's breadth; a few at a time are
    under way."""

    def __init__(
        self,
        notion: NotionClient,
        walk: Walk,
        originals: Originals,
        known: _KnownThings,
        found: Found,
        hurry: bool,
        is_last_try: bool,
    ) -> None:
        self._notion = notion
        self._walk = walk
        self._originals = originals
        self._known = known
        self._found = found
        self._hurry = hurry
        self._is_last_try = is_last_try
        self._jobs: deque[Job] = deque()
        self._entered: set[str] = set()
        self._shown: set[str] = set()
        self._own: set[str | None] = {None}
        """Originals whose blocks stand on this page, and None for what stands under no original."""
        self._interruption: Exception | None = None

    async def tree(self) -> Tree:
        async with self._originals.being_met():
            await self._work([self._page])
            whole = assemble(self._walk)
            self._originals.stand_on(self._walk.page_id, whole.originals)
        children = [child_id for child_id in whole.child_pages if child_id not in self._known.pages]
        elsewhere = [original for original in whole.copied if original not in whole.standing]
        await self._work(
            [
                *(partial(self._child_page, child_id) for child_id in children),
                *(partial(self._owner, original) for original in elsewhere),
            ]
        )
        if self._walk.hidden:
            whole = assemble(self._walk)
        await self._originals.keep(self._walk, self._shown)
        owners = {original: self._walk.owners[original] for original in elsewhere}
        return Tree(
            blocks=whole.blocks,
            child_pages=list(whole.child_pages.values()),
            hidden_pages=list(whole.hidden_pages),
            databases=list(whole.databases),
            unreadable=list(whole.unreadable),
            originals=list(whole.originals),
            copied={
                original: page for original, page in owners.items() if page != self._walk.page_id
            },
            missing=[original for original in owners if original in self._walk.unavailable],
        )

    async def _work(self, jobs: list[Job]) -> None:
        """Does the jobs and those they bring forth."""
        self._jobs.extend(jobs)
        under_way: set[asyncio.Task[None]] = set()
        try:
            while under_way or self._more():
                while self._more() and len(under_way) < self._notion.concurrency:
                    under_way.add(asyncio.create_task(self._attempt(self._jobs.popleft())))
                _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        finally:  # tasks are left here only when this reading itself is cancelled
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        if self._interruption is not None:
            raise self._interruption

    def _more(self) -> bool:
        return bool(self._jobs) and self._interruption is None

    async def _attempt(self, job: Job) -> None:
        try:
            await job()
        except Exception as error:
            self._interruption = self._interruption or error

    async def _page(self) -> None:
        blocks = await self._list(self._walk.page_id, None)
        if isinstance(blocks, Unreadable):
            raise blocks
        self._enter(self._walk.page_id, blocks, None)

    def _enter(self, list_id: str, blocks: list[JSON], original: str | None) -> None:
        """Line up what is to be read under the blocks of the list `id`; that stands under
        `original`, if under any."""
        if list_id in self._entered:
            return
        self._entered.add(list_id)
        self._jobs.extend(job for block in blocks if (job := self._job(block, original)))

    def _job(self, block: JSON, original: str | None) -> Job | None:
        if "unavailable" in block or "type" not in block:
            return None
        if parts := meeting_parts(block):
            return self._contained(block, partial(self._children, block, original, parts))
        if block["type"] == "child_database":
            known = block["id"] in self._walk.heads or block["id"] in self._known.databases
            return (
                None if known else self._contained(block, partial(self._database, block, original))
            )
        if (
            block["type"] == "child_page"
            and original is None
            and block["id"] not in self._known.pages
        ):
            if block["has_children"]:  # else it is empty, or not shared
                self._found(block["id"])
            return partial(self._child_page, block["id"])
        if copied := original_of(block):  # has_children says no where the original is not shared
            return self._contained(block, partial(self._copy, block, copied, original))
        if not block["has_children"] or block["type"] in NEVER_ENTERED:
            return None
        if is_original(block):
            self._shown.add(block["id"])
            if original is None:
                self._originals.stand_on(self._walk.page_id, [block["id"]])
            if original in self._own:
                self._own.add(block["id"])
            original = block["id"]
        return self._contained(block, partial(self._children, block, original))

    def _contained(self, block: JSON, job: Job) -> Job:
        """Return the job; an error in it that is none of the family stays with the block."""

        async def contained() -> None:
            try:
                await job()
            except SyncError:
                raise
            except Exception as error:
                self._lacks(
                    block, f"not readable ({type(error).__name__}: {error})"[:LONGEST_REASON]
                )

        return contained

    def _lacks(self, block: JSON, reason: str) -> None:
        """Mark a block whose content may be had another time."""
        block["unavailable"] = reason
        self._walk.is_lacking = True
        self._walk.oddities.note(f"block {block['id']} ({block['type']}) is left empty: {reason}")

    async def _children(
        self, block: JSON, original: str | None, parts: list[JSON] | None = None
    ) -> None:
        blocks = await self._or_refusal(self._list(block["id"], original, parts))
        if not isinstance(blocks, Unreadable):
            self._enter(block["id"], blocks, original)
            return
        self._refused(block, blocks)
        if original in self._own and blocks.notion_status == HTTPStatus.NOT_FOUND:
            self._walk.denied.append(block["id"])

    def _refused(self, block: JSON, refusal: Unreadable) -> None:
        """Mark a block whose children can't be read."""
        if _is_refused(refusal):
            block["unavailable"] = _reason_of(refusal)
        else:
            self._lacks(block, refusal.reason)

    async def _copy(self, block: JSON, copied: str, original: str | None) -> None:
        """A synced copy: what its original holds, else what its own id gives."""
        self._shown.add(copied)
        if copied not in self._walk.unavailable:
            blocks = await self._or_refusal(self._list(copied, copied))
            if not isinstance(blocks, Unreadable):
                self._enter(copied, blocks, copied)
                return
            if not _is_refused(blocks):
                self._lacks(block, blocks.reason)
                return
            self._walk.unavailable[copied] = blocks.reason
        blocks = await self._or_refusal(self._list(block["id"], original))
        if isinstance(blocks, Unreadable) or not blocks:
            block["unavailable"] = ORIGINAL_NOT_SHARED
        else:
            self._enter(block["id"], blocks, original)

    async def _database(self, block: JSON, original: str | None) -> None:
        head = await self._or_refusal(
            self._originals.head(
                block["id"], partial(self._probe, block["id"]), is_own=original in self._own
            )
        )
        if isinstance(head, Head):
            self._walk.heads[block["id"]] = head
            if original is None:
                self._found(head)
            return
        if not head.notion_status:
            self._lacks(block, head.reason)
            return
        untitled = block["child_database"].get("title") in (None, "", "Untitled")
        block["unavailable"] = LINKED_VIEW if untitled else head.reason

    async def _child_page(self, page_id: str) -> None:
        """A child page stands among the blocks whether or not it is shared: only its page object
        tells."""
        if page_id in self._walk.pages or page_id in self._walk.hidden:
            return
        answer = await self._or_refusal(self._get(f"pages/{page_id}", hurry=True))
        if not isinstance(answer, Unreadable):
            page = page_of(answer, self._walk.page_oddities)
            if page is not None and not is_partial(page):
                self._walk.pages[page_id] = page
        elif _is_refused(answer):
            self._walk.hidden[page_id] = _reason_of(answer)
        # What Notion can't show now is no less a child page: its own reading says what is wrong.

    async def _owner(self, original: str) -> None:
        """Find the page that holds an original, up its parents."""
        if original in self._walk.owners:
            return
        unavailable = original in self._walk.unavailable
        owner = None if unavailable else self._known.owners.get(original)
        seen: set[str] = set()
        block_id = "" if owner or unavailable else original
        if block_id:
            await self._originals.wait_for(original)
        while block_id and block_id not in seen:
            seen.add(block_id)
            asked = await self._or_refusal(
                self._originals.parent(block_id, partial(self._parent, block_id))
            )
            parent = {} if isinstance(asked, Unreadable) else asked
            self._walk.parents[block_id] = parent
            owner = parent.get("page_id")
            block_id = parent.get("block_id", "")
        self._walk.owners[original] = owner

    async def _list(
        self, list_id: str, original: str | None, given: list[JSON] | None = None
    ) -> list[JSON] | Unreadable:
        """The children of `list_id`, which stands under `original`; `given` where no request is
        needed to know them. What this walk marks in them is not seen by others."""
        known = self._walk.lists.get(list_id, ())
        if not original or any("unavailable" in block for block in known):
            blocks = await self._read(list_id, given)
        else:
            read = partial(self._read, list_id, given)
            is_own = original in self._own
            blocks = await self._originals.children(original, list_id, read, is_own=is_own)
            if not isinstance(blocks, Unreadable):
                blocks = [block.copy() for block in blocks]
        if not isinstance(blocks, Unreadable):
            self._walk.lists[list_id] = blocks
        return blocks

    async def _read(self, list_id: str, given: list[JSON] | None) -> list[JSON] | Unreadable:
        if (known := self._walk.lists.get(list_id, given)) is not None:
            return known
        children = self._walk.begun.setdefault(list_id, Whole())
        sound = partial(blocks_of, oddities=self._walk.oddities)
        hurry = list_id != self._walk.page_id  # a page that is begun goes before one that is not
        get = partial(self._get, f"blocks/{list_id}/children", hurry=hurry)
        try:
            while await children.read_on(get, sound) is None:
                pass
        except Unreadable as error:
            del self._walk.begun[list_id]
            return error
        return self._walk.begun.pop(list_id).results

    async def _probe(self, block_id: str) -> Head | Unreadable:
        self._go_on()
        try:
            return await probe_database(self._notion, block_id)
        except Unreadable as error:
            return error

    async def _parent(self, block_id: str) -> JSON:
        if block_id in self._walk.parents:
            return self._walk.parents[block_id]
        try:
            block = await self._get(f"blocks/{block_id}")
        except Unreadable:
            return {}
        return parent_of(block)

    async def _get(self, path: str, query: JSON | None = None, *, hurry: bool = False) -> JSON:
        self._go_on()
        return await self._notion.get(path, query, hurry=hurry or self._hurry)

    async def _or_refusal(self, asked: Awaitable[Answer]) -> Answer | Unreadable:
        """Return the answer or the refusal; on the last try, what gets no usable answer counts as
        refused, unless Notion is down."""
        try:
            return await asked
        except Unreadable as refusal:
            return refusal
        except NotionAway:
            if not self._is_last_try or self._notion.is_down:
                raise
            return Unreadable(NO_ANSWER, 0)

    def _go_on(self) -> None:
        if self._interruption is not None:
            raise self._interruption


def _is_refused(refusal: Unreadable) -> bool:
    """Return whether Notion said no, rather than something odd or nothing at all."""
    return HTTPStatus.BAD_REQUEST <= refusal.notion_status < HTTPStatus.INTERNAL_SERVER_ERROR


def _reason_of(refusal: Unreadable) -> str:
    return REASONS.get(refusal.notion_status, "not readable")
