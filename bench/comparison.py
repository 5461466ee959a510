"""Ours beside other ways from Notion to a site: what was measured of each, and what its code says
of the rest."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench import markdown
from bench.peers.measure import OURS, Attempt, Outcome

HEADS = (
    "",
    "Texts",
    "With traps",
    "Two edits",
    "300 pages",
    "Refused, broken off",
    "Gone, renamed",
    "Files",
    "Needs",
)


class Ways(NamedTuple):
    """What no figure says, read in the peer's code and documents."""

    trouble: str
    leaving: str
    files: str
    needs: str


WAYS = {
    OURS: Ways(
        "waits in the queue, goes on",
        "unpublished, redirected",
        "don't expire",
        "Vercel, Redis, QStash",
    ),
    "notion-client": Ways(
        "repeats twice, starts again", "yours to write", "live an hour", "Python, your code"
    ),
    "notion-sync-lib": Ways(
        "goes slowly, starts again", "yours to write", "live an hour", "Python, your code"
    ),
    "notion-to-json": Ways("goes slowly, starts again", "exported anew", "live an hour", "Python"),
    "notion-to-md": Ways(
        "repeats twice, starts again", "yours to write", "live an hour", "Node, your code"
    ),
    "docu-notion": Ways(
        "waits as told, starts again", "old files go", "are saved", "Node, Docusaurus"
    ),
}
"""By the name, as far as the first blank."""


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the comparison as docs/comparison.md shows it."""
    return markdown.table(HEADS, _rows(outcomes))


def _rows(outcomes: Sequence[Outcome]) -> Iterator[Sequence[str]]:
    for one in outcomes:
        ours = one.name == OURS
        ways = WAYS[one.name.partition(" ")[0]]
        storm = f" (of 700 at once {_found(one.storm)})" if one.storm and not ours else ""
        yield (
            f"**{one.name}**" if ours else one.name,
            _found(one.sample),
            _found(one.traps),
            f"{one.after_edits.requests} of {one.sample.requests}",
            f"{one.many.seconds:.0f} s",
            ways.trouble + storm,
            *ways[1:],
        )


def _found(attempt: Attempt) -> str:
    share = f"{100 * attempt.found:.4g} %"  # 99.5 is not complete, and shall not look so
    if attempt.end == "done":
        return share
    return f"{share}, no end" if attempt.end.startswith("not done") else f"{share}, error"
