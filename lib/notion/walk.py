"""What has been read of a page's block tree so far, flat and as JSON, so that another slice can go
on from there."""

import msgspec

from lib.model import JSON
from lib.notion.border.blocks import ORIGINAL_UNKNOWN
from lib.notion.border.objects import Oddities
from lib.notion.databases import Head
from lib.notion.ids import dashed
from lib.notion.lists import Whole

MEETING_PARTS = ("summary", "notes", "transcript")
NEVER_ENTERED = frozenset({"child_page", "child_database", "link_to_page", "unsupported"})
"""Kinds whose children are not part of this page, whatever their `has_children` says."""


class Walk(msgspec.Struct, omit_defaults=True):
    """One page's walk. A block that can't be read carries `"unavailable": reason` inside the list
    it stands in.

    `lists` are complete lists of children by the id they were asked for, `begun` those still being
    read; `unavailable` are synced originals that can't be read, `heads` the child databases that
    can; `pages` are the page objects of child pages, `hidden` says why one can't be read; `parents`
    is what blocks on the way from an original up to its page gave as their parent, `owners` where
    that way ended (None: nowhere).
    """

    page_id: str
    lists: dict[str, list[JSON]] = {}
    begun: dict[str, Whole] = {}
    denied: list[str] = []
    """Blocks of the page itself that Notion says are not there (404), although it lists them: so
    they are while the page is in the trash."""
    unavailable: dict[str, str] = {}
    heads: dict[str, Head] = {}
    pages: dict[str, JSON] = {}
    hidden: dict[str, str] = {}
    parents: dict[str, JSON] = {}
    owners: dict[str, str | None] = {}
    oddities: Oddities = msgspec.field(default_factory=Oddities)
    """What was odd in its blocks."""
    page_oddities: Oddities = msgspec.field(default_factory=Oddities)
    """What was odd in the page objects of its child pages, which its sentences name."""
    is_lacking: bool = False
    """Notion gave no usable answer for something of it, which is unavailable: the page is to be
    read again."""

    def forget_denied(self) -> None:
        """Have what was denied asked for again."""
        for blocks in self.lists.values():
            for block in blocks:
                if block["id"] in self.denied:
                    del block["unavailable"]
        self.denied.clear()


def original_of(block: JSON) -> str | None:
    """The id of the original whose content a synced copy shows; None for every other block."""
    if block.get("type") != "synced_block":
        return None
    synced_from = block["synced_block"]["synced_from"]
    return dashed(synced_from["block_id"]) if synced_from else None


def is_original(block: JSON) -> bool:
    return (
        block.get("type") == "synced_block"
        and original_of(block) is None
        and block.get("unavailable") != ORIGINAL_UNKNOWN
    )


def meeting_parts(block: JSON) -> list[JSON]:
    """The parts of meeting notes. Notion names their ids only, so each is given a block of its own.

    Before version 2026-03-11 the block's type was `transcription`:
    https://developers.notion.com/reference/block.
    """
    kind = block["type"]
    named = (
        (block[kind].get("children") or {}) if kind in ("meeting_notes", "transcription") else {}
    )
    ids = {part: named.get(f"{part}_block_id") for part in MEETING_PARTS}
    return [
        {
            "object": "block",
            "id": dashed(list_id),
            "type": f"{kind}_{part}",
            "has_children": True,
            f"{kind}_{part}": {},
        }
        for part, list_id in ids.items()
        if isinstance(list_id, str) and list_id
    ]


def subtree(lists: dict[str, list[JSON]], list_id: str) -> dict[str, list[JSON]]:
    """The lists that make up what stands under a block; nothing of the originals that copies in it
    show."""
    found: dict[str, list[JSON]] = {}
    ahead = [list_id]
    while ahead:
        list_id = ahead.pop()
        if list_id in lists and list_id not in found:
            found[list_id] = lists[list_id]
            ahead += [block["id"] for block in lists[list_id]]
    return found
