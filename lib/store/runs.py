"""Runs as KV keeps them: which slices are at work, what each has done, how a run ended.

Every step is one script, so that a kill before or after it leaves a state from which the next
delivery goes on. Times are epoch seconds here and epoch milliseconds in KV.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import msgspec

from lib import json_text
from lib.errors import TakenOver
from lib.model import JSON, Ask, Cause, ListingRecord, Problem, SourceRecord, known_cause
from lib.store.keys import Keys
from lib.store.kv import Kv, Value
from lib.store.pieces import Pieces, Put
from lib.store.salvage import read_count, read_number, read_object, read_record, sound_members
from lib.times import milliseconds_of

KEPT_FOR_SECONDS = 30 * 86_400
WORK_KEPT_FOR_SECONDS = 3 * 86_400
SILENCE = (
    "The run gave no sign of life any more: its last message never came, or every retry of it"
    " failed."
)
MOST_WARNINGS = 100
WARNING_CHARACTERS = 500
"""Warnings that a run keeps, and their length: they name titles, and a record has to fit into one
value."""
MOST_PROBLEMS = 50
"""Problems that a run keeps, the first ones (note_problems.lua); all of them are counted."""
REASON_CHARACTERS = 1_000
MOST_WAITS = 200
"""Slices in a row in which a run may only wait, for Notion or for another lane."""
MOST_AGAIN = 3
"""Pages of one run that are tried again one by one after it; of more, everything is looked at
again."""
TRIES_KEPT_FOR_SECONDS = 7_200
LONGEST_DELAY_SECONDS = 6 * 86_400
"""How far ahead a message is published for the next date: QStash's free plan delays one by seven
days at most (https://upstash.com/pricing/qstash). A cron's run comes before."""
LOST_AFTER_SECONDS = 300
"""A message for a date that is this late counts as lost, and another is published."""

Progress = TypeVar("Progress")


class SliceLease(msgspec.Struct, frozen=True):
    """A slice's lease on its lane of a run. `token` is its fencing token: scripts refuse the one
    that had the lane before."""

    run_id: str
    lane: str
    slice: int
    token: str
    is_focused: bool = False
    """The run is about certain pages only, and does nothing else that is due."""


class Run(msgspec.Struct, frozen=True, rename="camel"):
    """A run as its record says; times in epoch seconds, `job_ids` in the order of the lanes;
    `warnings` are the first, of which there were `warned` in all."""

    run_id: str
    status: str
    phase: str
    force: bool
    source: str
    page: str
    window: int
    scheduled: int
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
    planner: str
    """The lane that looks around."""
    waits: int
    """How often in a row lane 0 has waited."""
    is_retry: bool
    asked_by: str
    last_error: str
    """What the last slice that failed met; "" where none did, or where it was killed."""
    waits_until: float | None
    waits_for: str
    """Until when (epoch seconds) the next slice waits, and for what; None: it does not."""
    waits_cause: Cause | None
    next_moment: float | None
    """When dates begin or end next (epoch seconds), where the run's end has to see to a message
    for it."""
    site_told_at: float | None
    """When the site had been notified of all that the run changed; None: it has not been."""

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
        return Ask(
            force=self.force,
            source=self.source,
            page=self.page,
            retry=self.is_retry,
            window=self.window,
            scheduled=self.scheduled,
            asked_by=self.asked_by,
        )


class Asked(msgspec.Struct, frozen=True):
    """What became of a request for a run: `outcome` is new, joined (one is under way), resumed
    (one waits for a message; its next one is `slice` of lane 0, and publishing it twice does no
    harm) or unknown (no page is published under the slug that was given, or was)."""

    outcome: str
    run_id: str
    job_ids: list[str]
    slice: int


class Begun(msgspec.Struct, frozen=True):
    """What became of a delivery: go, unsent, repeated, ended, joined (`other` is the run under
    way), or exhausted (slice after slice began and brought nothing, so that the run has to be
    failed)."""

    outcome: str
    lease: SliceLease
    run: Run | None = None
    other: str = ""


class Left(msgspec.Struct, frozen=True):
    """`count` is what a run has yet to do, `next_at` (epoch seconds) when the next of it may be
    done (None: nothing)."""

    count: int
    next_at: float | None


class Ended(msgspec.Struct, frozen=True):
    """`repeated`: the run had ended before. `follow_up`: the run that is under way from now on;
    `ask`: what it does. `next_moment`: when dates begin or end next (epoch seconds), where no
    message is on its way for it; None: no message is needed."""

    repeated: bool
    follow_up: str = ""
    ask: Ask = Ask()
    next_moment: float | None = None


class Runs:
    """`now` gives epoch seconds, `new_id` a new word. `tries`: slices in a row that may bring
    nothing before a run is given up."""

    def __init__(
        self,
        kv: Kv,
        keys: Keys,
        now: Callable[[], float],
        new_id: Callable[[], str],
        tries: int = 3,
    ) -> None:
        self._kv = kv
        self._keys = keys
        self._now = now
        self._new_id = new_id
        self._tries = tries
        self._pieces = Pieces(kv)

    async def ask_for_run(self, run_id: str, ask: Ask, alive_until: float, slug: str = "") -> Asked:
        """Record a run and make it the one under way, or join the one that is (another follows
        it then). Where the page is given by a `slug`, that has to lead to one."""
        keys = self._keys
        names = [keys.active, keys.runs, keys.promised, keys.run(run_id)]
        outcome, found, jobs, number = await self._kv.script(
            "ask",
            [*names, keys.slugs, keys.former_slugs],
            [
                *(self._root, run_id, milliseconds_of(self._now()), milliseconds_of(alive_until)),
                *(
                    _flag_text(ask.exclusive),
                    _flag_text(ask.force),
                    ask.source,
                    KEPT_FOR_SECONDS,
                    SILENCE,
                ),
                slug,
                *_flat_pairs(self._pending_fields(run_id, ask, alive_until)),
            ],
        )
        return Asked(outcome, found, _words_of(jobs), int(number))

    async def note_jobs(self, run_id: str, job_ids: Sequence[str], alive_until: float) -> None:
        """Keep the ids of the messages that started the run, which is believed to be alive until
        then at least."""
        await self._kv.script(
            "note_jobs",
            [self._keys.run(run_id)],
            [",".join(job_ids), milliseconds_of(alive_until)],
        )

    async def note_spent(self, lease: SliceLease, counters: Mapping[str, int]) -> None:
        """Note what a slice spent that ends in an error; the next one counts it."""
        names = ("notionRequests", "notionThrottled", "kvCommands")
        spent = " ".join(str(counters[name]) for name in names)
        await self.note_facts(lease.run_id, {f"spent:{lease.lane}": spent})

    async def note_facts(self, run_id: str, facts: Mapping[str, Value]) -> None:
        """Add to a run's record."""
        await self._kv.command("HSET", self._keys.run(run_id), *_flat_pairs(facts))

    async def is_joined(self) -> bool:
        """Return whether another run was asked for meanwhile and waits for the one under way to
        end."""
        return bool(await self._kv.command("EXISTS", self._keys.promised))

    async def forget_run(self, run_id: str) -> None:
        """Take back a run whose message was refused, unless it has begun all the same."""
        keys = self._keys
        names = [keys.active, keys.runs, keys.promised, keys.run(run_id)]
        if await self._kv.script("forget", names, [self._root, run_id]) != "done":
            raise TakenOver(f"run {run_id} has begun")

    async def begin_slice(
        self, run_id: str, lane: str, number: int, ask: Ask, alive_until: float
    ) -> Begun:
        """Begin slice `number` of a lane; the claims that an earlier delivery held in this lane are
        free again."""
        keys = self._keys
        outcome, token, *fields = await self._kv.script(
            "begin",
            [
                keys.active,
                keys.runs,
                keys.promised,
                keys.due,
                keys.leases,
                keys.work,
                keys.run(run_id),
                keys.moments,
                keys.scheduled,
                keys.sequence,
            ],
            [
                *(
                    self._root,
                    run_id,
                    lane,
                    number,
                    milliseconds_of(self._now()),
                    milliseconds_of(alive_until),
                ),
                *(
                    _flag_text(ask.exclusive),
                    _flag_text(ask.force),
                    ask.source,
                    KEPT_FOR_SECONDS,
                    self._tries,
                    MOST_WAITS,
                ),
                *(
                    self._new_id(),
                    milliseconds_of(ask.scheduled),
                    _flag_text(bool(ask.page or ask.window)),
                ),
                *_flat_pairs(self._pending_fields(run_id, ask, alive_until)),
            ],
        )
        if outcome == "joined":
            return Begun(outcome, SliceLease(run_id, lane, number, ""), other=token)
        run = run_of(dict(zip(fields[::2], fields[1::2], strict=True)))
        return Begun(outcome, SliceLease(run_id, lane, number, token, run.ask.is_focused), run)

    async def note_survey(
        self,
        lease: SliceLease,
        *,
        counts: Mapping[str, int],
        sources: Mapping[str, SourceRecord],
        listings: Mapping[str, ListingRecord],
        warnings: Sequence[str],
        problems: Sequence[Problem],
        outside: Mapping[str, str] = {},
    ) -> None:
        """Note, once, that the run has looked around: what it found out about its sources, and what
        is to be said of it.

        `problems` count as failed, `outside` is what was seen of things outside of all sources.
        Raises `TakenOver`.
        """
        keys = self._keys
        arguments = {
            "lane": lease.lane,
            "token": lease.token,
            "ttl": KEPT_FOR_SECONDS,
            "most_warnings": MOST_WARNINGS,
            "revives": not lease.is_focused,
            "now_ms": milliseconds_of(self._now()),
            "outdated": milliseconds_of(self._now() - WORK_KEPT_FOR_SECONDS),
            "fields": dict(counts),
            "sources": {name: json_text.encode(record) for name, record in sources.items()},
            "listings": {name: json_text.encode(record) for name, record in listings.items()},
            "warnings": noted_warnings(warnings),
            "problems": [noted_problem(problem) for problem in problems],
            "outside": dict(outside),
        }
        names = [keys.run(lease.run_id), keys.sources, keys.listings, keys.gone, keys.observed]
        names += [keys.due, keys.leases, keys.outside, keys.overdue]
        if await self._kv.script("note_survey", names, [json_text.encode(arguments)]) == "lost":
            raise _taken_over()

    async def rest_slice(
        self,
        lease: SliceLease,
        counters: Mapping[str, int],
        alive_until: float,
        *,
        is_fruitful: bool = True,
        parked: bool = False,
        waits_until: float = 0.0,
        reason: str = "",
        cause: Cause | None = None,
    ) -> Left:
        """End a slice and free what it holds. `is_fruitful`: Notion has answered it. `parked`: no
        message will come, the next that asks for a run goes on. `reason` and `cause`: what stopped
        it, until when (epoch seconds). Raises `TakenOver`."""
        words: list[Value] = [
            self._keys.prefix,
            lease.lane,
            lease.token,
            lease.slice,
            milliseconds_of(self._now()),
        ]
        words += [
            milliseconds_of(alive_until),
            _flag_text(parked),
            _flag_text(is_fruitful),
            _flag_text(lease.is_focused),
            milliseconds_of(waits_until),
            shortened(reason),
            cause or "",
            *_flat_pairs(counters),
        ]
        count, next_at = held(
            await self._kv.script("rest", self._keys.run_work(lease.run_id), words)
        )
        return Left(int(count), _seconds_of(next_at))

    async def note_wait(self, lease: SliceLease, *, is_fruitful: bool) -> None:
        """Note that a slice at the end of its run has waited, and is no failed try of it."""
        run = self._keys.run(lease.run_id)
        await self._kv.command("HSET", run, f"fruitless:{lease.lane}", 0)
        if not is_fruitful:
            await self._kv.command("HINCRBY", run, f"waits:{lease.lane}", 1)

    async def note_again(self, run_id: str, pages: Collection[str]) -> None:
        """Note pages that got no usable answer, to be tried again after the run."""
        key = self._keys.run_again(run_id)
        await self._kv.pipeline([["SADD", key, *pages], ["EXPIRE", key, WORK_KEPT_FOR_SECONDS]])

    async def tries_of(self, run_id: str) -> dict[str, int]:
        """Return the pages to be tried again after the run, and of at most `MOST_AGAIN` of them how
        often that has been done in the last hours, this time included; of more, 0."""
        pages: list[str] = sorted(await self._kv.command("SMEMBERS", self._keys.run_again(run_id)))
        if not 0 < len(pages) <= MOST_AGAIN:
            return dict.fromkeys(pages, 0)
        commands: list[list[Value]] = [["HINCRBY", self._keys.tries, page, 1] for page in pages]
        *counts, _ = await self._kv.pipeline(
            [*commands, ["EXPIRE", self._keys.tries, TRIES_KEPT_FOR_SECONDS]]
        )
        return dict(zip(pages, counts, strict=True))

    async def end_run(
        self, run_id: str, status: str, facts: Mapping[str, Value], next_id: str, alive_until: float
    ) -> Ended:
        """End a run as delivered, failed or cancelled. `next_id` follows it where another was
        promised ("": none may).

        The promise of a run that was cancelled is taken back.
        """
        keys = self._keys
        names = [keys.active, keys.runs, keys.promised, keys.leases, keys.due, keys.run(run_id)]
        outcome, moment, follow_up, *ask = await self._kv.script(
            "end",
            [*names, keys.moments, keys.scheduled],
            [
                *(
                    self._root,
                    run_id,
                    status,
                    milliseconds_of(self._now()),
                    milliseconds_of(alive_until),
                    next_id,
                    KEPT_FOR_SECONDS,
                    milliseconds_of(self._now() + LONGEST_DELAY_SECONDS),
                    milliseconds_of(self._now() - LOST_AFTER_SECONDS),
                ),
                *_flat_pairs({"error": "", **facts}),
            ],
        )
        next_moment = _seconds_of(moment)
        if not follow_up:
            return Ended(outcome == "repeated", next_moment=next_moment)
        promised = Ask(force=ask[0] == "1", source=ask[1] or "")
        return Ended(outcome == "repeated", follow_up, promised, next_moment)

    async def hand_on(
        self,
        lease: SliceLease,
        what: str,
        progress: msgspec.Struct | JSON,
        put_head: Put | None = None,
    ) -> None:
        """Keep how far something has come for the run's next slice; `what` is `listing`,
        `originals:{lane}` or `partial:{item}`. `put_head` writes its first piece, which makes it
        readable, together with something else. Raises `TakenOver`."""
        run = self._keys.run(lease.run_id)

        async def put(key: str, piece: str) -> None:
            if put_head and key == f"{run}:{what}":
                await put_head(key, piece)
                return
            words: list[Value] = [lease.lane, lease.token, piece, WORK_KEPT_FOR_SECONDS]
            held(await self._kv.script("keep_piece", [run, key], words))

        await self._pieces.keep_pieces(f"{run}:{what}", json_text.encode(progress), put)

    async def handed_on(self, run_id: str, what: str, kind: type[Progress]) -> Progress | None:
        """How far an earlier slice of the run had come with it."""
        text = await self._pieces.read_pieces(f"{self._keys.run(run_id)}:{what}")
        try:
            return msgspec.json.decode(text, type=kind) if text else None
        except msgspec.DecodeError:  # of another form: an earlier deployment of the project left it
            return None

    async def reached_slice(self, run_id: str, lane: str) -> int:
        """The number of the slice that a lane began last, -1 before the first."""
        number: str | None = await self._kv.command("HGET", self._keys.run(run_id), f"slice:{lane}")
        return -1 if number is None else read_count(number) or 0

    async def read_run(self, run_id: str) -> Run | None:
        """The run's record, or None where there is none (any more)."""
        fields = await self._kv.command("HGETALL", self._keys.run(run_id))
        return run_of(fields) if fields else None

    @property
    def _root(self) -> str:
        return self._keys.run("")

    def _pending_fields(self, run_id: str, ask: Ask, alive_until: float) -> dict[str, Value]:
        return {
            "runId": run_id,
            "status": "pending",
            "phase": "plan",
            "force": _flag_text(ask.force),
            "source": ask.source,
            "page": ask.page,
            "window": ask.window,
            "scheduled": ask.scheduled,
            "retry": _flag_text(ask.retry),
            "askedBy": ask.asked_by,
            "triggeredAt": milliseconds_of(self._now()),
            "aliveUntil": milliseconds_of(alive_until),
        }


def noted_problem(problem: Problem) -> str:
    """Return a problem as a run's record keeps it."""
    title, reason = shortened(problem.title), shortened(problem.reason, REASON_CHARACTERS)
    return json_text.encode(msgspec.structs.replace(problem, title=title, reason=reason))


def noted_warnings(warnings: Sequence[str]) -> list[str]:
    """Return warnings as a run's record keeps them."""
    return [json_text.encode(shortened(warning)) for warning in warnings]


def problems_of(notes: Sequence[str]) -> list[Problem]:
    """Return a run's problems, also those that another version of the project noted in another
    form."""
    return [read_record(note, Problem) or _salvaged_problem(note) for note in notes]


def _salvaged_problem(note: str) -> Problem:
    return Problem(
        **{
            "reason": "What was noted of it can't be read",
            **sound_members(read_object(note), Problem),
        }
    )


def warning_facts(warnings: Sequence[str], before: Run | None = None) -> dict[str, Value]:
    """Return warnings as a run's record keeps them, after those that it holds already."""
    all_of_them = [*(before.warnings if before else []), *map(shortened, warnings)]
    count = (before.warned if before else 0) + len(warnings)
    return {"warnings": json_text.encode(all_of_them[:MOST_WARNINGS]), "warned": count}


def shortened(text: str, most: int = WARNING_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def run_of(fields: Mapping[str, str]) -> Run:
    """Return a run from its record's fields; a counter that is missing, or no number, is 0."""
    spent = [_spent(value) for name, value in fields.items() if name.startswith("spent:")]

    def count(name: str) -> int:
        return read_count(fields.get(name)) or 0

    return Run(
        run_id=fields.get("runId", ""),
        status=fields.get("status", "pending"),
        phase=fields.get("phase", "plan"),
        force=fields.get("force") == "1",
        source=fields.get("source", ""),
        page=fields.get("page", ""),
        window=count("window"),
        scheduled=count("scheduled"),
        triggered_at=_seconds_of(fields.get("triggeredAt")) or 0.0,
        started_at=_seconds_of(fields.get("startedAt")),
        finished_at=_seconds_of(fields.get("finishedAt")),
        alive_until=_seconds_of(fields.get("aliveUntil")) or 0.0,
        job_ids=_words_of(fields.get("jobIds", "")),
        listed=count("listed"),
        to_sync=count("toSync"),
        synced=count("synced"),
        written=count("written"),
        touched=count("touched"),
        unchanged=count("unchanged"),
        deleted=count("deleted"),
        failed=count("failed"),
        slices=count("slices"),
        retries=count("retries"),
        notion_requests=count("notionRequests") + sum(one[0] for one in spent),
        notion_throttled=count("notionThrottled") + sum(one[1] for one in spent),
        kv_commands=count("kvCommands") + sum(one[2] for one in spent),
        images=count("images"),
        warnings=_warnings_of(fields.get("warnings")),
        warned=count("warned"),
        error=fields.get("error", ""),
        follow_up_run=fields.get("followUpRun", ""),
        planner=fields.get("planner", ""),
        waits=count("waits:0"),
        is_retry=fields.get("retry") == "1",
        asked_by=fields.get("askedBy", ""),
        last_error=fields.get("lastError", ""),
        waits_until=_seconds_of(fields.get("waitsUntil")),
        waits_for=fields.get("waitsFor", ""),
        waits_cause=known_cause(fields.get("waitsCause", "")),
        next_moment=_seconds_of(fields.get("nextMoment")),
        site_told_at=_seconds_of(fields.get("told:revalidate")),
    )


def held(answer: object) -> list[str]:
    """Return the answer of a script. Raises `TakenOver` where it says that the slice's lane is
    another's now."""
    if answer == "lost" or answer == ["lost"]:
        raise _taken_over()
    return answer if isinstance(answer, list) else []


def _taken_over() -> TakenOver:
    return TakenOver("another delivery of this slice has taken its work over")


def _spent(text: str) -> tuple[int, int, int]:
    """Return what a slice has spent that no counter holds yet: requests, those that Notion put off,
    commands."""
    counts = [read_count(word) for word in text.split(" ")]
    match counts:
        case [int(requests), int(throttled), int(commands)]:
            return requests, throttled, commands
    return 0, 0, 0


def _seconds_of(ms: str | int | None) -> float | None:
    number = read_number(ms)  # -1, which says that there is none, is no time
    return None if number is None else number / 1000


def _warnings_of(text: str | None) -> list[str]:
    try:
        return msgspec.json.decode(text or "[]", type=list[str])
    except msgspec.DecodeError:
        return []


def _flag_text(on: bool) -> str:
    return "1" if on else "0"


def _flat_pairs(fields: Mapping[str, Value]) -> list[Value]:
    return [word for pair in fields.items() for word in pair]


def _words_of(joined: str) -> list[str]:
    return [word for word in joined.split(",") if word]
