"""How things stand, as JSON for people and the dashboard: runs in the words of QStash's own,
sources, the next cron."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from lib.config import SettingProblem
from lib.errors import Refused
from lib.model import JSON, Cause, Problem
from lib.qstash.client import Delivery
from lib.qstash.messages import RUN_ID
from lib.store.history import Entry, History, Note, Recent, SourceHistory, Stretch
from lib.store.runs import MOST_PROBLEMS, SILENCE, Run
from lib.sync.cron import Cron
from lib.sync.verdict import Rhythm, verdict_json
from lib.sync.webhook_silence import Silence, find_silence
from lib.times import iso_utc

UNDER_WAY = ("pending", "active")
UNKNOWN = "No such run is known; runs are kept for 30 days"
MOST_PARTS = 60
SHORTEST_WAIT_SECONDS = 1.0
"""Between two slices of a lane; QStash takes less than that to deliver."""
WAITS_SECONDS = 30.0
"""How long a run may wait for QStash's first call before we ask QStash what became of it."""


class WebhookSetup(msgspec.Struct, frozen=True):
    """The `address` that Notion's webhook is to be given, and whether its token is set here."""

    address: str
    is_set: bool

    def as_json(self, token: str, expires_at: float) -> JSON:
        """Return the address to give to Notion, how far the set-up is, and the token that Notion
        asks for next, with the moment until which it does (epoch seconds)."""
        state = "live" if self.is_set else "pending" if token else "unset"
        pending = {"token": token, "expiresAt": _iso_or_none(expires_at)}
        return {
            "address": self.address,
            "state": state,
            **(pending if state == "pending" else {}),
        }


class Status:
    """`delivery_of` asks QStash about a message, `next_cron` finds the next one; `now` gives epoch
    seconds. `requests_per_minute`: of Notion's, for all. `makes_links`: to previews."""

    def __init__(
        self,
        history: History,
        delivery_of: Callable[[str], Awaitable[Delivery | None]],
        *,
        sources: Mapping[str, str],
        webhook: WebhookSetup,
        next_cron: Callable[[float], Cron | None],
        requests_per_minute: int,
        now: Callable[[], float],
        makes_links: bool = False,
    ) -> None:
        self._history = history
        self._delivery_of = delivery_of
        self._sources = sources
        self._webhook = webhook
        self._next_cron = next_cron
        self._requests_per_minute = requests_per_minute
        self._now = now
        self._makes_links = makes_links

    async def everything_json(self) -> JSON:
        """The run under way, the newest runs, the sources. At most one question to QStash."""
        recent = await self._history.recent_runs()
        now = self._now()
        doubtful = next(
            (entry for entry in _shown_entries(recent) if is_doubtful(entry.run, now)), None
        )
        delivery = await self._delivery_of_run(doubtful.run) if doubtful else None

        def judge(entry: Entry) -> Entry:
            return judged_entry(entry, delivery if entry is doubtful else None, now)

        runs = [judge(entry) for entry in recent.runs]
        silence = self._silence(runs, recent.site.last_event)
        runs = [with_silence(entry, silence) for entry in runs]
        first = [judge(recent.current)] if recent.current else []
        active = next((entry for entry in first + runs if entry.run.status in UNDER_WAY), None)
        cron = self._next_cron(now)
        sources = {
            name: _known_source(recent.sources.get(name), reference)
            for name, reference in self._sources.items()
        }
        return {
            **setup_json([]),
            "site": {
                **verdict_json(
                    recent.site, [entry.run for entry in runs], sources, self._rhythm_of(cron), now
                ),
                "warnings": [silence.warning] if silence else [],
            },
            "active": run_json(active, now) if active else None,
            "runs": [run_json(entry, now) for entry in runs],
            "sources": [
                source_json(name, reference, recent.sources.get(name))
                for name, reference in self._sources.items()
            ],
            "cron": {"schedule": cron.schedule, "nextAt": _iso_or_none(cron.next_at)}
            if cron
            else None,
            "webhook": self._webhook.as_json(recent.webhook_token, now + recent.token_seconds),
            **({"previews": True} if self._makes_links else {}),
        }

    async def of_run(self, run_id: str) -> JSON:
        """One run. Raises `Refused`, 404."""
        entry = await self._history.entry_of(run_id) if RUN_ID.fullmatch(run_id) else None
        if entry is None:
            raise Refused(UNKNOWN, 404)
        now = self._now()
        delivery = await self._delivery_of_run(entry.run) if is_doubtful(entry.run, now) else None
        return run_json(judged_entry(entry, delivery, now), now)

    def _silence(self, runs: Sequence[Entry], last_event: float) -> Silence | None:
        if not self._webhook.is_set:
            return None
        return find_silence([entry.run for entry in runs], last_event, self._now())

    def _rhythm_of(self, cron: Cron | None) -> Rhythm:
        then = self._next_cron(cron.next_at) if cron else None
        period = then.next_at - cron.next_at if cron and then else None
        return Rhythm(period, self._requests_per_minute)

    async def _delivery_of_run(self, run: Run) -> Delivery | None:
        return await self._delivery_of(run.job_ids[0]) if run.job_ids else None


