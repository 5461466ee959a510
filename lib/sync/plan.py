"""What a run must do: which pages to read, which to drop, under which slugs. Pure: facts in, plan out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from lib.bundle.encoding import encode
from lib.bundle.media import unsigned
from lib.bundle.properties import title as title_of
from lib.bundle.publication import publication, trashed
from lib.bundle.slugs import Candidate, assign, wanted
from lib.model import BUNDLE_VERSION, JSON, Item, Kept, KeptDatabase, KeptSource
from lib.sync.publication import drop_of

MINUTE_SECONDS = 60
DAY_SECONDS = 86_400


class Row(msgspec.Struct, frozen=True):
    """A row of a source as a listing gave it, reduced to what planning asks for; `page` is the whole object as JSON,
    without the signatures of its files: KV keeps nothing that expires."""

    id: str
    source: str
    title: str
    created: str
    edited: str
    wanted: str
    published: bool
    visibility: str
    paused: bool
    page: msgspec.Raw
    read_at: float
    began_at: float


class Listed(msgspec.Struct, frozen=True):
    """A source's listing. `whole`: every row of the source is in it, so a missing one may be gone."""

    source: str
    rows: Sequence[Row]
    whole: bool


class Known(msgspec.Struct, frozen=True):
    """What KV remembers from the runs before."""

    kept: Mapping[str, Kept]
    overdue: Collection[str]
    databases: Mapping[str, KeptDatabase]
    sources: Mapping[str, KeptSource]
    revisions: Mapping[str, int]

    @property
    def holders(self) -> dict[str, str]:
        """Original synced block → the published page that holds it."""
        return {original: id for id, kept in self.kept.items() for original in kept.originals}


class Watched(msgspec.Struct, frozen=True):
    """What was asked one by one because no listing shows it. `pages` maps to None what is gone."""

    read_at: float = 0.0
    began_at: float = 0.0
    pages: Mapping[str, JSON | None] = {}
    changed_databases: Collection[str] = ()
    lost_databases: Collection[str] = ()
    found_originals: Collection[str] = ()
    """Originals that could not be read before, and can be now; `lost_originals` the other way about."""
    lost_originals: Collection[str] = ()
    found_databases: Collection[str] = ()


class Watches(msgspec.Struct, frozen=True):
    """What to ask one by one: at most one request each."""

    pages: list[str]
    databases: list[str]
    originals: list[str]
    unreadable: list[str]
    """Child databases that could not be read when their page was."""


class Plan(msgspec.Struct, frozen=True):
    """`moving` are pages that leave their slug in this run, by a new one or by being dropped. `drops` are rows by their
    ids, and child pages as "parent/id": one that moved meanwhile stands elsewhere and stays."""

    items: list[Item]
    drops: list[str]
    moving: list[str]
    warnings: list[str]
    listed: int
    unchanged: int


def row_of(page: JSON, source: str, read_at: float, began_at: float) -> Row:
    """Reduces a page object of a listing, which was asked for at `began_at` (ours) and `read_at` (Notion's clock)."""
    state = publication(page)
    text = encode(page)
    if "expiry_time" in text:  # few rows hold a file, and looking for it in the text is far quicker than in the object
        text = encode(unsigned(page))
    return Row(
        id=page["id"],
        source=source,
        title=title_of(page),
        created=page["created_time"],
        edited=page["last_edited_time"],
        wanted=wanted(page),
        published=state.published,
        visibility=state.visibility,
        paused=state.paused,
        page=msgspec.Raw(text.encode()),
        read_at=read_at,
        began_at=began_at,
    )


def epoch(time: str) -> float:
    """Seconds of a time of Notion's, in either of its two formats."""
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def unsettled(edited: str, read_at: float) -> bool:
    """Whether an edit may hide behind this time: Notion floors it to the minute, so one that was made later in the
    minute of the reading looks the same."""
    return epoch(edited) >= read_at // MINUTE_SECONDS * MINUTE_SECONDS


