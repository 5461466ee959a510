"""A deployment: every function of a build on Vercel's own shim, behind one address as behind
Vercel's proxy."""

import itertools
import json
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.closing import Closing
from dev.serve import Server
from tests.runtime.build import Build
from tests.runtime.shim import Function

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
OURS = ("host", "connection", "content-length", "transfer-encoding")
"""Header fields of one hop, which the front sets itself."""


class Deployment(Closing):
    """`url` without a trailing slash, `functions` by their address. `environ` is theirs;
    SYNC_BASE_URL is set to `url` where it isn't given."""

    def __init__(self, build: Build, environ: Mapping[str, str], folder: Path) -> None:
        self.functions: dict[str, Function] = {}
        self._numbers = itertools.count(1)
        self._open = ExitStack()
        with self._open:
            front = Starlette(routes=[Route("/{path:path}", self._forward, methods=METHODS)])
            self.url = self._open.enter_context(Server(front)).url
            for address, settings in build.functions.items():
                bundle = build.unpack(address, folder / address.replace("/", "_"))
                function = Function(
                    bundle, build.python, settings, {"SYNC_BASE_URL": self.url} | dict(environ)
                )
                self._open.callback(function.stop)
                self.functions[address] = function
            self._open = self._open.pop_all()

    @property
    def logs(self) -> list[str]:
        return [line for function in self.functions.values() for line in function.logs]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The logs that are JSON lines of ours."""
        return [json.loads(line) for line in self.logs if line.startswith("{")]

    def close(self) -> None:
        self._open.close()

    async def _forward(self, request: Request) -> Response:
        address = request.url.path.removesuffix("/index").removesuffix("/")
        function = self.functions.get(address)
        if function is None:
            return JSONResponse(
                {"error": {"code": "404", "message": "The page could not be found"}}, 404
            )
        target = f"http://127.0.0.1:{function.port}{address}"
        if request.url.query:
            target += f"?{request.url.query}"
        async with httpx.AsyncClient(trust_env=False, timeout=None) as client:
            try:
                answer = await client.request(
                    request.method,
                    target,
                    content=await request.body(),
                    headers=self._headers(request, function),
                )
            except httpx.TransportError:
                return Response(
                    "FUNCTION_INVOCATION_FAILED",
                    500,
                    {"x-vercel-error": "FUNCTION_INVOCATION_FAILED"},
                )
        headers = {
            name: value for name, value in answer.headers.items() if name not in ("date", "server")
        }
        return Response(answer.content, answer.status_code, headers)

    def _headers(self, request: Request, function: Function) -> list[tuple[str, str]]:
        number = next(self._numbers)
        host = request.headers.get("host", "")
        ends = datetime.now(UTC) + timedelta(seconds=function.settings["maxDuration"])
        platforms = {
            "host": host,
            "x-forwarded-host": host,
            "x-forwarded-proto": urlsplit(self.url).scheme,
            "x-forwarded-for": "127.0.0.1",
            "x-real-ip": "127.0.0.1",
            "x-vercel-id": f"local1::{number}",
            "x-vercel-internal-invocation-id": f"invocation-{number}",
            "x-vercel-internal-request-id": str(number),
            "x-vercel-internal-deadline": (
                ends.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            ),
        }
        callers = [
            pair
            for pair in request.headers.items()
            if pair[0] not in platforms and pair[0] not in OURS
        ]
        return callers + list(platforms.items())
