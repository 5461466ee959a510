"""Ours beside other ways from Notion to a site: what was measured of each, and what its code says of the rest."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.peers.measure import OURS, Attempt, Outcome

HEADS = (
    "",
    "Texts found",
    "… with two traps",
    "Requests after two edits",
    "300 pages",
    "Refused by Notion; broken off",
    "Deleted and renamed pages",
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
        "the wait stands in the queue, the next slice goes on",
        "unpublished; the old address redirects",
        "addresses that don't expire, or copies",
        "Vercel, Upstash Redis, QStash",
    ),
    "notion-client": Ways(
        "repeats twice; starts again", "yours to write", "addresses that live an hour", "Python, your code"
    ),
    "notion-sync-lib": Ways(
        "goes slowly; starts again", "yours to write", "addresses that live an hour", "Python, your code"
    ),
    "notion-to-json": Ways(
        "goes slowly; starts again", "a new export each time", "addresses that live an hour", "Python"
    ),
    "notion-to-md": Ways(
        "repeats twice; starts again", "yours to write", "addresses that live an hour", "Node, your code"
    ),
    "docu-notion": Ways(
        "waits as it is told; starts again", "old files are removed", "saved beside the text", "Node, Docusaurus"
    ),
}
"""By the name, as far as the first blank."""


def table(outcomes: Sequence[Outcome]) -> str:
    """The comparison as the README shows it."""
    lines = [HEADS, ("---",) * len(HEADS), *_rows(outcomes)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(outcomes: Sequence[Outcome]) -> Iterator[Sequence[str]]:
    for one in outcomes:
        ways = WAYS[one.name.partition(" ")[0]]
        trouble = f"{ways.trouble}; {_in_a_storm(one.storm)}" if one.storm and one.name != OURS else ways.trouble
        yield (
            f"**{one.name}**" if one.name == OURS else one.name,
            _found(one.sample),
            _found(one.traps),
            f"{one.after_edits.requests} of {one.sample.requests}",
            f"{one.many.seconds:.0f} s",
            trouble,
            *ways[1:],
        )


def _found(attempt: Attempt) -> str:
    """A share of the texts, rounded down: what is not complete shall not look so."""
    share = f"{int(100 * attempt.found)} %"
    if attempt.end == "done":
        return share
    return f"{share}, {attempt.end if attempt.end.startswith('not done') else 'then an error'}"


def _in_a_storm(attempt: Attempt) -> str:
    return f"of 700 pages at once {_found(attempt)} after {attempt.throttled:,} refused requests"
