"""What a site reads, and what is remembered of it: each change is one script, whole or not at
all."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from lib import json_text
from lib.errors import ForeignValue
from lib.model import (
    ITEMS_PER_PAGE,
    JSON,
    DatabaseRecord,
    Observation,
    PageRecord,
    WorkItem,
)
from lib.store.keys import Keys
from lib.store.kv import Kv, chunked, size_bytes
from lib.store.records import observation, page_record
from lib.store.runs import (
    MOST_WARNINGS,
    WORK_KEPT_FOR_SECONDS,
    SliceLease,
    held,
    noted_warnings,
)
from lib.store.salvage import read_object
from lib.store.work import encoded_item, encoded_work
from lib.times import settled_at

PREPARED_FOR_SECONDS = 3_600
BYTES_PER_OBSERVING = 1_000_000
CHECKED_AT_ONCE = 3_000
"""Pages of which one run looks whether they are in KV."""
FIELDS_PER_PAGE, FIELDS_PER_SLUG = 6, 2


Copying = Literal["0", "1", "private"]
"""Whether hosted files have to be copied into Blob, as name_files.lua takes it: all that may have a
copy have one, some have none yet, or none may have one."""


class Text(msgspec.Struct, frozen=True):
    """A bundle as it is written: `head` is the value of its key, `parts` follow where it is too
    large for one.

    `files` are the tokens of the hosted files in it, and `copying` says what is to become of them.
    """

    head: str
    parts: list[str] = []
    meta: str = ""
    document: str = ""
    """The page as text; "" for none."""
    files: Sequence[str] = ()
    copying: Copying = "0"


class Known(msgspec.Struct, frozen=True):
    """What is remembered of a page; `slug` "": none is given to it, `stamp` is a child page's."""

    observation: Observation | None = None
    record: PageRecord | None = None
    slug: str = ""
    stamp: str = ""
    is_due: bool = False
    is_still: bool = False
    """It is paused, or stands below a page that is."""


class Holder(msgspec.Struct, frozen=True):
    """Who has a slug ("": nobody), and who asked for it meanwhile."""

    page_id: str = ""
    waiting: tuple[str, ...] = ()


class Move(msgspec.Struct, frozen=True, rename={"page_id": "id", "old": "from", "new": "to"}):
    """A page gets another slug; `old` "": it had none."""

    page_id: str
    old: str
    new: str


class Addresses(msgspec.Struct, frozen=True):
    """Slugs that change together, and what was known when that was decided."""

    moves: list[Move] = []
    slugs: dict[str, str] = {}
    places: dict[str, str] = {}
    waiting: dict[str, str] = {}
    waited: dict[str, str] = {}
    """Who waited before for these slugs, for which others wait now or which nobody has any more."""
    assumed: list[str] = []
    """Slugs that were taken for free, and for which nobody may wait."""


class Table(msgspec.Struct, frozen=True):
    """The first rows of a child database, as the text of a page shows them; `value` is a JSON
    object, {} for none."""

    digest: str = ""
    value: JSON = {}


NO_TABLE = Table()


