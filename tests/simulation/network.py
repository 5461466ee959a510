"""The network of the functions: an HTTP client that reaches Notion, KV and the queue in process.

Each request takes virtual time, and is where an instance may be killed: before it was answered, or
after.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

import httpx

from tests.simulation.asgi import Lost
from tests.simulation.kv import Failure, Kv

KV, NOTION, QUEUE = "kv.example", "notion.example", "queue.example"
LATENCIES = {KV: (0.001, 0.008), NOTION: (0.05, 0.4), QUEUE: (0.01, 0.1)}
"""Seconds of an answer, least and most."""

Ask = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Killed(BaseException):
    """The instance in which this is raised is dead: nothing it still does has an effect."""


class Life:
    """The life of one instance: `kill_at` is the step of a request at which it ends (None: it
    lives)."""

    def __init__(self, kill_at: int | None = None) -> None:
        self._left = kill_at
        self.dead = asyncio.Event()

    def step(self) -> None:
        """One step more: a request goes out, or its answer comes in. Raises `Killed`."""
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.dead.set()
        if self.dead.is_set():
            raise Killed


class Network(httpx.AsyncClient):
    """What one instance sends its requests through. `asks` answers by host, `sent` counts."""

    def __init__(
        self, life: Life, kv: Kv, asks: Mapping[str, Ask], luck: Random, sent: Counter[str]
    ) -> None:
        super().__init__(transport=_Transport(self.reach), trust_env=False)
        self._life, self._kv, self._asks, self._luck = life, kv, asks, luck
        self._sent = sent

    async def post(self, url: Any, **more: Any) -> Any:
        """KV is asked most often by far: its requests are not built as such."""
        address = url if isinstance(url, str) else str(url)
        host, _, path = address.removeprefix("https://").partition("/")
        if host != KV:
            return await super().post(url, **more)
        self._life.step()
        await asyncio.sleep(self._latency(KV))
        self._life.step()  # killed on the way there, else on the way back
        try:
            headers = {name.lower(): value for name, value in more["headers"].items()}
            words = more["json"] if "json" in more else json.loads(more["content"])
            answer: Any = _Answer(
                *self._kv.answer(f"/{path}", words, base64="upstash-encoding" in headers)
            )
        except Failure as failure:
            try:
                answer = failure.response()
            except Lost:
                raise httpx.ReadError("connection reset") from None
            except TimeoutError:
                await asyncio.sleep(_read_seconds(more.get("timeout", self.timeout)))
                raise httpx.ReadTimeout("KV hangs") from None
        self._life.step()
        return answer

    async def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        """Notion's client comes with requests that are built already."""
        if request.url.host != NOTION:
            return await super().send(request, **more)
        await request.aread()
        return await self.reach(request)

    async def reach(self, request: httpx.Request) -> httpx.Response:
        """The answer of whoever lives at the host of a request. Raises what httpx raises."""
        host = request.url.host
        self._sent[host] += 1
        self._life.step()
        await asyncio.sleep(self._latency(host))
        self._life.step()
        seconds = float(request.extensions.get("timeout", {}).get("read") or 20.0)
        try:
            async with asyncio.timeout(seconds):
                answer = await self._asks[host](request)
        except TimeoutError:
            raise httpx.ReadTimeout(f"{host} hangs", request=request) from None
        except Lost as lost:
            raise httpx.ReadError(str(lost), request=request) from None
        self._life.step()
        answer.request = request
        return answer

    def _latency(self, host: str) -> float:
        return self._luck.uniform(*LATENCIES.get(host, (0.01, 0.1)))


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, reach: Ask) -> None:
        self._reach = reach

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return await self._reach(request)


class _Answer:
    """The little of an httpx response that is looked at."""

    def __init__(self, status: int, content: Any) -> None:
        self.status_code, self._content = status, content
        self.headers = {"Upstash-Sync-Token": "1"}
        self.is_server_error, self.is_success = status >= 500, status < 300

    @property
    def content(self) -> bytes:
        return json.dumps(self._content).encode()

    def json(self) -> Any:
        return self._content


def _read_seconds(timeout: Any) -> float:
    return float(httpx.Timeout(timeout).read or 20.0)
