"""Looking around: lists sources and asks for what no listing shows. What has changed becomes due as
it is seen.

Its progress is one JSON-serialisable value, so that a slice may end in the middle of a long
listing. What goes wrong with one row, database or source is a problem of that one: it is reported,
and everything else is looked at.
"""

import asyncio
from collections.abc import Sequence

from lib.model import DatabaseRecord, ListingRecord, SourceRecord, WorkItem
from lib.notion.client import NotionClient
from lib.notion.together import all_of
from lib.store.site import Site
from lib.store.sources import Sources, SourceState, Watched
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.rescue import Rescue
from lib.sync.survey.child_watch import ChildWatch
from lib.sync.survey.database_watch import DatabaseWatch
from lib.sync.survey.draft_watch import DraftWatch
from lib.sync.survey.listings import SourceFinder, SourceListings
from lib.sync.survey.missing_rows import GoneProof, MissingRows
from lib.sync.survey.observer import Observer, RowJudge
from lib.sync.survey.outside_watch import OutsideWatch
from lib.sync.survey.progress import Progress, RunScope

MOST_NAMED = 5
"""Lost keys that are named in one warning."""


class Survey:
    """Looks around for one run; whatever interrupts it, the `observer` holds what it knows and goes
    on another time."""

    def __init__(
        self,
        notion: NotionClient,
        site: Site,
        sources: Sources,
        state: SourceState,
        homes: Homes,
        scope: RunScope,
        observer: Observer,
    ) -> None:
        self._sources = sources
        self._scope = scope
        self.observer = observer
        self._rows_are_seen = asyncio.Event()
        holders = Holders(notion, site, homes)
        rescue = Rescue(notion, site, homes, observer.look_at)
        self.judge = judge = RowJudge(site, homes, observer, rescue, is_forced=scope.is_forced)
        finder = SourceFinder(notion, state, homes, scope)
        self._listings = SourceListings(
            notion, site, sources, state, scope, finder, observer, judge
        )
        proof = GoneProof(homes, observer, judge, holders)
        self._missing = MissingRows(site, sources, state, scope, self._listings, proof, observer)
        self._children = ChildWatch(
            *(site, homes.rule, observer, holders, self._rows_are_seen),
            is_listed=lambda name: name in self.listed_names,
            is_forced=scope.is_forced,
        )
        self._outside = OutsideWatch(notion, site, observer)
        self.databases = DatabaseWatch(notion, site, observer)
        self.drafts = DraftWatch(
            sources, self.databases, observer, scope, is_on=homes.rule.previews
        )

    @property
    def progress(self) -> Progress:
        """What it has done so far."""
        return self.observer.progress

    @property
    def listed_names(self) -> list[str]:
        """The sources that could be listed."""
        return self._listings.listed_names

    async def look_around(self) -> None:
        """Look at everything.

        Raises `Hopeless` and `NotionAway` where no source can be listed, or nothing can be asked at
        all; `NotionWait`, `OutOfTime`, `TakenOver`.
        """
        watched = await self._sources.watched()
        await all_of(
            [self._look_at_sources(), self._watch_unlisted(watched), self.drafts.look_at_drafts()]
        )
        if "lost" not in self.progress.done:
            await self._find_lost()

    def records(self) -> tuple[dict[str, SourceRecord], dict[str, ListingRecord]]:
        """Return what is to be remembered of the sources."""
        return self._listings.records()

    def warnings(self) -> list[str]:
        """Return what was odd in listings, where rows may be missing, and what says not whether it
        is to be published."""
        progress = self.progress
        return [
            *progress.warnings,
            *self._listings.warnings(),
            *progress.oddities.warnings,
        ]

    async def _look_at_sources(self) -> None:
        try:
            await self._listings.list_sources()
            names = self.listed_names
            await all_of(self._missing.confirm_missing(name) for name in names)
            if self._scope.is_whole and len(names) == len(self._scope.references):
                await self._missing.remove_sources()
        finally:
            self._rows_are_seen.set()

    async def _watch_unlisted(self, watched: Watched) -> None:
        """Look at what no listing shows."""
        done = self.progress.done
        children = _watched_children(watched, self._scope, done)
        still = [page_id for page_id in children if page_id in watched.shown]
        stamps = {
            page_id: stamp for page_id, stamp in children.items() if page_id not in watched.still
        }
        databases = _watched_databases(watched, self._scope, done)
        outside = {thing: stamp for thing, stamp in watched.outside.items() if thing not in done}
        if self._scope.is_forced:
            await self._rewrite_things([f"db:{database_id}" for database_id in databases])
            databases = {}
        await all_of(
            [
                self._children.watch_pages(stamps),
                self._children.watch_still(still),
                self.databases.watch_databases(databases),
                self._outside.watch_things(outside),
            ]
        )

    async def _rewrite_things(self, things: Sequence[str]) -> None:
        await self.observer.make_due(WorkItem(rewrite=True), *things)
        self.progress.done.update(things)

    async def _find_lost(self) -> None:
        """Make due what is published and gone from KV, also of pages that stay as they are, which
        no run reads else, a forced one neither."""
        things, keys = await self.observer.find_lost()
        if keys:
            self.progress.warnings.append(_lost_warning(keys))
        await self.observer.make_due(WorkItem(rewrite=True), *things)
        self.progress.done.add("lost")


def _watched_children(watched: Watched, scope: RunScope, done: set[str]) -> dict[str, str]:
    """Return the child pages that a run asks for, with the stamps that they were read with."""
    return {
        page_id: stamp
        for page_id, (stamp, source) in watched.children.items()
        if scope.concerns_source(source) and page_id not in done
    }


def _watched_databases(
    watched: Watched, scope: RunScope, done: set[str]
) -> dict[str, DatabaseRecord | None]:
    """Return the child databases that a run asks for, with what was read of them."""
    return {
        database_id: record
        for database_id, record in watched.databases.items()
        if f"db:{database_id}" not in done and scope.concerns_database(record)
    }


def _lost_warning(keys: Sequence[str]) -> str:
    named = ", ".join(keys[:MOST_NAMED])
    more = f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else ""
    return (
        f"KV lost what is published under {named}{more}, or something else stands there: it is"
        " written again"
    )
