"""The public address of a local stack. It stays up while the functions behind it are killed, as
Vercel's does.

The buttons get onto the dashboard here, on their way out: nothing in `public/` knows of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount

from dev.functions import passing
from dev.local.buttons import Buttons

START_SECONDS = 20.0
"""How long a request waits for functions that are being started."""
RETRY_SECONDS = 0.05
PAGE = "/"
SCRIPT = b'<script src="/_local/buttons.js" type="module"></script>\n'
CONDITIONS = {b"if-none-match", b"if-modified-since"}
VALIDATORS = {b"etag", b"last-modified", b"content-length"}
FAILED = "500: INTERNAL_SERVER_ERROR\n\nFUNCTION_INVOCATION_FAILED\n"


class Door:
    """An ASGI app in front of the functions at `address`."""

    def __init__(self, address: str, buttons: Buttons) -> None:
        self._address = address
        self._patience_seconds = START_SECONDS
        self._http = passing.client()
        self._app = Starlette(
            routes=[*buttons.routes, Mount("", app=self._pass_on)], lifespan=self._live
        )

    def give_up(self) -> None:
        """The functions are about to end for good: nobody waits for them any more."""
        self._patience_seconds = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def _live(self, app: Starlette) -> AsyncIterator[None]:
        async with self._http:
            yield

    async def _pass_on(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        left_out = passing.OF_ONE_CONNECTION | (CONDITIONS if request.url.path == PAGE else set())
        headers = [header for header in request.headers.raw if header[0] not in left_out]
        came = time.monotonic()
        while True:
            passed_on = httpx.Request(
                request.method,
                self._address,
                headers=[*headers, (b"connection", b"close")],
                content=body,
                extensions={"target": passing.target(request)},
            )
            try:
                answer = await passing.answer(self._http, passed_on)
                break
            except httpx.TransportError as trouble:
                # Vercel's files are there even while no function runs; a function may have begun
                # its work.
                never_began = isinstance(
                    trouble, httpx.ConnectError
                ) or not request.url.path.startswith("/api/")
                if not never_began or time.monotonic() > came + self._patience_seconds:
                    return _failed()
                await asyncio.sleep(RETRY_SECONDS)
        return _with_buttons(answer) if request.url.path == PAGE else answer


def _with_buttons(answer: Response) -> Response:
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return answer
    page = Response(
        bytes(answer.body).replace(b"</head>", SCRIPT + b"</head>", 1), answer.status_code
    )
    kept = [header for header in answer.raw_headers if header[0] not in VALIDATORS]
    page.raw_headers = [*kept, (b"content-length", str(len(page.body)).encode())]
    return page


def _failed() -> Response:
    """What Vercel answers for a function whose process ended: https://vercel.com/docs/errors."""
    return PlainTextResponse(FAILED, 500, {"x-vercel-error": "FUNCTION_INVOCATION_FAILED"})
