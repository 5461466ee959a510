"""The work of one slice: claims items of the plan, reads each one whole, and publishes it."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from lib.bundle import database as database_bundle
from lib.bundle import index, slugs
from lib.bundle import page as page_bundle
from lib.bundle.media import Address
from lib.bundle.page import PageBundle
from lib.bundle.properties import title as title_of
from lib.errors import NotionAway, NotionWait, OutOfTime, TakenOver, TryLater, Unreadable
from lib.log import Log
from lib.model import JSON, Item, Kept, KeptDatabase, Place, Tree
from lib.notion.blocks import Originals, Walk, read_tree
from lib.notion.client import NotionClient
from lib.notion.databases import Head, probe, read
from lib.notion.pages import complete, retrieve
from lib.store.bundles import Bundles, Text
from lib.store.memory import Memory
from lib.store.runs import Hold, Run, Runs
from lib.sync.survey import signature

PAGES_AT_ONCE = 12
CLAIM_AGAIN_AT = 8
"""Pages under way when more are claimed: as many as Notion gets requests at a time, so that no place stays free."""
PAUSES_SECONDS = (10.0, 40.0, 160.0)
"""How long an item waits after each failure; after one more it is reported."""
DUE_FIRST = 0.0
"""When an interrupted page is due: as early as the plan's other items, so that the next slice goes on with it."""
LINGER_SECONDS = 8.0
"""How long requests under way are waited for when the slice's time is used up."""


