"""Publishing a page that was read: its address, its bundle, and what follows from it."""

from collections.abc import Collection, Mapping

import msgspec

from lib.bundle import index
from lib.bundle import page as page_bundle
from lib.bundle.media import Found, without_signatures
from lib.bundle.text.document import document_of
from lib.bundle.values import PageLink
from lib.errors import TooLarge
from lib.log import Log
from lib.model import (
    BUNDLE_VERSION,
    JSON,
    Claim,
    Copy,
    Observation,
    PageRecord,
    Placement,
    Tree,
    WorkItem,
)
from lib.notion.border.objects import name_of
from lib.store.copies import is_for_all
from lib.store.runs import SliceLease
from lib.store.site import Committed, Known, PageCommit, Retry, Site, Table, Text
from lib.sync.addresses import COMMIT_TRIES, AddressBook, give_away
from lib.sync.homes import Homes
from lib.sync.sightings import is_settled, stamp_of
from lib.sync.work.bundle_form import BundleForm, HostedFiles, copying_of
from lib.sync.work.page_family import Families, Family, Work
from lib.sync.work.page_reader import ReadPage, database_item
from lib.sync.work.page_texts import tables_for
from lib.sync.work.read_ahead import ReadAhead
from lib.sync.work.unfinished import Readings

MOST_OLDER = 3
"""Readings in a row that are older than what is remembered, by clocks that can't be right."""


class _Plan(msgspec.Struct, frozen=True):
    """Where a page and its child pages are to be published, and what has to be read then."""

    family: Family
    book: AddressBook
    slug: str
    links: list[PageLink]
    work: Work


class _Written(msgspec.Struct, frozen=True):
    """A page's bundle, its text for KV without the document, and what is remembered of it."""

    bundle: page_bundle.PageBundle
    encoded: page_bundle.Encoded
    files: Found
    copies: Mapping[str, Copy]
    record: PageRecord