def missing(listed: Iterable[Listed], known: Known) -> dict[str, list[str]]:
    """By source: published rows that its whole listing does not show (any more)."""
    everywhere = {row.id for listing in listed for row in listing.rows}
    return {
        listing.source: [
            id
            for id, kept in known.kept.items()
            if kept.source == listing.source and kept.rank is not None and id not in everywhere
        ]
        for listing in listed
        if listing.whole
    }


def watches(listed: Sequence[Listed], known: Known, forced_at: float | None) -> Watches:
    """What must be asked one by one. A page that is due anyway because it is forced asks for itself."""
    scope = {listing.source for listing in listed}
    rows = {row.id: row for listing in listed for row in listing.rows}
    still = _still(rows, known)
    holders = known.holders
    pages: dict[str, None] = {}
    databases: dict[str, None] = {}
    originals: dict[str, None] = {}
    unreadable: dict[str, None] = {}
    for id, kept in known.kept.items():
        if kept.source not in scope or id in still or _forced(kept, forced_at):
            continue
        if kept.parent is not None and kept.parent in known.kept:
            pages[id] = None
        pages |= dict.fromkeys(kept.hidden)
        pages |= dict.fromkeys(child for child in kept.children if child not in known.kept and child not in rows)
        for original, holder in kept.copied.items():
            if (holder := holders.get(original, holder)) is None:
                originals[original] = None
            elif holder not in rows and (holder not in known.kept or known.kept[holder].rank is None):
                pages[holder] = None
        for database in kept.databases:
            if database in known.databases and not known.databases[database].lost:
                databases[database] = None
        unreadable |= dict.fromkeys(kept.unreadable)
    return Watches(list(pages), list(databases), list(originals), list(unreadable))


def doubtful_originals(pages: Mapping[str, JSON | None], known: Known) -> list[str]:
    """Originals that copies show, and whose page was found in the trash, or not at all: they must be asked for."""
    hidden = {id for id, page in pages.items() if page is None or trashed(page)}
    holders = known.holders
    shown = {
        original: holders.get(original, holder)
        for kept in known.kept.values()
        for original, holder in kept.copied.items()
    }
    return sorted(original for original, holder in shown.items() if holder in hidden)


def make(
    listed: Sequence[Listed],
    known: Known,
    watched: Watched,
    *,
    gone: Collection[str] = (),
    forced_at: float | None = None,
    focus: Collection[str] | None = None,
) -> Plan:
    """The plan of a run over the listed sources; `gone` are the missing rows that are proven to be gone.

    Pages read before `forced_at` (epoch seconds) are due whatever their times say. `focus`: nothing else is due.
    """
    rows = {row.id: row for listing in listed for row in listing.rows}
    scope = {listing.source for listing in listed}
    dropped = _dropped(rows, known, gone) | _gone_children(rows, known, watched)
    leaving = {page for top in dropped for page in (top, *_descendants(top, known))}
    still = _still(rows, known)
    slugs, warnings = _slugs(rows, known, leaving)
    due = _Due(rows, known, watched, slugs, gone, forced_at, focus)

    items: list[Item] = []
    unchanged = 0
    for row in rows.values():
        kept = known.kept.get(row.id)
        if row.id in still or not row.published:
            unchanged += bool(kept and row.published)
        elif due.row(row):
            items.append(_row_item(row, slugs[row.id], due))
        else:
            unchanged += 1
    for id, kept in known.kept.items():
        if kept.parent is None or kept.source not in scope or id in rows or id in leaving or not due.may_be(id):
            continue
        if id in still or id not in due.pages:
            unchanged += 1
        elif kept.parent not in due.pages:  # a due parent names its due children itself
            items.append(_child_item(id, kept, slugs[id], watched, due))
    items += [_database_item(id, known.databases.get(id)) for id in due.databases(scope)]

    renamed = [id for id, kept in known.kept.items() if slugs.get(id, kept.slug) != kept.slug]
    moving = leaving | {page for id in renamed for page in (id, *_descendants(id, known))}
    drops = sorted(drop_of(id, known.kept[id]) for id in dropped)
    return Plan(items, drops, sorted(moving), warnings, len(rows), unchanged)


