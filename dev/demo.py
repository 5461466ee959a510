"""The local stack and one sync in it, whose worker is killed on the way: what comes of it, and what
stands in KV."""

import asyncio
import math
import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dev.equality import Bundles, Truth
from dev.local import Stage
from dev.notion import SAMPLE_DATABASES
from dev.notion.truth import minimum_requests
from dev.screen import Screen, screen
from dev.settings import written
from dev.site import Site, kinds
from dev.stack import Stack
from dev.watch import RunStatus, Sight, Watch
from lib.config import Config
from lib.model import JSON
from lib.store.keys import Keys
from lib.store.kv import Kv

LOG = Path(".cache/functions.log")
POLL_SECONDS = 0.2
GIVE_UP_SECONDS = 3600.0
STATUS_SECONDS = 60.0
"""How long an answer is waited for: it may come from functions that are being started."""
FIRST_RETRY_SECONDS = 60
QUEUE_SPEED = 20.0
"""How much sooner than QStash the stand-in delivers a failed message again."""
NOTION_LATENCY_MS = 200
"""About what Notion takes for an answer."""
SITE_PORT = 3001
"""Where the example site is served: beside the dashboard's 3000."""
KILL_AFTER_SHARE = 1 / 3
KILL_AFTER_PAGES = 20
KEYS_SHOWN = 60
SOURCE_SETTINGS = ("NOTION_TOKEN", "NOTION_SOURCES", "NOTION_API_URL", "NOTION_REQUESTS_PER_MINUTE")
"""What counts here of `.env` and `.env.local`: where to read. Nothing that is written to, or
told."""


def play(console: Console, port: int, *, once: bool, blob: bool) -> bool:
    """Starts the stack, with a Blob store if `blob`, syncs once, and keeps the stack up unless
    `once`; whether the sync ended as it should."""
    LOG.parent.mkdir(exist_ok=True)
    with Stack(
        port,
        environ=environ(Path(), os.environ),
        deploy=partial(Stage, log=LOG),
        queue_speed=QUEUE_SPEED,
        blob=blob,
    ) as stack:
        if stack.notion:
            stack.notion.latency.set(NOTION_LATENCY_MS)
        succeeded = asyncio.run(Demo(stack, console).run())
        if succeeded and not once:
            _stay(stack, console)
    return succeeded


