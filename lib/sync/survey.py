"""Looking around: lists sources and asks for what no listing shows. What has changed becomes due as
it is seen.

Its progress is one JSON-serialisable value, so that a slice may end in the middle of a long
listing. What goes wrong with one row, database or source is a problem of that one: it is reported,
and everything else is looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from lib.bundle.encoding import digest, encode
from lib.bundle.media import unsigned
from lib.bundle.publication import trashed
from lib.errors import Hopeless, NotionAway, SyncError, Unreadable
from lib.model import (
    BUNDLE_VERSION,
    JSON,
    DatabaseRecord,
    ListingRecord,
    Observation,
    Problem,
    Source,
    SourceRecord,
    WorkItem,
)
from lib.notion.border.objects import Oddities, name_of
from lib.notion.client import NotionClient
from lib.notion.computed import read_schema
from lib.notion.databases import find_source, newest_rows, probe
from lib.notion.pages import ID_ONLY, Listing, advance, find, retrieve
from lib.notion.together import all_of
from lib.store.runs import SliceLease
from lib.store.site import Known, Sighting, Site
from lib.store.sources import Sources, SourceState, Watched
from lib.sync.database_work import signature
from lib.sync.draft_watch import DraftWatch
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.problems import Problems
from lib.sync.rescue import Rescue
from lib.sync.sightings import (
    DAY_SECONDS,
    Row,
    child_of,
    child_stamp,
    has_left,
    is_doubtful,
    is_outdated,
    is_settled,
    judge_row,
    moment_of,
    raw,
    row_of,
)

BIG_SOURCE_ROWS = 1_000
"""From so many rows on, a source is asked for its changed rows only, and listed in full once a day,
and when its schema has changed."""
FULL_LISTING_SECONDS = 20 * 3_600
"""How old a full listing of a big source may be: less than a day, so that a daily run, which is
never on time to the second, lists in full each time."""
OVERLAP_SECONDS = 180
"""A listing of changed rows begins so long before the last one: nobody says how late an edit shows
in a query."""
FEW = 20
"""So many missing rows are asked for one by one; of more, so many are asked for as a sample."""
MOST_DOUBTS = 5
"""Rows of one source that are named because they do not say whether they are to be published."""
WATCHED_AT_ONCE = 200
"""Child pages whose changes are remembered together."""


class Progress(msgspec.Struct, omit_defaults=True):
    """What a survey has done so far."""

    began_at: float = 0.0
    sources: dict[str, Source] = {}
    listings: dict[str, Listing] = {}
    ahead: dict[str, tuple[float, list[JSON]]] = {}
    """By source: the pages that were listed last, which nothing has followed from yet, and when
    they were asked for (our clock)."""
    schemas: dict[str, str] = {}
    """Fingerprints of sources that are asked for their changed rows only: none may show that a
    property was renamed."""
    read_at: dict[str, float] = {}
    """When each source's listing began (epoch seconds, Notion's clock)."""
    confirmed: set[str] = set()
    """Sources of which every missing row has been asked for."""
    pages: dict[str, tuple[float, JSON | None]] = {}
    """Pages that were asked for and that more than one question may be about, and when (our
    clock)."""
    done: set[str] = set()
    """Child pages, databases and things that have been asked for."""
    children: dict[str, tuple[float, JSON | None]] = {}
    """Child pages that are not as they were read (None: not to be had), which nothing has followed
    from yet, and when they were asked for (epoch seconds, Notion's clock)."""
    outside: dict[str, str] = {}
    """Things outside of all sources that have changed, and nothing that is published with them."""
    problems: dict[str, Problem] = {}
    """What could not be looked at, by kind and id or name: it is not asked for again in this
    run."""
    again: set[str] = set()
    """Pages among the problems that got no usable answer."""
    unreadable: dict[str, set[str]] = {}
    """By source: rows that were listed and can't be judged."""
    doubts: dict[str, list[str]] = {}
    warnings: list[str] = []
    listed: int = 0
    unchanged: int = 0
    oddities: Oddities = msgspec.field(default_factory=Oddities)
    """What was odd in pages and schemas that were asked for one by one."""


class Survey:
    """Looks around for one run; whatever interrupts it, `progress` holds what it knows and goes on
    another time.

    `references` are the settings of the sources that the run is about, `is_whole`: of all of them.
    `tell` is called when something became due. `now` gives epoch seconds.
    """

    def __init__(
        self,
        *,
        notion: NotionClient,
        site: Site,
        sources: Sources,
        state: SourceState,
        homes: Homes,
        references: dict[str, str],
        is_whole: bool,
        is_forced: bool,
        progress: Progress,
        lease: SliceLease,
        give_away: Callable[[SliceLease, Sequence[str]], Awaitable[None]],
        tell: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._notion, self._site, self._sources, self._state = notion, site, sources, state
        self._homes, self._references, self._is_whole = homes, references, is_whole
        self._is_forced = is_forced
        self._lease, self._give_away, self._tell, self._now = lease, give_away, tell, now
        self.progress = progress
        self.problems = Problems(progress.problems, progress.again, lambda: notion.is_down)
        self._holders = Holders(notion, site, homes)
        self._rescue = Rescue(notion, site, homes, self.look_at)
        self.drafts = DraftWatch(
            sources,
            progress.done,
            self.problems,
            look_at=self.look_at,
            observe=lambda work: self.observe([], work),
            concerns=lambda source: is_whole or source in references,
            is_forced=is_forced,
            is_on=homes.rule.previews,
        )
        self._stamps: dict[str, dict[str, str]] = {}
        self._rows_are_seen = asyncio.Event()
        if not progress.began_at:
            progress.began_at = now()

    async def look(self) -> None:
        """Look at everything.

        Raises `Hopeless` and `NotionAway` where no source can be listed, or nothing can be asked at
        all; `NotionWait`, `OutOfTime`, `TakenOver`.
        """
        watched = await self._sources.watched()
        await all_of([self._look_at_sources(), self._watch(watched), self.drafts.look()])
        if "lost" not in self.progress.done:
            await self._find_lost()

    @property
    def listed_names(self) -> list[str]:
        """The sources that could be listed."""
        return [name for name in self._references if not self.problems.has("source", name)]

    def records(self) -> tuple[dict[str, SourceRecord], dict[str, ListingRecord]]:
        """Return what is to be remembered of the sources."""
        names = self.listed_names
        return (
            {
                name: SourceRecord(self._references[name], self.progress.sources[name])
                for name in names
            },
            {name: self._listing_record(name) for name in names},
        )

    def warnings(self) -> list[str]:
        """Return what was odd in listings, where rows may be missing, and what says not whether it
        is to be published."""
        progress = self.progress
        warnings = list(progress.warnings)
        for name in self.listed_names:
            doubts = progress.doubts.get(name, [])
            warnings += doubts[:MOST_DOUBTS]
            if len(doubts) > MOST_DOUBTS:
                warnings.append(
                    f"source {name}: so it is with {len(doubts) - MOST_DOUBTS} more rows"
                )
            warnings += progress.listings[name].oddities.warnings
        return [*warnings, *progress.oddities.warnings]

    async def look_at(self, page_id: str) -> tuple[float, JSON | None]:
        """Return when a page was asked for (Notion's clock) and its object, which is asked for once
        in a run; None for one that is gone. Raises Unreadable."""
        pages, asked_at = self.progress.pages, self._now()
        if page_id not in pages:
            page = await find(self._notion, page_id, self.progress.oddities)
            pages[page_id] = (asked_at, unsigned(page) if page else None)
        asked_at, page = pages[page_id]
        return self._notion.notion_time(asked_at), page

    # Sources.

    async def _look_at_sources(self) -> None:
        try:
            await self._list_sources()
            names = self.listed_names
            await all_of(self._confirm_missing(name) for name in names)
            if self._is_whole and len(names) == len(self._references):
                await self._remove_sources()
        finally:
            self._rows_are_seen.set()

    async def _list_sources(self) -> None:
        refusals: dict[str, SyncError] = {}

        async def list_one(name: str, reference: str) -> None:
            try:
                await self._list(name, reference)
            except (Hopeless, NotionAway) as refusal:
                refusals[name] = refusal

        def source(name: str) -> Problem:
            return Problem(title=name, kind="source")

        ahead = {
            name: ref
            for name, ref in self._references.items()
            if not self.problems.has("source", name)
        }
        await all_of(self._resolve(name, ref, refusals) for name, ref in ahead.items())
        found = {name: ref for name, ref in ahead.items() if name not in refusals}
        await all_of(
            self.problems.contain(source(name), list_one, name, ref) for name, ref in found.items()
        )
        if refusals and len(refusals) == len(self._references):
            raise next(iter(refusals.values()))
        for name, refusal in refusals.items():
            self.problems.report(source(name), str(refusal))

    async def _resolve(self, name: str, reference: str, refusals: dict[str, SyncError]) -> None:
        """Find the data source that a setting leads to."""
        sources = self.progress.sources
        try:
            if name not in sources:
                known = self._state.records.get(name)
                is_known = known is not None and known.reference == reference
                sources[name] = (
                    known.source
                    if known and is_known
                    else await find_source(self._notion, name, reference)
                )
            other = self._homes.name_of(sources[name].data_source_id)
            if other in self._references and other != name:
                raise Hopeless(
                    f"source {name}: it is the same database as source {other}. Take one of them"
                    " out of NOTION_SOURCES"
                )
            self._homes.sources[name] = sources[name]
        except (Hopeless, NotionAway) as refusal:
            refusals[name] = refusal

    async def _list(self, name: str, reference: str) -> None:
        progress = self.progress
        source = progress.sources[name]
        if name not in progress.listings:
            since = self._since(name, reference)
            if since and self._state.listings[name].schema != (
                await self._schema(name, source) or None
            ):
                since = None
            progress.listings[name] = Listing(data_source_id=source.data_source_id, since=since)
            progress.read_at[name] = self._notion.notion_time(progress.began_at)
        listing = progress.listings[name]
        if name in progress.ahead:
            await self._take(name, listing)
        while not listing.done:
            asked_at = self._now()
            try:
                pages = await advance(self._notion, listing)
            except Unreadable as refusal:
                raise Hopeless(
                    f"source {name}: Notion does not show its rows ({refusal.reason}). Share the"
                    " database with the integration (••• → Connections in Notion), or mend"
                    " NOTION_SOURCES."
                ) from None
            progress.ahead[name] = (asked_at, [unsigned(page) for page in pages])
            await self._take(name, listing)
        await self._take_unreadable(name, listing)
        if listing.since is None and len(listing.given) >= BIG_SOURCE_ROWS:
            await self._schema(
                name, source
            )  # the next run asks for changed rows only, as long as it stays the same

    async def _take(self, name: str, listing: Listing) -> None:
        """Hold rows that were listed last against what is remembered of them."""
        progress = self.progress
        asked_at, pages = progress.ahead[name]
        read_at = self._notion.notion_time(asked_at)
        progress.read_at[name] = min(progress.read_at[name], read_at)
        rows: list[Row] = []
        unreadable = progress.unreadable.setdefault(name, set())
        for page in pages:
            problem = self._row_problem(page)
            await self.problems.contain(
                problem, self._reduce, page, name, read_at, rows, unreadable
            )
        progress.listed += len(rows)
        stamps = await self._stamps_of(name, listing, [row.page_id for row in rows])
        changed = [row for row in rows if self._is_forced or stamps.get(row.page_id) != row.stamp]
        progress.unchanged += sum(row.observation.is_published for row in rows) - sum(
            row.observation.is_published for row in changed
        )
        progress.doubts.setdefault(name, []).extend(row.doubt for row in rows if row.doubt)
        if changed:
            await self._judge(changed)
        del progress.ahead[name]

    async def _reduce(
        self, page: JSON, name: str, read_at: float, rows: list[Row], unreadable: set[str]
    ) -> None:
        """Reduce a listed page to a row; until that is done it counts as one that can't be
        judged."""
        unreadable.add(page["id"])
        rows.append(row_of(page, name, read_at, self._homes.rule))
        unreadable.discard(page["id"])

    async def _stamps_of(self, name: str, listing: Listing, page_ids: list[str]) -> dict[str, str]:
        if listing.since is not None:
            return await self._sources.stamps_of(name, page_ids)
        if name not in self._stamps:
            self._stamps[name] = await self._sources.stamps(name)
        return self._stamps[name]

    async def _judge(self, rows: Sequence[Row]) -> None:
        known, _ = await self._site.look_up([row.page_id for row in rows])
        sure: list[Row] = []
        for row in rows:
            before = known[row.page_id].observation
            if before and is_doubtful(row.observation, before):
                problem = _page_problem(row.page_id, known[row.page_id])
                await self.problems.contain(problem, self._ask_again, row, sure)
            else:
                sure.append(row)
        rows = sure
        judged = (judge_row(row, known[row.page_id], is_forced=self._is_forced) for row in rows)
        sightings = [sighting for sighting in judged if sighting]
        for sighting in sightings:
            if sighting.is_hidden:
                await self.observe(*await self._rescue.below(known[sighting.page_id]))
        await self.observe(sightings)

    async def _ask_again(self, row: Row, sure: list[Row]) -> None:
        """Ask for a row itself, of which two looks at one edit show different things: its own
        object is the later."""
        asked_at = self._now()
        page = await retrieve(self._notion, row.page_id, self.progress.oddities)
        source = await self._homes.home_of(page)
        if source is not None:
            sure.append(row_of(page, source, self._notion.notion_time(asked_at), self._homes.rule))

    async def observe(
        self,
        sightings: Sequence[Sighting],
        work: Sequence[tuple[str, WorkItem]] = (),
        outside: dict[str, str] | None = None,
    ) -> None:
        """Remember what was seen, and make due what has to be read."""
        if sightings or work or outside:
            slack = self._notion.clock_slack_seconds
            freed = await self._site.observe(self._lease, sightings, work, outside or {}, slack)
            await self._give_away(self._lease, freed)
            self._tell()

    async def _take_unreadable(self, name: str, listing: Listing) -> None:
        """Report the rows of which Notion gives the id only: they are there, and stay as they are
        published."""
        self.progress.unreadable.setdefault(name, set()).update(listing.partial)
        known, _ = await self._site.look_up(listing.partial) if listing.partial else ({}, {})
        for page_id, one in known.items():
            if one.record:
                self.problems.report(_page_problem(page_id, one), ID_ONLY)
            else:
                self.progress.oddities.note(
                    f"source {name}: page {page_id} is passed over: {ID_ONLY}"
                )

    async def _schema(self, name: str, source: Source) -> str:
        """Return the fingerprint of a source's properties; "" where Notion does not show them."""
        schemas = self.progress.schemas
        if name not in schemas:
            try:
                schema = await read_schema(
                    self._notion, source.data_source_id, self.progress.oddities
                )
            except Unreadable as refusal:
                self.progress.oddities.note(
                    f"source {name}: Notion does not show its properties ({refusal.reason})"
                )
                schemas[name] = ""
            else:
                schemas[name] = digest(encode(sorted(schema.items())))
        return schemas[name]

    def _since(self, name: str, reference: str) -> str | None:
        """From when on a big source's changed rows are asked for; None: all rows are listed."""
        known, listing = self._state.records.get(name), self._state.listings.get(name)
        if (
            known is None
            or listing is None
            or known.reference != reference
            or listing.rows < BIG_SOURCE_ROWS
            or listing.rule != self._rule
            or self._is_forced
            or self.progress.began_at - listing.listed_at >= FULL_LISTING_SECONDS
        ):
            return None
        since = datetime.fromtimestamp(listing.watermark - OVERLAP_SECONDS, UTC)
        return since.strftime("%Y-%m-%dT%H:%M:00.000Z")

    @property
    def _rule(self) -> str:
        rule = self._homes.rule
        words = (str(BUNDLE_VERSION), rule.fingerprint, "previews" if rule.previews else "")
        return " ".join(word for word in words if word)

    def _listing_record(self, name: str) -> ListingRecord:
        progress = self.progress
        before = self._state.listings.get(name, ListingRecord())
        listing = progress.listings[name]
        is_full = listing.since is None
        return ListingRecord(
            listed_at=progress.began_at if is_full else before.listed_at,
            watermark=progress.read_at[name],
            rows=len(listing.given) if is_full else before.rows,
            schema=progress.schemas.get(name, before.schema),
            rule=self._rule,
        )

    # What is missing.

    async def _confirm_missing(self, name: str) -> None:
        """Unpublish rows that a whole listing does not show, and that are gone for certain."""
        progress, listing = self.progress, self.progress.listings[name]
        if name in progress.confirmed or listing.since is not None:
            return
        if listing.cut:
            progress.warnings.append(self._cut_warning(name, listing))
        else:
            seen = {page_id for other in progress.listings.values() for page_id in other.given}
            seen |= {page_id for ids in progress.unreadable.values() for page_id in ids}
            missing = [
                page_id for page_id in await self._known_rows(name, listing) if page_id not in seen
            ]
            await self._confirm(name, missing, is_empty=not listing.given)
        progress.confirmed.add(name)

    async def _known_rows(self, name: str, listing: Listing) -> dict[str, str]:
        return await self._stamps_of(name, listing, [])

    def _cut_warning(self, name: str, listing: Listing) -> str:
        seen = listing.given | listing.partial
        unseen = set(self._stamps.get(name, {})) - seen
        return (
            f"source {name}: rows may be missing, for {listing.cut}: {len(seen)} were listed, and"
            f" at least {len(unseen)} that are published were not; nothing was dropped for that"
        )

    async def _confirm(self, name: str, missing: list[str], *, is_empty: bool) -> None:
        known, _ = await self._site.look_up(missing) if missing else ({}, {})
        missing = [page_id for page_id in missing if _is_row_of(known[page_id], name)]
        published = [page_id for page_id in missing if known[page_id].record]
        unknown = [page_id for page_id in missing if not known[page_id].record]
        await self.observe([self.gone_row(page_id, known[page_id], name) for page_id in unknown])
        if len(published) > FEW and is_empty:
            self.progress.warnings.append(
                f"source {name}: Notion listed no rows at all, while {len(published)} are"
                " published; nothing was dropped."
            )
            return
        asked = published[:FEW]
        gone: set[str] = set()
        await self._ask_for_all(asked, known, name, gone)
        rest = published[FEW:]
        if rest and len(gone) == len(asked):
            await self.observe([self.gone_row(page_id, known[page_id], name) for page_id in rest])
        elif rest:
            self.progress.warnings.append(
                f"source {name}: {len(published)} published rows were missing from Notion's list,"
                f" but {len(asked) - len(gone)} of {len(asked)} are still there; nothing else was"
                " dropped."
            )

    async def _ask_for_all(
        self, page_ids: Sequence[str], known: Mapping[str, Known], name: str, gone: set[str]
    ) -> None:
        """Ask for rows that no listing shows, each by itself."""
        await all_of(
            self.problems.contain(
                _page_problem(page_id, known[page_id]),
                self._ask_for,
                page_id,
                known[page_id],
                name,
                gone,
            )
            for page_id in page_ids
        )

    async def _ask_for(self, page_id: str, known: Known, name: str, gone: set[str]) -> None:
        """Ask for a row that a listing does not show: it is gone, or stands elsewhere."""
        if self.problems.has("page", page_id):
            return
        asked_at = self._now()
        try:
            page = await find(self._notion, page_id, self.progress.oddities)
            home = await self._homes.home_of(page) if page else None
        except Unreadable:
            return
        if page is None:
            gone.add(page_id)
            await self.observe(*await self._rescue.below(known))
            await self.observe([self.gone_row(page_id, known, name)])
            return
        if trashed(page):
            gone.add(page_id)
            row = row_of(page, name, self._notion.notion_time(asked_at), self._homes.rule)
            seen = msgspec.structs.replace(row.observation, is_published=False)
            await self.observe(*await self._rescue.below(known))
            await self.observe([Sighting(page_id=page_id, observation=seen, is_gone=True)])
        elif home == name:
            return  # the listing lags behind, or misses it
        elif home is not None:
            await self._judge(
                [row_of(page, home, self._notion.notion_time(asked_at), self._homes.rule)]
            )
        else:
            if holder := await self._holders.find(page):
                await self.observe([], [(holder, WorkItem())])
            else:
                gone.add(page_id)
                await self.observe([self.gone_row(page_id, known, name)])

    def gone_row(self, page_id: str, known: Known, source: str = "") -> Sighting:
        """Return what follows from a row that is gone; `source` is the one that it was a row of,
        where nobody knows."""
        source = known.observation.source if known.observation else source
        now = self._notion.notion_time(self._now())
        before = known.observation or Observation(
            source=source,
            title="",
            created="1970-01-01T00:00:00.000Z",
            edited="1970-01-01T00:00:00.000Z",
            wanted="",
        )
        seen = msgspec.structs.replace(before, source=source, read_at=now, is_published=False)
        return Sighting(page_id=page_id, observation=seen, is_gone=True)

    async def _remove_sources(self) -> None:
        """Unpublish the rows of sources that are not configured any more, but for those that are
        listed under another name now: they move there when they are read. Of a few rows it is asked
        whether they stand in a page by now, which takes them."""
        seen = {page_id for listing in self.progress.listings.values() for page_id in listing.given}
        seen |= {page_id for ids in self.progress.unreadable.values() for page_id in ids}
        for name in [*self._state.records, *self._state.names]:
            if name in self._references or name in self.progress.confirmed:
                continue
            rows = [page_id for page_id in await self._sources.stamps(name) if page_id not in seen]
            known, _ = await self._site.look_up(rows) if rows else ({}, {})
            gone = [
                page_id
                for page_id in rows
                if known[page_id].observation and _is_row_of(known[page_id], name)
            ]
            await self._ask_for_all(gone[:FEW], known, name, set())
            rest = gone[FEW:]
            await self.observe([self.gone_row(page_id, known[page_id], name) for page_id in rest])
            self.progress.confirmed.add(name)

    # What no listing shows.

    async def _watch(self, watched: Watched) -> None:
        names = self._references
        children = {
            page_id: (stamp, source)
            for page_id, (stamp, source) in watched.children.items()
            if (source in names or self._is_whole) and page_id not in self.progress.done
        }
        still = [page_id for page_id in children if page_id in watched.shown]
        children = {
            page_id: seen for page_id, seen in children.items() if page_id not in watched.still
        }
        databases = {
            database_id: record
            for database_id, record in watched.databases.items()
            if f"db:{database_id}" not in self.progress.done
            and (record is None or self._concerns(record))
        }
        outside = {
            thing: stamp
            for thing, stamp in watched.outside.items()
            if thing not in self.progress.done
        }
        if self._is_forced:
            work = [(page_id, WorkItem(rewrite=True)) for page_id in children]
            work += [(f"db:{database_id}", WorkItem(rewrite=True)) for database_id in databases]
            await self.observe([], work)
            self.progress.done |= {key for key, _ in work}
            children, databases = {}, {}
        await all_of(
            [
                self._watch_children(children),
                self._watch_still(still),
                *(
                    self.problems.contain(
                        _database_problem(database_id, record),
                        self.watch_database,
                        database_id,
                        record,
                    )
                    for database_id, record in databases.items()
                ),
                *(
                    self.problems.contain(
                        Problem(kind="page", title=f"{thing}, which published pages show"),
                        self._watch_thing,
                        thing,
                        stamp,
                    )
                    for thing, stamp in outside.items()
                ),
            ]
        )

    def _concerns(self, record: DatabaseRecord) -> bool:
        return (
            self._is_whole
            or not record.sources
            or bool(set(record.sources) & set(self._references))
        )

    async def _watch_children(self, children: dict[str, tuple[str, str]]) -> None:
        ids = list(children)
        for at in range(0, len(ids), WATCHED_AT_ONCE):
            await all_of(
                self.problems.contain(
                    Problem(page_id=page_id, kind="page"),
                    self._watch_child,
                    page_id,
                    children[page_id][0],
                )
                for page_id in ids[at : at + WATCHED_AT_ONCE]
                if page_id not in self.progress.children
            )
            await (
                self._rows_are_seen.wait()
            )  # what stands below a row that is hidden now is not read any more
            await self._take_children()
            self.progress.done |= set(ids[at : at + WATCHED_AT_ONCE])

    async def _watch_still(self, page_ids: list[str]) -> None:
        """Look at child pages that stay as they are for the sake of others, which show what stands
        on them."""
        known, _ = await self._site.look_up(page_ids) if page_ids else ({}, {})
        sightings: list[Sighting] = []

        async def look(page_id: str, before: Observation) -> None:
            read_at, page = await self.look_at(page_id)
            edited = page["last_edited_time"] if page else before.edited
            if edited == before.edited and is_settled(before.edited_at, before.read_at):
                return
            seen = msgspec.structs.replace(
                before, edited=edited, edited_at=moment_of(edited), read_at=read_at
            )
            sightings.append(Sighting(page_id=page_id, observation=seen))

        await all_of(
            self.problems.contain(_page_problem(page_id, one), look, page_id, one.observation)
            for page_id, one in known.items()
            if one.observation
        )
        await self.observe(sightings)
        self.progress.done |= set(page_ids)

    async def _watch_child(self, page_id: str, stamp: str) -> None:
        """Ask for a child page; note it where it is not as it was read."""
        asked_at = self._now()
        page: JSON | None = None
        try:
            page = await retrieve(self._notion, page_id, self.progress.oddities)
        except Unreadable as refusal:
            if refusal.notion_status != HTTPStatus.NOT_FOUND:
                raise
        if page and stamp and child_stamp(page, self._homes.rule) == stamp and not trashed(page):
            self.progress.unchanged += 1
            self.progress.done.add(page_id)
        else:
            self.progress.children[page_id] = (
                self._notion.notion_time(asked_at),
                page and unsigned(page),
            )

    async def _take_children(self) -> None:
        """Hold the child pages that are not as they were read against what is remembered of
        them."""
        seen = self.progress.children
        if not seen:
            return
        known, _ = await self._site.look_up(seen)
        sightings: list[Sighting] = []
        work: dict[str, WorkItem] = {}
        for page_id, (read_at, page) in seen.items():
            before = known[page_id].observation
            if before is None or before.parent is None:
                continue
            if page is None or trashed(page):
                doubted = work[before.parent].doubted if before.parent in work else []
                work[before.parent] = WorkItem(doubted=[*doubted, page_id])
                continue
            if has_left(page, before.parent):
                work.setdefault(before.parent, WorkItem())
                with suppress(Unreadable):  # the page that it stood in looks for it
                    if holder := await self._holders.find(page):
                        work.setdefault(holder, WorkItem())
                continue
            after = child_of(page, before, read_at)
            if is_outdated(after, before):
                continue
            stamp = (
                child_stamp(page, self._homes.rule) if is_settled(after.edited_at, read_at) else ""
            )
            item = WorkItem(page=raw(page), read_at=read_at, stamp=stamp)
            sightings.append(Sighting(page_id=page_id, observation=after, item=item))
        await self.observe(sightings, list(work.items()))
        seen.clear()

    async def watch_database(self, database_id: str, record: DatabaseRecord | None) -> None:
        """Make a child database due where it changed, and the pages that show it where it can't be
        read any more."""
        thing = f"db:{database_id}"
        if thing in self.progress.done or self.problems.has("database", database_id):
            return
        if (
            record is None
            or not record.data_source_ids
            or record.is_lacking
            or record.version != BUNDLE_VERSION
        ):
            await self.observe([], [(thing, WorkItem(rewrite=record is None))])
        else:
            try:
                answers = [await newest_rows(self._notion, one) for one in record.data_source_ids]
            except Unreadable as refusal:
                if refusal.notion_status == HTTPStatus.OK:
                    raise
                showing = await self._site.showing(thing)
                await self.observe(
                    [], [(page_id, WorkItem(doubted=[database_id])) for page_id in showing]
                )
            else:
                if self._database_changed([row for found, _ in answers for row in found], record):
                    await self.observe([], [(thing, WorkItem(title=record.title))])
        self.progress.done.add(thing)

    def _database_changed(self, rows: Sequence[JSON], record: DatabaseRecord) -> bool:
        """Its title and its schema show in no row, and of more than 100 rows the newest are seen
        only: so every child database is read again once a day."""
        if not all(is_settled(moment_of(row["last_edited_time"]), record.read_at) for row in rows):
            return True
        if self.progress.began_at - record.read_at >= DAY_SECONDS:
            return True
        return bool(record.signature) and signature(list(rows)) != record.signature

    async def _watch_thing(self, thing: str, stamp: str) -> None:
        """Look at something that published pages show and no listing does."""
        kind, _, thing_id = thing.partition(":")
        asked_at = self._now()
        edited, is_dated = 0.0, True
        match kind:
            case "page":
                try:
                    page = await retrieve(self._notion, thing_id, self.progress.oddities)
                except Unreadable as refusal:
                    found = f"refused {refusal.notion_status}"
                else:
                    found, edited = page["last_edited_time"], moment_of(page["last_edited_time"])
                    if trashed(page):
                        found, is_dated = (
                            f"trashed {found}",
                            False,
                        )  # that it went there moves no time
            case "original":  # it could be read when its page was
                found = "" if await self._can_be_read(kind, thing_id) else "no"
            case _:
                found = "yes" if await self._can_be_read(kind, thing_id) else ""
        if found != stamp:
            showing = await self._site.showing(thing)
            due = [
                page_id
                for page_id, one in showing.items()
                if one.record is None or not is_dated or not is_settled(edited, one.record.read_at)
            ]
            is_sure = not edited or is_settled(edited, self._notion.notion_time(asked_at))
            item = WorkItem(asks_owners=True, doubted=[thing_id])
            seen = found if is_sure else ""
            if due:
                await self.observe([], [(page_id, item) for page_id in due], {thing: seen})
            elif seen != stamp:
                self.progress.outside[thing] = seen
        self.progress.done.add(thing)

    async def _can_be_read(self, kind: str, thing_id: str) -> bool:
        try:
            match kind:
                case "hidden":
                    return not trashed(
                        await retrieve(self._notion, thing_id, self.progress.oddities)
                    )
                case "unreadable":
                    await probe(self._notion, thing_id)
                case _:
                    # What a reader of its copies would ask: a block in the trash is still to be
                    # had, its children not.
                    await self._notion.get(f"blocks/{thing_id}/children", {"page_size": 1})
        except Unreadable:
            return False
        return True

    async def _find_lost(self) -> None:
        """Make due what is published and gone from KV."""
        if not self._is_forced:
            things, keys = await self._site.find_lost(self._lease)
            if keys:
                self.progress.warnings.append(_lost_warning(keys))
            await self.observe([], [(thing, WorkItem(rewrite=True)) for thing in things])
        self.progress.done.add("lost")

    def _row_problem(self, page: JSON) -> Problem:
        return Problem(page_id=page["id"], title=name_of(page), kind="page")


MOST_NAMED = 5


def _lost_warning(keys: Sequence[str]) -> str:
    named = ", ".join(keys[:MOST_NAMED])
    more = f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else ""
    return (
        f"KV lost what is published under {named}{more}, or something else stands there: it is"
        " written again"
    )


def _page_problem(page_id: str, known: Known) -> Problem:
    """A problem of a page, under the name by which it is published."""
    seen = known.observation
    return Problem(page_id, known.slug, seen.title if seen else "", "page")


def _database_problem(database_id: str, record: DatabaseRecord | None) -> Problem:
    return Problem(database_id, "", record.title if record else "", "database")


def _is_row_of(known: Known, source: str) -> bool:
    """Return whether a page is a row of a source, as far as anybody knows: it may have been seen
    elsewhere meanwhile."""
    seen = known.observation
    return seen is None or (seen.source == source and seen.parent is None)
