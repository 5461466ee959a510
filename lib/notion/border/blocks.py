"""Blocks: what is relied on in each, and how a block says that it can't be shown."""

from typing import Any

from lib.model import JSON
from lib.notion.border.shapes import (
    Note,
    Odd,
    defaulted,
    kind_of,
    list_of,
    moment,
    nullable,
    optional,
    plain,
    record,
    required,
    text,
)
from lib.notion.border.texts import icon_of, rich_text

WITHOUT_ID = "Notion gave no id of it"
WITHOUT_TYPE = "Notion gave no type of it"
ORIGINAL_UNKNOWN = "synced block whose original is not named"

OURS = ("children", "unavailable")
"""Members that a bundle adds to a block; Notion gives none of these names."""

TEXT_KINDS = frozenset(
    {
        *(
            "paragraph",
            "heading_1",
            "heading_2",
            "heading_3",
            "heading_4",
            "quote",
            "callout",
            "template",
        ),
        *("bulleted_list_item", "numbered_list_item", "to_do", "toggle", "code"),
    }
)
"""Kinds that have a text."""

_PAYLOAD = record(
    rich_text=optional(rich_text),
    caption=optional(rich_text),
    cells=optional(list_of(rich_text)),
    icon=optional(icon_of),
)
_PAYLOADS = {
    "child_page": record(title=defaulted(text, str)),
    "child_database": record(title=optional(text)),
    "unsupported": record(block_type=optional(text)),
    "meeting_notes": record(title=optional(rich_text), children=optional(record())),
    "transcription": record(title=optional(rich_text), children=optional(record())),
    **dict.fromkeys(
        TEXT_KINDS,
        record(
            rich_text=defaulted(rich_text, list),
            caption=optional(rich_text),
            icon=optional(icon_of),
        ),
    ),
}
_ORIGINAL = nullable(record(block_id=required(text)))
_CHILD_PAGE = record(created_time=optional(moment))


def block_of(value: Any, note: Note) -> JSON:
    """Return a block that can be read on: `id` and, but for unavailable ones, `type` and an object
    under that name.

    Raises Odd where there is no object at all.
    """
    if not isinstance(value, dict):
        raise Odd(f"{kind_of(value)} instead of a block")
    block: JSON = plain(value, note)
    for ours in OURS:
        block.pop(ours, None)
    if not isinstance(block.get("id"), str) or not block["id"]:
        return _unavailable_block({**block, "id": ""}, WITHOUT_ID, note)
    if "type" not in block:  # a partial block: https://developers.notion.com/reference/block
        return block
    kind = block["type"]
    if not isinstance(kind, str) or not kind:
        return _unavailable_block(
            {name: member for name, member in block.items() if name != "type"}, WITHOUT_TYPE, note
        )
    return _readable_block(block, kind, note)


def _readable_block(block: JSON, kind: str, note: Note) -> JSON:
    """A block whose id and type are known, its content made sound."""
    if not isinstance(block.get("has_children"), bool):
        note(
            f"has_children: {kind_of(block.get('has_children'))} instead of true or false; they are"
            " asked for"
        )
        block["has_children"] = True
    if kind == "child_page":
        block = _CHILD_PAGE(block, note)
    payload = block.get(kind)
    if kind == "synced_block":
        return _synced_block(block, payload, note)
    if not isinstance(payload, dict):
        note(f"{kind_of(payload)} instead of its content, which stays empty")
        payload = {}
    return {**block, kind: _PAYLOADS.get(kind, _PAYLOAD)(payload, note)}


def _synced_block(block: JSON, payload: Any, note: Note) -> JSON:
    """A synced block is an original, or a copy that names its original; else what it shows can't be
    known."""
    given = payload.get("synced_from", "") if isinstance(payload, dict) else ""
    try:
        return {**block, "synced_block": {"synced_from": _ORIGINAL(given, note)}}
    except Odd:
        return _unavailable_block(
            {**block, "synced_block": {"synced_from": None}}, ORIGINAL_UNKNOWN, note
        )


def _unavailable_block(block: JSON, reason: str, note: Note) -> JSON:
    note(reason)
    return {**block, "unavailable": reason}
