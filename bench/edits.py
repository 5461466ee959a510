"""How soon the site is told of an edit: from Notion's webhook, and from the button that publishes
one page; the queue takes a while, and so does Notion."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil

import msgspec

from bench.changes import ROW
from bench.rig import LATENCY_MS, Rig
from dev.listener import Listener

TIMES = 20
QUEUE_SECONDS = 0.2
"""How long the queue takes from a message to its delivery."""
EVENTS, PAUSE_SECONDS = 50, 0.2
"""A burst: so many events of one page, one after the other."""
GIVES_UP_SECONDS = 60.0
SITE = "/revalidate"


class Edits(msgspec.Struct, frozen=True):
    """Seconds from the webhook's event, and from the button, until the site was told; and how many
    messages a burst of `events` in `burst_seconds` cost."""

    webhook: list[float]
    button: list[float]
    events: int
    burst_seconds: float
    messages: int


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
