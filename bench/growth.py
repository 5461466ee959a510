"""What grows with the workspace: full runs, and runs with no change and with two, over 100 to 10,000 light pages.

The window is Notion's (180 requests in 60 s), the latency none: what is left of a slice's time is our own.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from bench.figures import Figures
from bench.rig import DATABASES, Rig
from dev.notion import NotionStandIn
from dev.notion.generate import generate
from dev.notion.nodes import Database, DataSource

SIZES = (100, 1_000, 10_000)


def measure(sizes: Sequence[int] = SIZES) -> Iterator[tuple[Figures, Figures, Figures]]:
    """By size: everything, then nothing changed, then two pages. One in five is a page, the others are posts."""
    for size in sizes:
        with Rig(partial(generate, pages=size // 5, posts=size - size // 5), latency_ms=0) as rig:
            full = rig.measure(f"{size:,} pages")
            rig.settle()
            unchanged = rig.measure(f"{size:,} pages, nothing changed")
            edit_two(rig.notion)
            rig.settle()
            yield full, unchanged, rig.measure(f"{size:,} pages, two changed")


def edit_two(notion: NotionStandIn) -> None:
    """Edits the first and the last row of the first source."""
    [source] = notion.workspace.get(DATABASES[0], Database).children
    rows = notion.workspace.rows(notion.workspace.get(source, DataSource))
    for row in (rows[0], rows[-1]):
        notion.edit.append_blocks(row.id, [{"paragraph": "A second thought."}])
