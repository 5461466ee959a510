"""Whether Notion's webhook was silent while a sync by the clock found edits."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from lib.store.runs import Run
from lib.sync.telling import changed_site
from lib.times import iso_utc

CLOCKS = ("cron", "schedule")
SLOWEST_EVENT_SECONDS = 300.0
"""Notion: "within 5 minutes, most within one" (https://developers.notion.com/reference/webhooks-events-delivery)."""


class Silence(msgspec.Struct, frozen=True):
    """The run that found changes without an event, and the warning about it."""

    run_id: str
    warning: str


def find_silence(runs: Sequence[Run], last_event: float, now: float) -> Silence | None:
    """Return what shows that a webhook is set up and sends no events; None where nothing does.

    `runs` are the newest, newest first; `last_event` is in epoch seconds (0: never). The test is
    the last sync by the clock that changed something: its edits were made after the whole sync
    before it, so an event of one of them would have come since. Forced runs don't count, for they
    change pages that were not edited.
    """
    whole = [run for run in runs if _looked_at_all(run)]
    for run, before in pairwise(whole):
        if run.asked_by not in CLOCKS or run.force or not changed_site(run):
            continue
        is_due = run.triggered_at + SLOWEST_EVENT_SECONDS < now
        is_silent = last_event < before.triggered_at
        return Silence(run.run_id, _warning(run, last_event)) if is_due and is_silent else None
    return None


def _looked_at_all(run: Run) -> bool:
    return run.status == "delivered" and not run.ask.is_focused and not run.source


def _warning(run: Run, last_event: float) -> str:
    silent = (
        f"has been silent since {iso_utc(last_event)}" if last_event else "has sent no event yet"
    )
    return (
        f"Notion's webhook {silent}, and the sync by {run.asked_by} at {iso_utc(run.triggered_at)}"
        " found changes by itself: look in Notion, under the integration's Webhooks, whether the"
        " subscription is active and has this deployment's address and page events"
    )
