"""Builds the collaborators of one request from the configuration, as late as possible; those of a
slice are in `lib/slice_wiring.py`.

The trigger never loads the Notion client: what needs it is imported where it is built. TLS contexts
cost 60–140 ms, so there is one for each process; HTTP clients belong to one event loop, so they
live as long as one request.
"""

import asyncio
import math
import random
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from lib.auth import webhook_address
from lib.config import Config
from lib.log import Log
from lib.qstash.client import Queue
from lib.secret import AddressKey, PreviewKey, Secret
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs
from lib.sync.trigger import TRIGGER, FollowUp, Trigger
from lib.times import iso_utc

if TYPE_CHECKING:
    from lib.bundle.publication import PublicationRule
    from lib.media.address import Locator
    from lib.notify.channels import ChannelKind
    from lib.notify.revalidate import Revalidation
    from lib.notify.tools import ChannelTools
    from lib.notion.client import NotionClient
    from lib.notion.pacing import Pacer
    from lib.store.budget import Budget
    from lib.store.events import Events
    from lib.store.hasty import HastyKv
    from lib.store.media import Files
    from lib.store.tellings import Tellings
    from lib.sync.cancel import Cancel
    from lib.sync.preview import PreviewLinks
    from lib.sync.status import Status
    from lib.sync.telling import Audience, Desk, SiteCall
    from lib.sync.webhook import Webhook

DEFAULT_SLICE_SECONDS = 60.0
"""A slice's time where neither SYNC_SLICE_SECONDS nor the platform says how long a function may
take."""
MARGIN_SECONDS, MARGIN_SHARE = 20.0, 0.3
"""What a slice leaves of the function's own time for saving, publishing and answering; of a short
time, a share."""
VERCEL_JSON = Path(__file__).parent.parent / "vercel.json"
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""All connections are kept: the pool counts busy ones too against those that it may keep (20 unless
said otherwise), and would close each of the others after one answer."""
LOOK_UP_SECONDS = 8.0
"""How long `/api/media` waits for one answer of Notion's."""


class Services:
    """The collaborators of one request, each of which is built once, when it is asked for."""

    def __init__(self, config: Config, http: httpx.AsyncClient, log: Log) -> None:
        self.config = config
        self.log = log
        self.http = http
        self.keys = Keys(config.kv_prefix)
        self.kv = Kv(config.kv_url, config.kv_token.reveal(), http, config.kv_max_value_bytes)
        self.runs = self._runs_in(self.kv)
        self.now: Callable[[], float] = time.time

    def _runs_in(self, kv: Kv) -> Runs:
        return Runs(kv, self.keys, time.time, new_id, self.config.retries + 1)

    @cached_property
    def hasty_kv(self) -> "HastyKv":
        """KV for callers that wait and did not ask for work: an answer soon, or none."""
        from lib.store.hasty import HastyKv

        return HastyKv(self.config.kv_url, self.config.kv_token.reveal(), self.http)

    @cached_property
    def queue(self) -> Queue:
        return Queue(self.config, self.http)

    @cached_property
    def trigger(self) -> Trigger:
        runs = self._runs_in(self.hasty_kv)
        return Trigger(
            runs, self.queue, self.log, lanes=self.config.lanes, now=time.time, new_id=new_run_id
        )

    @cached_property
    def follow_up(self) -> FollowUp:
        return FollowUp(self.runs, self.queue, now=time.time)

    @cached_property
    def cancel(self) -> "Cancel":
        from lib.store.history import History
        from lib.sync.cancel import Cancel

        kv = self.hasty_kv
        return Cancel(
            self._runs_in(kv),
            History(kv, self.keys),
            self.queue,
            self.log,
            tells=self.audience.hears,
            now=time.time,
        )

    @cached_property
    def status(self) -> "Status":
        from lib.store.history import History
        from lib.sync.cron import next_cron
        from lib.sync.status import Status, WebhookSetup

        return Status(
            History(self.hasty_kv, self.keys),
            self.queue.delivery_of,
            sources=self.config.sources,
            webhook=WebhookSetup(
                webhook_address(self.config), self.config.notion_webhook_token is not None
            ),
            next_cron=lambda now: next_cron(VERCEL_JSON.read_text("utf-8"), TRIGGER, now),
            requests_per_minute=self.config.notion_requests_per_minute,
            now=time.time,
            makes_links=self.config.previews and bool(self.config.preview_url),
        )

    @cached_property
    def preview_links(self) -> "PreviewLinks":
        from lib.store.previews import Previews
        from lib.sync.preview import PreviewLinks

        return PreviewLinks(Previews(self.hasty_kv, self.keys), self.config, time.time)

    @cached_property
    def tellings(self) -> "Tellings":
        from lib.store.tellings import Tellings

        return Tellings(self.kv, self.keys, time.time, new_id)

    @cached_property
    def desk(self) -> "Desk":
        from lib.sync.telling import Desk

        return Desk(
            self.runs,
            self.tellings,
            self.channels,
            self.log,
            tells=self.audience.hears,
            follow_up=self.follow_up,
            new_id=new_run_id,
            now=time.time,
        )

    @cached_property
    def audience(self) -> "Audience":
        from lib.sync.telling import Audience

        return Audience.of(self.channels, every_run=self.config.notify_on == "always")

    @cached_property
    def events(self) -> "Events":
        from lib.store.events import Events

        return Events(self.hasty_kv, self.keys)

    @cached_property
    def webhook(self) -> "Webhook":
        from lib.sync.webhook import Webhook

        config = self.config
        live = config.notion_webhook_token is not None
        return Webhook(
            self.events,
            self.queue,
            self.log,
            references=config.sources,
            site=config.base_url,
            live=live,
            now=time.time,
        )

    def _site_channel(self) -> "Revalidation | None":
        """Return the channel of the site; None where there is none."""
        from lib.notify.revalidate import Revalidation

        return Revalidation.from_config(self.config, self._channel_tools())

    def site_call(self, deadline: float | None) -> "SiteCall | None":
        """Return what notifies the site from a slice that may go on until the `deadline`; None
        where there is no site."""
        from lib.sync.telling import SiteCall

        site, until = self._site_channel(), math.inf if deadline is None else deadline
        if site is None:
            return None
        return SiteCall(site, self.tellings, self.log, until=until, now=time.time)

    @cached_property
    def channels(self) -> "list[ChannelKind]":
        """The channels that are set up."""
        from lib.notify.channels import open_channels

        return open_channels(self.config, self._channel_tools())

    def _channel_tools(self) -> "ChannelTools":
        from lib.notify.tools import ChannelTools

        return ChannelTools(http=self.http, ledger=self.tellings, now=time.time)

    def slice_end(self, deadline: float | None) -> float:
        """When a slice that begins now should stop working (epoch seconds); `deadline` is the
        function's own."""
        now = time.time()
        wanted = now + (
            self.config.slice_seconds or (DEFAULT_SLICE_SECONDS if deadline is None else 86_400.0)
        )
        if deadline is None:
            return wanted
        return min(wanted, deadline - min(MARGIN_SECONDS, MARGIN_SHARE * (deadline - now)))

    @cached_property
    def files(self) -> "Files":
        from lib.store.media import Files

        return Files(self.kv, self.keys, store_id(self.config.blob_read_write_token))

    @cached_property
    def locator(self) -> "Locator":
        """What finds hosted files for visitors, who have their own share of Notion's minute and
        wait for KV briefly."""
        from lib.media.address import Locator
        from lib.notion.files import FileHosts
        from lib.store.budget import Budget
        from lib.store.media import Files

        config, kv = self.config, self.hasty_kv
        budget = Budget(kv, self.keys, config.notion_requests_per_minute, time.time, "visit")

        def connect() -> "NotionClient":
            return self.notion_client(self.pacer(budget, lambda: False, batch=1), LOOK_UP_SECONDS)

        files, hosts = (
            Files(kv, self.keys, store_id(config.blob_read_write_token)),
            FileHosts(config.notion_file_hosts),
        )
        copies = FileHosts(copy_hosts(config))
        return Locator(
            files, hosts, copies, connect, now=time.time, sleep=asyncio.sleep, new_id=new_run_id
        )

    def pacer(self, budget: "Budget", out_of_time: Callable[[], bool], batch: int) -> "Pacer":
        from lib.notion.pacing import Pacer

        return Pacer(
            reserve=budget.reserve,
            push_back=budget.close_minute,
            out_of_time=out_of_time,
            sleep=asyncio.sleep,
            monotonic=time.monotonic,
            batch=batch,
        )

    def notion_client(self, pacer: "Pacer", timeout_seconds: float) -> "NotionClient":
        from lib.notion.client import NotionAccess, NotionClient

        access = NotionAccess(
            token=self.config.notion_token.reveal(),
            base_url=self.config.notion_api_url,
            http=self.http,
            timeout_seconds=timeout_seconds,
        )
        return NotionClient(access, pacer, now=time.time, sleep=asyncio.sleep, random=random.random)


