"""How much of what stands in the pages a peer brought out: texts found ÷ texts there."""

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dev.notion import truth
from dev.notion.workspace import Workspace

HTML_TAG = re.compile(r"<[^>]*>")
LEAST_LETTERS = 8
"""Shorter texts could be found by chance."""


def texts_there(workspace: Workspace, databases: Sequence[str]) -> set[str]:
    """Every distinct text in the blocks of the published pages, rows and child pages, in bare
    letters."""
    pages = truth.published_pages(workspace, databases)
    return {text for page_id in pages for text in texts_of(workspace, page_id)}


def texts_of(workspace: Workspace, page_id: str) -> set[str]:
    """Return the distinct texts in the blocks of one page, in bare letters."""
    found = map(bare, plain_texts(truth.tree(workspace, page_id)))
    return {text for text in found if len(text) >= LEAST_LETTERS}


def share_found(texts: set[str], written: Iterable[str]) -> float:
    """Markup and white space don't count: letters and digits are compared."""
    everything = all_bare(written)
    return sum(text in everything for text in texts) / len(texts)


def all_bare(written: Iterable[str]) -> str:
    return "\n".join(map(bare, written))


def files_written(folder: Path) -> Iterator[str]:
    """What is written in a folder's files; of JSON files the texts. A JSON file that is not whole
    holds none, as nothing can read it."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            with suppress(json.JSONDecodeError):
                yield "\n".join(plain_texts(json.loads(path.read_text("utf-8"))))
        elif path.suffix in (".md", ".mdx"):
            yield html.unescape(path.read_text("utf-8"))
        elif path.suffix == ".html":
            yield html.unescape(HTML_TAG.sub("", path.read_text("utf-8")))


def plain_texts(value: Any) -> Iterator[str]:
    """Every `plain_text` in a JSON value."""
    if isinstance(value, dict):
        if isinstance(text := value.get("plain_text"), str):
            yield text
        for member in value.values():
            yield from plain_texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from plain_texts(item)


def bare(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
