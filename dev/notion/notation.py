"""How samples and edits write blocks, files and icons, and what the workspace keeps of them.

A block is one object: its type and content, and beside it `id`, `children`, `created`, `edited`.

    {"paragraph": "text"}                       a text (see rich_text) where a text is all there is
    to say {"to_do": {"text": …, "checked": true}}     else Notion's own members; `text` and
    `caption` are texts {"image": {"file": "name.png"}}             hosted by Notion; {"external":
    "https://…"} is not {"table": {"rows": [["a", "b"], …]}}        {"column_list": [[blocks],
    [blocks]]} {"synced_block": {}}                        an original; {"synced_block": {"from":
    "@name"}} a copy {"meeting_notes": {"text": …, "summary": [blocks], "notes": […], "transcript":
    […], "calendar_event":
        {"start_time": …, "end_time": …, "attendees": ["@ada"]}}}
    {"unsupported": "button"}                   {"equation": "e=mc^2"}  {"bookmark": url}
    {"link_to_page": id} {"linked_view": database id}                a child database that can't be
    retrieved {"child_page": {"title": …}}  {"child_database": {"title": …, "schema": …, "rows":
    […]}} {"repeat": 130, "block": {"paragraph": "Number {n}"}}
"""

from typing import Any

from dev.notion.ids import named_id, resolved
from dev.notion.nodes import JSON
from dev.notion.rich_text import custom_emoji, filled, rich_text

BESIDE = ("id", "children", "created", "edited")

TEXTS: JSON = {"rich_text": [], "color": "default"}
MEDIA: JSON = {"caption": []}

BLANK: dict[str, JSON] = {
    "audio": MEDIA,
    "bookmark": {"caption": [], "url": ""},
    "breadcrumb": {},
    "bulleted_list_item": TEXTS,
    "callout": {"rich_text": [], "icon": None, "color": "default"},
    "code": {"caption": [], "rich_text": [], "language": "plain text"},
    "column": {},
    "column_list": {},
    "divider": {},
    "embed": {"caption": [], "url": ""},
    "equation": {"expression": ""},
    "file": MEDIA,
    "heading_1": {"rich_text": [], "is_toggleable": False, "color": "default"},
    "heading_2": {"rich_text": [], "is_toggleable": False, "color": "default"},
    "heading_3": {"rich_text": [], "is_toggleable": False, "color": "default"},
    "heading_4": {"rich_text": [], "is_toggleable": False, "color": "default"},
    "image": MEDIA,
    "link_preview": {"url": ""},
    "link_to_page": {},
    "meeting_notes": {"title": [], "status": "notes_ready"},
    "numbered_list_item": TEXTS,
    "paragraph": {"rich_text": [], "icon": None, "color": "default"},
    "pdf": MEDIA,
    "quote": TEXTS,
    "synced_block": {"synced_from": None},
    "tab": {},
    "table": {"table_width": 0, "has_column_header": False, "has_row_header": False},
    "table_of_contents": {"color": "default"},
    "table_row": {"cells": []},
    "template": {"rich_text": []},
    "to_do": {"rich_text": [], "checked": False, "color": "default"},
    "toggle": TEXTS,
    "unsupported": {"block_type": "unknown"},
    "video": MEDIA,
}
"""What every block of a type has, before a sample says more. child_page and child_database are no
Blocks here."""


def repeated(specs: list[JSON]) -> list[JSON]:
    """The blocks of a list, its repetitions written out."""
    return [
        block
        for spec in specs
        for block in (
            [filled(spec["block"], n) for n in range(1, spec["repeat"] + 1)]
            if "repeat" in spec
            else [spec]
        )
    ]


def kind_and_rest(spec: JSON) -> tuple[str, Any]:
    """What a block is, and what stands under it."""
    kinds = [name for name in spec if name not in BESIDE]
    if len(kinds) != 1:
        raise ValueError(f"a block has one type, not {kinds}: {spec}")
    return kinds[0], spec[kinds[0]]


