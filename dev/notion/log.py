"""What the stand-in was asked: the requests one by one, and sums of them."""

import re
import threading
import time
from collections import Counter, deque
from typing import NamedTuple

from dev.notion.nodes import JSON

KEPT = 100_000

_ID = re.compile(r"/[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


class Span(NamedTuple):
    """When a request was under way, in seconds of `time.monotonic()`."""

    began: float
    ended: float
    path: str
    status: int


class RequestLog:
    """The last requests in the order of their answers; `stats` count since they were set back, and
    `spans` are since then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._requests: deque[JSON] = deque(maxlen=KEPT)
            self._n = 0
            self._running = 0
        self.clear_stats()

    def clear_stats(self) -> None:
        with self._lock:
            self._by_status: Counter[int] = Counter()
            self._by_endpoint: Counter[str] = Counter()
            self._most_at_once = 0
            self._spans: deque[Span] = deque(maxlen=KEPT)

    def begin(self) -> float:
        """Answers the moment, which `end` asks for."""
        with self._lock:
            self._running += 1
            self._most_at_once = max(self._most_at_once, self._running)
        return time.monotonic()

    def end(self, began: float, method: str, path: str, status: int) -> None:
        """`status` 0: the connection was left without an answer."""
        endpoint = f"{method} {_ID.sub('/{id}', path)}"
        if "/properties/" in endpoint:
            endpoint = endpoint.partition("/properties/")[0] + "/properties/{id}"
        with self._lock:
            self._running -= 1
            self._n += 1
            self._requests.append({"n": self._n, "method": method, "path": path, "status": status})
            self._spans.append(Span(began, time.monotonic(), path, status))
            self._by_status[status] += 1
            self._by_endpoint[endpoint] += 1

    @property
    def under_way(self) -> int:
        """How many requests have no answer yet."""
        with self._lock:
            return self._running

    @property
    def requests(self) -> list[JSON]:
        with self._lock:
            return list(self._requests)

    @property
    def spans(self) -> list[Span]:
        with self._lock:
            return list(self._spans)

    @property
    def stats(self) -> JSON:
        """`total`, `byStatus`, `byEndpoint`, and how many were under way `mostAtOnce`."""
        with self._lock:
            return {
                "total": sum(self._by_status.values()),
                "byStatus": {
                    str(status): count for status, count in sorted(self._by_status.items())
                },
                "byEndpoint": dict(sorted(self._by_endpoint.items())),
                "mostAtOnce": self._most_at_once,
            }
