"""The bars that the design sets, and what was measured against each."""

from collections.abc import Iterator
from typing import NamedTuple

from bench.cold import Cold
from bench.figures import Figures, Invocation
from bench.results import Results

MOST_REQUESTS = 1.02
LONGEST_TIME = 1.15
MOST_COMMANDS_UNCHANGED = 20
MOST_COMMANDS_A_PAGE = 4
MOST_MEGABYTES = 250
LONGEST_SLICE_SECONDS = 60
SLOWEST_IMPORT = 1.25
MOST_GROWTH = 1.1


class Bar(NamedTuple):
    what: str
    bar: str
    measured: str
    reached: bool


def bars(results: Results) -> Iterator[Bar]:
    """Those of the parts that were measured."""
    if results.full:
        yield from _full(results.full)
    if results.changes:
        yield from _changes(results.changes)
    if results.growth:
        yield from _growth(results.growth)
    if results.growth_two:
        yield _two_of_many(results.growth_two[-1])
    if results.cold:
        yield from _cold(results.cold)


def _full(runs: list[Figures]) -> Iterator[Bar]:
    worst = max(runs, key=lambda run: run.requests / run.minimum)
    share = worst.requests / worst.minimum
    yield Bar("Requests of a full sync ÷ minimum", "≤ 1.02", f"{share:.3f} ({worst.name})", share <= MOST_REQUESTS)
    slowest = max(runs, key=lambda run: run.shortest_ratio)
    yield Bar(
        "Time of a full sync ÷ bound, and what requests must wait for each other",
        "≤ 1.15",
        f"{slowest.shortest_ratio:.2f} ({slowest.name}; ÷ bound alone {slowest.ratio:.2f})",
        slowest.shortest_ratio <= LONGEST_TIME,
    )
    dearest = max(runs, key=lambda run: run.kv_commands / run.synced)
    commands = dearest.kv_commands / dearest.synced
    yield Bar("KV commands for each page", "≤ 4", f"{commands:.2f} ({dearest.name})", commands <= MOST_COMMANDS_A_PAGE)
    yield Bar(
        "Messages",
        "one a slice",
        ", ".join(f"{run.messages} for {len(run.slices)}" for run in runs),
        all(run.messages == len(run.slices) for run in runs),
    )


def _changes(runs: list[Figures]) -> Iterator[Bar]:
    unchanged, two, *_ = runs
    yield Bar(
        "Nothing changed: KV commands, bundles written",
        "≤ 20, none",
        f"{unchanged.kv_commands}, {unchanged.written}",
        unchanged.kv_commands <= MOST_COMMANDS_UNCHANGED and not unchanged.written,
    )
    yield Bar(
        "Two pages changed: bundles written",
        "2",
        f"{two.written}, with {two.requests} requests ({unchanged.requests} to list and watch)",
        two.written == 2,
    )


def _growth(runs: list[tuple[Figures, Figures]]) -> Iterator[Bar]:
    largest, unchanged = runs[-1]
    longest = max(call.seconds for call in largest.slices)
    yield Bar(
        f"{largest.name}: longest slice, peak memory",
        "≤ 60 s, < 250 MB",
        f"{longest:.1f} s, {largest.peak_megabytes:.0f} MB",
        longest <= LONGEST_SLICE_SECONDS and largest.peak_megabytes < MOST_MEGABYTES,
    )
    commands = unchanged.kv_commands
    yield Bar(f"{unchanged.name}: KV commands", "≤ 20", f"{commands}", commands <= MOST_COMMANDS_UNCHANGED)
    smaller = next((full for full, _ in reversed(runs[:-1]) if between(full)), None)
    if smaller:
        growth = median_bytes(largest) / median_bytes(smaller)
        yield Bar(
            f"KV bytes of a slice in the middle of {largest.name} ÷ of {smaller.name}",
            "no growth",
            f"{growth:.2f}",
            growth <= MOST_GROWTH,
        )
    last = largest.slices[-1].kv_bytes / median_bytes(largest) if between(largest) else 0.0
    yield Bar(
        f"{largest.name}: KV bytes of the last slice (indexes) ÷ of one in the middle",
        "no growth",
        f"{last:.1f}",
        last <= 2,
    )


def _two_of_many(run: Figures) -> Bar:
    commands = run.kv_commands
    return Bar(
        f"{run.name}: bundles written, messages",
        "2, 1",
        f"{run.written}, {run.messages} ({commands} KV commands, {run.kv_bytes / 1_000_000:.1f} MB)",
        (run.written, run.messages) == (2, 1),
    )


def between(run: Figures) -> list[Invocation]:
    """The slices that neither list nor publish."""
    return run.slices[1:-1]


def median_bytes(run: Figures) -> float:
    each = sorted(call.kv_bytes for call in between(run))
    return each[len(each) // 2]


def _cold(cold: Cold) -> Iterator[Bar]:
    yield Bar(
        "Trigger's import ÷ `import qstash, upstash_redis`",
        "≤ 1.25",
        f"{cold.import_ratio:.2f} (whole cold start: {cold.init_ratio:.2f})",
        cold.import_ratio <= SLOWEST_IMPORT,
    )
    yield Bar(
        "Trigger, warm, p50 and p95", "< 150 ms", f"{cold.warm_p50:.0f}, {cold.warm_p95:.0f} ms", cold.warm_p95 < 150
    )
