"""Notion in process: the stand-in's own API and weather, on virtual time, with answers that lag
behind edits."""

import pickle
import re
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any

import httpx

from dev.notion.api import Api
from dev.notion.clock import Clock
from dev.notion.door import Door
from dev.notion.edits import Edits
from dev.notion.faults import Faults
from dev.notion.files import SignedFiles
from dev.notion.limits import Latency, RateLimit
from dev.notion.log import RequestLog
from dev.notion.nodes import JSON
from dev.notion.odd import Odd
from dev.notion.webhooks import Webhooks
from dev.notion.workspace import Workspace
from tests.simulation import asgi

LONGEST_LAG_SECONDS = 60.0
NOT_FOUND: JSON = {
    "object": "error",
    "status": 404,
    "code": "object_not_found",
    "message": (
        "Could not find page. Make sure the relevant pages and databases are shared with your"
        " integration."
    ),
}


class Notion:
    """`workspace` is what is true, `edit` changes it. Listings and lists of blocks may show it as
    it was `listing_lag` and `blocks_lag` seconds ago; the next requests whose path matches
    `missing` are answered 404, and `denied_at` says when, by page or block."""

    def __init__(
        self, workspace: Workspace, clock: Clock, url: str, now: Callable[[], float]
    ) -> None:
        self.workspace, self.clock, self._now = workspace, clock, now
        workspace.home = url
        self.webhooks = Events(workspace, clock)
        self.edit = Edits(workspace, clock, self.webhooks)
        self.limit, self.faults, self.odd = RateLimit(clock), Faults(), Odd()
        self.limit.requests = None
        self.listing_lag = self.blocks_lag = 0.0
        self._lags: list[tuple[float, float]] = [(0.0, 0.0)]
        self.missing: list[str] = []
        self.denied_at: dict[str, float] = {}
        self.requests = 0
        self._files = SignedFiles(workspace, clock)
        self._past: deque[tuple[float, bytes]] = deque()
        self._api = Api(workspace, self._files, self.odd)
        self._door = self._open(self._serve)

    def lag(self, listing: float, blocks: float) -> None:
        """From now on, answers are so many seconds old."""
        self.listing_lag, self.blocks_lag = listing, blocks
        self._lags.append((self._now(), max(listing, blocks)))

    def shown_until(self, since: float) -> float:
        """Return the moment up to which edits show in each answer that was given `since`, however
        old answers were meanwhile."""
        ends = [*(at for at, _ in self._lags[1:]), inf]
        return min(
            max(at, since) - lag
            for (at, lag), end in zip(self._lags, ends, strict=True)
            if end > since
        )

    def before_edit(self) -> None:
        """Keeps the workspace as it stands, for answers that lag behind what is done to it now."""
        past = (self.workspace.nodes, self.workspace.unshared)
        self._past.append((self._now(), pickle.dumps(past)))
        while len(self._past) > 1 and self._past[1][0] < self._now() - LONGEST_LAG_SECONDS:
            self._past.popleft()

    async def ask(self, request: httpx.Request) -> httpx.Response:
        """Raises `asgi.Lost`."""
        self.requests += 1
        if (
            found := next((one for one in self.missing if re.search(one, request.url.path)), None)
        ) is not None:
            self.missing.remove(found)
            self.denied_at[request.url.path.split("/")[3]] = self._now()
            return httpx.Response(404, json=NOT_FOUND)
        return await asgi.ask(
            self._door, request.method, request.url, request.headers, request.content
        )

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        path: str = scope["path"]
        lag = (
            self.listing_lag
            if path.endswith("/query")
            else self.blocks_lag
            if path.endswith("/children")
            else 0.0
        )
        past = self._as_it_was(self._now() - lag) if lag else None
        await (past or self._api).app(scope, receive, send)

    def _as_it_was(self, then: float) -> Api | None:
        """The API over the workspace of a moment; None: nothing has changed since."""
        kept = next((state for at, state in self._past if at >= then), None)
        if kept is None:
            return None
        old = Workspace(self.workspace.name)
        old.nodes, old.unshared = pickle.loads(kept)
        old.home, old.users, old.tokens = (
            self.workspace.home,
            self.workspace.users,
            self.workspace.tokens,
        )
        return Api(old, self._files, self.odd)

    def _open(self, app: asgi.App) -> Door:
        return Door(
            api=app,
            rest=app,
            workspace=self.workspace,
            clock=self.clock,
            limit=self.limit,
            latency=Latency(),
            faults=self.faults,
            log=RequestLog(),
        )


class Events(Webhooks):
    """Gathers events, and hands them out instead of sending them."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        super().__init__(workspace, clock)
        self._url = "nowhere"  # without an address nothing is noted

    def take(self) -> list[JSON]:
        """What was gathered, newest first: Notion promises no order."""
        with self._lock:
            events, self._pending = list(self._pending.values()), {}
        return events[::-1]