@asynccontextmanager
async def services(config: Config, log: Log) -> AsyncIterator[Services]:
    """The collaborators of one request; their connections are closed when it ends.

    KV's are in a pool of their own: a pool looks at all its connections at each request.
    """
    tls = _tls_context()
    kv = httpx.AsyncHTTPTransport(verify=tls, limits=LIMITS)
    async with httpx.AsyncClient(
        verify=tls, timeout=TIMEOUT, limits=LIMITS, mounts={config.kv_url: kv}
    ) as http:
        yield Services(config, http, log)


def publication_rule(config: Config) -> "PublicationRule":
    """How it is judged what is published."""
    from lib.bundle.publication import PublicationRule

    return PublicationRule(
        config.published_property,
        config.published_words,
        config.time_zone,
        previews=config.previews,
    )


def address_keys(config: Config, *, is_draft: bool) -> list[AddressKey]:
    """Return what may have signed an address of a file, or of a draft's file: a site shows those of
    yesterday's secret for a while."""
    key = PreviewKey if is_draft else AddressKey
    return [key(secret) for secret in (config.cron_secret, config.previous_secret) if secret]


def store_id(blob_token: Secret | None) -> str:
    """The Blob store that a token opens, `vercel_blob_rw_<store>_<secret>`; "" without one."""
    return blob_token.reveal().split("_")[3] if blob_token else ""


def copy_hosts(config: Config) -> list[str]:
    """Return where copies of files are: at a store's own public host, or at a local server in its
    place."""
    store, server = store_id(config.blob_read_write_token), urlsplit(config.blob_api_url)
    if not store:
        return []
    return [
        (
            f"{store.lower()}.public.blob.vercel-storage.com"
            if server.hostname == "vercel.com"
            else server.netloc
        )
    ]


def new_run_id() -> str:
    return f"run_{new_id()}"


def new_id() -> str:
    return uuid.uuid4().hex


def now_iso() -> str:
    return iso_utc(time.time())


@cache
def _tls_context() -> ssl.SSLContext:
    import certifi  # here, for its import belongs to the same price

    return ssl.create_default_context(cafile=certifi.where())
