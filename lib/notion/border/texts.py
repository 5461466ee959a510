"""Rich text, people, files and icons: what properties and blocks share."""

from typing import Any

from lib.notion.border.shapes import (
    Note,
    Odd,
    defaulted,
    list_of,
    optional,
    person_of,
    record,
    required,
    text,
)


def rich_text_item(value: Any, note: Note) -> Any:
    """The shape of one item of a rich text: it has a `type` and a `plain_text` at least."""
    item = _ITEM(value, note)
    if item.get("plain_text") is None:
        item["plain_text"] = _text_inside(item)
        note("an item of a text has no plain_text")
    user = (item.get("mention") or {}).get("user")
    if isinstance(user, dict):
        item["mention"] = {**item["mention"], "user": person_of(user)}
    return item


def person(value: Any, note: Note) -> Any:
    """The shape of a person, a bot or a group; one without a name and without an id is odd."""
    found = _PERSON(value, note)
    if not (found.get("name") or found.get("id")):
        raise Odd("a person without name and id")
    return found


def file_of(value: Any, note: Note) -> Any:
    """The shape of a file object. One whose address is odd has none, as one that is still being
    uploaded."""
    file = _FILE(value, note)
    if file.get("type") not in FILE_KINDS:
        note(f"a file of {_unknown_kind(file)}")
    return _with_address(file, note)


def icon_of(value: Any, note: Note) -> Any:
    """The shape of a page's icon: an emoji, one of the workspace's own or of Notion's, or a
    file."""
    icon = _with_address(_FILE(value, note), note)
    match icon.get("type"):
        case "emoji":
            text(icon.get("emoji"), note)
        case "custom_emoji":
            icon["custom_emoji"] = _ADDRESS(icon.get("custom_emoji"), note)
        case "icon":
            icon["icon"] = _NATIVE(icon.get("icon"), note)
        case kind if kind not in FILE_KINDS:
            raise Odd(f"an icon of {_unknown_kind(icon)}")
    return icon


FILE_KINDS = ("file", "external", "file_upload")
"""https://developers.notion.com/reference/file-object"""

rich_text = list_of(rich_text_item)

_ITEM = record(
    type=defaulted(text, lambda: "text"),
    plain_text=optional(text),
    href=optional(text),
    annotations=optional(record()),
    text=optional(record()),
    mention=optional(record(type=optional(text))),
    equation=optional(record()),
)
_PERSON = record(id=optional(text), name=optional(text))
_ADDRESS = record(url=required(text))
_FILE = record(type=optional(text), name=optional(text))
_NATIVE = record(name=required(text), color=defaulted(text, lambda: None))


def _with_address(file: dict[str, Any], note: Note) -> dict[str, Any]:
    kind = file.get("type")
    if kind in ("file", "external"):
        try:
            file[kind] = _ADDRESS(file.get(kind), note)
        except Odd as odd:
            note(f"a file without an address: {odd}")
            file[kind] = {}
    return file


def _unknown_kind(value: dict[str, Any]) -> str:
    kind = value.get("type")
    return f'the unknown kind "{kind[:40]}"' if isinstance(kind, str) else "an unknown kind"


def _text_inside(item: dict[str, Any]) -> str:
    """What an item says where Notion gives no plain text of it."""
    inside = (item.get("text") or {}).get("content") or (item.get("equation") or {}).get(
        "expression"
    )
    return inside if isinstance(inside, str) else ""
