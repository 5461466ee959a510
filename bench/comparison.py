"""Ours beside other ways from Notion to a site: what was measured of each, and what its code says
of the rest."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench import markdown
from bench.peers.faults import Trial, Trouble
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

HEADS_OF_FAULTS = (
    "",
    "Odd title",
    "Odd text",
    "A page fails",
    "Killed half-way",
    "Deleted row",
    "First text",
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
    "notionfs": Ways(
        "waits as told, starts again", "files go, keep their name", "live an hour", "Python, git"
    ),
    "docu-notion": Ways(
        "waits as told, starts again", "old files go", "are saved", "Node, Docusaurus"
    ),
    "@astro-notion/loader": Ways(
        "page empty until its next edit, starts again",
        "built anew",
        "images are saved",
        "Node, Astro",
    ),
}
"""By the name, as far as the first blank."""
LEFT = {True: "gone", False: "stays", None: "never there"}
"""What became of a deleted row."""


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
            _time_taken(one.many),
            ways.trouble + storm,
            *ways[1:],
        )


def table_of_faults(troubles: Sequence[Trouble]) -> str:
    """Return what trouble did to ours and to the peers, as docs/comparison.md shows it."""
    return markdown.table(HEADS_OF_FAULTS, map(_row_of_faults, troubles))


def _row_of_faults(one: Trouble) -> Sequence[str]:
    killed, first = one.killed, one.first_seconds
    again = f"{killed.requests} of {killed.fresh}{_ending(killed.end)}"
    return (
        f"**{one.name}**" if one.name == OURS else one.name,
        _found(one.odd_title),
        _found(one.odd_text),
        f"{_found(one.failing_page)}, {one.failing_page.seconds:.0f} s",
        f"{100 * killed.whole:.0f} % whole, then {again}",
        f"{LEFT[one.deleted.is_gone]}{_ending(one.deleted.end)}",
        "no end" if first is None else f"{first:.1f} s",
    )


def _time_taken(attempt: Attempt) -> str:
    """Return how long an attempt took. Where texts are missing it also says how many came out, for
    a peer that leaves pages out is done sooner."""
    taken = f"{attempt.seconds:.0f} s"
    return taken if attempt.found == 1 else f"{taken} ({_found(attempt)})"


def _found(attempt: Attempt | Trial) -> str:
    share = f"{100 * attempt.found:.4g} %"  # 99.5 is not complete, and shall not look so
    return f"{share}{_ending(attempt.end)}"


def _ending(end: str) -> str:
    """Return what is to be added where a run didn't end well."""
    if end == "done":
        return ""
    return ", no end" if end.startswith("not done") else ", error"
