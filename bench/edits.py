"""How soon the site is told of an edit: from Notion's webhook, and from the button that publishes
one page; the queue takes a while, and so does Notion."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil

import msgspec

from bench import markdown
from bench.changes import ROW
from bench.growth import workspace_of
from bench.rig import LATENCY_MS, Rig
from dev.listener import Listener

TIMES = 20
QUEUE_SECONDS = 0.2
"""How long the queue takes from a message to its delivery."""
EVENTS, PAUSE_SECONDS = 50, 0.2
"""A burst: so many events of one page, one after the other."""
GIVES_UP_SECONDS = 60.0
HOUR_SECONDS, EVERY_SECONDS, PAGES, LIGHT_PAGES = 3_600.0, 24.0, 5, 30
"""An hour of steady edits: so many pages of `LIGHT_PAGES`, and an event of each so often."""
SITE = "/revalidate"


class Edits(msgspec.Struct, frozen=True):
    """Seconds from the webhook's event, and from the button, until the site was told; and how many
    messages a burst of `events` in `burst_seconds` cost."""

    webhook: list[float]
    button: list[float]
    events: int
    burst_seconds: float
    messages: int


class Hour(msgspec.Struct, frozen=True):
    """What steady edits of `pages` pages cost in `seconds`, with an event of each page every
    `every_seconds`."""

    pages: int
    seconds: float
    every_seconds: float
    events: int
    messages: int
    requests: int
    kv_commands: int
    cpu_seconds: float


def measure(
    times: int = TIMES,
    events: int = EVENTS,
    pause_seconds: float = PAUSE_SECONDS,
    latency_ms: float = LATENCY_MS,
) -> Edits:
    """Return what was measured in the sample workspace. Raises `TimeoutError` where the site is
    told nothing."""
    with (
        Listener() as site,
        Rig(
            latency_ms=latency_ms,
            queue_seconds=QUEUE_SECONDS,
            settings={"REVALIDATE_URL": site.url + SITE},
        ) as rig,
    ):
        rig.measure("everything")
        rig.subscribe()
        by_webhook: Callable[[], object] = rig.notion.webhooks.flush
        webhook = [_told_after(rig, site, by_webhook) for _ in range(times)]
        button = [_told_after(rig, site, partial(rig.press, ROW)) for _ in range(times)]
        _rest(rig, site)
        before, began = rig.qstash.counts.total(), time.monotonic()
        for _ in range(events):
            rig.notion.edit.append_blocks(ROW, [{"paragraph": "One of many thoughts."}])
            rig.notion.webhooks.flush()
            time.sleep(pause_seconds)
        seconds = time.monotonic() - began
        rig.work_off()
        return Edits(webhook, button, events, seconds, rig.qstash.counts.total() - before)


def measure_hour(seconds: float = HOUR_SECONDS) -> Hour:
    """Return what so long a time of steady edits of light pages costs. The clocks are moved; Notion
    answers at once."""
    with Rig(partial(workspace_of, LIGHT_PAGES), latency_ms=0) as rig:
        rig.measure("everything")
        rig.subscribe()
        rig.settle()
        rows = [page.id for page in rig.rows()[:PAGES]]
        messages, before = rig.qstash.counts.total(), rig.meter.spent()
        rounds = ceil(seconds / EVERY_SECONDS)
        for number in range(rounds):
            for row in rows:
                rig.notion.edit.append_blocks(row, [{"paragraph": f"Thought number {number}."}])
            rig.notion.webhooks.flush()
            rig.pass_time(EVERY_SECONDS)
        rig.work_off()
        after = rig.meter.spent()
        return Hour(
            pages=len(rows),
            seconds=seconds,
            every_seconds=EVERY_SECONDS,
            events=rounds * len(rows),
            messages=rig.qstash.counts.total() - messages,
            requests=after.requests - before.requests,
            kv_commands=after.kv_commands - before.kv_commands,
            cpu_seconds=after.cpu_seconds - before.cpu_seconds,
        )


def table(edits: Edits) -> str:
    """Return how soon the site is told, and what a burst costs, as the documents show it."""
    heads = ("An edit of one page", "Half of them within", "95 of 100 within")
    rows: Iterable[Sequence[str]] = (
        (what, f"{percentile(seconds, 0.5):.1f} s", f"{percentile(seconds, 0.95):.1f} s")
        for what, seconds in (
            ("Notion's webhook → the site is told", edits.webhook),
            ("the button → the site is told", edits.button),
        )
    )
    return (
        f"{markdown.table(heads, rows)}\n\n"
        f"{len(edits.webhook)} times each, in the sample workspace; the queue takes"
        f" {QUEUE_SECONDS * 1000:.0f} ms for a message.\n"
        f"{edits.events} events of one page in {edits.burst_seconds:.0f} s cost"
        f" {edits.messages} message{'s' * (edits.messages != 1)}.\n"
        "Notion gathers edits for up to a minute before it tells anybody: that time is not in here."
    )


def percentile(seconds: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile."""
    return sorted(seconds)[ceil(share * len(seconds)) - 1]


def _told_after(rig: Rig, site: Listener, ask: Callable[[], object]) -> float:
    _rest(rig, site)
    rig.notion.edit.append_blocks(ROW, [{"paragraph": "A thought that the site shows at once."}])
    began = time.monotonic()
    ask()
    site.wait(1, SITE, GIVES_UP_SECONDS)
    return time.monotonic() - began


def _rest(rig: Rig, site: Listener) -> None:
    """Let all end that is under way, and time pass, so that an edit is the first one again."""
    rig.work_off()
    rig.settle()
    rig.work_off()
    rig.notion.webhooks.flush()
    rig.work_off()
    site.reset()
