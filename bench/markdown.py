"""Markdown as the reports and the documents need it."""

import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 120
"""Of a line of the documents."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int | None = None) -> str:
    """So many columns hold words, the others numbers, which stand to the right; None: all hold
    words."""
    left = len(heads) if words is None else words
    ruler = ["---"] * left + ["---:"] * (len(heads) - left)
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, ruler, *rows))


def paragraph(text: str) -> str:
    """Return the text on lines as long as those of the documents."""
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)
