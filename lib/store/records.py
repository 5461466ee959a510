"""What KV remembers of pages, databases and sources: read strictly, or as far as it can be."""

from collections.abc import Mapping

import msgspec

from lib.model import JSON, Kept, KeptDatabase, KeptSource, Rank, Source
from lib.store.salvage import read_object, read_record, sound_members
from lib.times import BEGINNING, is_time

LATEST = 1e11
"""Epoch seconds that no reading reaches: what is remembered as newer would never be replaced."""
MOST_PARTS = 10_000


class _Ids(msgspec.Struct):
    id: str
    slug: str


class _Bundle(msgspec.Struct):
    meta: msgspec.Raw


def page_record(text: str) -> Kept | None:
    """Return what is remembered of a page, or None where the text is no such record of ours."""
    kept = read_record(text, Kept)
    return kept if kept and _is_plausible(kept) else None


def has_parts(text: str) -> bool:
    """Whether a text is a page's record that tells where its bundle and its parts stand."""
    kept = read_record(text, Kept)
    return kept is not None and 0 <= kept.parts < MOST_PARTS


def page_members(text: str) -> JSON:
    """Return the sound members of a page's record."""
    return _timed(sound_members(read_object(text), Kept))


def meta_members(meta: JSON, page_id: str) -> JSON:
    """Return what a page's meta says of the members of its record; nothing where it is another page's."""
    if meta.get("id") != page_id:
        return {}
    links = meta.get("childPages")
    told = {
        **{name: meta.get(name) for name in ("slug", "source", "title", "visibility", "parent")},
        "created": meta.get("createdTime"),
        "edited": meta.get("lastEdited"),
        "children": [link.get("id") for link in links if isinstance(link, dict)] if isinstance(links, list) else [],
    }
    return _timed(sound_members(told, Kept))


def salvaged_page(page_id: str, members: Mapping[str, object]) -> Kept | None:
    """Return a record of the sound members that makes the page due and its bundle be written anew.

    None where its slug is lost. What tells how new the page is counts as lost: any reading is newer.
    """
    if not members.get("slug"):
        return None
    facts: JSON = {"source": "", "title": "", "created": BEGINNING, "edited": BEGINNING, **members}
    rank = facts.get("rank") or Rank(page_id, facts["created"])
    facts["rank"] = rank if facts.get("parent") is None else None
    return Kept(**facts | {"version": 0, "digest": "", "read_at": 0.0, "began_at": 0.0})


def database_record(text: str) -> KeptDatabase | None:
    """Return what is remembered of a child database, or None where the text is no such record of ours."""
    kept = read_record(text, KeptDatabase)
    return kept if kept and 0 <= kept.read_at < LATEST and 0 <= kept.began_at < LATEST else None


def salvaged_database(text: str) -> KeptDatabase:
    """Return a record that makes a child database, and the page that shows it, be looked up and read again."""
    title = sound_members(read_object(text), KeptDatabase).get("title", "")
    return KeptDatabase(title, [], read_at=0.0, began_at=0.0, digest="", lost=True)


def source_record(text: str) -> KeptSource | None:
    """Return what is remembered of a source, or None where the text is no such record of ours."""
    kept = read_record(text, KeptSource)
    times = (kept.listed_at, kept.watermark, kept.forced_at or 0.0) if kept else ()
    return kept if kept and kept.items_per_page > 0 and all(0 <= time < LATEST for time in times) else None


def salvaged_source(name: str, index_pages: int) -> KeptSource:
    """Return a record of a source that was never seen, and of whose index so many pages stand in KV."""
    return KeptSource("", Source(name, "", ""), signatures=[""] * index_pages)


def is_meta_of(text: str | None, page_id: str, slug: str) -> bool:
    """Whether a text is the meta of this page at this slug, as an index may show it."""
    found = read_record(text or "", _Ids)
    return found is not None and (found.id, found.slug) == (page_id, slug)


def meta_in_bundle(text: str | None, page_id: str, slug: str) -> str | None:
    """Return the meta of this page at this slug as it stands in its bundle, or None where it doesn't."""
    bundle = read_record(text or "", _Bundle)
    meta = bytes(bundle.meta).decode() if bundle else None
    return meta if is_meta_of(meta, page_id, slug) else None


def _is_plausible(kept: Kept) -> bool:
    """Whether a record's values are such as this project writes, beyond their types."""
    return (
        bool(kept.slug)
        and is_time(kept.created)
        and is_time(kept.edited)
        and (kept.rank is not None or kept.parent is not None)  # else it is neither a row nor a child page
        and _is_timed(kept.rank)
        and 0 <= kept.read_at < LATEST
        and 0 <= kept.began_at < LATEST
        and 0 <= kept.parts < MOST_PARTS
    )


def _is_timed(rank: Rank | None) -> bool:
    return rank is None or (is_time(rank.created) and (rank.date is None or is_time(rank.date)))


def _timed(members: JSON) -> JSON:
    """Return the members without those that need a time and have none."""
    lost = [name for name in ("created", "edited") if name in members and not is_time(members[name])]
    untimed = ["rank"] if not _is_timed(members.get("rank")) else []
    return {name: member for name, member in members.items() if name not in (*lost, *untimed)}
