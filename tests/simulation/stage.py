"""A world with somebody who writes in it, somebody who asks for runs, and a judge."""

import asyncio
import hmac
import json
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any

import httpx

from dev.equality import Bundles, Truth
from dev.notion.nodes import JSON, Database, DataSource, Page
from dev.qstash.message import Message
from lib.store.runs import MOST_WAITS
from tests.simulation.databases import Databases
from tests.simulation.functions import Call
from tests.simulation.network import NOTION
from tests.simulation.previews import Previews
from tests.simulation.standing import TURN_SECONDS, Standing
from tests.simulation.versions import VERSION
from tests.simulation.watch import Watcher
from tests.simulation.world import SITE, WEBHOOK_TOKEN, World
from tests.simulation.writer import Writer
from tests.stack.histories.workspace import SOURCES

MOST_DELIVERIES = 3 * MOST_WAITS + 150
"""A run of the small workspace that needs more messages never ends: each of three lanes may wait for
Notion that often."""
RENAMED_DATABASES = ("rename_database", "rename_a_column")
DATABASE_LOOKS = re.compile(r"child_database\.title is|^db:[^.]*\.(title|properties)")
LATE_RENAMES_SECONDS = 86_400.0
"""No row shows a child database's title and schema: it is read again once a day."""
WITHIN_SECONDS = 60.0
"""How late a row may appear or go when its date begins or ends."""
LATE_DELETIONS_SECONDS = 23 * 3600.0
"""A big source is listed in full once a day, so its deletions may show a day late."""
ODD_VALUES: tuple[Any, ...] = (
    None,
    {"type": "select", "select": {"name": "\ud83d"}},
    {"id": "x"},
    [],
    {"type": "new"},
)
NOTHING_YET: JSON = {"meta": {"source": "", "childPages": []}, "blocks": []}
"""What is known of a page that is to be published, and isn't yet."""
ENDED = ("delivered", "failed", "cancelled")


class Broken(AssertionError):
    """KV is not what it was promised to be."""


@dataclass
class Promise:
    """A run that somebody asked for at `at`, and the run that answers. `page` is the id of the page
    whose id or slug `name` was then: slugs move."""

    at: float
    run_id: str
    scope: str = ""
    name: str = ""
    page: str = ""
    joined: bool = False
    message: str = ""


