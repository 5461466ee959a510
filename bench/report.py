"""`RESULTS.md` and its pictures, from the results."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench import edits, markdown, picture, storage
from bench.bars import bars, between, median_bytes
from bench.bound import AT_ONCE
from bench.cold import Cold
from bench.edits import Hour
from bench.figures import Figures
from bench.first import First
from bench.growth import Size, Small
from bench.peers.measure import OURS, Attempt, Outcome
from bench.results import Results
from bench.trace import Trace

FOLDER = Path(__file__).parent
INTRODUCTION = """# Numbers

`make bench` measures them on one machine, in an hour and a half or so, and writes this file, its pictures and
[`results.json`](results.json); `python -m bench full` (or `trace`, `first`, `changes`, `edits`, `hour`, `storage`,
`growth`, `vast`, `cold`, `peers`, `faults`) measures a part again; the last one stands in
[docs/comparison.md](../docs/comparison.md).
Everything runs against the local stack: Notion's stand-in answers after 250 ± 50 ms (where a table doesn't say
otherwise) and lets 180 requests through in a window of 60 s; KV is a redis-server behind Upstash's REST interface, with
no latency. Read ratios and counts; times are this machine's.

A run mostly waits for the next window. While nothing is in flight, the benches move the clocks of Notion, the queue and
the functions on together instead of waiting, and add what they skipped. Everything else takes its real time. The peers
wait for real.
"""


def write(results: Results, folder: Path = FOLDER) -> None:
    """Writes the report of the parts that were measured."""
    parts = [INTRODUCTION, _table("Bars", ("What", "Bar", "Measured", ""), _bars(results))]
    if results.full:
        parts.append(_full(results.full, results.measured["full"]))
    if results.trace:
        parts.append(_trace(results.trace, results.measured["trace"]))
    if results.first:
        parts.append(_first(results.first, results.measured["first"]))
    if results.changes:
        parts.append(_changes(results.changes, results.measured["changes"]))
    if results.edits:
        parts.append(
            _titled(
                "From an edit to the site", edits.table(results.edits), results.measured["edits"]
            )
        )
    if results.hour:
        parts.append(_hour(results.hour, results.measured["hour"]))
    if results.storage:
        parts.append(
            _titled("Storage", storage.table(results.storage), results.measured["storage"])
        )
    if results.growth:
        parts.append(_growth(results.growth, results.vast, results.measured["growth"], folder))
    if results.cold:
        parts.append(_cold(results.cold, results.measured["cold"]))
    if results.peers:
        parts.append(_peers(results.peers, results.measured["peers"], folder))
    (folder / "RESULTS.md").write_text("\n".join(parts), "utf-8")


def _bars(results: Results) -> Iterator[Sequence[str]]:
    for bar in bars(results):
        yield bar.what, bar.bar, bar.measured, "reached" if bar.reached else "**not reached**"


def _full(runs: Iterable[Figures], measured: str) -> str:
    heads = (
        *("Workspace", "Pages", "Requests ÷ minimum", "429s", "Time ÷ bound", "Slices", "Messages"),
        *("KV commands, KB a page", "Billed: computing + waiting", "Memory"),
    )
    table = _table("Full sync", heads, map(_full_row, runs))
    return f"""{table}
The bound is `⌊(requests − 1) ÷ 180⌋ × 60 s` and the requests after the last wait, sixteen at a time, or the longest
chain of requests that need each other's answers, where that is longer. Of a window's 180 requests a sync leaves
visitors 20: the time in brackets is the bound with the 160 that it has. Functions have loaded their packages before;
what that takes is below. Billed is the time that functions ran; Vercel bills what they compute as active CPU, and
memory for all of it. Memory is the process's peak.

