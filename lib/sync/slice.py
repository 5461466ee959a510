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
from lib.model import BUNDLE_VERSION, JSON, Copy, Item, Kept, KeptDatabase, Place, Tree
from lib.notion.blocks import Walk, read_tree
from lib.notion.border.objects import name_of
from lib.notion.client import NotionClient
from lib.notion.computed import Schemas
from lib.notion.databases import Head, Reading, read
from lib.notion.pages import complete, retrieve
from lib.store.bundles import Bundles, Text
from lib.store.copies import Copies
from lib.store.memory import Memory
from lib.store.runs import Hold, Run, Runs
from lib.sync.family import Family, family_of
from lib.sync.hands import Hands
from lib.sync.problems import unforeseen_reason
from lib.sync.survey import signature
from lib.sync.unfinished import DatabaseReading, PageReading, Readings

WAITING = 12
"""Claimed items that may wait to be read, more or less; those that still do when the slice ends are free again, which
costs nothing."""
CLAIM_AGAIN_AT = 4
"""Items waiting when more are claimed. What a page brought forth is claimed at once: others may hang on it."""
PAUSES_SECONDS = (2.0, 6.0)
"""How long an item waits after each failure; after one more it is reported, and tried again after the run."""


class Worker:
    """Works items for one slice. `now` gives epoch seconds, `now_iso` the same as a site reads it.

    `linger_seconds`: how long requests under way are waited for when the slice's time is used up.
    """

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
        linger_seconds: float,
        now: Callable[[], float],
        now_iso: Callable[[], str],
    ) -> None:
        self._notion = notion
        self._linger_seconds = linger_seconds
        self._runs, self._bundles, self._memory, self._copies = runs, bundles, memory, copies
        self._note, self._address, self._max_value_bytes = note, address, max_value_bytes
        self._log, self._now, self._now_iso = log, now, now_iso
        self._readings = Readings(notion, runs, now)
        self._schemas = Schemas(notion)
        self._databases: dict[str, KeptDatabase] = {}
        self._hands = Hands(self._item)
        self._stop: TryLater | None = None
        self._away: NotionAway | None = None

    async def work(self, hold: Hold, run: Run, forced_at: float | None, until: float) -> TryLater | None:
        """Works until nothing is left to claim, or until something says to stop: the wait of Notion, the end of the
        slice's time (epoch seconds `until`). Answers that reason, or None. Raises `TakenOver`, `NotionAway`."""
        self._hold, self._forced_at, self._rewrites = hold, forced_at, run.force
        await self._readings.begin(hold, is_first=run.slices + run.retries <= 1)
        self._databases = await self._memory.databases()
        more = added = True
        try:
            while self._stop is None:
                if added or not self._hands.are_busy or (more and len(self._hands.waiting) <= CLAIM_AGAIN_AT):
                    more = await self._claim(until + 2 * self._linger_seconds)
                if not self._hands.are_busy:
                    break
                added = any([await self._settled(task, item) for task, item in await self._hands.ended()])
                if self._now() >= until:
                    self._stop = self._stop or OutOfTime("the slice's time is used up")
            for task, item in await self._hands.wind_up(self._linger_seconds):
                await self._settled(task, item)
        finally:
            await self._hands.drop()
        if self._stop:
            await self._readings.rest()
        if self._away and self._notion.is_down:
            raise self._away
        return self._stop

    async def _claim(self, expires: float) -> bool:
        """Takes what is due in hand, found items before planned ones; answers whether there was enough of it."""
        room = max(1, WAITING - len(self._hands.waiting))
        claimed = await self._runs.claim(self._hold, room, self._hands.keys, expires)
        self._hands.take(claimed.items)
        return len(claimed.items) == room

    async def _settled(self, task: asyncio.Task[bool], item: Item) -> bool:
        """Takes note of how an item ended, and of what stops the slice; answers whether it added to the plan."""
        try:
            added = task.result()
        except (NotionWait, OutOfTime) as stop:
            self._stop = self._stop or stop
            return False
        except TryLater as trouble:
            if not isinstance(trouble, NotionAway):
                raise
            self._away = trouble
            await self._failed(item, str(trouble))
            return False
        except Unreadable as refusal:
            reason = f"Notion does not show it: {refusal.reason}"
            if item.parent is not None and refusal.notion_status == HTTPStatus.NOT_FOUND:
                await self._runs.drop(self._hold, item, f"{item.parent}/{item.id}")
            else:
                await self._runs.give_up(self._hold, item, reason, _title(item))
            self._log.warning("page.unreadable", pageId=item.id, slug=item.slug, reason=refusal.reason)
            added = False
        except TooLarge as refusal:
            await self._runs.give_up(self._hold, item, str(refusal), _title(item))
            self._log.warning("page.too_large", pageId=item.id, slug=item.slug, reason=str(refusal))
            added = False
        except (TakenOver, Hopeless, asyncio.CancelledError):
            raise
        except Exception as error:  # trying again would end in the same way
            self._log.error("page.error", error, pageId=item.id, slug=item.slug)
            await self._runs.give_up(self._hold, item, unforeseen_reason(error), _title(item))
            added = False
        return added

    async def _failed(self, item: Item, reason: str) -> None:
        self._log.warning("page.failed", pageId=item.id, slug=item.slug, reason=reason, attempt=item.attempts + 1)
        if item.attempts >= len(PAUSES_SECONDS):
            await self._runs.give_up(self._hold, item, reason, _title(item), again=True)
            return
        again = msgspec.structs.replace(item, attempts=item.attempts + 1, interrupted=True)
        await self._runs.put_back(self._hold, again, self._now() + PAUSES_SECONDS[item.attempts])

    async def _item(self, item: Item) -> bool:
        """Reads an item and publishes it; answers whether it added something to the plan."""
        if item.kind == "page":
            return await self._page(item)
        await self._database(item)
        return False

    async def _page(self, item: Item) -> bool:
        began = self._now()
        fresh = PageReading(item.began_at or self._readings.began_at, item.read_at, Walk(item.id))
        async with self._readings.of(item, fresh) as reading:
            page, tree = await self._read(item, reading)
        self._hands.read(item)
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
                text if self._rewrites or kept.digest != item.digest else None,
                found,
                leaving=family.leaving,
                warnings=[
                    *reading.warnings(name_of(page)),
                    *text.oversized,
                    *family.warnings,
                    *([] if slug == planned else [_took_another(page, planned, slug)]),
                ],
            )
            if outcome != "taken":
                break
        if item.parent is not None and item.slug != planned:
            await self._memory.make_overdue(item.parent)  # it has told its readers of the planned slug
        ms = round((self._now() - began) * 1000)
        self._log.event("page.synced", pageId=item.id, slug=item.slug, outcome=outcome, ms=ms)
        return bool(found)

    async def _read(self, item: Item, reading: PageReading) -> tuple[JSON, Tree]:
        """The page object and the tree, side by side: whatever ends one, the other comes to its own end."""
        page, tree = await asyncio.gather(
            self._whole_page(item, reading), self._tree(item, reading.walk), return_exceptions=True
        )
        if isinstance(page, BaseException):
            raise page
        if isinstance(tree, BaseException):
            raise tree
        return page, tree

    async def _whole_page(self, item: Item, reading: PageReading) -> JSON:
        """The page object, its properties complete."""
        given: JSON | None = msgspec.json.decode(item.page)
        if given is None and not reading.page:
            reading.page = await retrieve(self._notion, item.id, reading.oddities)
        page, completion = given or reading.page, reading.completion
        return await complete(self._notion, page, completion, self._schemas, is_last_try=_is_last_try(item))

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
            hurry=item.parent is not None,  # child pages may have child pages in turn: a long chain begins here
            is_last_try=_is_last_try(item),
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
            version=BUNDLE_VERSION,
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
            is_lacking=reading.is_lacking,
            parts=len(text.parts),
        )
        return kept, Text(text.head, text.parts, text.meta, list(files.refs), _lacking(files, copies), text.oversized)

    async def _copies_of(self, files: Found) -> dict[str, Copy]:
        """The copies there are of a bundle's files, whose signed addresses are noted for who makes the others."""
        self._note(files.refs.values())
        return await self._copies.of({ref.file for ref in files.refs.values()})

    async def _database(self, item: Item) -> None:
        is_known = item.data_source_ids and not item.digest
        head = Head(item.id, item.title, item.data_source_ids) if is_known else None
        fresh = DatabaseReading(self._now(), 0, Reading(item.id, head))
        async with self._readings.of(item, fresh) as reading:
            database = await read(self._notion, reading.rows, self._schemas, is_last_try=_is_last_try(item))
        self._hands.read(item)
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
            is_lacking=reading.rows.is_lacking,
        )
        text = Text(
            database_bundle.encode(bundle, self._now_iso(), copies),
            files=list(files.refs),
            lacking=_lacking(files, copies),
        )
        outcome = await self._bundles.commit_database(
            self._hold,
            item,
            kept,
            text if self._rewrites or kept.digest != item.digest else None,
            warnings=reading.rows.warnings,
        )
        self._log.event("database.synced", databaseId=item.id, rows=len(database.rows), outcome=outcome)


def _title(item: Item) -> str:
    """What people know the page or database by; "" where nobody has seen it yet."""
    page: JSON | None = msgspec.json.decode(item.page)
    return title_of(page) if page else item.title


def _is_last_try(item: Item) -> bool:
    """Whether what gets no usable answer is left out of it, rather than the whole item tried again."""
    return item.is_lacking or item.attempts >= len(PAUSES_SECONDS)


def _lacking(files: Found, copies: Mapping[str, Copy]) -> bool:
    return any(ref.file not in copies for ref in files.refs.values())


def _spellings(item: Item) -> list[str]:
    """The slugs a page may get: the planned one, or one that nobody else can own."""
    bare = item.id.replace("-", "")
    return [item.slug, f"{item.slug}-{bare[:8]}", f"{item.slug}-{bare}"]


def _took_another(page: JSON, planned: str, slug: str) -> str:
    return f'"{title_of(page)}" was to be published as "{planned}", which another page has taken: it stands at "{slug}"'
