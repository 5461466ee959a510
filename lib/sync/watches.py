"""What no listing shows, and has to be asked for one by one: at most one request each. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from lib.bundle.publication import trashed
from lib.model import JSON, Known
from lib.sync.facts import Listed, forced, still_of


class Watches(msgspec.Struct, frozen=True):
    """What to ask one by one: at most one request each."""

    pages: list[str]
    databases: list[str]
    originals: list[str]
    unreadable: list[str]
    """Child databases that could not be read when their page was."""


def missing(listed: Iterable[Listed], known: Known) -> dict[str, list[str]]:
    """By source: published rows that its whole listing does not show (any more)."""
    everywhere = {row.id for listing in listed for row in listing.rows}
    everywhere |= {row_id for listing in listed for row_id in listing.unreadable}
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
    still = still_of(rows, known)
    holders = known.holders
    pages: dict[str, None] = {}
    databases: dict[str, None] = {}
    originals: dict[str, None] = {}
    unreadable: dict[str, None] = {}
    for id, kept in known.kept.items():
        if kept.source not in scope or id in still or forced(kept, forced_at):
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
