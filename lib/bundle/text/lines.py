"""The lines of a Markdown text: blocks one after the other, inside of lists and quotes."""

import msgspec

MOST_LEVELS = 8
"""Lists and quotes inside of each other, at most; what lies deeper stands at the deepest of them.
Parsers have bounds of their own (markdown-it's is at 20, a list counts twice), and more blanks
before each line are of no use."""

QUOTE = "> "


class Container(msgspec.Struct):
    """An item of a list or a quote that is open: `prefix` stands before each of its lines, but the
    first."""

    parent: "Container | None"
    prefix: str
    is_item: bool
    level: int


class Lines:
    """Writes blocks. Between two of them stands an empty line, but between items of a list."""

    def __init__(self) -> None:
        self.page = Container(None, "", False, 0)
        self._lines: list[str] = []
        self._last = self.page
        self._last_is_head = False

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def write(self, markdown: str, inside: Container) -> None:
        """Write a block."""
        if markdown:
            self._write_empty_line(inside)
            self._write_lines(markdown, inside.prefix, inside.prefix)
            self._last, self._last_is_head = inside, False

    def open(
        self, marker: str, head: str, inside: Container, *, begins_list: bool = False
    ) -> Container:
        """Write what stands behind a marker, such as `- `, and return what holds the blocks beneath
        it.

        `begins_list`: a parser does not take the item for the first one of a list unless an empty
        line goes before.
        """
        is_item = marker != QUOTE
        parent = inside if inside.level < MOST_LEVELS or inside.parent is None else inside.parent
        indent = " " * len(marker) if is_item else marker
        opened = Container(parent, parent.prefix + indent, is_item, parent.level + 1)
        if head:
            is_close = (
                is_item
                and self._last_is_head
                and not begins_list
                and self._is_beneath_items_of(parent)
            )
            if not is_close:
                self._write_empty_line(parent)
            self._write_lines(head, parent.prefix + marker, opened.prefix)
            self._last, self._last_is_head = opened, is_item
        return opened

    def _write_lines(self, markdown: str, first: str, others: str) -> None:
        for number, line in enumerate(markdown.split("\n")):
            prefix = others if number else first
            self._lines.append(prefix + line if line else prefix.rstrip())

    def _write_empty_line(self, inside: Container) -> None:
        """Write an empty line, which stands in all that holds both the last block and the next
        one."""
        if not self._lines:
            return
        last: Container | None = self._last
        around = set()
        while last is not None:
            around.add(id(last))
            last = last.parent
        shared = inside
        while id(shared) not in around and shared.parent is not None:
            shared = shared.parent
        self._lines.append(shared.prefix.rstrip())

    def _is_beneath_items_of(self, holder: Container) -> bool:
        """Return whether nothing but items of lists stand between a container and the last
        block."""
        last: Container | None = self._last
        while last is not None and last is not holder:
            if not last.is_item:
                return False
            last = last.parent
        return last is holder
