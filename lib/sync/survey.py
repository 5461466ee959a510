"""Looking around before a run is planned: which pages there are, and what of the rest has changed.

Its progress is one JSON-serialisable value, so that a slice may end in the middle of a long listing. What goes wrong
with one row, database or source is a problem of that one: it is reported, and everything else is looked at.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from lib.bundle.encoding import digest, encode
from lib.bundle.media import unsigned
from lib.bundle.properties import fingerprint
from lib.bundle.publication import DEFAULT_RULE, PublicationRule, trashed
from lib.errors import Hopeless, NotionAway, SyncError, Unreadable
from lib.model import JSON, KeptDatabase, KeptSource, Known, Problem, Source
from lib.notion.border.objects import Oddities, name_of
from lib.notion.client import NotionClient
from lib.notion.computed import read_schema
from lib.notion.databases import find_source, newest_rows, probe
from lib.notion.pages import ID_ONLY, Listing, advance, retrieve
from lib.notion.together import all_of
from lib.sync.facts import DAY_SECONDS, Listed, Row, Watched, row_of, unsettled
from lib.sync.problems import Problems
from lib.sync.watches import doubtful_originals, missing, watches

BIG_SOURCE_ROWS = 1_000
"""From so many rows on, a source is asked for its changed rows only, and listed in full once a day, and when its schema
has changed."""
OVERLAP_SECONDS = 180
"""A listing of changed rows begins so long before the last one: nobody says how late an edit shows in a query."""
FEW = 20
"""So many missing rows are asked for one by one; of more, so many are asked for as a sample."""
MOST_DOUBTS = 5
"""Rows of one source that are named because they do not say whether they are to be published."""


class Progress(msgspec.Struct, omit_defaults=True):
    """What a survey has found out so far."""

    began_at: float = 0.0
    sources: dict[str, Source] = {}
    listings: dict[str, Listing] = {}
    schemas: dict[str, str] = {}
    """Fingerprints of sources that are asked for their changed rows only: none may show that a property was renamed."""
    rows: dict[str, list[Row]] = {}
    confirmed: dict[str, float] = {}
    """Missing rows that were asked for: since when (epoch seconds) they are known to be gone; 0: they are not."""
    pages: dict[str, JSON | None] = {}
    databases: dict[str, str] = {}
    """Child databases that were asked for: same, changed, lost, or found again."""
    originals: dict[str, bool] = {}
    """Originals that could not be read before, or whose page is not to be seen: whether they can be read now."""
    problems: dict[str, Problem] = {}
    """What could not be looked at, by kind and id or name: it is not asked for again in this run."""
    refused: set[str] = set()
    """Pages and databases that Notion refused to show: nothing is known of them, and they are not asked for again."""
    unreadable: dict[str, set[str]] = {}
    """By source: rows that were listed and can't be judged."""
    oddities: Oddities = msgspec.field(default_factory=Oddities)
    """What was odd in pages and schemas that were asked for one by one."""


class Found(msgspec.Struct, frozen=True):
    """What planning needs to know."""

    listed: list[Listed]
    watched: Watched
    gone: dict[str, float]
    sources: dict[str, KeptSource]
    warnings: list[str]
    problems: list[Problem] = []
    again: frozenset[str] = frozenset()
    """Pages among the problems that got no usable answer."""
    focus: frozenset[str] | None = None
    """The only pages and child databases that may be due; None: all are."""


