"""Runs as KV keeps them: who is at work, what is left to do, who holds which claim.

Every step is one script, so that a kill before or after it leaves a state the next delivery goes on from.
Times are epoch seconds here and epoch milliseconds in KV.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

from lib import json_text
from lib.errors import TakenOver
from lib.model import JSON, Ask, Item, KeptSource, Problem
from lib.store.keys import Keys
from lib.store.kv import Kv, Value, chunked, size_bytes
from lib.store.pieces import Pieces
from lib.store.salvage import read_count, read_number, read_object, read_record, sound_members

KEPT_FOR_SECONDS = 30 * 86_400
WORK_KEPT_FOR_SECONDS = 3 * 86_400
SILENCE = "The run gave no sign of life any more: its last message never came, or every retry of it failed."
PLAN_BYTES_PER_WRITE = 1_000_000
MOST_WARNINGS = 100
WARNING_CHARACTERS = 500
"""So many warnings are kept, so long ones: they name titles, and a record has to fit into one value."""
MOST_PROBLEMS = 50
"""As many problems of a run are kept, the first ones (note_problems.lua); all of them are counted."""
REASON_CHARACTERS = 1_000
MOST_WAITS = 200
"""Slices in a row in which a run may only wait, for Notion or for another lane."""
MOST_AGAIN = 3
"""Pages of one run that are tried again one by one after it; of more, everything is looked at again."""
TRIES_KEPT_FOR_SECONDS = 7_200

Progress = TypeVar("Progress")


class Hold(msgspec.Struct, frozen=True):
    """A slice's hold on its lane of a run; `token` fences off whoever held the lane before."""

    run_id: str
    lane: str
    slice: int
    token: str


class Run(msgspec.Struct, frozen=True, rename="camel"):
    """A run as its record says; times in epoch seconds, `job_ids` in the order of the lanes; `warnings` are the first,
    of which there were `warned` in all."""

    run_id: str
    status: str
    phase: str
    force: bool
    source: str
    page: str
    triggered_at: float
    started_at: float | None
    finished_at: float | None
    alive_until: float
    job_ids: list[str]
    listed: int
    to_sync: int
    synced: int
    written: int
    touched: int
    unchanged: int
    deleted: int
    dropping: int
    failed: int
    slices: int
    retries: int
    notion_requests: int
    notion_throttled: int
    kv_commands: int
    images: int
    warnings: list[str]
    warned: int
    error: str
    follow_up_run: str
    is_retry: bool
    last_error: str
    """What the last slice that failed met; "" where none did, or where it was killed."""

    @property
    def told_warnings(self) -> list[str]:
        """The warnings as people read them; the last line says how many more there were."""
        more = self.warned - len(self.warnings)
        return [*self.warnings, f"… and {more} more"] if more > 0 else self.warnings

    @property
    def remaining(self) -> int:
        return max(0, self.to_sync - self.synced - self.failed)

    @property
    def ask(self) -> Ask:
        return Ask(self.force, self.source, self.page, self.is_retry)


class Asked(msgspec.Struct, frozen=True):
    """What became of a request for a run: `outcome` is new, joined (one is under way) or resumed (one waits for
    a message; its next one is `slice` of lane 0, and publishing it twice does no harm)."""

    outcome: str
    run_id: str
    job_ids: list[str]
    slice: int


class Begun(msgspec.Struct, frozen=True):
    """What became of a delivery: go, early, unsent, repeated, ended, joined (`other` is the run under way), or
    exhausted (slice after slice began and brought nothing, so that the run has to be failed)."""

    outcome: str
    hold: Hold
    run: Run | None = None
    other: str = ""


class Claimed(msgspec.Struct, frozen=True):
    """`left` counts everything not done; `next_due` is when the first item nobody works on is due (None: none)."""

    items: list[Item]
    left: int
    next_due: float | None


class Ended(msgspec.Struct, frozen=True):
    """`repeated`: the run had ended before. `follow_up`: the run that is under way from now on; `ask`: what it does."""

    repeated: bool
    follow_up: str = ""
    ask: Ask = Ask()


