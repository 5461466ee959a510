"""Notion objects as API version 2026-03-11 gives them, with an example of every block type and
property type."""

from typing import Any

from lib.bundle.media import address_for
from lib.model import JSON
from lib.secret import AddressKey, Secret

KEY = AddressKey(Secret("the secret of the samples"))
ADDRESS = address_for("https://sync.example", KEY.mac)
SIGNED = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261001T080000Z&X-Amz-Expires=3600&X-Amz-Signature=0f"
HOST = "https://prod-files-secure.s3.us-west-2.amazonaws.com/space"
PAGE_ID = "1c0ffee0-0000-4000-8000-000000000001"
BLOCK_ID = "b10c0000-0000-4000-8000-000000000001"
OTHER_ID = "07e40000-0000-4000-8000-000000000002"
TIME = "2026-05-01T10:00:00.000Z"


def plain(text: str, **annotations: Any) -> JSON:
    look = {
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "code": False,
    }
    return {
        "type": "text",
        "text": {"content": text, "link": None},
        "annotations": {**look, "color": "default", **annotations},
        "plain_text": text,
        "href": None,
    }


def hosted(name: str = "oven.jpg", query: str = SIGNED) -> JSON:
    return {
        "type": "file",
        "file": {"url": f"{HOST}/{name}{query}", "expiry_time": "2026-10-01T09:00:00.000Z"},
    }


def external(url: str = "https://pictures.example/oven.jpg?size=2") -> JSON:
    return {"type": "external", "external": {"url": url}}


def emoji(text: str = "🥐") -> JSON:
    return {"type": "emoji", "emoji": text}


PERSON: JSON = {
    "object": "user",
    "id": OTHER_ID,
    "name": "Ada",
    "avatar_url": "https://portraits.example/ada.png",
    "type": "person",
    "person": {"email": "ada@people.example"},
}
NAMELESS: JSON = {"object": "user", "id": OTHER_ID}


def mention(kind: str, value: Any, text: str = "mention") -> JSON:
    item = plain(text)
    del item["text"]
    return {**item, "type": "mention", "mention": {"type": kind, kind: value}}


EQUATION = {**plain("e=mc^2"), "type": "equation", "equation": {"expression": "e=mc^2"}}


def prop(kind: str, value: Any, id: str = "a%3Ab") -> JSON:
    return {"id": id, "type": kind, kind: value}


def page(properties: JSON | None = None, **members: Any) -> JSON:
    """A row; `properties` beside its title "Rye & Oats"."""
    return {
        "object": "page",
        "id": PAGE_ID,
        "created_time": TIME,
        "last_edited_time": "2026-10-01T08:00:00.000Z",
        "created_by": NAMELESS,
        "last_edited_by": NAMELESS,
        "in_trash": False,
        "is_archived": False,
        "is_locked": False,
        "url": "https://app.notion.com/p/Rye-Oats-1c0ffee0",
        "public_url": None,
        "parent": {"type": "data_source_id", "data_source_id": OTHER_ID, "database_id": OTHER_ID},
        "icon": None,
        "cover": None,
        "properties": {"Name": prop("title", [plain("Rye & Oats")], "title"), **(properties or {})},
        **members,
    }


def block(kind: str, payload: JSON, id: str = BLOCK_ID, **members: Any) -> JSON:
    return {
        "object": "block",
        "id": id,
        "parent": {"type": "page_id", "page_id": PAGE_ID},
        "created_time": TIME,
        "last_edited_time": TIME,
        "created_by": NAMELESS,
        "last_edited_by": NAMELESS,
        "has_children": "children" in members,
        "in_trash": False,
        "type": kind,
        kind: payload,
        **members,
    }


def paragraph(text: str = "Bread", id: str = BLOCK_ID, **members: Any) -> JSON:
    return block(
        "paragraph", {"rich_text": [plain(text)], "color": "default", "icon": None}, id, **members
    )


def deep(levels: int, text: str = "down", kind: str = "toggle") -> list[JSON]:
    """Blocks of one kind in each other."""
    blocks: list[JSON] = []
    for level in range(levels, 0, -1):
        inner = {"children": blocks} if blocks else {}
        blocks = [block(kind, {"rich_text": [plain(f"{text} {level}")]}, f"level-{level}", **inner)]
    return blocks


_TEXT: JSON = {"rich_text": [plain("Bread", bold=True)], "color": "default"}
_CAPTION: JSON = {"caption": [plain("warm", italic=True)]}