@dataclass
class Stage:
    """Everything of one history. `seen` counts the rare states that were reached."""

    world: World
    seen: Counter[str] = field(default_factory=Counter)
    sources: dict[str, str] = field(default_factory=lambda: dict(SOURCES))
    paused: dict[str, dict[str, JSON]] = field(default_factory=dict)
    """Paused rows, each with what was published of it and below it by then."""
    seen_paused: set[str] = field(default_factory=set)
    """Those of them of which the functions know it: a run of some pages gives the slug of one that
    it has not looked at to an older page."""
    read_anew: set[str] = field(default_factory=set)
    """Pages among them of which a key was lost: there is no copy of what it held, so they are
    published as Notion shows them when they are read."""
    failing: set[str] = field(default_factory=set)
    failing_sources: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)
    """Pages of which something odd is shown: what stands in them is not looked at."""
    promises: list[Promise] = field(default_factory=list)
    edited_at: float = 0.0
    paused_at: float = 0.0
    """When a row was paused last, or went on."""
    right_at: float = 0.0
    """When KV was last known to be as it should be, everything looked at."""
    removed: dict[str, float] = field(default_factory=dict)
    """Pages that were taken out of a source by an edit, also into another one, and when."""
    returned: dict[str, float] = field(default_factory=dict)
    """Those of them that came back to a source, and when."""
    weather_until: float = -inf
    """Until when any request to Notion might fail."""
    database_renamed_at: float = -LATE_RENAMES_SECONDS
    judged_at: float = 0.0
    """When the run was asked for that is judged."""
    lost: dict[str, float] = field(default_factory=dict)
    """Runs of which a message never reached the functions, or was given up, and since when that is
    so."""
    lost_lanes: set[tuple[str, str]] = field(default_factory=set)
    """The same by run and lane: the other lanes of the run go on."""
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    moments: dict[str, list[datetime]] = field(default_factory=dict)
    """Rows that have, or had, a date, and when it began and ended."""
    turns: list[asyncio.Task[None]] = field(default_factory=list)
    """Looks at the workspace when a date begins or ends."""
    big_rows: int = 1_000
    version: int = VERSION
    told: dict[str, float] = field(default_factory=dict)
    """Pages of which Notion's webhook has told, and when."""

    def __post_init__(self) -> None:
        world = self.world
        self.writer = Writer(world.notion)
        self.standing = Standing(world.notion.workspace, world.clocks.now, world.clocks.notion.now)
        self.watcher = Watcher(
            world.redis,
            world.clocks.now,
            self.standing.worthy_since,
            self._hidden_since,
            self._oldest,
        )
        self.previews = Previews(world.redis)
        self.databases = Databases(world.redis, "page:", "db:")
        world.on_change = self.watch
        self.look()

    # What people do.

    def edit(self, name: str, pick: int, how: int) -> None:
        if name in RENAMED_DATABASES:
            self.database_renamed_at = self.world.clocks.now()
        revision = self.world.notion.workspace.revision
        self.world.notion.before_edit()
        before = self._rows()
        self.writer.do(name, pick, how)
        self.paused = {row: one for row, one in self.paused.items() if self._is_paused(row)}
        if self.world.notion.workspace.revision != revision:
            self.noticed(before)

    def noticed(self, before: set[tuple[str, str | None]]) -> None:
        """The workspace has changed; `before` are the rows that there were, each in its source."""
        now = self.world.clocks.now()
        self.edited_at = now
        rows = self._rows()
        self.removed |= {row: now for row, _ in before - rows}
        self.returned |= {row: now for row, _ in rows - before if row in self.removed}
        self.look()

    def look(self) -> None:
        turning = self._with_below(self._turning(TURN_SECONDS))
        self.standing.look(self.sources.values(), {*self.still, *turning})

    def pause(self, pick: int) -> None:
        """Pauses a row, or lets it go on: only while nothing is under way, for what was listed may
        be published yet, and while listings show what is true."""
        rows = self.writer.rows()
        if not rows or self.is_busy or self._active() or self.world.notion.listing_lag:
            return
        row = rows[pick % len(rows)]
        if row.id in self.moments:
            return  # what it was when it was paused, may have had its time
        if row.id not in self.paused and self.standing.worthy_since(row.id) is None:
            return
        self.world.notion.before_edit()
        if row.id in self.paused:
            del self.paused[row.id]
            self.seen_paused.discard(row.id)
            self.writer.pause(row, paused=False)
        else:
            self.writer.pause(row, paused=True)
            pages = self.bundles().pages
            self.paused[row.id] = {id: pages[id] for id in _with_child_pages(row.id, pages)}
        self.edited_at = self.paused_at = self.world.clocks.now()
        self.look()

    def schedule(self, pick: int, start: float | None, length: float | None) -> None:
        """Gives a row a date, in minutes from now, or takes it away."""
        rows = [row for row in self.writer.rows() if row.id not in self.paused]
        if not rows:
            return
        row, now = rows[pick % len(rows)], self.world.clocks.notion.now()
        value: JSON | None = None
        moments: list[datetime] = []
        if start is not None:
            moments = [now + timedelta(minutes=start)]
            if length is not None:
                moments.append(moments[0] + timedelta(minutes=length))
            value = dict(zip(("start", "end"), map(datetime.isoformat, moments), strict=False))
        before = self._rows()
        self.world.notion.before_edit()
        self.world.notion.edit.set_property(row.id, "publish", value)
        self.moments.setdefault(row.id, []).extend(moments)
        self.noticed(before)
        self.turns += [
            asyncio.create_task(self._turn(moment)) for moment in moments if moment > now
        ]

    async def _turn(self, moment: datetime) -> None:
        """Before and after a date it is told what is published; about it, either may be. A minute
        after it the site shows it, where nothing else happens."""
        for seconds in (-TURN_SECONDS, TURN_SECONDS, WITHIN_SECONDS):
            ahead = moment + timedelta(seconds=seconds) - self.world.clocks.notion.now()
            await asyncio.sleep(ahead.total_seconds() + 0.001)
            self.look()
        since = self.world.clocks.now() - WITHIN_SECONDS
        late = self._late_dates(since - TURN_SECONDS)
        if not any(self._is_other(call, since) for call in self.world.functions.calls):
            self.seen["judged: a date"] += 1
            self.watcher.broken += late

    # Asking for runs.

    async def ask(self, scope: str, pick: int, *, force: bool, here: bool) -> None:
        """Asks for a run, through the trigger or the backup way, and waits for no more than the
        answer to that."""
        query = {"force": "1"} if force else {}
        name = ""
        if scope == "source":
            name = query["source"] = sorted(self.sources)[pick % len(self.sources)]
        elif scope == "page":
            name = query["page"] = self._some_page(pick)
        ids = {slug: id for id, slug in self.world.paths().items()}
        promise = Promise(self.world.clocks.now(), "", scope, name, ids.get(name, name))
        if here:
            self.tasks.append(asyncio.create_task(self._here(promise, query)))
            await asyncio.sleep(0.5)
        else:
            self._promise(promise, await self.world.get("/api/sync/trigger", **query))

    async def _here(self, promise: Promise, query: dict[str, str]) -> None:
        answer = await self.world.get("/api/sync", **query)
        if answer.status_code == 200 and answer.json()["status"] == "done":
            self._promise(promise, answer)

    def _promise(self, promise: Promise, answer: httpx.Response) -> None:
        self.seen[f"{promise.scope or 'everything'}: {answer.status_code}"] += 1
        if answer.status_code not in (200, 202):
            return
        told = answer.json()
        promise.run_id, promise.message = told["runId"], told.get("message", "")
        promise.joined = "already" in promise.message
        self.promises.append(promise)

    def _some_page(self, pick: int) -> str:
        pages = [page for id, page in self.bundles().pages.items() if id not in self.still]
        if not pages:
            return "home"
        meta = pages[pick % len(pages)]["meta"]
        return str(meta["slug"] if pick % 2 else meta["id"])

    async def tell_of_edits(self, times: int = 1) -> None:
        """Notion's webhook sends what has gathered, each event so many times."""
        for event in self.world.notion.webhooks.take():
            content = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
            signature = hmac.digest(WEBHOOK_TOKEN.encode(), content, "sha256").hex()
            headers = {
                "content-type": "application/json",
                "x-notion-signature": f"sha256={signature}",
            }
            for _ in range(times):
                answer = await self.world.functions.call(
                    "POST", "/api/sync/webhook", headers, content
                )
                outcome = (
                    answer.json().get("outcome", "?")
                    if answer.status_code == 200
                    else answer.status_code
                )
                self.seen[f"webhook: {outcome}"] += 1
                if outcome in ("asked", "repeated") and event["entity"]["type"] == "page":
                    self.told[event["entity"]["id"]] = self.world.clocks.now()

    # What befalls the platforms.

    def evict(self, pick: int, how: int) -> None:
        """A key is gone, or holds something foreign."""
        values = self.bundles().values
        keys = sorted(values)
        if not keys:
            return
        key = keys[pick % len(keys)]
        lost = self.watcher.forget(key)
        self.previews.forget(key)
        if key.startswith("db:"):
            self.databases.forget(key)
        self.read_anew |= {lost} & set(self.still)
        foreign = (None, '"foreign"', '{"a":{"to":"/b"}}', "no JSON at all", "[]")[how % 5]
        if foreign is None:
            self.world.redis.change(["DEL", key])
        else:
            self.world.redis.change(["SET", key, foreign])
        self.seen["key evicted" if foreign is None else "key overwritten"] += 1
        self.edited_at = self.world.clocks.now()

    def cancel_message(self, pick: int) -> None:
        """Somebody takes a message out of the queue, in QStash's console."""
        if waiting := self.world.waiting:
            message = waiting[pick % len(waiting)]
            self.lost[run_of(message)] = self.world.clocks.now()
            self.lost_lanes.add((run_of(message), lane_of(message)))
            self.world.dispatcher.cancel(message)
            self.seen["message cancelled"] += 1

    async def cancel_run(self) -> None:
        """The owner cancels the run that is under way; what was promised behind it is taken
        back."""
        active = (await self.world.get("/api/sync/status")).json().get("active")
        if not active:
            return
        answer = await self.world.post("/api/sync/cancel", run=active["runId"])
        self.seen[f"cancel: {answer.status_code}"] += 1
        if answer.status_code == 200:
            self.told.clear()
            self.promises = [
                promise
                for promise in self.promises
                if not (promise.joined and promise.run_id == active["runId"])
            ]

    def redeliver(self, pick: int) -> None:
        """Somebody publishes a message of the dead letter queue anew."""
        dead = list(self.world.account.dlq.values())
        if dead:
            message = dead[pick % len(dead)]
            self.world.dispatcher.publish(message.publication.again({}), "publish")
            del self.world.account.dlq[message.dlq_id]
            self.seen["dead letter delivered again"] += 1

    def fail_for_ever(self, pick: int, what: str) -> None:
        """A page's blocks, or a source's rows, answer 500 from now on."""
        if what == "source":
            name = sorted(self.sources)[pick % len(self.sources)]
            home = self.world.notion.workspace.nodes[self.sources[name]].children[0]
            self.world.notion.faults.add("500", path=f"/v1/data_sources/{home}/query", times=None)
            self.failing_sources.add(name)
            self.seen["source fails for ever"] += 1
            return
        pages = self.writer.published()
        if pages:
            page = pages[pick % len(pages)]
            self.world.notion.faults.add("500", path=f"/v1/blocks/{page.id}/children", times=None)
            self.failing.add(page.id)
            self.seen["page fails for ever"] += 1

    def blip(self, pick: int) -> None:
        """Notion answers one request for a page with 404, though it is there: two of a page would be
        believed, and one of a page that nobody has seen yet, until the next run."""
        known = self.world.paths().keys() - self.world.notion.denied_at.keys()
        if pages := [page for page in self.writer.published() if page.id in known]:
            path = f"/v1/(pages|blocks)/{pages[pick % len(pages)].id}"
            self.world.notion.missing += [path] if path not in self.world.notion.missing else []

    def name_sources(self, sources: dict[str, str]) -> None:
        """The owner changes NOTION_SOURCES."""
        self.sources = dict(sources)
        self.world.functions.environ["NOTION_SOURCES"] = ",".join(
            f"{name}={id}" for name, id in sources.items()
        )
        self.writer.touched |= {row for row in self.paused if not self._is_synced(row)}
        self.edited_at = self.world.clocks.now()
        self.look()

    def show_odd(self, pick: int, how: int) -> None:
        """Notion gives an odd value of a property that says nothing of the page's place."""
        if pages := self.writer.published():
            page = pages[pick % len(pages)]
            self.world.notion.odd.set(
                page.id, ["properties", "Tags"], ODD_VALUES[how % len(ODD_VALUES)]
            )
            self.odd.add(page.id)
            self.seen["odd value"] += 1

    def heal(self) -> None:
        """All trouble ends; what waits for its next try goes on waiting."""
        world = self.world
        self.weather_until = min(self.weather_until, world.clocks.now())
        world.notion.faults.clear()
        world.notion.missing.clear()
        world.notion.lag(0.0, 0.0)
        world.account.faults.clear()
        world.kv.heal()
        world.functions.spare()
        self.failing.clear()
        self.failing_sources.clear()

    def calm(self) -> None:
        """The owner's settings are ordinary ones again, and all clocks are right."""
        environ = self.world.functions.environ
        environ |= {"SYNC_SLICE_SECONDS": "", "NOTION_REQUESTS_PER_MINUTE": "100000"}
        self.world.notion.limit.requests = None
        self.world.functions.skews = (0.0,)
        self.world.functions.max_seconds = 300.0

    # Judging.

    @property
    def has_closed_sources(self) -> bool:
        """Whether a source leads to a database that the integration does not see."""
        workspace = self.world.notion.workspace
        homes = [workspace.get(id, Database) for id in self.sources.values()]
        return any(not workspace.is_visible(home) or workspace.is_trashed(home) for home in homes)

    @property
    def still(self) -> dict[str, JSON]:
        """What stays as it is: the paused rows that stand in a source, and what stands below
        them."""
        workspace = self.world.notion.workspace
        return {
            id: page
            for row, pages in self.paused.items()
            if self._is_synced(row)
            for id, page in pages.items()
            if row in {above.id for above in workspace.up(workspace.nodes[id])}
        }

    def _is_paused(self, row: str) -> bool:
        return self.standing.is_paused(self.world.notion.workspace.get(row, Page))

    def _is_synced(self, row: str) -> bool:
        home = self.world.notion.workspace.get(row, Page).parent
        homes = (self.world.notion.workspace.get(id, Database) for id in self.sources.values())
        return any(home in database.children for database in homes)

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        return bool(
            self.world.waiting
            or self.world.functions.under_way
            or [t for t in self.tasks if not t.done()]
        )

    async def settle(self) -> None:
        """Lets everything happen that happens by itself, and judges what has come of it."""
        step = 0.5
        while self.is_busy:
            await asyncio.sleep(step)
            step = min(step * 1.3, 20.0)
            self._check_bounds()
            self._raise(self._buried_alive())
        called = {call.run_id for call in self.world.functions.calls if call.run_id}
        dated = [one for one in called if self.world.run(one).get("scheduled", "0") != "0"]
        self.seen["run for dates"] = len(dated)
        self._raise([*self.watcher.broken, *self.previews.broken, *self.databases.broken])
        self._note_losses()
        self._raise(self._nobody_goes_on())
        self._raise(self._crashes())
        self._raise(self._judge_requests())
        self._raise(self._judge_counts())
        self._raise(self._judge_referrers())
        self._raise(self._judge())
        self._raise(self._judge_events())
        self._raise(self._judge_dates())

    def _check_bounds(self) -> None:
        deliveries = Counter(run_of(message) for message in self.world.account.messages.values())
        for call in self.world.functions.calls:
            deliveries[call.run_id] += call.path == "/api/sync/worker"
        run, most = max(deliveries.items(), key=lambda one: one[1], default=("", 0))
        if run and most > 2 * MOST_DELIVERIES:
            raise Broken(f"run {run} never ends: {most // 2} messages and more")

    def _buried_alive(self) -> list[str]:
        """Runs that count as dead, though a message of them waits to be delivered."""
        runs = {
            run_of(message) for message in self.world.waiting if message.url.endswith("/worker")
        }
        silent = [run_id for run_id in sorted(runs) if self.world.run(run_id).get("silent") == "1"]
        return [
            f"run {run_id} counts as dead, and a message of it waits"
            for run_id in silent
            if run_id not in self.lost
        ]

    def _note_losses(self) -> None:
        for message in self.world.account.messages.values():
            source = self.world.account.messages.get(message.source_message_id, message)
            if message.dropped or message.state == "FAILED":
                self.lost.setdefault(run_of(source), message.due_at)
                self.lost_lanes.add((run_of(source), lane_of(source)))
            elif message.state == "DELIVERED" and not message.attempts[-1].answer.ok:
                # Delivered twice at once: the queue took the answer of the delivery that had given
                # way to the other one, which died.
                self.lost[run_of(source)] = message.attempts[-1].ended_at
                self.lost_lanes.add((run_of(source), lane_of(source)))

    def _nobody_goes_on(self) -> list[str]:
        """A run that is under way, and for which nothing will ever happen, although no message of
        it was lost."""
        active = self._active()
        run = self.world.run(active) if active else {}
        if run.get("status") != "active" or run.get("parked") == "1":
            return []
        calls = [one for one in self.world.functions.calls if one.run_id == active]
        last = {call.lane: call for call in calls if call.path == "/api/sync/worker"}
        for lane, call in last.items():
            if call.status == 200 and (active, lane) not in self.lost_lanes:
                return [f"run {active} is under way, and its lane {lane} has stopped"]
        if not calls or calls[-1].killed or calls[-1].status != 200:
            return []
        if active in self.lost and calls[-1].path == "/api/sync":
            return []  # whoever called was told that it is not done: the next call goes on
        if calls[-1].began <= self.lost.get(active, 0.0) and (
            calls[-1].ended or 0.0
        ) <= self.lost.get(active, 0.0):
            return []
        return [f"run {active} is under way, and nothing will ever go on with it"]

    def _crashes(self) -> list[str]:
        """Errors that no trouble explains."""
        return [
            f"{call.path} crashed: {call.error}"
            for call in self.world.functions.calls
            if call.status == 500
        ]

    def _judge_requests(self) -> list[str]:
        """Runs count the requests that were sent to Notion, and no others; what a slice sent last
        that died, or gave way to another delivery, is lost."""
        runs = {call.run_id for call in self.world.functions.calls if call.run_id}
        counted = sum(count_of(self.world.run(run_id)) for run_id in runs)
        sent = self.world.sent[NOTION]
        functions = self.world.functions
        has_losses = functions.events["slice.taken_over"] or self.world.kv.failures
        has_losses = has_losses or any(call.killed for call in functions.calls)
        if counted > sent or (counted < sent and not has_losses):
            return [f"{sent} requests were sent to Notion, and runs count {counted}"]
        return []

    def _judge_counts(self) -> list[str]:
        """No run has read or given up more than it has found to be due, where there were no runs of
        some pages beside it, which find work for others."""
        ids = {call.run_id for call in self.world.functions.calls if call.run_id}
        runs = {run_id: run for run_id in ids if (run := self.world.run(run_id))}
        if any(run["page"] or _is_of_some_pages(run) for run in runs.values()):
            return []
        found = []
        for run_id, run in sorted(runs.items()):
            synced, failed, due = (
                int(run.get(name, "0")) for name in ("synced", "failed", "toSync")
            )
            if run["status"] in ENDED and synced + failed > due:
                found.append(
                    f"run {run_id} has read {synced} pages and given up {failed}, of {due}"
                )
        return found

    def _judge_referrers(self) -> list[str]:
        """What is remembered of who leads to whom is what the published bundles say. Of one that
        was lost nobody knows what it said."""
        heads = [
            value
            for key, value in self.bundles().values.items()
            if key.startswith("page:") and "meta" in value
        ]
        said = {(ref, head["meta"]["id"]) for head in heads for ref in head.get("refs", [])}
        noted = self.world.referrers()
        self.seen["leads to a page"] += bool(said)
        is_spoiled = self.seen["key evicted"] or self.seen["key overwritten"]
        wrong = said - noted if is_spoiled else said ^ noted
        return [f"page {id} leads to {ref}: {(ref, id) in said}" for ref, id in sorted(wrong)]

    def _judge(self) -> list[str]:
        problems: list[str] = []
        for promise in list(self.promises):
            run_id = self._kept_by(promise)
            if run_id is None:
                if self._may_be_open(promise):
                    continue
                problems.append(
                    f"a run was asked for ({promise.message}), and none has begun since"
                )
            else:
                problems += self._judge_run(promise, run_id)
            self.promises.remove(promise)
        return problems

    def _is_other(self, call: Call, since: float) -> bool:
        """Whether a call was under way at `since` or later that does not only see to dates, or in
        which something went wrong."""
        if call.ended is not None and call.ended < since:
            return False
        is_dated = self.world.run(call.run_id).get("scheduled", "0") != "0"
        return not is_dated or call.killed or call.status != 200

    def _judge_dates(self) -> list[str]:
        """What a date has made of a row is so when everything has happened that happens by itself,
        whatever went wrong meanwhile."""
        return self._late_dates(0.0)

    def _late_dates(self, since: float) -> list[str]:
        """Rows whose date has begun or ended a minute ago or earlier, not before `since`, and that
        are not as it says: of those that a whole run has read before, where nothing was edited
        then."""
        clocks = self.world.clocks
        read_at = self._read_whole_at()
        lasts = self.failing or self.failing_sources or self.lost or self.odd
        if read_at is None or lasts or self.has_closed_sources or self.watcher.is_spoiled:
            return []
        published, late = self.world.paths(), list[str]()
        for row, moments in self.moments.items():
            ages = [(clocks.notion.now() - moment).total_seconds() for moment in moments]
            turned = [clocks.now() - age for age in ages if age > -TURN_SECONDS]
            if not turned or clocks.now() - max(turned) < WITHIN_SECONDS:
                continue
            is_known = read_at < max(turned) - TURN_SECONDS and max(turned) >= since
            is_wanted = self.standing.worthy_since(row) is not None
            if is_known and is_wanted != (row in published):
                late.append(f"{row} is {'not ' * is_wanted}published, {min(ages)} s after its date")
        return late

    def _read_whole_at(self) -> float | None:
        """When a run of everything has ended that saw the workspace as it is, and nothing has gone
        wrong since; None for no such run."""
        found: float | None = None
        for call in self.world.functions.calls:
            run = self.world.run(call.run_id) if call.run_id else {}
            if not run or call.ended is None:
                continue
            began = self._began(call.run_id) or call.began
            is_well = run.get("status") == "delivered" and run.get("failed", "0") == "0"
            is_whole = is_well and not (run["page"] or run["source"] or _is_of_some_pages(run))
            saw = self.world.notion.shown_until(began)
            if is_whole and saw > self.edited_at and found is None:
                found = call.ended
            elif found is not None and not is_well:
                return None
        return found

    def _judge_events(self) -> list[str]:
        """What was edited before Notion's webhook told of it is published, where Notion showed it
        by then."""
        told, self.told = self.told, {}
        failed = any(
            self.world.run(call.run_id).get("status") == "failed"
            for call in self.world.functions.calls[-40:]
        )
        if (
            not told
            or self.lost
            or failed
            or self.failing
            or self.failing_sources
            or self.edited_at > self.world.notion.shown_until(max(told.values()))
        ):
            return []
        self.seen["judged: events"] += 1
        problems = self.problems()
        events = [
            Promise(at, "", "page", page, page)
            for page, at in told.items()
            if page in self.bundles().pages
        ]
        found = [one for one in problems if any(self._concerns(event, one) for event in events)]
        return ["after Notion had told of edits", *found] if found else []

    def _kept_by(self, promise: Promise) -> str | None:
        """The run that has ended, and began after something was asked for that it looked at."""
        runs = (
            [promise.run_id] if not promise.joined and self._began(promise.run_id) is None else []
        )
        runs += [call.run_id for call in self.world.functions.calls if call.run_id]
        for run_id in dict.fromkeys(runs):
            began, run = self._began(run_id), self.world.run(run_id)
            if (
                (began is None or began >= promise.at)
                and run.get("status") in ENDED
                and self._covers(promise, run)
            ):
                return run_id
        return None

    def _began(self, run_id: str) -> float | None:
        """When a run was first worked on."""
        paths = ("/api/sync/worker", "/api/sync")
        return next(
            (c.began for c in self.world.functions.calls if c.run_id == run_id and c.path in paths),
            None,
        )

    def _covers(self, promise: Promise, run: dict[str, str]) -> bool:
        """Whether a run is about everything that was asked for."""
        if promise.scope == "page":
            return run["page"] == promise.name or not (
                run["page"] or run["source"] or _is_of_some_pages(run)
            )
        return not (run["page"] or _is_of_some_pages(run)) and run["source"] in ("", promise.name)

    def _may_be_open(self, promise: Promise) -> bool:
        """Whether a run that was lost has to be begun again by somebody. One that failed makes way
        for what was promised beside it."""
        run = self.world.run(promise.run_id) if promise.joined else {}
        has_made_way = run.get("status") == "failed" and run.get("silent") != "1"
        lost = self.lost.keys() - ({promise.run_id} if has_made_way else set())
        return bool(lost) or bool(self._active())

    def _judge_run(self, promise: Promise, run_id: str) -> list[str]:
        """What was edited before a run was asked for is published when it has ended well."""
        run = self.world.run(run_id)
        self.seen[f"run {run['status']}"] += 1
        shown_until = self.world.notion.shown_until(promise.at)
        if run["status"] != "delivered" or self.edited_at > shown_until:
            return []
        if int(run.get("failed", "0")) and not (self.failing or self.failing_sources):
            self.seen["run with errors"] += 1
            return []
        self.seen["judged"] += 1
        self.judged_at = promise.at
        self.seen[f"judged: {promise.scope or 'everything'}"] += 1
        problems = self.problems()
        if not problems:
            self.right_at = promise.at
            if not promise.scope:
                self.read_anew.clear()
        if not promise.scope:
            problems += self._strange_previews()
        if self.failing_sources:
            others = [
                Promise(promise.at, run_id, "source", name)
                for name in set(self.sources) - self.failing_sources
            ]
            problems = [
                one for one in problems if any(self._concerns(other, one) for other in others)
            ]
        if promise.scope:
            problems = [one for one in problems if self._concerns(promise, one)]
        if promise.scope == "page" and problems and self._is_right_but_for_sharing(promise):
            problems = []
        return (
            [f"after run {run_id} of {promise.scope or 'everything'}", *problems]
            if problems
            else []
        )

    def _is_right_but_for_sharing(self, promise: Promise) -> bool:
        """Return whether all that a run of a page promises is as it was to be if the child pages
        were shared that the page is published with.

        That a child page is not shared any more moves no time, and no list of blocks says so: it
        has to be asked for. A full run does that; a run of a page looks at that page, and trusts
        that the child pages are there which it knows.
        """
        unshared = self.world.notion.workspace.unshared
        children = {
            child
            for id, page in self.bundles().pages.items()
            if promise.page == id
            for child in _child_pages(page)
        }
        hidden = children & unshared
        unshared -= hidden
        try:
            return not any(self._concerns(promise, one) for one in self.problems())
        finally:
            unshared |= hidden

    def _concerns(self, promise: Promise, problem: str) -> bool:
        """Whether a problem lies in what a run of a source or of a page promises: its pages' places
        and properties, and the blocks of those that were edited since everything was as it should
        be."""
        workspace = self.world.notion.workspace
        for id, page in self.bundles().pages.items():
            meta = page["meta"]
            if promise.scope == "page" and promise.page != id:
                continue
            if promise.scope == "source" and meta["source"] != promise.name:
                continue
            if self._has_left_for_a_new_page(id, meta["source"]):
                continue
            node = workspace.nodes.get(id)
            edited = isinstance(node, Page) and node.edited.timestamp() > self.right_at
            places = problem.startswith(f"{meta['slug']}: meta") and "childPages" not in problem
            if places or (edited and problem.startswith(f"{meta['slug']}: ")):
                return True
            if problem.endswith(f" is published as {meta['slug']}"):
                return True
        if promise.scope == "page":
            return f"({promise.page})" in problem and self._is_row_published(promise.page)
        home = workspace.nodes[self.sources[promise.name]].children[0]
        return problem.startswith(f"{promise.name}:index") or any(
            f"({row})" in problem for row in workspace.get(home, DataSource).children
        )

    def _is_row_published(self, id: str) -> bool:
        """Return whether the row that a page stands below is published, or the page is a row: a run
        of a page does not publish what a full run beside it has just taken away."""
        workspace, published = self.world.notion.workspace, self.world.paths()
        up = [node.id for node in workspace.up(workspace.nodes[id])]
        *_, row = [one for one in up if isinstance(workspace.nodes[one], Page)]
        return row == id or row in published

    def _has_left_for_a_new_page(self, id: str, source: str) -> bool:
        """Return whether a page has moved out of a source, into a page that is not published yet: a
        run of that source, or of the page, does not read the new page."""
        workspace, published = self.world.notion.workspace, self.world.paths()
        above = [node.id for node in workspace.up(workspace.nodes[id]) if node.id != id]
        pages = [one for one in above if isinstance(workspace.nodes[one], Page)]
        return self.sources.get(source) not in above and not published.keys() >= set(pages)

    def problems(self) -> list[str]:
        """Return every difference between KV and the workspace that is none of those which may
        be."""
        bundles, now = self.bundles(), self.world.clocks.now()
        failing = {
            id: bundles.pages[id]
            for top in self.failing
            for id in _with_child_pages(top, bundles.pages)
        }
        below = {
            node.id
            for node in self.world.notion.workspace.nodes.values()
            if self._is_below(node.id, self.failing)
        }
        since = now - self.judged_at if self.lost else 0.0
        turning = self._with_below(self._turning(since + WITHIN_SECONDS))
        unclear = frozenset(
            below | self._late(bundles) | self._doubtful() | turning | self._lacking()
        )
        nothing: JSON = {"meta": {}, "blocks": []}
        still = {
            **{id: bundles.pages.get(id, nothing) for id in unclear - self._doubtful()},
            **failing,
            **self.still,
        }
        truth = Truth(
            self.world.notion.workspace,
            self.sources,
            SITE,
            still,
            unclear | frozenset(failing),
            now=self.world.clocks.notion.now(),
        )
        found = [
            *truth.problems(bundles),
            *self._strange_indexes(bundles),
            *self._outdated(bundles, still),
        ]
        odd = {
            f"{bundles.pages[id]['meta']['slug']}: meta.properties.Tags"
            for id in self.odd & set(bundles.pages)
        }
        late = self._late(bundles)
        return [
            problem
            for problem in found
            if not problem.startswith(tuple(odd))
            and not (
                self.failing and ": meta.childPages" in problem
            )  # a page that fails stays where it was
            and not (late and ": blocks" in problem)  # a copy of what is gone
            and not (self._is_renaming_late() and DATABASE_LOOKS.search(problem))
        ]

    def _turning(self, seconds: float) -> set[str]:
        """Rows whose dates begin or end about now, or did within the last seconds."""
        now = self.world.clocks.notion.now()
        since, until = now - timedelta(seconds=seconds), now + timedelta(seconds=TURN_SECONDS)
        return {
            row
            for row, moments in self.moments.items()
            if any(since <= moment <= until for moment in moments)
        }

    def _with_below(self, tops: set[str]) -> set[str]:
        nodes = self.world.notion.workspace.nodes if tops else {}
        return {id for id in nodes if id in tops or self._is_below(id, tops)}

    def _strange_previews(self) -> list[str]:
        """Drafts that have no preview, or one of another time, and previews of what is no draft;
        where trouble lasts, deletions show late, or a date begins or ends, nobody can say."""
        if self.failing or self.failing_sources or self.big_rows < 1_000 or self.has_closed_sources:
            return []
        if self.lost or self._turning(WITHIN_SECONDS):
            return []
        is_on = self.world.functions.environ.get("SYNC_PREVIEW") == "on"
        self.seen["judged: previews"] += is_on
        return self.previews.problems(
            self.world.notion.workspace,
            self.sources.values(),
            self.standing.published,
            version=self.version,
            is_on=is_on,
        )

    def switch_previews(self) -> None:
        """The owner has changed SYNC_PREVIEW: a run that begins from now on knows it."""
        self.edited_at = self.world.clocks.now()

    def _is_renaming_late(self) -> bool:
        return self.judged_at - self.database_renamed_at <= LATE_RENAMES_SECONDS

    def _strange_indexes(self, bundles: Bundles) -> list[str]:
        """Indexes of names that no source has; one in which a paused row stands is as it was, with
        the row."""
        names = {
            key.partition(":index")[0]
            for key in bundles.values
            if ":index" in key and not key.startswith("page:")
        }
        still = {page["meta"]["source"] for page in self.still.values()}
        return [
            f"{name}:index is of no source" for name in sorted(names - set(self.sources) - still)
        ]

    def _outdated(self, bundles: Bundles, still: Collection[str]) -> list[str]:
        """Pages that are published in another format than the one that is deployed."""
        pages = [
            (page["meta"]["slug"], bundles.values[f"page:{page['meta']['slug']}"])
            for page in bundles.pages.values()
        ]
        return [
            f"{slug} has the format {value.get('v')}, not {self.version}"
            for slug, value in pages
            if value.get("v") != self.version and value["meta"]["id"] not in still
        ]

    def _is_below(self, id: str, tops: set[str]) -> bool:
        workspace = self.world.notion.workspace
        node = workspace.nodes[id]
        return isinstance(node, Page) and any(above.id in tops for above in workspace.up(node))

    def _late(self, bundles: Bundles) -> set[str]:
        """Rows of big sources that were taken away, or came back, within the day before the run
        that is judged was asked for, with what stands below them."""
        since = self.judged_at - LATE_DELETIONS_SECONDS
        late = self._since(self.removed, since) & set(bundles.pages)
        return {
            *(id for top in late for id in _with_child_pages(top, bundles.pages)),
            *self._with_below(self._since(self.returned, since)),
        }

    def _since(self, rows: dict[str, float], moment: float) -> set[str]:
        """Those rows that were taken away, or came back, since then, where sources count as
        big."""
        return {id for id, at in rows.items() if at > moment and self.big_rows < 1_000}

    def _lacking(self) -> set[str]:
        """Pages that are known to lack something, of which a run read them whose requests might
        fail: they are read again in each run until they are whole."""
        if self.judged_at > self.weather_until:
            return set()
        return {id for id, record in self.world.records().items() if record.get("is_lacking")}

    def _hidden_since(self, page: str) -> float | None:
        """When a page was hidden. One below a row that has left a big source goes with the row, and
        is kept up to date until then. So is one below a page that Notion denied by mistake instead
        of saying that it is archived: that is one of two proofs, and the next run asks again."""
        late = self._since(self.removed, self.world.clocks.now() - LATE_DELETIONS_SECONDS)
        if page not in late and self._is_below(page, late):
            return None
        hidden, workspace = self.standing.hidden_since(page), self.world.notion.workspace
        if hidden is None or page not in workspace.nodes:
            return hidden
        denied_at = self.world.notion.denied_at
        up = workspace.up(workspace.nodes[page])
        return max(hidden, *(denied_at.get(above.id, hidden) for above in up))

    def _doubtful(self) -> frozenset[str]:
        """Paused pages that may have been unpublished: they were hidden or out of all sources once,
        or never were to be seen."""
        touched = [row for row, below in self.paused.items() if self.writer.touched & {row, *below}]
        return frozenset(id for row in touched for id in self.paused[row])

    def bundles(self) -> Bundles:
        """What a site can read; a value that is not of the form it must have counts as one that is
        not there."""
        values = {key: value for key, value in self.world.values().items() if _has_form(key, value)}
        return Bundles(values, self.world.paths())

    def watch(self, changed: set[str]) -> None:
        """Looks at what changed. The function that changed it would catch what is raised here."""
        try:
            self.watcher.look(changed)
            self.previews.look(changed)
            self.databases.look(changed, is_spoiled=self.watcher.is_spoiled)
            self._take_anew(changed)
            self._follow_addresses(changed)
        except Exception as error:
            self.watcher.broken.append(f"the judge failed: {error!r}")

    def _follow_addresses(self, changed: set[str]) -> None:
        """Paused pages of which the functions don't know it yet may move, as they are."""
        self.seen_paused |= {
            row for row in self.paused.keys() - self.seen_paused if self.world.knows_paused(row)
        }
        unseen = self.paused.keys() - self.seen_paused
        if not unseen or "paths" not in changed:
            return
        slugs = self.world.paths()
        for row in unseen:
            self.paused[row] = {id: _moved(page, slugs) for id, page in self.paused[row].items()}

    def _take_anew(self, changed: set[str]) -> None:
        """What was lost of a paused page stays as it is when it was read anew, with the child pages
        that stand on it by then."""
        written = {
            head.meta.id
            for key, head in self.watcher.pages.items()
            if head.meta.id in self.read_anew and key in changed
        }
        pages = self.bundles().pages if written else {}
        for page in written & set(pages):
            for kept in [kept for kept in self.paused.values() if page in kept]:
                before, now = _child_pages(kept[page]), _child_pages(pages[page])
                for gone in before - now:
                    for id in _with_child_pages(gone, kept):
                        del kept[id]
                kept[page] = pages[page]
                kept |= {id: pages.get(id, NOTHING_YET) for id in now - set(kept)}
                self.read_anew |= now - before

    def _oldest(self) -> float:
        """From when on the calls that are under way may know something: when the oldest of them was
        begun, or the run that it belongs to; earlier where Notion shows what was."""
        runs = {call.run_id for call in self.world.functions.under_way if call.run_id}
        calls = [
            call.began
            for call in self.world.functions.calls
            if call.ended is None or call.run_id in runs
        ]
        return self.world.notion.shown_until(min(calls, default=self.world.clocks.now()))

    def _active(self) -> str:
        active: Any = self.world.redis.ask("GET", "sync:active")
        return active.decode() if active else ""

    def _rows(self) -> set[tuple[str, str | None]]:
        """Rows that a listing shows, and the source that each stands in."""
        workspace = self.world.notion.workspace
        return {(row.id, row.parent) for row in self.writer.rows() if workspace.is_visible(row)}

    def _raise(self, problems: list[str]) -> None:
        if problems:
            raise Broken("\n".join(problems))


