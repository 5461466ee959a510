"""Builds the collaborators of one request from the configuration, as late as possible.

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
from functools import cache, cached_property, partial
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
    from lib.media.copying import Copier
    from lib.notify.channels import ChannelKind
    from lib.notify.revalidate import Revalidation
    from lib.notify.tools import ChannelTools
    from lib.notion.client import NotionClient
    from lib.notion.pacing import Pacer
    from lib.store.budget import Budget
    from lib.store.copies import Copies
    from lib.store.events import Events
    from lib.store.hasty import HastyKv
    from lib.store.media import Files
    from lib.store.site import Site
    from lib.store.sources import Sources
    from lib.store.tellings import Tellings
    from lib.sync.cancel import Cancel
    from lib.sync.continuation import InlineContinuation, QueuedContinuation
    from lib.sync.homes import Homes
    from lib.sync.preview import PreviewLinks
    from lib.sync.run import Advance, Engine, SliceRun
    from lib.sync.status import Status
    from lib.sync.survey.surveyor import Surveyor
    from lib.sync.telling import Audience, Desk, SiteCall
    from lib.sync.webhook import Webhook
    from lib.sync.work.slice import Worker

DEFAULT_SLICE_SECONDS = 60.0
"""A slice's time where neither SYNC_SLICE_SECONDS nor the platform says how long a function may
take."""
MARGIN_SECONDS, MARGIN_SHARE = 20.0, 0.3
"""What a slice leaves of the function's own time for saving, publishing and answering; of a short
time, a share."""
VERCEL_JSON = Path(__file__).parent.parent / "vercel.json"
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
RESERVED_AT_ONCE = 60
"""Notion requests that a slice reserves with one KV command."""
LINGER_SECONDS, LINGER_SHARE = 8.0, 0.4
"""How long requests under way are waited for when a slice's time is used up: at most this share of
the margin."""
ANSWER_SECONDS, SHORTEST_ANSWER_SECONDS = 30.0, 3.0
"""How long a slice waits for one answer of Notion's; a short slice no longer than it works, but
long enough for one."""
LOOK_UP_SECONDS = 8.0
"""How long `/api/media` waits for one answer of Notion's."""


