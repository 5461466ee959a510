"""A full sync: of the sample, of 300 and 10,000 light pages, of deep trees; in Notion's weather and
with its window."""

from collections.abc import Callable, Iterator
from functools import partial

from bench.figures import Figures
from bench.rig import Rig
from dev.notion.generate import generate
from dev.notion.load import load
from dev.notion.workspace import Workspace

DEEP = "50 pages, 10 levels deep"
WORKSPACES: dict[str, Callable[[], Workspace]] = {
    "sample workspace": load,
    "100 pages + 200 posts": partial(generate, pages=100, posts=200),
    DEEP: partial(generate, pages=50, posts=0, depth=10),
    "2,000 pages + 8,000 posts": partial(generate, pages=2_000, posts=8_000),
}


def measure() -> Iterator[Figures]:
    for name, workspace in WORKSPACES.items():
        with Rig(workspace) as rig:
            yield rig.measure(name)
