"""One child database that is due: read whole, built and published."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from lib.bundle import database as database_bundle
from lib.bundle.encoding import digest, encode
from lib.bundle.media import Found
from lib.bundle.properties import fingerprint
from lib.bundle.publication import is_trashed
from lib.bundle.text.tables import first_rows
from lib.log import Log
from lib.model import BUNDLE_VERSION, JSON, ChildDatabase, Claim, DatabaseRecord, WorkItem
from lib.notion.client import NotionClient
from lib.notion.computed import Schemas
from lib.notion.databases import Head, Reading, read_database
from lib.store.copies import is_for_all
from lib.store.runs import SliceLease
from lib.store.site import NO_TABLE, Known, PageText, Site, Table, Text
from lib.store.work import WorkQueue
from lib.sync.work.bundle_form import BundleForm, HostedFiles, copying_of
from lib.sync.work.page_texts import PageTexts, databases_in
from lib.sync.work.read_ahead import ReadAhead
from lib.sync.work.unfinished import DatabaseReading, Readings, is_last_try
from lib.times import AskedAt

MOST_SIGNED = 100
"""Rows that one answer shows."""
COMMIT_TRIES = 20
"""How often the texts of pages are made anew because one of them was published meanwhile."""


class DatabaseReader(msgspec.Struct):
    """Reads child databases for one slice. `now` gives epoch seconds."""

    notion: NotionClient
    readings: Readings
    schemas: Schemas
    ahead: ReadAhead
    now: Callable[[], float]

    async def read_whole(self, claim: Claim) -> tuple[ChildDatabase, DatabaseReading]:
        """Return a child database, or what is left of it where parts get no usable answer on the
        last try."""
        item = claim.item
        head = Head(claim.id, item.title, item.data_source_ids) if item.data_source_ids else None
        ahead = self.ahead.take_reading(claim.key, claim.number)
        fresh = DatabaseReading(AskedAt(self.now()), 0, Reading(claim.id, head))
        begun = ahead.database if ahead and ahead.database else fresh
        async with self.readings.reading_of(claim, begun) as reading:
            await self.ahead.finish(claim.key)
            database = await read_database(
                self.notion, reading.rows, self.schemas, is_last_try=is_last_try(claim)
            )
        return database, reading


class DatabaseWork:
    """Syncs child databases for one slice. `was_read` as for pages."""

    def __init__(
        self,
        reader: DatabaseReader,
        work: WorkQueue,
        site: Site,
        files: HostedFiles,
        form: BundleForm,
        log: Log,
        was_read: Callable[[Claim], None],
    ) -> None:
        self._reader, self._work, self._site = reader, work, site
        self._files, self._form, self._log = files, form, log
        self._was_read = was_read
        self._texts = PageTexts(site, form.max_value_bytes, form.now_iso)

    async def doubt(self, lease: SliceLease, claim: Claim) -> None:
        """A child database can't be read any more: the pages that show it look at it again."""
        showing = await self._site.showing(claim.key)
        await self._work.pass_on(
            lease, claim, [(page_id, WorkItem(doubted=[claim.id])) for page_id in showing]
        )

    async def sync(self, lease: SliceLease, claim: Claim) -> None:
        """Read a child database and publish it."""
        database, reading = await self._reader.read_whole(claim)
        self._was_read(claim)
        outcome = "changed"
        for _ in range(COMMIT_TRIES):
            outcome = await self._publish(lease, claim, database, reading)
            if outcome != "changed":
                break
        self._log.event(
            "database.synced", databaseId=claim.id, rows=len(database.rows), outcome=outcome
        )

    async def _publish(
        self, lease: SliceLease, claim: Claim, database: ChildDatabase, reading: DatabaseReading
    ) -> str:
        """Publish a child database together with the texts of the pages that show it; return the
        outcome as `Site.commit_database` does."""
        pages = await self._site.showing(claim.key)
        shown = [known.observation for known in pages.values() if known.observation]
        visibility = visibility_of(seen.visibility for seen in shown)
        files = Found(self._form.address)
        bundle = database_bundle.build_database(database, files, visibility)
        copied = files.refs if is_for_all(visibility) else {}
        copies = await self._files.copies_of(copied)
        record = DatabaseRecord(
            title=database.title,
            data_source_ids=list(reading.rows.schemas),
            read_at=reading.read_at,
            digest=self._files.mark_digest(bundle.digest, copied),
            version=BUNDLE_VERSION,
            signature=signature(database.rows),
            visibility=visibility,
            sources=sorted({seen.source for seen in shown}),
            is_lacking=reading.rows.is_lacking,
        )
        text = Text(
            database_bundle.encode_database(bundle, self._form.now_iso(), copies),
            files=list(files.refs),
            copying=copying_of(visibility, files.refs, copies),
        )
        table, documents, tables = NO_TABLE, list[PageText](), dict[str, Table]()
        if self._form.docs:
            value = first_rows(bundle.body)
            table = Table(digest(encode(value)), value)
            documents, tables = await self._documents(claim.id, table, pages)
        before = claim.database
        is_same = not claim.item.rewrite and before is not None and before.digest == record.digest
        outcome = "send"
        for sent in (None, text) if is_same else (text,):
            outcome = await self._site.commit_database(
                *(lease, claim.id, claim.number, record, sent, reading.rows.warnings),
                table=table,
                documents=documents,
                tables=tables,
                shown={one: _visibility_in(known) for one, known in pages.items()},
            )
            if outcome != "send":
                break
        return outcome

    async def _documents(
        self, database_id: str, table: Table, pages: Mapping[str, Known]
    ) -> tuple[list[PageText], dict[str, Table]]:
        """Return the texts of the pages that show a table which is another than before, and the
        tables of other child databases in them."""
        records = (known.record for known in pages.values() if known.record)
        shown = {one for record in records for one in databases_in(record.things)}
        tables = await self._site.tables([database_id, *sorted(shown - {database_id})])
        if tables.pop(database_id).digest == table.digest:
            return [], {}
        return await self._texts.texts_of(pages, {**tables, database_id: table}), tables


def _visibility_in(known: Known) -> str:
    return known.observation.visibility if known.observation else ""


def visibility_of(visibilities: Iterable[str]) -> str:
    """Return the strictest of the visibilities of the pages that show a database: any other word
    before `public`."""
    words = sorted(set(visibilities))
    return next((word for word in words if word != "public"), "public")


def signature(rows: list[JSON]) -> str:
    """Sum up the rows of a child database, their times and what they show; "" for more than one
    answer shows."""
    if len(rows) > MOST_SIGNED:
        return ""
    return digest("\n".join(sorted(map(_signed, rows))))


def _signed(row: JSON) -> str:
    text = f"{row['id']} {row['last_edited_time']} {fingerprint(row)}"
    # That its database went into the trash, or came back, moves no time.
    return f"{text} trashed" if is_trashed(row) else text
