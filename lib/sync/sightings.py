"""What Notion shows of a page, held against what is remembered of it: what follows. Pure."""

from datetime import UTC, datetime

import msgspec

from lib.bundle.encoding import digest, encode
from lib.bundle.media import without_signatures
from lib.bundle.properties import fingerprint, title_of
from lib.bundle.publication import DEFAULT_RULE, PublicationRule, is_trashed, publication_of
from lib.bundle.schedule import is_open, next_moment
from lib.bundle.slugs import slug_segment, wanted_slug
from lib.model import BUNDLE_VERSION, JSON, Observation, WorkItem
from lib.notion.border.objects import parent_of
from lib.store.site import Known, Sighting
from lib.times import UNKNOWN, instant, settled_at

DAY_SECONDS = 86_400


class Row(msgspec.Struct, frozen=True):
    """A row of a source as it was seen: `page` is the whole object, without the signatures of its
    files, since KV keeps nothing that expires. `doubt` is a sentence where it is not known whether
    the owner wants it published."""

    page_id: str
    observation: Observation
    stamp: str
    page: msgspec.Raw
    in_trash: bool
    doubt: str = ""


def row_of(page: JSON, source: str, read_at: float, rule: PublicationRule = DEFAULT_RULE) -> Row:
    """Reduce a row's page object, asked for at `read_at` (epoch seconds, Notion's clock), to what
    is remembered of it."""
    state = publication_of(page, rule)
    now = datetime.fromtimestamp(read_at, UTC)
    moment = next_moment(state.window, now) if state.published else None
    seen = Observation(
        source=source,
        title=title_of(page),
        created=page["created_time"],
        edited=page["last_edited_time"],
        edited_at=moment_of(page["last_edited_time"]),
        read_at=read_at,
        placed_at=read_at,
        wanted=wanted_slug(page),
        visibility=state.visibility,
        is_published=state.published and is_open(state.window, now),
        is_paused=state.paused,
        changes_at=moment.timestamp() if moment else None,
    )
    stamp = stamp_of(page, seen, rule)
    return Row(page["id"], seen, stamp, raw(page), is_trashed(page), state.doubt)


def child_of(page: JSON, known: Observation, read_at: float) -> Observation:
    """Return what a child page's own object says of it; where it stands is as it was."""
    title = title_of(page)
    return msgspec.structs.replace(
        known,
        title=title,
        created=page["created_time"],
        edited=page["last_edited_time"],
        edited_at=moment_of(page["last_edited_time"]),
        read_at=read_at,
        wanted=slug_segment(title, page["id"]),
    )


def is_draft(seen: Observation) -> bool:
    """Return whether a row is not published as it is: what it is now is for previews."""
    return not seen.is_published or seen.is_paused


def has_left(page: JSON, parent: str) -> bool:
    """Return whether a child page's own object says that it stands directly in another page."""
    above = page.get("parent") or {}
    return bool(above.get("page_id")) and above["page_id"] != parent


def stamp_of(page: JSON, seen: Observation, rule: PublicationRule) -> str:
    """Return what sums up all that a look at a page shows; the same stamp: it need not be read."""
    if seen.parent is not None:
        return child_stamp(page, rule)
    place = (seen.wanted, seen.visibility, seen.is_published, seen.is_paused)
    facts = [BUNDLE_VERSION, rule.fingerprint, seen.edited, seen.created, seen.title, *place]
    if rule.previews and is_draft(seen):
        facts.append("previewed")
    if seen.changes_at is not None:
        facts.append(seen.changes_at)
    return digest(encode(facts), fingerprint(page))


def child_stamp(page: JSON, rule: PublicationRule) -> str:
    """Return the stamp of a child page. Its own object is all that it depends on: where the page
    stands is part of it, for moving it moves no time of its own."""
    return digest(
        encode(
            (
                BUNDLE_VERSION,
                rule.fingerprint,
                page["last_edited_time"],
                page["created_time"],
                title_of(page),
                parent_of(page),
            )
        ),
        fingerprint(page),
    )


def moment_of(time: str) -> float:
    """Return a time of Notion's in epoch seconds; 0 for one that can't be read."""
    return 0.0 if time == UNKNOWN else instant(time)


def is_settled(edited_at: float, read_at: float) -> bool:
    """Return whether no edit hides behind a time."""
    return edited_at > 0 and read_at >= settled_at(edited_at)


def raw(page: JSON) -> msgspec.Raw:
    """Return a page object as JSON, without the signatures of its files."""
    text = encode(page)
    if (
        "expiry_time" in text
    ):  # few rows hold a file, and looking for it in the text is far quicker than in the object
        text = encode(without_signatures(page))
    return msgspec.Raw(text.encode())


def is_outdated(seen: Observation, known: Observation | None) -> bool:
    """Return whether a later edit is known: Notion's time of the last edit never goes backwards."""
    return known is not None and 0 < seen.edited_at < known.edited_at


def judge_row(row: Row, known: Known, *, is_forced: bool) -> Sighting | None:
    """Return what follows from a row that does not bear the stamp it was read with; None: a later
    edit is known."""
    seen, before = row.observation, known.observation
    if is_outdated(seen, before):
        return None
    stamp = row.stamp if is_settled(seen.edited_at, seen.read_at) else ""
    draft = WorkItem(page=row.page, read_at=seen.read_at)
    if not seen.is_published:
        return Sighting(
            page_id=row.page_id,
            observation=seen,
            stamp=stamp,
            is_hidden=True,
            is_gone=row.in_trash,
            draft=None if row.in_trash else draft,
        )
    if seen.is_paused:
        kept = msgspec.structs.replace(seen, wanted=known.slug or seen.wanted)
        return Sighting(page_id=row.page_id, observation=kept, stamp=stamp, draft=draft)
    return Sighting(
        page_id=row.page_id,
        observation=seen,
        item=WorkItem(page=row.page, read_at=seen.read_at, rewrite=is_forced, stamp=stamp),
    )


def is_doubtful(seen: Observation, before: Observation) -> bool:
    """Return whether two looks at one edit show different things, so that it is unknown which is
    the later."""
    if seen.edited != before.edited or before.edited_at == 0:
        return False
    return _compared_facts(seen) != _compared_facts(before) and not before.is_paused


def _compared_facts(seen: Observation) -> tuple[str | bool | None, ...]:
    place = (seen.source, seen.parent, seen.visibility, seen.is_published, seen.is_paused)
    return (seen.title, seen.created, seen.wanted, *place)