def is_doubtful(run: Run, now: float) -> bool:
    """Whether a run has been silent for longer than it should."""
    overdue = run.alive_until < now or (
        run.status == "pending" and run.triggered_at + WAITS_SECONDS < now
    )
    return run.status in UNDER_WAY and overdue


def judged_entry(entry: Entry, delivery: Delivery | None, now: float) -> Entry:
    """The run as it really stands: its record, corrected by its silence and by what QStash says of
    its message."""
    run = entry.run
    if not is_doubtful(run, now):
        return entry
    match delivery.fate if delivery else None:
        case "under way" if delivery:
            return _undelivered(entry, _on_its_way(delivery)) if delivery.answer else entry
        case "cancelled":
            reason = "The run's message was cancelled in QStash."
            return _ended_entry(entry, "cancelled", reason)
        case "given up" if delivery:
            reason = (
                "QStash gave the run's message up after every retry:"
                f" {delivery.answer or 'no answer came'}"
            )
            return _ended_entry(entry, "failed", reason)
    if run.alive_until >= now:
        return entry
    return _ended_entry(entry, "failed", SILENCE)


def with_silence(entry: Entry, silence: Silence | None) -> Entry:
    """Return a run with what to say of the webhook, where it is the one that shows its silence."""
    if silence is None or entry.run.run_id != silence.run_id:
        return entry
    return _warned(entry, silence.warning)


def _undelivered(entry: Entry, warning: str) -> Entry:
    notes = [*entry.notes, Note("undelivered", warning)]
    return msgspec.structs.replace(_warned(entry, warning), notes=notes)


def _warned(entry: Entry, warning: str) -> Entry:
    run = entry.run
    more = msgspec.structs.replace(run, warnings=[*run.warnings, warning], warned=run.warned + 1)
    return msgspec.structs.replace(entry, run=more)


def _ended_entry(entry: Entry, status: str, reason: str) -> Entry:
    run = msgspec.structs.replace(entry.run, status=status, error=reason)
    return msgspec.structs.replace(entry, run=run)


def setup_json(problems: Sequence[SettingProblem]) -> JSON:
    """Every setting that is wrong, each with its remedy; nothing else is known of a deployment that
    has one."""
    return {"setup": msgspec.to_builtins(problems)}


