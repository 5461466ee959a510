"""The work of one slice: claims items of the plan, reads each one whole, and publishes it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

import msgspec

from lib.bundle import database as database_bundle
from lib.bundle import index
from lib.bundle import page as page_bundle
from lib.bundle.encoding import encode
from lib.bundle.media import Address, FileRef, Found, unsigned
from lib.bundle.page import PageBundle
from lib.bundle.properties import fingerprint
from lib.bundle.properties import title as title_of
from lib.errors import Hopeless, NotionAway, NotionWait, OutOfTime, TakenOver, TooLarge, TryLater, Unreadable
from lib.log import Log
from lib.model import JSON, Copy, Item, Kept, KeptDatabase, Place, Tree
from lib.notion.blocks import Walk, read_tree
from lib.notion.client import NotionClient
from lib.notion.databases import Head, Reading, read
from lib.notion.pages import complete, retrieve
from lib.store.bundles import Bundles, Text
from lib.store.copies import Copies
from lib.store.memory import Memory
from lib.store.runs import Hold, Run, Runs
from lib.sync.family import Family, family_of
from lib.sync.survey import signature
from lib.sync.unfinished import DatabaseReading, PageReading, Readings

PAGES_AT_ONCE = 8
CLAIM_AGAIN_AT = 4
"""Pages under way when more are claimed. More of both would keep Notion busier, but leave more pages half read at the
end of a minute's budget, each of which costs KV commands."""
PAUSES_SECONDS = (10.0, 40.0, 160.0)
"""How long an item waits after each failure; after one more it is reported."""
LINGER_SECONDS = 8.0
"""How long requests under way are waited for when the slice's time is used up."""


