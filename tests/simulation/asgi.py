"""Asking an ASGI application without a server: what a connection does, and nothing of a socket."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

App = Callable[[Any, Any, Any], Awaitable[None]]


class Lost(Exception):
    """The connection ended without an answer, or in the middle of one."""


async def ask(
    app: App, method: str, url: httpx.URL, headers: httpx.Headers, body: bytes
) -> httpx.Response:
    """The application's answer. Raises `Lost`."""
    exchange = _Exchange(body)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in headers.raw],
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 1),
    }
    await app(scope, exchange.receive, exchange.send)
    if exchange.status == 0 or not exchange.is_whole:
        raise Lost(f"{method} {url.path}")
    return httpx.Response(exchange.status, headers=exchange.headers, content=exchange.content)


class _Exchange:
    """One request and its answer. The applications reach for `send.__self__.transport` to end a
    connection."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.content = b""
        self.is_whole = False
        self.transport = _Gone(self)

    async def receive(self) -> MutableMapping[str, Any]:
        if self._body is None:
            await asyncio.get_running_loop().create_future()  # nobody hangs up: the caller waits
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message.get("headers", [])
        elif message["type"] == "http.response.body":
            self.content += message.get("body", b"")
            self.is_whole = not message.get("more_body", False)


class _Gone:
    """A transport whose connection can only be ended."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    def close(self) -> None:
        self._exchange.is_whole = False

    abort = close

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, _: str) -> "_Gone":
        return self

    def setsockopt(self, *_: object) -> None:
        """There is no socket that could linger."""
