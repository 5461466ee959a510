"""What a run must do: which pages to read, which to drop, under which slugs. Pure: facts in, plan out."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from lib.bundle.encoding import encode
from lib.bundle.slugs import Candidate, assign
from lib.model import Item, Kept, Known
from lib.sync.due import Due
from lib.sync.facts import Listed, Row, Watched, descendants, still_of
from lib.sync.publication import drop_of


class Plan(msgspec.Struct, frozen=True):
    """`moving` are pages that leave their slug in this run, by a new one or by being dropped. `drops` are rows by their
    ids, and child pages as "parent/id" (one that moved meanwhile stands elsewhere and stays), with the time when they
    were seen to be gone (epoch seconds); `dropping` counts those that are published."""

    items: list[Item]
    drops: dict[str, float]
    dropping: int
    moving: list[str]
    warnings: list[str]
    listed: int
    unchanged: int


def make(
    listed: Sequence[Listed],
    known: Known,
    watched: Watched,
    *,
    gone: Mapping[str, float] = {},
    forced_at: float | None = None,
    focus: Collection[str] | None = None,
) -> Plan:
    """The plan of a run over the listed sources; `gone` are missing rows that are proven to be gone, and since when.

    Pages read before `forced_at` (epoch seconds) are due whatever their times say. `focus`: nothing else is due.
    """
    rows = {row.id: row for listing in listed for row in listing.rows}
    scope = {listing.source for listing in listed}
    dropped = _dropped(rows, known, gone) | _gone_children(rows, known, watched)
    leaving = {page for top in dropped for page in (top, *descendants(top, known))}
    still = still_of(rows, known)
    slugs, warnings = _slugs(rows, known, leaving)
    due = Due(rows, known, watched, slugs, gone, forced_at, focus)

    items: list[Item] = []
    unchanged = 0
    for row in rows.values():
        kept = known.kept.get(row.id)
        if (row.id in still and row.id not in known.lost) or not row.published:
            unchanged += bool(kept and row.published)
        elif due.row(row):
            items.append(_row_item(row, slugs[row.id], due))
        else:
            unchanged += 1
    for id, kept in known.kept.items():
        if kept.parent is None or kept.source not in scope or id in rows or id in leaving or not due.may_be(id):
            continue
        if (id in still and id not in known.lost) or id not in due.pages:
            unchanged += 1
        elif kept.parent not in due.pages:  # a due parent names its due children itself
            items.append(_child_item(id, kept, slugs[id], watched, due))
    items += [_database_item(id, known) for id in due.databases(scope)]

    renamed = [id for id, kept in known.kept.items() if slugs.get(id, kept.slug) != kept.slug]
    moving = leaving | {page for id in renamed for page in (id, *descendants(id, known))}
    drops = {drop_of(id, known.kept[id]): _seen(id, rows, watched, gone) for id in sorted(dropped)}
    # Another run may be about to publish what this one, which is about a page, knows to be hidden.
    unseen = {id: row.began_at for id, row in rows.items() if focus and not row.published and id not in known.kept}
    return Plan(items, drops | unseen, len(drops), sorted(moving), warnings, len(rows), unchanged)


def _dropped(rows: Mapping[str, Row], known: Known, gone: Collection[str]) -> set[str]:
    """Published rows that are to go; what stands under them goes with them."""
    hidden = {id for id, row in rows.items() if not row.published}
    return {id for id in hidden | set(gone) if id in known.kept} - {id for id, row in rows.items() if row.published}


def _seen(id: str, rows: Mapping[str, Row], watched: Watched, gone: Mapping[str, float]) -> float:
    """When a page that is to go was seen to be hidden or gone."""
    return rows[id].began_at if id in rows else gone.get(id, watched.began_at)


def _gone_children(rows: Mapping[str, Row], known: Known, watched: Watched) -> set[str]:
    """Published child pages that Notion does not show any more."""
    gone = {id for id, page in watched.pages.items() if page is None}
    return {id for id in gone if id in known.kept and known.kept[id].parent is not None and id not in rows}


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


def _row_item(row: Row, slug: str, due: Due) -> Item:
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


def _child_item(id: str, kept: Kept, slug: str, watched: Watched, due: Due) -> Item:
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


def _database_item(id: str, known: Known) -> Item:
    kept = known.databases.get(id)
    if kept is None:
        return Item(id=id, kind="database")
    return Item(
        id=id,
        kind="database",
        title=kept.title,
        data_source_ids=kept.data_source_ids,
        digest="" if id in known.lost else kept.digest,
        is_lacking=kept.is_lacking,
    )
