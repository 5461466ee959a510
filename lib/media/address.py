"""Where a hosted file is right now: behind `/api/media`.

Only files that a published bundle names are looked for, and Notion is asked hardly more than once
an hour for a page or for a hundred of its blocks: the first visitor takes a lock in KV, and the
others wait for what he finds, in any instance.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from lib.bundle.media import Signed, hosted_files
from lib.bundle.publication import is_trashed
from lib.errors import Hopeless, Refused, TryLater, Unreadable
from lib.media.walk import FileWalk
from lib.model import JSON
from lib.notion.files import FileHosts
from lib.secret import MAC_DIGITS
from lib.store.hasty import KvSilent
from lib.store.media import Errand, Files

if TYPE_CHECKING:
    from lib.notion.client import NotionClient

LIFE_SECONDS = 3600.0
"""How long a signed address lives at most, whatever Notion's clock says:
https://developers.notion.com/reference/file-object."""
MARGIN_SECONDS = 300.0
"""A signed address is handed out until this long before its end: the visitor still has to load the
file."""
COPY_SECONDS = 3600.0
"""How long a redirect to a copy in Blob may be kept."""
NOT_FOUND_SECONDS = 60
"""How long it may be kept that there is no such file."""
FETCH_SECONDS = 12.0
LOCK_SECONDS = 15.0
AWAY_SECONDS = 10.0
"""Pause before a holder is asked for again for which Notion gave no answer."""
PAUSES_SECONDS = (0.1, 0.2, 0.3, 0.5, *[1.0] * 10)
"""Between two looks for what another one is fetching."""
WALKS_WAITED_FOR = 4
"""Looks after which a visitor asks for his own file, though another is still looking through its
page."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_FILE = re.compile(r"[0-9a-f]{16}")
_MAC = re.compile(rf"[0-9a-f]{{{MAC_DIGITS}}}")


class Wanted(msgspec.Struct, frozen=True):
    """What the query of an address of ours asks for. `mac` "": the address is older than format
    3. `is_draft`: it is a draft's, which another key signs."""

    kind: str
    id: str
    file: str
    mac: str = ""
    is_draft: bool = False

    @property
    def holder(self) -> str:
        return f"{self.kind}={self.id}"

    @property
    def token(self) -> str:
        return f"{self.holder}&file={self.file}"


class Location(msgspec.Struct, frozen=True):
    """Where the file is, and for how many seconds that may be kept. `is_copy`: its address never
    ends."""

    address: str
    seconds: int
    is_copy: bool = False


def cache_headers(location: Location) -> dict[str, str]:
    """Return the headers of a redirect that say which caches may keep it.

    Vercel's CDN serves what it kept once more after its time, however long ago that ended; a signed
    address is dead then: https://vercel.com/docs/caching/cache-control-headers#s-maxage.
    """
    if location.is_copy:
        return _kept_by_all(location.seconds)
    never = {"CDN-Cache-Control": "no-store", "Vercel-CDN-Cache-Control": "no-store"}
    return {"Cache-Control": f"private, max-age={location.seconds}", **never}


def _kept_by_all(seconds: int) -> dict[str, str]:
    return {
        "Cache-Control": f"public, max-age={seconds}",
        "CDN-Cache-Control": f"max-age={seconds}",
    }


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """Raises `Refused` for what is no query of ours."""
    kinds = [kind for kind in ("block", "page") if kind in query]
    if (
        len(kinds) != 1
        or not _ID.fullmatch(query[kinds[0]])
        or not _FILE.fullmatch(query.get("file", ""))
    ):
        raise Refused(
            "an address of a file is /api/media?block=<id>&file=<16 hex digits>, or page= instead"
            " of block="
        )
    is_draft = "preview" in query
    mac = query.get("preview" if is_draft else "mac")
    if mac is not None and not _MAC.fullmatch(mac):
        raise Refused(f"the mac of a file's address has {MAC_DIGITS} hex digits")
    return Wanted(kinds[0], query[kinds[0]], query["file"], mac or "", is_draft)


