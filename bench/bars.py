"""The bars that the design sets, and what was measured against each."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.cold import Cold
from bench.edits import Edits, Hour, percentile
from bench.figures import Figures, Invocation
from bench.first import First
from bench.growth import Size, Small
from bench.results import Results

MOST_REQUESTS = 1.02
LONGEST_IN_A_WINDOW, LONGEST_OF_MANY = 1.25, 1.03
MOST_COMMANDS_UNCHANGED, MOST_COMMANDS_OF_ONE, MOST_COMMANDS_A_PAGE = 20, 30, 4
MOST_MEGABYTES = 128
LONGEST_SLICE_SECONDS = 60
LATEST_FIRST_SECONDS = 3
LATEST_BY_WEBHOOK_SECONDS, LATEST_BY_BUTTON_SECONDS, MOST_MESSAGES_OF_A_BURST = 5, 4, 3
MOST_MESSAGES_OF_AN_HOUR = 150
MEGABYTE = 1_000_000
MOST_BYTES_UNCHANGED, MOST_BYTES_TWO, MOST_BYTES_OF_ONE = 500_000, 1_000_000, 100_000
SLOWEST_START = 1.2
SLOWEST_WARM_MS = 150
MOST_GROWTH = 1.1
MOST_GROWTH_OF_ONE = 1.2


class Bar(NamedTuple):
    what: str
    bar: str
    measured: str
    reached: bool


def bars(results: Results) -> Iterator[Bar]:
    """Those of the parts that were measured."""
    if results.full:
        yield from _full(results.full)
    if results.first:
        yield _first(results.first)
    if results.changes:
        yield from _changes(results.changes)
    if results.edits:
        yield from _edits(results.edits)
    if results.hour:
        yield _hour(results.hour)
    if results.growth:
        yield from _growth(results.growth)
        yield from _small([size.small for size in results.growth])
        yield from _of_one(
            [*(size.small for size in results.growth), *([results.vast] if results.vast else [])]
        )
    if results.cold:
        yield from _cold(results.cold)


def _full(runs: Sequence[Figures]) -> Iterator[Bar]:
    worst = max(runs, key=lambda run: run.requests / run.minimum)
    share = worst.requests / worst.minimum
    yield Bar(
        "Requests of a full sync ÷ minimum",
        "≤ 1.02",
        f"{share:.3f} ({worst.name})",
        share <= MOST_REQUESTS,
    )
    short = [run for run in runs if run.fits_into_a_window]
    if short:
        slowest = max(short, key=lambda run: run.ratio)
        yield Bar(
            "Time of a full sync in one window ÷ bound",
            f"≤ {LONGEST_IN_A_WINDOW}",
            f"{slowest.ratio:.2f} ({slowest.name})",
            slowest.ratio <= LONGEST_IN_A_WINDOW,
        )
    long = [run for run in runs if not run.fits_into_a_window]
    if long:
        slowest = max(long, key=lambda run: run.ratio)
        shared = max(long, key=lambda run: run.shared_ratio)
        yield Bar(
            "Time of a larger one ÷ bound",
            f"≤ {LONGEST_OF_MANY}",
            f"{slowest.ratio:.2f} ({slowest.name}); without visitors' share"
            f" {shared.shared_ratio:.2f} ({shared.name})",
            slowest.ratio <= LONGEST_OF_MANY,
        )
    dearest = max(runs, key=lambda run: run.kv_commands / run.synced)
    commands = dearest.kv_commands / dearest.synced
    yield Bar(
        "KV commands for each page",
        "≤ 4",
        f"{commands:.2f} ({dearest.name})",
        commands <= MOST_COMMANDS_A_PAGE,
    )
    yield Bar(
        "Messages",
        "one a slice",
        ", ".join(f"{run.messages} for {len(run.slices)}" for run in runs),
        all(run.messages == len(run.slices) for run in runs),
    )


def _first(measured: Sequence[First]) -> Bar:
    return Bar(
        "First page readable, first index",
        "≤ 3 s",
        ", ".join(
            f"{one.page:.1f} and {one.index:.1f} s ({one.pages:,} pages)" for one in measured
        ),
        all(max(one.page, one.index) <= LATEST_FIRST_SECONDS for one in measured),
    )


def _edits(edits: Edits) -> Iterator[Bar]:
    limits = (
        ("Webhook → site told", edits.webhook, LATEST_BY_WEBHOOK_SECONDS),
        ("Button → site told", edits.button, LATEST_BY_BUTTON_SECONDS),
    )
    for what, seconds, most in limits:
        late = percentile(seconds, 0.95)
        yield Bar(f"{what}, 95 of 100", f"≤ {most} s", f"{late:.1f} s", late <= most)
    yield Bar(
        f"Messages for {edits.events} events in {edits.burst_seconds:.0f} s",
        f"≤ {MOST_MESSAGES_OF_A_BURST}",
        str(edits.messages),
        edits.messages <= MOST_MESSAGES_OF_A_BURST,
    )


def _hour(hour: Hour) -> Bar:
    return Bar(
        f"Messages for {hour.seconds / 60:.0f} minutes of steady edits of {hour.pages} pages",
        f"≤ {MOST_MESSAGES_OF_AN_HOUR}",
        str(hour.messages),
        hour.messages <= MOST_MESSAGES_OF_AN_HOUR,
    )


def _changes(runs: Sequence[Figures]) -> Iterator[Bar]:
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


def _growth(sizes: Sequence[Size]) -> Iterator[Bar]:
    largest = sizes[-1].full
    longest = max(call.seconds for call in largest.slices)
    yield Bar(
        f"{largest.name}: longest slice, peak memory",
        f"≤ {LONGEST_SLICE_SECONDS} s, < {MOST_MEGABYTES} MB",
        f"{longest:.1f} s, {largest.peak_megabytes:.0f} MB",
        longest <= LONGEST_SLICE_SECONDS and largest.peak_megabytes < MOST_MEGABYTES,
    )
    smaller = next((size.full for size in reversed(sizes[:-1]) if between(size.full)), None)
    if smaller:
        growth = median_bytes(largest) / median_bytes(smaller)
        yield Bar(
            f"KV bytes of a slice in the middle of {largest.name} ÷ of {smaller.name}",
            "no growth",
            f"{growth:.2f}",
            growth <= MOST_GROWTH,
        )
    if between(largest):
        last = largest.slices[-1].kv_bytes / median_bytes(largest)
        yield Bar(
            f"{largest.name}: KV bytes of the last slice ÷ of one in the middle",
            "no growth",
            f"{last:.2f}",
            last <= MOST_GROWTH,
        )


def _small(smalls: Sequence[Small]) -> Iterator[Bar]:
    unchanged, two = smalls[-1].unchanged, smalls[-1].two
    yield Bar(
        f"{unchanged.name}: KV commands, traffic",
        "≤ 20, ≤ 0.5 MB",
        f"{unchanged.kv_commands}, {unchanged.kv_bytes / MEGABYTE:.2f} MB",
        unchanged.kv_commands <= MOST_COMMANDS_UNCHANGED
        and unchanged.kv_bytes <= MOST_BYTES_UNCHANGED,
    )
    yield Bar(
        f"{two.name}: bundles written, messages, traffic",
        "2, 1, ≤ 1 MB",
        f"{two.written}, {two.messages}, {two.kv_bytes / MEGABYTE:.2f} MB ({two.kv_commands} KV"
        " commands)",
        (two.written, two.messages) == (2, 1) and two.kv_bytes <= MOST_BYTES_TWO,
    )


def _of_one(smalls: Sequence[Small]) -> Iterator[Bar]:
    spare = [small.webhook.kv_bytes - 2 * small.bundle_bytes for small in smalls]
    commands = [small.webhook.kv_commands for small in smalls]
    traffic = [small.webhook.kv_bytes for small in smalls]
    pages = ", ".join(f"{small.pages:,}" for small in smalls)
    yield Bar(
        f"One page by webhook, of {pages}: traffic besides twice its bundle, KV commands",
        f"≤ {MOST_BYTES_OF_ONE // 1_000} KB, ≤ {MOST_COMMANDS_OF_ONE}",
        ", ".join(
            f"{bytes_ / 1_000:.0f} KB and {count}"
            for bytes_, count in zip(spare, commands, strict=True)
        ),
        max(spare) <= MOST_BYTES_OF_ONE and max(commands) <= MOST_COMMANDS_OF_ONE,
    )
    growth = max(max(traffic) / min(traffic), max(commands) / min(commands))
    yield Bar(
        "The same: most ÷ least of these sizes",
        "≤ 1.2",
        f"{growth:.2f}",
        growth <= MOST_GROWTH_OF_ONE,
    )


def between(run: Figures) -> list[Invocation]:
    """The slices that neither list nor end the run."""
    return run.slices[1:-1]


def median_bytes(run: Figures) -> float:
    each = sorted(call.kv_bytes for call in between(run))
    return each[len(each) // 2]


def _cold(cold: Cold) -> Iterator[Bar]:
    yield Bar(
        "Trigger's whole cold start ÷ that of a function that imports `qstash, upstash_redis`",
        f"≤ {SLOWEST_START}",
        f"{cold.init_ratio:.2f} (imports alone: {cold.import_ratio:.2f})",
        cold.init_ratio <= SLOWEST_START,
    )
    yield Bar(
        "Trigger, warm, p50 and p95",
        f"< {SLOWEST_WARM_MS} ms",
        f"{cold.warm_p50:.0f}, {cold.warm_p95:.0f} ms",
        cold.warm_p95 < SLOWEST_WARM_MS,
    )
