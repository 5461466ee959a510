"""The address at which the functions are called: passes calls on and writes down what each one
took."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.figures import Invocation
from bench.functions import Functions

OF_THE_QUEUE = ("/api/sync/worker", "/api/sync/notify")
OF_ONE_HOP = ("connection", "content-length", "transfer-encoding", "date", "server")


class Spent(NamedTuple):
    """Sums since the beginning."""

    seconds: float
    cpu_seconds: float
    requests: int
    kv_commands: int
    kv_bytes: int


class Meter:
    """Stands before the functions; `invocations` in the order of their ends.

    `asked` tells how many requests Notion has had, `kept` how many commands and bytes KV has. A
    message waits `queue_seconds` before it gets through, as if the queue took so long.
    """

    def __init__(
        self,
        functions: Functions,
        asked: Callable[[], int],
        kept: Callable[[], tuple[int, int]],
        queue_seconds: float = 0.0,
    ) -> None:
        self._queue_seconds = queue_seconds
        self.invocations: list[Invocation] = []
        self._functions, self._asked, self._kept = functions, asked, kept
        self._http = httpx.AsyncClient(trust_env=False, timeout=None, verify=False)
        self.app = Starlette(
            routes=[Route("/{path:path}", self._pass, methods=["GET", "POST"])], lifespan=self._open
        )

    @asynccontextmanager
    async def _open(self, app: Starlette) -> AsyncIterator[None]:
        async with self._http:
            yield

    def spent(self) -> Spent:
        """What was used up to now."""
        return Spent(time.monotonic(), self._functions.cpu_seconds, self._asked(), *self._kept())

    async def _pass(self, request: Request) -> Response:
        body = await request.body()
        if request.url.path in OF_THE_QUEUE:
            await asyncio.sleep(self._queue_seconds)
        self._functions.forget_peak()
        before = self.spent()
        headers = [pair for pair in request.headers.items() if pair[0] not in OF_ONE_HOP]
        target = f"{self._functions.url}{request.url.path}?{request.url.query}".removesuffix("?")
        try:
            answer = await self._http.request(request.method, target, content=body, headers=headers)
        except httpx.TransportError:  # its process was killed
            return Response("the function ended without an answer", 502)
        after = self.spent()
        self.invocations.append(
            Invocation(
                path=request.url.path,
                status=answer.status_code,
                seconds=after.seconds - before.seconds,
                cpu_seconds=after.cpu_seconds - before.cpu_seconds,
                peak_megabytes=self._functions.peak_megabytes,
                requests=after.requests - before.requests,
                kv_commands=after.kv_commands - before.kv_commands,
                kv_bytes=after.kv_bytes - before.kv_bytes,
            )
        )
        kept = {name: value for name, value in answer.headers.items() if name not in OF_ONE_HOP}
        return Response(answer.content, answer.status_code, kept)
