"""Notion's webhook: from an event to the smallest sync that is right, asked for once in a while.

Events come late, twice and in any order, and say only that something happened; what they ask for is a reading.
"""

import math
from collections.abc import Callable, Mapping
from hashlib import sha256

from lib.log import Log
from lib.model import JSON, Ask, Event, Handshake
from lib.store.events import COMES_AGAIN_SECONDS, Around, Events
from lib.sync.queue import Message, Queue
from lib.times import iso

WINDOW_SECONDS = 25
MARGIN_SECONDS = 2
"""Events of one window ask for one sync, which is delivered so long after the window's end: who reads then sees what
every one of them was about, and an event that comes later falls into another window."""

PAGES = frozenset(
    f"page.{what}"
    for what in (
        *("created", "content_updated", "properties_updated", "moved", "deleted", "undeleted"),
        "transcription_block.transcript_deleted",
    )
)
DATABASES = frozenset(
    f"{kind}.{what}"
    for kind in ("database", "data_source")
    for what in ("created", "content_updated", "schema_updated", "moved", "deleted", "undeleted")
)
ARRIVALS = ("page.moved", "page.undeleted")


class Webhook:
    """Takes what Notion sends. `references` maps source names to the ids in the settings; `live`: a token is set, so
    that everything that comes here was signed with it. `now` gives epoch seconds."""

    def __init__(
        self,
        events: Events,
        queue: Queue,
        log: Log,
        *,
        references: Mapping[str, str],
        live: bool,
        now: Callable[[], float],
    ) -> None:
        self._events, self._queue, self._log = events, queue, log
        self._references, self._live, self._now = references, live, now

    async def take(self, sent: Event | Handshake) -> JSON:
        """Answers what became of it. Raises `QueueRefused` (Notion sends it again)."""
        if isinstance(sent, Handshake):
            return await self._greet(sent)
        outcome, asks = await self._asks(sent)
        if asks:
            await self._queue.publish([message(ask, self._now()) for ask in asks])
            await self._events.remember(sent)
        self._log.event("webhook", kind=sent.kind, entity=sent.entity, outcome=outcome)
        return {"ok": True, "outcome": outcome}

    async def _greet(self, handshake: Handshake) -> JSON:
        if self._live:
            return {"ok": True, "outcome": "verified"}
        await self._events.keep_token(handshake.token)
        self._log.event("webhook.handshake")
        return {"ok": True, "outcome": "kept", "message": "GET /api/sync/status shows the token for an hour"}

    async def _asks(self, event: Event) -> tuple[str, list[Ask]]:
        if event.kind not in PAGES | DATABASES:
            return "ignored", []
        if self._now() - event.at > COMES_AGAIN_SECONDS - 3600:
            return "outdated", []
        around = await self._events.around(event)
        if around.seen:
            return "repeated", []
        asks = reached(event, around, self._references)
        return ("asked" if asks else "ignored"), asks


def reached(event: Event, around: Around, references: Mapping[str, str]) -> list[Ask]:
    """The smallest syncs that show what an event may have changed; none where nothing of it is published. Pure."""
    sources = {id: name for name, id in references.items()} | around.sources
    if event.kind in DATABASES:
        ids = [event.entity, *([event.parent] if event.kind.startswith("data_source.") else [])]
        if name := next((sources[id] for id in ids if id in sources), None):
            return [Ask(source=name)]
        if inner := [id for id in ids if id in around.databases][:1]:
            force = event.kind.endswith(".schema_updated")  # no row shows all that a bundle says of the schema
            return [Ask(page=id, force=force) for id in inner]
        return [Ask(page=id) for id in [event.parent] if id in around.pages]
    pages = [event.entity] if event.entity in around.pages else []
    if not pages and (event.data_source in sources or event.parent in sources):
        pages = [event.entity]
    if not pages or event.kind in ARRIVALS:
        pages += [id for id in [event.parent] if id in around.databases | around.pages and id not in pages]
    return [Ask(page=id) for id in pages]


def message(ask: Ask, now: float) -> Message:
    """The message that syncs what changed in the window of `now`; its id is the same for the whole window."""
    window = int(now // WINDOW_SECONDS)
    ends = (window + 1) * WINDOW_SECONDS
    digest = sha256(f"{ask.page}|{ask.source}|{ask.force}|{window}".encode()).hexdigest()
    return Message(
        run_id=f"run_{digest[:32]}",
        lane="0",
        slice=0,
        ask=ask,
        triggered_at=iso(now),
        delay_seconds=math.ceil(ends - now) + MARGIN_SECONDS,
    )