def count_of(run: dict[str, str]) -> int:
    """Notion's requests in a run's record, those too that its slices have not settled."""
    spent = [value.split()[0] for name, value in run.items() if name.startswith("spent:")]
    return int(run.get("notionRequests", "0")) + sum(map(int, spent))


def run_of(message: Message) -> str:
    """The run that a message is about, "" for none."""
    found = re.search(rb'"runId": ?"([^"]+)"', message.publication.body)
    return found[1].decode() if found else ""


def lane_of(message: Message) -> str:
    """The lane of a run that a message is about, "" for none."""
    found = re.search(rb'"lane": ?"([^"]+)"', message.publication.body)
    return found[1].decode() if found else ""


def _has_form(key: str, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if key == "redirects":
        return all(isinstance(slug, str) for slug in value.values())
    member = "blocks" if ":part:" in key else "meta" if key.startswith("page:") else "items"
    return member in value or key.startswith(("doc:", "preview:"))


def _moved(value: Any, slugs: dict[str, str]) -> Any:
    """Return a page's bundle with these slugs of pages, by their ids."""
    if isinstance(value, list):
        return [_moved(one, slugs) for one in value]
    if not isinstance(value, dict):
        return value
    moved = {name: _moved(one, slugs) for name, one in value.items()}
    slug = slugs.get(str(moved.get("id"))) if "slug" in moved else None
    return moved | {"slug": slug} if slug else moved


def _child_pages(page: JSON) -> set[str]:
    return {child["id"] for child in page["meta"]["childPages"]}


def _with_child_pages(id: str, pages: dict[str, JSON]) -> list[str]:
    if id not in pages:
        return []
    below = (
        one
        for child in pages[id]["meta"]["childPages"]
        for one in _with_child_pages(child["id"], pages)
    )
    return [id, *below]


def _is_of_some_pages(run: dict[str, str]) -> bool:
    """Whether a run is about those pages only of which Notion's webhook told in a window of
    time, or whose dates begin or end."""
    return run.get("window", "0") != "0" or run.get("scheduled", "0") != "0"