class Locator:
    """`copies` are the hosts of copies. `connect` gives a Notion client, which is not built before
    it is needed. `now` gives epoch seconds, `new_id` a new text."""

    def __init__(
        self,
        files: Files,
        hosts: FileHosts,
        copies: FileHosts,
        connect: "Callable[[], NotionClient]",
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        new_id: Callable[[], str],
    ) -> None:
        self._files, self._hosts, self._copies, self._connect = files, hosts, copies, connect
        self._now, self._sleep, self._new_id = now, sleep, new_id

    async def locate_file(self, wanted: Wanted) -> Location:
        """Raises `Refused` (404: no published bundle names the file, or Notion has it no more) and
        `TryLater`."""
        lock, alone = self._new_id(), False
        for looks, pause in enumerate(PAUSES_SECONDS):
            alone = alone or looks >= WALKS_WAITED_FOR
            place = await self._files.find_file(
                wanted.holder,
                wanted.file,
                lock,
                self._now(),
                LOCK_SECONDS,
                alone=alone,
                is_draft=wanted.is_draft,
            )
            match place.outcome:
                case "unknown":
                    raise not_found("no published page has this file (any more)")
                case "copied" if self._copies.allow(place.address):
                    return Location(place.address, round(COPY_SECONDS), is_copy=True)
                case "copied":  # what stands in KV for the copy's address leads elsewhere
                    self._files = self._files.without_copies()
                    continue
                case "fresh":
                    return self._location_of(place.address, place.until)
                case "away":
                    raise TryLater(
                        "Notion is out of reach; come back in a moment", place.wait_seconds
                    )
            if place.errand is None:
                await self._sleep(pause)
            elif place.errand.walk is None:
                return await self._fetch_address(wanted, place.errand, lock)
            elif found := await self._walk_on(wanted, place.errand, place.errand.walk, lock):
                return found
            else:
                alone = True
        raise TryLater("the file's address is being fetched; come back in a moment", 1.0)

    async def _fetch_address(self, wanted: Wanted, errand: Errand, lock: str) -> Location:
        """Ask Notion for the holder itself."""
        asked_at, notion = self._now(), self._connect()
        async with self._asking_notion(errand):
            found = await _read_files(notion, wanted)
        until = _until(asked_at, notion, found)
        signed = {f"{wanted.holder}&file={file}": one.url for file, one in found.items()}
        addresses = {wanted.token: "", **signed}
        await self._files.keep_fresh(errand, lock, addresses, self._now(), until)
        return self._location_of(addresses[wanted.token], until)

    async def _walk_on(
        self, wanted: Wanted, errand: Errand, text: str, lock: str
    ) -> Location | None:
        """Ask Notion for some blocks of the page in which the file stands; None: it is not among
        them."""
        walk = FileWalk.read(text) or FileWalk.through(errand.owner_id, errand.count)
        path, query = walk.request
        asked_at, notion = self._now(), self._connect()
        async with self._asking_notion(errand):
            try:
                step = walk.take(await notion.get(path, query))
            except Unreadable:
                step = walk.give_up()
        until = _until(asked_at, notion, step.found)
        addresses = {token: signed.url for token, signed in step.found.items()}
        if wanted.holder in step.holders:
            addresses.setdefault(wanted.token, "")
        going_on = step.walk.ending(until)
        await self._files.keep_fresh(
            errand, lock, addresses, self._now(), until, walk=(going_on.text, going_on.until)
        )
        return (
            self._location_of(addresses[wanted.token], until) if wanted.token in addresses else None
        )

    @asynccontextmanager
    async def _asking_notion(self, errand: Errand) -> AsyncIterator[None]:
        """Around a request to Notion. Raises `TryLater` where it gets no answer; it is not repeated
        for a while then."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                yield
        except KvSilent:
            raise
        except (TryLater, Hopeless, TimeoutError) as trouble:
            seconds = trouble.retry_after_seconds if isinstance(trouble, TryLater) else AWAY_SECONDS
            await self._files.keep_away(errand, seconds)
            raise TryLater(
                "Notion can't be asked for this file now; come back in a moment", seconds
            ) from trouble

    def _location_of(self, address: str, until: float) -> Location:
        if not address:
            raise not_found(
                "Notion does not have this file any more; the next sync removes it from its page"
            )
        if not self._hosts.allow(address):
            raise not_found("the file is on a host that is not among NOTION_FILE_HOSTS")
        return Location(address, max(0, int(until - self._now())))


async def _read_files(notion: "NotionClient", wanted: Wanted) -> dict[str, Signed]:
    """The holder's files, freshly signed; none where it is gone."""
    from lib.notion.border.objects import Oddities, is_partial, page_of
    from lib.notion.computed import (
        Schemas,
    )  # these load the Notion client, which most requests do without
    from lib.notion.pages import Completion, complete_properties

    try:
        holder: JSON = await notion.get(f"{wanted.kind}s/{wanted.id}")
        if is_trashed(holder):
            return {}
        found = hosted_files(holder)
        page = page_of(holder, Oddities()) if wanted.kind == "page" else None
        if (
            wanted.file not in found and page and not is_partial(page)
        ):  # it may stand where Notion cut a property
            found = hosted_files(
                await complete_properties(notion, page, Completion(), Schemas(notion))
            )
    except Unreadable:
        return {}
    return found


def _until(asked_at: float, notion: "NotionClient", found: Mapping[str, Signed]) -> float:
    """Return until when all these addresses, which were asked for at `asked_at`, are handed out."""
    lives = [_life_seconds(signed, notion.notion_time(asked_at)) for signed in found.values()]
    return asked_at + max(1.0, min(lives, default=LIFE_SECONDS) - MARGIN_SECONDS)


def _life_seconds(signed: Signed, notion_time: float) -> float:
    """What is left to a signed address, by Notion's clock and no longer than such an address ever
    lives."""
    if not signed.expires:
        return LIFE_SECONDS
    expires = datetime.fromisoformat(signed.expires.replace("Z", "+00:00")).timestamp()
    return min(LIFE_SECONDS, expires - notion_time)


def not_found(reason: str) -> Refused:
    """Return the refusal of a file that is not to be had, which may be kept for a while."""
    return Refused(f"Not found: {reason}", HTTPStatus.NOT_FOUND, _kept_by_all(NOT_FOUND_SECONDS))