class _Due:
    """Answers whether a page must be read; remembers in `pages` those that must."""

    def __init__(
        self,
        rows: Mapping[str, Row],
        known: Known,
        watched: Watched,
        slugs: Mapping[str, str],
        gone: Collection[str],
        forced_at: float | None,
        focus: Collection[str] | None,
    ) -> None:
        self._rows, self._known, self._watched = rows, known, watched
        self._slugs, self._gone, self._forced_at, self._focus = slugs, gone, forced_at, focus
        self._holders = known.holders
        self._children = {id: kept for id, kept in known.kept.items() if kept.parent is not None}
        self.pages = {
            id for id, kept in known.kept.items() if self.may_be(id) and any(map(self._is_lost, kept.children))
        }
        for id in sorted(self._children, key=lambda id: -self._children[id].slug.count("/")):
            if self.may_be(id) and self._child_is_due(id):  # deepest first: a child's new name makes its parent due
                self.pages.add(id)

    def may_be(self, id: str) -> bool:
        return self._focus is None or id in self._focus

    def row(self, row: Row) -> bool:
        kept = self._known.kept.get(row.id)
        if (
            kept is None
            or kept.edited != row.edited
            or unsettled(row.edited, kept.read_at)
            or kept.source != row.source
            or kept.parent is not None
            or kept.visibility != row.visibility
            or self._changed(row.id, kept)
        ):
            self.pages.add(row.id)
        return row.id in self.pages

    def memory(self, id: str) -> JSON:
        """What an item brings along of the page's last publication, and of what was seen of its child pages since.

        Those that are due themselves get their slugs from the due page.
        """
        kept = self._known.kept.get(id)
        if kept is None:
            return {}
        here = [child for child in kept.children if self._watched.pages.get(child, {}) is not None]
        return {
            "digest": kept.digest,
            "owners": kept.copied,
            "children": kept.children,
            "seen": [] if _forced(kept, self._forced_at) else here,
            "due_children": [child for child in kept.children if child in self.pages],
        }

    def databases(self, scope: Collection[str]) -> list[str]:
        """Child databases that changed, are forced, or were never read because the run that found them broke."""
        pages = (kept for id, kept in self._known.kept.items() if kept.source in scope and self.may_be(id))
        shown = dict.fromkeys(database for kept in pages for database in kept.databases)
        shown |= dict.fromkeys(id for id in self._focus or () if id in self._known.databases)
        return [
            id
            for id in shown
            if (kept := self._known.databases.get(id)) is None
            or id in self._watched.changed_databases
            or _forced(kept, self._forced_at)
        ]

    def _is_lost(self, child: str) -> bool:
        """Whether a page that its parent shows is not published: a run broke before it came to it, it could not be
        read, or it is not shared any more. Only the parent's own reading tells."""
        return child in self._watched.pages and child not in self._known.kept

    def _child_is_due(self, id: str) -> bool:
        kept = self._children[id]
        parent = self._known.kept.get(kept.parent or "")
        if parent and not _is_in_step(kept, parent):
            self.pages.add(kept.parent or "")
            return True
        page = self._watched.pages.get(id, {})
        if page == {}:
            return self._changed(id, kept)
        if page is None or trashed(page):
            self.pages.add(kept.parent or "")
            return False
        if title_of(page) != kept.title:
            self.pages.add(kept.parent or "")
        edited: str = page["last_edited_time"]
        return kept.edited != edited or unsettled(edited, kept.read_at) or self._changed(id, kept)

    def _changed(self, id: str, kept: Kept) -> bool:
        """What a page's own time does not tell."""
        return (
            kept.version != BUNDLE_VERSION
            or id in self._known.overdue
            or id in self.pages
            or _forced(kept, self._forced_at)
            or kept.slug != self._slugs.get(id, kept.slug)
            or any(self._watched.pages.get(child) for child in kept.hidden)
            or any(self._is_lost_database(id) for id in kept.databases)
            or any(id in self._watched.found_databases for id in kept.unreadable)
            or any(self._original_moved(original, holder, kept) for original, holder in kept.copied.items())
        )

    def _is_lost_database(self, id: str) -> bool:
        kept = self._known.databases.get(id)
        return id in self._watched.lost_databases or (kept is not None and kept.lost)

    def _original_moved(self, original: str, holder: str | None, kept: Kept) -> bool:
        if holder is None and (original in self._holders or original in self._watched.found_originals):
            return True
        if original in self._watched.lost_originals:
            return holder is not None
        holder = self._holders.get(original, holder)
        if holder is None:
            return False
        if holder in self._rows:
            edited = self._rows[holder].edited
        elif holder in self._gone:
            return True
        elif holder in self._watched.pages:
            page = self._watched.pages[holder]
            if page is None:
                return False
            edited = page["last_edited_time"]
        elif holder in self._known.kept:
            edited = self._known.kept[holder].edited
        else:
            return False
        return unsettled(edited, kept.read_at)