class Services:
    """The collaborators of one request."""

    def __init__(self, config: Config, http: httpx.AsyncClient, log: Log) -> None:
        self.config = config
        self.log = log
        self._http = http
        self.keys = Keys(config.kv_prefix)
        self.kv = Kv(config.kv_url, config.kv_token.reveal(), http, config.kv_max_value_bytes)
        self.runs = self._runs_in(self.kv)

    def _runs_in(self, kv: Kv) -> Runs:
        return Runs(kv, self.keys, time.time, new_id, self.config.retries + 1)

    @property
    def hasty_kv(self) -> "HastyKv":
        """KV for callers who did not ask for work: an answer soon, or none."""
        from lib.store.hasty import HastyKv

        return HastyKv(self.config.kv_url, self.config.kv_token.reveal(), self._http)

    @property
    def queue(self) -> Queue:
        return Queue(self.config, self._http)

    @property
    def trigger(self) -> Trigger:
        runs = self._runs_in(self.hasty_kv)
        return Trigger(
            runs, self.queue, self.log, lanes=self.config.lanes, now=time.time, new_id=new_run_id
        )

    @property
    def follow_up(self) -> FollowUp:
        return FollowUp(self.runs, self.queue, now=time.time)

    @property
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

    @property
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

    @property
    def preview_links(self) -> "PreviewLinks":
        from lib.store.previews import Previews
        from lib.sync.preview import PreviewLinks

        return PreviewLinks(Previews(self.hasty_kv, self.keys), self.config, time.time)

    @property
    def tellings(self) -> "Tellings":
        from lib.store.tellings import Tellings

        return Tellings(self.kv, self.keys, time.time, new_id)

    @property
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

    @property
    def audience(self) -> "Audience":
        from lib.sync.telling import Audience

        return Audience.of(self.channels, every_run=self.config.notify_on == "always")

    @property
    def events(self) -> "Events":
        from lib.store.events import Events

        return Events(self.hasty_kv, self.keys)

    @property
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
        """The way to the site; None where there is none."""
        from lib.notify.revalidate import Revalidation

        return Revalidation.from_config(self.config, self._channel_tools())

    def site_call(self, deadline: float | None) -> "SiteCall | None":
        """What tells the site from a slice that may go on until the `deadline`."""
        from lib.sync.telling import SiteCall

        site, until = self._site_channel(), math.inf if deadline is None else deadline
        if site is None:
            return None
        return SiteCall(site, self.tellings, self.log, until=until, now=time.time)

    @property
    def channels(self) -> "list[ChannelKind]":
        """The channels that are set up."""
        from lib.notify.channels import open_channels

        return open_channels(self.config, self._channel_tools())

    def _channel_tools(self) -> "ChannelTools":
        from lib.notify.tools import ChannelTools

        return ChannelTools(http=self._http, ledger=self.tellings, now=time.time)

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

    @property
    def files(self) -> "Files":
        from lib.store.media import Files

        return Files(self.kv, self.keys, store_id(self.config.blob_read_write_token))

    @property
    def locator(self) -> "Locator":
        """Finds hosted files for visitors, who have their own share of Notion's minute and wait for
        KV briefly."""
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
            http=self._http,
            timeout_seconds=timeout_seconds,
        )
        return NotionClient(access, pacer, now=time.time, sleep=asyncio.sleep, random=random.random)

    def file_copier(self, copies: "Copies", budget: "Budget") -> "Copier | None":
        """What copies files into Blob, where there is a store for them."""
        config = self.config
        if config.blob_read_write_token is None:
            return None
        from lib.media.copying import Copier, NotionFiles
        from lib.notion.files import FileHosts
        from lib.store.blob import Blob

        notion = self.notion_client(self.pacer(budget, lambda: False, batch=1), ANSWER_SECONDS)
        return Copier(
            copies,
            Blob(self._http, config.blob_api_url, config.blob_read_write_token.reveal()),
            NotionFiles(notion, self._http, FileHosts(config.notion_file_hosts), time.time),
            self.log,
            prefix=config.kv_prefix,
            max_value_bytes=config.kv_max_value_bytes,
            now=time.time,
        )

    def engine(self, deadline: float | None) -> "Engine":
        """The engine of one slice; `deadline` is the function's own (epoch seconds; None: it has
        none)."""
        return SliceParts(self, deadline).engine


