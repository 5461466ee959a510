"""Copies hosted files into Vercel Blob, after the pages are published: no file, host or store holds
up a page.

A file that can't be had now stays at `/api/media` and is tried again by the next run.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import httpx
import msgspec

from lib.bundle import picture
from lib.bundle.media import FileRef, hosted_files, with_copies
from lib.bundle.page import with_digest
from lib.bundle.text.document import with_copies as document_with_copies
from lib.errors import (
    Hopeless,
    Misconfigured,
    NotionAway,
    NotionWait,
    OutOfTime,
    SyncError,
    TryLater,
    Unreadable,
)
from lib.log import Log
from lib.model import Copy
from lib.notion.client import NotionClient
from lib.notion.files import FileHosts, opened
from lib.store.blob import Blob
from lib.store.copies import PUT_OFF_SECONDS, Copies

MOST_BYTES = 100_000_000
"""A larger file is not copied."""
FILE_SECONDS = 60.0
"""How long copying one file may take."""
LEAST_SECONDS = 5.0
"""The shortest time that is worked in any case: a slice whose pages took all of its time has a
margin left."""
LINGER_SECONDS = 8.0
FILES_AT_ONCE = 4
BUNDLES_AT_ONCE = 20
FAILURES = 4
"""Failures in a row after which a host or the store counts as in trouble: the rest waits for the
next run."""
SIGNED_FOR_SECONDS = 3000.0
REFUSED_FOR_SECONDS = 86_400.0
"""How long a file that can't be had at all is left alone."""


class Copied(msgspec.Struct, frozen=True):
    """What was done: copies made, requests sent to Notion, whether a site reads something else now.

    `wait_seconds`: more is to be done, in a slice that begins after so long. `warning`: what
    stopped it.
    """

    made: int = 0
    requests: int = 0
    changed: bool = False
    wait_seconds: float | None = None
    warning: str = ""


class NotionFiles:
    """Hosted files of Notion's, by addresses that are signed for a while. `now` gives epoch
    seconds."""

    def __init__(
        self,
        notion: NotionClient,
        http: httpx.AsyncClient,
        hosts: FileHosts,
        now: Callable[[], float],
    ) -> None:
        self._notion = notion
        self._http = http
        self._hosts = hosts
        self._now = now
        self._signed: dict[str, tuple[str, float]] = {}

    @property
    def requests(self) -> int:
        """The requests sent to Notion so far."""
        return self._notion.requests

    def note_signed(self, refs: Iterable[FileRef]) -> None:
        """Remember signed addresses that were just read, so that Notion need not be asked for them
        again."""
        self._signed |= {ref.token: (ref.signed, self._now()) for ref in refs if "?" in ref.signed}

    def forget_signed(self, token: str) -> bool:
        """Forget the address of a file, whose time was over after all; return whether one was
        known."""
        return self._signed.pop(token, None) is not None

    async def address_of(self, token: str) -> str:
        """Return a signed address: one that was read lately, or a new one."""
        signed, read_at = self._signed.get(token, ("", 0.0))
        if signed and self._now() - read_at < SIGNED_FOR_SECONDS:
            return signed
        holder, _, file = token.partition("&file=")
        kind, _, holder_id = holder.partition("=")
        found = hosted_files(await self._notion.get(f"{kind}s/{holder_id}"))
        if file not in found:
            raise Unreadable("Notion does not have it any more", HTTPStatus.NOT_FOUND)
        now = self._now()
        self._signed |= {f"{holder}&file={one}": (signed.url, now) for one, signed in found.items()}
        return found[file].url

    def open_address(self, address: str) -> AbstractAsyncContextManager[httpx.Response]:
        """Open a file at its host."""
        return opened(self._http, self._hosts, address)