{_measured(measured)}"""


def _full_row(run: Figures) -> Sequence[str]:
    waiting = run.billed_seconds - run.cpu_seconds
    return (
        run.name,
        f"{run.synced:,}",
        f"{run.requests:,} ÷ {run.minimum:,} = {run.requests / run.minimum:.3f}",
        str(run.throttled),
        f"{run.seconds:,.1f} ÷ {run.bound:,.1f} s = {run.ratio:.2f}{_with_share(run)}",
        str(len(run.slices)),
        str(run.messages),
        f"{run.kv_commands / run.synced:.2f}, {run.kv_bytes / run.synced / 1000:.1f}",
        f"{run.cpu_seconds:.1f} + {waiting:.1f} s",
        f"{run.peak_megabytes:.0f} MB",
    )


def _with_share(run: Figures) -> str:
    return f" ({run.shared:,.1f} s: {run.shared_ratio:.2f})" if run.shared > run.bound else ""


def _trace(trace: Trace, measured: str) -> str:
    """Where the time of the sample workspace goes."""
    full = sum(seconds for count, seconds in trace.under_way.items() if count >= AT_ONCE)
    rows = (
        (
            f"{trace.listed_at:.2f} s",
            "finding and listing the sources: a request for each, nothing else is known yet",
        ),
        (f"{full:.2f} s", f"{AT_ONCE} requests under way"),
        (f"{trace.asking_seconds - trace.listed_at - full:.2f} s", "fewer, while pages are read"),
        (
            f"{trace.seconds - trace.asking_seconds:.2f} s",
            "before the first request and after the last answer",
        ),
    )
    together = len(trace.requests) * trace.latency / AT_ONCE
    return f"""{_table("Where the time of the sample workspace goes", ("Time", "What"), rows)}
{len(trace.requests)} requests of {trace.latency * 1000:.0f} ms on average took {trace.asking_seconds:.2f} s; \
{AT_ONCE} at a time from the beginning they would
take {together:.2f} s. The longest chain of requests that need each other's answers has {trace.chain}: it is not what \
the time hangs on.
`python -m bench trace` prints each request.

{_measured(measured)}"""


def _changes(runs: Iterable[Figures], measured: str) -> str:
    heads = (
        "The sample workspace, synced before",
        "Requests",
        "Read",
        "Written",
        "KV commands",
        "Messages",
        "Billed",
    )
    rows = (
        (
            *(run.name, str(run.requests), str(run.synced), str(run.written), str(run.kv_commands)),
            *(str(run.messages), f"{run.billed_seconds:.1f} s"),
        )
        for run in runs
    )
    return f"{_table('When little changed', heads, rows)}\n{_measured(measured)}"


def _hour(hour: Hour, when: str) -> str:
    said = (
        f"{hour.pages} pages, an event of each every {hour.every_seconds:.0f} s for"
        f" {hour.seconds / 60:.0f} minutes: {hour.events} events, {hour.messages} messages,"
        f" {hour.requests:,} requests and {hour.kv_commands:,} KV commands."
    )
    return _titled("Steady edits", said, when)


def _first(measured: Iterable[First], when: str) -> str:
    heads = ("Light pages", "First page readable", "First index")
    rows = ((f"{one.pages:,}", f"{one.page:.1f} s", f"{one.index:.1f} s") for one in measured)
    return f"""{_table("The first of a first sync", heads, rows)}
Seconds after the trigger's call.

{_measured(when)}"""


def _growth(sizes: Sequence[Size], vast: Small | None, measured: str, folder: Path) -> str:
    smalls = [*(size.small for size in sizes), *([vast] if vast else [])]
    heads = (
        "Light pages",
        "Requests",
        "Slices",
        "Time",
        "KV commands",
        "KV bytes",
        "First slice",
        "In between",
        "Last",
    )
    table = _table("Growth", (*heads, "Memory"), map(_growth_row, sizes))
    largest = sizes[-1].full
    (folder / "growth.svg").write_text(
        picture.lines(
            f"The {len(largest.slices)} slices of {largest.name}, one after the other",
            [
                picture.Line(
                    "Traffic with KV", "MB", [call.kv_bytes / 1_000_000 for call in largest.slices]
                ),
                picture.Line("Computing", "s", [call.cpu_seconds for call in largest.slices]),
                picture.Line("Peak memory", "MB", [call.peak_megabytes for call in largest.slices]),
            ],
        ),
        "utf-8",
    )
    small = markdown.table(
        ("Afterwards", "Requests", "KV commands", "KV bytes", "Computing", "Memory"),
        (_small_row(run) for small in smalls for run in _runs_of(small)),
    )
    return f"""{table}
Notion answers at once here, so that a slice's time is our own. First, in between, last: KV traffic of the slice that
lists, of a slice that only reads and publishes pages (median), of the one that ends the run. What grows with the
workspace is the listing: each row is remembered as it was seen.

{small}

The page of which the webhook tells has {sizes[0].small.bundle_bytes / 1_000:.1f} KB, bundle and text. That rows are
gone from a source of 1,000 or more shows in its full listing of once a day, which the last run of each size makes.

![What each slice of the largest run takes](growth.svg)

