"""What each kind of block says: one small function a kind, for Markdown and plain text at once."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from lib.bundle.refs import ADDRESS_KINDS, Target, dashed_id, target_of
from lib.bundle.text.equations import block_equation
from lib.bundle.text.escaping import cell, destination, escaped, fenced
from lib.bundle.text.inline import (
    BOLD,
    Inline,
    address_of_target,
    has_link,
    inline,
    linked,
    plain_of,
    raw_of,
)
from lib.bundle.text.lines import QUOTE
from lib.bundle.text.tables import Row, database_table, table
from lib.model import JSON

LINKED_PAGE, LINKED_DATABASE = "Linked page", "Linked database"
FILE_LABELS = {"image": "Image", "video": "Video", "audio": "Audio", "pdf": "PDF", "file": "File"}
BULLET, NUMBER = "- ", "1. "
MEETING_PARTS = ("summary", "notes", "transcript")
UNTITLED = "Untitled"


class PageContext(msgspec.Struct, frozen=True):
    """What a block can know of the rest: the titles of the page's child pages by their ids, and of
    a child database the value that a site reads, if it is at hand."""

    titles: Mapping[str, str]
    database: Callable[[str], Mapping[str, Any] | None]


class Shown(msgspec.Struct, frozen=True):
    """A block, and what stands in it under its kind."""

    block: JSON
    own: JSON
    kind: str
    around: PageContext

    @property
    def block_id(self) -> str:
        block_id = self.block.get("id")
        return block_id if isinstance(block_id, str) else ""

    @property
    def is_unavailable(self) -> bool:
        return "unavailable" in self.block


class Rendering(msgspec.Struct, frozen=True):
    """What a block says before its children are written.

    `marker` begins an item of a list or a quote, in which the children stand too. `level` is that
    of a heading. Prose is what an excerpt may be taken from. `inside` are the blocks to be written
    in place of the children.
    """

    markdown: str = ""
    plain: str = ""
    marker: str = ""
    level: int = 0
    is_prose: bool = False
    inside: list[Any] | None = None


Kind = Callable[[Shown], Rendering]


def paragraph(shown: Shown) -> Rendering:
    text = _behind_emoji(shown.own)
    return Rendering(text.markdown, text.plain, is_prose=True)


def heading(level: int) -> Kind:
    def heading_of_level(shown: Shown) -> Rendering:
        text = inline(shown.own.get("rich_text"), one_line=True)
        return Rendering(
            f"{'#' * level} {text.markdown}" if text.markdown else "", text.plain, level=level
        )

    return heading_of_level


def item(marker: str) -> Kind:
    """An item of a list; a toggle and a template are ones too, for what they hide is shown beneath
    them."""

    def item_of_list(shown: Shown) -> Rendering:
        text = inline(shown.own.get("rich_text"))
        return Rendering(text.markdown, text.plain, marker, is_prose=True)

    return item_of_list


def to_do(shown: Shown) -> Rendering:
    text = inline(shown.own.get("rich_text"))
    box = "[x]" if shown.own.get("checked") is True else "[ ]"
    return Rendering(
        f"{box} {text.markdown}" if text.markdown else "", text.plain, BULLET, is_prose=True
    )


def quote(shown: Shown) -> Rendering:
    text = _behind_emoji(shown.own)
    return Rendering(text.markdown, text.plain, QUOTE, is_prose=True)


def code(shown: Shown) -> Rendering:
    text = raw_of(shown.own.get("rich_text")).removesuffix("\n")
    text = text if text.strip() else ""
    caption = inline(shown.own.get("caption"))
    language = _text_in(shown.own, "language")
    fence = fenced(
        text, "" if language == "plain text" else "-".join(language.replace("`", "").split())
    )
    return _joined_parts(Inline(fence if text else "", text), caption)


def equation(shown: Shown) -> Rendering:
    tex = _text_in(shown.own, "expression").strip()
    return Rendering(block_equation(tex), tex) if tex else Rendering()


def divider(_: Shown) -> Rendering:
    return Rendering("***")


def nothing(_: Shown) -> Rendering:
    """What holds other blocks, or shows what stands elsewhere on the page, says nothing itself."""
    return Rendering()


def image(shown: Shown) -> Rendering:
    address, caption = _file_address(shown.own), shown.own.get("caption")
    end = destination(address)
    if not end:
        return _joined_parts(Inline(FILE_LABELS["image"], FILE_LABELS["image"]), inline(caption))
    if has_link(caption):
        return _joined_parts(Inline(f"![]({end})"), inline(caption))
    alt = plain_of(caption, one_line=True)
    return Rendering(f"![{escaped(alt)}]({end})", alt)


def file(shown: Shown) -> Rendering:
    """A video, a sound, a document: a link to it, by its name if it has one, with its caption."""
    address, caption = _file_address(shown.own), shown.own.get("caption")
    name = _text_in(shown.own, "name").strip() or _name_in(address)
    return _captioned_link(name, address, caption, FILE_LABELS[shown.kind])


def bookmark(shown: Shown) -> Rendering:
    """What stands elsewhere on the web, or a page of the workspace."""
    address = _text_in(shown.own, "url").strip()
    target = target_of(address)
    if target:
        return _captioned_link("", address_of_target(target), shown.own.get("caption"), LINKED_PAGE)
    return _captioned_link(address, address, shown.own.get("caption"), "")


def link_to_page(shown: Shown) -> Rendering:
    kind = _text_in(shown.own, "type")
    linked_id = dashed_id(_text_in(shown.own, kind))
    if kind == "page_id" and linked_id:
        title = shown.around.titles.get(linked_id) or LINKED_PAGE
        return Rendering(linked(title, address_of_target(Target(linked_id))), title)
    label = LINKED_DATABASE if kind == "database_id" else "Link"
    return Rendering(label, label)


def child_page(shown: Shown) -> Rendering:
    title = shown.around.titles.get(shown.block_id) or _one_line_in(shown.own, "title") or UNTITLED
    address = "" if shown.is_unavailable else f"page:{shown.block_id}"
    return Rendering(linked(title, address), title)


def child_database(shown: Shown) -> Rendering:
    """A link to the database, and a table of its first rows where they are at hand."""
    found = None if shown.is_unavailable else shown.around.database(shown.block_id)
    value = found if isinstance(found, Mapping) else {}
    title = _one_line_in(value, "title") or _one_line_in(shown.own, "title") or UNTITLED
    address = "" if shown.is_unavailable else f"db:{shown.block_id}"
    return _joined_parts(Inline(linked(title, address), title), database_table(value))


def whole_table(shown: Shown) -> Rendering:
    """A table with its rows; what else stands in it comes after it."""
    inside = shown.block.get("children")
    children = (
        [child for child in inside if isinstance(child, dict)] if isinstance(inside, list) else []
    )
    rows = [row for child in children if (row := _table_row(child)) is not None]
    text = table(rows, has_header=shown.own.get("has_column_header") is True)
    others = [
        one
        for child in children
        for one in ([child] if _table_row(child) is None else _children_of(child))
    ]
    return Rendering(text.markdown, text.plain, inside=others)


def table_row(shown: Shown) -> Rendering:
    """A row without its table."""
    row = _table_row(shown.block)
    text = table([] if row is None else [row], has_header=False)
    return Rendering(text.markdown, text.plain)


def meeting_notes(shown: Shown) -> Rendering:
    title = inline(shown.own.get("title"), one_line=True, marks=frozenset([BOLD]))
    event = shown.own.get("calendar_event")
    times = (
        [_text_in(event, name) for name in ("start_time", "end_time")]
        if isinstance(event, dict)
        else []
    )
    when = " – ".join(filter(None, times))
    return Rendering(
        " ".join(filter(None, [title.markdown, escaped(when)])),
        " ".join(filter(None, [title.plain, when])),
    )


def meeting_part(name: str) -> Kind:
    """A part of meeting notes; one in which nothing stands is not named."""
    label = name.capitalize()
    part = Rendering(f"{BOLD}{label}{BOLD}", label)
    return lambda shown: part if _children_of(shown.block) else Rendering()


def unknown(shown: Shown) -> Rendering:
    """The texts of a block of a kind that is yet to come."""
    texts = [inline(shown.own.get(name)) for name in ("title", "rich_text", "caption")]
    return _joined_parts(*texts)


def notice(shown: Shown) -> Inline:
    """What says that a block can't be shown."""
    kind = (_text_in(shown.own, "block_type") or shown.kind or "block").replace("_", " ")
    reason = " ".join(str(shown.block.get("unavailable") or "").split())
    text = f"Not available: {kind} ({reason})" if reason else f"Not available: {kind}"
    return inline([{"plain_text": text}], marks=frozenset(["_"]))


