"""A page's blocks as text, in the order in which they are read, however deeply they are nested."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from lib.bundle.text.kinds import BULLET, KINDS, NUMBER, PageContext, Rendering, Shown, notice, show
from lib.bundle.text.lines import Container, Lines
from lib.bundle.values import Heading
from lib.model import JSON

EMPTY = "&nbsp;"
"""The text of an item that has none, without which it would be no item."""
MOST_PROSE = 1_000
"""Characters that are kept for an excerpt."""
LARGEST_NUMBER = 999_999_999
"""Of an item: https://spec.commonmark.org/0.31.2/#ordered-list-marker."""


class BothForms(msgspec.Struct, frozen=True):
    """Blocks as text. `prose` is the beginning of what is no heading, table or code; `unknown`
    counts the blocks of kinds that have no function of their own in `kinds`."""

    markdown: str
    plain: str
    outline: list[Heading]
    prose: str
    unknown: dict[str, int]


class _Layer(msgspec.Struct):
    """Blocks side by side, and where they are written. `number` is that of the last item of a
    numbered list."""

    blocks: Iterator[Any]
    inside: Container
    number: int = 0


def text_of(blocks: Iterable[Any], around: PageContext) -> BothForms:
    """Return blocks as text. What is odd in them is left out."""
    walk = _Writing(around)
    levels = [_Layer(iter(blocks), walk.lines.page)]
    while levels:
        for block in levels[-1].blocks:
            if isinstance(block, dict):
                levels.append(walk.enter(block, levels[-1]))
                break
        else:
            levels.pop()
    return BothForms(
        walk.lines.text,
        "\n".join(walk.plain),
        walk.outline,
        " ".join(walk.prose),
        dict(walk.unknown),
    )


class _Writing:
    def __init__(self, around: PageContext) -> None:
        self.lines = Lines()
        self.plain: list[str] = []
        self.outline: list[Heading] = []
        self.prose: list[str] = []
        self.unknown: Counter[str] = Counter()
        self._around = around
        self._prose_left = MOST_PROSE

    def enter(self, block: JSON, level: _Layer) -> _Layer:
        """Write what a block says, and return the level of what stands in it."""
        kind = block.get("type")
        own = block.get(kind) if isinstance(kind, str) else None
        shown = Shown(
            block,
            own if isinstance(own, dict) else {},
            kind if isinstance(kind, str) else "",
            self._around,
        )
        if shown.kind not in KINDS:
            self.unknown[shown.kind or "block"] += 1
        part = show(shown)
        children = block.get("children") if part.inside is None else part.inside
        inside = children if isinstance(children, list) else []
        holder = self._write_part(part, shown, level, has_more=bool(inside) or shown.is_unavailable)
        self._note_part(part, shown)
        if shown.is_unavailable or shown.kind == "unsupported":
            told = notice(shown)
            self.lines.write(told.markdown, holder)
            self.plain.append(told.plain)
        return _Layer(iter(inside), holder)

    def _write_part(
        self, part: Rendering, shown: Shown, level: _Layer, *, has_more: bool
    ) -> Container:
        """Write a block's own text; return what holds its children."""
        if not part.marker:
            level.number = 0 if part.markdown else level.number
            self.lines.write(part.markdown, level.inside)
            return level.inside
        if not part.markdown and not has_more:
            return level.inside
        marker, begins_list = part.marker, False
        if marker == NUMBER:
            begins_list = not level.number
            level.number = self._next_number(level.number, shown.own)
            marker = f"{level.number}. "
        else:
            level.number = 0
        is_item = part.marker in (BULLET, NUMBER)
        head = part.markdown or (EMPTY if is_item else "")
        return self.lines.open(marker, head, level.inside, begins_list=begins_list)

    def _next_number(self, last: int, own: JSON) -> int:
        first = own.get("list_start_index")
        if (
            not last
            and isinstance(first, int)
            and not isinstance(first, bool)
            and 0 < first <= LARGEST_NUMBER
        ):
            return first
        return min(last + 1, LARGEST_NUMBER)

    def _note_part(self, part: Rendering, shown: Shown) -> None:
        """Keep what a block says for what is made of the text as a whole."""
        if not part.plain:
            return
        self.plain.append(part.plain)
        if part.level:
            self.outline.append({"level": part.level, "text": part.plain, "id": shown.block_id})
        if part.is_prose and self._prose_left > 0:
            self.prose.append(part.plain)
            self._prose_left -= len(part.plain) + 1