class Worker:
    """Works items for one slice. `now` gives epoch seconds, `now_iso` the same as a site reads it."""

    def __init__(
        self,
        *,
        notion: NotionClient,
        runs: Runs,
        bundles: Bundles,
        memory: Memory,
        copies: Copies,
        note: Callable[[Iterable[FileRef]], None],
        address: Address,
        max_value_bytes: int,
        log: Log,
        now: Callable[[], float],
        now_iso: Callable[[], str],
    ) -> None:
        self._notion = notion
        self._runs, self._bundles, self._memory, self._copies = runs, bundles, memory, copies
        self._note, self._address, self._max_value_bytes = note, address, max_value_bytes
        self._log, self._now, self._now_iso = log, now, now_iso
        self._readings = Readings(notion, runs, now)
        self._databases: dict[str, KeptDatabase] = {}
        self._worked = 0
        self._away: NotionAway | None = None

    async def work(self, hold: Hold, run: Run, forced_at: float | None, until: float) -> TryLater | None:
        """Works until nothing is left to claim, or until something says to stop: the wait of Notion, the end of the
        slice's time (epoch seconds `until`). Answers that reason, or None. Raises `TakenOver`, `NotionAway`."""
        self._hold, self._forced_at = hold, forced_at
        await self._readings.begin(hold, is_first=run.slices + run.retries <= 1)
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
        if stop:
            await self._readings.rest()
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
            reason = f"Notion does not show it: {refusal.reason}"
            if item.parent is not None and refusal.notion_status == HTTPStatus.NOT_FOUND:
                await self._runs.drop(self._hold, item, f"{item.parent}/{item.id}")
            else:
                await self._runs.give_up(self._hold, item, reason, _title(item))
            self._log.warning("page.unreadable", pageId=item.id, slug=item.slug, reason=refusal.reason)
        except TooLarge as refusal:
            self._worked += 1
            await self._runs.give_up(self._hold, item, str(refusal), _title(item))
            self._log.warning("page.too_large", pageId=item.id, slug=item.slug, reason=str(refusal))
        except (TakenOver, Hopeless, asyncio.CancelledError):
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
            await self._runs.give_up(self._hold, item, reason, _title(item))
            return
        again = msgspec.structs.replace(item, attempts=item.attempts + 1, interrupted=True)
        await self._runs.put_back(self._hold, again, self._now() + PAUSES_SECONDS[item.attempts])

    async def _item(self, item: Item) -> None:
        await (self._page(item) if item.kind == "page" else self._database(item))

    async def _page(self, item: Item) -> None:
        began = self._now()
        fresh = PageReading(item.began_at or self._readings.began_at, item.read_at, Walk(item.id))
        async with self._readings.of(item, fresh) as reading:
            page = await self._whole_page(item, reading)
            tree = await self._tree(item, reading.walk)
        outcome, planned = "taken", item.slug
        for slug in _spellings(item):
            item = msgspec.structs.replace(item, slug=slug)
            family = await family_of(item, slug, tree.child_pages, self._memory, self._runs, self._hold.run_id)
            files = Found(self._address)
            bundle = page_bundle.build(
                page, tree, Place(slug, item.source, item.visibility, item.parent), family.children, files
            )
            copies = await self._copies_of(files)
            found = [*self._due_children(item, family, reading), *self._due_databases(tree, reading.walk.heads)]
            kept, text = self._written(item, page, tree, bundle, reading, files, copies)
            outcome = await self._bundles.commit_page(
                self._hold,
                item,
                kept,
                text if kept.digest != item.digest else None,
                found,
                leaving=family.leaving,
                warnings=family.warnings if slug == planned else [*family.warnings, _took_another(page, planned, slug)],
            )
            if outcome != "taken":
                break
        if item.parent is not None and item.slug != planned:
            await self._memory.make_overdue(item.parent)  # it has told its readers of the planned slug
        ms = round((self._now() - began) * 1000)
        self._log.event("page.synced", pageId=item.id, slug=item.slug, outcome=outcome, ms=ms)

    async def _whole_page(self, item: Item, reading: PageReading) -> JSON:
        """The page object, its properties complete."""
        given: JSON | None = msgspec.json.decode(item.page)
        if given is None and not reading.page:
            reading.page = await retrieve(self._notion, item.id)
        return await complete(self._notion, given or reading.page, reading.completion)

    async def _tree(self, item: Item, walk: Walk) -> Tree:
        known = {id for id, kept in self._databases.items() if not kept.lost}
        owners = {original: owner for original, owner in item.owners.items() if owner}
        return await read_tree(
            self._notion,
            walk,
            self._readings.originals,
            known_pages=item.seen,
            known_databases=known,
            known_owners=owners,
        )

    def _due_children(self, item: Item, family: Family, reading: PageReading) -> list[Item]:
        """The child pages that must be read, now that their slugs are known."""
        due = []
        for child in family.children:
            kept = family.before.get(child["id"])
            place = (child["slug"], item.source, item.visibility, item.id)
            if (
                kept is None
                or child["id"] in item.due_children
                or (kept.slug, kept.source, kept.visibility, kept.parent) != place
                or (self._forced_at is not None and kept.began_at < self._forced_at)
            ):
                slug, source, visibility, parent = place
                page = reading.walk.pages.get(child["id"])
                due.append(
                    Item(
                        id=child["id"],
                        source=source,
                        slug=slug,
                        visibility=visibility,
                        parent=parent,
                        title=child["title"],
                        page=msgspec.Raw(encode(unsigned(page) if page else None).encode()),
                        read_at=reading.read_at if page else 0.0,
                        began_at=reading.began_at if page else 0.0,
                        digest=kept.digest if kept else "",
                        children=kept.children if kept else [],
                        owners=kept.copied if kept else {},
                    )
                )
        return due

    def _due_databases(self, tree: Tree, heads: dict[str, Head]) -> list[Item]:
        due = []
        for id in tree.databases:
            kept = self._databases.get(id)
            if kept is None or kept.lost or (self._forced_at is not None and kept.began_at < self._forced_at):
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

    def _written(
        self,
        item: Item,
        page: JSON,
        tree: Tree,
        bundle: PageBundle,
        reading: PageReading,
        files: Found,
        copies: Mapping[str, Copy],
    ) -> tuple[Kept, Text]:
        """What KV remembers of the page, and the bundle as text."""
        text = page_bundle.encode(bundle, self._now_iso(), self._max_value_bytes, copies)
        kept = Kept(
            slug=item.slug,
            source=item.source,
            title=title_of(page),
            created=page["created_time"],
            edited=page["last_edited_time"],
            read_at=reading.read_at,
            began_at=reading.began_at,
            digest=self._copies.marked(bundle.digest, files.refs),
            visibility=item.visibility,
            meta_digest=bundle.meta_digest,
            fingerprint=fingerprint(page),
            rank=index.rank(bundle.meta) if item.parent is None else None,
            parent=item.parent,
            children=[child.id for child in tree.child_pages],
            hidden=tree.hidden_pages,
            originals=tree.originals,
            copied=tree.copied,
            databases=tree.databases,
            unreadable=tree.unreadable,
            parts=len(text.parts),
        )
        return kept, Text(text.head, text.parts, text.meta, list(files.refs), _lacking(files, copies))

    async def _copies_of(self, files: Found) -> dict[str, Copy]:
        """The copies there are of a bundle's files, whose signed addresses are noted for who makes the others."""
        self._note(files.refs.values())
        return await self._copies.of({ref.file for ref in files.refs.values()})

    async def _database(self, item: Item) -> None:
        is_known = item.data_source_ids and not item.digest
        head = Head(item.id, item.title, item.data_source_ids) if is_known else None
        fresh = DatabaseReading(self._now(), 0, Reading(item.id, head))
        async with self._readings.of(item, fresh) as reading:
            database = await read(self._notion, reading.rows)
        files = Found(self._address)
        bundle = database_bundle.build(database, files)
        copies = await self._copies_of(files)
        kept = KeptDatabase(
            title=database.title,
            data_source_ids=list(reading.rows.schemas),
            read_at=reading.read_at,
            began_at=reading.began_at,
            digest=self._copies.marked(bundle.digest, files.refs),
            signature=signature(database.rows),
        )
        text = Text(
            database_bundle.encode(bundle, self._now_iso(), copies),
            files=list(files.refs),
            lacking=_lacking(files, copies),
        )
        outcome = await self._bundles.commit_database(
            self._hold, item, kept, text if kept.digest != item.digest else None
        )
        self._log.event("database.synced", databaseId=item.id, rows=len(database.rows), outcome=outcome)


def _title(item: Item) -> str:
    """What people know the page or database by; "" where nobody has seen it yet."""
    page: JSON | None = msgspec.json.decode(item.page)
    return title_of(page) if page else item.title


def _lacking(files: Found, copies: Mapping[str, Copy]) -> bool:
    return any(ref.file not in copies for ref in files.refs.values())


def _spellings(item: Item) -> list[str]:
    """The slugs a page may get: the planned one, or one that nobody else can own."""
    bare = item.id.replace("-", "")
    return [item.slug, f"{item.slug}-{bare[:8]}", f"{item.slug}-{bare}"]


def _took_another(page: JSON, planned: str, slug: str) -> str:
    return f'"{title_of(page)}" was to be published as "{planned}", which another page has taken: it stands at "{slug}"'