class SliceParts:
    """The collaborators of one slice, each of which is built once. `deadline` is the function's own
    (epoch seconds; None: it has none)."""

    def __init__(self, services: Services, deadline: float | None) -> None:
        self._services = services
        self._config = services.config
        self._kv = services.kv
        self._keys = services.keys
        self._runs = services.runs
        self._log = services.log
        self._deadline = deadline
        self._until = services.slice_end(deadline)

    @property
    def engine(self) -> "Engine":
        from lib.sync.continuation import SilentRuns
        from lib.sync.run import Engine

        return Engine(
            self._runs,
            self._slice_run,
            SilentRuns(self._services.tellings, self._log),
            self._log,
            queued=self._queued,
            inline=self._inline,
            now=time.time,
            new_id=new_run_id,
        )

    @property
    def _slice_run(self) -> "SliceRun":
        from lib.sync.ending import FileCopies, RunEnding
        from lib.sync.run import SliceRun, Spending

        ending = RunEnding(
            self._runs,
            self._site,
            self._log,
            references=self._config.sources,
            now=time.time,
            new_id=new_run_id,
        )
        return SliceRun(
            self._runs,
            self._advance,
            FileCopies(self._runs, self._copier, self._until),
            ending,
            Spending(self._notion, self._kv, self._give_back),
            self._log,
            time.time,
        )

    @property
    def _advance(self) -> "Advance":
        from lib.bundle.index import sort_text
        from lib.store.migration import Migration
        from lib.sync.run import Advance

        return Advance(
            self._sources,
            Migration(self._kv, self._keys, self._site, sort_text),
            self._homes,
            self._worker,
            self._surveyor,
            references=self._config.sources,
            until=self._until,
        )

    @property
    def _surveyor(self) -> "Surveyor":
        from lib.store.events import Events
        from lib.sync.survey.surveyor import RunStores, Surveyor

        stores = RunStores(
            runs=self._runs,
            events=Events(self._kv, self._keys),
            site=self._site,
            sources=self._sources,
        )
        return Surveyor(
            stores,
            self._notion,
            self._homes,
            self._worker,
            self._log,
            references=self._config.sources,
            now=time.time,
        )

    @property
    def _queued(self) -> "QueuedContinuation":
        from lib.sync.continuation import EndNotices, PageRetries, QueuedContinuation

        services, queue = self._services, self._services.queue
        site_call = services.site_call(self._deadline)
        return QueuedContinuation(
            self._runs,
            queue,
            services.follow_up,
            EndNotices(queue, services.audience, site_call.tell_site if site_call else None),
            PageRetries(self._runs, queue, time.time),
            self._log,
            self._notion.notion_now,
        )

    @property
    def _inline(self) -> "InlineContinuation":
        from lib.sync.continuation import InlineContinuation

        services = self._services
        return InlineContinuation(
            services.follow_up,
            lambda run_id: services.desk.tell_channels(run_id),
            self._log,
            self._notion.notion_now,
        )

    @cached_property
    def _worker(self) -> "Worker":
        from lib.bundle.media import address_for, preview_address_for
        from lib.store.drafts import Drafts
        from lib.store.work import WorkQueue
        from lib.sync.work.bundle_form import BundleForm, HostedFiles
        from lib.sync.work.slice import SliceStores, Worker

        config, copier = self._config, self._copier
        address = address_for(config.base_url, AddressKey(config.cron_secret).mac)
        preview_address = preview_address_for(config.base_url, PreviewKey(config.cron_secret).mac)
        note = copier.files.note_signed if copier else lambda refs: None
        return Worker(
            notion=self._notion,
            stores=SliceStores(
                runs=self._runs,
                work=WorkQueue(self._kv, self._keys, time.time),
                site=self._site,
                drafts=Drafts(self._kv, self._keys, self._site),
                files=HostedFiles(self._copies, note),
            ),
            form=BundleForm(
                address=address,
                preview_address=preview_address,
                max_value_bytes=config.kv_max_value_bytes,
                docs=config.docs,
                now_iso=now_iso,
            ),
            homes=self._homes,
            log=self._log,
            linger_seconds=self._linger_seconds,
            now=time.time,
        )

    @property
    def _linger_seconds(self) -> float:
        if self._deadline is None:
            return LINGER_SECONDS
        return min(LINGER_SECONDS, LINGER_SHARE * (self._deadline - self._until))

    @cached_property
    def _budget(self) -> "Budget":
        from lib.store.budget import Budget

        return Budget(self._kv, self._keys, self._config.notion_requests_per_minute, time.time)

    @cached_property
    def _pacer(self) -> "Pacer":
        return self._services.pacer(self._budget, self._is_out_of_time, batch=RESERVED_AT_ONCE)

    def _is_out_of_time(self) -> bool:
        return self._notion.requests > 0 and time.time() >= self._until

    @cached_property
    def _notion(self) -> "NotionClient":
        seconds = max(SHORTEST_ANSWER_SECONDS, min(ANSWER_SECONDS, self._until - time.time()))
        return self._services.notion_client(self._pacer, seconds)

    async def _give_back(self) -> None:
        await self._budget.give_back(self._pacer.unused)

    @cached_property
    def _site(self) -> "Site":
        from lib.store.site import Site

        config = self._config
        return Site(
            self._kv,
            self._keys,
            config.kv_max_value_bytes,
            time.time,
            now_iso,
            docs=config.docs,
            previews=config.previews,
        )

    @cached_property
    def _sources(self) -> "Sources":
        from lib.store.sources import Sources

        return Sources(self._kv, self._keys)

    @cached_property
    def _copies(self) -> "Copies":
        from lib.store.copies import Copies

        blob_store = store_id(self._config.blob_read_write_token)
        return Copies(self._kv, self._keys, blob_store, time.time, now_iso)

    @cached_property
    def _copier(self) -> "Copier | None":
        return self._services.file_copier(self._copies, self._budget)

    @cached_property
    def _homes(self) -> "Homes":
        from lib.notion.databases import find_source
        from lib.sync.homes import Homes

        find = partial(find_source, self._notion)
        return Homes({}, publication_rule(self._config), self._config.sources, find)


@asynccontextmanager
async def services(config: Config, log: Log) -> AsyncIterator[Services]:
    """The collaborators of one request; their connections are closed when it ends."""
    async with httpx.AsyncClient(verify=_tls_context(), timeout=TIMEOUT) as http:
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
