"""The local stack as the benches need it: functions in a process of their own, every call metered,
waits skipped.

A run at 180 requests a minute mostly waits. When nothing is in flight, the clocks of all (Notion,
QStash, functions) are moved on together to the moment of the next delivery; what a run took is its
real time and the time skipped.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.bound import bound_seconds
from bench.figures import Figures
from bench.functions import Functions
from bench.meter import Meter
from dev.closing import Closing
from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn, truth
from dev.notion.load import load
from dev.notion.nodes import Database, DataSource, Page
from dev.notion.workspace import Workspace
from dev.qstash import Fault, QStashStandIn
from dev.serve import HOST, Server, free_port, listen
from dev.upstash import UpstashStandIn
from lib.store.budget import share_of
from tests.redis_server import redis_server

DATABASES = [entry.partition("=")[2] for entry in SAMPLE_SOURCES.split(",")]
LATENCY_MS = 250
JITTER_MS = 50
"""Answers take LATENCY_MS, give or take so much."""
SECRET = "a secret of the bench"
LONGEST_CALL_SECONDS = 600.0


class Rig(Closing):
    """A running stack with one workspace; also a context manager. `latency_ms` 0: Notion answers at
    once. The queue takes `queue_seconds` for a message; `settings` are the functions' besides."""

    def __init__(
        self,
        workspace: Callable[[], Workspace] = load,
        *,
        latency_ms: float = LATENCY_MS,
        requests_per_minute: int | None = 180,
        queue_seconds: float = 0.0,
        settings: Mapping[str, str] = {},
    ) -> None:
        self.latency_seconds = latency_ms / 1000
        self.requests_per_minute = requests_per_minute
        self.skipped_seconds = 0.0
        self._own = (0, 0)
        with ExitStack() as opening:
            self.notion = opening.enter_context(NotionStandIn(source=workspace))
            self.notion.limit.requests = requests_per_minute
            if latency_ms:
                self.notion.latency.set(latency_ms - JITTER_MS, 2 * JITTER_MS)
            self.qstash = opening.enter_context(QStashStandIn())
            self.redis_url = opening.enter_context(_redis())
            self.upstash = opening.enter_context(UpstashStandIn(redis_url=self.redis_url))
            folder = Path(opening.enter_context(tempfile.TemporaryDirectory()))
            listening = listen()
            self.url = f"http://{HOST}:{listening.getsockname()[1]}"
            self.environ = self._environ() | dict(settings)
            self.functions = opening.enter_context(Functions(self.environ, free_port(), folder))
            self.meter = Meter(
                self.functions,
                lambda: self.notion.log.stats["total"],
                self._kept,
                queue_seconds,
            )
            opening.enter_context(Server(self.meter.app, listening))
            self._http = opening.enter_context(
                httpx.Client(trust_env=False, timeout=LONGEST_CALL_SECONDS, verify=False)
            )
            self._open = opening.pop_all()

    def _environ(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "CRON_SECRET": SECRET,
            "NOTION_API_URL": self.notion.url,
            "NOTION_TOKEN": TOKEN,
            "NOTION_WEBHOOK_TOKEN": self.notion.webhooks.token,
            "NOTION_SOURCES": SAMPLE_SOURCES,
            "NOTION_REQUESTS_PER_MINUTE": str(self.requests_per_minute or 1_000_000),
            "KV_REST_API_URL": self.upstash.url,
            "KV_REST_API_TOKEN": self.upstash.token,
            "QSTASH_URL": self.qstash.url,
            "QSTASH_TOKEN": self.qstash.token,
            "QSTASH_CURRENT_SIGNING_KEY": self.qstash.current_signing_key,
            "QSTASH_NEXT_SIGNING_KEY": self.qstash.next_signing_key,
            "SYNC_BASE_URL": self.url,
        }

    def _kept(self) -> tuple[int, int]:
        commands, transferred = self._used()
        return commands - self._own[0], transferred - self._own[1]

    def _used(self) -> tuple[int, int]:
        usage = self.upstash.usage
        return usage.commands.total(), usage.bytes_in + usage.bytes_out

    def measure(self, name: str, **query: str) -> Figures:
        """Asks for a run, waits for its end (skipping waits), and adds up what it took."""
        return self._measured(name, lambda: self.ask(**query))

    def ask(self, **query: str) -> str:
        """Ask for a run, and return its id."""
        return str(self._get("/api/sync/trigger", query)["runId"])

    def press(self, page_id: str) -> None:
        """Press the button of a page in Notion that publishes it."""
        answer = self._http.post(
            f"{self.url}/api/sync/trigger",
            json={"data": {"object": "page", "id": page_id}},
            headers={"Authorization": f"Bearer {SECRET}"},
        )
        answer.raise_for_status()

    def subscribe(self) -> None:
        """Has Notion's webhook tell of edits; `measure_webhook` sends what it has to say."""
        self.notion.webhooks.subscribe(f"{self.url}/api/sync/webhook").raise_for_status()

    def measure_webhook(self, name: str) -> Figures:
        """The same of the run that the webhook's events ask for."""

        def tell() -> str:
            self.notion.webhooks.flush()
            return str(json.loads(self.qstash.messages[-1].publication.body)["runId"])

        return self._measured(name, tell)

    def _measured(self, name: str, ask: Callable[[], str]) -> Figures:
        """`ask` asks for a run and gives its id."""
        self.notion.log.clear_stats()
        self.meter.invocations = []
        messages = self.qstash.counts.total()
        before, began = self.meter.spent(), self._now()
        run = self._ended(ask())
        ended, after = self._now(), self.meter.spent()
        minimum = truth.minimum_requests(self.notion.workspace, DATABASES)
        conditions = (self.notion.workspace, DATABASES, self.latency_seconds)
        limit = self.requests_per_minute
        stats = self.notion.log.stats
        return Figures(
            name=name,
            seconds=ended - began,
            bound=bound_seconds(*conditions, limit),
            shared=bound_seconds(*conditions, limit and share_of("sync", limit)),
            minimum=minimum,
            requests=stats["total"],
            throttled=stats["byStatus"].get("429", 0),
            listed=int(run.get("listed", 0)),
            synced=int(run.get("synced", 0)),
            written=int(run.get("written", 0)),
            status=run["status"],
            messages=self.qstash.counts.total() - messages,
            kv_commands=after.kv_commands - before.kv_commands,
            kv_bytes=after.kv_bytes - before.kv_bytes,
            cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            invocations=list(self.meter.invocations),
        )

    def settle(self) -> None:
        """Lets two minutes pass, so that no edit was made in the minute of its reading."""
        self._advance(121.0)

    def stop(self) -> None:
        """Let the slice under way end, and no other follow it."""
        self.qstash.fail(Fault("drop", times=0))
        self.qstash.drain(LONGEST_CALL_SECONDS)

    def let_a_day_pass(self) -> None:
        """Lets so much time pass that a big source is listed in full again, as it is once a day."""
        self._advance(24 * 3_600.0)

    def command(self, *words: str) -> Any:
        """One KV command of the bench's own, as its plain answer; it is not counted. Nothing else
        is under way."""
        before = self._used()
        headers = {"Authorization": f"Bearer {self.upstash.token}"}
        answer = self._http.post(self.upstash.url, json=words, headers=headers).json()["result"]
        own = [now - then for now, then in zip(self._used(), before, strict=True)]
        self._own = (self._own[0] + own[0], self._own[1] + own[1])
        return answer

    def close(self) -> None:
        self._open.close()

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {SECRET}"}
        answer = self._http.get(self.url + path, params=query, headers=headers)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def _ended(self, run_id: str) -> dict[str, str]:
        while True:
            self.qstash.drain(LONGEST_CALL_SECONDS)
            flat: Sequence[str] = self.command("HGETALL", f"sync:run:{run_id}")
            run = dict(zip(flat[::2], flat[1::2], strict=True))
            if run.get("status") not in (None, "pending", "active"):
                return run
            if not self._skip_to_next():
                raise RuntimeError(
                    f"the run came to a halt: {run}\n{self.functions.log.read_text()[-3000:]}"
                )

    def work_off(self) -> None:
        """Let everything happen for which a message is there, skipping waits."""
        self.qstash.drain(LONGEST_CALL_SECONDS)
        while self._skip_to_next():
            self.qstash.drain(LONGEST_CALL_SECONDS)

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, and everything happen that is due meanwhile."""
        end = self._now() + seconds
        self.qstash.drain(LONGEST_CALL_SECONDS)
        while (due := self._next_delivery()) is not None and due <= end:
            self._advance(max(0.0, due - self._now()))
            self.qstash.drain(LONGEST_CALL_SECONDS)
        self._advance(max(0.0, end - self._now()))

    def rows(self) -> list[Page]:
        """Return the rows of the first source."""
        workspace = self.notion.workspace
        [source] = workspace.get(DATABASES[0], Database).children
        return workspace.rows(workspace.get(source, DataSource))

    def _skip_to_next(self) -> bool:
        """Move all clocks to the next delivery; return whether there is one."""
        due = self._next_delivery()
        if due is not None:
            self._advance(max(0.0, due - self._now()))
        return due is not None

    def _next_delivery(self) -> float | None:
        due = (
            message.due_at
            for message in self.qstash.messages
            if message.state in ("CREATED", "RETRY")
        )
        return min(due, default=None)

    def _now(self) -> float:
        return time.time() + self.skipped_seconds

    def _advance(self, seconds: float) -> None:
        self.skipped_seconds += seconds
        self.notion.clock.advance(seconds)
        self.functions.advance(seconds)
        self.qstash.advance(seconds)


@contextmanager
def _redis() -> Iterator[str | None]:
    """A redis-server with nothing in it, by its address; None (the stand-in's embedded one) where
    there is none."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, redis_server(program, Path(folder)) as address:
        yield address