class PagePublication(msgspec.Struct):
    """Publishes pages for one slice."""

    site: Site
    files: HostedFiles
    form: BundleForm
    families: Families
    homes: Homes
    readings: Readings
    ahead: ReadAhead
    log: Log

    async def publish_page(self, lease: SliceLease, read: ReadPage) -> bool | None:
        """Publish a page; return whether something became due. None: what holds it is not published
        (yet)."""
        lost = await self.families.find_lost(read)
        is_rescued = await self.rescue_below(lease, lost.gone)
        must_send = read.claim.item.rewrite
        committed = Committed("changed", [], {})
        slug, work = "", Work()
        for attempt in range(COMMIT_TRIES):
            plan = await self._plan(read, lost, is_first=attempt == 0)
            if not plan.slug:
                return None
            slug, work = plan.slug, plan.work
            commit = await self._commit_of(read, plan, must_send=must_send)
            committed = await self.site.commit_page(lease, commit)
            if committed.outcome == "send":
                must_send = True
            elif committed.outcome != "changed":
                self.ahead.note_published(read.claim.id, committed.numbers)
                break
        if committed.outcome == "older":
            self.readings.read_anew()
        self.log.event("page.synced", pageId=read.claim.id, slug=slug, outcome=committed.outcome)
        await give_away(self.site, lease, committed.freed)
        before = read.claim.observation
        is_renamed = (
            before is not None and before.parent is not None and read.seen.title != before.title
        )
        is_news = is_rescued or is_renamed or bool(work)
        return is_news or committed.outcome in ("older", "changed")

    async def rescue_below(self, lease: SliceLease, page_ids: Collection[str]) -> bool:
        """See to what stands below pages that are to go, and return whether something became due: a
        page that stands elsewhere by now is read there, and goes there from here."""
        freed = await self.families.rescue_below(lease, page_ids) if page_ids else None
        await give_away(self.site, lease, freed or [])
        return freed is not None

    def stamp_of(self, page: JSON, seen: Observation, read_at: float) -> str:
        """Return the stamp by which a look shows that nothing is new; "" where an edit may hide."""
        is_sure = is_settled(seen.edited_at, read_at)
        return stamp_of(without_signatures(page), seen, self.homes.rule) if is_sure else ""

    async def _plan(self, read: ReadPage, lost: Family, *, is_first: bool) -> _Plan:
        family = await self.families.family_of(read, lost)
        before = read.claim.observation
        left = (
            [(before.parent, WorkItem())]
            if before and before.parent and read.seen.parent is None
            else []
        )
        book = AddressBook(self.site)
        slug, links = await self._address_of(book, read, family, is_first=is_first)
        return _Plan(family, book, slug, links, [*family.work, *_databases_of(read), *left])

    async def _address_of(
        self, book: AddressBook, read: ReadPage, family: Family, *, is_first: bool
    ) -> tuple[str, list[PageLink]]:
        """Return the slug of the page and the links to its child pages."""
        claim, seen = read.claim, read.seen
        if is_first:
            book.assume_known(claim.id, Known(claim.observation, claim.record, claim.slug))
            if seen.parent is None and not claim.slug:
                book.assume_free(seen.wanted)
        await book.look_up([claim.id])
        book.note_page(claim.id, seen, [*family.children, *family.unclear])
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

    async def _commit_of(self, read: ReadPage, plan: _Plan, *, must_send: bool) -> PageCommit:
        claim, seen, family = read.claim, read.seen, plan.family
        written = await self._write(read, plan)
        before, now = claim.record, written.record
        is_same = before is not None and (before.digest, before.parts) == (now.digest, now.parts)
        is_sent = must_send or not is_same
        # The text of a page in parts has room for links to its databases alone.
        has_tables = self.form.docs and is_sent and not written.encoded.parts
        databases = read.tree.databases if has_tables else []
        tables = await self.site.tables(databases) if databases else {}
        text, noted = self._text_of(written, tables)
        oversized = written.encoded.oversized
        return PageCommit(
            page_id=claim.id,
            slug=plan.slug,
            observation=seen,
            page_read_at=read.page_read_at,
            before=claim.observation or seen,
            record=written.record,
            retry=retry_of(claim, must_send=must_send),
            stamp=self._stamp_read(read, written.record, family),
            sort=index.sort_text(index.rank_of(written.bundle.meta)) if seen.parent is None else "",
            text=text if is_sent else None,
            addresses=plan.book.planned_changes(),
            tables=tables,
            children=family.children,
            known=family.known,
            work=plan.work,
            gone=family.gone,
            warnings=[
                *(*read.reading.warnings(name_of(read.page)), *oversized),
                *(*noted, *plan.book.warnings),
            ],
        )

    async def _write(self, read: ReadPage, plan: _Plan) -> _Written:
        seen, tree, form = read.seen, read.tree, self.form
        files = Found(form.address)
        place = Placement(plan.slug, seen.source, seen.visibility, seen.parent)
        bundle = page_bundle.build_page(read.page, tree, place, plan.links, files)
        copied = files.refs if is_for_all(seen.visibility) else {}
        copies = await self.files.copies_of(copied)
        encoded = page_bundle.encode_page(bundle, form.now_iso(), form.max_value_bytes, copies)
        record = PageRecord(
            edited=seen.edited,
            edited_at=seen.edited_at,
            read_at=read.reading.read_at,
            digest=self.files.mark_digest(bundle.digest, copied),
            version=BUNDLE_VERSION,
            visibility=seen.visibility,
            parts=len(encoded.parts),
            children=[*plan.family.children, *plan.family.unclear],
            things=_things_of(tree),
            copied=tree.copied,
            is_lacking=read.reading.is_lacking or bool(plan.family.unclear),
        )
        return _Written(bundle, encoded, files, copies, record)

    def _text_of(self, written: _Written, tables: Mapping[str, Table]) -> tuple[Text, list[str]]:
        """Return a page as it is sent to KV, and what is to be noted of that."""
        noted: list[str] = []
        doc = self._document(written.bundle, written.copies, tables, noted)
        encoded, refs = written.encoded, written.files.refs
        text = Text(
            encoded.head,
            encoded.parts,
            encoded.meta,
            doc,
            list(refs),
            copying_of(written.record.visibility, refs, written.copies),
        )
        return text, noted

    def _document(
        self,
        bundle: page_bundle.PageBundle,
        copies: Mapping[str, Copy],
        tables: Mapping[str, Table],
        warnings: list[str],
    ) -> str:
        """Return the page as text; "" where none is wanted, or it is too large even when it is
        cut."""
        if not self.form.docs:
            return ""
        try:
            made = document_of(
                *(bundle.meta, bundle.blocks, self.form.now_iso(), self.form.max_value_bytes),
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

    def _stamp_read(self, read: ReadPage, record: PageRecord, family: Family) -> str:
        """Return the stamp by which the page is known to be up to date; "" where it has to be read
        in the next run."""
        seen = read.seen
        source = "" if seen.parent is None else f" {seen.source}"
        if record.is_lacking or family.renamed or _is_in_trash(read.tree):
            return source
        return self.stamp_of(read.page, seen, record.read_at) + source


def _databases_of(read: ReadPage) -> Work:
    """Return the child databases that may have to be read. The publication leaves out those that
    are known and whose page is shown to the same people as before."""
    return [
        (f"db:{database_id}", database_item(read.claim, read.reading, database_id))
        for database_id in read.tree.databases
    ]


def retry_of(claim: Claim, *, must_send: bool = False) -> Retry:
    """Return what becomes of the work where something later is remembered than was seen now."""
    item = claim.item
    again = WorkItem(
        attempts=item.attempts + 1,
        rewrite=must_send,
        asks_owners=item.asks_owners,
        doubted=item.doubted,
    )
    return Retry(claim.number, again, insists=item.attempts >= MOST_OLDER)


def _things_of(tree: Tree) -> list[str]:
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


def _is_in_trash(tree: Tree) -> bool:
    """Return whether the page was in the trash while its blocks were read: going there and back
    moves no time."""
    return any(block.get("in_trash") for block in tree.blocks)