{_measured(measured)}"""


def _growth_row(size: Size) -> Sequence[str]:
    run = size.full
    middle = f"{median_bytes(run) / 1_000_000:.1f} MB" if between(run) else "–"
    return (
        *(
            f"{run.synced:,}",
            f"{run.requests:,}",
            str(len(run.slices)),
            _duration(run.seconds),
            f"{run.kv_commands:,}",
        ),
        *(
            f"{run.kv_bytes / 1_000_000:,.1f} MB",
            f"{run.slices[0].kv_bytes / 1_000_000:,.1f} MB",
            middle,
        ),
        *(f"{run.slices[-1].kv_bytes / 1_000_000:,.1f} MB", f"{run.peak_megabytes:.0f} MB"),
    )


def _runs_of(small: Small) -> list[Figures]:
    return [small.unchanged, small.two, small.webhook, small.deleted]


def _small_row(run: Figures) -> Sequence[str]:
    counts = (run.name, str(run.requests), str(run.kv_commands))
    return (
        *counts,
        f"{run.kv_bytes / 1_000:,.0f} KB",
        f"{run.cpu_seconds:.2f} s",
        f"{run.peak_megabytes:.0f} MB",
    )


def _cold(cold: Cold, measured: str) -> str:
    heads = ("On Vercel's shim, with bytecode", "initDuration", "of it the function's own imports")
    named = [*cold.starts, cold.unavoidable, cold.bare]
    names = [
        *(start.name for start in cold.starts),
        "`import qstash, upstash_redis` alone",
        "no imports at all",
    ]
    rows = (
        (name, f"{start.init:.0f} ms", f"{start.user:.0f} ms")
        for name, start in zip(names, named, strict=True)
    )
    beside = ", ".join(f"`{package}` ({ms:.1f} ms)" for package, ms in cold.beside.items())
    return f"""{_table("Cold start", heads, rows)}
Medians of a build by `vercel build` (Python {cold.python}), every function started in turn. A warm trigger answers in
{cold.warm_p50:.1f} ms (p50) and {cold.warm_p95:.1f} ms (p95), KV and QStash on loopback included.

What the trigger's import takes beside those two: {beside}. `lib` is our own code, and msgspec reads and writes the JSON
of messages, records and answers: neither can be spared.

{_measured(measured)}"""


def _peers(outcomes: Sequence[Outcome], measured: str, folder: Path) -> str:
    heads = (
        "",
        "Sample",
        "Again after two edits",
        "100 pages + 200 posts",
        "Sample with its traps",
        "100 pages + 600 posts",
        "Note",
    )
    rows = (
        (
            f"**{one.name}**" if one.name == OURS else one.name,
            *(
                _attempt(attempt)
                for attempt in (one.sample, one.after_edits, one.many, one.traps, one.storm)
            ),
            one.note,
        )
        for one in outcomes
    )
    (folder / "peers.svg").write_text(
        picture.bars(
            "Time for 100 pages + 200 posts, and the texts that came out of it",
            [
                picture.Bar(
                    one.name,
                    one.many.seconds,
                    f"{one.many.seconds:.0f} s, {one.many.found:.0%}",
                    one.name == OURS,
                )
                for one in outcomes
            ],
        ),
        "utf-8",
    )
    return f"""{_table("Peers", heads, rows)}
Each cell: seconds, requests (429s among them), texts found ÷ texts there. Texts are the distinct ones in the blocks of
all published pages, child pages and synced copies included. The traps, which the first columns leave out, are a synced
copy that stands inside its own original, and one of a page that is not shared. The last column shows what 429s do to
who asks for everything at once, where two repetitions of a request, or none, are not enough; the others are slower
than the limit. docu-notion, notion-to-json, notionfs and @astro-notion/loader speak an older version of Notion's API,
which a small proxy translates; all peers reach the stand-in by an option for another address, docu-notion,
notion-to-json and notionfs by a patch of their clients'.

Where others are better: asking for all pages at once is as fast as ours, or a little faster, as long as two repetitions
of a refused request are enough; docu-notion and @astro-notion/loader save images in the same run; notion-to-json takes
a whole workspace without being told its databases; after two edits @astro-notion/loader asks for least, and reads the
edited rows only, but no edit inside a child page or a synced original; and none of them needs a queue, a database or a
deployment.

![Time of each](peers.svg)

{_measured(measured)}"""


def _attempt(attempt: Attempt | None) -> str:
    if attempt is None:
        return "–"
    throttled = f" ({attempt.throttled})" if attempt.throttled else ""
    end = "" if attempt.end == "done" else f"; **{attempt.end.replace('|', '/')}**"
    return f"{attempt.seconds:.0f} s, {attempt.requests}{throttled}, {attempt.found:.0%}{end}"


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"## {title}\n\n{markdown.table(heads, rows)}\n"


def _titled(title: str, text: str, when: str) -> str:
    return f"## {title}\n\n{text}\n\n{_measured(when)}"


def _measured(measured: str) -> str:
    return f"<sub>{measured}</sub>\n"


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return (
        f"{hours} h {minutes:02} min"
        if hours
        else f"{minutes} min {seconds:02} s"
        if minutes
        else f"{seconds} s"
    )
