"""What a sync costs for 30, 300 and 3,000 pages, counted up from what was measured.

The pages are plain ones of one source: one request reads each. A first sync takes, page for page,
what a measured one took. Any other run takes what a measured one took, and the list of all pages
besides.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from bench import markdown
from bench.edits import Hour
from bench.figures import Figures
from bench.results import Results
from bench.rig import LATENCY_MS
from dev.notion.truth import PER_REQUEST
from lib.store.budget import share_of
from lib.sync.survey.listings import BIG_SOURCE_ROWS

SIZES = (30, 300, 3_000)
WINDOW_REQUESTS = share_of("sync", 180)
"""What a sync has of Notion's budget for a minute. A slice ends where it is used up, and each slice
is one message."""
PLAIN = 1.1
"""A workspace counts as plain where a page takes no more requests than this."""
DAYS = 30
HEADS = ("Pages", "What", "Requests", "Messages", "KV commands", "Computing", "Waiting", "Takes")


class Cost(NamedTuple):
    """Of a run, or of a month of them. `computing` and `waiting` are seconds of functions."""

    requests: int
    messages: int
    commands: int
    computing: float
    waiting: float

    @classmethod
    def of(cls, requests: float, commands: float, computing: float, waiting: float) -> Self:
        whole = math.ceil(requests)
        return cls(
            whole, math.ceil(whole / WINDOW_REQUESTS), math.ceil(commands), computing, waiting
        )

    def and_then(self, other: "Cost", times: int) -> "Cost":
        """This and so many of the other."""
        return Cost(
            self.requests + times * other.requests,
            self.messages + times * other.messages,
            self.commands + times * other.commands,
            self.computing + times * other.computing,
            self.waiting + times * other.waiting,
        )


class Measured(NamedTuple):
    """The runs that everything is counted up from: a full sync of plain pages, and of the sample
    workspace one without a change and one with two changed pages. `commands` is the most that any
    run without a change took of KV."""

    full: Figures
    unchanged: Figures
    two_changed: Figures
    commands: int

    @classmethod
    def of(cls, results: Results) -> Self | None:
        """None where not all of it was measured."""
        plain = [run for run in results.full if run.requests <= PLAIN * run.synced]
        changes = {run.name: run for run in results.changes}
        if not plain or not {"nothing changed", "two pages changed"} <= changes.keys():
            return None
        unchanged = changes["nothing changed"]
        commands = max(
            run.kv_commands
            for run in (unchanged, *(size.small.unchanged for size in results.growth))
        )
        smallest = min(plain, key=lambda run: run.synced)  # its beginning counts most
        return cls(smallest, unchanged, changes["two pages changed"], commands)

    def first_sync(self, pages: int) -> Cost:
        share = pages / self.full.synced
        commands = self.commands + share * (self.full.kv_commands - self.commands)
        return Cost.of(share * self.full.requests, commands, *_times(self.full, share))

    def nothing_changed(self, pages: int, *, whole: bool = True) -> Cost:
        """`whole`: all pages are listed; of a big source that happens once a day."""
        listing = _listing_requests(pages, whole=whole)
        return Cost.of(listing, self.commands, *_listing_times(self.unchanged, listing))

    def two_pages_changed(self, pages: int) -> Cost:
        listing = _listing_requests(pages, whole=True)
        trees = round(2 * self.full.requests / self.full.synced)
        return Cost.of(
            listing + trees,
            self.two_changed.kv_commands,
            *_listing_times(self.two_changed, listing),
        )

    def month(self, pages: int, runs_a_day: int) -> Cost:
        """Two pages change on each day; all pages are listed once a day."""
        daily, further = self.two_pages_changed(pages), self.nothing_changed(pages, whole=False)
        day = daily.and_then(further, runs_a_day - 1)
        return day.and_then(day, DAYS - 1)


def table(measured: Measured, hour: Hour | None) -> str:
    """Return the costs as the documents show them, with those of an hour of steady edits where they
    were measured."""
    rows = [*_rows(measured), *([_row_of_hour(hour)] if hour else [])]
    return markdown.table(HEADS, rows, words=2)


def _rows(measured: Measured) -> Iterator[Sequence[str]]:
    for pages in SIZES:
        first = measured.first_sync(pages)
        yield _row(f"**{pages:,}**", "first sync", first, _lasting(first))
        yield _row(
            "", "nothing changed", nothing := measured.nothing_changed(pages), _lasting(nothing)
        )
        yield _row("", "two pages changed", two := measured.two_pages_changed(pages), _lasting(two))
        yield _row("", "a month, daily", measured.month(pages, 1), "")
        yield _row("", "a month, hourly", measured.month(pages, 24), "")


def _row_of_hour(hour: Hour) -> Sequence[str]:
    what = f"an hour of steady edits of {hour.pages} pages"
    cost = Cost(hour.requests, hour.messages, hour.kv_commands, hour.cpu_seconds, 0.0)
    *columns, _waiting, lasting = _row("**any**", what, cost, "")
    return (*columns, "", lasting)


def _row(pages: str, what: str, cost: Cost, lasting: str) -> Sequence[str]:
    counts = (f"{count:,}" for count in (cost.requests, cost.messages, cost.commands))
    return (pages, what, *counts, _duration(cost.computing), _duration(cost.waiting), lasting)


def _lasting(cost: Cost) -> str:
    """From the trigger to the end: a minute for each window but the last, and the last one's own
    work."""
    last = (
        (cost.computing + cost.waiting)
        * (cost.requests - WINDOW_REQUESTS * (cost.messages - 1))
        / cost.requests
    )
    return _duration(60 * (cost.messages - 1) + last)


def _listing_requests(pages: int, *, whole: bool) -> int:
    return math.ceil(pages / PER_REQUEST) if whole or pages < BIG_SOURCE_ROWS else 1


def _listing_times(run: Figures, listing: int) -> tuple[float, float]:
    """What a measured run took, and the pages of the list, which come one after the other."""
    computing, waiting = _times(run, 1)
    return computing, waiting + listing * LATENCY_MS / 1000


def _times(run: Figures, share: float) -> tuple[float, float]:
    """Computing and waiting."""
    return share * run.cpu_seconds, share * (run.billed_seconds - run.cpu_seconds)


def _duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 99.5 else f"{seconds / 60:.0f} min"
