"""Looking at child databases, whose rows move no time of the page that shows them."""

from collections.abc import Mapping
from http import HTTPStatus

from lib.errors import Unreadable
from lib.model import BUNDLE_VERSION, JSON, DatabaseRecord, Problem, WorkItem
from lib.notion.client import NotionClient
from lib.notion.databases import newest_rows
from lib.notion.together import all_of
from lib.store.site import Site
from lib.sync.sightings import DAY_SECONDS, is_settled, moment_of
from lib.sync.survey.observer import Observer
from lib.sync.work.database_work import signature


class DatabaseWatch:
    """Looks for one run."""

    def __init__(self, notion: NotionClient, site: Site, observer: Observer) -> None:
        self._notion = notion
        self._site = site
        self._observer = observer

    async def watch_databases(self, records: Mapping[str, DatabaseRecord | None]) -> None:
        """Look at each database; what is wrong with one is a problem of that one."""
        await all_of(
            self._observer.problems.contain(
                Problem(database_id, "", record.title if record else "", "database"),
                self.watch_database,
                database_id,
                record,
            )
            for database_id, record in records.items()
        )

    async def watch_database(self, database_id: str, record: DatabaseRecord | None) -> None:
        """Make a child database due where it changed, and the pages that show it where it can't be
        read any more."""
        thing, done = f"db:{database_id}", self._observer.progress.done
        if thing in done or self._observer.problems.has("database", database_id):
            return
        if record is None or _is_unfinished(record):
            await self._observer.make_due(WorkItem(rewrite=record is None), thing)
        else:
            try:
                answers = [await newest_rows(self._notion, one) for one in record.data_source_ids]
            except Unreadable as refusal:
                if refusal.notion_status == HTTPStatus.OK:
                    raise
                showing = await self._site.showing(thing)
                await self._observer.make_due(WorkItem(doubted=[database_id]), *showing)
            else:
                rows = [row for found, _ in answers for row in found]
                if has_changed(rows, record, self._observer.progress.began_at):
                    await self._observer.make_due(WorkItem(title=record.title), thing)
        done.add(thing)


def has_changed(rows: list[JSON], record: DatabaseRecord, now: float) -> bool:
    """Return whether a child database with these newest rows is to be read.

    Its title and its schema show in no row, and of more than 100 rows the newest are seen only: so
    each is read again once a day.
    """
    if not all(is_settled(moment_of(row["last_edited_time"]), record.read_at) for row in rows):
        return True
    if now - record.read_at >= DAY_SECONDS:
        return True
    return bool(record.signature) and signature(rows) != record.signature


def _is_unfinished(record: DatabaseRecord) -> bool:
    return not record.data_source_ids or record.is_lacking or record.version != BUNDLE_VERSION
