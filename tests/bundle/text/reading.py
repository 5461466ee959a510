"""Markdown read by a parser that is none of ours: markdown-it, as CommonMark with tables and
strikethrough."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
"""With its own bound on how deeply blocks are nested, 20."""

_WORD = re.compile(r"[^\W_]+")
_STYLES = {"strong_open": "bold", "em_open": "italic", "s_open": "strikethrough"}


class Letter(NamedTuple):
    """A character that is seen, and what is done to it: names of styles, or an address."""

    character: str
    marks: frozenset[str]


def letters_of(markdown: str) -> list[Letter]:
    """Return every character of a text that shows, with its formatting."""
    return [letter for token in PARSER.parse(markdown) for letter in _letters(token)]


def kinds_of(markdown: str) -> list[str]:
    """Return the types of all blocks, in their order."""
    return [token.type for token in PARSER.parse(markdown) if not token.type.endswith("_close")]


def text_in(markdown: str) -> str:
    """Return the text of all blocks, one below the other; of pictures what stands for them."""
    return "\n".join(_texts(PARSER.parse(markdown)))


def words_in(text: str) -> list[str]:
    return _WORD.findall(text)


def headings_in(markdown: str) -> list[tuple[int, str]]:
    tokens = PARSER.parse(markdown)
    return [
        (int(token.tag[1:]), _inline_text(tokens[number + 1]))
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def links_in(markdown: str) -> list[str]:
    """Return where links and pictures lead."""
    children = (child for token in PARSER.parse(markdown) for child in token.children or ())
    ends = (child.attrs.get("href") or child.attrs.get("src") for child in children)
    return [end for end in ends if isinstance(end, str)]


def _texts(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield _inline_text(token)
        elif token.type in ("fence", "code_block", "html_block"):
            yield token.content


def _inline_text(token: Token) -> str:
    """A box of a task list is no text: GitHub's extension, which this parser lacks, makes a picture
    of it."""
    text = "".join(_piece(child) for child in token.children or ())
    return text[len("[x]") :] if token.content.startswith(("[x] ", "[ ] ")) else text


def _piece(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type == "image":
        return "".join(map(_piece, token.children or ()))
    return token.content if token.type in ("text", "code_inline", "html_inline") else ""


def _letters(block: Token) -> Iterator[Letter]:
    around: list[str] = []
    for token in block.children or ():
        if token.type in _STYLES:
            around.append(_STYLES[token.type])
        elif token.type == "link_open":
            around.append(str(token.attrs["href"]))
        elif token.nesting < 0:
            around.pop()
        marks = frozenset([*around, "code"] if token.type == "code_inline" else around)
        yield from (
            Letter(character, marks) for character in _piece(token) if not character.isspace()
        )
