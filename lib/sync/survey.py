"""Looking around before a run is planned: which pages there are, and what of the rest has changed.

Its progress is one JSON-serialisable value, so that a slice may end in the middle of a long listing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from lib.bundle.encoding import digest, encode
from lib.bundle.media import unsigned
from lib.bundle.properties import fingerprint
from lib.bundle.publication import trashed
from lib.errors import Hopeless, Unreadable
from lib.model import JSON, KeptDatabase, KeptSource, Known, Source
from lib.notion.client import NotionClient
from lib.notion.databases import find_source, newest_rows, probe, schema_of
from lib.notion.pages import Listing, advance, retrieve
from lib.notion.together import all_of
from lib.sync.facts import DAY_SECONDS, Listed, Row, Watched, row_of, unsettled
from lib.sync.watches import doubtful_originals, missing, watches

BIG_SOURCE_ROWS = 1_000
"""From so many rows on, a source is asked for its changed rows only, and listed in full once a day, and when its schema
has changed."""
OVERLAP_SECONDS = 180
"""A listing of changed rows begins so long before the last one: nobody says how late an edit shows in a query."""
FEW = 20
"""So many missing rows are asked for one by one; of more, so many are asked for as a sample."""


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


class Found(msgspec.Struct, frozen=True):
    """What planning needs to know."""

    listed: list[Listed]
    watched: Watched
    gone: dict[str, float]
    sources: dict[str, KeptSource]
    warnings: list[str]
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
    ) -> None:
        self._notion = notion
        self._known = known
        self._references = references
        self.progress = progress
        self._now = now
        self._forced_at = forced_at
        if not progress.began_at:
            progress.began_at = now()

    async def look(self) -> Found:
        """The whole survey. Raises `Hopeless` (a database is not shared), `NotionWait`, `NotionAway`, `OutOfTime`."""
        await all_of(self._list(name, reference) for name, reference in self._references.items())
        listed = [self._listed(name) for name in self._references]
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
            sources={name: self._source_state(name) for name in self._references},
            warnings=warnings,
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
            if since and kept and kept.schema != await self._schema(name, source):
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
            rows += [row_of(page, name, self._notion.notion_time(asked_at), asked_at) for page in pages]
        if listing.since is None and len(rows) >= BIG_SOURCE_ROWS:
            await self._schema(name, source)  # the next run asks for changed rows only, as long as it stays the same

    async def _schema(self, name: str, source: Source) -> str:
        schemas = self.progress.schemas
        if name not in schemas:
            schemas[name] = digest(encode(sorted((await schema_of(self._notion, source.data_source_id)).items())))
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
        return Listed(name, self.progress.rows[name], whole=listing.since is None and not listing.cut)

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
            await all_of(self._confirm_one(name, id) for id in asked)
            really = {id: since for id in asked if (since := self.progress.confirmed[id])}
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
        if id in self.progress.confirmed:
            return
        asked_at = self._now()
        try:
            page = await retrieve(self._notion, id)
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
                *(self._watch_page(id) for id in wanted.pages if id not in self.progress.pages),
                *(self.watch_database(id, databases[id]) for id in wanted.databases),
                *(self._watch_unreadable(id) for id in wanted.unreadable),
                *(self._watch_original(id) for id in wanted.originals if id not in self.progress.originals),
            ]
        )
        doubtful = doubtful_originals(self.progress.pages, self._known)
        await all_of(self._watch_original(id) for id in doubtful if id not in self.progress.originals)

    async def _watch_page(self, id: str) -> None:
        try:
            self.progress.pages[id] = unsigned(await retrieve(self._notion, id))
        except Unreadable as refusal:
            if refusal.notion_status == HTTPStatus.NOT_FOUND:
                self.progress.pages[id] = None

    async def _watch_original(self, id: str) -> None:
        """Asks what a reader of its copies would ask: a block in the trash is still to be had, its children are not."""
        try:
            await self._notion.get(f"blocks/{id}/children", {"page_size": 1})
        except Unreadable:
            self.progress.originals[id] = False
        else:
            self.progress.originals[id] = True

    async def _watch_unreadable(self, id: str) -> None:
        if id not in self.progress.databases:
            try:
                await probe(self._notion, id)
            except Unreadable:
                return
            self.progress.databases[id] = "found"

    async def watch_database(self, id: str, kept: KeptDatabase) -> None:
        """Finds out whether a child database is the same, changed or lost."""
        if id in self.progress.databases:
            return
        try:
            answers = [await newest_rows(self._notion, data_source) for data_source in kept.data_source_ids]
        except Unreadable:
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
