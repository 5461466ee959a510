"""What a run finds out before it is planned: rows as listed, and what was asked one by one. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from lib.bundle.encoding import encode
from lib.bundle.media import unsigned
from lib.bundle.properties import fingerprint
from lib.bundle.properties import title as title_of
from lib.bundle.publication import DEFAULT_RULE, PublicationRule, publication
from lib.bundle.schedule import is_open
from lib.bundle.slugs import wanted
from lib.model import JSON, Kept, KeptDatabase, Known
from lib.times import instant

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
    fingerprint: str
    page: msgspec.Raw
    read_at: float
    began_at: float
    doubt: str = ""
    """A sentence where it is not known whether the owner wants it published."""


class Listed(msgspec.Struct, frozen=True):
    """A source's listing. `whole`: every row of the source is in it, so a missing one may be gone.

    `unreadable` are rows that were seen and can't be judged: they are there, and nothing else is known of them.
    """

    source: str
    rows: Sequence[Row]
    whole: bool
    unreadable: Collection[str] = ()


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


def row_of(page: JSON, source: str, read_at: float, began_at: float, rule: PublicationRule = DEFAULT_RULE) -> Row:
    """Reduces a page object of a listing, which was asked for at `began_at` (ours) and `read_at` (Notion's clock)."""
    state = publication(page, rule)
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
        published=state.published and is_open(state.window, datetime.fromtimestamp(began_at, UTC)),
        visibility=state.visibility,
        paused=state.paused,
        fingerprint=fingerprint(page),
        page=msgspec.Raw(text.encode()),
        read_at=read_at,
        began_at=began_at,
        doubt=state.doubt,
    )


def unsettled(edited: str, read_at: float) -> bool:
    """Whether an edit may hide behind this time: Notion floors it to the minute, so one that was made later in the
    minute of the reading looks the same."""
    return instant(edited) >= read_at // MINUTE_SECONDS * MINUTE_SECONDS


def forced(kept: Kept | KeptDatabase, forced_at: float | None) -> bool:
    return forced_at is not None and kept.began_at < forced_at


def still_of(rows: Mapping[str, Row], known: Known) -> set[str]:
    """Paused rows, and what stands under a row that is paused or not published: none of it is looked at."""
    paused = {id for id, row in rows.items() if row.published and row.paused}
    hidden = {id for id, row in rows.items() if not row.published}
    return paused | {page for top in paused | hidden for page in descendants(top, known)}


def descendants(id: str, known: Known) -> list[str]:
    found: list[str] = []
    ahead = [id]
    while ahead:
        kept = known.kept.get(ahead.pop())
        for child in kept.children if kept else []:
            if child in known.kept and child not in found:
                found.append(child)
                ahead.append(child)
    return found