KINDS: dict[str, Kind] = {
    "paragraph": paragraph,
    **{f"heading_{level}": heading(level) for level in (1, 2, 3, 4)},
    "bulleted_list_item": item(BULLET),
    "numbered_list_item": item(NUMBER),
    "toggle": item(BULLET),
    "template": item(BULLET),
    "to_do": to_do,
    "quote": quote,
    "callout": quote,
    "code": code,
    "equation": equation,
    "divider": divider,
    "image": image,
    **dict.fromkeys(("video", "audio", "pdf", "file"), file),
    **dict.fromkeys(ADDRESS_KINDS, bookmark),
    "link_to_page": link_to_page,
    "child_page": child_page,
    "child_database": child_database,
    "table": whole_table,
    "table_row": table_row,
    "meeting_notes": meeting_notes,
    "transcription": meeting_notes,  # what meeting notes were called before version 2026-03-11
    **{
        f"{notes}_{part}": meeting_part(part)
        for notes in ("meeting_notes", "transcription")
        for part in MEETING_PARTS
    },
    **dict.fromkeys(
        (
            "breadcrumb",
            "table_of_contents",
            "column_list",
            "column",
            "synced_block",
            "tab",
            "unsupported",
        ),
        nothing,
    ),
}


def show(shown: Shown) -> Rendering:
    return KINDS.get(shown.kind, unknown)(shown)


