"""A run from outside, as `/api/sync/status` tells of it: nothing is worked out here."""

from collections.abc import Awaitable, Callable

import msgspec

from lib.model import JSON
from lib.times import instant

UNDER_WAY = ("pending", "active")


class Budget(msgspec.Struct, frozen=True):
    """The Notion requests of this minute."""

    used: int
    limit: int


class Waiting(msgspec.Struct, frozen=True):
    """Why a run rests, and until when (ISO); `cause` where the status knows it."""

    reason: str
    until: str
    cause: str = ""

    @property
    def is_for_notions_minute(self) -> bool:
        return self.cause == "rate_limited"

    def seconds_left(self, now: float) -> float:
        return max(0.0, instant(self.until) - now)


class RunStatus(msgspec.Struct, frozen=True, rename="camel"):
    """What the terminal shows of a run."""

    run_id: str
    status: str
    to_sync: int = 0
    synced: int = 0
    failed: int = 0
    remaining: int = 0
    slices: int = 0
    retries: int = 0
    notion_requests: int = 0
    kv_commands: int = 0
    duration_ms: int | None = None
    waiting: Waiting | None = None
    errors: list[JSON] = []
    warnings: list[str] = []


class Sight(msgspec.Struct, frozen=True):
    """A run at one moment; None before the status shows it. `totals`: pages of each source."""

    run: RunStatus | None
    budget: Budget
    totals: dict[str, int] = {}

    @property
    def stage(self) -> str:
        if self.run is None or self.run.status == "pending":
            return "asked for"
        if self.run.status != "active":
            return self.run.status
        return "reading" if self.run.to_sync else "listing"

    @property
    def ended(self) -> bool:
        return self.run is not None and self.run.status not in UNDER_WAY


class Watch:
    """Looks at one run; `ask` gives the status, or None where no answer came."""

    def __init__(self, ask: Callable[[], Awaitable[JSON | None]], run_id: str) -> None:
        self._ask, self._run_id = ask, run_id
        self._last = Sight(None, Budget(0, 0))

    async def look(self) -> Sight:
        """Return what holds now; while the functions are down, what was seen last."""
        status = await self._ask()
        if status is not None:
            self._last = sight_of(status, self._run_id)
        return self._last


def sight_of(status: JSON, run_id: str) -> Sight:
    """Return what a status says of one run."""
    runs = [status["active"], *status["runs"]]
    run = next((one for one in runs if one and one["runId"] == run_id), None)
    return Sight(
        msgspec.convert(run, RunStatus) if run else None,
        msgspec.convert(status["site"]["budget"], Budget),
        {source["name"]: source["pages"] for source in status["sources"]},
    )
