"""A run from outside: how far it is, what of the minute's Notion requests is used, and what it
waits for."""

from collections.abc import Callable

import msgspec

from lib.store.budget import WINDOW_MS, share_of
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Run, Runs


class Budget(msgspec.Struct, frozen=True):
    """The minute's requests: `used` or reserved of `limit` until `ends`, `visits` of them by
    visitors; none until `closed_until` (epoch seconds)."""

    limit: int
    used: int = 0
    ends: float = 0.0
    closed_until: float = 0.0
    visits: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether syncs get no more of this minute."""
        return self.used >= self.limit or self.used - self.visits >= share_of("sync", self.limit)


QUIET_SECONDS = 2.0
"""So long without a page more, although all of the minute's requests are reserved: they are used up
as well."""


class Waiting(msgspec.Struct, frozen=True):
    """Why nothing happens; `until` in epoch seconds, where that is known."""

    reason: str
    until: float | None = None


class Sight(msgspec.Struct, frozen=True):
    """A run at one moment, None before it has a record; `dead`: its worker was killed, and no other
    has come yet."""

    run: Run | None
    budget: Budget
    dead: bool = False
    waiting: Waiting | None = None

    @property
    def stage(self) -> str:
        if self.run is None or self.run.status == "pending":
            return "asked for"
        if self.run.status != "active":
            return self.run.status
        return "listing" if self.run.phase == "plan" else "reading"

    @property
    def ended(self) -> bool:
        return self.run is not None and self.run.status not in ("pending", "active")


class Watch:
    """Looks at one run; `limit` is how many requests Notion allows in a minute, `now` gives epoch
    seconds."""

    def __init__(
        self, kv: Kv, keys: Keys, run_id: str, limit: int, now: Callable[[], float]
    ) -> None:
        self._kv, self._keys, self._run_id, self._limit, self._now = kv, keys, run_id, limit, now
        self._runs = Runs(kv, keys, now, lambda: run_id)
        self._retries_at_kill: int | None = None
        self._synced, self._synced_at = 0, now()

    def killed(self, run: Run) -> None:
        """Whoever was at work on it, as it was seen last, is dead."""
        self._retries_at_kill = run.retries

    async def look(self) -> Sight:
        run = await self._runs.read(self._run_id)
        fields = ("start", "used", "closedUntil", "visits")
        start, used, closed, visits = await self._kv.command("HMGET", self._keys.budget, *fields)
        now, ends = self._now(), (float(start or 0) + WINDOW_MS) / 1000
        used, visits = (int(used or 0), int(visits or 0)) if now < ends else (0, 0)
        budget = Budget(self._limit, used, ends, float(closed or 0) / 1000, visits)
        if run and run.synced != self._synced:
            self._synced, self._synced_at = run.synced, now
        if run and self._retries_at_kill is not None and run.retries > self._retries_at_kill:
            self._retries_at_kill = None
        dead = self._retries_at_kill is not None
        quiet = now - self._synced_at > QUIET_SECONDS
        return Sight(run, budget, dead, waiting_for(run, budget, now, dead=dead, quiet=quiet))


def waiting_for(
    run: Run | None, budget: Budget, now: float, *, dead: bool, quiet: bool
) -> Waiting | None:
    """What a run waits for at `now`; None: it is at work, or over."""
    if run is None or run.status == "pending":
        return Waiting("QStash to deliver the first message")
    if run.status != "active":
        return None
    if dead:
        return Waiting("QStash to deliver the killed worker's message again")
    if budget.closed_until > now:
        return Waiting("Notion, which said wait", budget.closed_until)
    if quiet and budget.is_spent:
        return Waiting(
            f"the next minute: Notion's {budget.limit} requests are used up", budget.ends
        )
    return None
