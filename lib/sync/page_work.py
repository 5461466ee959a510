"""One page that is due: read whole, given its address, built and published."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus

import msgspec

from lib.bundle import index
from lib.bundle import page as page_bundle
from lib.bundle.media import Address, FileRef, Found, without_signatures
from lib.bundle.publication import is_trashed
from lib.bundle.slugs import slug_segment
from lib.bundle.text.document import document_of
from lib.bundle.values import PageLink
from lib.errors import TooLarge, Unreadable
from lib.log import Log
from lib.model import (
    BUNDLE_VERSION,
    JSON,
    ChildPage,
    Claim,
    Copy,
    Observation,
    PageRecord,
    Place,
    Tree,
    WorkItem,
)
from lib.notion.blocks import Walk
from lib.notion.border.objects import Oddities, name_of, says_where
from lib.notion.client import NotionClient
from lib.notion.computed import Schemas
from lib.notion.pages import find_page
from lib.store.copies import Copies, is_for_all
from lib.store.runs import SliceLease
from lib.store.site import Known, PageCommit, Sighting, Site, Table, Text
from lib.store.work import WorkQueue
from lib.sync.addresses import AddressBook
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.page_reader import PageReader
from lib.sync.page_texts import databases_in, tables_for
from lib.sync.read_ahead import ReadAhead
from lib.sync.sightings import child_of, has_left, is_settled, raw, row_of, stamp_of
from lib.sync.unfinished import PageReading, Readings

MOST_OLDER = 3
"""Readings in a row that are older than what is remembered, by clocks that can't be right."""
COMMIT_TRIES = 20
"""How often addresses are planned anew because another publication changed them meanwhile."""

Work = list[tuple[str, WorkItem]]


class Family(msgspec.Struct, frozen=True):
    """The child pages of a page: observations by id in the order of the document, what was known of
    them, what has to be read of them and of others, those that are gone, those of which it is
    unclear where they are, which stay this page's charge, and those that were renamed so lately
    that the list of blocks may show what they were called before."""

    children: dict[str, Observation] = {}
    known: dict[str, Observation] = {}
    work: Work = []
    gone: list[str] = []
    unclear: list[str] = []
    renamed: list[str] = []


