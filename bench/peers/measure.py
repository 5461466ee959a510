"""Runs ours, then every peer, the peers side by side, each with a stand-in of its own."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec

from bench.changes import edit_two_rows
from bench.figures import Figures
from bench.peers.edge import Edge
from bench.peers.install import NODE_PROJECT, install
from bench.peers.peer import PEERS, Peer
from bench.peers.texts import files_written, plain_texts, share_found, texts_there
from bench.rig import DATABASES, JITTER_MS, LATENCY_MS, Rig
from dev.notion import TOKEN, NotionStandIn, truth
from dev.notion.generate import generate
from dev.notion.ids import resolved
from dev.notion.load import load
from dev.notion.nodes import Database, DataSource, Page
from dev.notion.workspace import Workspace
from dev.serve import Server

OURS = "notion-kv-sync"
GIVE_UP_SECONDS = 900


class Attempt(msgspec.Struct, frozen=True):
    """One run of a peer. `found`: texts found ÷ texts there. `end`: "done", or how it ended instead."""

    seconds: float
    requests: int
    minimum: int
    throttled: int
    found: float
    end: str


class Outcome(msgspec.Struct, frozen=True):
    """A peer over the sample workspace, again after two edits, and over more pages than one window lets read."""

    name: str
    note: str
    sample: Attempt
    after_edits: Attempt
    many: Attempt


def many_pages() -> Workspace:
    return generate(pages=100, posts=200)


def measure(peers: Sequence[Peer] = PEERS, many: Callable[[], Workspace] = many_pages) -> Iterator[Outcome]:
    """All of it under 180 requests in 60 s, with answers after 250 ± 50 ms."""
    install()
    yield _ours(many)
    with ThreadPoolExecutor(2 * len(peers)) as pool:
        started: list[tuple[Peer, Future[list[Attempt]], Future[list[Attempt]]]] = [
            (peer, pool.submit(_attempts, peer, load, edits=True), pool.submit(_attempts, peer, many, edits=False))
            for peer in peers
        ]
        for peer, sample, larger in started:
            yield Outcome(peer.name, peer.note, *sample.result(), *larger.result())


def _ours(many: Callable[[], Workspace]) -> Outcome:
    with Rig() as rig:
        sample = _as_attempt(rig, rig.measure("sample"))
        edit_two_rows(rig.notion.edit)
        rig.settle()
        after_edits = _as_attempt(rig, rig.measure("two edits"))
    with Rig(many) as rig:
        return Outcome(OURS, "to KV, through the queue", sample, after_edits, _as_attempt(rig, rig.measure("many")))


def _as_attempt(rig: Rig, figures: Figures) -> Attempt:
    texts = texts_there(rig.notion.workspace, DATABASES)
    bundles = (msgspec.json.decode(rig.command("GET", key)) for key in rig.command("KEYS", "page:*"))
    found = share_found(texts, ("\n".join(plain_texts(bundle)) for bundle in bundles))
    end = "done" if figures.status == "delivered" else figures.status
    return Attempt(figures.seconds, figures.requests, figures.minimum, figures.throttled, found, end)


def _attempts(peer: Peer, workspace: Callable[[], Workspace], *, edits: bool) -> list[Attempt]:
    """One run, and with `edits` a second one after two."""
    with ExitStack() as opened:
        notion = opened.enter_context(NotionStandIn(source=workspace))
        notion.latency.set(LATENCY_MS - JITTER_MS, 2 * JITTER_MS)
        url = opened.enter_context(Server(Edge(notion).app)).url if peer.old else notion.url
        out = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        root = _outline(notion) if peer.outline else ""
        run = partial(_attempt, peer, notion, _environ(notion, url, out, root), out)
        if not edits:
            return [run()]
        first = run()
        edit_two_rows(notion.edit)
        notion.clock.advance(121)
        return [first, run()]


def _attempt(peer: Peer, notion: NotionStandIn, environ: dict[str, str], out: Path) -> Attempt:
    notion.log.clear_stats()
    began = time.monotonic()
    try:
        done = subprocess.run(
            peer.command, cwd=NODE_PROJECT, env=environ, capture_output=True, text=True, timeout=GIVE_UP_SECONDS
        )
        end = "done" if done.returncode == 0 else _last_line(done.stderr or done.stdout)
    except subprocess.TimeoutExpired:
        end = f"not done after {GIVE_UP_SECONDS} s"
    seconds = time.monotonic() - began
    stats = notion.log.stats
    return Attempt(
        seconds=seconds,
        requests=stats["total"],
        minimum=truth.minimum_requests(notion.workspace, DATABASES),
        throttled=stats["byStatus"].get("429", 0),
        found=share_found(texts_there(notion.workspace, DATABASES), files_written(out)),
        end=end,
    )


def _environ(notion: NotionStandIn, url: str, out: Path, root: str) -> dict[str, str]:
    sources = [source for id in DATABASES for source in notion.workspace.get(resolved(id), Database).children]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(out.parent),
        "NO_PROXY": "127.0.0.1",
        "NOTION_URL": url,
        "NOTION_TOKEN": TOKEN,
        "DATA_SOURCES": ",".join(sources),
        "ROOT": root,
        "OUT": str(out),
    }


def _outline(notion: NotionStandIn) -> str:
    """A page with an Outline of every row in it, which docu-notion follows; its id."""
    workspace = notion.workspace
    home = next(node for node in workspace.nodes.values() if isinstance(node, Page) and node.parent is None)
    rows = [
        row.id
        for id in DATABASES
        for source in workspace.get(resolved(id), Database).children
        for row in workspace.rows(workspace.get(source, DataSource))
    ]
    root = notion.edit.create_page(home.id, "Documents")
    notion.edit.create_page(root, "Outline", [{"link_to_page": row} for row in rows])
    return root


def _last_line(printed: str) -> str:
    """What a program said when it failed, in one line."""
    lines = [line.strip() for line in printed.splitlines() if "rror" in line]
    return (lines or ["failed"])[-1][:120]
