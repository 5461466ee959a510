"""What KV remembers of pages, databases and sources, as values; None for what is no such record of
ours."""

import msgspec

from lib.model import (
    DatabaseRecord,
    ListingRecord,
    Observation,
    PageRecord,
    SourceRecord,
    WorkItem,
)
from lib.store.salvage import read_record
from lib.times import is_time

LATEST = 1e11
"""Epoch seconds that no reading reaches: what is remembered as newer would never be replaced."""
MOST_PARTS = 10_000


def observation(text: str | None) -> Observation | None:
    """Return what Notion said last of a page."""
    found = read_record(text or "", Observation)
    is_sound = (
        found
        and is_time(found.created)
        and is_time(found.edited)
        and _are_times(found.read_at, found.placed_at)
    )
    return found if is_sound else None


def page_record(text: str | None) -> PageRecord | None:
    """Return what was read of a page and is published of it."""
    found = read_record(text or "", PageRecord)
    return found if found and _are_times(found.read_at) and 0 <= found.parts < MOST_PARTS else None


def database_record(text: str | None) -> DatabaseRecord | None:
    """Return what was read of a child database and is published of it."""
    found = read_record(text or "", DatabaseRecord)
    return found if found and _are_times(found.read_at) else None


def source_record(text: str | None) -> SourceRecord | None:
    """Return which database a source led to."""
    return read_record(text or "", SourceRecord)


def listing_record(text: str | None) -> ListingRecord | None:
    """Return when a source was listed."""
    found = read_record(text or "", ListingRecord)
    return found if found and _are_times(found.listed_at, found.watermark) else None


def work_item(text: str) -> tuple[int, WorkItem]:
    """Return the number of some work, and the work; what can't be read is to be read as if nothing
    were known of it."""
    number, _, rest = text.partition(" ")
    flags, _, payload = rest.partition(" ")
    letters, _, doubted = flags.partition(":")
    found = msgspec.structs.replace(
        read_record(payload, WorkItem) or WorkItem(),
        rewrite="r" in letters,
        asks_owners="o" in letters,
        doubted=[one for one in doubted.split(",") if one],
    )
    return int(number) if number.isascii() and number.isdigit() else 0, found


def _are_times(*times: float) -> bool:
    return all(0 <= time < LATEST for time in times)
