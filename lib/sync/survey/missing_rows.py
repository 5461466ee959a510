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
from lib.sync.rescue import Rescue
from lib.sync.survey.listings import SourceListings
from lib.sync.survey.observer import Observer
from lib.sync.survey.progress import RunScope
from lib.sync.survey.row_judge import RowJudge

FEW = 20
"""So many missing rows are asked for one by one; of more, so many are asked for as a sample."""


class GoneProof:
    """Asks for rows that no listing shows, each by itself."""

    def __init__(
        self, homes: Homes, observer: Observer, judge: RowJudge, rescue: Rescue, holders: Holders
    ) -> None:
        self._homes = homes
        self._observer = observer
        self._judge = judge
        self._rescue = rescue
        self._holders = holders

    async def ask_for_rows(
        self, page_ids: Sequence[str], known: Mapping[str, Known], name: str
    ) -> set[str]:
        """Unpublish the rows of a source that are gone; return them. Those that stand elsewhere by
        now become due."""
        gone: set[str] = set()
        await all_of(
            self._observer.problems.contain(
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
        gone = [self._observer.gone_row(page_id, known[page_id], name) for page_id in page_ids]
        await self._observer.observe(gone)

    async def _ask_for(self, page_id: str, known: Known, name: str, gone: set[str]) -> None:
        if self._observer.problems.has("page", page_id):
            return
        try:
            read_at, page = await self._observer.find_page(page_id)
            home = await self._homes.home_of(page) if page else None
        except Unreadable:
            return
        if page is None:
            gone.add(page_id)
            await self._unpublish_row(self._observer.gone_row(page_id, known, name), known)
        elif is_trashed(page):
            gone.add(page_id)
            row = self._judge.reduce_page(page, name, read_at)
            seen = msgspec.structs.replace(row.observation, is_published=False)
            await self._unpublish_row(
                Sighting(page_id=page_id, observation=seen, is_gone=True), known
            )
        elif home == name:
            return  # the listing lags behind, or misses it
        elif home is not None:
            await self._judge.judge_rows([self._judge.reduce_page(page, home, read_at)])
        else:
            standing = await self._holders.find_standing(page)
            if standing.holder:
                await self._observer.observe([], [(standing.holder, WorkItem())])
                return
            if around := standing.row:  # its listing may have shown it before it was hidden
                await self._judge.judge_rows(
                    [self._judge.reduce_page(around.page, around.source, around.read_at)]
                )
            gone.add(page_id)
            await self._unpublish_row(self._observer.gone_row(page_id, known, name), known)

    async def _unpublish_row(self, row: Sighting, known: Known) -> None:
        await self._observer.observe(*await self._rescue.rescue_below(known))
        await self._observer.observe([row])


class MissingRows:
    """Sees to the rows of one run that its listings do not show."""

    def __init__(
        self,
        site: Site,
        sources: Sources,
        state: SourceState,
        scope: RunScope,
        listings: SourceListings,
        proof: GoneProof,
        observer: Observer,
    ) -> None:
        self._site = site
        self._sources = sources
        self._state = state
        self._scope = scope
        self._listings = listings
        self._proof = proof
        self._progress = observer.progress

    async def confirm_missing(self, name: str) -> None:
        """Unpublish rows that a whole listing does not show, and that are gone for certain."""
        progress, listing = self._progress, self._progress.listings[name]
        if name in progress.confirmed or listing.since is not None:
            return
        stamps = await self._listings.stamps_of(name)
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
        for name in [*self._state.records, *self._state.names]:
            if name in self._scope.references or name in self._progress.confirmed:
                continue
            rows = [page_id for page_id in await self._sources.stamps(name) if page_id not in seen]
            known, _ = await self._site.look_up(rows) if rows else ({}, {})
            gone = [
                page_id
                for page_id in rows
                if known[page_id].observation and _is_row_of(known[page_id], name)
            ]
            await self._proof.ask_for_rows(gone[:FEW], known, name)
            await self._proof.drop_rows(gone[FEW:], known, name)
            self._progress.confirmed.add(name)

    def _seen_rows(self) -> set[str]:
        listings, unreadable = self._progress.listings, self._progress.unreadable
        given = {page_id for listing in listings.values() for page_id in listing.given}
        return given | {page_id for ids in unreadable.values() for page_id in ids}

    async def _confirm_rows(self, name: str, missing: list[str], *, is_empty: bool) -> None:
        known, _ = await self._site.look_up(missing) if missing else ({}, {})
        missing = [page_id for page_id in missing if _is_row_of(known[page_id], name)]
        published = [page_id for page_id in missing if known[page_id].record]
        unknown = [page_id for page_id in missing if not known[page_id].record]
        await self._proof.drop_rows(unknown, known, name)
        if len(published) > FEW and is_empty:
            self._progress.warnings.append(
                f"source {name}: Notion listed no rows at all, while {len(published)} are"
                " published; nothing was dropped."
            )
            return
        asked, rest = published[:FEW], published[FEW:]
        gone = await self._proof.ask_for_rows(asked, known, name)
        if rest and len(gone) == len(asked):
            await self._proof.drop_rows(rest, known, name)
        elif rest:
            self._progress.warnings.append(
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
