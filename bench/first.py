"""How soon a site shows something of a first sync: of 30, 300 and 3,000 light pages, in Notion's
weather."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from bench.growth import workspace_of
from bench.rig import Rig

SIZES = (30, 300, 3_000)
LOOKS_EVERY_SECONDS = 0.02
GIVES_UP_SECONDS = 60.0
BEGINS = '{"items":[{'
"""How an index begins that has a page in it."""


class First(msgspec.Struct, frozen=True):
    """When the first page, and the first index with a page in it, could be read: seconds after the
    trigger's call."""

    pages: int
    page: float
    index: float


def measure(sizes: Sequence[int] = SIZES) -> Iterator[First]:
    """Yield by size what a site could read first. Raises `TimeoutError` where that is nothing."""
    for size in sizes:
        with Rig(partial(workspace_of, size)) as rig:
            began = time.monotonic()
            rig.ask()
            page = _seconds_until(partial(_has_page, rig), began)
            yield First(size, page, _seconds_until(partial(_has_index, rig), began))
            rig.stop()


def _has_page(rig: Rig) -> bool:
    return bool(rig.command("HLEN", "paths"))


def _has_index(rig: Rig) -> bool:
    beginnings = (
        rig.command("GETRANGE", f"{source}:index", "0", "10") for source in ("pages", "posts")
    )
    return any(beginning == BEGINS for beginning in beginnings)


def _seconds_until(is_there: Callable[[], bool], began: float) -> float:
    while (passed := time.monotonic() - began) < GIVES_UP_SECONDS:
        if is_there():
            return time.monotonic() - began
        time.sleep(LOOKS_EVERY_SECONDS)
    raise TimeoutError(f"nothing can be read after {passed:.0f} s")