class Runs:
    """`now` gives epoch seconds. `tries`: as many slices in a row may bring nothing before a run is given up."""

    def __init__(self, kv: Kv, keys: Keys, now: Callable[[], float], tries: int = 3) -> None:
        self._kv = kv
        self._keys = keys
        self._now = now
        self._tries = tries
        self._pieces = Pieces(kv)

    async def ask(self, run_id: str, ask: Ask, alive_until: float) -> Asked:
        """Records a run and makes it the one under way, or joins the one that is (another follows it then)."""
        outcome, found, jobs, number = await self._kv.script(
            "ask",
            [self._keys.active, self._keys.runs],
            [
                *(self._root, run_id, _ms(self._now()), _ms(alive_until)),
                *(_flag(ask.exclusive), _flag(ask.force), ask.source, KEPT_FOR_SECONDS, SILENCE),
                *_pairs(self._new(run_id, ask, alive_until)),
            ],
        )
        return Asked(outcome, found, _words(jobs), int(number))

    async def note_jobs(self, run_id: str, job_ids: Sequence[str], alive_until: float) -> None:
        """Keeps the ids of the messages that started the run, which is believed to be alive until then."""
        words = ("jobIds", ",".join(job_ids), "aliveUntil", _ms(alive_until))
        await self._kv.command("HSET", self._keys.run(run_id), *words)

    async def note(self, run_id: str, facts: Mapping[str, Value]) -> None:
        """Adds to a run's record."""
        await self._kv.command("HSET", self._keys.run(run_id), *_pairs(facts))

    async def is_joined(self, run_id: str) -> bool:
        """Whether somebody asked for a run meanwhile and waits for this one to end."""
        asked: str | None = await self._kv.command("HGET", self._keys.run(run_id), "followUp")
        return asked == "1"

    async def forget(self, run_id: str) -> None:
        """Takes back a run whose message was refused, unless it has begun all the same."""
        if await self._kv.script("forget", [self._keys.active, self._keys.runs], [self._root, run_id]) != "done":
            raise TakenOver(f"run {run_id} has begun")

    async def begin(self, run_id: str, lane: str, number: int, ask: Ask, alive_until: float) -> Begun:
        """Begins slice `number` of a lane; the claims that an earlier delivery held in this lane are free again."""
        outcome, token, *fields = await self._kv.script(
            "begin",
            [self._keys.active, self._keys.runs],
            [
                *(self._root, run_id, lane, number, _ms(self._now()), _ms(alive_until)),
                *(_flag(ask.exclusive), _flag(ask.force), ask.source, KEPT_FOR_SECONDS, self._tries, MOST_WAITS),
                *_pairs(self._new(run_id, ask, alive_until)),
            ],
        )
        hold = Hold(run_id, lane, number, token)
        if outcome == "joined":
            return Begun(outcome, hold, other=token)
        return Begun(outcome, hold, run_of(dict(zip(fields[::2], fields[1::2], strict=True))))

    async def write_plan(
        self,
        hold: Hold,
        items: Sequence[Item],
        facts: Mapping[str, Value],
        moving: Collection[str],
        drops: Mapping[str, float],
        *,
        problems: Sequence[Problem] = (),
    ) -> list[str]:
        """Writes the plan and opens it for work; `moving` are pages that will leave their slugs in this run, `drops`
        those that are unpublished when it ends, and when each was seen to be gone (epoch seconds).

        `problems` are what the survey could not read. They count as failed and are reported once, however often the
        plan is written; pages and databases among them are due in the next run.

        Answers the lanes that came before there was a plan. Raises `TakenOver`.
        """
        run, overdue = self._keys.run(hold.run_id), self._keys.overdue
        entries = [(key_of(item), encoded(item)) for item in items]
        chunks = chunked(entries, PLAN_BYTES_PER_WRITE, size_bytes) or [[]]
        to_sync = sum(item.kind == "page" for item in items) + len(problems)
        due, told = _due_again(problems), [_noted(problem) for problem in problems[:MOST_PROBLEMS]]
        waiting: list[str] = []
        for number, chunk in enumerate(chunks):
            first, last = number == 0, number == len(chunks) - 1
            fields = _pairs({**facts, "toSync": to_sync}) if last else []
            leaving, gone = (list(moving), _pairs(drops)) if first else ([], [])
            ids, notes = (due, told) if last else ([], [])
            payloads = [word for entry in chunk for word in entry]
            waiting = _held(
                await self._kv.script(
                    "plan",
                    [run, self._keys.hidden, overdue],
                    [
                        *(hold.lane, hold.token, _flag(first), _flag(last), WORK_KEPT_FOR_SECONDS, KEPT_FOR_SECONDS),
                        *(self._now() - WORK_KEPT_FOR_SECONDS, len(fields), len(leaving), len(gone)),
                        *(len(ids), len(notes), len(problems)),
                        *(*fields, *leaving, *gone, *ids, *notes, *payloads),
                    ],
                )
            )
        return waiting

    async def vacating(self, run_id: str, pages: Collection[str]) -> set[str]:
        """Those of the pages that leave their slugs in this run."""
        ids = list(pages)
        members = await self._kv.command("SMISMEMBER", f"{self._keys.run(run_id)}:vacating", *ids)
        return {id for id, member in zip(ids, members, strict=True) if member}

    async def claim(self, hold: Hold, count: int, in_hand: Collection[str], expires: float) -> Claimed:
        """Claims up to `count` items until `expires`. What can't be read any more is given up. Raises `TakenOver`."""
        words: list[Value] = [hold.lane, hold.token, _ms(self._now()), _ms(expires), count, WORK_KEPT_FOR_SECONDS]
        words += in_hand
        while True:
            left, next_due, *found = _held(await self._kv.script("claim", [self._keys.run(hold.run_id)], words))
            payloads = dict(zip(found[::2], found[1::2], strict=True))
            items = {key: read_record(payload, Item) for key, payload in payloads.items()}
            lost = [key for key, item in items.items() if item is None or key_of(item) != key]
            if not lost:
                return Claimed([item for item in items.values() if item], int(left), _seconds(next_due))
            for key in lost:
                await self.give_up(hold, *_lost_item(key, payloads[key]))

    async def put_back(self, hold: Hold, item: Item, due_at: float) -> None:
        """Ends a claim without a result; the item is due again at `due_at`. Raises `TakenOver`."""
        await self._put_back(hold, item, encoded(item), due_at, "")

    async def give_up(self, hold: Hold, item: Item, reason: str, title: str = "", *, again: bool = False) -> None:
        """Ends a claim for good: the page or database is reported under its title, keeps its old bundle and stays due.
        Raises `TakenOver`."""
        problem = Problem(item.id, item.slug, title, item.kind, reason)
        if again and item.kind == "page":
            await self.note_again(hold.run_id, [item.id])
        await self._put_back(hold, item, "", 0, _noted(problem))

    async def drop(self, hold: Hold, item: Item, drop: str) -> None:
        """Ends a claim on a page that is gone: `drop` is unpublished when the run ends. Raises `TakenOver`."""
        await self._put_back(hold, item, "", 0, "", drop)

    async def _put_back(
        self, hold: Hold, item: Item, payload: str, due_at: float, problem: str, drop: str = ""
    ) -> None:
        words: list[Value] = [hold.lane, hold.token, key_of(item), payload, _ms(due_at), problem]
        words += [KEPT_FOR_SECONDS, drop, self._now()]
        _held(await self._kv.script("put_back", [self._keys.run(hold.run_id), self._keys.overdue], words))

    async def rest(
        self,
        hold: Hold,
        counters: Mapping[str, int],
        alive_until: float,
        *,
        is_fruitful: bool = True,
        parked: bool = False,
    ) -> Claimed:
        """End a slice and free what it holds. `is_fruitful`: Notion has answered it. `parked`: no message will come,
        the next that asks for a run goes on. Raises `TakenOver`."""
        words: list[Value] = [hold.lane, hold.token, hold.slice, _ms(self._now()), _ms(alive_until)]
        words += [_flag(parked), _flag(is_fruitful), *_pairs(counters)]
        left, next_due = _held(await self._kv.script("rest", [self._keys.run(hold.run_id)], words))
        return Claimed([], int(left), _seconds(next_due))

    async def note_wait(self, hold: Hold, *, is_fruitful: bool) -> None:
        """Note that a slice at the end of its run has waited, and is no failed try of it."""
        run = self._keys.run(hold.run_id)
        await self._kv.command("HSET", run, f"fruitless:{hold.lane}", 0)
        if not is_fruitful:
            await self._kv.command("HINCRBY", run, f"waits:{hold.lane}", 1)

    async def note_again(self, run_id: str, pages: Collection[str]) -> None:
        """Note pages that got no usable answer, to be tried again after the run."""
        key = self._keys.run_again(run_id)
        await self._kv.pipeline([["SADD", key, *pages], ["EXPIRE", key, WORK_KEPT_FOR_SECONDS]])

    async def tries_of(self, run_id: str) -> dict[str, int]:
        """Return the pages to be tried again after the run, and of at most `MOST_AGAIN` of them how often that has been
        done in the last hours, this time included; of more, 0."""
        pages: list[str] = sorted(await self._kv.command("SMEMBERS", self._keys.run_again(run_id)))
        if not 0 < len(pages) <= MOST_AGAIN:
            return dict.fromkeys(pages, 0)
        commands: list[list[Value]] = [["HINCRBY", self._keys.tries, page, 1] for page in pages]
        *counts, _ = await self._kv.pipeline([*commands, ["EXPIRE", self._keys.tries, TRIES_KEPT_FOR_SECONDS]])
        return dict(zip(pages, counts, strict=True))

    async def end(
        self, run_id: str, status: str, facts: Mapping[str, Value], next_id: str, alive_until: float
    ) -> Ended:
        """Ends a run as delivered, failed or cancelled. `next_id` follows a delivered one that somebody joined."""
        follow = _flag(status == "delivered")
        outcome, follow_up, *ask = await self._kv.script(
            "end",
            [self._keys.active, self._keys.runs],
            [
                *(self._root, run_id, status, _ms(self._now()), _ms(alive_until), next_id, follow, KEPT_FOR_SECONDS),
                *(_ms(self._now()), *_pairs({"error": "", **facts})),
            ],
        )
        if not follow_up:
            return Ended(outcome == "repeated")
        return Ended(outcome == "repeated", follow_up, Ask(force=ask[0] == "1", source=ask[1] or ""))

    async def forced_at(self, run_id: str) -> float | None:
        """Since when a page must have been read in this run (epoch seconds); None: the run is not forced."""
        text: str | None = await self._kv.command("HGET", self._keys.run(run_id), "forcedAt")
        return read_number(text)

    async def found_sources(self, run_id: str) -> dict[str, KeptSource]:
        """What the run's survey found out about its sources, to be remembered when it ends."""
        text: str | None = await self._kv.command("HGET", self._keys.run(run_id), "sources")
        found = {name: read_record(json_text.encode(kept), KeptSource) for name, kept in read_object(text).items()}
        return {name: kept for name, kept in found.items() if kept}

    async def hand_on(self, run_id: str, what: str, progress: msgspec.Struct | JSON) -> None:
        """Keeps how far something has come for the run's next slice; `what` is `listing` or `partial:{item}`."""
        text = json_text.encode(progress)
        await self._pieces.keep(f"{self._keys.run(run_id)}:{what}", text, WORK_KEPT_FOR_SECONDS)

    async def handed_on(self, run_id: str, what: str, kind: type[Progress]) -> Progress | None:
        """How far an earlier slice of the run had come with it."""
        text = await self._pieces.read(f"{self._keys.run(run_id)}:{what}")
        try:
            return msgspec.json.decode(text, type=kind) if text else None
        except msgspec.DecodeError:  # of another form: an earlier deployment of the project left it
            return None

    async def reached(self, run_id: str, lane: str) -> int:
        """The number of the slice that a lane began last, -1 before the first."""
        number: str | None = await self._kv.command("HGET", self._keys.run(run_id), f"slice:{lane}")
        return -1 if number is None else read_count(number) or 0

    async def read(self, run_id: str) -> Run | None:
        """The run's record, or None where there is none (any more)."""
        fields = await self._kv.command("HGETALL", self._keys.run(run_id))
        return run_of(fields) if fields else None

    @property
    def _root(self) -> str:
        return self._keys.run("")

    def _new(self, run_id: str, ask: Ask, alive_until: float) -> dict[str, Value]:
        return {
            "runId": run_id,
            "status": "pending",
            "phase": "plan",
            "force": _flag(ask.force),
            "source": ask.source,
            "page": ask.page,
            "retry": _flag(ask.retry),
            "triggeredAt": _ms(self._now()),
            "aliveUntil": _ms(alive_until),
        }