class Demo:
    """One run, asked for, watched, killed once and summed up."""

    def __init__(self, stack: Stack, console: Console) -> None:
        assert isinstance(stack.functions, Stage)
        self._stack, self._stage, self._console = stack, stack.functions, console
        self._config = Config.read(stack.environ)
        self._keys = Keys(self._config.kv_prefix)

    async def run(self) -> bool:
        self._introduce()
        run_id = await self._ask()
        async with httpx.AsyncClient(trust_env=False) as http:
            with screen(self._console) as shown:
                ended = await self._follow(Watch(partial(self._status, http), run_id), shown)
            kv = Kv(self._stack.upstash.url, self._stack.upstash.token, http)
            return await self._sum_up(ended, Site(kv, self._keys))

    def _introduce(self) -> None:
        stack = self._stack
        notion = (
            "Notion with a sample workspace"
            if stack.notion
            else f"your Notion ({self._config.notion_api_url})"
        )
        queue = "QStash" if stack.qstash else f"the QStash at {self._config.qstash_url}"
        self._say(
            f"On this machine now: {notion}, {queue}, Upstash Redis, and the functions.", "bold"
        )
        self._say(f"Dashboard  {stack.url}")
        self._say(f"Secret     {stack.secret}\n")

    async def _ask(self) -> str:
        answer = await asyncio.to_thread(self._stack.get, "/api/sync/trigger")
        answer.raise_for_status()
        self._say(f"GET /api/sync/trigger → {answer.status_code} {answer.json()['message']}")
        run_id: str = answer.json()["runId"]
        return run_id

    async def _status(self, http: httpx.AsyncClient) -> JSON | None:
        """Return what the dashboard sees; None while the functions are down."""
        answer = await http.get(
            f"{self._stack.url}/api/sync/status",
            headers={"Authorization": f"Bearer {self._stack.secret}"},
            timeout=STATUS_SECONDS,
        )
        status: JSON | None = answer.json() if answer.is_success else None
        return status

    async def _follow(self, watch: Watch, shown: Screen) -> Sight:
        """Watch the run to its end, and kill the worker once it is well under way."""
        # Another QStash takes a minute to deliver again.
        is_to_be_killed = self._stack.qstash is not None
        retries_at_kill: int | None = None
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < give_up:
            sight = await watch.look()
            run = sight.run
            if run and retries_at_kill is not None and run.retries > retries_at_kill:
                retries_at_kill = None
                shown.say(
                    "✓ QStash delivered its message again: the run goes on with what was left",
                    "green",
                )
            shown.show(sight)
            if sight.ended:
                return sight
            if is_to_be_killed and run and _is_well_under_way(run):
                is_to_be_killed = False
                await asyncio.to_thread(self._stage.kill)
                retries_at_kill = run.retries
                self._tell_of_the_kill(run, shown)
            await asyncio.sleep(POLL_SECONDS)
        raise SystemExit(f"The run did not end within {GIVE_UP_SECONDS:.0f} s; see {LOG}.")

    def _tell_of_the_kill(self, run: RunStatus, shown: Screen) -> None:
        shown.say(
            f"✗ The worker was killed (SIGKILL) at {run.synced} of {run.to_sync} pages", "red"
        )
        after = f"{FIRST_RETRY_SECONDS / QUEUE_SPEED:.0f} s"
        shown.say(
            f"  Here its message comes again after {after}; QStash itself lets about a minute pass",
            "dim",
        )

    async def _sum_up(self, ended: Sight, site: Site) -> bool:
        run = ended.run
        assert run
        names = await site.keys()
        self._console.print(self._table(run, ended.totals, names))
        for warning in run.warnings:
            self._say(f"Warning: {warning}", "yellow")
        for error in run.errors:
            self._say(error["reason"], "red")
        told = [name for name in names if not name.startswith("doc:")]  # there is one for each page
        more = f" … and {len(told) - KEYS_SHOWN} more" if len(told) > KEYS_SHOWN else ""
        self._say(f"In KV: {', '.join(told[:KEYS_SHOWN])}{more}; of each page also doc:…\n")
        return run.status == "delivered" and await self._is_true(site)

    def _table(self, run: RunStatus, totals: Mapping[str, int], names: list[str]) -> Table:
        took = (run.duration_ms or 0) / 1000
        slices = f"{run.slices} slice{'s' if run.slices != 1 else ''}"
        again = f", {run.retries} delivered again" if run.retries else ""
        table = Table(
            title=f"Run {run.run_id}: {run.status}", show_header=False, title_justify="left"
        )
        for name, total in totals.items():
            table.add_row(f"Published {name}", str(total))
        table.add_row("Pages read (rows and child pages)", str(run.synced))
        table.add_row("Failed", str(run.failed))
        table.add_row("Time", f"{took:.1f} s in {slices}{again}")
        table.add_row("Notion requests", self._requests(run))
        table.add_row("KV commands", str(run.kv_commands))
        table.add_row("KV keys a site reads", kinds(names))
        return table

    def _requests(self, run: RunStatus) -> str:
        if self._stack.notion is None:
            return str(run.notion_requests)
        sent = self._stack.notion.log.stats["total"]
        fewest = minimum_requests(self._stack.notion.workspace, SAMPLE_DATABASES.values())
        return f"{sent}; without the kill {fewest} would do"

    async def _is_true(self, site: Site) -> bool:
        """Whether KV equals the stand-in's workspace; of a real one nobody knows the truth."""
        if self._stack.notion is None:
            return True
        bundles = Bundles.of(await site.texts(), await site.paths())
        copies = f"{self._stack.blob.url}/public" if self._stack.blob else ""
        truth = Truth(
            self._stack.notion.workspace, SAMPLE_DATABASES, self._stack.url, copies=copies
        )
        if wrong := truth.problems(bundles):
            self._say(f"KV equals the workspace: NO\n  {'; '.join(wrong)}", "bold red")
            return False
        self._say(
            f"KV equals the workspace: yes, {len(bundles.pages)} pages block for block",
            "bold green",
        )
        return True

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style), soft_wrap=not self._console.is_terminal)


def environ(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What the stack is started with: the environment, and of the files in `folder` only where to
    read."""
    files = {name: value for name, value in written(folder).items() if name in SOURCE_SETTINGS}
    return files | dict(environ)


def _is_well_under_way(run: RunStatus) -> bool:
    enough = min(KILL_AFTER_PAGES, math.ceil(run.to_sync * KILL_AFTER_SHARE))
    return run.status == "active" and run.remaining > 0 and run.synced >= enough > 0


def unlocked(url: str, secret: str) -> str:
    """The dashboard's address with its secret in the fragment, which no request carries."""
    return f"{url}/#secret={quote(secret, safe='')}"


def _stay(stack: Stack, console: Console) -> None:
    """Until Ctrl+C."""
    for line in (
        f"The stack stays up until Ctrl+C; the functions' log is in {LOG}. Another sync:",
        f"  curl '{stack.url}/api/sync/trigger?force=1&secret={stack.secret}'\n",
        "A site that reads this KV, in another terminal:",
        f"  export KV_REST_API_URL={stack.upstash.url}",
        f"  export KV_REST_API_READ_ONLY_TOKEN={stack.upstash.read_only_token}",
        f"  cd examples/nextjs && npm ci && npm run dev -- --port {SITE_PORT}\n",
        "The dashboard, unlocked, with buttons that make trouble:",
        f"  {unlocked(stack.url, stack.secret)}",
    ):
        console.print(Text(line), soft_wrap=True)
    while True:
        time.sleep(3600)
