"""What grows with the workspace: full runs and runs without a change over 100, 1,000 and 10,000 light pages.

The window is Notion's (180 requests in 60 s), the latency none: what is left of a slice's time is our own.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from bench.figures import Figures
from bench.rig import Rig
from dev.notion.generate import generate

SIZES = (100, 1_000, 10_000)


def measure(sizes: Sequence[int] = SIZES) -> Iterator[tuple[Figures, Figures]]:
    """By size: everything, then nothing changed. One in five is a page, the others are posts."""
    for size in sizes:
        with Rig(partial(generate, pages=size // 5, posts=size - size // 5), latency_ms=0) as rig:
            full = rig.measure(f"{size:,} pages")
            rig.settle()
            yield full, rig.measure(f"{size:,} pages, nothing changed")
