"""A stack in which time is moved: Notion, the queue and the functions live by one clock, and pauses
are short."""

import asyncio
import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from dev.equality import Bundles, Truth
from dev.qstash.message import FINAL
from dev.stack import Stack
from dev.upstash import Fault as KvFault
from lib.store.keys import Keys
from tests.stack.histories.workspace import SOURCES
from tests.stack.site import Site

MORNING = datetime(2026, 6, 1, 10, 0, 5, tzinfo=UTC)
SHORT_SECONDS = 0.005
BETWEEN_RUNS_SECONDS = 2.0
"""Notion tells its time in whole seconds: of two readings within one, nobody can say which was the
later."""
LONGEST_WAIT_SECONDS = 1_000.0
"""Longer than a run is believed to be alive without a sign of life, or than any item waits for its
next try."""


class World:
    """One small site, from its first sync to its last."""

    def __init__(self, stack: Stack) -> None:
        assert stack.notion is not None
        assert stack.qstash is not None
        self.stack, self.notion, self.qstash, self.kv = (
            stack,
            stack.notion,
            stack.qstash,
            stack.upstash,
        )
        self.site = Site(stack, self.notion, self.qstash, self.kv)
        self._ahead = 0.0
        self._ambush: tuple[int, Callable[[], None]] | None = None
        self._kv_faults: list[KvFault] = []
        wiring: Any = importlib.import_module("lib.wiring")  # the module that the functions use
        wiring.time = SimpleNamespace(time=self.now, monotonic=time.monotonic)
        wiring.asyncio = SimpleNamespace(
            sleep=lambda seconds: asyncio.sleep(min(seconds, SHORT_SECONDS))
        )
        importlib.import_module("lib.store.kv").PAUSE_SECONDS = SHORT_SECONDS  # type: ignore[attr-defined]

    def begin(self, skew_seconds: float) -> None:
        """A fresh site on a fixed morning; Notion's clock is so far ahead of the functions'."""
        self.stack.reset()
        self.stack.set("SYNC_SLICE_SECONDS", "")
        self.stack.set("SYNC_LANES", "")
        self.notion.limit.requests = None
        self._ambush = None
        self._kv_faults = []
        self.kv.on_command(self._meet)
        self._ahead = MORNING.timestamp() - time.time()
        self.notion.clock.set(MORNING)
        self.notion.clock.advance(skew_seconds)

    def now(self) -> float:
        """Epoch seconds of the functions' clock."""
        return time.time() + self._ahead

    def step(self, seconds: float) -> None:
        self._ahead += seconds
        self.notion.clock.advance(seconds)
        self.qstash.advance(seconds)
        self.qstash.drain()

    def ambush(self, nth: int, edit: Callable[[], None]) -> None:
        """Edits the workspace just before the functions' `nth` KV command from now on."""
        self._ambush = (nth, edit)

    def fail_kv(self, fault: KvFault) -> None:
        """Sets a fault of KV's that the next run meets, and nobody else."""
        self._kv_faults.append(fault)

    def trigger(self, **query: str) -> None:
        """Asks for a run and lets everything happen that happens by itself."""
        with self._trouble():
            self.step(BETWEEN_RUNS_SECONDS)
            answer = self.stack.get("/api/sync/trigger", **query)
            assert answer.status_code in (202, 502, 503), answer.text
            self.qstash.drain()

    def here(self, **query: str) -> None:
        """The backup way."""
        with self._trouble():
            self.step(BETWEEN_RUNS_SECONDS)
            answer = self.stack.get("/api/sync", **query)
            assert answer.status_code in (200, 489, 502, 503), answer.text
            self.qstash.drain()

    def is_quiet(self) -> bool:
        """Whether no run is under way, and none may yet come to life."""
        return self.site.command("GET", Keys().active) is None and not self._waiting()

    def heal(self) -> None:
        """Ends all trouble and lets every run come to its end, or be given up."""
        self.notion.faults.clear()
        self.qstash.heal()
        self.stack.set("SYNC_SLICE_SECONDS", "")
        self.qstash.drain()
        while self._waiting():
            self.step(LONGEST_WAIT_SECONDS)
        if not self.is_quiet():
            self.step(LONGEST_WAIT_SECONDS)

    def clean_run(self) -> dict[str, str]:
        """A run of everything with nothing in its way; its record."""
        self.step(BETWEEN_RUNS_SECONDS)
        run = self.site.sync()
        assert run["status"] == "delivered", run
        return run

    def problems(self, still: dict[str, Any], doubtful: frozenset[str]) -> list[str]:
        with self.notion.workspace.lock:
            truth = Truth(self.notion.workspace, SOURCES, self.stack.url, still, doubtful)
            return truth.problems(self.bundles())

    def bundles(self) -> Bundles:
        return self.site.bundles()

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """What was set for this run only; nobody who reads KV meanwhile meets it."""
        for fault in self._kv_faults:
            self.kv.fail(fault)
        try:
            yield
        finally:
            self.kv.heal()
            self._kv_faults = []
            self._ambush = None

    def _waiting(self) -> bool:
        return any(
            message.state not in FINAL and not message.dropped for message in self.qstash.messages
        )

    def _meet(self, moment: str, words: list[str]) -> None:
        if moment == "after" or self._ambush is None:
            return
        left, edit = self._ambush
        self._ambush = (left - 1, edit) if left > 1 else None
        if left <= 1:
            edit()
