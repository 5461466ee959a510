"""The minute's Notion requests, shared by every function instance through KV.

Notion allows 180 requests in a fixed window of 60 s for each connection, in one burst if you like
(https://developers.notion.com/reference/request-limits); its window begins when it likes. Ours
begins with the first reservation and is a little longer, so that two bursts of ours rarely meet in
one window of Notion's.

Syncs and visitors have a share each, so that neither keeps the other from Notion: a sync leaves
visitors a ninth (20 of 180), their look-ups leave syncs half.
"""

from collections.abc import Callable
from typing import Literal

from lib.model import Grant
from lib.store.keys import Keys
from lib.store.kv import Kv

WINDOW_MS = 60_500

Kind = Literal["sync", "visit"]


def share_of(kind: Kind, requests_per_minute: int) -> int:
    """Return the most requests that all syncs, or all look-ups, get of a minute."""
    share = (
        requests_per_minute - requests_per_minute // 9
        if kind == "sync"
        else requests_per_minute // 2
    )
    return max(1, share)


class Budget:
    """The minute as those of one kind reserve from it. `now` gives epoch seconds."""

    def __init__(
        self,
        kv: Kv,
        keys: Keys,
        requests_per_minute: int,
        now: Callable[[], float],
        kind: Kind = "sync",
    ) -> None:
        self._kv = kv
        self._key = keys.budget
        self._limit = requests_per_minute
        self._kind, self._share = kind, share_of(kind, requests_per_minute)
        self._now = now

    async def reserve(self, requests: int) -> Grant:
        """Reserve up to a number of requests. Where none is granted, `wait_seconds` says when there
        are some again."""
        now_ms = round(self._now() * 1000)
        words = [now_ms, requests, self._limit, WINDOW_MS, self._kind, self._share]
        granted, wait_ms, left = await self._kv.script("budget", [self._key], words)
        return Grant(int(granted), int(wait_ms) / 1000, int(left))

    async def close_minute(self, seconds: float) -> None:
        """Note that Notion said wait: no request can be reserved for this long."""
        now_ms = round(self._now() * 1000)
        await self._kv.script("close_budget", [self._key], [now_ms + round(seconds * 1000), now_ms])

    async def give_back(self, requests: int) -> None:
        """Give back what was reserved and not used."""
        if requests:
            await self._kv.script(
                "give_back", [self._key], [requests, round(self._now() * 1000), WINDOW_MS]
            )
