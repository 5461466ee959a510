"""Looking at drafts where no listing shows them: pages and child databases that stand in a draft,
and previews that KV lost."""

from collections.abc import Collection, Mapping, Sequence

from lib.bundle.properties import one_line, title_of
from lib.bundle.publication import is_trashed
from lib.errors import Unreadable
from lib.model import (
    BUNDLE_VERSION,
    JSON,
    DatabaseRecord,
    Observation,
    PageRecord,
    Problem,
    WorkItem,
)
from lib.notion.together import all_of
from lib.store.sources import Sources
from lib.sync.sightings import is_settled, moment_of, raw
from lib.sync.survey.database_watch import DatabaseWatch
from lib.sync.survey.observer import Observer
from lib.sync.survey.progress import RunScope
from lib.sync.work.page_texts import databases_in

Work = Sequence[tuple[str, WorkItem]]


class DraftWatch:
    """Looks for one run, where drafts have previews (`is_on`)."""

    def __init__(
        self,
        sources: Sources,
        databases: DatabaseWatch,
        observer: Observer,
        scope: RunScope,
        *,
        is_on: bool,
    ) -> None:
        self._sources = sources
        self._databases = databases
        self._observer = observer
        self._scope = scope
        self._is_on = is_on

    async def look_at_drafts(self) -> None:
        """Make due what of all drafts has to be read and no listing says."""
        if not self._is_on or "drafts" in self._observer.progress.done:
            return
        watched = await self._sources.watched_drafts()
        lost = watched.lost
        await self._observer.make_due(WorkItem(), *(f"draft:{page_id}" for page_id in lost))
        pages = (
            self._observer.problems.contain(
                Problem(page_id=page_id, title=seen.title, kind="page"),
                self._watch_page,
                page_id,
                seen,
                record,
            )
            for page_id, (seen, record) in watched.children.items()
            if page_id not in lost and self._scope.concerns_source(seen.source)
        )
        databases = self._watch_databases(watched.databases, is_forced=self._scope.is_forced)
        await all_of([*pages, databases])
        self._observer.progress.done.add("drafts")

    async def look_at(self, page_id: str) -> bool:
        """Make due what of one page has to be read that stands in a draft; False: it stands in
        none."""
        if not self._is_on:
            return False
        seen, record = await self._sources.draft_child(page_id)
        if seen is None:
            return False
        await self._watch_page(page_id, seen, record)
        return True

    async def look_at_databases_of(self, page_id: str, *, is_forced: bool) -> bool:
        """Make due what changed of the child databases of one draft; return whether the id is that
        of such a database itself, which is looked at too."""
        if not self._is_on:
            return False
        _, record = await self._sources.draft_child(page_id)
        things = databases_in(record.things) if record else []
        return page_id in await self.look_at_databases([page_id, *things], is_forced=is_forced)

    async def look_at_databases(
        self, database_ids: Collection[str], *, is_forced: bool
    ) -> Collection[str]:
        """Make due what changed of child databases; return those of them that drafts show."""
        if not self._is_on:
            return []
        records = await self._sources.draft_databases(database_ids)
        await self._watch_databases(records, is_forced=is_forced)
        return records

    async def _watch_databases(
        self, records: Mapping[str, DatabaseRecord | None], *, is_forced: bool
    ) -> None:
        done = self._observer.progress.done
        records = {
            database_id: record
            for database_id, record in records.items()
            if self._scope.concerns_database(record) and f"draft:db:{database_id}" not in done
        }
        if not is_forced:
            await self._databases.watch_databases(records, in_drafts=True)
            return
        things = [f"draft:db:{database_id}" for database_id in records]
        await self._observer.make_due(WorkItem(), *things)
        done.update(things)

    async def _watch_page(self, page_id: str, seen: Observation, record: PageRecord | None) -> None:
        thing = f"draft:{page_id}"
        if thing in self._observer.progress.done:
            return
        if self._scope.is_forced or record is None:
            await self._observer.make_due(WorkItem(), thing)
        else:
            try:
                read_at, page = await self._observer.look_at(page_id)
            except Unreadable:  # its reading says why, or the page that it stands in
                read_at, page = 0.0, None
            await self._observer.observe([], _due_work(page_id, seen, record, read_at, page))
        self._observer.progress.done.add(thing)


def _due_work(
    page_id: str, seen: Observation, record: PageRecord, read_at: float, page: JSON | None
) -> Work:
    """Return what has to be read: the page where it changed, and the one around it where it is gone
    or has another title."""
    if page is None or is_trashed(page):
        return [(f"draft:{seen.parent}", WorkItem(doubted=[page_id]))]
    around = [(f"draft:{seen.parent}", WorkItem())]
    edited = page["last_edited_time"]
    is_same = (
        edited == record.edited
        and is_settled(moment_of(edited), record.read_at)
        and record.version == BUNDLE_VERSION
        and not record.is_lacking
    )
    if is_same:
        return []
    own = [(f"draft:{page_id}", WorkItem(page=raw(page), read_at=read_at))]
    return own if one_line(seen.title) == one_line(title_of(page)) else own + around