def key_of(item: Item) -> str:
    """The item's name in a plan; a database and a page may bear the same id."""
    return item.id if item.kind == "page" else f"db:{item.id}"


def _lost_item(key: str, payload: str) -> tuple[Item, str, str]:
    """Return an item that can't be read, so far as it is known, the reason to report it for, and its title."""
    known = sound_members(read_object(payload), Item)
    kind: Literal["page", "database"] = "database" if key.startswith("db:") else "page"
    item = Item(key.removeprefix("db:"), kind, slug=known.get("slug", ""))
    return item, "What KV remembered of it could not be read; the next run reads it again", known.get("title", "")


def encoded(item: Item) -> str:
    return json_text.encode(item)


def _due_again(problems: Sequence[Problem]) -> list[str]:
    """Return the names, as in a plan, of the pages and databases among them."""
    pages = [problem.page_id for problem in problems if problem.kind == "page" and problem.page_id]
    return pages + [f"db:{problem.page_id}" for problem in problems if problem.kind == "database" and problem.page_id]


def _noted(problem: Problem) -> str:
    """Return a problem as a run's record keeps it."""
    title, reason = shortened(problem.title), shortened(problem.reason, REASON_CHARACTERS)
    return json_text.encode(msgspec.structs.replace(problem, title=title, reason=reason))


