"""The functions as a platform runs them: each call an instance with settings, a clock and a life of
its own."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from random import Random
from types import SimpleNamespace
from typing import Any

import httpx

from lib import wiring
from lib.endpoint import Headers, Request, Response, answer_to
from lib.log import Log
from tests.simulation.network import Killed, Life, Network
from tests.simulation.patching import patched
from tests.simulation.virtual import Clocks, skew_seconds

_life: ContextVar[Life] = ContextVar("life")
"""Of the instance that runs at this moment."""


@dataclass
class Call:
    """One call of a function, as the platform saw it: `status` 0 for an instance that died."""

    path: str
    began: float
    run_id: str = ""
    lane: str = ""
    ended: float | None = None
    status: int = 0
    killed: bool = False
    error: str = ""


class Functions:
    """`environ` are the settings from now on, `skews` the clocks of the instances there are
    (seconds ahead), `max_seconds` how long a call may last. `kill` lets one of the next calls die
    at a step."""

    def __init__(self, clocks: Clocks, luck: Random, connect: Callable[[Life], Network]) -> None:
        self._clocks, self._luck, self._connect = clocks, luck, connect
        self.environ: dict[str, str] = {}
        self.skews: tuple[float, ...] = (0.0,)
        self.max_seconds = 300.0
        self.calls: list[Call] = []
        self.events: Counter[str] = Counter()
        self._kills: list[tuple[str, int]] = []
        self._tasks: set[asyncio.Task[Response]] = set()

    def kill(self, path: str, step: int) -> None:
        """The next call of this path ends at so many steps of its requests."""
        self._kills.append((path, step))

    def spare(self) -> None:
        """Nobody is killed any more."""
        self._kills.clear()

    @property
    def under_way(self) -> list[Call]:
        return [call for call in self.calls if call.ended is None]

    async def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> httpx.Response:
        """The platform's answer; an instance that died or took too long is a 502 or 504."""
        path = url.partition("?")[0]
        step = next((one for one in self._kills if one[0] in path), None)
        if step:
            self._kills.remove(step)
        life = Life(step[1] if step else None)
        call = Call(path, self._clocks.now())
        self.calls.append(call)
        task = asyncio.create_task(self._run((method, url, headers, body), life, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        death = asyncio.create_task(life.dead.wait())
        try:
            await asyncio.wait(
                {task, death}, timeout=self.max_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            death.cancel()
            call.ended = self._clocks.now()
        if task.done() and not life.dead.is_set():
            answer = task.result()
            call.status = answer.status
            content, sent = answer.encode()
            return httpx.Response(answer.status, headers=sent, content=content)
        call.killed = True
        self.events["instance: killed" if life.dead.is_set() else "instance: out of time"] += 1
        life.dead.set()
        task.cancel()
        return httpx.Response(502 if step else 504, text="FUNCTION_INVOCATION_FAILED")

    async def _run(
        self, asked: tuple[str, str, Mapping[str, str], bytes], life: Life, call: Call
    ) -> Response:
        """The instance, in a context of its own: what it reads of clocks and connections is its
        own, too."""
        _life.set(life)
        skew_seconds.set(self._luck.choice(self.skews))
        method, url, headers, body = asked
        deadline = self._clocks.of_instance() + self.max_seconds
        request = Request(method, url, Headers(headers.items()), body, deadline)
        handler = _handler(request.path)
        handler.__dict__["_log"] = _Log(self, call)
        os.environ.update(
            self.environ
        )  # read before anything is waited for, so that no other instance comes between
        try:
            answer: Response = await getattr(handler, method.lower())(request)
        except (Killed, asyncio.CancelledError):
            return Response(502)
        except Exception as error:
            call.error = f"{type(error).__name__}: {error}"
            return answer_to(error, "")
        return answer

    def client(self, **_: Any) -> Network:
        """What `httpx.AsyncClient` is to the instance that asks for it."""
        return self._connect(_life.get())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Log(Log):
    """Counts events instead of printing them."""

    def __init__(self, functions: Functions, call: Call) -> None:
        super().__init__(now=lambda: 0.0)
        self._functions, self._call = functions, call

    def hiding(self, secrets: Any) -> "_Log":
        return self

    def bind(self, **context: Any) -> "_Log":
        return self

    def enter(self, **context: Any) -> None:
        self._call.run_id = str(context.get("runId", self._call.run_id))
        self._call.lane = str(context.get("lane", self._call.lane))

    def _print_line(self, head: dict[str, str], fields: dict[str, Any]) -> None:
        about = fields.get("outcome") or fields.get("status") or ""
        self._functions.events[f"{head['event']}{f': {about}' if about else ''}"] += 1


@contextmanager
def deployed(functions: Functions, clocks: Clocks, luck: Random) -> Iterator[None]:
    """The functions' own doors to time, chance and the network lead into the simulation
    meanwhile."""
    environ = dict(os.environ)
    try:
        with patched(
            wiring,
            time=SimpleNamespace(time=clocks.of_instance, monotonic=clocks.monotonic),
            random=SimpleNamespace(random=luck.random),
            httpx=SimpleNamespace(
                AsyncClient=functions.client, AsyncHTTPTransport=httpx.AsyncHTTPTransport
            ),
            now_iso=lambda: _iso(clocks.of_instance()),
            _tls_context=lambda: None,
        ):
            yield
    finally:
        os.environ.clear()
        os.environ.update(environ)


@cache
def _kind(path: str) -> Any:
    name = path.removeprefix("/api/sync").strip("/") or "index"
    return import_module(f"api.sync.{name}").handler


def _handler(path: str) -> Any:
    """An instance of a function's class, which serves no connection."""
    kind = _kind(path)
    return object.__new__(kind)


def _iso(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
