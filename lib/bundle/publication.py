"""Whether a page is published, as the owner says it with the properties `visibility` and `sync`."""

import msgspec

from lib.bundle.properties import one_line, text
from lib.model import JSON

DRAFT = "draft"
PAUSED = "paused"
PUBLIC = "public"


class Publication(msgspec.Struct, frozen=True):
    """`visibility` is the owner's own word; `paused`: the version published last stays as it is."""

    published: bool
    visibility: str
    paused: bool


def publication(page: JSON) -> Publication:
    """What is to happen to a page. Drafts, and pages that are archived or in the trash, are not published."""
    visibility = one_line(text(page, "visibility", ("select", "status"))) or PUBLIC
    sync = one_line(text(page, "sync", ("select", "status", "rich_text")))
    return Publication(
        published=visibility.casefold() != DRAFT and not trashed(page),
        visibility=visibility,
        paused=sync.casefold() == PAUSED,
    )


def trashed(page: JSON) -> bool:
    """In the trash or archived; `archived` is what API versions before 2026-03-11 say."""
    return any(page.get(flag) for flag in ("in_trash", "is_archived", "archived"))