class Survey:
    """Asks Notion; whatever interrupts it, `progress` holds what it knows and goes on another time."""

    def __init__(
        self,
        notion: NotionClient,
        known: Known,
        references: Mapping[str, str],
        progress: Progress,
        *,
        now: Callable[[], float],
        forced_at: float | None,
        rule: PublicationRule = DEFAULT_RULE,
    ) -> None:
        self._notion = notion
        self._known = known
        self._references = references
        self.progress = progress
        self._now = now
        self._forced_at = forced_at
        self._rule = rule
        self.problems = Problems(progress.problems, lambda: notion.is_down)
        if not progress.began_at:
            progress.began_at = now()

    async def look(self) -> Found:
        """Return what the whole survey found.

        Raises `Hopeless` and `NotionAway` where no source can be listed, or nothing can be asked at all; `NotionWait`,
        `OutOfTime`.
        """
        names = await self._list_sources()
        listed = [self._listed(name) for name in names]
        gone, warnings = await self._confirm(missing(listed, self._known))
        await self._watch(listed)
        progress = self.progress
        return Found(
            listed=listed,
            watched=Watched(
                read_at=self._notion.notion_time(progress.began_at),
                began_at=progress.began_at,
                pages=progress.pages,
                changed_databases={id for id, state in progress.databases.items() if state == "changed"},
                lost_databases={id for id, state in progress.databases.items() if state == "lost"},
                found_originals={id for id, found in progress.originals.items() if found},
                lost_originals={id for id, found in progress.originals.items() if not found},
                found_databases={id for id, state in progress.databases.items() if state == "found"},
            ),
            gone=gone,
            sources={name: self._source_state(name) for name in names},
            warnings=[*warnings, *self._listing_warnings(names), *progress.oddities.warnings],
            problems=list(progress.problems.values()),
            again=frozenset(self.problems.again),
        )

    async def _list_sources(self) -> list[str]:
        """List every source; return the names of those that could be."""
        refusals: dict[str, SyncError] = {}

        async def list_one(name: str, reference: str) -> None:
            try:
                await self._list(name, reference)
            except (Hopeless, NotionAway) as refusal:
                refusals[name] = refusal

        def source(name: str) -> Problem:
            return Problem(title=name, kind="source")

        ahead = {name: ref for name, ref in self._references.items() if not self.problems.has("source", name)}
        await all_of(self.problems.contain(source(name), list_one(name, ref)) for name, ref in ahead.items())
        if refusals and len(refusals) == len(self._references):
            raise next(iter(refusals.values()))
        for name, refusal in refusals.items():
            self.problems.report(source(name), str(refusal))
        return [name for name in self._references if not self.problems.has("source", name)]

    def page_problem(self, page_id: str) -> Problem:
        """A problem of a page, under the name by which it is published."""
        kept = self._known.kept.get(page_id)
        return Problem(page_id, kept.slug if kept else "", kept.title if kept else "", "page")

    def _database_problem(self, database_id: str) -> Problem:
        kept = self._known.databases.get(database_id)
        return Problem(database_id, "", kept.title if kept else "", "database")

    def _listing_warnings(self, names: Iterable[str]) -> list[str]:
        """What was odd in listings, where rows may be missing, and what says not whether it is to be published."""
        warnings = []
        for name in names:
            listing, rows = self.progress.listings[name], self.progress.rows[name]
            if listing.cut:
                warnings.append(self._cut_warning(name, listing))
            doubts = [row.doubt for row in rows if row.doubt]
            warnings += doubts[:MOST_DOUBTS]
            if len(doubts) > MOST_DOUBTS:
                warnings.append(f"source {name}: so it is with {len(doubts) - MOST_DOUBTS} more rows")
            warnings += listing.oddities.warnings
        return warnings

    def _cut_warning(self, name: str, listing: Listing) -> str:
        seen = listing.given | listing.partial
        published = {
            page_id for page_id, kept in self._known.kept.items() if kept.source == name and kept.rank is not None
        }
        return (
            f"source {name}: rows may be missing, for {listing.cut}: {len(seen)} were listed, and at least "
            f"{len(published - seen)} that are published were not; nothing was dropped for that"
        )

    async def _list(self, name: str, reference: str) -> None:
        progress = self.progress
        kept = self._known.sources.get(name)
        if name not in progress.sources:
            known = kept is not None and kept.reference == reference
            progress.sources[name] = kept.source if kept and known else await find_source(self._notion, name, reference)
        source = progress.sources[name]
        if name not in progress.listings:
            since = self._since(kept, reference)
            if since and kept and kept.schema != (await self._schema(name, source) or None):
                since = None
            progress.listings[name] = Listing(data_source_id=source.data_source_id, since=since)
        listing = progress.listings[name]
        rows = progress.rows.setdefault(name, [])
        while not listing.done:
            asked_at = self._now()
            try:
                pages = await advance(self._notion, listing)
            except Unreadable as refusal:
                raise Hopeless(
                    f"source {name}: Notion does not show its rows ({refusal.reason}). Share the database with the "
                    "integration (••• → Connections in Notion), or mend NOTION_SOURCES."
                ) from None
            for page in pages:
                await self.problems.contain(self._row_problem(page), self._take_row(page, name, rows, asked_at))
        self._take_unreadable(name, listing)
        if listing.since is None and len(rows) >= BIG_SOURCE_ROWS:
            await self._schema(name, source)  # the next run asks for changed rows only, as long as it stays the same

    async def _take_row(self, page: JSON, source: str, rows: list[Row], asked_at: float) -> None:
        """Reduce a listed page to a row; until that is done it counts as one that can't be judged."""
        unreadable = self.progress.unreadable.setdefault(source, set())
        unreadable.add(page["id"])
        rows.append(row_of(page, source, self._notion.notion_time(asked_at), asked_at, self._rule))
        unreadable.discard(page["id"])

    def _row_problem(self, page: JSON) -> Problem:
        return msgspec.structs.replace(self.page_problem(page["id"]), title=name_of(page))

    def _take_unreadable(self, name: str, listing: Listing) -> None:
        """Report the rows of which Notion gives the id only: they are there, and stay as they are published."""
        self.progress.unreadable.setdefault(name, set()).update(listing.partial)
        for page_id in listing.partial:
            if page_id in self._known.kept:
                self.problems.report(self.page_problem(page_id), ID_ONLY)
            else:
                self.progress.oddities.note(f"source {name}: page {page_id} is passed over: {ID_ONLY}")

    async def _schema(self, name: str, source: Source) -> str:
        """Return the fingerprint of a source's properties; "" where Notion does not show them."""
        schemas = self.progress.schemas
        if name not in schemas:
            try:
                schema = await read_schema(self._notion, source.data_source_id, self.progress.oddities)
            except Unreadable as refusal:
                self.progress.oddities.note(f"source {name}: Notion does not show its properties ({refusal.reason})")
                schemas[name] = ""
            else:
                schemas[name] = digest(encode(sorted(schema.items())))
        return schemas[name]

    def _since(self, kept: KeptSource | None, reference: str) -> str | None:
        """From when on a big source's changed rows are asked for; None: all rows are listed."""
        if (
            kept is None
            or kept.reference != reference
            or kept.rows < BIG_SOURCE_ROWS
            or self._forced_at is not None
            or self.progress.began_at - kept.listed_at >= DAY_SECONDS
        ):
            return None
        return datetime.fromtimestamp(kept.watermark - OVERLAP_SECONDS, UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")

    def _listed(self, name: str) -> Listed:
        listing = self.progress.listings[name]
        unreadable = self.progress.unreadable.get(name, set())
        return Listed(name, self.progress.rows[name], listing.since is None and not listing.cut, unreadable)

    def _source_state(self, name: str) -> KeptSource:
        """What is to be remembered of the source once the run has ended."""
        progress, before = self.progress, self._known.sources.get(name)
        listing, rows = progress.listings[name], progress.rows[name]
        state = KeptSource(
            reference=self._references[name],
            source=progress.sources[name],
            schema=progress.schemas.get(name, before.schema if before else ""),
            listed_at=progress.began_at if listing.since is None else (before.listed_at if before else 0.0),
            watermark=min([self._notion.notion_time(progress.began_at), *(row.read_at for row in rows)]),
            rows=len(rows) if listing.since is None else (before.rows if before else 0),
        )
        if before is None:
            return state
        return msgspec.structs.replace(
            state,
            synced_at=before.synced_at,
            signatures=before.signatures,
            items_per_page=before.items_per_page,
            revision=before.revision,
            total=before.total,
        )

    async def _confirm(self, absent: Mapping[str, Sequence[str]]) -> tuple[dict[str, float], list[str]]:
        """Which missing rows are gone for certain, since when, and a warning where a listing is not to be believed."""
        gone: dict[str, float] = {}
        warnings: list[str] = []
        for name, ids in absent.items():
            asked = ids[:FEW]
            if len(ids) > FEW and not self.progress.rows[name]:
                warnings.append(
                    f"source {name}: Notion listed no rows at all, while {len(ids)} are published; nothing was dropped."
                )
                continue
            await all_of(self.problems.contain(self.page_problem(id), self._confirm_one(name, id)) for id in asked)
            really = {id: since for id in asked if (since := self.progress.confirmed.get(id, 0.0))}
            if len(ids) <= FEW:
                gone |= really
            elif len(really) == len(asked):
                gone |= dict.fromkeys(ids, min(really.values()))
            else:
                warnings.append(
                    f"source {name}: {len(ids)} published rows were missing from Notion's list, but "
                    f"{len(asked) - len(really)} of {len(asked)} are still there; nothing else was dropped."
                )
                gone |= really
        return gone, warnings

    async def _confirm_one(self, name: str, id: str) -> None:
        if id in self.progress.confirmed or self.problems.has("page", id):
            return
        asked_at = self._now()
        try:
            page = await retrieve(self._notion, id, self.progress.oddities)
        except Unreadable as refusal:
            self.progress.confirmed[id] = asked_at if refusal.notion_status == HTTPStatus.NOT_FOUND else 0.0
            return
        home = self.progress.sources[name].data_source_id
        is_gone = trashed(page) or (page.get("parent") or {}).get("data_source_id") != home
        self.progress.confirmed[id] = asked_at if is_gone else 0.0

    async def _watch(self, listed: Sequence[Listed]) -> None:
        wanted = watches(listed, self._known, self._forced_at)
        databases = self._known.databases
        await all_of(
            [
                *(self.problems.contain(self.page_problem(id), self._watch_page(id)) for id in wanted.pages),
                *(self.watch_database(id, databases[id]) for id in wanted.databases),
                *(
                    self.problems.contain(self._database_problem(id), self._watch_unreadable(id))
                    for id in wanted.unreadable
                ),
                *(self._watch_original(id) for id in wanted.originals),
            ]
        )
        doubtful = doubtful_originals(self.progress.pages, self._known)
        await all_of(self._watch_original(id) for id in doubtful)

    async def _watch_page(self, id: str) -> None:
        if id in self.progress.pages or id in self.progress.refused or self.problems.has("page", id):
            return
        try:
            self.progress.pages[id] = unsigned(await retrieve(self._notion, id, self.progress.oddities))
        except Unreadable as refusal:
            if refusal.notion_status == HTTPStatus.NOT_FOUND:
                self.progress.pages[id] = None
            elif refusal.notion_status == HTTPStatus.OK:
                raise
            else:
                self.progress.refused.add(id)

    async def _watch_original(self, id: str) -> None:
        if id not in self.progress.originals:
            await self.problems.contain(
                Problem(id, kind="page", title=f"original of a synced block {id}"), self._try_original(id)
            )

    async def _try_original(self, id: str) -> None:
        """Asks what a reader of its copies would ask: a block in the trash is still to be had, its children are not."""
        try:
            await self._notion.get(f"blocks/{id}/children", {"page_size": 1})
        except Unreadable:
            self.progress.originals[id] = False
        else:
            self.progress.originals[id] = True

    async def _watch_unreadable(self, id: str) -> None:
        if not ({id} & (self.progress.refused | self.progress.databases.keys()) or self.problems.has("database", id)):
            try:
                await probe(self._notion, id)
            except Unreadable:
                self.progress.refused.add(id)
                return
            self.progress.databases[id] = "found"

    async def watch_database(self, id: str, kept: KeptDatabase) -> None:
        """Find out whether a child database is the same, changed or lost; what has a problem is none of them."""
        if id not in self.progress.databases and not self.problems.has("database", id):
            await self.problems.contain(self._database_problem(id), self._judge_database(id, kept))

    async def _judge_database(self, id: str, kept: KeptDatabase) -> None:
        try:
            answers = [await newest_rows(self._notion, data_source) for data_source in kept.data_source_ids]
        except Unreadable as refusal:
            if refusal.notion_status == HTTPStatus.OK:
                raise
            self.progress.databases[id] = "lost"
            return
        rows = [row for found, _ in answers for row in found]
        self.progress.databases[id] = "changed" if self._database_changed(rows, kept) else "same"

    def _database_changed(self, rows: Sequence[JSON], kept: KeptDatabase) -> bool:
        """Of more than 100 rows the newest are seen only; so such a database is read again once a day."""
        if any(unsettled(row["last_edited_time"], kept.read_at) for row in rows):
            return True
        if kept.signature:
            return signature(rows) != kept.signature
        return self.progress.began_at - kept.read_at >= DAY_SECONDS


def signature(rows: Sequence[JSON]) -> str:
    """Sums up the rows of a child database, their times and what they show; "" for more than one answer shows."""
    if len(rows) > 100:
        return ""
    return digest("\n".join(sorted(f"{row['id']} {row['last_edited_time']} {fingerprint(row)}" for row in rows)))
