"""Notion's webhook: from an event to the smallest sync that is right, at once for a quiet page and
gathered for others.

Events come late, twice and in any order, and say only that something happened; what they ask for is
a reading.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

import msgspec

from lib.errors import TryLater
from lib.log import Log
from lib.model import JSON, Ask, Event, Handshake
from lib.qstash.client import Queue
from lib.qstash.messages import Message
from lib.store.events import COMES_AGAIN_SECONDS, Around, Events, Limits, Wish
from lib.times import iso

WINDOW_SECONDS = 25
MARGIN_SECONDS = 2
"""Pause between a window's end and its sync. Whatever is read then shows every event of the window,
and an event that comes later falls into another window."""
MOST_OWN = 5
REFILL_SECONDS = 30
"""Quiet pages have messages of their own: `MOST_OWN` at once, and one more after each
`REFILL_SECONDS`, unless windows take messages meanwhile. Together these are at most `MOST_OWN` more
in an hour than it has windows."""
MOST_PAGES = 5
"""Of one source in a window; of more, the source is listed."""

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
LISTED = ("page.created", "page.content_updated", "page.properties_updated")
"""What a listing of the changed rows of a source, or a look at its child pages, shows of a page."""


SHARED = ("window", "source")


class Webhook:
    """Takes what Notion sends. `references` maps source names to the ids in the settings. `site`
    keeps this site's messages apart from those of others in the same QStash. `live`: a token is
    set, so that everything that comes here was signed with it. `now` gives epoch seconds."""

    def __init__(
        self,
        events: Events,
        queue: Queue,
        log: Log,
        *,
        references: Mapping[str, str],
        site: str,
        live: bool,
        now: Callable[[], float],
    ) -> None:
        self._events, self._queue, self._log = events, queue, log
        self._references, self._site, self._live, self._now = references, site, live, now

    async def take_delivery(self, sent: Event | Handshake) -> JSON:
        """Return what became of a delivery, as JSON. Raises `QueueRefused` and `TryLater` (Notion
        sends it again)."""
        if isinstance(sent, Handshake):
            return await self._greet_notion(sent)
        outcome = await self._take_event(sent)
        self._log.event("webhook", kind=sent.kind, entity=sent.entity, outcome=outcome)
        return {"ok": True, "outcome": outcome}

    async def _greet_notion(self, handshake: Handshake) -> JSON:
        if self._live:
            return {"ok": True, "outcome": "verified"}
        await self._events.keep_token(handshake.token)
        self._log.event("webhook.handshake")
        return {
            "ok": True,
            "outcome": "kept",
            "message": "GET /api/sync/status shows the token for an hour",
        }

    async def _take_event(self, event: Event) -> str:
        if event.kind not in PAGES | DATABASES:
            return "ignored"
        if self._now() - event.at > COMES_AGAIN_SECONDS - 3600:
            return "outdated"
        around = await self._events.surroundings_of(event, self._now())
        if around.seen:
            return "repeated"
        wishes = wished_pages(event, around, self._references)
        if not wishes:
            return "ignored"
        await self._ask_for_wishes(event, wishes)
        return "asked"

    async def _ask_for_wishes(self, event: Event, wishes: Sequence[Wish]) -> None:
        """Note what is wished for, then publish what takes a message, then remember the event:
        whatever fails, the event comes again and finds undone what was not done."""
        window, ways = await self._note_wishes(event, wishes)
        now, taken = self._now(), list(zip(wishes, ways, strict=True))
        shared = dict.fromkeys(
            wish.source if way == "source" else "" for wish, way in taken if way in SHARED
        )
        messages = [
            own_message(self._site, event, wish, now) for wish, way in taken if way == "own"
        ]
        messages += [shared_message(self._site, source, window, now) for source in shared]
        if messages:
            await self._queue.publish_messages(messages)
            await self._events.remember_event(event, window, list(shared))

    async def _note_wishes(self, event: Event, wishes: Sequence[Wish]) -> tuple[int, list[str]]:
        """Return the window in which wishes are noted, and which message each takes."""
        now = self._now()
        limits = Limits(WINDOW_SECONDS, MOST_OWN, REFILL_SECONDS, MOST_PAGES)
        window = int(now // WINDOW_SECONDS)
        for number in (window, window + 1):  # KV may answer so late that the first has been taken
            ways = await self._events.note_wishes(event, wishes, number, now, limits)
            if ways is not None:
                return number, ways
        raise TryLater("the event came too late for its window")


def wished_pages(event: Event, around: Around, references: Mapping[str, str]) -> list[Wish]:
    """Return what an event asks for, with the sources whose runs would show it as well. Pure."""
    wishes = []
    for ask in reached_asks(event, around, references):
        source = ask.source or (
            _listed_in(event, around, references) if ask.page == event.entity else ""
        )
        wishes.append(Wish(ask.page, source, ask.force))
    return wishes


def _listed_in(event: Event, around: Around, references: Mapping[str, str]) -> str:
    """Return the source whose run shows what happened to a page; "" where none does, or it is
    unknown which."""
    sources = _synced_sources(around, references)
    ids = [source_id for source_id in (event.data_source, event.parent) if source_id in sources]
    homes = {around.homes.get(event.entity, ""), *(sources[source_id] for source_id in ids)} - {""}
    is_sure = event.kind in LISTED and len(homes) == 1
    return next(iter(homes & references.keys()), "") if is_sure else ""


def _synced_sources(around: Around, references: Mapping[str, str]) -> dict[str, str]:
    """Return names of the sources that are synced, by the ids of databases and data sources."""
    found = {source_id: name for source_id, name in around.sources.items() if name in references}
    return {source_id: name for name, source_id in references.items()} | found


def reached_asks(event: Event, around: Around, references: Mapping[str, str]) -> list[Ask]:
    """Return the smallest syncs that show what an event may have changed; none where nothing of it
    is published. Pure."""
    sources = _synced_sources(around, references)
    if event.kind in DATABASES:
        ids = [event.entity, *([event.parent] if event.kind.startswith("data_source.") else [])]
        if name := next((sources[object_id] for object_id in ids if object_id in sources), None):
            return [Ask(source=name)]
        if inner := [object_id for object_id in ids if object_id in around.databases][:1]:
            force = event.kind.endswith(
                ".schema_updated"
            )  # no row shows all that a bundle says of the schema
            return [Ask(page=object_id, force=force) for object_id in inner]
        return [Ask(page=object_id) for object_id in [event.parent] if object_id in around.pages]
    pages = [event.entity] if event.entity in around.pages else []
    if not pages and (event.data_source in sources or event.parent in sources):
        pages = [event.entity]
    if not pages or event.kind in ARRIVALS:
        pages += [
            object_id
            for object_id in [event.parent]
            if object_id in around.databases | around.pages and object_id not in pages
        ]
    return [Ask(page=object_id) for object_id in pages]


def own_message(site: str, event: Event, wish: Wish, now: float) -> Message:
    """Return the message that syncs one page at once, because of one event. Pure."""
    return _event_message(
        site, f"{event.id}|{wish.page}", Ask(page=wish.page, force=wish.force), now, 0
    )


def shared_message(site: str, source: str, window: int, now: float) -> Message:
    """Return the message that syncs what a window holds when it has ended, or all of a source. Its
    id is the same for all events of the window. Pure."""
    ask = Ask(source=source) if source else Ask(window=window)
    delay = math.ceil((window + 1) * WINDOW_SECONDS - now) + MARGIN_SECONDS
    return _event_message(site, f"{source}|{window}", ask, now, max(0, delay))


def _event_message(site: str, what: str, ask: Ask, now: float, delay_seconds: int) -> Message:
    run_id = f"run_{sha256(f'{site}|{what}'.encode()).hexdigest()[:32]}"
    asked = msgspec.structs.replace(ask, asked_by="webhook")
    return Message(run_id, "0", 0, asked, iso(now), delay_seconds)
