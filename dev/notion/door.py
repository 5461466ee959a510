"""The way into the stand-in: what every request to the API meets before (and instead of) an answer.

Latency, token, version, the request budget and faults; Notion's headers and the stand-in's own
Date.
"""

import asyncio
import hmac
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from dev.notion.api import json_response
from dev.notion.asked import request_facts
from dev.notion.clock import Clock
from dev.notion.errors import (
    SPOKEN,
    VERSIONS,
    NotionError,
    failure,
    missing_version,
    rate_limited,
    service_overload,
    unauthorized,
    version_not_spoken,
)
from dev.notion.faults import Fault, Faults
from dev.notion.ids import new_id
from dev.notion.limits import Latency, RateLimit
from dev.notion.log import RequestLog
from dev.notion.workspace import Workspace

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Moment = Literal["before", "after"]
Callback = Callable[[Moment, str, str], None]

API = "/v1/"
IN_THE_ANSWER = ("dead-cursor", "incomplete", "empty")
"""Faults that the API itself plays."""


class Door:
    """Lets requests to `/v1/` through to the API when nothing is in their way; all others go to the
    rest."""

    def __init__(
        self,
        *,
        api: App,
        rest: App,
        workspace: Workspace,
        clock: Clock,
        limit: RateLimit,
        latency: Latency,
        faults: Faults,
        log: RequestLog,
    ) -> None:
        self.callbacks: list[Callback] = []
        self._api = api
        self._rest = rest
        self._workspace = workspace
        self._clock = clock
        self._limit = limit
        self._latency = latency
        self._faults = faults
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
        elif scope["path"].startswith(API):
            await self._through(scope, receive, send)
        else:
            await self._rest(
                scope, receive, _with_headers(send, {"date": _http_date(self._clock.now())})
            )

    async def _through(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = new_id()
        logged = False

        def log() -> None:
            nonlocal logged
            if not logged:
                logged = True
                self._log.end(began, scope["method"], scope["path"], call.status)

        async def send_logged(message: Message) -> None:
            """Who has the answer finds it in the log: it is written before the last of it goes
            out."""
            if message["type"] == "http.response.start":
                await self._tell("after", scope)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                log()
            await send(message)

        call = _Call(scope, receive, _with_headers(send_logged, self._headers(request_id)), send)
        began = self._log.begin()
        try:
            if seconds := self._latency.seconds():
                await asyncio.sleep(seconds)
            body = await call.body()
            await self._tell("before", scope)
            fault = self._faults.draw(request_facts(scope, body))
            await self._answer(call, request_id, fault)
        finally:
            log()

    async def _tell(self, moment: Moment, scope: Scope) -> None:
        for callback in list(self.callbacks):
            await asyncio.to_thread(callback, moment, scope["method"], scope["path"])

    async def _answer(self, call: "_Call", request_id: str, fault: Fault | None) -> None:
        scope = call.scope
        try:
            version = self._admitted(Headers(scope=scope))
        except NotionError as refusal:
            await call.respond(_error(refusal, request_id))
            return
        in_the_answer = fault.kind if fault and fault.kind in IN_THE_ANSWER else ""
        scope["state"] = {"request_id": request_id, "version": version, "fault": in_the_answer}
        match fault:
            case None | Fault(kind="dead-cursor" | "incomplete" | "empty"):
                await self._api(scope, call.receive, call.send)
            case Fault(kind="timeout"):
                await call.gone(fault.seconds)
                await call.hang_up()
            case Fault(kind="reset"):
                await call.reset()
            case Fault(kind="truncated"):
                await self._api(scope, call.receive, call.send_half)
                await call.hang_up()
            case _:
                await call.respond(_failure(fault, request_id))

    def _admitted(self, headers: Headers) -> str:
        """The API version of a request with a good token, a known version, and a place in the
        budget."""
        with self._workspace.lock:
            given = headers.get("authorization", "").removeprefix("Bearer ")
            if not any(
                hmac.compare_digest(given.encode(), token.encode())
                for token in self._workspace.tokens
            ):
                raise unauthorized()
        version = headers.get("notion-version")
        if version is None or version not in VERSIONS:
            raise missing_version(version)
        if version not in SPOKEN:
            raise version_not_spoken(version)
        if retry_after := self._limit.take():
            raise rate_limited(retry_after)
        return version

    def _headers(self, request_id: str) -> dict[str, str]:
        return {
            "date": _http_date(self._clock.now()),
            "server": "cloudflare",
            "cf-ray": f"{secrets.token_hex(8)}-AMS",
            "x-notion-request-id": request_id,
        }


class _Call:
    """One request and the ways to answer it, or not to."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, server_send: Send) -> None:
        self.scope = scope
        self.status = 0
        self._receive = receive
        self._send = send
        self._transport: asyncio.Transport = server_send.__self__.transport  # type: ignore[attr-defined]
        # ASGI has no way to drop a connection: `send` is a method of uvicorn's cycle, which holds
        # the transport.
        self._body: bytes | None = None

    async def body(self) -> bytes:
        if self._body is None:
            parts: list[bytes] = []
            more = True
            while more:
                message = await self._receive()
                parts.append(message.get("body", b""))
                more = message.get("more_body", False)
            self._body = b"".join(parts)
        return self._body

    async def receive(self) -> Message:
        """The request again, for an app that reads it from the beginning."""
        return {"type": "http.request", "body": await self.body(), "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)

    async def respond(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def send_half(self, message: Message) -> None:
        """Sends the beginning of an answer, up to the middle of its body."""
        if message["type"] == "http.response.body":
            body = message["body"]
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await self.send(message)

    async def hang_up(self) -> None:
        """Ends the connection when everything sent has gone out."""
        self.status = 0
        self._transport.close()
        await self.gone(1.0)

    async def reset(self) -> None:
        """Ends the connection at once, with a reset: the socket must not linger."""
        if not self._transport.is_closing():  # as it is when the client was killed meanwhile
            linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
            self._transport.abort()
        await self.gone(1.0)

    async def gone(self, within_seconds: float) -> None:
        """Waits until the client has left, or so long."""
        try:
            async with asyncio.timeout(within_seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            pass


def _failure(fault: Fault, request_id: str) -> Response:
    match fault.kind:
        case "429":
            return _error(rate_limited(round(fault.seconds)), request_id)
        case "blocked":
            return _error(
                rate_limited(round(fault.seconds), "public_api_request_blocked"), request_id
            )
        case "529":
            return _error(service_overload(round(fault.seconds)), request_id)
        case "html-502":
            return HTMLResponse(
                "<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>",
                502,
            )
        case "html-403":
            return HTMLResponse(
                "<html><head><title>Attention Required!</title></head><body>blocked</body></html>",
                403,
            )
        case "not-json":
            return Response(
                '{"object": "list", "results": [', media_type="application/json; charset=utf-8"
            )
    return _error(failure(int(fault.kind)), request_id)


def _error(error: NotionError, request_id: str) -> Response:
    return json_response(error.body(request_id), error.status, error.headers)


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    added = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *added]}
        await send(message)

    return sending


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
