"""What grows with the workspace: full runs, and small ones after them, over 100 to 10,000 light
pages.

The window is Notion's (180 requests in 60 s), the latency none: what is left of a slice's time is
our own.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count

import msgspec

from bench.figures import Figures
from bench.rig import Rig
from dev.notion.generate import generate
from dev.notion.nodes import Page
from dev.notion.workspace import Workspace
from dev.stack import ROOT
from lib.store.kv import source_of

LUA = ROOT / "lib/store/lua"
SIZES = (100, 1_000, 10_000)
DELETED = 3


class Small(msgspec.Struct, frozen=True):
    """Runs over a workspace that is synced: without a change, after two edits, after one of which
    the webhook tells, and after deletions. `bundle_bytes`: what a site reads of the page of the
    webhook, its bundle and its text."""

    pages: int
    unchanged: Figures
    two: Figures
    webhook: Figures
    deleted: Figures
    bundle_bytes: int


class Size(msgspec.Struct, frozen=True):
    """A full run over so many pages, and small ones after it."""

    full: Figures
    small: Small


def measure(sizes: Sequence[int] = SIZES) -> Iterator[Size]:
    """Yield by size what each run takes. One in five is a page, the others are posts."""
    for size in sizes:
        with Rig(partial(workspace_of, size), latency_ms=0) as rig:
            full = rig.measure(f"{size:,} pages")
            yield Size(full, measure_small(rig, size))


def workspace_of(size: int) -> Workspace:
    """Return a workspace of so many light pages."""
    return generate(pages=size // 5, posts=size - size // 5)


def measure_small(rig: Rig, size: int) -> Small:
    """Return what small runs take over a rig's workspace, which is synced. KV knows all scripts, as
    one does that has been in use for a while."""
    for script in LUA.glob("*.lua"):
        rig.command("SCRIPT", "LOAD", source_of(script.stem))
    rows = rig.rows()
    edit, numbers = rig.notion.edit, count(2)

    def change(*pages: Page) -> None:
        for page in pages:
            edit.append_blocks(page.id, [{"paragraph": f"Thought number {next(numbers)}."}])
        rig.settle()

    rig.settle()
    unchanged = rig.measure(f"{size:,} pages, nothing changed")
    change(rows[0], rows[-1])
    two = rig.measure(f"{size:,} pages, two changed")
    rig.subscribe()
    change(rows[1])
    webhook = rig.measure_webhook(f"{size:,} pages, one by webhook")
    slug = rig.command("HGET", "paths", rows[1].id)
    for page in rows[2 : 2 + DELETED]:
        edit.trash(page.id)
    rig.settle()
    rig.let_a_day_pass()
    deleted = rig.measure(f"{size:,} pages, {DELETED} deleted")
    sizes = (rig.command("STRLEN", f"{kind}:{slug}") for kind in ("page", "doc"))
    return Small(size, unchanged, two, webhook, deleted, sum(sizes))
