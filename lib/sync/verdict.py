"""Whether the site is up to date: what is true of it as a whole, whatever the newest run was
about."""

from collections.abc import Mapping, Sequence
from math import ceil

import msgspec

from lib.model import JSON
from lib.store.history import Overdue, SiteFacts, SourceHistory
from lib.store.runs import Run
from lib.sync.telling import changed_site
from lib.times import iso

DAY = 86_400.0
DAYS = 7
"""The days over which the delays are measured."""
LONGEST_PERIOD = 2 * DAY
"""A site without a full run for this long counts as stale, where no cron asks for one."""
MINUTE = 60.0


class Rhythm(msgspec.Struct, frozen=True):
    """`period_seconds` between two of the cron's syncs (None: there is no cron), and `limit`, the
    requests of Notion's minute."""

    period_seconds: float | None
    limit: int


def verdict_json(
    facts: SiteFacts,
    runs: Sequence[Run],
    sources: Mapping[str, SourceHistory | None],
    rhythm: Rhythm,
    now: float,
) -> JSON:
    """The member `site` of the status. `runs`: the newest, newest first, as they really stand;
    `sources`: those that are configured."""
    full_at = _last_full_run(sources)
    overdue = [
        one for one in facts.overdue if one.problem.kind != "source" or one.problem.title in sources
    ]
    return {
        "state": _state_of(facts, overdue, runs, full_at, rhythm, now),
        "pages": facts.pages,
        "rows": facts.pages - facts.child_pages,
        "childPages": facts.child_pages,
        "overdue": [_overdue_json(one) for one in overdue],
        "lastFullRunAt": full_at or None,
        "lastEventAt": iso(facts.last_event) if facts.last_event else None,
        "budget": _budget_json(facts, rhythm.limit, now),
        "freshness": _freshness_json(runs, now),
        "slugs": sorted(facts.slugs),
    }


def _state_of(
    facts: SiteFacts,
    overdue: Sequence[Overdue],
    runs: Sequence[Run],
    full_at: str,
    rhythm: Rhythm,
    now: float,
) -> str:
    last = next((run for run in runs if _is_judged(run)), None)
    if last and last.status == "failed":
        return "blocked"
    if not full_at and not facts.pages:
        return "empty"
    if overdue:
        return "behind"
    period = rhythm.period_seconds
    most = LONGEST_PERIOD if period is None else 2 * period
    if not full_at or iso(now - most) > full_at:
        return "stale"
    return "current"


def _is_judged(run: Run) -> bool:
    """Return whether a run's end says something about the whole site."""
    return not run.ask.is_focused and run.status in ("delivered", "failed")


def _last_full_run(sources: Mapping[str, SourceHistory | None]) -> str:
    """Return since when every source has been synced (ISO); "" where one never was."""
    return min((source.synced_at if source else "" for source in sources.values()), default="")


def _overdue_json(one: Overdue) -> JSON:
    return {
        **msgspec.to_builtins(one.problem),
        "since": iso(one.since),
        "published": one.is_published,
    }


def _budget_json(facts: SiteFacts, limit: int, now: float) -> JSON:
    resets_at = facts.minute_began + MINUTE
    if resets_at <= now:
        return {"used": 0, "limit": limit, "resetsAt": None}
    return {"used": facts.minute_used, "limit": limit, "resetsAt": iso(resets_at)}


def _freshness_json(runs: Sequence[Run], now: float) -> JSON:
    """Return the delays of the runs that changed something: from the request for a sync until the
    site was notified, or until the run's end where it was not."""
    took = sorted(
        (run.site_told_at or run.finished_at) - run.triggered_at
        for run in runs
        if run.finished_at is not None
        and run.status == "delivered"
        and run.triggered_at > now - DAYS * DAY
        and changed_site(run)
    )
    return {
        "p50Seconds": _nearest_percentile(took, 0.5),
        "p95Seconds": _nearest_percentile(took, 0.95),
        "runs": len(took),
        "days": DAYS,
    }


def _nearest_percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the nearest-rank percentile, to a tenth of a second."""
    return round(ordered[ceil(share * len(ordered)) - 1], 1) if ordered else None