def run_json(entry: Entry, now: float) -> JSON:
    """A run; what failed as a whole stands first among its errors, and names no page but the one
    asked for."""
    run = entry.run
    whole = [Problem(slug=run.page or None, kind="run", reason=run.error)] if run.error else []
    return {
        "runId": run.run_id,
        "jobId": run.job_ids[0] if run.job_ids else None,
        "status": run.status,
        "force": run.force,
        "scope": _scope_of(run),
        "triggeredAt": _iso_or_none(run.triggered_at),
        "startedAt": _iso_or_none(run.started_at),
        "finishedAt": _iso_or_none(run.finished_at),
        "durationMs": _duration_ms(run),
        "listed": run.listed,
        "toSync": run.to_sync,
        "synced": run.synced,
        "unchanged": run.unchanged,
        "deleted": run.deleted,
        "failed": run.failed,
        "remaining": run.remaining,
        "slices": run.slices,
        "retries": run.retries,
        "notionRequests": run.notion_requests,
        "notionThrottled": run.notion_throttled,
        "kvCommands": run.kv_commands,
        "images": run.images,
        "errors": msgspec.to_builtins([*whole, *entry.problems][:MOST_PROBLEMS]),
        "warnings": run.told_warnings,
        "askedBy": run.asked_by or None,
        "timeline": _slice_timeline(entry.slices),
        "waiting": _waiting_json(run, now),
        "changed": entry.changed,
        "removed": entry.removed,
        **({"notes": msgspec.to_builtins(entry.notes)} if entry.notes else {}),
    }


def _slice_timeline(slices: Sequence[Stretch]) -> list[JSON]:
    """Return the slices in the order in which they ended, and between two of a lane what the later
    one waited for."""
    found: list[JSON] = []
    before: dict[str, Stretch] = {}
    for one in slices:
        last = before.get(one.lane)
        if last and (last.reason or one.began - last.ended >= SHORTEST_WAIT_SECONDS):
            found.append(_timeline_part("wait", one, last.ended, one.began, last))
        found.append(_timeline_part("slice", one, one.began, one.ended, one))
        before[one.lane] = one
    return found[-MOST_PARTS:]


def _timeline_part(kind: str, about: Stretch, began: float, ended: float, stop: Stretch) -> JSON:
    """Return a slice, or what it waited for; `stop` is the slice that this stopped."""
    return {
        "kind": kind,
        "slice": about.slice,
        "lane": about.lane,
        "startedAt": _iso_or_none(began),
        "endedAt": _iso_or_none(ended),
        "reason": stop.reason or None,
        **_cause_json(stop.cause),
    }


def _cause_json(cause: Cause | None) -> JSON:
    return {"cause": cause} if cause else {}


def _waiting_json(run: Run, now: float) -> JSON | None:
    """Return what a run waits for, and until when; None where it does not."""
    if run.status not in UNDER_WAY or run.waits_until is None or run.waits_until <= now:
        return None
    return {
        "reason": run.waits_for,
        "until": _iso_or_none(run.waits_until),
        **_cause_json(run.waits_cause),
    }


def _scope_of(run: Run) -> str:
    """Return what a run is about. "edits": the pages of one webhook window; "dates": the rows whose
    dates begin or end."""
    if run.page:
        return f"page:{run.page}"
    if run.window:
        return "edits"
    if run.scheduled:
        return "dates"
    return f"source:{run.source}" if run.source else "all"


def _known_source(history: SourceHistory | None, reference: str) -> SourceHistory | None:
    """Return what is known of a source as it is configured: what is known of another database
    counts for nothing."""
    return history if history and history.record.reference == reference else None


def source_json(name: str, reference: str, history: SourceHistory | None) -> dict[str, Any]:
    """A source as it is configured, with what is known of it."""
    known = _known_source(history, reference)
    return {
        "name": name,
        "databaseId": known.record.source.database_id if known else reference,
        "pages": known.total if known else 0,
        "lastSyncAt": (known.synced_at or None) if known else None,
        "lastListedAt": _iso_or_none(known.listing.listed_at or None) if known else None,
    }


def _shown_entries(recent: Recent) -> list[Entry]:
    return [recent.current, *recent.runs] if recent.current else recent.runs


def _on_its_way(delivery: Delivery) -> str:
    again = f"; it tries again at {_iso_or_none(delivery.next_at)}" if delivery.next_at else ""
    return f"QStash called the worker in vain: {delivery.answer}{again}"


def _duration_ms(run: Run) -> int | None:
    if run.finished_at is None or run.started_at is None:
        return None
    return round((run.finished_at - run.started_at) * 1000)


def _iso_or_none(seconds: float | None) -> str | None:
    return None if seconds is None else iso_utc(seconds)
