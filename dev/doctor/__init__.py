"""Looks a set-up over before anything runs on it: every variable, Notion, KV, QStash, and the
deployed worker."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dev.doctor import addresses, hosts, kv, notices, notion, qstash, variables, worker
from dev.doctor.finding import Finding, Grade, note
from lib.auth import webhook_address
from lib.config import Config
from lib.model import Grant
from lib.notion.client import NotionAccess, NotionClient
from lib.notion.pacing import Pacer
from lib.secret import FORWARDED, derived_secret, preview_secret, webhook_secret
from lib.store.kv import Kv
from lib.wiring import publication_rule

TIMEOUT_SECONDS = 20.0
STYLES: dict[Grade, str] = {"ok": "green", "note": "yellow", "mend": "bold red"}

_NOTION = frozenset({"NOTION_TOKEN", "NOTION_SOURCES", "NOTION_API_URL"})
_KV = frozenset(
    {"KV_REST_API_URL", "KV_REST_API_TOKEN", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"}
)
_ADDRESS = frozenset({"SYNC_BASE_URL", "VERCEL_URL", "VERCEL_PROJECT_PRODUCTION_URL"})
_KEYS = frozenset({"QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"})


@dataclass(frozen=True)
class Check:
    """A part of the set-up: what it needs of the variables, and how it is looked at."""

    title: str
    needs: frozenset[str]
    findings: AsyncIterator[Finding]


async def examine(
    environ: Mapping[str, str],
    console: Console,
    *,
    live: bool = False,
    resolve: hosts.Resolve = hosts.resolve_host,
) -> bool:
    """Tells each finding as it comes; True where nothing has to be mended. `live`: test notices are
    sent; `resolve` raises OSError for a host that there is not."""
    found = variables.examine(environ)
    gone = await hosts.find_gone(found.config, environ, found.unusable, resolve)
    unusable = found.unusable | set(gone)
    _head(console, "Settings")
    to_mend = sum(_tell(console, finding) for finding in [*found.findings, *gone.values()])
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http:
        for check in _checks(found.config, http, live=live):
            _head(console, check.title)
            if missing := sorted(check.needs & unusable):
                _tell(console, note(f"not looked at: {', '.join(missing)} first"))
                continue
            async for finding in check.findings:
                to_mend += _tell(console, finding)
    if "CRON_SECRET" not in found.unusable:
        _head(
            console,
            "Messages of your own, from QStash's console or a schedule, must forward this header",
        )
        console.print(
            Text(f"  {FORWARDED}: {derived_secret(found.config.cron_secret)}"), soft_wrap=True
        )
        if "SYNC_BASE_URL" not in found.unusable:
            _head(console, "The address of Notion's webhook, which is set up with all of it")
            console.print(Text(f"  {webhook_address(found.config)}"), soft_wrap=True)
        if found.config.previews:
            _head(console, "What your site checks links to previews with (PREVIEW_SECRET there)")
            console.print(Text(f"  {preview_secret(found.config.cron_secret)}"), soft_wrap=True)
        if found.config.notify_webhook_url:
            _head(
                console,
                "What NOTIFY_WEBHOOK_URL is sent is signed (Standard Webhooks) with this key",
            )
            console.print(Text(f"  {webhook_secret(found.config.cron_secret)}"), soft_wrap=True)
    _head(
        console,
        f"{to_mend} to mend, each of which says how." if to_mend else "Nothing has to be mended.",
    )
    return not to_mend


def _checks(config: Config, http: httpx.AsyncClient, *, live: bool) -> list[Check]:
    store = Kv(config.kv_url, config.kv_token.reveal(), http)
    checks = [
        Check(
            "Notion",
            _NOTION,
            notion.examine(_notion(config, http), config.sources, publication_rule(config)),
        ),
        Check("KV", _KV, kv.examine(store, config.kv_prefix)),
        Check("Files", _KV | {"CRON_SECRET"}, addresses.examine(store, config)),
        Check("QStash", _KEYS | {"QSTASH_TOKEN", "QSTASH_URL"}, qstash.examine(http, config)),
        Check("Worker", _KEYS | _ADDRESS | {"CRON_SECRET"}, worker.examine(http, config)),
    ]
    if live:
        needs = notices.SETTINGS | _ADDRESS | {"CRON_SECRET"}
        checks.append(Check("Notices", needs, notices.examine(http, config)))
    return checks


def _notion(config: Config, http: httpx.AsyncClient) -> NotionClient:
    """A client outside the shared budget: a handful of requests, which a sync would not miss."""

    async def reserve(requests: int) -> Grant:
        return Grant(requests)

    async def push_back(seconds: float) -> None:
        return None

    pacer = Pacer(
        reserve=reserve,
        push_back=push_back,
        out_of_time=lambda: False,
        sleep=asyncio.sleep,
        monotonic=time.monotonic,
    )
    return NotionClient(
        NotionAccess(token=config.notion_token.reveal(), base_url=config.notion_api_url, http=http),
        pacer,
        now=time.time,
        sleep=asyncio.sleep,
        random=random.random,
    )


def _head(console: Console, title: str) -> None:
    console.print(Text(f"\n{title}", "bold"), soft_wrap=True)


def _tell(console: Console, finding: Finding) -> bool:
    """Whether it is one to mend."""
    if console.is_terminal:
        console.print(_coloured(finding))
    else:
        console.print(Text(f"  {finding.grade:<4}  {finding.text}"), soft_wrap=True)
    return finding.grade == "mend"


def _coloured(finding: Finding) -> Table:
    """In two columns, so that a long text stays beside its grade."""
    line = Table.grid(padding=(0, 2))
    line.add_column(width=len("  mend"))
    line.add_column()
    line.add_row(Text(f"  {finding.grade}", STYLES[finding.grade]), Text(finding.text))
    return line
