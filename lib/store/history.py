"""Runs and sources as people want to see them: the newest runs with what went wrong in them, read
in one command."""

from collections.abc import Sequence

import msgspec

from lib.model import Cause, ListingRecord, Problem, SourceRecord, known_cause
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.records import listing_record, source_record
from lib.store.runs import Run, problems_of, run_of
from lib.store.salvage import read_count

MOST_RUNS = 50
MOST_SLUGS = 50
MOST_SUGGESTED = 100
"""Addresses of pages that are shown: all of a small site's, any of a larger one's."""


class Stretch(msgspec.Struct, frozen=True):
    """A slice of a run, from when to when (epoch seconds), and what stopped it."""

    slice: int
    lane: str
    began: float
    ended: float
    reason: str
    cause: Cause | None = None


class Note(msgspec.Struct, frozen=True):
    """What is said of a run, and by which cause a reader tells it from other warnings."""

    cause: Cause
    reason: str


class Entry(msgspec.Struct, frozen=True):
    """A run, the first 50 of its problems, its last 60 slices, and the slugs of pages that it
    changed and removed; of many, some. `notes`: those of its warnings that have a cause."""

    run: Run
    problems: list[Problem]
    slices: list[Stretch] = []
    changed: list[str] = []
    removed: list[str] = []
    notes: list[Note] = []


class SourceHistory(msgspec.Struct, frozen=True):
    """A source: which database it led to, when it was listed and synced (ISO; "" for never), and
    how many rows are published of it."""

    record: SourceRecord
    listing: ListingRecord
    synced_at: str
    total: int


class Overdue(msgspec.Struct, frozen=True):
    """Something that could not be read since then (epoch seconds). `is_published`: a version of it
    stays on the site meanwhile."""

    problem: Problem
    since: float
    is_published: bool


class SiteFacts(msgspec.Struct, frozen=True):
    """What is true of the site, whatever runs there were: how many pages are published, child pages
    among them, what is overdue (50 at most), the requests of Notion's minute and when it began, and
    when the webhook told of something last (epoch seconds; 0: never). `slugs`: of some pages."""

    pages: int = 0
    child_pages: int = 0
    overdue: list[Overdue] = []
    minute_began: float = 0.0
    minute_used: int = 0
    last_event: float = 0.0
    slugs: list[str] = []


class Recent(msgspec.Struct, frozen=True):
    """`runs` newest first, at most 50. `current` is the full run under way as far as KV knows:
    nobody may have noticed yet that it died. `webhook_token` is what Notion's webhook sent to be
    confirmed, "" where there is none, and is kept for `token_seconds` yet."""

    runs: list[Entry]
    current: Entry | None
    sources: dict[str, SourceHistory]
    webhook_token: str
    site: SiteFacts = SiteFacts()
    token_seconds: float = 0.0


class History:
    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv = kv
        self._keys = keys

    async def recent_runs(self) -> Recent:
        """All that a dashboard shows, in one command."""
        keys = self._keys
        names = [keys.active, keys.runs, keys.sources, keys.webhook_token, keys.listings]
        names += [keys.synced, keys.paths, keys.children, keys.overdue, keys.due, keys.budget]
        current_id, (token, token_ms), sources, site, *found = await self._kv.script(
            "history",
            [*names, keys.last_event],
            [keys.run(""), MOST_RUNS, f"{keys.prefix}sync:order:", MOST_SUGGESTED],
        )
        entries = [_run_entry(*parts) for parts in found]
        return Recent(
            runs=entries[:MOST_RUNS],
            current=next((entry for entry in entries if entry.run.run_id == current_id), None),
            sources={
                name: SourceHistory(
                    record, listing_record(listing) or ListingRecord(), synced, int(total)
                )
                for name, text, listing, synced, total in sources
                if (record := source_record(text))
            },
            webhook_token=token,
            site=_site_facts(*site),
            token_seconds=max(0, token_ms) / 1000,
        )

    async def entry_of(self, run_id: str) -> Entry | None:
        """One run, in one command; None where there is none (any more)."""
        parts = await self._kv.script("run_history", [self._keys.run(run_id)], [])
        return _run_entry(*parts) if parts else None


def _site_facts(
    pages: int,
    child_pages: int,
    overdue: Sequence[tuple[str, str, int]],
    start: str,
    used: str,
    event: str,
    slugs: list[str],
) -> SiteFacts:
    return SiteFacts(
        pages,
        child_pages,
        [one for _, text, published in overdue if (one := _overdue_of(text, bool(published)))],
        _seconds_of(start),
        read_count(used) or 0,
        _seconds_of(event),
        slugs,
    )


def _overdue_of(text: str, is_published: bool) -> Overdue | None:
    since, _, problem = text.partition(" ")
    found = problems_of([problem])
    return Overdue(found[0], _seconds_of(since), is_published) if found else None


def _run_entry(
    fields: Sequence[str],
    problems: Sequence[str],
    changed: Sequence[str],
    removed: Sequence[str],
    timeline: Sequence[str],
) -> Entry:
    return Entry(
        run_of(dict(_pairs_of(fields))),
        problems_of(problems),
        [one for text in timeline if (one := _stretch_of(text))],
        _changed_slugs(changed),
        _changed_slugs(removed),
    )


def _changed_slugs(names: Sequence[str]) -> list[str]:
    pages = sorted(name.removeprefix("page:") for name in names if name.startswith("page:"))
    return pages[:MOST_SLUGS]


def _stretch_of(text: str) -> Stretch | None:
    number, lane, began, ended, reason = (text.split("|", 4) + [""] * 4)[:5]
    if read_count(began) is None or read_count(ended) is None:
        return None
    before, _, last = reason.rpartition("|")
    cause = known_cause(last)
    return Stretch(
        *(read_count(number) or 0, lane, _seconds_of(began), _seconds_of(ended)),
        *(before if cause else reason, cause),
    )


def _seconds_of(ms: str) -> float:
    """Return a time in epoch seconds; 0 for what is none."""
    return (read_count(ms) or 0) / 1000


def _pairs_of(flat: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
