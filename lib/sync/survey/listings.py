"""Listing of the sources: all rows of them, or of big ones those that were edited lately."""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime

import msgspec

from lib.bundle.encoding import digest, encode
from lib.bundle.media import without_signatures
from lib.bundle.publication import PublicationRule
from lib.errors import Hopeless, NotionAway, SyncError, Unreadable
from lib.model import BUNDLE_VERSION, JSON, ListingRecord, Problem, Source, SourceRecord
from lib.notion.border.objects import name_of
from lib.notion.client import NotionClient
from lib.notion.computed import read_schema
from lib.notion.databases import find_source
from lib.notion.pages import ID_ONLY, Listing, list_next
from lib.notion.together import all_of
from lib.store.site import Site
from lib.store.sources import Sources, SourceState
from lib.sync.homes import Homes
from lib.sync.problems import page_problem
from lib.sync.sightings import Row, row_of
from lib.sync.survey.observer import Observer, RowJudge
from lib.sync.survey.progress import RunScope
from lib.sync.survey.rule_check import RuleCheck
from lib.times import AskedAt

BIG_SOURCE_ROWS = 1_000
"""Sources of this size or more are asked for their changed rows only. They are listed in full once
a day, and when their schema has changed."""
FULL_LISTING_SECONDS = 20 * 3_600
"""The age at which a big source is listed in full again. It is less than a day, so that a daily
run, which is never on time to the second, lists in full each time."""
OVERLAP_SECONDS = 180
"""How far a listing of changed rows overlaps the one before: Notion does not document how late an
edit shows in a query."""
MOST_DOUBTS = 5
"""Rows of one source that are named because they do not say whether they are to be published."""


class SourceFinder(msgspec.Struct):
    """Finds the data sources that the settings of a run lead to, and notes them as homes."""

    notion: NotionClient
    state: SourceState
    homes: Homes
    scope: RunScope

    async def find_home(self, name: str, found: dict[str, Source]) -> None:
        """Add the source of a name to `found`, where it is not there. Raises `Hopeless`,
        `NotionAway`."""
        if name not in found:
            found[name] = await self._find_source(name, self.scope.references[name])
        other = self.homes.name_of(found[name].data_source_id)
        if other in self.scope.references and other != name:
            raise Hopeless(
                f"source {name}: it is the same database as source {other}. Take one of them"
                " out of NOTION_SOURCES"
            )
        self.homes.sources[name] = found[name]

    async def _find_source(self, name: str, reference: str) -> Source:
        known = self.state.records.get(name)
        if known and known.reference == reference:
            return known.source
        return await find_source(self.notion, name, reference)


