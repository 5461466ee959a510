"""Looking at child databases, whose rows move no time of the page that shows them."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

from lib.errors import Unreadable
from lib.model import BUNDLE_VERSION, JSON, DatabaseRecord, Problem, WorkItem
from lib.notion.client import NotionClient
from lib.notion.databases import newest_rows
from lib.notion.together import all_of
from lib.store.site import Site
from lib.sync.sightings import DAY_SECONDS, is_settled, moment_of
from lib.sync.survey.observer import Observer
from lib.sync.work.database_work import signature


class RowsSeen(msgspec.Struct, frozen=True):
    """What a look at the newest rows of a child database shows, in short, for many are kept."""

    signature: str
    edited_at: float | None
    """Of the newest of them (epoch seconds; 0: one does not say; None: there is none)."""


class DatabaseWatch:
    """Looks for one run, once at each database, whether pages show it or drafts, or both."""

    def __init__(self, notion: NotionClient, site: Site, observer: Observer) -> None:
        self._notion = notion
        self._site = site
        self._observer = observer
        self._looks: dict[tuple[str, ...], asyncio.Task[RowsSeen]] = {}

    async def watch_databases(
        self, records: Mapping[str, DatabaseRecord | None], *, in_drafts: bool = False
    ) -> None:
        """Look at each database; what is wrong with one is a problem of that one."""
        await all_of(
            self._observer.problems.contain(
                Problem(database_id, "", record.title if record else "", "database"),
                self.watch_database,
                database_id,
                record,
                in_drafts=in_drafts,
            )
            for database_id, record in records.items()
        )

    async def watch_database(
        self, database_id: str, record: DatabaseRecord | None, *, in_drafts: bool = False
    ) -> None:
        """Make a child database due where it changed, and the pages that show it where it can't be
        read any more; `in_drafts`: what previews show of it, and the drafts."""
        prefix = "draft:" if in_drafts else ""
        thing, done = f"{prefix}db:{database_id}", self._observer.progress.done
        if thing in done or self._observer.problems.has("database", database_id):
            return
        if record is None or _is_unfinished(record):
            await self._observer.make_due(WorkItem(rewrite=record is None), thing)
        else:
            try:
                seen = await self._look_at_rows(record.data_source_ids)
            except Unreadable as refusal:
                if refusal.notion_status == HTTPStatus.OK:
                    raise
                showing = await self._site.showing(thing)
                item = WorkItem(doubted=[database_id])
                await self._observer.make_due(item, *(f"{prefix}{one}" for one in showing))
            else:
                if has_changed(seen, record, self._observer.progress.began_at):
                    await self._observer.make_due(WorkItem(title=record.title), thing)
        done.add(thing)

    async def _look_at_rows(self, data_source_ids: Sequence[str]) -> RowsSeen:
        ids = tuple(data_source_ids)
        if ids not in self._looks:
            self._looks[ids] = asyncio.create_task(self._ask_for_rows(ids))
        return await self._looks[ids]

    async def _ask_for_rows(self, data_source_ids: Sequence[str]) -> RowsSeen:
        answers = [await newest_rows(self._notion, one) for one in data_source_ids]
        return rows_seen([row for found, _ in answers for row in found])


def rows_seen(rows: list[JSON]) -> RowsSeen:
    """Return what these rows show."""
    moments = [moment_of(row["last_edited_time"]) for row in rows]
    newest = max(moments, default=None) if all(moments) else 0.0
    return RowsSeen(signature(rows), newest)


def has_changed(seen: RowsSeen, record: DatabaseRecord, now: float) -> bool:
    """Return whether a child database with these newest rows is to be read.

    Its title and its schema show in no row, and of more than 100 rows the newest are seen only: so
    each is read again once a day.
    """
    if seen.edited_at is not None and not is_settled(seen.edited_at, record.read_at):
        return True
    if now - record.read_at >= DAY_SECONDS:
        return True
    return bool(record.signature) and seen.signature != record.signature


def _is_unfinished(record: DatabaseRecord) -> bool:
    return not record.data_source_ids or record.is_lacking or record.version != BUNDLE_VERSION
