"""Rich text as Markdown and as plain text.

Formatting that Markdown has is kept: bold, italic, struck, code, links and equations; underlines
and colours are not.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from lib.bundle.refs import Target, address_of_item, target_of_item
from lib.bundle.text.equations import inline_equation
from lib.bundle.text.escaping import (
    code_span,
    destination,
    escaped,
    is_word,
    lines_escaped,
    may_be_punctuation,
)
from lib.model import JSON

BOLD, ITALIC, STRUCK = "**", "_", "~~"
STYLES = {"bold": BOLD, "italic": ITALIC, "strikethrough": STRUCK}

_LINK = "]("
_SPACE = re.compile("[\x0b\x0c\x1c-\x1f\x85]")
_NONE = "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_UNSEEN = re.compile(f"[\x00-\x08\x0e-\x1b\x7f-\x9f\ufdd0-\ufdef{_NONE}]")
"""Control characters, and what is no character at all: parsers put U+FFFD in their place."""
_BREAK = re.compile(r"\r\n?")
_AROUND_BREAK = re.compile(r"[ \t]*\n[ \t]*")


class Inline(NamedTuple):
    """A text within one block."""

    markdown: str = ""
    plain: str = ""


class Piece(msgspec.Struct):
    """Text of one form. `marks` are what ends the formatting around it: `**`, `_`, `~~` or
    `](address)`."""

    kind: Literal["text", "code", "equation"]
    text: str
    marks: frozenset[str] = frozenset()

    @property
    def is_blank(self) -> bool:
        return self.kind == "text" and self.text.isspace()


def inline(
    items: Any,
    *,
    one_line: bool = False,
    in_cell: bool = False,
    marks: frozenset[str] = frozenset(),
) -> Inline:
    """Return a rich text; what is odd in it is left out.

    `one_line`: line breaks become blanks. `in_cell`: for `escaping.cell`. `marks` stand around the
    whole of it.
    """
    pieces = [piece for item in _rich_objects(items) for piece in _pieces_of(item, marks, one_line)]
    return Inline(spelled(pieces, in_cell=in_cell), plain_of(items, one_line=one_line))


def plain_of(items: Any, *, one_line: bool = False) -> str:
    """Return a rich text without its formatting, and without blanks at either end."""
    return " ".join(raw_of(items).split()) if one_line else raw_of(items).strip()


def raw_of(items: Any) -> str:
    """Return a rich text with all its blanks."""
    return _BREAK.sub("\n", "".join(map(_words_of, _rich_objects(items))))


def has_link(items: Any) -> bool:
    return any(link_of(item) for item in _rich_objects(items))


def linked(text: str, address: str, *, in_cell: bool = False) -> str:
    """Return Markdown of a text that leads to an address; of the text alone where no link may lead
    there."""
    marks = frozenset([f"{_LINK}{end})"]) if (end := destination(address)) else frozenset()
    return spelled([Piece("text", " ".join(text.split()), marks)], in_cell=in_cell)


def address_of_target(target: Target) -> str:
    """Return the address that a page of the workspace has in Markdown."""
    return f"page:{target.page_id}#{target.anchor}" if target.anchor else f"page:{target.page_id}"


def link_of(item: JSON) -> str:
    """Return where an item leads, as Markdown spells it; "" for nowhere. A database that is
    mentioned is a word: Notion alone knows the way to it."""
    target = target_of_item(item)
    if target is None and (item.get("type"), _kind_of_mention(item)) == ("mention", "database"):
        return ""
    address = address_of_target(target) if target else address_of_item(item)
    return destination(address) if address else ""


def spelled(pieces: Sequence[Piece], *, in_cell: bool = False) -> str:
    """Return pieces as Markdown, without blanks at either end."""
    out: list[str] = []
    opened: list[str] = []
    if in_cell:
        pieces = [
            Piece("text", piece.text, piece.marks) if _is_no_code_in_cell(piece) else piece
            for piece in pieces
        ]
    for piece in _settled_pieces(pieces):
        text = _spelled_piece(piece, in_cell)
        kept = next((at for at, mark in enumerate(opened) if mark not in piece.marks), len(opened))
        closing, opened = opened[kept:], opened[:kept]
        opening = [] if piece.is_blank else sorted(piece.marks.difference(opened), key=_mark_depth)
        if closing and not opening and _has_to_be_parted(closing, out[-1][-1], text[0]):
            text = f"{_as_entity(text[0])}{text[1:]}"
        if opening and not closing and out and _can_not_open(opening, out[-1][-1], text):
            out[-1] = f"{out[-1][:-1]}{_as_entity(out[-1][-1])}"
        out += [
            *reversed(closing),
            *("[" if mark.startswith(_LINK) else mark for mark in opening),
            text,
        ]
        opened += opening
    return lines_escaped("".join([*out, *reversed(opened)]))


def _rich_objects(items: Any) -> list[JSON]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _kind_of_mention(item: JSON) -> Any:
    mention = item.get("mention")
    return mention.get("type") if isinstance(mention, dict) else None


def _words_of(item: JSON) -> str:
    match item:
        case (
            {"plain_text": str(text)}
            | {"text": {"content": str(text)}}
            | {"equation": {"expression": str(text)}}
        ):
            return text if text.isprintable() else _UNSEEN.sub("", _SPACE.sub(" ", text))
    return ""


def _pieces_of(item: JSON, marks: frozenset[str], one_line: bool) -> Iterator[Piece]:
    words = _BREAK.sub("\n", _words_of(item))
    if one_line:
        words = words.replace("\n", " ")
    given = item.get("annotations")
    styles = given if isinstance(given, dict) else {}
    link = link_of(item)
    around = marks | {f"{_LINK}{link})"} if link else marks
    if item.get("type") == "equation":
        yield from [Piece("equation", words, around)] if words.strip() else []
        return
    around |= {mark for style, mark in STYLES.items() if styles.get(style) is True}
    if styles.get("code") is True:
        for number, line in enumerate(words.split("\n")):
            yield from [Piece("text", "\n")] if number else []
            yield Piece("code" if line.strip() else "text", line, around)
    else:
        yield Piece("text", words, around)


def _settled_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces of which no two of one form stand side by side, blanks apart from what is
    formatted: emphasis may neither begin nor end beside a blank. Blanks have the marks that both
    their neighbours have."""
    parts: list[Piece] = []
    for piece in _merged_pieces(pieces):
        for text in _blanks_apart(piece.text) if piece.kind == "text" else [piece.text]:
            part = Piece(piece.kind, text, piece.marks)
            if parts and parts[-1].is_blank and part.is_blank:
                parts[-1].text += text
            else:
                parts.append(part)
    del parts[: bool(parts and parts[0].is_blank)]
    del parts[len(parts) - bool(parts and parts[-1].is_blank) :]
    for number, part in enumerate(parts):
        if part.is_blank:
            part.marks = parts[number - 1].marks & parts[number + 1].marks
    return parts