class SourceListings:
    """Lists the sources of one run; what changed of their rows becomes due as it is seen."""

    def __init__(
        self,
        notion: NotionClient,
        site: Site,
        sources: Sources,
        state: SourceState,
        scope: RunScope,
        finder: SourceFinder,
        observer: Observer,
        judge: RowJudge,
    ) -> None:
        self._notion = notion
        self._site = site
        self._sources = sources
        self._state = state
        self._scope = scope
        self._finder = finder
        self._observer = observer
        self._progress = observer.progress
        self._problems = observer.problems
        self._judge = judge
        self._rules = RuleCheck(notion, state, observer.progress, judge.rule)
        self._stamps: dict[str, dict[str, str]] = {}

    @property
    def listed_names(self) -> list[str]:
        """The sources that could be listed."""
        return [name for name in self._scope.references if not self._problems.has("source", name)]

    async def list_sources(self) -> None:
        """List all sources; one that can't be is a problem of its own, unless none can.

        Raises `Hopeless` and `NotionAway` where no source can be listed.
        """
        refusals: dict[str, SyncError] = {}

        async def unless_refused(look: Callable[[str], Awaitable[None]], name: str) -> None:
            try:
                await look(name)
            except (Hopeless, NotionAway) as refusal:
                refusals[name] = refusal

        for look in (self._find_home, self._list_source):
            names = [name for name in self.listed_names if name not in refusals]
            await all_of(
                self._problems.contain(_source(name), unless_refused, look, name) for name in names
            )
        if refusals and len(refusals) == len(self._scope.references):
            raise next(iter(refusals.values()))
        for name, refusal in refusals.items():
            self._problems.report(_source(name), str(refusal), refusal.cause)

    async def _find_home(self, name: str) -> None:
        await self._finder.find_home(name, self._progress.sources)

    async def stamps_of(self, name: str, page_ids: Collection[str] = ()) -> dict[str, str]:
        """Return the stamps of a source's rows: of all of them where it is listed in full."""
        if self._progress.listings[name].since is not None:
            return await self._sources.stamps_of(name, page_ids)
        if name not in self._stamps:
            self._stamps[name] = await self._sources.stamps(name)
        return self._stamps[name]

    def records(self) -> tuple[dict[str, SourceRecord], dict[str, ListingRecord]]:
        """Return what is to be remembered of the sources."""
        references, found = self._scope.references, self._progress.sources
        return (
            {name: SourceRecord(references[name], found[name]) for name in self.listed_names},
            {name: self._listing_record(name) for name in self.listed_names},
        )

    def warnings(self) -> list[str]:
        """Return what was odd in listings, and which rows do not say whether they are to be
        published."""
        warnings: list[str] = []
        for name in self.listed_names:
            doubts = self._progress.doubts.get(name, [])
            warnings += doubts[:MOST_DOUBTS]
            if len(doubts) > MOST_DOUBTS:
                warnings.append(
                    f"source {name}: the same is true of {len(doubts) - MOST_DOUBTS} more rows"
                )
            warnings += self._progress.listings[name].oddities.warnings
        return warnings

    async def _list_source(self, name: str) -> None:
        progress = self._progress
        if name not in progress.listings:
            await self._begin_listing(name)
        listing = progress.listings[name]
        if name in progress.ahead:
            await self._take_rows(name)
        while not listing.done:
            asked_at = AskedAt(self._observer.now())
            pages = await self._next_rows(name, listing)
            progress.ahead[name] = (asked_at, [without_signatures(page) for page in pages])
            await self._take_rows(name)
        await self._take_unreadable(name, listing)
        await self._rules.check_source(name, listing, is_new=self._is_judged_anew(name))
        if listing.since is None and len(listing.given) >= BIG_SOURCE_ROWS:
            # The next run asks for changed rows only, as long as it stays the same.
            await self._schema_of(name)

    async def _begin_listing(self, name: str) -> None:
        progress, before = self._progress, self._state.listings.get(name)
        since = None if self._scope.is_forced else self._since_when(name)
        if since and before and before.schema != (await self._schema_of(name) or None):
            since = None
        source = progress.sources[name]
        progress.listings[name] = Listing(data_source_id=source.data_source_id, since=since)
        progress.read_at[name] = self._notion.notion_time(progress.began_at)

    async def _next_rows(self, name: str, listing: Listing) -> list[JSON]:
        try:
            return await list_next(self._notion, listing)
        except Unreadable as refusal:
            raise Hopeless(
                f"source {name}: Notion does not show its rows ({refusal.reason}). Share the"
                " database with the integration (••• → Connections in Notion), or mend"
                " NOTION_SOURCES.",
                refusal.cause,
            ) from None

    async def _take_rows(self, name: str) -> None:
        """Hold rows that were listed last against what is remembered of them."""
        progress = self._progress
        asked_at, pages = progress.ahead[name]
        read_at = asked_at.date(self._notion.notion_time)
        progress.read_at[name] = min(progress.read_at[name], read_at)
        rows: list[Row] = []
        for page in pages:
            problem = Problem(page_id=page["id"], title=name_of(page), kind="page")
            await self._problems.contain(problem, self._reduce_page, page, name, read_at, rows)
        progress.listed += len(rows)
        if any(row.observation.is_published or row.observation.changes_at for row in rows):
            progress.shown.add(name)
        stamps = await self.stamps_of(name, [row.page_id for row in rows])
        changed = [
            row for row in rows if self._scope.is_forced or stamps.get(row.page_id) != row.stamp
        ]
        progress.unchanged += sum(row.observation.is_published for row in rows) - sum(
            row.observation.is_published for row in changed
        )
        progress.doubts.setdefault(name, []).extend(row.doubt for row in rows if row.doubt)
        if changed:
            await self._judge.judge_rows(changed)
        del progress.ahead[name]

    async def _reduce_page(self, page: JSON, name: str, read_at: float, rows: list[Row]) -> None:
        """Reduce a listed page to a row; until that is done it counts as one that can't be
        judged."""
        unreadable = self._progress.unreadable.setdefault(name, set())
        unreadable.add(page["id"])
        rows.append(row_of(page, name, read_at, self._judge.rule))
        unreadable.discard(page["id"])

    async def _take_unreadable(self, name: str, listing: Listing) -> None:
        """Report the rows of which Notion gives the id only: they are there, and stay as they are
        published."""
        self._progress.unreadable.setdefault(name, set()).update(listing.partial)
        known, _ = await self._site.look_up(listing.partial) if listing.partial else ({}, {})
        for page_id, one in known.items():
            if one.record:
                self._problems.report(page_problem(page_id, one), ID_ONLY)
            else:
                self._progress.oddities.note(
                    f"source {name}: page {page_id} is passed over: {ID_ONLY}"
                )

    async def _schema_of(self, name: str) -> str:
        """Return the fingerprint of a source's properties; "" where Notion does not show them."""
        schemas, oddities = self._progress.schemas, self._progress.oddities
        if name not in schemas:
            home = self._progress.sources[name].data_source_id
            try:
                schema = await read_schema(self._notion, home, oddities)
            except Unreadable as refusal:
                oddities.note(
                    f"source {name}: Notion does not show its properties ({refusal.reason})"
                )
                schemas[name] = ""
            else:
                schemas[name] = digest(encode(sorted(schema.items())))
        return schemas[name]

    def _since_when(self, name: str) -> str | None:
        known, listing = self._state.records.get(name), self._state.listings.get(name)
        if known is None or listing is None or known.reference != self._scope.references[name]:
            return None
        return changed_since(listing, rule_of(self._judge.rule), self._progress.began_at)

    def _listing_record(self, name: str) -> ListingRecord:
        progress = self._progress
        before = self._state.listings.get(name, ListingRecord())
        listing = progress.listings[name]
        is_full = listing.since is None
        return ListingRecord(
            listed_at=progress.began_at if is_full else before.listed_at,
            watermark=progress.read_at[name],
            rows=len(listing.given) if is_full else before.rows,
            schema=progress.schemas.get(name, before.schema),
            rule=rule_of(self._judge.rule),
            is_faulty=name in progress.faulty,
        )

    def _is_judged_anew(self, name: str) -> bool:
        before = self._state.listings.get(name)
        is_same = before is not None and before.rule == rule_of(self._judge.rule)
        return self._scope.is_forced or not is_same


def changed_since(listing: ListingRecord, rule: str, now: float) -> str | None:
    """Return from when on a source's changed rows are asked for after an earlier listing, as a time
    of Notion's; None: all rows are listed."""
    if (
        listing.rows < BIG_SOURCE_ROWS
        or listing.rule != rule
        or now - listing.listed_at >= FULL_LISTING_SECONDS
    ):
        return None
    since = datetime.fromtimestamp(listing.watermark - OVERLAP_SECONDS, UTC)
    return since.strftime("%Y-%m-%dT%H:%M:00.000Z")


def rule_of(rule: PublicationRule) -> str:
    """Return what a listing was judged by, as its record says it."""
    words = (str(BUNDLE_VERSION), rule.fingerprint, "previews" if rule.previews else "")
    return " ".join(word for word in words if word)


def _source(name: str) -> Problem:
    """Return a problem of a source, whose reason is not known yet."""
    return Problem(title=name, kind="source")
