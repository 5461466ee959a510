"""The README's passages that are made of measured figures: each stands between `<!-- name -->` and
`<!-- /name -->`."""

import re
import textwrap
from pathlib import Path

from bench import comparison, costs
from bench.results import Results

FUNCTION_GIGABYTES = 2
"""What a function is given on the Hobby plan: https://vercel.com/docs/functions/limitations."""
HOURLY = 24 * costs.DAYS
README = Path(__file__).parent.parent / "README.md"


def write(results: Results, file: Path = README) -> None:
    """Writes every passage of which all figures are there."""
    text = file.read_text("utf-8")
    for name, passage in passages(results).items():
        text = placed(text, name, passage)
    file.write_text(text, "utf-8")


def passages(results: Results) -> dict[str, str]:
    """By name; without those whose figures were not measured."""
    found: dict[str, str] = {}
    if measured := costs.Measured.of(results):
        found["costs"] = costs.table(measured)
    if results.peers:
        found["comparison"] = comparison.table(results.peers)
    if results.full and results.changes and results.growth and results.cold:
        found["figures"] = _figures(results)
    if measured and results.growth:
        found["plans"] = _plans(measured, results)
    return found


def placed(text: str, name: str, passage: str) -> str:
    """The text with this passage between its marks. Raises `LookupError` where they are missing."""
    marks = re.compile(rf"(?<=<!-- {name} -->\n).*(?=\n<!-- /{name} -->)", re.DOTALL)
    replaced, count = marks.subn(lambda _: passage, text)
    if count != 1:
        raise LookupError(
            f"{count} places are marked <!-- {name} --> … <!-- /{name} -->; there must be one"
        )
    return replaced


def _figures(results: Results) -> str:
    """The few that say most, in words."""
    requests = max(run.requests / run.minimum for run in results.full)
    largest, unchanged = results.growth[-1].full, results.growth[-1].small.unchanged
    nothing, two, *_ = results.changes
    webhook = results.growth[-1].small.webhook
    assert results.cold
    share = largest.seconds / largest.bound - 1
    said = (
        f"A full sync makes at most {requests:.2f} × the fewest possible requests."
        f" {largest.synced:,} pages take {len(largest.slices)} slices and {largest.messages}"
        f" messages, at most {largest.peak_megabytes:.0f} MB each, and {100 * share:.0f} % more"
        " time than Notion's limit asks for, since visitors keep a ninth of it. A run in which"
        f" nothing changed reads listings and watches only: {nothing.requests} requests and"
        f" {nothing.kv_commands} KV commands for the sample workspace, {unchanged.requests} and"
        f" {unchanged.kv_commands} for those {largest.synced:,} pages, and one message each. Where"
        f" two pages changed it is {two.requests} requests, and {two.written} bundles are written."
        f" One page of which the webhook tells takes {webhook.kv_commands} KV commands and"
        f" {webhook.kv_bytes / 1_000:.0f} KB of traffic, however many there are. A warm trigger"
        f" answers in {results.cold.warm_p95:.0f} ms (95 of 100, KV and QStash on this machine)."
    )
    return textwrap.fill(said, 120, break_on_hyphens=False)


def _plans(measured: costs.Measured, results: Results) -> str:
    """What the largest run, and an hourly cron, take of the free plans."""
    largest, unchanged = results.growth[-1].full, results.growth[-1].small.unchanged
    month = measured.month(300, 24)
    hours = (month.computing + month.waiting) / 3600
    said = (
        f"On the free plans, then: a first sync of {largest.synced:,} pages takes"
        f" {largest.messages} of a day's 1,000 messages, {largest.kv_commands:,} of a month's"
        f" 500,000 KV commands, and {largest.seconds / 60:.0f} minutes. A cron that finds nothing"
        f" new there each hour takes {24 * unchanged.messages} messages a day, and in a month"
        f" {HOURLY * unchanged.kv_commands:,} commands and {HOURLY * unchanged.kv_bytes / 1e6:.0f}"
        " MB of traffic. Over 300 pages of which two change each day, an hourly cron takes"
        f" {month.computing / 3600:.2f} of 4 hours of computing and"
        f" {hours * FUNCTION_GIGABYTES:.1f} of 360 GB-hours."
    )
    return textwrap.fill(said, 120, break_on_hyphens=False)
