"""The passages of documents that are made of measured figures: each stands between `<!-- name -->`
and `<!-- /name -->`, in one document. Without its figures a passage is empty."""

import re
from collections.abc import Mapping
from pathlib import Path

from bench import comparison, costs, edits, markdown, storage
from bench.edits import Edits
from bench.results import Results

FUNCTION_GIGABYTES = 2
"""What a function is given on the Hobby plan: https://vercel.com/docs/functions/limitations."""
HOURLY = 24 * costs.DAYS
ROOT = Path(__file__).parent.parent
PLACES: Mapping[str, str] = {
    "promise": "README.md",
    "costs": "docs/costs.md",
    "freshness": "docs/costs.md",
    "storage": "docs/costs.md",
    "plans": "docs/costs.md",
    "figures": "docs/costs.md",
    "comparison": "docs/comparison.md",
    "faults": "docs/comparison.md",
}
"""In which document a passage stands."""
NOTIONS_DELAY = "Notion gathers edits for up to a minute before it tells anybody"


def write(results: Results, root: Path = ROOT) -> None:
    """Write every passage into its document."""
    for name, passage in passages(results).items():
        file = root / PLACES[name]
        file.write_text(placed(file.read_text("utf-8"), name, passage), "utf-8")


def passages(results: Results) -> dict[str, str]:
    """Return all of them by name. One whose figures were not measured is empty; of the promise the
    words about them are left out."""
    measured = costs.Measured.of(results)
    return {
        "promise": _promise(results.edits),
        "costs": costs.table(measured, results.hour) if measured else "",
        "freshness": edits.table(results.edits) if results.edits else "",
        "storage": storage.table(results.storage) if results.storage else "",
        "plans": _plans(measured, results) if measured and results.growth else "",
        "figures": _figures(results) if _has_figures(results) else "",
        "comparison": comparison.table(results.peers) if results.peers else "",
        "faults": _faults(results) if results.faults else "",
    }


def placed(text: str, name: str, passage: str) -> str:
    """Return the text with this passage between its marks. Raises `LookupError` where they are
    missing, or there twice."""
    marks = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
    replaced, count = marks.subn(lambda _: f"{passage}\n" if passage else "", text)
    if count != 1:
        raise LookupError(
            f"{count} places are marked <!-- {name} --> … <!-- /{name} -->; there must be one"
        )
    return replaced


def _promise(measured: Edits | None) -> str:
    """Return the README's first sentence, with how soon an edit is live."""
    if measured is None:
        return "**Your site stays up when Notion is down, and nothing is ever half published.**"
    half, most = (edits.percentile(measured.webhook, share) for share in (0.5, 0.95))
    pressed = edits.percentile(measured.button, 0.95)
    promise = (
        f"Your site stays up when Notion is down, edits are live in {most:.1f} s, and nothing is"
        " ever half published."
    )
    measure = (
        f"Measured from Notion's event until the site is told: 95 of 100 within {most:.1f} s, half"
        f" within {half:.1f} s; from a *Publish* button 95 of 100 within {pressed:.1f} s."
        f" {NOTIONS_DELAY} ([all figures](docs/costs.md#from-an-edit-to-the-site))."
    )
    return f"**{promise}**\n\n{markdown.paragraph(measure)}"


def _has_figures(results: Results) -> bool:
    return bool(results.full and results.changes and results.growth and results.cold)


def _figures(results: Results) -> str:
    """Return the few that say most, in words."""
    requests = max(run.requests / run.minimum for run in results.full)
    largest, unchanged = results.growth[-1].full, results.growth[-1].small.unchanged
    nothing, two, *_ = results.changes
    webhook = results.growth[-1].small.webhook
    assert results.cold
    share = largest.seconds / largest.bound - 1
    return markdown.paragraph(
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


def _plans(measured: costs.Measured, results: Results) -> str:
    """Return what the largest run, and an hourly cron, take of the free plans."""
    largest, unchanged = results.growth[-1].full, results.growth[-1].small.unchanged
    month = measured.month(300, 24)
    hours = (month.computing + month.waiting) / 3600
    return markdown.paragraph(
        f"On the free plans, then: a first sync of {largest.synced:,} pages takes"
        f" {largest.messages} of a day's 1,000 messages, {largest.kv_commands:,} of a month's"
        f" 500,000 KV commands, and {largest.seconds / 60:.0f} minutes. A cron that finds nothing"
        f" new there each hour takes {24 * unchanged.messages} messages a day, and in a month"
        f" {HOURLY * unchanged.kv_commands:,} commands and {HOURLY * unchanged.kv_bytes / 1e6:.0f}"
        " MB of traffic. Over 300 pages of which two change each day, an hourly cron takes"
        f" {month.computing / 3600:.2f} of 4 hours of computing and"
        f" {hours * FUNCTION_GIGABYTES:.1f} of 360 GB-hours."
    )


def _faults(results: Results) -> str:
    """Return what trouble did to ours and to the peers, and when and where that was measured."""
    table = comparison.table_of_faults(results.faults)
    return f"{table}\n\n<sub>{results.measured['faults']}</sub>"
