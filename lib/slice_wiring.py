"""Builds the collaborators of one slice of a run. Imported only where one is worked: it loads all
that reads, publishes and notifies."""

from functools import cached_property, partial
from typing import TYPE_CHECKING

from lib.bundle.index import sort_text
from lib.bundle.media import address_for, preview_address_for
from lib.notion.client import NotionClient
from lib.notion.databases import find_source
from lib.notion.pacing import Pacer
from lib.secret import AddressKey, PreviewKey
from lib.store.budget import Budget
from lib.store.copies import Copies
from lib.store.drafts import Drafts
from lib.store.events import Events
from lib.store.migration import Migration
from lib.store.site import Site
from lib.store.sources import Sources
from lib.store.work import WorkQueue
from lib.sync.continuation import (
    EndNotices,
    InlineContinuation,
    PageRetries,
    QueuedContinuation,
    SilentRuns,
)
from lib.sync.ending import RunEnding
from lib.sync.homes import Homes
from lib.sync.run import Advance, Engine, SliceRun, Spending
from lib.sync.survey.surveyor import RunStores, Surveyor
from lib.sync.work.bundle_form import BundleForm, HostedFiles
from lib.sync.work.slice import SliceStores, Worker
from lib.wiring import Services, new_run_id, now_iso, publication_rule, store_id

if TYPE_CHECKING:
    from lib.media.copying import Copier

RESERVED_AT_ONCE = 60
"""Notion requests that a slice reserves with one KV command."""
LINGER_SECONDS, LINGER_SHARE = 8.0, 0.4
"""How long requests under way are waited for when a slice's time is used up: at most this share of
the margin."""
ANSWER_SECONDS, SHORTEST_ANSWER_SECONDS = 30.0, 3.0
"""How long a slice waits for one answer of Notion's; a short slice no longer than it works, but
long enough for one."""


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
        self._now = services.now
        self._deadline = deadline
        self._until = services.slice_end(deadline)

    @property
    def engine(self) -> Engine:
        return Engine(
            self._runs,
            self._slice_run,
            SilentRuns(self._services.tellings, self._log),
            self._log,
            queued=self._queued,
            inline=self._inline,
            now=self._now,
            new_id=new_run_id,
        )

    @property
    def _slice_run(self) -> SliceRun:
        ending = RunEnding(
            self._runs,
            self._site,
            self._log,
            references=self._config.sources,
            now=self._now,
            new_id=new_run_id,
        )
        copier, is_joined = self._copier, self._runs.is_joined
        return SliceRun(
            self._runs,
            self._advance,
            partial(copier.copy_due, until=self._until, interrupted=is_joined) if copier else None,
            ending,
            Spending(self._notion, self._kv, self._give_back),
            self._log,
            self._now,
        )

    @property
    def _advance(self) -> Advance:
        return Advance(
            self._sources,
            self._site,
            Migration(self._kv, self._keys, self._site, sort_text),
            self._homes,
            self._worker,
            self._surveyor,
            references=self._config.sources,
            until=self._until,
        )

    @property
    def _surveyor(self) -> Surveyor:
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
            now=self._now,
        )

    @property
    def _queued(self) -> QueuedContinuation:
        services, queue = self._services, self._services.queue
        return QueuedContinuation(
            self._runs,
            queue,
            services.follow_up,
            EndNotices(
                queue, lambda: services.audience, lambda: services.site_call(self._deadline)
            ),
            PageRetries(self._runs, queue, self._now),
            self._log,
            self._notion.notion_now,
        )

    @property
    def _inline(self) -> InlineContinuation:
        services = self._services
        return InlineContinuation(
            services.follow_up,
            lambda run_id: services.desk.tell_channels(run_id),
            self._log,
            self._notion.notion_now,
        )

    @cached_property
    def _worker(self) -> Worker:
        config, copier = self._config, self._copier
        address = address_for(config.base_url, AddressKey(config.cron_secret).mac)
        preview_address = preview_address_for(config.base_url, PreviewKey(config.cron_secret).mac)
        note = copier.files.note_signed if copier else lambda refs: None
        return Worker(
            notion=self._notion,
            stores=SliceStores(
                runs=self._runs,
                work=WorkQueue(self._kv, self._keys, self._now),
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
            now=self._now,
        )

    @property
    def _linger_seconds(self) -> float:
        if self._deadline is None:
            return LINGER_SECONDS
        return min(LINGER_SECONDS, LINGER_SHARE * (self._deadline - self._until))

    @cached_property
    def _budget(self) -> Budget:
        return Budget(self._kv, self._keys, self._config.notion_requests_per_minute, self._now)

    @cached_property
    def _pacer(self) -> Pacer:
        return self._services.pacer(self._budget, self._is_out_of_time, batch=RESERVED_AT_ONCE)

    def _is_out_of_time(self) -> bool:
        return self._notion.requests > 0 and self._now() >= self._until

    @cached_property
    def _notion(self) -> NotionClient:
        seconds = max(SHORTEST_ANSWER_SECONDS, min(ANSWER_SECONDS, self._until - self._now()))
        return self._services.notion_client(self._pacer, seconds)

    async def _give_back(self) -> None:
        await self._budget.give_back(self._pacer.unused)

    @cached_property
    def _site(self) -> Site:
        config = self._config
        return Site(
            self._kv,
            self._keys,
            config.kv_max_value_bytes,
            self._now,
            now_iso,
            docs=config.docs,
            previews=config.previews,
        )

    @cached_property
    def _sources(self) -> Sources:
        return Sources(self._kv, self._keys)

    @cached_property
    def _copies(self) -> Copies:
        blob_store = store_id(self._config.blob_read_write_token)
        return Copies(self._kv, self._keys, blob_store, self._now, now_iso)

    @cached_property
    def _copier(self) -> "Copier | None":
        """What copies files into Blob, where there is a store for them."""
        config, services = self._config, self._services
        if config.blob_read_write_token is None:
            return None
        from lib.media.copying import Copier, NotionFiles
        from lib.notion.files import FileHosts
        from lib.store.blob import Blob

        pacer = services.pacer(self._budget, lambda: False, batch=1)
        notion = services.notion_client(pacer, ANSWER_SECONDS)
        hosts = FileHosts(config.notion_file_hosts)
        return Copier(
            self._copies,
            Blob(services.http, config.blob_api_url, config.blob_read_write_token.reveal()),
            NotionFiles(notion, services.http, hosts, self._now),
            self._log,
            prefix=config.kv_prefix,
            max_value_bytes=config.kv_max_value_bytes,
            now=self._now,
        )

    @cached_property
    def _homes(self) -> Homes:
        find = partial(find_source, self._notion)
        return Homes({}, publication_rule(self._config), self._config.sources, find)