class Copier:
    """`now` gives epoch seconds; `prefix` is that of the keys in KV, and tells the copies of
    several sites apart."""

    def __init__(
        self,
        copies: Copies,
        blob: Blob,
        files: NotionFiles,
        log: Log,
        *,
        prefix: str,
        max_value_bytes: int,
        now: Callable[[], float],
    ) -> None:
        self._copies = copies
        self._blob = blob
        self._files = files
        self._log = log
        self._folder = "-".join(filter(None, (_clean_name(prefix), "notion")))
        self._max_value_bytes = max_value_bytes
        self._now = now
        self._places = asyncio.Semaphore(FILES_AT_ONCE)
        self._failures = 0
        self._made = 0
        self._trouble = ""

    @property
    def files(self) -> NotionFiles:
        """Where the files come from."""
        return self._files

    async def copy_due(
        self, run_id: str, until: float, interrupted: Callable[[], Awaitable[bool]]
    ) -> Copied:
        """Copy what there is to copy until about `until` (epoch seconds), or until `interrupted`;
        once a day it also removes copies that no bundle names any more. Raises `TryLater` where KV
        is away, and nothing else."""
        due, sweep = (
            await self._copies.due_bundles(BUNDLES_AT_ONCE),
            await self._copies.sweep_is_due(),
        )
        if not (due or sweep):
            return Copied()
        until = max(until, self._now() + LEAST_SECONDS)
        if not await self._copies.lock_copying(run_id, until - self._now() + FILE_SECONDS):
            return Copied()
        try:
            copied = await self._copy_all(run_id, due, until, interrupted)
            if sweep:
                await self._remove_unnamed()
        finally:
            await self._copies.unlock_copying()
        self._log.event("files.copied", made=copied.made, warning=copied.warning)
        return copied

    async def _copy_all(
        self, run_id: str, due: list[str], until: float, interrupted: Callable[[], Awaitable[bool]]
    ) -> Copied:
        changed, tried = False, set[str]()
        wait: float | None = None
        while due and wait is None and not self._trouble:
            tried |= set(due)
            outcomes = await asyncio.gather(
                *(self._copy_bundle(run_id, one, until) for one in due), return_exceptions=True
            )
            for bundle, outcome in zip(due, outcomes, strict=True):
                match outcome:
                    case bool():
                        changed |= outcome
                    case NotionWait():
                        wait = max(wait or 0.0, outcome.retry_after_seconds)
                    case OutOfTime():
                        wait = wait or 0.0
                    case TryLater():
                        raise outcome
                    case Exception():
                        await self._put_off(bundle, outcome)
                    case BaseException():
                        raise outcome
            if await interrupted():
                return Copied(self._made, self._files.requests, changed)
            due = [
                bundle
                for bundle in await self._copies.due_bundles(BUNDLES_AT_ONCE + len(tried))
                if bundle not in tried
            ]
            due = due[:BUNDLES_AT_ONCE]
        goes_on = wait is not None and (self._made or wait) and not self._trouble
        return Copied(
            self._made, self._files.requests, changed, wait if goes_on else None, self._trouble
        )

    async def _put_off(self, bundle: str, trouble: Exception) -> None:
        """Leave a bundle alone into which copies can't be put: the pages are published and the run
        has to end."""
        self._log.error("files.error", trouble, bundle=bundle)
        await self._copies.put_off(bundle, REFUSED_FOR_SECONDS)

    async def _copy_bundle(self, run_id: str, bundle: str, until: float) -> bool:
        """Copy what a bundle lacks and put the addresses into it; return whether that changed it.

        Raises `NotionWait` and `OutOfTime` when it has kept what it could.
        """
        if not await self._copies.is_public(
            bundle
        ):  # the store is public, whoever may see the page
            await self._copies.leave_bundle(bundle)
            return False
        tokens = await self._copies.tokens_in(bundle)
        copies = await self._copies.copies_of({token[-16:] for token in tokens})
        forgiven: list[str] = []
        due: list[float] = []
        stop: TryLater | None = None
        for token in tokens:
            file = token[-16:]
            if file in copies:
                continue
            try:
                copies[file] = await self._copy_file(token, until)
            except _PutOff as put_off:
                due.append(put_off.until)
            except (NotionWait, OutOfTime) as waiting:
                stop = waiting
                forgiven.append(file)
                due.append(self._now())
                break
            except Unreadable as refusal:
                self._log.event("file.refused", file=token, reason=refusal.reason)
                forgiven.append(file)
                due.append(self._now() + REFUSED_FOR_SECONDS)
            except SyncError as trouble:
                self._count_failure(token, trouble)
                forgiven.append(file)
                due.append(self._now())
            except Exception as trouble:  # the file stays put off: it may be what is wrong
                self._log_fault(token, trouble)
                due.append(self._now() + PUT_OFF_SECONDS)
        await self._copies.forgive_files(forgiven)
        change = partial(_with_copies, copies=copies)
        due_at = min(due, default=None)
        into_document = partial(document_with_copies, copies=copies)
        changed = await self._copies.put_into(
            run_id, bundle, change, into_document, self._max_value_bytes, due_at
        )
        if stop:
            raise stop
        return changed

    def _count_failure(self, token: str, trouble: SyncError) -> None:
        """Count a failure of Notion's, of its host or of the store; too many of them end the
        copying."""
        self._failures += 1
        self._log.warning("file.failed", file=token, reason=str(trouble))
        if self._failures >= FAILURES or isinstance(trouble, (Misconfigured, Hopeless)):
            self._trouble = f"files were not copied to Blob, the next run tries again: {trouble}"

    def _log_fault(self, token: str, trouble: Exception) -> None:
        if isinstance(trouble, TimeoutError):
            self._log.warning(
                "file.failed", file=token, reason="copying it took too long; it is put off"
            )
        else:
            self._log.error("file.error", trouble, file=token)

    async def _copy_file(self, token: str, until: float) -> Copy:
        file = token[-16:]
        async with self._places:
            if self._trouble or self._now() >= until:
                raise OutOfTime("the slice's time is used up")
            put_off_until = await self._copies.begin_file(file)
            if put_off_until is not None:
                raise _PutOff(put_off_until)
            async with asyncio.timeout(min(FILE_SECONDS, until - self._now() + LINGER_SECONDS)):
                try:
                    copy = await self._store_copy(await self._files.address_of(token), file)
                except Unreadable as refusal:
                    is_refused = refusal.notion_status == HTTPStatus.FORBIDDEN
                    if not (is_refused and self._files.forget_signed(token)):
                        raise
                    copy = await self._store_copy(await self._files.address_of(token), file)
            await self._copies.keep_copy(file, copy)
        self._failures = 0
        self._made += bool(copy.url)
        return copy

    async def _store_copy(self, address: str, file: str) -> Copy:
        async with self._files.open_address(address) as response:
            length = _length_of(response)
            if length is not None and length > MOST_BYTES:
                return Copy("")
            pieces = response.aiter_raw()
            head = await _read_head(pieces)
            name = f"{self._folder}/{file}/{file_name(address)}"
            try:
                url = await self._blob.put_file(
                    name, _bounded_pieces(head, pieces), picture.media_type(head), length
                )
            except _FileTooLarge:
                return Copy("")
        return Copy(url, *(picture.picture_size(head) or (0, 0)))

    async def _remove_unnamed(self) -> None:
        urls = await self._copies.unnamed_urls()
        try:
            if urls:
                await self._blob.delete_files(urls)
                await self._copies.note_deleted(urls)
                self._log.event("files.removed", count=len(urls))
        except (TryLater, Misconfigured) as trouble:
            self._log.warning("files.not_removed", reason=str(trouble))


