"""The minute's Notion requests, shared by every function instance through KV.

Notion allows 180 requests in a fixed window of 60 s for each connection, in one burst if you like
(https://developers.notion.com/reference/request-limits); its window begins when it likes. Ours begins with the first
reservation and is a little longer, so that two bursts of ours rarely meet in one window of Notion's.
"""

from collections.abc import Callable

from lib.model import Grant
from lib.store.keys import Keys
from lib.store.kv import Kv

WINDOW_MS = 60_500


class Budget:
    """`now` gives epoch seconds."""

    def __init__(self, kv: Kv, keys: Keys, requests_per_minute: int, now: Callable[[], float]) -> None:
        self._kv = kv
        self._key = keys.budget
        self._limit = requests_per_minute
        self._now = now

    async def reserve(self, requests: int) -> Grant:
        """Reserves up to so many requests; none granted: `wait_seconds` until there are some again."""
        now_ms = round(self._now() * 1000)
        granted, wait_ms = await self._kv.script("budget", [self._key], [now_ms, requests, self._limit, WINDOW_MS])
        return Grant(int(granted), int(wait_ms) / 1000)

    async def close(self, seconds: float) -> None:
        """Notion said wait: nobody reserves anything for so long."""
        now_ms = round(self._now() * 1000)
        await self._kv.script("close_budget", [self._key], [now_ms + round(seconds * 1000), now_ms])

    async def give_back(self, requests: int) -> None:
        """Gives back what was reserved and not used."""
        if requests:
            await self._kv.script("give_back", [self._key], [requests, round(self._now() * 1000), WINDOW_MS])
