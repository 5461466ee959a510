"""Markdown as the reports and the documents need it."""

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int | None = None) -> str:
    """So many columns hold words, the others numbers, which stand to the right; None: all hold
    words."""
    left = len(heads) if words is None else words
    ruler = ["---"] * left + ["---:"] * (len(heads) - left)
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, ruler, *rows))