class PageText(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a page, made of its published bundle, which has `bytes`; `is_read`: it can't be
    made without the page being read."""

    page_id: str
    slug: str
    digest: str
    read_at: float
    bytes: int = 0
    text: str = ""
    is_read: bool = False


class Retry(msgspec.Struct, frozen=True):
    """How claimed work of this number is done again where something later than its reading is
    remembered. `insists`: it is not, for several readings in a row were older, by clocks that can't
    be right."""

    number: int
    item: WorkItem
    insists: bool


class PageCommit(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was read, to be published; `text` None: what is published is the same.

    `sort` is its place in the index of its source, "" for a child page; `children` are observations
    of its child pages by their ids, `work` what has to be read now, `gone` pages that are to be
    unpublished.
    """

    page_id: str
    slug: str
    observation: Observation
    page_read_at: float
    """When its page object was asked for (epoch seconds, Notion's clock); the record tells the age
    of the oldest block."""
    before: Observation
    """What was known of it when its reading began: a child page that stands elsewhere by now is
    read again."""
    record: PageRecord
    retry: Retry
    stamp: str
    sort: str
    text: Text | None
    addresses: Addresses
    tables: Mapping[str, Table] = {}
    """The tables of child databases that its text shows."""
    children: Mapping[str, Observation] = {}
    known: Mapping[str, Observation] = {}
    """What was remembered of child pages when this was planned."""
    work: Sequence[tuple[str, WorkItem]] = ()
    gone: Sequence[str] = ()
    warnings: Sequence[str] = ()


class Committed(NamedTuple):
    """What became of a commit, as commit_page.lua names it; slugs that became free and are waited
    for; the numbers of work that it brought forth and nobody had asked for before, by key."""

    outcome: str
    freed: list[str]
    numbers: dict[str, int]


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it was seen at Notion, and what follows from that."""

    page_id: str
    observation: Observation
    item: WorkItem | None = None
    """How it is to be read; None: it need not be."""
    stamp: str = ""
    """Of a row that need not be read."""
    is_hidden: bool = False
    """It is taken from the site."""
    is_gone: bool = False
    """No listing shows it."""
    draft: WorkItem | None = None
    """How its preview is to be read, where drafts have one; None: it is no draft."""
    retry: Retry | None = None
    """Of the work that led to this look; None: nobody has claimed the page."""


class Site:
    """No value is larger than `max_value_bytes`. `docs`: pages stand in KV as text too; `previews`:
    drafts have a preview. `now` gives epoch seconds, `now_iso` the same as a site reads it."""

    def __init__(
        self,
        kv: Kv,
        keys: Keys,
        max_value_bytes: int,
        now: Callable[[], float],
        now_iso: Callable[[], str],
        *,
        docs: bool = False,
        previews: bool = False,
    ) -> None:
        self._kv, self._keys, self._previews = kv, keys, previews
        self._max_value_bytes = max_value_bytes
        self._now, self._now_iso, self._docs = now, now_iso, docs

    async def look_up(
        self, page_ids: Collection[str], slugs: Collection[str] = ()
    ) -> tuple[dict[str, Known], dict[str, Holder]]:
        """Return what is remembered of pages, and who has slugs."""
        ids, names = list(page_ids), list(slugs)
        found: list[str] = await self._kv.script("lookup", self._known, [len(ids), *ids, *names])
        known = {
            page_id: _known_of(*found[at * FIELDS_PER_PAGE : (at + 1) * FIELDS_PER_PAGE])
            for at, page_id in enumerate(ids)
        }
        rest = found[len(ids) * FIELDS_PER_PAGE :]
        holders = {
            name: Holder(rest[at * FIELDS_PER_SLUG], tuple(rest[at * FIELDS_PER_SLUG + 1].split()))
            for at, name in enumerate(names)
        }
        return known, holders

    async def page_at(self, slug: str) -> str:
        """Return the id of the page that has a slug, or had it and is redirected from there; "" for
        none."""
        keys = self._keys
        owner, left = await self._kv.pipeline(
            [["HGET", keys.slugs, slug], ["HGET", keys.former_slugs, slug]]
        )
        return owner or left or ""

    async def showing(self, thing: str) -> dict[str, Known]:
        """Return the pages that show a thing, as `PageRecord.things` names it."""
        found: list[str] = await self._kv.script(
            "showing", [*self._known, self._keys.shows], [thing]
        )
        size = 1 + FIELDS_PER_PAGE
        return {
            found[at]: _known_of(*found[at + 1 : at + size]) for at in range(0, len(found), size)
        }

    async def commit_page(self, lease: SliceLease, commit: PageCommit) -> Committed:
        """Publish a page and end the work on it. Raises `TakenOver`."""
        text = commit.text
        prepared = f"{self._keys.run(lease.run_id)}:parts:{lease.token}:{commit.page_id}"
        if text:
            await self._kv.pipeline(
                [
                    ["SET", f"{prepared}:{number}", part, "EX", PREPARED_FOR_SECONDS]
                    for number, part in enumerate(text.parts, 1)
                ]
            )
        arguments = self.arguments(lease) | _page_arguments(commit) | {"prepared": prepared}
        outcome, *rest = held(
            await self._kv.script(
                "commit_page",
                self._keys.site(lease.run_id),
                [
                    json_text.encode(arguments),
                    *((text.head, text.meta, text.document) if text else ("", "", "")),
                    json_text.encode(commit.record),
                    json_text.encode(commit.observation),
                ],
            )
        )
        numbers = msgspec.json.decode(rest[0], type=dict[str, int]) if rest else {}
        return Committed(outcome, rest[1:], numbers)

    async def commit_database(
        self,
        lease: SliceLease,
        database_id: str,
        number: int,
        record: DatabaseRecord,
        text: Text | None,
        warnings: Sequence[str] = (),
        *,
        table: Table = NO_TABLE,
        documents: Sequence[PageText] = (),
        tables: Mapping[str, Table] = {},
        shown: Mapping[str, str] | None = None,
    ) -> str:
        """Publish a child database and end the work on it; `text` None: what is published is the
        same. Where `table` is another than before, the texts of the pages that show it are written
        with it: `documents`, made of the `tables` of others.

        Return done, send, changed, gone or repeated. Raises `TakenOver`.
        """
        arguments = self.arguments(lease) | {
            "id": database_id,
            "number": number,
            "digest": record.digest,
            "title": record.title,
            "tokens": " ".join(text.files) if text else "",
            "lacking": text.copying if text else "0",
            "warnings": noted_warnings(warnings),
            "table": table.digest,
            "tables": _table_digests(tables),
            "documents": [_text_arguments(one) for one in documents],
            **({} if shown is None else {"shown": dict(shown)}),
        }
        words = [
            *(json_text.encode(arguments), text.head if text else "", json_text.encode(record)),
            f"{table.digest} {json_text.encode(table.value)}" if table.digest else "",
            *(one.text for one in documents),
        ]
        outcome: str = await self._kv.script(
            "commit_database", self._keys.site(lease.run_id), words
        )
        held(outcome)
        return outcome

    async def tables(self, database_ids: Collection[str]) -> dict[str, Table]:
        """Return the tables of child databases, an empty one for each that has none."""
        ids = list(database_ids)
        texts = await self._kv.command("HMGET", self._keys.tables, *ids) if ids else []
        return {one: _table_of(text or "") for one, text in zip(ids, texts, strict=True)}

    async def bundle_at(self, slug: str) -> str:
        """Return what stands published under a slug; "" for nothing of ours."""
        try:
            return await self._kv.command("GET", self._keys.page(slug)) or ""
        except ForeignValue:
            return ""

    async def observe(
        self,
        lease: SliceLease,
        sightings: Sequence[Sighting],
        work: Sequence[tuple[str, WorkItem]] = (),
        outside: Mapping[str, str] = {},
        slack_seconds: float = 0.0,
    ) -> list[str]:
        """Remember what was seen of pages, and of things `outside` of all listings; make due what
        has to be read, and `work` besides. Looks at one edit that lie within `slack_seconds` of
        each other may be in another order than their times.

        Return slugs that became free and are waited for. Raises `TakenOver`.
        """
        freed: list[str] = []
        pages = [_encoded_sighting(one, previews=self._previews) for one in sightings]
        runs = chunked(pages, BYTES_PER_OBSERVING, lambda page: size_bytes(page.values())) or [[]]
        for number, some in enumerate(runs):
            arguments = self.arguments(lease) | {
                "pages": some,
                "slack": slack_seconds,
                "work": encoded_work(work) if number == len(runs) - 1 else [],
                "outside": dict(outside) if number == len(runs) - 1 else {},
            }
            _, *found = held(
                await self._kv.script(
                    "observe", self._keys.site(lease.run_id), [json_text.encode(arguments)]
                )
            )
            freed += found
        return freed

    async def move(
        self, lease: SliceLease, addresses: Addresses, freed: Sequence[str] = ()
    ) -> bool:
        """Give pages other slugs, the `freed` ones away; False where these have changed since that
        was planned. Raises `TakenOver`."""
        arguments = self.arguments(lease) | msgspec.to_builtins(addresses) | {"freed": list(freed)}
        answer = await self._kv.script(
            "move", self._keys.site(lease.run_id), [json_text.encode(arguments)]
        )
        return held(answer) == ["done"]

    async def find_lost(self, lease: SliceLease) -> tuple[list[str], list[str]]:
        """Return keys of work (pages and databases) of which something published is gone from KV,
        and the names of all keys that are: of some of the pages, the next in turn. Indexes and
        redirects are there again. Raises `TakenOver`."""
        arguments = self.arguments(lease) | {"pages": CHECKED_AT_ONCE}
        _, *found = held(
            await self._kv.script(
                "lost", self._keys.site(lease.run_id), [json_text.encode(arguments)]
            )
        )
        pairs = [line.partition(" ") for line in found]
        return [thing for thing, blank, _ in pairs if blank], [
            key or thing for thing, _, key in pairs
        ]

    async def close_indexes(
        self,
        lease: SliceLease,
        open_sources: Collection[str],
        finished: Collection[str],
        rewritten: Collection[str],
    ) -> None:
        """Give each `finished` source its index and the time of its sync, write those that are
        `rewritten` as they are, and take the empty indexes of sources away that are not among the
        `open_sources`. Raises `TakenOver`."""
        arguments = self.arguments(lease) | {
            "sources": list(open_sources),
            "finished": list(finished),
            "rewritten": list(rewritten),
        }
        held(
            await self._kv.script(
                "open_index", self._keys.site(lease.run_id), [json_text.encode(arguments)]
            )
        )

    async def adopt(self, lease: SliceLease, pages: Sequence[JSON]) -> None:
        """Take over pages that an older layout remembered, as adopt.lua takes them. Raises
        `TakenOver`."""
        arguments = self.arguments(lease) | {"pages": list(pages)}
        held(
            await self._kv.script(
                "adopt", self._keys.site(lease.run_id), [json_text.encode(arguments)]
            )
        )

    async def end_adoption(
        self, lease: SliceLease, sources: Sequence[str], redirects: Mapping[str, str]
    ) -> None:
        """End the change from an older layout. Raises `TakenOver`."""
        arguments = self.arguments(lease) | {
            "sources": list(sources),
            "redirects": dict(redirects),
        }
        held(
            await self._kv.script(
                "end_adoption", self._keys.site(lease.run_id), [json_text.encode(arguments)]
            )
        )

    @property
    def _known(self) -> list[str]:
        """The keys of all that is remembered of a page, and of slugs."""
        keys = self._keys
        return [
            keys.observed,
            keys.pages,
            keys.places,
            keys.children,
            keys.slugs,
            keys.waiting,
            keys.work,
            keys.still,
        ]

    def arguments(self, lease: SliceLease) -> dict[str, Any]:
        """Return what every script takes that changes the site."""
        return {
            "prefix": self._keys.prefix,
            "run": self._keys.run(lease.run_id),
            "lane": lease.lane,
            "token": lease.token,
            "focus": lease.is_focused,
            "now": self._now_iso(),
            "now_ms": round(self._now() * 1000),
            "ttl": WORK_KEPT_FOR_SECONDS,
            "most_items": ITEMS_PER_PAGE,
            "most_bytes": self._max_value_bytes,
            "most_warnings": MOST_WARNINGS,
            "docs": self._docs,
            **({"previews": True} if self._previews else {}),
        }


def _page_arguments(commit: PageCommit) -> dict[str, Any]:
    """Return what commit_page.lua decodes of a commit."""
    text, record, seen = commit.text, commit.record, commit.observation
    return {
        "id": commit.page_id,
        "slug": commit.slug,
        "source": seen.source,
        "visibility": seen.visibility,
        "parent": seen.parent or "",
        "placed_at": seen.placed_at,
        "before": _place_of(commit.before),
        "sort": commit.sort,
        "stamp": commit.stamp,
        "edited": record.edited_at,
        "settled_at": settled_at(record.edited_at) if record.edited_at else 0,
        "read_at": record.read_at,
        "page_read_at": commit.page_read_at,
        "digest": record.digest,
        "parts": len(text.parts) if text else 0,
        "tokens": " ".join(text.files) if text else "",
        "lacking": text.copying if text else "0",
        "things": record.things,
        "tables": _table_digests(commit.tables),
        **msgspec.to_builtins(commit.addresses),
        "children": [
            {
                "id": page_id,
                "observed": json_text.encode(child),
                "known": _dates_of(commit.known.get(page_id)),
            }
            for page_id, child in commit.children.items()
        ],
        "work": encoded_work(commit.work),
        "gone": list(commit.gone),
        "retry": _encoded_retry(commit.retry),
        "warnings": noted_warnings(commit.warnings),
    }


def _text_arguments(text: PageText) -> dict[str, Any]:
    """Return what commit_database.lua decodes of a page's text."""
    return {
        "id": text.page_id,
        "slug": text.slug,
        "digest": text.digest,
        "read_at": text.read_at,
        "bytes": text.bytes,
        "is_read": text.is_read,
    }


def _known_of(seen: str, record: str, slug: str, stamp: str, due: str, still: str) -> Known:
    return Known(observation(seen), page_record(record), slug, stamp, due == "1", still == "1")


def _table_of(text: str) -> Table:
    digest, blank, value = text.partition(" {")
    if not (blank and re.fullmatch("[0-9a-f]+", digest)):
        return NO_TABLE
    return Table(digest, read_object("{" + value) or {})


def _table_digests(tables: Mapping[str, Table]) -> dict[str, str]:
    return {database_id: one.digest for database_id, one in tables.items()}


def _place_of(seen: Observation) -> list[str]:
    """Return where a child page stands, which its parent says; of a row nothing."""
    return [seen.source, seen.parent, seen.visibility] if seen.parent else []


def _dates_of(known: Observation | None) -> list[float]:
    return [known.read_at, known.placed_at] if known else []


def _encoded_sighting(one: Sighting, *, previews: bool) -> JSON:
    seen = one.observation
    return {
        "id": one.page_id,
        "observed": json_text.encode(seen),
        "edited": seen.edited_at,
        "read_at": seen.read_at,
        "settled_at": settled_at(seen.edited_at) if seen.edited_at else 0,
        **(encoded_item(one.item) if one.item else {"flags": "-", "payload": ""}),
        "stamp": one.stamp,
        "look": one.item.stamp if one.item else "",
        "source": seen.source,
        "is_row": seen.parent is None,
        "hidden": one.is_hidden or one.is_gone,
        "gone": one.is_gone,
        **({"draft": encoded_item(one.draft)} if previews and one.draft else {}),
        **({"retry": _encoded_retry(one.retry)} if one.retry else {}),
    }


def _encoded_retry(retry: Retry) -> JSON:
    return {
        "number": retry.number,
        "insists": retry.insists,
        **encoded_item(retry.item),
    }