def problems_of(notes: Sequence[str]) -> list[Problem]:
    """Return a run's problems, also those that another version of the project noted in another form."""
    return [read_record(note, Problem) or _salvaged_problem(note) for note in notes]


def _salvaged_problem(note: str) -> Problem:
    return Problem(**{"reason": "What was noted of it can't be read", **sound_members(read_object(note), Problem)})


def warning_facts(warnings: Sequence[str], before: Run | None = None) -> dict[str, Value]:
    """Warnings as a run's record keeps them, after those that it holds already."""
    all_of_them = [*(before.warnings if before else []), *map(shortened, warnings)]
    count = (before.warned if before else 0) + len(warnings)
    return {"warnings": json_text.encode(all_of_them[:MOST_WARNINGS]), "warned": count}


def shortened(text: str, most: int = WARNING_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def run_of(fields: Mapping[str, str]) -> Run:
    """A run from its record's fields; a counter that nobody raised yet, or that is none, is 0."""

    def count(name: str) -> int:
        return read_count(fields.get(name)) or 0

    return Run(
        run_id=fields.get("runId", ""),
        status=fields.get("status", "pending"),
        phase=fields.get("phase", "plan"),
        force=fields.get("force") == "1",
        source=fields.get("source", ""),
        page=fields.get("page", ""),
        triggered_at=_seconds(fields.get("triggeredAt")) or 0.0,
        started_at=_seconds(fields.get("startedAt")),
        finished_at=_seconds(fields.get("finishedAt")),
        alive_until=_seconds(fields.get("aliveUntil")) or 0.0,
        job_ids=_words(fields.get("jobIds", "")),
        listed=count("listed"),
        to_sync=count("toSync"),
        synced=count("synced"),
        written=count("written"),
        touched=count("touched"),
        unchanged=count("unchanged"),
        deleted=count("deleted"),
        dropping=count("dropping"),
        failed=count("failed"),
        slices=count("slices"),
        retries=count("retries"),
        notion_requests=count("notionRequests"),
        notion_throttled=count("notionThrottled"),
        kv_commands=count("kvCommands"),
        images=count("images"),
        warnings=_warnings(fields.get("warnings")),
        warned=count("warned"),
        error=fields.get("error", ""),
        follow_up_run=fields.get("followUpRun", ""),
        is_retry=fields.get("retry") == "1",
        last_error=fields.get("lastError", ""),
    )


def _held(answer: object) -> list[str]:
    if answer == "lost":
        raise TakenOver("another delivery of this slice has taken its work over")
    return answer if isinstance(answer, list) else []


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _seconds(ms: str | int | None) -> float | None:
    number = read_number(ms)
    return None if number is None else number / 1000


def _warnings(text: str | None) -> list[str]:
    try:
        return msgspec.json.decode(text or "[]", type=list[str])
    except msgspec.DecodeError:
        return []


def _flag(on: bool) -> str:
    return "1" if on else "0"


def _pairs(fields: Mapping[str, Value]) -> list[Value]:
    return [word for pair in fields.items() for word in pair]


def _words(joined: str) -> list[str]:
    return [word for word in joined.split(",") if word]
