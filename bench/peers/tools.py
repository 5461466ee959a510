"""Ours and the peers with the same handles: each with a stand-in and an output of its own, to be
run, killed, run again and looked at."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from bench.peers.edge import Edge
from bench.peers.install import NODE_PROJECT
from bench.peers.peer import Peer
from bench.peers.texts import files_written, plain_texts
from bench.rig import DATABASES, JITTER_MS, LATENCY_MS, Rig
from dev.closing import Closing
from dev.notion import TOKEN, NotionStandIn
from dev.notion.ids import resolved
from dev.notion.nodes import Database, DataSource, Page
from dev.notion.workspace import Workspace
from dev.serve import Server

SETTLED_SECONDS = 121.0
"""So much later no edit was made in the minute of its reading, and Notion's window is another."""


class Run(NamedTuple):
    """What a run took. `end`: "done", or how it ended instead."""

    seconds: float
    requests: int
    end: str


class Tool(AbstractContextManager["Tool"], Protocol):
    """What brings a workspace's texts out, and the stand-in that it reads."""

    @property
    def notion(self) -> NotionStandIn: ...

    def start(self) -> None:
        """Begin a run, and return."""

    def run(self) -> Run:
        """Begin a run, and wait for its end."""

    def kill(self) -> None:
        """End what reads Notion at this moment, with SIGKILL."""

    def run_after_kill(self) -> Run:
        """Return the run that follows a kill."""

    def written(self) -> Iterator[str]:
        """Yield what can be read in the output now."""

    def let_time_pass(self) -> None:
        """Move the clock on, so that no edit was made just now."""


class OurTool(Closing):
    """This project on the local stack. A run ends with the last message of the queue, and after a
    kill the queue delivers the message again that got no answer."""

    def __init__(
        self, workspace: Callable[[], Workspace], *, latency_ms: float = LATENCY_MS
    ) -> None:
        self._rig = Rig(workspace, latency_ms=latency_ms)
        self._run_id = ""

    @property
    def notion(self) -> NotionStandIn:
        return self._rig.notion

    def start(self) -> None:
        self._run_id = self._rig.ask()

    def run(self) -> Run:
        figures = self._rig.measure("a run")
        return Run(figures.seconds, figures.requests, _as_end(figures.status))

    def kill(self) -> None:
        self._rig.functions.kill()

    def run_after_kill(self) -> Run:
        self.notion.log.clear_stats()
        began = time.monotonic() + self._rig.skipped_seconds
        self._rig.functions.start()
        self._rig.work_off()
        ended = time.monotonic() + self._rig.skipped_seconds
        status = self._rig.command("HGET", f"sync:run:{self._run_id}", "status")
        return Run(ended - began, self.notion.log.stats["total"], _as_end(status))

    def written(self) -> Iterator[str]:
        for key in self._rig.command("KEYS", "page:*"):
            bundle = msgspec.json.decode(self._rig.command("GET", key))
            yield "\n".join(plain_texts(bundle))

    def let_time_pass(self) -> None:
        self._rig.settle()

    def close(self) -> None:
        self._rig.stop()
        self._rig.close()


class PeerTool(Closing):
    """A peer that writes into a folder, which it finds as its last run left it. A run is given up
    after `give_up_seconds`."""

    def __init__(
        self,
        peer: Peer,
        workspace: Callable[[], Workspace],
        *,
        give_up_seconds: float,
        latency_ms: float = LATENCY_MS,
    ) -> None:
        self._peer, self._give_up_seconds = peer, give_up_seconds
        self._process: subprocess.Popen[bytes] | None = None
        with ExitStack() as opening:
            self.notion = opening.enter_context(NotionStandIn(source=workspace))
            if latency_ms:
                self.notion.latency.set(latency_ms - JITTER_MS, 2 * JITTER_MS)
            edge = opening.enter_context(Server(Edge(self.notion).app)) if peer.old else None
            folder = Path(opening.enter_context(tempfile.TemporaryDirectory()))
            self._out, self._printed = folder / "out", folder / "printed"
            self._out.mkdir()
            root = _outline(self.notion) if peer.outline else ""
            url = edge.url if edge else self.notion.url
            self._environ = _environ(self.notion, url, self._out, root)
            opening.callback(self._end)
            self._open = opening.pop_all()

    def start(self) -> None:
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen(
                self._peer.command,
                cwd=NODE_PROJECT,
                env=self._environ,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    def run(self) -> Run:
        self.notion.log.clear_stats()
        began = time.monotonic()
        self.start()
        end = self._end_of_run()
        seconds = time.monotonic() - began
        self._end()
        return Run(seconds, self.notion.log.stats["total"], end)

    def _end_of_run(self) -> str:
        """Wait for the process, and return how it ended."""
        assert self._process
        try:
            code = self._process.wait(self._give_up_seconds)
        except subprocess.TimeoutExpired:
            return f"not done after {self._give_up_seconds:.0f} s"
        return "done" if code == 0 else _last_line(self._printed.read_text("utf-8", "replace"))

    def kill(self) -> None:
        if self._process:
            self._process.kill()

    def run_after_kill(self) -> Run:
        self._end()
        return self.run()

    def written(self) -> Iterator[str]:
        return files_written(self._out)

    def let_time_pass(self) -> None:
        self.notion.clock.advance(SETTLED_SECONDS)

    def close(self) -> None:
        self._open.close()

    def _end(self) -> None:
        """End the process that may be left."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


def _as_end(status: str) -> str:
    return "done" if status == "delivered" else status


def _environ(notion: NotionStandIn, url: str, out: Path, root: str) -> dict[str, str]:
    sources = [
        source
        for database_id in DATABASES
        for source in notion.workspace.get(resolved(database_id), Database).children
    ]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(out.parent),
        "NO_PROXY": "127.0.0.1",
        "NOTION_URL": url,
        "NOTION_TOKEN": TOKEN,
        "DATABASES": ",".join(DATABASES),
        "DATA_SOURCES": ",".join(sources),
        "ROOT": root,
        "OUT": str(out),
    }


def _outline(notion: NotionStandIn) -> str:
    """A page with an Outline of every row in it, which docu-notion follows; its id."""
    workspace = notion.workspace
    home = next(
        node for node in workspace.nodes.values() if isinstance(node, Page) and node.parent is None
    )
    rows = [
        row.id
        for database_id in DATABASES
        for source in workspace.get(resolved(database_id), Database).children
        for row in workspace.rows(workspace.get(source, DataSource))
    ]
    root = notion.edit.create_page(home.id, "Documents")
    notion.edit.create_page(root, "Outline", [{"link_to_page": row} for row in rows])
    return root


def _last_line(printed: str) -> str:
    """Return what a program said when it failed, in one line. A line of a stack trace says where
    the peers stand on this machine, and nothing of the error."""
    lines = [
        line.strip()
        for line in printed.splitlines()
        if "error" in line.casefold() and str(NODE_PROJECT) not in line
    ]
    return (lines or ["failed"])[-1][:80]
