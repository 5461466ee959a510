"""What the engine remembers of pages, for tests: observations, records, and what Notion shows of
them."""

from typing import Any

from lib.bundle.publication import DEFAULT_RULE
from lib.model import BUNDLE_VERSION, JSON, Observation, PageRecord
from lib.times import instant
from tests.bundle.samples import page, plain, prop

MINUTE = "2026-05-01T10:00:00.000Z"
LATER = "2026-05-01T10:05:00.000Z"
EARLIER = "2026-05-01T09:55:00.000Z"
SETTLED = instant(MINUTE) + 120
"""A reading at which no edit of that minute can hide any more."""
WITHIN_THE_MINUTE = instant(MINUTE) + 30
SOURCE, RULE = "pages", DEFAULT_RULE


def row_page(
    page_id: str = "a", title: str = "About", properties: JSON | None = None, **members: Any
) -> JSON:
    """A row as Notion shows it."""
    named = {"Name": prop("title", [plain(title)], "title"), **(properties or {})}
    return page(
        **{
            "id": page_id,
            "created_time": MINUTE,
            "last_edited_time": MINUTE,
            "properties": named,
            **members,
        }
    )


def word(text: str) -> JSON:
    """A select property that says a word."""
    return prop("select", {"name": text})


def seen(wanted: str = "about", **more: Any) -> Observation:
    """What was observed of the row of `row_page`, when all its edits had settled."""
    facts: dict[str, Any] = {
        "source": SOURCE,
        "title": "About",
        "created": MINUTE,
        "edited": MINUTE,
        "edited_at": instant(MINUTE),
        "read_at": SETTLED,
        "placed_at": SETTLED,
        "wanted": wanted,
    }
    return Observation(**facts | more)


def record(**more: Any) -> PageRecord:
    """What was read of it."""
    facts: dict[str, Any] = {
        "edited": MINUTE,
        "edited_at": instant(MINUTE),
        "read_at": SETTLED,
        "digest": "d",
        "version": BUNDLE_VERSION,
    }
    return PageRecord(**facts | more)