def _merged_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces of one form that stand side by side as one."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if last and last.kind == piece.kind and last.marks == piece.marks:
            gap = " " if piece.kind == "equation" else ""
            merged[-1] = Piece(piece.kind, f"{last.text}{gap}{piece.text}", last.marks)
        elif piece.text:
            merged.append(piece)
    return merged


def _blanks_apart(text: str) -> list[str]:
    """The blanks before a text, the text, and those after it, so far as they are there."""
    core = text.strip()
    before, _, after = text.partition(core) if core else (text, "", "")
    return [part for part in (before, core, after) if part]


def _is_no_code_in_cell(piece: Piece) -> bool:
    """Return whether a piece is code that parsers of tables read in different ways."""
    return piece.kind == "code" and "\\|" in piece.text


def _spelled_piece(piece: Piece, in_cell: bool) -> str:
    match piece.kind:
        case "code":
            return code_span(piece.text)
        case "equation":
            in_link = any(mark.startswith(_LINK) for mark in piece.marks)
            return inline_equation(piece.text, in_cell=in_cell, in_link=in_link)
    if "\n" not in piece.text:
        return escaped(piece.text, in_cell=in_cell)
    lines = _AROUND_BREAK.sub("\n", piece.text).split("\n")
    return "\\\n".join(escaped(line, in_cell=in_cell) for line in lines)


def _mark_depth(mark: str) -> int:
    """Put links around everything else."""
    return 0 if mark.startswith(_LINK) else (BOLD, ITALIC, STRUCK).index(mark) + 1


def _has_to_be_parted(closing: Sequence[str], before: str, after: str) -> bool:
    """Return whether marks would not end between two characters: a parser takes them for part of a
    word."""
    outermost = closing[0]
    if outermost.startswith(_LINK) or not is_word(after):
        return False
    return outermost == ITALIC or len(closing) > 1 or may_be_punctuation(before)


def _can_not_open(opening: Sequence[str], before: str, text: str) -> bool:
    """Return whether marks would not begin between a character and a text; one of one character may
    be encoded later."""
    outermost = opening[0]
    if outermost.startswith(_LINK) or not is_word(before):
        return False
    return outermost == ITALIC or len(opening) > 1 or len(text) == 1 or may_be_punctuation(text[0])


def _as_entity(character: str) -> str:
    """A character as an entity, which a parser takes for punctuation where it judges marks beside
    it."""
    return f"&#{ord(character)};"