class Worker:
    """Works items for one slice. `now` gives epoch seconds, `now_iso` the same as a site reads it."""

    def __init__(
        self,
        *,
        notion: NotionClient,
        originals: Originals,
        runs: Runs,
        bundles: Bundles,
        memory: Memory,
        address: Address,
        max_value_bytes: int,
        log: Log,
        now: Callable[[], float],
        now_iso: Callable[[], str],
    ) -> None:
        self._notion, self._originals = notion, originals
        self._runs, self._bundles, self._memory = runs, bundles, memory
        self._address, self._max_value_bytes = address, max_value_bytes
        self._log, self._now, self._now_iso = log, now, now_iso
        self._databases: dict[str, KeptDatabase] = {}
        self._worked = 0
        self._away: NotionAway | None = None

    async def work(self, hold: Hold, run: Run, forced_at: float | None, until: float) -> TryLater | None:
        """Works until nothing is left to claim, or until something says to stop: the wait of Notion, the end of the
        slice's time (epoch seconds `until`). Answers that reason, or None. Raises `TakenOver`, `NotionAway`."""
        self._hold, self._forced_at = hold, forced_at
        self._began_at = self._notion.notion_time(self._now())
        self._databases = await self._memory.databases()
        under_way: dict[asyncio.Task[None], Item] = {}
        stop: TryLater | None = None
        more = True
        try:
            while more or under_way:
                if more and stop is None and len(under_way) <= CLAIM_AGAIN_AT:
                    in_hand = [item.id if item.kind == "page" else f"db:{item.id}" for item in under_way.values()]
                    room = PAGES_AT_ONCE - len(under_way)
                    claimed = await self._runs.claim(hold, room, in_hand, until + 2 * LINGER_SECONDS)
                    under_way |= {asyncio.create_task(self._item(item)): item for item in claimed.items}
                    more = bool(claimed.items)
                if not under_way:
                    break
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    item = under_way.pop(task)
                    more = True
                    stop = stop or await self._settled(task, item)
                if stop is None and self._now() >= until:
                    stop = OutOfTime("the slice's time is used up")
                if stop:
                    more = False
                    await self._wind_up(under_way)
                    under_way = {}
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        if self._away and not self._worked:
            raise self._away
        return stop

    async def _wind_up(self, under_way: dict[asyncio.Task[None], Item]) -> None:
        """Lets what is under way come to its next stop; what takes longer is cut off, and keeps what it has read."""
        if not under_way:
            return
        done, late = await asyncio.wait(under_way, timeout=LINGER_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in done:
            await self._settled(task, under_way[task])

    async def _settled(self, task: asyncio.Task[None], item: Item) -> TryLater | None:
        """Takes note of how an item ended; answers what stops the slice."""
        try:
            task.result()
        except (NotionWait, OutOfTime) as stop:
            return stop
        except TryLater as trouble:
            if not isinstance(trouble, NotionAway):
                raise
            self._away = trouble
            await self._failed(item, str(trouble))
        except Unreadable as refusal:
            self._worked += 1
            await self._runs.give_up(self._hold, item, f"Notion does not show it: {refusal.reason}")
            self._log.warning("page.unreadable", pageId=item.id, slug=item.slug, reason=refusal.reason)
        except (TakenOver, asyncio.CancelledError):
            raise
        except Exception as error:
            self._log.error("page.error", error, pageId=item.id, slug=item.slug)
            await self._failed(item, f"{type(error).__name__}: {error}"[:300])
        else:
            self._worked += 1
        return None

    async def _failed(self, item: Item, reason: str) -> None:
        self._log.warning("page.failed", pageId=item.id, slug=item.slug, reason=reason, attempt=item.attempts + 1)
        if item.attempts >= len(PAUSES_SECONDS):
            await self._runs.give_up(self._hold, item, reason)
            return
        again = msgspec.structs.replace(item, attempts=item.attempts + 1, interrupted=True)
        await self._runs.put_back(self._hold, again, self._now() + PAUSES_SECONDS[item.attempts])

    async def _item(self, item: Item) -> None:
        await (self._page(item) if item.kind == "page" else self._database(item))

    async def _page(self, item: Item) -> None:
        began = self._now()
        # What this slice has read of a synced original before counts as old as the slice.
        read_at = item.read_at or self._began_at
        page: JSON = msgspec.json.decode(item.page) or await retrieve(self._notion, item.id)
        page = await complete(self._notion, page)
        tree, heads = await self._tree(item)
        before = await self._memory.kept([child.id for child in tree.child_pages]) if tree.child_pages else {}
        outcome = "taken"
        for slug in _spellings(item):
            item = msgspec.structs.replace(item, slug=slug)
            children, _ = slugs.children(slug, tree.child_pages)
            bundle = page_bundle.build(
                page, tree, Place(slug, item.source, item.visibility, item.parent), children, self._address
            )
            found = [*self._due_children(item, children, before), *self._due_databases(tree, heads)]
            kept, text = self._written(item, page, tree, bundle, read_at)
            outcome = await self._bundles.commit_page(
                self._hold, item, kept, text if kept.digest != item.digest else None, found
            )
            if outcome != "taken":
                break
        ms = round((self._now() - began) * 1000)
        self._log.event("page.synced", pageId=item.id, slug=item.slug, outcome=outcome, ms=ms)

    async def _tree(self, item: Item) -> tuple[Tree, dict[str, Head]]:
        """The page's tree; what an interruption leaves is kept for the next slice."""
        walk = Walk(item.id)
        if item.interrupted and (progress := await self._memory.partial(item.id)):
            walk = msgspec.json.decode(progress, type=Walk)
        known = {id for id, kept in self._databases.items() if not kept.lost}
        owners = {original: owner for original, owner in item.owners.items() if owner}
        try:
            tree = await read_tree(self._notion, walk, self._originals, known_databases=known, known_owners=owners)
        except (NotionWait, OutOfTime, NotionAway, asyncio.CancelledError) as stop:
            if walk.has_read:
                await self._memory.keep_partial(item.id, msgspec.json.encode(walk))
                if not isinstance(stop, NotionAway):
                    again = msgspec.structs.replace(item, interrupted=True)
                    await self._runs.put_back(self._hold, again, DUE_FIRST)
            raise
        return tree, walk.heads

    def _due_children(self, item: Item, children: Sequence[JSON], before: dict[str, Kept]) -> list[Item]:
        """The child pages that must be read, now that their slugs are known."""
        due = []
        for child in children:
            kept = before.get(child["id"])
            place = (child["slug"], item.source, item.visibility, item.id)
            if (
                kept is None
                or child["id"] in item.due_children
                or (kept.slug, kept.source, kept.visibility, kept.parent) != place
                or (self._forced_at is not None and kept.read_at < self._forced_at)
            ):
                memory: JSON = {"digest": kept.digest, "children": kept.children, "owners": kept.copied} if kept else {}
                slug, source, visibility, parent = place
                due.append(
                    Item(id=child["id"], source=source, slug=slug, visibility=visibility, parent=parent, **memory)
                )
        return due

    def _due_databases(self, tree: Tree, heads: dict[str, Head]) -> list[Item]:
        due = []
        for id in tree.databases:
            kept = self._databases.get(id)
            if kept is None or kept.lost or (self._forced_at is not None and kept.read_at < self._forced_at):
                head = heads.get(id)
                due.append(
                    Item(
                        id=id,
                        kind="database",
                        title=head.title if head else kept.title if kept else "",
                        data_source_ids=head.data_source_ids if head else kept.data_source_ids if kept else [],
                        digest=kept.digest if kept else "",
                    )
                )
        return due

    def _written(self, item: Item, page: JSON, tree: Tree, bundle: PageBundle, read_at: float) -> tuple[Kept, Text]:
        """What KV remembers of the page, and the bundle as text."""
        text = page_bundle.encode(bundle, self._now_iso(), self._max_value_bytes)
        kept = Kept(
            slug=item.slug,
            source=item.source,
            title=title_of(page),
            created=page["created_time"],
            edited=page["last_edited_time"],
            read_at=read_at,
            digest=bundle.digest,
            visibility=item.visibility,
            meta_digest=bundle.meta_digest,
            rank=index.rank(bundle.meta) if item.parent is None else None,
            parent=item.parent,
            children=[child.id for child in tree.child_pages],
            originals=tree.originals,
            copied=tree.copied,
            databases=tree.databases,
            parts=len(text.parts),
        )
        return kept, Text(text.head, text.parts, text.meta)

    async def _database(self, item: Item) -> None:
        read_at = self._notion.notion_time(self._now())
        head = Head(item.id, item.title, item.data_source_ids)
        if item.digest or not item.data_source_ids:
            head = await probe(self._notion, item.id)
        database = await read(self._notion, head)
        bundle = database_bundle.build(database, self._address)
        kept = KeptDatabase(
            title=head.title,
            data_source_ids=head.data_source_ids,
            read_at=read_at,
            digest=bundle.digest,
            signature=signature(database.rows),
        )
        text = database_bundle.encode(bundle, self._now_iso()) if bundle.digest != item.digest else ""
        outcome = await self._bundles.commit_database(self._hold, item, kept, text)
        self._log.event("database.synced", databaseId=item.id, rows=len(database.rows), outcome=outcome)


def _spellings(item: Item) -> list[str]:
    """The slugs a page may get: the planned one, or one that nobody else can own."""
    bare = item.id.replace("-", "")
    return [item.slug, f"{item.slug}-{bare[:8]}", f"{item.slug}-{bare}"]