class PageWork:
    """Syncs pages for one slice. `is_last_try` tells of a claim whether what gets no usable answer
    is left out, `begun` is called when a page has been read, so that another may begin."""

    def __init__(
        self,
        *,
        notion: NotionClient,
        work: WorkQueue,
        site: Site,
        copies: Copies,
        note: Callable[[Iterable[FileRef]], None],
        address: Address,
        max_value_bytes: int,
        docs: bool,
        log: Log,
        homes: Homes,
        readings: Readings,
        schemas: Schemas,
        ahead: ReadAhead,
        is_last_try: Callable[[Claim], bool],
        was_read: Callable[[Claim], None],
        now: Callable[[], float],
        now_iso: Callable[[], str],
    ) -> None:
        self._now, self._docs = now, docs
        self._notion, self._work, self._site, self._copies = notion, work, site, copies
        self._note, self._address, self._max_value_bytes = note, address, max_value_bytes
        self._log, self._homes, self._readings = log, homes, readings
        self._was_read, self._now_iso = was_read, now_iso
        self._holders = Holders(notion, site, homes)
        self._ahead = ahead
        self.reader = PageReader(notion, readings, schemas, ahead, is_last_try, now)

    async def sync(self, lease: SliceLease, claim: Claim) -> bool:
        """Read a page and publish it; return whether something became due."""
        if claim.observation is None:
            await self._work.pass_on(lease, claim, [])
            return False
        fresh = self._ahead.take_page(claim) or PageReading(
            self._readings.began_at, 0.0, Walk(claim.id)
        )
        fresh.read_at = claim.item.read_at
        async with self._readings.reading_of(claim, fresh) as reading:
            try:
                page, tree = await self.reader.read(claim, reading)
            except Unreadable as refusal:
                asked_at, is_refused = self._now(), refusal.notion_status == HTTPStatus.NOT_FOUND
                if not (claim.is_row and is_refused) or await find_page(
                    self._notion, claim.id, Oddities()
                ):
                    raise
                if not await self._homes.is_shown(claim.observation.source):
                    raise
                read_at = self._notion.notion_time(asked_at)
                return await self._drop(
                    lease, claim, msgspec.structs.replace(claim.observation, read_at=read_at)
                )
        self._was_read(claim)
        page_read_at = reading.page_read_at or claim.item.read_at
        seen = await self._observe(claim.observation, page, page_read_at)
        if seen is None:
            return await self._moved_away(lease, claim, page)
        if seen.parent is None and not seen.is_published:
            return await self._hide(lease, claim, seen, page)
        if seen.parent is None and seen.is_paused and not (claim.record and claim.item.rewrite):
            return await self._keep_still(lease, claim, seen, page)
        if seen.parent is not None and is_trashed(page):
            await self._doubt(lease, claim)
            return True
        if seen.parent is not None and has_left(page, seen.parent):
            return await self._left(lease, claim, seen.parent, page)
        lost = await self._lost(claim, tree)
        return await self._publish(lease, claim, seen, page, tree, reading, lost)

    async def doubt(self, lease: SliceLease, claim: Claim) -> None:
        """A child page can't be read: what holds it is looked at again, and decides."""
        await self._doubt(lease, claim)

    # Reading.

    async def _observe(self, known: Observation, page: JSON, read_at: float) -> Observation | None:
        """Return what the page object says of the page; None: it stands elsewhere now."""
        home = await self._homes.home_of(page)
        if home is not None:
            return row_of(page, home, read_at, self._homes.rule).observation
        if known.parent is None and not is_trashed(page) and says_where(page):
            return None
        if known.parent is None:
            return row_of(page, known.source, read_at, self._homes.rule).observation
        return child_of(page, known, read_at)

    # Pages that are not published.

    async def _hide(self, lease: SliceLease, claim: Claim, seen: Observation, page: JSON) -> bool:
        stamp = self._stamp(page, seen, seen.read_at)
        is_gone = is_trashed(page)
        sighting = Sighting(
            page_id=claim.id,
            observation=seen,
            stamp=stamp,
            is_hidden=True,
            is_gone=is_gone,
            draft=None if is_gone else WorkItem(),
        )
        await self.give_away(lease, await self._site.observe(lease, [sighting]))
        return True

    async def _keep_still(
        self, lease: SliceLease, claim: Claim, seen: Observation, page: JSON
    ) -> bool:
        kept = msgspec.structs.replace(seen, wanted=claim.slug or seen.wanted)
        sighting = Sighting(
            page_id=claim.id,
            observation=kept,
            stamp=self._stamp(page, seen, seen.read_at),
            draft=WorkItem(),
        )
        await self._site.observe(lease, [sighting])
        return False

    async def _doubt(self, lease: SliceLease, claim: Claim) -> None:
        parent = claim.observation.parent if claim.observation else None
        others = [(parent, _handed_on(claim.item, claim.id))] if parent else []
        await self._work.pass_on(lease, claim, others)

    async def _left(self, lease: SliceLease, claim: Claim, parent: str, page: JSON) -> bool:
        """A child page that stands in another page now: both pages decide what becomes of it."""
        holder = await self._holders.find_holder(page)
        item = _handed_on(claim.item)
        others = [(holder, item)] if holder else []
        await self._work.pass_on(lease, claim, [(parent, item), *others])
        return True

    async def _moved_away(self, lease: SliceLease, claim: Claim, page: JSON) -> bool:
        """A row that stands in no source any more: in a page that is published it goes on as a
        child page."""
        if holder := await self._holders.find_holder(page):
            await self._work.pass_on(lease, claim, [(holder, _handed_on(claim.item))])
            return True
        source = claim.observation.source if claim.observation else ""
        return await self._drop(
            lease, claim, row_of(page, source, self._readings.read_at).observation
        )

    async def _drop(self, lease: SliceLease, claim: Claim, seen: Observation) -> bool:
        """A row is gone, for Notion or for us."""
        seen = msgspec.structs.replace(seen, is_published=False)
        sighting = Sighting(page_id=claim.id, observation=seen, is_gone=True)
        await self.give_away(lease, await self._site.observe(lease, [sighting]))
        return True

    # Child pages.

    async def _lost(self, claim: Claim, tree: Tree) -> Family:
        """What became of child pages that do not stand in their page any more."""
        now = {child.id for child in tree.child_pages}
        missing = [
            page_id
            for page_id in (claim.record.children if claim.record else [])
            if page_id not in now
        ]
        lost = Family({}, {}, [], [], [], [])
        known, _ = await self._site.look_up(missing) if missing else ({}, {})
        for page_id, one in known.items():
            if one.observation is not None and one.observation.parent == claim.id:
                await self._look_for(claim, page_id, tree, lost)
        return lost

    async def _family(
        self, claim: Claim, seen: Observation, tree: Tree, reading: PageReading, lost: Family
    ) -> Family:
        """The child pages as they stand there now, and those that are `lost`."""
        if not tree.child_pages:
            return lost
        known, _ = await self._site.look_up([child.id for child in tree.child_pages])
        family = Family({}, {}, [*lost.work], lost.gone, lost.unclear, [])
        for child in tree.child_pages:
            self._adopt(claim, seen, child, known[child.id], reading, family)
        return family

    def _adopt(
        self,
        claim: Claim,
        seen: Observation,
        child: ChildPage,
        known: Known,
        reading: PageReading,
        family: Family,
    ) -> None:
        before = known.observation
        if before and before.parent != claim.id and before.placed_at > reading.read_at:
            return  # it was seen elsewhere since
        after = Observation(
            source=seen.source,
            parent=claim.id,
            visibility=seen.visibility,
            title=child.title,
            created=child.created_time,
            edited=before.edited if before else child.created_time,
            edited_at=before.edited_at if before else 0.0,
            read_at=before.read_at if before else 0.0,
            placed_at=reading.read_at,
            wanted=slug_segment(child.title, child.id),
        )
        is_renamed = (
            before is not None and before.parent is not None and before.title != child.title
        )
        if before and is_renamed and not is_settled(before.edited_at, reading.read_at):
            family.renamed.append(child.id)
        if (
            before
            and before.parent is not None
            and (before.read_at > reading.read_at or child.id in family.renamed)
        ):
            after = msgspec.structs.replace(
                after, title=before.title, created=before.created, wanted=before.wanted
            )
        family.children[child.id] = after
        if before:
            family.known[child.id] = before
        is_moved = before is None or _place_of(before) != _place_of(after)
        if known.record is None or is_moved or child.id in claim.item.doubted:
            page = reading.walk.pages.get(child.id)
            item = WorkItem(page=raw(page), read_at=reading.read_at) if page else WorkItem()
            item = msgspec.structs.replace(
                item,
                is_doubted=child.id in claim.item.doubted,
                asks_owners=claim.item.asks_owners,
                doubted=_doubted_of(known.record, claim.item),
            )
            family.work.append((child.id, item))

    async def _look_for(self, claim: Claim, page_id: str, tree: Tree, family: Family) -> None:
        """A child page is not in its page any more: where is it? It is gone only if Notion's own
        object says so."""
        if page_id in tree.hidden_pages:
            family.gone.append(page_id)
            return
        home = holder = None
        try:
            page = await find_page(self._notion, page_id, Oddities())
            home = await self._homes.home_of(page) if page else None
            if page and home is None and not is_trashed(page):
                holder = await self._holders.find_holder(page)
        except Unreadable:
            family.unclear.append(page_id)
            return
        if page is None or is_trashed(page):
            family.gone.append(page_id)
        elif home is not None:
            family.work.append((page_id, WorkItem(page=raw(page), read_at=self._readings.read_at)))
            family.unclear.append(page_id)  # until it has been read as a row
        elif holder is not None:
            family.unclear.append(
                page_id
            )  # until the other page has taken it, or the list of blocks shows it again
            if holder != claim.id:
                family.work.append((holder, WorkItem()))
        else:
            family.gone.append(page_id)

    # Publishing.

    async def _publish(
        self,
        lease: SliceLease,
        claim: Claim,
        seen: Observation,
        page: JSON,
        tree: Tree,
        reading: PageReading,
        lost: Family,
    ) -> bool:
        must_send = claim.item.rewrite
        outcome, freed = "changed", list[str]()
        before = claim.observation
        databases = self._databases(claim, seen, tree, reading)
        left = (
            [(before.parent, WorkItem())]
            if before and before.parent and seen.parent is None
            else []
        )
        work: Work = []
        commit: PageCommit | None = None
        for attempt in range(COMMIT_TRIES):
            family = await self._family(claim, seen, tree, reading, lost)
            work = [*family.work, *databases, *left]
            book = AddressBook(self._site)
            slug, links = await self._address_of(book, claim, seen, family, is_first=attempt == 0)
            if not slug:
                await self._doubt(lease, claim)  # what holds it is not published (yet)
                return True
            files = Found(self._address)
            place = Place(slug, seen.source, seen.visibility, seen.parent)
            bundle = page_bundle.build_page(page, tree, place, links, files)
            is_private = not is_for_all(seen.visibility)
            copies = {} if is_private else await self._copies_of(files)
            encoded = page_bundle.encode_page(
                bundle, self._now_iso(), self._max_value_bytes, copies
            )
            record = self._record(claim, seen, tree, reading, family, encoded, bundle.digest, files)
            noted: list[str] = []
            is_same = claim.record is not None and claim.record.digest == record.digest
            is_sent = must_send or not is_same
            tables = (
                await self._site.tables(tree.databases)
                if self._docs and is_sent and tree.databases and not encoded.parts
                else {}  # the text of a page in parts has room for the links alone
            )
            doc = self._document(bundle, copies, tables, noted)
            text = Text(
                encoded.head,
                encoded.parts,
                encoded.meta,
                doc,
                list(files.refs),
                _lacking(files, copies),
                is_private,
            )
            commit = PageCommit(
                page_id=claim.id,
                number=claim.number,
                slug=slug,
                observation=seen,
                page_read_at=reading.page_read_at or claim.item.read_at,
                before=claim.observation or seen,
                record=record,
                stamp=self._stamp_of(
                    page, seen, record, must_look=bool(family.renamed) or _is_in_trash(tree)
                ),
                sort=index.sort_text(index.rank_of(bundle.meta)) if seen.parent is None else "",
                text=text if is_sent else None,
                addresses=book.planned_changes(),
                tables=tables,
                children=family.children,
                known=family.known,
                work=work,
                gone=family.gone,
                insists=claim.item.attempts >= MOST_OLDER,
                again=WorkItem(
                    attempts=claim.item.attempts + 1,
                    rewrite=must_send,
                    asks_owners=claim.item.asks_owners,
                    doubted=claim.item.doubted,
                ),
                warnings=[
                    *reading.warnings(name_of(page)),
                    *encoded.oversized,
                    *noted,
                    *book.warnings,
                ],
            )
            outcome, freed, numbers = await self._site.commit_page(lease, commit)
            if outcome == "send":
                must_send = True
            elif outcome != "changed":
                self._ahead.note_published(claim.id, numbers)
                break
        if outcome == "older":
            self._readings.read_anew()
        self._log.event(
            "page.synced", pageId=claim.id, slug=commit.slug if commit else "", outcome=outcome
        )
        await self.give_away(lease, freed)
        is_renamed = before is not None and before.parent is not None and seen.title != before.title
        return bool(work) or is_renamed or outcome in ("older", "changed")

    async def _address_of(
        self, book: AddressBook, claim: Claim, seen: Observation, family: Family, *, is_first: bool
    ) -> tuple[str, list[PageLink]]:
        """Return the slug of the page and the links to its child pages."""
        if is_first:
            book.assume_known(claim.id, Known(claim.observation, claim.record, claim.slug))
            if seen.parent is None and not claim.slug:
                book.assume_free(seen.wanted)
        await book.look_up([claim.id])
        book.note_page(claim.id, seen, list(family.children))
        if family.children:
            await book.look_up(list(family.children))
        for page_id, child in family.children.items():
            book.note_page(page_id, child)
        if family.gone:
            await book.look_up(family.gone)
        for page_id in family.gone:
            book.forget_page(page_id)
        by_age = sorted(
            family.children, key=lambda page_id: (family.children[page_id].created, page_id)
        )
        await book.place_all(claim.id, *by_age)
        links: list[PageLink] = [
            {"id": page_id, "slug": book.slug_of(page_id), "title": " ".join(child.title.split())}
            for page_id, child in family.children.items()
        ]
        return book.slug_of(claim.id), links

    def _record(
        self,
        claim: Claim,
        seen: Observation,
        tree: Tree,
        reading: PageReading,
        family: Family,
        encoded: page_bundle.Encoded,
        digest: str,
        files: Found,
    ) -> PageRecord:
        return PageRecord(
            edited=seen.edited,
            edited_at=seen.edited_at,
            read_at=reading.read_at,
            digest=self._copies.marked(digest, files.refs if is_for_all(seen.visibility) else ()),
            version=BUNDLE_VERSION,
            visibility=seen.visibility,
            parts=len(encoded.parts),
            children=[*family.children, *family.unclear],
            things=_things(tree),
            copied=tree.copied,
            is_lacking=reading.is_lacking or bool(family.unclear),
        )

    def _stamp_of(
        self, page: JSON, seen: Observation, record: PageRecord, *, must_look: bool
    ) -> str:
        """Return the stamp by which the page is known to be up to date; "" where it has to be read
        in the next run."""
        if record.is_lacking or must_look:
            return "" if seen.parent is None else f" {seen.source}"
        stamp = self._stamp(page, seen, record.read_at)
        return stamp if seen.parent is None else f"{stamp} {seen.source}"

    def _stamp(self, page: JSON, seen: Observation, read_at: float) -> str:
        is_sure = is_settled(seen.edited_at, read_at)
        return stamp_of(without_signatures(page), seen, self._homes.rule) if is_sure else ""

    def _databases(self, claim: Claim, seen: Observation, tree: Tree, reading: PageReading) -> Work:
        """Child databases that may have to be read: those that nobody knows yet, and all of them
        where the page is shown to others than before. The publication leaves out what is known."""
        heads = reading.walk.heads
        work: Work = []
        for database_id in tree.databases:
            head = heads.get(database_id)
            item = (
                WorkItem(title=head.title, data_source_ids=head.data_source_ids)
                if head
                else WorkItem()
            )
            work.append((f"db:{database_id}", item))
        return work

    def _document(
        self,
        bundle: page_bundle.PageBundle,
        copies: Mapping[str, Copy],
        tables: Mapping[str, Table],
        warnings: list[str],
    ) -> str:
        """Return the page as text; "" where none is wanted, or it is too large even when it is
        cut."""
        if not self._docs:
            return ""
        try:
            made = document_of(
                *(bundle.meta, bundle.blocks, self._now_iso(), self._max_value_bytes),
                database=tables_for(bundle.meta["visibility"], tables),
                copies=copies,
            )
        except TooLarge as refusal:
            warnings.append(str(refusal))
            return ""
        kinds = ", ".join(f"{kind} ({count})" for kind, count in made.unknown.items())
        if kinds:
            warnings.append(
                f'"{bundle.meta["title"]}": its text lacks blocks of kinds that are not known here:'
                f" {kinds}"
            )
        return made.value

    async def _copies_of(self, files: Found) -> dict[str, Copy]:
        """The copies there are of a bundle's files, whose signed addresses are noted for who makes
        the others."""
        self._note(files.refs.values())
        return await self._copies.copies_of({ref.file for ref in files.refs.values()})

    async def give_away(self, lease: SliceLease, freed: Sequence[str]) -> None:
        """Give slugs that became free to pages that wait for them."""
        for _ in range(COMMIT_TRIES if freed else 0):
            book = AddressBook(self._site)
            await book.give_away(list(freed))
            if await self._site.move(lease, book.planned_changes(), freed):
                return