def _forced(kept: Kept | KeptDatabase, forced_at: float | None) -> bool:
    return forced_at is not None and kept.began_at < forced_at


def _is_in_step(child: Kept, parent: Kept) -> bool:
    """Whether a child page is published where its parent is; else a run broke between the two."""
    place = (child.slug.rpartition("/")[0], child.source, child.visibility)
    return place == (parent.slug, parent.source, parent.visibility)


def _dropped(rows: Mapping[str, Row], known: Known, gone: Collection[str]) -> set[str]:
    """Published rows that are to go; what stands under them goes with them."""
    hidden = {id for id, row in rows.items() if not row.published}
    return {id for id in hidden | set(gone) if id in known.kept} - {id for id, row in rows.items() if row.published}


def _gone_children(rows: Mapping[str, Row], known: Known, watched: Watched) -> set[str]:
    """Published child pages that Notion does not show any more."""
    gone = {id for id, page in watched.pages.items() if page is None}
    return {id for id in gone if id in known.kept and known.kept[id].parent is not None and id not in rows}


def _still(rows: Mapping[str, Row], known: Known) -> set[str]:
    """Paused rows, and what stands under a row that is paused or not published: none of it is looked at."""
    paused = {id for id, row in rows.items() if row.published and row.paused}
    hidden = {id for id, row in rows.items() if not row.published}
    return paused | {page for top in paused | hidden for page in _descendants(top, known)}


def _descendants(id: str, known: Known) -> list[str]:
    found: list[str] = []
    ahead = [id]
    while ahead:
        kept = known.kept.get(ahead.pop())
        for child in kept.children if kept else []:
            if child in known.kept and child not in found:
                found.append(child)
                ahead.append(child)
    return found


def _slugs(rows: Mapping[str, Row], known: Known, dropped: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Every published page's slug: the rows' anew, a page that is not looked at keeps the one it has."""
    candidates = [
        Candidate(
            id=row.id,
            wanted=known.kept[row.id].slug if row.paused else row.wanted,
            created_time=row.created,
            title=row.title,
            settled=row.paused,
        )
        for row in rows.values()
        if row.published and not (row.paused and row.id not in known.kept)
    ]
    candidates += [
        Candidate(id=id, wanted=kept.slug, created_time=kept.created, title=kept.title, settled=True)
        for id, kept in known.kept.items()
        if id not in rows and id not in dropped
    ]
    assignment = assign(candidates)
    return assignment.slugs, assignment.warnings


def _row_item(row: Row, slug: str, due: _Due) -> Item:
    return Item(
        id=row.id,
        source=row.source,
        slug=slug,
        visibility=row.visibility,
        page=row.page,
        read_at=row.read_at,
        began_at=row.began_at,
        **due.memory(row.id),
    )


def _child_item(id: str, kept: Kept, slug: str, watched: Watched, due: _Due) -> Item:
    page = watched.pages.get(id)
    return Item(
        id=id,
        source=kept.source,
        slug=slug,
        visibility=kept.visibility,
        parent=kept.parent,
        page=msgspec.Raw(encode(page).encode()),
        read_at=watched.read_at if page else 0.0,
        began_at=watched.began_at if page else 0.0,
        **due.memory(id),
    )


def _database_item(id: str, kept: KeptDatabase | None) -> Item:
    if kept is None:
        return Item(id=id, kind="database")
    return Item(id=id, kind="database", title=kept.title, data_source_ids=kept.data_source_ids, digest=kept.digest)
