"""A little HTTP server that messages are delivered to: it writes down what arrives and answers as
it is told."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from qstash import Receiver
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from dev.serve import Server


@dataclass(frozen=True)
class Arrival:
    """A request as it arrived; `url` is the address in full, header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def retried(self) -> int:
        return int(self.headers["upstash-retried"])

    @property
    def message_id(self) -> str:
        return self.headers["upstash-message-id"]

    @property
    def claims(self) -> dict[str, Any]:
        """What its signature says, unverified."""
        claims: dict[str, Any] = jwt.decode(
            self.headers["upstash-signature"], options={"verify_signature": False}
        )
        return claims

    def verify(self, receiver: Receiver) -> None:
        """Has Upstash's own receiver judge it. Raises `SignatureError`."""
        receiver.verify(
            signature=self.headers["upstash-signature"], body=self.body.decode(), url=self.url
        )


@dataclass(frozen=True)
class Says:
    """An answer; it is held back until `after` is set."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    after: threading.Event | None = None


class Destination:
    """A running destination. The next answers are taken from `answers`, then everything gets a
    200."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.answers: list[Says] = []
        self.always: Callable[[Arrival], Says] = lambda arrival: Says()
        self.most_at_once = 0
        self._at_once = 0
        self._arrived = threading.Condition()
        self._server = Server(self)
        self.url = self._server.url

    def at(self, path: str) -> list[Arrival]:
        """What arrived at a path, in order."""
        return [
            arrival
            for arrival in self.arrivals
            if arrival.url.removeprefix(self.url).partition("?")[0] == path
        ]

    def wait_for(self, count: int) -> None:
        """Until so many requests have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.arrivals) >= count, 10), (
                f"only {len(self.arrivals)} arrived"
            )

    def forget(self) -> None:
        self.arrivals, self.answers, self.most_at_once = [], [], 0
        self.always = lambda arrival: Says()

    def close(self) -> None:
        self._server.close()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        url = f"{self.url}{path}?{query}" if query else f"{self.url}{path}"
        try:
            arrival = Arrival(request.method, url, dict(request.headers), await request.body())
        except ClientDisconnect:
            return
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        with self._arrived:
            self.arrivals.append(arrival)
            self._arrived.notify_all()
        says = self.answers.pop(0) if self.answers else self.always(arrival)
        if says.after:
            await asyncio.to_thread(says.after.wait, 20)
        self._at_once -= 1
        await Response(says.body, says.status, says.headers)(scope, receive, send)
