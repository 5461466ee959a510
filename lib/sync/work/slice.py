"""The work of one slice: one worker's turn at the queue of due work in KV.

A slice claims work under a lease (`SliceLease`), a dozen items at a time, reads and publishes them
concurrently (`InFlight`), and goes on until nothing is due or its time is used up. Each item is
published in one transaction, which checks the lease's fencing token. What is half read at the end
is saved as a checkpoint (`Readings`), and claims that were not begun are free again. The next slice
goes on from there.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import msgspec

from lib.errors import (
    Hopeless,
    NotionAway,
    NotionWait,
    OutOfTime,
    SyncError,
    TakenOver,
    TooLarge,
    TryLater,
    Unreadable,
)
from lib.log import Log
from lib.model import NOTHING, Cause, Claim, Problem
from lib.notion.client import NotionClient
from lib.notion.computed import Schemas
from lib.store.drafts import Drafts
from lib.store.runs import Run, Runs, SliceLease
from lib.store.site import Site
from lib.store.work import WorkQueue
from lib.sync.homes import Homes
from lib.sync.problems import Kind, unforeseen_reason
from lib.sync.work.bundle_form import BundleForm, HostedFiles
from lib.sync.work.database_work import DatabaseReader, DatabaseWork
from lib.sync.work.draft_database_work import DraftDatabaseWork
from lib.sync.work.draft_work import DraftWork
from lib.sync.work.in_flight import InFlight
from lib.sync.work.page_family import Families
from lib.sync.work.page_publication import PagePublication
from lib.sync.work.page_reader import PageReader
from lib.sync.work.page_work import PageWork
from lib.sync.work.read_ahead import ReadAhead
from lib.sync.work.unfinished import PAUSES_SECONDS, Readings

READINGS_AT_ONCE, MOST_READINGS, FEWEST_READINGS = 8, 32, 4
"""Rows that are read at once: twice as many as there may be requests under way, so that these grow,
but no more than `MOST_READINGS`, for trees may be large. Each that is half read when the minute's
budget ends costs KV commands. So where it may not do for all that is due they are
`READINGS_AT_ONCE` until it is known what a page takes, and then as many as it does for."""
REQUESTS_OF_A_PAGE = 4
"""What a page takes, as long as nothing is known of it."""
WAITING = 12
"""Claims that may wait to be read. Those that still wait when the slice ends are free again, at no
cost."""
CLAIM_AGAIN_AT = 4
"""More is claimed when this few claims wait. What a page brought forth is claimed at once: others
may depend on it."""
AGAIN_SECONDS = (10, 60, 240, 960)
"""Pauses after which pages without a usable answer are tried again, each in a run of its own."""
MOST_ATTEMPTS = 6
"""Failures, and slices without progress, after which something is given up without another try."""
SHORT_WAIT_SECONDS = 1.5
"""Work that is due this soon, or that another slice may free, is waited for."""


class SliceStores(msgspec.Struct, frozen=True):
    """What a slice keeps in KV."""

    runs: Runs
    work: WorkQueue
    site: Site
    drafts: Drafts
    files: HostedFiles


class Worker:
    """Works for one slice. `now` gives epoch seconds.

    `linger_seconds`: how long requests under way are waited for when the slice's time is used up.
    """

    def __init__(
        self,
        *,
        notion: NotionClient,
        stores: SliceStores,
        form: BundleForm,
        homes: Homes,
        log: Log,
        linger_seconds: float,
        now: Callable[[], float],
    ) -> None:
        self._notion, self._log, self._now = notion, log, now
        self._runs, self._work = stores.runs, stores.work
        self._linger_seconds = linger_seconds
        self._due = self._pages_read = 0
        self._in_flight = InFlight(self._sync, self._readings_at_once)
        self._readings = readings = Readings(notion, stores.runs, stores.work, now)
        schemas = Schemas(notion)
        self._ahead = ahead = ReadAhead(notion, readings, schemas, now)
        reader = PageReader(notion, readings, schemas, ahead, now)
        families = Families(notion, stores.site, homes, readings)
        publication = PagePublication(
            stores.site, stores.files, form, families, homes, readings, ahead, log
        )
        work, was_read = stores.work, self._was_read
        self._pages = PageWork(
            notion, work, stores.site, homes, readings, reader, publication, was_read
        )
        self._drafts = DraftWork(reader, work, stores.drafts, form, log, homes, readings, was_read)
        rows = DatabaseReader(notion, readings, schemas, ahead, now)
        self._databases = DatabaseWork(rows, work, stores.site, stores.files, form, log, was_read)
        self._draft_databases = DraftDatabaseWork(
            rows, work, stores.drafts, form, log, homes, was_read
        )
        self._stop: TryLater | None = None
        self._away: NotionAway | None = None
        self._news = asyncio.Event()

    def look_again(self) -> None:
        """Claim again: something became due meanwhile."""
        self._news.set()

    async def work(
        self, lease: SliceLease, run: Run, until: float, survey: asyncio.Task[None] | None = None
    ) -> TryLater | None:
        """Work until nothing is left and the `survey` beside it has ended, or until something says
        to stop: the wait of Notion, the end of the slice's time (epoch seconds `until`).

        Return that reason, or None. Raises `TakenOver`, `NotionAway`, and what the survey raises.
        """
        self._lease, self._until, self._asked_at = lease, until, run.triggered_at
        await self._readings.take_up(lease, is_first=run.slices + run.retries <= 1)
        try:
            await self._work_on(survey)
            others = [*([survey] if survey else []), *self._ahead.under_way]
            for task, claim in await self._in_flight.wind_up(self._linger_seconds, others):
                await self._settled(task, claim)
            if survey and survey.done():
                self._take_survey(survey)
        finally:
            await self._in_flight.drop_all()
            await self._ahead.stop()
        if self._stop:
            await self._readings.hand_on_rest()
        if self._away and self._notion.is_down:
            raise self._away
        return self._stop

    async def _work_on(self, survey: asyncio.Task[None] | None) -> None:
        more = added = True
        while self._stop is None:
            if survey and survey.done():
                self._take_survey(survey)
                survey, added = None, True
                continue
            if self._news.is_set():
                self._news.clear()
                added = True
            if (
                added
                or not self._in_flight.are_busy
                or (more and len(self._in_flight.waiting) <= CLAIM_AGAIN_AT)
            ):
                added = False
                more, wait = await self._claim()
                if not self._in_flight.are_busy and survey is None:
                    if (
                        wait is None
                        or wait > SHORT_WAIT_SECONDS
                        or self._now() + wait >= self._until
                    ):
                        return
                    await asyncio.sleep(max(0.05, wait))
                    continue
            added |= await self._step(survey)
            if self._now() >= self._until:
                self._stop = self._stop or OutOfTime("the slice's time is used up")

    async def _step(self, survey: asyncio.Task[None] | None) -> bool:
        """Wait until something has ended, or there is news; return whether something became due."""
        news = asyncio.create_task(self._news.wait())
        others = [news, survey] if survey else [news]
        try:
            ended = await self._in_flight.wait_ended(others, max(0.05, self._until - self._now()))
        finally:
            news.cancel()
        return any([await self._settled(task, claim) for task, claim in ended])

    def _take_survey(self, survey: asyncio.Task[None]) -> None:
        try:
            survey.result()
        except (NotionWait, OutOfTime) as stop:
            self._stop = self._stop or stop

    def _readings_at_once(self) -> int:
        wanted = max(READINGS_AT_ONCE, min(2 * self._notion.concurrency, MOST_READINGS))
        budget = self._notion.budget_left
        if self._due * REQUESTS_OF_A_PAGE <= budget:
            return wanted
        if self._pages_read == 0:
            return READINGS_AT_ONCE
        affordable = affordable_readings(budget, self._pages_read, self._notion.requests)
        return max(FEWEST_READINGS, min(wanted, affordable))

    def _was_read(self, claim: Claim) -> None:
        self._pages_read += 1
        self._in_flight.note_read(claim)

    async def _claim(self) -> tuple[bool, float | None]:
        """Claim what is due. Return whether there was enough of it, and how long until the next of
        it (None: never)."""
        room = max(1, WAITING - len(self._in_flight.waiting))
        expires = self._until + 2 * self._linger_seconds
        spent = (self._notion.requests, self._notion.throttled)
        batch = await self._work.claim_due(self._lease, room, self._in_flight.keys, expires, spent)
        self._due = batch.left.count
        since = self._notion.notion_time(self._asked_at)
        self._in_flight.take_items([without_old_look(claim, since) for claim in batch.claims])
        wait = None if batch.left.next_at is None else max(0.0, batch.left.next_at - self._now())
        return len(batch.claims) == room, wait

    async def _sync(self, claim: Claim) -> bool:
        if claim.item.attempts >= MOST_ATTEMPTS:
            attempts = claim.item.attempts
            reason = (
                f"it was not read within {attempts} slices, each of which ended before an answer"
                " came"
            )
            self._log.warning(
                "page.failed", pageId=claim.id, slug=claim.slug, reason=reason, attempt=attempts
            )
            await self._give_up(claim, reason, "unanswered", again=True)
            return False
        if claim.is_database:
            databases = self._draft_databases if claim.is_draft else self._databases
            await databases.sync(self._lease, claim)
            return False
        return await (self._drafts if claim.is_draft else self._pages).sync(self._lease, claim)

    async def _settled(self, task: asyncio.Task[bool], claim: Claim) -> bool:
        """Take note of how some work ended, and of what stops the slice; return whether something
        became due."""
        try:
            is_news = task.result()
            self._ahead.note_published(claim.key)
            return is_news
        except (NotionWait, OutOfTime) as stop:
            self._stop = self._stop or stop
            return False
        except NotionAway as away:
            self._away = away
            await self._failed(claim, away)
            return False
        except TryLater:
            raise
        except Unreadable as refusal:
            return await self._unreadable(claim, refusal)
        except TooLarge as refusal:
            self._log.warning(
                "page.too_large", pageId=claim.id, slug=claim.slug, reason=str(refusal)
            )
            await self._give_up(claim, str(refusal), refusal.cause)
        except (SyncError, TakenOver, Hopeless, asyncio.CancelledError):
            raise
        except Exception as error:  # trying again would end in the same way
            self._log.error("page.error", error, pageId=claim.id, slug=claim.slug)
            await self._give_up(claim, unforeseen_reason(error), "fault")
        return False

    async def _unreadable(self, claim: Claim, refusal: Unreadable) -> bool:
        self._log.warning(
            "page.unreadable", pageId=claim.id, slug=claim.slug, reason=refusal.reason
        )
        is_child = claim.observation is not None and claim.observation.parent is not None
        if is_child and not claim.item.is_doubted and refusal.notion_status == HTTPStatus.NOT_FOUND:
            await (self._drafts if claim.is_draft else self._pages).doubt(self._lease, claim)
            return True
        if claim.is_database and not claim.item.is_doubted:
            databases = self._draft_databases if claim.is_draft else self._databases
            await databases.doubt(self._lease, claim)
            return True
        reason = f"Notion does not show it: {refusal.reason}"
        await self._give_up(claim, reason, refusal.cause)
        return False

    async def _failed(self, claim: Claim, away: NotionAway) -> None:
        attempts, reason = claim.item.attempts, str(away)
        self._log.warning(
            "page.failed", pageId=claim.id, slug=claim.slug, reason=reason, attempt=attempts + 1
        )
        if attempts >= len(PAUSES_SECONDS):
            await self._give_up(claim, reason, away.cause, again=True)
            return
        item = msgspec.structs.replace(claim.item, attempts=attempts + 1, interrupted=True)
        await self._work.requeue_claim(
            self._lease, claim, item, self._now() + PAUSES_SECONDS[attempts]
        )

    async def _give_up(
        self, claim: Claim, reason: str, cause: Cause | None, *, again: bool = False
    ) -> None:
        kind: Kind = "database" if claim.is_database else "page"
        problem = Problem(claim.id, claim.slug, claim.title, kind, reason, cause or msgspec.UNSET)
        if claim.is_page:
            await self._pages.pass_doubts_on(self._lease, claim)
        if again and claim.is_page:
            await self._runs.note_again(self._lease.run_id, [claim.id])
        self._ahead.note_published(claim.key)
        due_at = self._now() + (AGAIN_SECONDS[0] if again else 0)
        await self._work.give_up(self._lease, claim, problem, due_at)


def without_old_look(claim: Claim, since: float) -> Claim:
    """Return a claim without a look from before its run, which left the work undone: the page may
    be hidden by now, and no list of changed rows would say so."""
    if claim.item.read_at >= since or claim.item.page == NOTHING:
        return claim
    item = msgspec.structs.replace(claim.item, page=NOTHING, read_at=0.0, stamp="")
    return msgspec.structs.replace(claim, item=item)


def affordable_readings(budget: int, pages_read: int, requests: int) -> int:
    """Return how many pages may be read with what is left of the minute's budget, by what those
    took that were read: nothing, where an earlier slice had asked for all of it."""
    return budget * pages_read // max(1, requests)
