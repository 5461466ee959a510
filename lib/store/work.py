"""What is due, across runs: claimed by slices under leases, done, tried again, or given up by a
run."""

from collections.abc import Callable, Collection, Sequence

import msgspec

from lib import json_text
from lib.model import JSON, Claim, Problem, WorkItem
from lib.store.keys import Keys
from lib.store.kv import Kv, Value
from lib.store.records import database_record, observation, page_record, work_item
from lib.store.runs import (
    KEPT_FOR_SECONDS,
    WORK_KEPT_FOR_SECONDS,
    Left,
    SliceLease,
    held,
    noted_problem,
)
from lib.store.salvage import read_number
from lib.times import milliseconds_of

FIELDS_PER_CLAIM = 5


class Batch(msgspec.Struct, frozen=True):
    """Work that was claimed, and what is left in all."""

    claims: list[Claim]
    left: Left


class WorkQueue:
    """`now` gives epoch seconds."""

    def __init__(self, kv: Kv, keys: Keys, now: Callable[[], float]) -> None:
        self._kv, self._keys, self._now = kv, keys, now

    async def claim_due(
        self,
        lease: SliceLease,
        count: int,
        in_hand: Collection[str],
        expires: float,
        spent: tuple[int, int] | None = None,
    ) -> Batch:
        """Claim up to `count` of what is due until `expires` (epoch seconds). `spent`: how many
        requests Notion got from this slice, and how many of them it put off. Raises
        `TakenOver`."""
        words: list[Value] = [
            *(self._keys.prefix, lease.run_id, lease.lane, lease.token),
            *(
                milliseconds_of(self._now()),
                milliseconds_of(expires),
                count,
                "1" if lease.is_focused else "0",
            ),
            f"{spent[0]} {spent[1]} {self._kv.commands + 1}" if spent else "",
            *in_hand,
        ]
        left, next_at, *found = held(
            await self._kv.script("claim", self._keys.run_work(lease.run_id), words)
        )
        claims = [
            _claim_of(*found[at : at + FIELDS_PER_CLAIM])
            for at in range(0, len(found), FIELDS_PER_CLAIM)
        ]
        soonest = read_number(next_at)
        return Batch(claims, Left(int(left), None if soonest is None else soonest / 1000))

    async def requeue_claim(
        self,
        lease: SliceLease,
        claim: Claim,
        item: WorkItem,
        due_at: float,
        kept: tuple[str, str] | None = None,
    ) -> None:
        """End a claim without a result; it may be claimed again from `due_at` on. `kept`, a key and
        its text, is written with it. Raises `TakenOver`."""
        await self._requeue_once(lease, claim, item, due_at, kept=kept)

    async def give_up(
        self, lease: SliceLease, claim: Claim, problem: Problem, due_at: float
    ) -> None:
        """End a claim that this run gives up: it is reported, and due again from `due_at` on.
        Raises `TakenOver`."""
        item = msgspec.structs.replace(claim.item, attempts=0, interrupted=False)
        await self._requeue_once(lease, claim, item, due_at, problem=problem)

    async def pass_on(
        self, lease: SliceLease, claim: Claim, others: Sequence[tuple[str, WorkItem]]
    ) -> None:
        """End a claim on what is no work by itself any more; `others` are due instead. Raises
        `TakenOver`."""
        await self._requeue_once(lease, claim, claim.item, 0.0, others=others, forget=True)

    async def _requeue_once(
        self,
        lease: SliceLease,
        claim: Claim,
        item: WorkItem,
        due_at: float,
        *,
        problem: Problem | None = None,
        others: Sequence[tuple[str, WorkItem]] = (),
        forget: bool = False,
        kept: tuple[str, str] | None = None,
    ) -> None:
        arguments: JSON = {
            "lane": lease.lane,
            "token": lease.token,
            "key": claim.key,
            "number": claim.number,
            **encoded_item(item),
            "due_at": milliseconds_of(due_at),
            "now_ms": milliseconds_of(self._now()),
            "given": problem is not None,
            "forget": forget,
            "focus": lease.is_focused,
            "problem": noted_problem(problem) if problem else "",
            "also": encoded_work(others),
            "ttl": KEPT_FOR_SECONDS,
        }
        if kept:
            arguments |= {"kept": kept, "kept_for": WORK_KEPT_FOR_SECONDS}
        words = [self._keys.prefix, json_text.encode(arguments)]
        held(await self._kv.script("requeue", self._keys.run_work(lease.run_id), words))


def encoded_work(work: Sequence[tuple[str, WorkItem]]) -> list[dict[str, str]]:
    """Return work as scripts take it."""
    return [{"key": key, **encoded_item(item)} for key, item in work]


def encoded_item(item: WorkItem) -> dict[str, str]:
    """Return work in two parts: flags, which are kept until it is done, and all else."""
    letters = ("r" if item.rewrite else "") + ("o" if item.asks_owners else "")
    doubted = f":{','.join(item.doubted)}" if item.doubted else ""
    rest = msgspec.structs.replace(item, rewrite=False, asks_owners=False, doubted=[])
    return {"flags": f"{letters or '-'}{doubted}", "payload": json_text.encode(rest)}


def _claim_of(key: str, work: str, observed: str, record: str, slug: str) -> Claim:
    number, item = work_item(work)
    claim = Claim(key=key, number=number, item=item)
    if claim.is_database:
        return msgspec.structs.replace(claim, database=database_record(record))
    return msgspec.structs.replace(
        claim, observation=observation(observed), record=page_record(record), slug=slug
    )