def _things(tree: Tree) -> list[str]:
    """Return what a page shows that an edit elsewhere may change."""
    things = [f"page:{holder}" for holder in tree.copied.values() if holder]
    homeless = [original for original, holder in tree.copied.items() if not holder]
    things += [
        f"{'missing' if original in tree.missing else 'original'}:{original}"
        for original in homeless
    ]
    things += [f"db:{database_id}" for database_id in tree.databases]
    things += [f"hidden:{page_id}" for page_id in tree.hidden_pages]
    things += [f"unreadable:{database_id}" for database_id in tree.unreadable]
    return list(dict.fromkeys(things))


def _handed_on(item: WorkItem, *doubted: str) -> WorkItem:
    """Return the work on a page that decides what becomes of another: what was doubted of that one
    is read with it wherever it stands then."""
    return WorkItem(asks_owners=item.asks_owners, doubted=[*doubted, *item.doubted])


def _doubted_of(record: PageRecord | None, item: WorkItem) -> list[str]:
    """Return what is doubted of a child page by the work on the page around it."""
    shown = {*record.children, *databases_in(record.things)} if record else set[str]()
    return [one for one in item.doubted if one in shown]


def _place_of(seen: Observation) -> tuple[str, str | None, str]:
    return seen.source, seen.parent, seen.visibility


def _is_in_trash(tree: Tree) -> bool:
    """Return whether the page was in the trash while its blocks were read: going there and back
    moves no time."""
    return any(block.get("in_trash") for block in tree.blocks)


def _lacking(files: Found, copies: Mapping[str, Copy]) -> bool:
    return any(ref.file not in copies for ref in files.refs.values())
