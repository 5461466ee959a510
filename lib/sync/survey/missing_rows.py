"""Rows that are published and that no listing shows: they are gone, and proven so, or stand
elsewhere."""

from collections.abc import Mapping, Sequence, Set

import msgspec

from lib.bundle.publication import is_trashed
from lib.errors import Unreadable
from lib.model import WorkItem
from lib.notion.pages import Listing
from lib.notion.together import all_of
from lib.store.site import Known, Sighting, Site
from lib.store.sources import Sources, SourceState
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.problems import page_problem
from lib.sync.sightings import row_of
from lib.sync.survey.listings import SourceListings
from lib.sync.survey.observer import Observer, RowJudge
from lib.sync.survey.progress import RunScope

MISSING_ROWS_ASKED = 20
"""Missing rows are all asked for up to this number. Of more, this many are asked for as a
sample."""


class GoneProof(msgspec.Struct):
    """Asks for rows that no listing shows, each by itself."""

    homes: Homes
    observer: Observer
    judge: RowJudge
    holders: Holders

    async def ask_for_rows(
        self, page_ids: Sequence[str], known: Mapping[str, Known], name: str
    ) -> set[str]:
        """Unpublish the rows of a source that are gone; return them. Those that stand elsewhere by
        now become due."""
        gone: set[str] = set()
        await all_of(
            self.observer.problems.contain(
                page_problem(page_id, known[page_id]),
                self._ask_for,
                page_id,
                known[page_id],
                name,
                gone,
            )
            for page_id in page_ids
        )
        return gone

    async def drop_rows(
        self, page_ids: Sequence[str], known: Mapping[str, Known], name: str
    ) -> None:
        """Unpublish rows without asking for them."""
        gone = [self.observer.gone_row(page_id, known[page_id], name) for page_id in page_ids]
        await self.observer.observe(gone)

    async def _ask_for(self, page_id: str, known: Known, name: str, gone: set[str]) -> None:
        if self.observer.problems.has("page", page_id):
            return
        try:
            read_at, page = await self.observer.find_page(page_id)
            home = await self.homes.home_of(page) if page else None
        except Unreadable:
            return
        if page is None:
            gone.add(page_id)
            await self.judge.unpublish_row(self.observer.gone_row(page_id, known, name), known)
        elif is_trashed(page):
            gone.add(page_id)
            row = row_of(page, name, read_at, self.judge.rule)
            seen = msgspec.structs.replace(row.observation, is_published=False)
            await self.judge.unpublish_row(
                Sighting(page_id=page_id, observation=seen, is_gone=True), known
            )
        elif home == name:
            return  # the listing lags behind, or misses it
        elif home is not None:
            await self.judge.judge_rows([row_of(page, home, read_at, self.judge.rule)])
        else:
            try:
                standing = await self.holders.find_standing(page)
            except Unreadable:
                return  # the next run asks again
            if standing.holder:
                await self.observer.make_due(WorkItem(), standing.holder)
                return
            if around := standing.row:  # its listing may have shown it before it was hidden
                row = row_of(around.page, around.source, around.read_at, self.judge.rule)
                await self.judge.judge_rows([row])
            gone.add(page_id)
            await self.judge.unpublish_row(self.observer.gone_row(page_id, known, name), known)


class MissingRows(msgspec.Struct):
    """Sees to the rows of one run that its listings do not show."""

    site: Site
    sources: Sources
    state: SourceState
    scope: RunScope
    listings: SourceListings
    proof: GoneProof
    observer: Observer

    async def confirm_missing(self, name: str) -> None:
        """Unpublish rows that a whole listing does not show, and that are gone for certain."""
        progress, listing = self.observer.progress, self.observer.progress.listings[name]
        if name in progress.confirmed or listing.since is not None:
            return
        stamps = await self.listings.stamps_of(name)
        if listing.cut:
            progress.warnings.append(_cut_warning(name, listing, stamps.keys()))
        else:
            seen = self._seen_rows()
            missing = [page_id for page_id in stamps if page_id not in seen]
            await self._confirm_rows(name, missing, is_empty=not listing.given)
        progress.confirmed.add(name)

    async def remove_sources(self) -> None:
        """Unpublish the rows of sources that are not configured any more, but for those that are
        listed under another name now: they move there when they are read. Of a few rows it is asked
        whether they stand in a page by now, which takes them."""
        seen = self._seen_rows()
        for name in [*self.state.records, *self.state.names]:
            if name in self.scope.references or name in self.observer.progress.confirmed:
                continue
            rows = [page_id for page_id in await self.sources.stamps(name) if page_id not in seen]
            known, _ = await self.site.look_up(rows) if rows else ({}, {})
            gone = [
                page_id
                for page_id in rows
                if known[page_id].observation and _is_row_of(known[page_id], name)
            ]
            await self.proof.ask_for_rows(gone[:MISSING_ROWS_ASKED], known, name)
            await self.proof.drop_rows(gone[MISSING_ROWS_ASKED:], known, name)
            self.observer.progress.confirmed.add(name)

    def _seen_rows(self) -> set[str]:
        listings, unreadable = self.observer.progress.listings, self.observer.progress.unreadable
        given = {page_id for listing in listings.values() for page_id in listing.given}
        return given | {page_id for ids in unreadable.values() for page_id in ids}

    async def _confirm_rows(self, name: str, missing: list[str], *, is_empty: bool) -> None:
        known, _ = await self.site.look_up(missing) if missing else ({}, {})
        missing = [page_id for page_id in missing if _is_row_of(known[page_id], name)]
        published = [page_id for page_id in missing if known[page_id].record]
        unknown = [page_id for page_id in missing if not known[page_id].record]
        await self.proof.drop_rows(unknown, known, name)
        if len(published) > MISSING_ROWS_ASKED and is_empty:
            self.observer.progress.warnings.append(
                f"source {name}: Notion listed no rows at all, while {len(published)} are"
                " published; nothing was dropped."
            )
            return
        asked, rest = published[:MISSING_ROWS_ASKED], published[MISSING_ROWS_ASKED:]
        gone = await self.proof.ask_for_rows(asked, known, name)
        if rest and len(gone) == len(asked):
            await self.proof.drop_rows(rest, known, name)
        elif rest:
            self.observer.progress.warnings.append(
                f"source {name}: {len(published)} published rows were missing from Notion's list,"
                f" but {len(asked) - len(gone)} of {len(asked)} are still there; nothing else was"
                " dropped."
            )


def _cut_warning(name: str, listing: Listing, published: Set[str]) -> str:
    seen = listing.given | listing.partial
    return (
        f"source {name}: rows may be missing, for {listing.cut}: {len(seen)} were listed, and"
        f" at least {len(published - seen)} that are published were not; nothing was dropped for"
        " that"
    )


def _is_row_of(known: Known, source: str) -> bool:
    """Return whether a page is a row of a source, as far as is known: it may have been seen
    elsewhere meanwhile."""
    seen = known.observation
    return seen is None or (seen.source == source and seen.parent is None)
