"""Somebody who is told things over HTTP: Slack, a site's revalidation route, any webhook. What it
hears, it keeps.

`python -m dev.listener --port 4005` prints what it is sent. What it does not imitate is in
README.md.
"""

import json
import threading
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dev.closing import Closing
from dev.serve import Server

__all__ = ["Heard", "Listener"]


@dataclass(frozen=True)
class Heard:
    """One request, and the status it was answered with. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Listener(Closing):
    """A running listener, at every path below `url`. Also a context manager."""

    def __init__(self, port: int = 0) -> None:
        self._lock = threading.Condition()
        self._heard: list[Heard] = []
        self._failing: dict[str, tuple[int, int, dict[str, str]]] = {}
        app = Starlette(
            routes=[Route("/{path:path}", self._hear, methods=["GET", "POST", "PUT", "DELETE"])]
        )
        self._server = Server(app, port)
        self.url = self._server.url

    def heard(self, path: str = "", *, taken: bool = True) -> list[Heard]:
        """What came to paths that begin so, in order; with `taken` only what was answered with
        2xx."""
        with self._lock:
            return [
                one
                for one in self._heard
                if one.path.startswith(path) and (one.status < 300 or not taken)
            ]

    def wait(self, count: int, path: str = "", timeout_seconds: float = 10.0) -> list[Heard]:
        """Waits until so many came. Raises `TimeoutError`."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self.heard(path)) >= count, timeout_seconds):
                raise TimeoutError(
                    f"{len(self.heard(path))} of {count} requests came to {path or 'any path'}"
                )
            return self.heard(path)

    def fail(
        self, path: str, status: int = 503, times: int = 1, headers: dict[str, str] | None = None
    ) -> None:
        """Refuses what comes to this path, so many times."""
        with self._lock:
            self._failing[path] = (status, times, headers or {})

    def reset(self) -> None:
        with self._lock:
            self._heard.clear()
            self._failing.clear()

    def close(self) -> None:
        self._server.close()

    async def _hear(self, request: Request) -> Response:
        body = await request.body()
        path = request.url.path
        with self._lock:
            status, times, headers = self._failing.get(path, (200, 0, {}))
            if times:
                self._failing[path] = (status, times - 1, headers)
            else:
                status, headers = 200, {}
            self._heard.append(Heard(request.method, path, dict(request.headers), body, status))
            self._lock.notify_all()
        return Response("ok" if status < 300 else "refused on request", status, headers)
