"""Runs ours, then every peer, the peers side by side, each with a stand-in of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from bench.changes import edit_two_rows
from bench.figures import Figures
from bench.peers.install import install
from bench.peers.peer import PEERS, Peer
from bench.peers.texts import plain_texts, share_found, texts_there
from bench.peers.tools import PeerTool
from bench.rig import DATABASES, LATENCY_MS, Rig
from dev.notion import truth
from dev.notion.clock import Clock
from dev.notion.edits import Edits
from dev.notion.generate import generate
from dev.notion.load import load
from dev.notion.webhooks import Webhooks
from dev.notion.workspace import Workspace

OURS = "notion-kv-sync"
GIVE_UP_SECONDS = 420
GIVE_UP_ON_TRAPS_SECONDS = 240
TRAPS = ("02dd01ae-3cbd-5181-a1c0-f4e6ba9fc391", "0a85166b-f347-5b6f-9b60-8a5a4b8fa322")
"""Of the sample: a synced copy that stands inside its own original, and one of a page that is not
shared."""


class Attempt(msgspec.Struct, frozen=True):
    """One run of a peer. `found`: texts found ÷ texts there. `end`: "done", or how it ended
    instead."""

    seconds: float
    requests: int
    minimum: int
    throttled: int
    found: float
    end: str


class Outcome(msgspec.Struct, frozen=True):
    """A peer over the sample workspace without its traps, again after two edits, over more pages
    than one window lets read, over the sample as it is, and (some) over more pages than three
    windows let read."""

    name: str
    note: str
    sample: Attempt
    after_edits: Attempt
    many: Attempt
    traps: Attempt
    storm: Attempt | None = None


def sample_without_traps() -> Workspace:
    workspace, clock = load(), Clock()
    edits = Edits(workspace, clock, Webhooks(workspace, clock))
    for block in TRAPS:
        edits.trash(block)
    return workspace


def many_pages() -> Workspace:
    return generate(pages=100, posts=200)


def too_many_pages() -> Workspace:
    return generate(pages=100, posts=600)


def measure() -> Iterator[Outcome]:
    """All of it under 180 requests in 60 s, with answers after 250 ± 50 ms."""
    install()
    yield _ours()
    with ThreadPoolExecutor(4 * len(PEERS)) as pool:
        started = [(peer, _start(pool, peer)) for peer in PEERS]
        for peer, attempts in started:
            yield Outcome(
                peer.name, peer.note, *(one for each in attempts for one in each.result())
            )


def _start(pool: ThreadPoolExecutor, peer: Peer) -> list[Future[list[Attempt]]]:
    """Every attempt of a peer, in the order of `Outcome`."""
    started = [
        pool.submit(_attempts, peer, sample_without_traps, GIVE_UP_SECONDS, edits=True),
        pool.submit(_attempts, peer, many_pages, GIVE_UP_SECONDS),
        pool.submit(_attempts, peer, load, GIVE_UP_ON_TRAPS_SECONDS),
    ]
    return (
        [*started, pool.submit(_attempts, peer, too_many_pages, GIVE_UP_SECONDS)]
        if peer.at_once
        else started
    )


def _ours() -> Outcome:
    with Rig(sample_without_traps) as rig:
        rig.settle()
        sample = _as_attempt(rig, rig.measure("sample"))
        edit_two_rows(rig.notion.edit)
        rig.settle()
        after_edits = _as_attempt(rig, rig.measure("two edits"))
    with Rig(many_pages) as rig:
        larger = _as_attempt(rig, rig.measure("many"))
    with Rig() as rig:
        traps = _as_attempt(rig, rig.measure("traps"))
    with Rig(too_many_pages) as rig:
        storm = _as_attempt(rig, rig.measure("too many"))
    return Outcome(OURS, "to KV, through the queue", sample, after_edits, larger, traps, storm)


def _as_attempt(rig: Rig, figures: Figures) -> Attempt:
    texts = texts_there(rig.notion.workspace, DATABASES)
    bundles = (
        msgspec.json.decode(rig.command("GET", key)) for key in rig.command("KEYS", "page:*")
    )
    found = share_found(texts, ("\n".join(plain_texts(bundle)) for bundle in bundles))
    end = "done" if figures.status == "delivered" else figures.status
    return Attempt(
        figures.seconds, figures.requests, figures.minimum, figures.throttled, found, end
    )


def _attempts(
    peer: Peer,
    workspace: Callable[[], Workspace],
    give_up_seconds: float,
    *,
    edits: bool = False,
    latency_ms: float = LATENCY_MS,
) -> list[Attempt]:
    """One run, and with `edits` a second one after two."""
    with PeerTool(peer, workspace, give_up_seconds=give_up_seconds, latency_ms=latency_ms) as tool:
        first = _attempt(tool)
        if not edits:
            return [first]
        edit_two_rows(tool.notion.edit)
        tool.let_time_pass()
        return [first, _attempt(tool)]


def _attempt(tool: PeerTool) -> Attempt:
    run = tool.run()
    workspace = tool.notion.workspace
    return Attempt(
        seconds=run.seconds,
        requests=run.requests,
        minimum=truth.minimum_requests(workspace, DATABASES),
        throttled=tool.notion.log.stats["byStatus"].get("429", 0),
        found=share_found(texts_there(workspace, DATABASES), tool.written()),
        end=run.end,
    )