def _behind_emoji(own: JSON) -> Inline:
    """A text behind its emoji."""
    text = inline(own.get("rich_text"))
    icon = own.get("icon")
    emoji = _text_in(icon, "emoji") if isinstance(icon, dict) else ""
    if not emoji:
        return text
    return Inline(f"{escaped(emoji)} {text.markdown}".rstrip(), f"{emoji} {text.plain}".rstrip())


def _joined_parts(*texts: Inline) -> Rendering:
    """Return texts one below the other."""
    markdown = "\n\n".join(text.markdown for text in texts if text.markdown)
    return Rendering(markdown, "\n".join(text.plain for text in texts if text.plain))


def _captioned_link(name: str, address: str, caption: Any, label: str) -> Rendering:
    """A link by its name, else by its caption, else by a label, and the caption below it."""
    text = inline(caption)
    if not name and text.plain and not has_link(caption):
        return Rendering(linked(text.plain, address), text.plain)
    name = name or label
    return _joined_parts(Inline(linked(name, address), name), text)


def _table_row(block: JSON) -> Row | None:
    """The cells of a row of a table; None where a block is none, or can't be read."""
    if block.get("type") != "table_row" or "unavailable" in block:
        return None
    own = block.get("table_row")
    cells = own.get("cells") if isinstance(own, dict) else None
    texts = (
        [inline(one, one_line=True, in_cell=True) for one in cells]
        if isinstance(cells, list)
        else []
    )
    return [Inline(cell(text.markdown), text.plain) for text in texts]


def _children_of(block: JSON) -> list[Any]:
    children = block.get("children")
    return children if isinstance(children, list) else []


def _file_address(own: JSON) -> str:
    match own:
        case {"file": {"url": str(address)}} | {"external": {"url": str(address)}}:
            return address
    return ""


def _name_in(address: str) -> str:
    """The name of a file in its address; "" where it has none, as ours have."""
    try:
        name = unquote(urlsplit(address).path.rpartition("/")[2])
    except ValueError:
        return ""
    return name if "." in name else ""


def _text_in(own: Mapping[str, Any], name: str) -> str:
    found = own.get(name) if name else None
    return found if isinstance(found, str) else ""


def _one_line_in(own: Mapping[str, Any], name: str) -> str:
    return " ".join(_text_in(own, name).split())
