"""What is announced of a run: how it ended, what it changed, and which channels have been notified
already."""

from collections.abc import Callable

import msgspec

from lib.model import Changes, Outcome, Problem
from lib.store.keys import Keys
from lib.store.kv import Kv, Value
from lib.store.runs import SILENCE, WORK_KEPT_FOR_SECONDS, Run, problems_of, run_of
from lib.store.salvage import read_count

NAMES = 20
"""Changed pages that are named."""
REFERRERS_AT_ONCE = 5_000
"""Pages that one script looks at which lead to others."""


HELD_MS = 45_000
"""Longer than a request to a channel takes, and shorter than the queue waits before it tries
again."""


class Telling(msgspec.Struct, frozen=True):
    """`told` names the channels that have been notified of this run, or never will be."""

    outcome: Outcome
    told: frozenset[str]


class Tellings:
    """`now` gives epoch seconds, `new_id` a new text."""

    def __init__(
        self, kv: Kv, keys: Keys, now: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        self._kv, self._keys = kv, keys
        self._now, self._new_id = now, new_id

    async def read_ending(self, run_id: str) -> Telling | None:
        """How the run ended; None where it has not."""
        run = self._keys.run(run_id)
        fields, errors, changed = await self._kv.pipeline(
            [
                ["HGETALL", run],
                ["LRANGE", f"{run}:errors", 0, -1],
                ["SRANDMEMBER", f"{run}:changed", NAMES],
            ]
        )
        if fields.get("status") not in ("delivered", "failed", "cancelled"):
            return None
        told = frozenset(
            name.removeprefix("told:") for name, value in fields.items() if name.startswith("told:")
        )
        updated = sorted(name.removeprefix("page:") for name in changed if name.startswith("page:"))
        return Telling(outcome_of(run_of(fields), problems_of(errors), updated), told)

    async def claim_channel(self, run_id: str, channel: str) -> bool:
        """Claim a channel, for good; return whether this caller has it, however often the command
        is sent."""
        mine = self._new_id()
        run, field = self._keys.run(run_id), f"told:{channel}"
        _, owner = await self._kv.pipeline([["HSETNX", run, field, mine], ["HGET", run, field]])
        return bool(owner == mine)

    async def hold_channel(self, run_id: str, channel: str) -> bool:
        """Hold a channel for a while; return whether no other delivery holds it."""
        now = round(self._now() * 1000)
        words: list[Value] = [f"telling:{channel}", self._new_id(), now, now + HELD_MS]
        return bool(await self._kv.script("hold_telling", [self._keys.run(run_id)], words))

    async def release_channel(self, run_id: str, channel: str) -> None:
        """Give a channel back that was not notified after all."""
        fields = (f"told:{channel}", f"telling:{channel}")
        await self._kv.command("HDEL", self._keys.run(run_id), *fields)

    async def note_told(self, run_id: str, channel: str) -> None:
        """Note that the channel is through with the run, and when (ms)."""
        now = round(self._now() * 1000)
        await self._kv.command("HSET", self._keys.run(run_id), f"told:{channel}", now)

    async def changes(self, run_id: str) -> Changes:
        """Return what the site has to render again; of a run that has ended, always the same."""
        keys = self._keys
        words: list[Value] = [keys.prefix, REFERRERS_AT_ONCE, WORK_KEPT_FOR_SECONDS]
        are_left = 1
        while are_left:
            are_left, *found = await self._kv.script(
                "referrers", [keys.run(run_id), keys.paths], words
            )
        changed, removed, referrers = map(frozenset, found)
        return Changes(changed, removed, referrers)

    async def passed_on(self, run_id: str) -> int:
        """How many of the run's changes the site has taken."""
        text: str | None = await self._kv.command("HGET", self._keys.run(run_id), "passedOn")
        return read_count(text) or 0

    async def pass_on(self, run_id: str, count: int) -> None:
        await self._kv.command("HSET", self._keys.run(run_id), "passedOn", count)

    async def silent_runs(self) -> list[str]:
        """Return the ids of runs that broke without a callback, marked as failed now, until they
        are `noticed`."""
        now = round(self._now() * 1000)
        untold: list[str] = await self._kv.script(
            "silent", [self._keys.runs], [self._keys.run(""), now, SILENCE]
        )
        return untold

    async def note_noticed(self, run_id: str) -> None:
        """The notice of a run that broke in silence is on its way."""
        await self._kv.command("HSET", self._keys.run(run_id), "silentTold", "1")


def outcome_of(run: Run, problems: list[Problem], updated: list[str]) -> Outcome:
    ended, began = run.finished_at or run.triggered_at, run.started_at or run.triggered_at
    return Outcome(
        run_id=run.run_id,
        status=run.status,
        force=run.force,
        source=run.source,
        page=run.page,
        window=run.window,
        scheduled=run.scheduled,
        triggered_at=run.triggered_at,
        seconds=max(0.0, ended - began),
        synced=run.synced,
        written=run.written,
        touched=run.touched,
        unchanged=run.unchanged,
        deleted=run.deleted,
        failed=run.failed,
        slices=run.slices,
        notion_requests=run.notion_requests,
        error=run.error,
        problems=problems,
        updated=updated,
    )
