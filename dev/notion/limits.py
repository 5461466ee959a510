"""How much Notion gives: 180 requests in a fixed window of 60 s, and how long an answer takes.

https://developers.notion.com/reference/request-limits
"""

import math
import random
import threading
from datetime import datetime, timedelta

from dev.notion.clock import Clock

REQUESTS = 180
WINDOW_SECONDS = 60


class RateLimit:
    """A window opens with the first request after the one before has closed. `requests` None: no
    limit."""

    def __init__(self, clock: Clock) -> None:
        self.requests: int | None = REQUESTS
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: datetime | None = None
        self._taken = 0

    def take(self) -> int | None:
        """Takes one request; the seconds until the window closes, if there is none left in it."""
        with self._lock:
            if self.requests is None:
                return None
            now = self._clock.now()
            if (
                self._opened is None
                or not 0 <= (now - self._opened).total_seconds() < WINDOW_SECONDS
            ):
                self._opened, self._taken = now, 0
            if self._taken < self.requests:
                self._taken += 1
                return None
            closes = self._opened + timedelta(seconds=WINDOW_SECONDS)
            return max(1, math.ceil((closes - now).total_seconds()))

    def reset(self) -> None:
        with self._lock:
            self.requests, self._opened = REQUESTS, None


class Latency:
    """Real time that every answer takes: `ms`, and up to `jitter_ms` more, drawn from a seeded
    sequence."""

    def __init__(self) -> None:
        self.set(0)

    def set(self, ms: float, jitter_ms: float = 0, seed: int = 0) -> None:
        self._ms = ms
        self._jitter_ms = jitter_ms
        self._random = random.Random(seed)

    def seconds(self) -> float:
        return (
            (self._ms + self._jitter_ms * self._random.random()) / 1000
            if self._ms or self._jitter_ms
            else 0.0
        )