class _PutOff(Exception):
    """A file was begun before and never ended: it is left alone `until` then (epoch seconds)."""

    def __init__(self, until: float) -> None:
        super().__init__()
        self.until = until


class _FileTooLarge(Exception):
    """More bytes came than are copied."""


def file_name(address: str) -> str:
    """A file's own name, of letters that need no escaping; they say what it is, its identity stands
    before it."""
    name = unquote(urlsplit(address).path.rpartition("/")[2])
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, ending) if dot else (ending, "")
    clean = _clean_name(stem)[:60] or "file"
    return f"{clean}.{ending}" if re.fullmatch(r"[A-Za-z0-9]{1,10}", ending) else clean


def _length_of(response: httpx.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if text.isdigit() else None


def _clean_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")


async def _read_head(pieces: AsyncIterator[bytes]) -> bytes:
    head = bytearray()
    async for piece in pieces:
        head += piece
        if len(head) >= picture.HEAD_BYTES:
            break
    return bytes(head)


async def _bounded_pieces(head: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    sent = len(head)
    yield head
    try:
        async for piece in pieces:
            sent += len(piece)
            if sent > MOST_BYTES:
                raise _FileTooLarge
            yield piece
    except httpx.TransportError as trouble:  # else it would be taken for the store's
        raise NotionAway(f"Notion's file host broke off ({type(trouble).__name__})") from None


def _with_copies(texts: Sequence[str], copies: Mapping[str, Copy]) -> list[str]:
    """The texts of a bundle with the copies' addresses in them, as one writing of it."""
    return with_digest([with_copies(text, copies) for text in texts])