BLOCKS: dict[str, JSON] = {
    "audio": {**_CAPTION, **hosted("bell.mp3")},
    "bookmark": {**_CAPTION, "url": "https://bakery.example/?a=1"},
    "breadcrumb": {},
    "bulleted_list_item": _TEXT,
    "callout": {**_TEXT, "icon": hosted("whisk.png")},
    "child_database": {"title": "Recipes"},
    "child_page": {"title": "Opening hours"},
    "code": {**_CAPTION, "rich_text": [plain("a" * 2_000), plain("b")], "language": "plain text"},
    "column": {"width_ratio": 0.5},
    "column_list": {},
    "divider": {},
    "embed": {**_CAPTION, "url": "https://maps.example/#here"},
    "equation": {"expression": "e=mc^2"},
    "file": {**_CAPTION, **hosted("menu.docx"), "name": "menu.docx"},
    "heading_1": {**_TEXT, "is_toggleable": False},
    "heading_2": {**_TEXT, "is_toggleable": True},
    "heading_3": {**_TEXT, "is_toggleable": False},
    "heading_4": {**_TEXT, "is_toggleable": False},
    "image": {**_CAPTION, **hosted()},
    "link_preview": {"url": "https://code.example/issues/1"},
    "link_to_page": {"type": "page_id", "page_id": OTHER_ID},
    "meeting_notes": {
        "title": [plain("Monday")],
        "status": "notes_ready",
        "children": {
            "summary_block_id": OTHER_ID,
            "notes_block_id": OTHER_ID,
            "transcript_block_id": OTHER_ID,
        },
        "calendar_event": {"start_time": TIME, "end_time": TIME, "attendees": [OTHER_ID]},
    },
    "numbered_list_item": {**_TEXT, "list_start_index": 3, "list_format": "letters"},
    "paragraph": {**_TEXT, "icon": {"type": "icon", "icon": {"name": "bread", "color": "brown"}}},
    "pdf": {**_CAPTION, **hosted("menu.pdf")},
    "quote": _TEXT,
    "synced_block": {"synced_from": {"type": "block_id", "block_id": OTHER_ID}},
    "tab": {},
    "table": {"table_width": 2, "has_column_header": True, "has_row_header": False},
    "table_of_contents": {"color": "gray"},
    "table_row": {"cells": [[plain("Rye")], [plain("3 €")]]},
    "template": {"rich_text": [plain("Add a loaf")]},
    "to_do": {**_TEXT, "checked": True},
    "toggle": _TEXT,
    "unsupported": {"block_type": "ai_block"},
    "video": {**_CAPTION, **external("https://films.example/oven.mp4")},
    "transcription": {"title": [plain("before 2026-03-11")], "status": "notes_ready"},
}
"""By type; every type of the union in @notionhq/client 5.26.0, `transcription` being the older
`meeting_notes`."""

PROPERTIES: dict[str, tuple[JSON, Any]] = {
    "title": (prop("title", [plain("Rye"), plain(" & Oats")]), "Rye & Oats"),
    "rich_text": (prop("rich_text", [plain("so "), plain("good")]), "so good"),
    "number": (prop("number", 2.5), 2.5),
    "select": (prop("select", {"id": "1", "name": "Bread", "color": "brown"}), "Bread"),
    "multi_select": (
        prop("multi_select", [{"id": "1", "name": "rye"}, {"id": "2", "name": "oats"}]),
        ["rye", "oats"],
    ),
    "status": (prop("status", {"id": "1", "name": "Done", "color": "green"}), "Done"),
    "date": (
        prop("date", {"start": "2026-05-01", "end": "2026-05-03", "time_zone": "Europe/Paris"}),
        {"start": "2026-05-01", "end": "2026-05-03", "timeZone": "Europe/Paris"},
    ),
    "people": (
        prop("people", [PERSON, NAMELESS, {"object": "group", "id": "g", "name": "Bakers"}]),
        ["Ada", OTHER_ID, "Bakers"],
    ),
    "files": (
        prop("files", [{"name": "oven", **external()}]),
        [{"name": "oven", "url": "https://pictures.example/oven.jpg?size=2"}],
    ),
    "checkbox": (prop("checkbox", False), False),
    "url": (prop("url", "https://bakery.example"), "https://bakery.example"),
    "email": (prop("email", "hello@bakery.example"), "hello@bakery.example"),
    "phone_number": (prop("phone_number", "+33 1 23"), "+33 1 23"),
    "formula": (prop("formula", {"type": "string", "string": "warm"}), "warm"),
    "relation": (prop("relation", [{"id": OTHER_ID}, {"id": PAGE_ID}]), [OTHER_ID, PAGE_ID]),
    "rollup": (prop("rollup", {"type": "number", "number": 7, "function": "sum"}), 7),
    "created_time": (prop("created_time", TIME), TIME),
    "created_by": (prop("created_by", PERSON), "Ada"),
    "last_edited_time": (prop("last_edited_time", TIME), TIME),
    "last_edited_by": (prop("last_edited_by", NAMELESS), OTHER_ID),
    "button": (prop("button", {}), None),
    "unique_id": (prop("unique_id", {"prefix": "PRE", "number": 12}), "PRE-12"),
    "verification": (
        prop(
            "verification",
            {"state": "verified", "verified_by": PERSON, "date": {"start": TIME, "end": None}},
        ),
        {"state": "verified", "by": "Ada", "date": {"start": TIME, "end": None, "timeZone": None}},
    ),
    "place": (
        prop("place", {"lat": 48.8, "lon": 2.3, "name": "Oven", "address": "1 rue du Four"}),
        {"lat": 48.8, "lon": 2.3, "name": "Oven", "address": "1 rue du Four"},
    ),
    "location": (prop("location", {"what": "nobody knows"}), None),
    "last_visited_time": (prop("last_visited_time", TIME), None),
}
"""By type: an example, and what it is in a bundle."""