def children_of(kind: str, written: Any) -> list[JSON]:
    """The blocks that some types write as content: the rows of a table, columns."""
    if kind == "table":
        return [{"table_row": cells} for cells in repeated_rows(written["rows"])]
    if kind == "column_list" and isinstance(written, list):
        return [{"column": {}, "children": column} for column in written]
    return []


def repeated_rows(rows: list[Any]) -> list[Any]:
    return [
        row
        for given in rows
        for row in (
            [filled(given["row"], n) for n in range(1, given["repeat"] + 1)]
            if isinstance(given, dict)
            else [given]
        )
    ]


def content(kind: str, written: Any, has_children: bool) -> JSON:
    """What the workspace keeps under a block's type. Raises ValueError for a type that no block
    has."""
    if kind not in BLANK:
        raise ValueError(f"there is no block type {kind}")
    own = members(kind, written)
    if kind.startswith("heading") and has_children:
        own = {"is_toggleable": True, **own}
    return {**BLANK[kind], **own}


def members(kind: str, written: Any) -> JSON:
    match kind:
        case "table":
            rows = repeated_rows(written["rows"])
            rest = {name: value for name, value in written.items() if name != "rows"}
            return {"table_width": len(rows[0]) if rows else 0, **rest}
        case "table_row":
            return {"cells": [rich_text(cell) for cell in written]}
        case "synced_block":
            return {"synced_from": _synced_from(written.get("from"))}
        case "column_list":
            return {}
        case "link_to_page":
            kind_of_link, target_id = (
                next(iter(written.items())) if isinstance(written, dict) else ("page_id", written)
            )
            return {"type": kind_of_link, kind_of_link: resolved(target_id)}
        case "unsupported":
            return {"block_type": written}
        case "equation":
            return {"expression": written}
        case "bookmark" | "embed" | "link_preview" if isinstance(written, str):
            return {"url": written}
    if isinstance(written, (str, list)):
        return {"rich_text": rich_text(written)}
    return _named_members(kind, written)


def _named_members(kind: str, written: JSON) -> JSON:
    own: JSON = {}
    for name, value in written.items():
        if name == "text":
            own["title" if kind == "meeting_notes" else "rich_text"] = rich_text(value)
        elif name == "caption":
            own["caption"] = rich_text(value)
        elif name == "icon":
            own["icon"] = icon(value)
        elif name in ("file", "external"):
            own |= file(written)
        elif name == "calendar_event" and "attendees" in value:
            own[name] = {
                **value,
                "attendees": [resolved(person_id) for person_id in value["attendees"]],
            }
        elif name not in ("summary", "notes", "transcript"):
            own[name] = value
    if kind == "file" and "name" not in own:
        own["name"] = (written.get("file") or written["external"]).rpartition("/")[2]
    return own


def _synced_from(original: str | None) -> JSON | None:
    return {"type": "block_id", "block_id": resolved(original)} if original else None


def file(written: JSON) -> JSON:
    """A file object: `file` names one that Notion hosts (its address is made anew at every
    read)."""
    if "file" in written:
        name = written["file"]
        return {"type": "file", "file": {"id": named_id(f"file {name}"), "name": name}}
    return {"type": "external", "external": {"url": written["external"]}}


def icon(written: Any) -> JSON | None:
    """An emoji as it is, {"custom_emoji": name}, {"icon": name, "color": …}, a file, or none."""
    if written is None:
        return None
    if isinstance(written, str):
        return {"type": "emoji", "emoji": written}
    if "custom_emoji" in written:
        return {"type": "custom_emoji", "custom_emoji": custom_emoji(written["custom_emoji"])}
    if "icon" in written:
        return {
            "type": "icon",
            "icon": {"name": written["icon"], "color": written.get("color", "gray")},
        }
    return file(written)


def cover(written: JSON | None) -> JSON | None:
    return None if written is None else file(written)
