"""What Notion's webhook keeps in KV: what its events are about, what they ask for, and the set-up's
token.

Events of a window of time ask for one sync; what that has to look at is noted here until a run
takes the window.
"""

from collections.abc import Sequence

import msgspec

from lib.model import Event
from lib.store.keys import Keys
from lib.store.kv import Kv, Value
from lib.store.records import observation, source_record
from lib.times import milliseconds_of

COMES_AGAIN_SECONDS = 2 * 86_400
"""Notion's last delivery of an event comes about a day after the first."""
WINDOW_KEPT_FOR_SECONDS = 2 * 86_400
TOKEN_KEPT_FOR_SECONDS = 3_600
FIRST_SOURCE = 6
"""Where the sources begin in the answer of look_at_event.lua."""


class Around(msgspec.Struct, frozen=True):
    """What KV knows of an event's entity and of what it stands in.

    `pages` are published (or hold originals of what is published), `databases` stand inside a
    published page, `sources` maps ids of databases and data sources to names, `homes` pages to the
    sources that they, or the rows around them, were seen in.
    """

    seen: bool
    pages: frozenset[str]
    databases: frozenset[str]
    sources: dict[str, str]
    homes: dict[str, str] = {}


class Wish(msgspec.Struct, frozen=True):
    """A page (or child database) that an event asks for, or all of a source where it names none.
    `source` of a page is "" where a run of its source would not show what happened."""

    page: str = ""
    source: str = ""
    force: bool = False


class Limits(msgspec.Struct, frozen=True):
    """A page is quiet when no event of it came for `quiet_seconds`. Up to `most_own` quiet pages
    have a message of their own in a row, and one more for each `refill_seconds`. Of a source in
    which more than `most_pages` are asked for in a window, all are looked at together."""

    quiet_seconds: float
    most_own: int
    refill_seconds: float
    most_pages: int


class Events:
    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv, self._keys = kv, keys

    async def surroundings_of(self, event: Event, now: float) -> Around:
        """One command, however large the site is. That an event came is noted."""
        keys, ids = self._keys, [event.entity, event.parent]
        names = [keys.event(event.id), keys.observed, keys.shows, keys.databases, keys.sources]
        answer = await self._kv.script(
            "look_at_event", [*names, keys.last_event], [*ids, milliseconds_of(now)]
        )
        seen, texts, shown = bool(answer[0]), answer[1:3], bool(answer[3])
        pages = {object_id for object_id, text in zip(ids, texts, strict=True) if text}
        found = {
            object_id: seen_last
            for object_id, text in zip(ids, texts, strict=True)
            if (seen_last := observation(text))
        }
        sources = zip(answer[FIRST_SOURCE::2], answer[FIRST_SOURCE + 1 :: 2], strict=True)
        records = {name: record.source for name, text in sources if (record := source_record(text))}
        return Around(
            seen=seen,
            pages=frozenset(pages | ({event.entity} if shown else set())),
            databases=frozenset(
                object_id for object_id, stands in zip(ids, answer[4:6], strict=True) if stands
            ),
            sources={
                object_id: name
                for name, source in records.items()
                for object_id in (source.database_id, source.data_source_id)
                if object_id
            },
            homes={object_id: seen_last.source for object_id, seen_last in found.items()},
        )

    async def note_wishes(
        self, event: Event, wishes: Sequence[Wish], window: int, now: float, limits: Limits
    ) -> list[str] | None:
        """Note what an event asks for, in a window; None where that has been taken.

        Return of each wish which message it takes: `own`, `window`, `source`, or `sent`: it is
        covered. Where all are, the event is known from now on.
        """
        keys = self._keys
        words: list[Value] = [
            milliseconds_of(now),
            milliseconds_of(limits.quiet_seconds),
            limits.most_own,
            milliseconds_of(limits.refill_seconds),
        ]
        words += [limits.most_pages, WINDOW_KEPT_FOR_SECONDS, event.at, COMES_AGAIN_SECONDS]
        for wish in wishes:
            words += [wish.page, wish.source, "1" if wish.force else "0"]
        names = [keys.window(window - 1), keys.window(window), keys.ahead, keys.event(event.id)]
        answer = await self._kv.script("note_event", names, words)
        return answer if isinstance(answer, list) else None

    async def remember_event(self, event: Event, window: int, sent: Sequence[str]) -> None:
        """All that an event asks for has been published: when it comes again, it is known. `sent`
        are messages that cover later events of the window too: "" is the window's own, a name that
        of a source."""
        words: list[Value] = [event.at, COMES_AGAIN_SECONDS, WINDOW_KEPT_FOR_SECONDS, *sent]
        await self._kv.script(
            "know_event", [self._keys.event(event.id), self._keys.window(window)], words
        )

    async def take_window(self, window: int) -> list[Wish]:
        """Return the pages that events of a window ask for, but those that a run of their source
        looks at; whatever comes from now on is noted in another window."""
        flat = await self._kv.script(
            "take_window", [self._keys.window(window)], [WINDOW_KEPT_FOR_SECONDS]
        )
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        wishes: list[Wish] = []
        for field, text in fields.items():
            kind, _, page = field.partition(":")
            _, letter, source = (*text.split(" ", 2), "", "")[:3]
            if kind == "page" and letter in ("w", "f") and f"asked:{source}" not in fields:
                wishes.append(Wish(page, source, letter == "f"))
        return wishes

    async def keep_token(self, token: str) -> None:
        """Keep the token of a set-up that is under way, for an hour."""
        await self._kv.command("SET", self._keys.webhook_token, token, "EX", TOKEN_KEPT_FOR_SECONDS)
