"""What stands between the world and the functions: routes, static files, headers, limits, the
platform's errors.

Limits: https://vercel.com/docs/functions/limitations; errors: https://vercel.com/docs/errors.
"""

import asyncio
import os
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from dev.functions import passing
from dev.functions.cdn import Cdn
from dev.functions.errors import PlatformError
from dev.functions.function import Function, NotStarted
from dev.functions.project import Project
from dev.serve import HOST

MAX_BODY_BYTES = 4_500_000


class Proxy:
    """An ASGI app that serves one project. `max_duration` (seconds) replaces every function's
    own."""

    def __init__(
        self, project: Project, max_duration: float | None = None, cdn: Cdn | None = None
    ) -> None:
        self._cdn = cdn
        self.errors: list[str] = []
        self._functions = {file.route: Function(file) for file in project.functions}
        self._header_rules = project.header_rules
        self._max_duration = max_duration
        self._static = StaticFiles(directory=project.root / "public", html=True, check_dir=False)
        self._http = passing.client()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        began = time.time_ns() // 1_000_000
        request_id = f"dev1::dev1::{secrets.token_hex(3)}-{began}-{secrets.token_hex(6)}"
        try:
            response = await self._answer(request, request_id)
        except PlatformError as problem:
            response = self._apologise(request, request_id, problem)
        except ClientDisconnect:
            return
        response.headers["x-vercel-id"] = request_id
        for rule in self._header_rules:
            if rule.source.fullmatch(request.url.path):
                for name, value in rule.headers.items():
                    response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._http.aclose()
        with ThreadPoolExecutor(len(self._functions) or 1) as pool:  # each takes a moment to notice
            pool.map(Function.stop, self._functions.values())
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request, request_id: str) -> Response:
        if request.url.path == "/_control/process":
            return JSONResponse({"pid": os.getpid(), "errors": self.errors})
        function = self._functions.get(request.url.path.removesuffix("/"))
        if function is None:
            return await self._file(request)
        body = await request.body()
        if len(body) > MAX_BODY_BYTES:
            raise PlatformError(413, "FUNCTION_PAYLOAD_TOO_LARGE")

        async def ask() -> Response:
            return await self._invoke(function, request, body, request_id)

        return await (ask() if self._cdn is None else self._cdn.answer(request, ask))

    async def _invoke(
        self, function: Function, request: Request, body: bytes, request_id: str
    ) -> Response:
        try:
            async with asyncio.timeout(self._max_duration or function.file.max_duration):
                address = function.address
                if address is None:
                    address = await asyncio.to_thread(function.start)
                return await passing.answer(
                    self._http, _forwarded(address, request, body, request_id)
                )
        except TimeoutError:
            raise PlatformError(504, "FUNCTION_INVOCATION_TIMEOUT") from None
        except (httpx.TransportError, NotStarted):
            raise PlatformError(500, "FUNCTION_INVOCATION_FAILED") from None

    async def _file(self, request: Request) -> Response:
        try:
            response = await self._static.get_response(
                self._static.get_path(request.scope), request.scope
            )
        except HTTPException as problem:
            code = "NOT_FOUND" if problem.status_code == 404 else "INVALID_REQUEST_METHOD"
            raise PlatformError(problem.status_code, code) from None
        response.headers.setdefault("cache-control", "public, max-age=0, must-revalidate")
        return response

    def _apologise(self, request: Request, request_id: str, problem: PlatformError) -> Response:
        if problem.status >= 500:
            self.errors.append(f"{problem.code} {request.url.path}")
            print(
                f"{problem.code} {request.method} {request.url.path}", file=sys.stderr, flush=True
            )
        text = f"{problem.status.phrase}\n\n{problem.code}\n\n{request_id}\n"
        return PlainTextResponse(text, problem.status, {"x-vercel-error": problem.code})


def _forwarded(address: str, request: Request, body: bytes, request_id: str) -> httpx.Request:
    """The request as the function sees it: as it was sent, but for what the platform sets itself.

    The caller is always on this machine; uvicorn's own idea of him and of the scheme follows the
    forged headers.

    Headers: https://vercel.com/docs/headers/request-headers
    """
    host = request.headers.get("host", "")
    platform = {
        "x-forwarded-host": host,
        "x-forwarded-proto": "http",
        "x-forwarded-for": HOST,
        "x-real-ip": HOST,
        "x-vercel-forwarded-for": HOST,
        "x-vercel-deployment-url": host,
        "x-vercel-id": request_id,
        "connection": "close",
    }
    if body or "content-length" in request.headers:
        platform["content-length"] = str(len(body))
    ours = [(name.encode(), value.encode()) for name, value in platform.items()]
    passed_on = [
        header
        for header in request.headers.raw
        if header[0] not in passing.OF_ONE_CONNECTION | dict(ours).keys()
    ]
    headers = [*passed_on, *ours]
    return httpx.Request(
        request.method,
        address,
        headers=headers,
        content=body,
        extensions={"target": passing.target(request)},
    )
