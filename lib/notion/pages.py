"""Pages: listing the rows of a data source, retrieving one, and completing properties that Notion
cut short."""

from functools import partial
from http import HTTPStatus

import msgspec

from lib.errors import NotionAway, Unreadable
from lib.model import CUT_AT, JSON
from lib.notion.border.objects import (
    Oddities,
    is_page,
    is_partial,
    items_of,
    name_of,
    page_of,
    pages_of,
    value_of,
)
from lib.notion.client import NotionClient
from lib.notion.computed import COMPUTED, Schemas, computed_from
from lib.notion.lists import PAGE_SIZE, Cursor, ListPage, Whole
from lib.notion.together import all_of
from lib.times import UNKNOWN

ID_ONLY = "Notion gives no more of it than its id: allow the integration to read content"


class Listing(Cursor):
    """Progress of listing one data source: all its rows, or those edited at `since` (an ISO time)
    or later.

    Rows come in the order of a time: `created_time`, which never changes, or `last_edited_time`, by
    which a row that is edited meanwhile only moves towards the end. `window` is where the query
    begins, `last` the time of the last row: from there a query goes on when its cursor is dead or
    Notion ends it at its limit of 10,000 results. Where more rows than that fall into one minute, a
    second look comes from the other end (`is_backward`), until it meets the rows of the first
    (`ahead`).
    """

    data_source_id: str
    since: str | None = None
    window: str | None = None
    last: str | None = None
    given: set[str] = msgspec.field(default_factory=set)
    ahead: set[str] = msgspec.field(default_factory=set)
    is_backward: bool = False
    done: bool = False
    cut: str = ""
    """Why rows may be missing, so that not seeing one proves nothing; "" where all have been
    seen."""
    partial: set[str] = msgspec.field(default_factory=set)
    """Rows of which Notion gives the id only."""
    oddities: Oddities = msgspec.field(default_factory=Oddities)

    @property
    def timestamp(self) -> str:
        return "last_edited_time" if self.since else "created_time"

    def begin_again(self) -> None:
        self.window = self.last
        super().begin_again()

    def take_results(self, page: ListPage) -> list[JSON]:
        """Move on by one page of results; return its rows that weren't given before."""
        was_backward = self.is_backward
        rows, partial_ids = pages_of(page.results, self.oddities)
        self.partial.update(partial_ids)
        fresh = {row["id"]: row for row in rows if row["id"] not in self.given}
        self.given.update(fresh)
        times = [row[self.timestamp] for row in rows if row[self.timestamp] != UNKNOWN]
        if times:
            self.last = times[-1]
        if page.is_torn:
            self.done, self.cut = True, "Notion said that its list goes on, but not where"
        elif page.next_cursor is None:
            self._end_query(page)
        if was_backward and any(row["id"] in self.ahead for row in rows):
            self.done, self.cut = True, ""  # the second look has met the first
        return list(fresh.values())

    def _end_query(self, page: ListPage) -> None:
        """Decide what follows a query that came to its end, or to Notion's limit."""
        is_stuck = self.last in (self.window, self.since)
        self.done = not page.is_capped or (is_stuck and self.is_backward)
        if page.is_capped and is_stuck:
            self.cut = f"Notion lists only some of the rows of {self.last}"
            if not self.is_backward:
                self.is_backward, self.ahead = True, set(self.given)
                self.last = None
        self.window = self.last


class Completion(msgspec.Struct, omit_defaults=True):
    """Progress of completing one page: properties read in full by name, and the list that is being
    read, by its id."""

    properties: dict[str, JSON] = {}
    begun: dict[str, Whole] = {}
    oddities: Oddities = msgspec.field(default_factory=Oddities)
    is_lacking: bool = False
    """Notion gave no usable answer for a property, which stays as the page shows it: the page is to
    be read again."""


async def list_next(notion: NotionClient, listing: Listing) -> list[JSON]:
    """Send one request of the listing; return its new rows, each row once. `listing.done` tells the
    end."""
    page = await listing.next_page(partial(_query_page, notion, listing))
    return [] if page is None else listing.take_results(page)


async def retrieve_page(notion: NotionClient, page_id: str, oddities: Oddities) -> JSON:
    """Return the page object.

    Raises Unreadable where it isn't there (any more: 404), isn't shared, or where Notion shows its
    id only (200).
    """
    answer = await notion.get(f"pages/{page_id}")
    if not is_page(answer):
        raise Unreadable("Notion answered with something that is no page", HTTPStatus.OK)
    page = page_of(answer, oddities)
    if page is None or is_partial(page):
        raise Unreadable(ID_ONLY, HTTPStatus.OK)
    return page


async def find_page(notion: NotionClient, page_id: str, oddities: Oddities) -> JSON | None:
    """Return the page object; None where two different questions say that there is none.

    Raises Unreadable where only one of them says so, and where Notion does not show the page for
    another reason.
    """
    try:
        return await retrieve_page(notion, page_id, oddities)
    except Unreadable as refusal:
        if refusal.notion_status != HTTPStatus.NOT_FOUND:
            raise
    try:
        await notion.get(f"blocks/{page_id}")
    except Unreadable as refusal:
        if refusal.notion_status == HTTPStatus.NOT_FOUND:
            return None
    return await retrieve_page(notion, page_id, oddities)


async def complete_properties(
    notion: NotionClient,
    page: JSON,
    completion: Completion,
    schemas: Schemas,
    *,
    is_last_try: bool = False,
) -> JSON:
    """Return the page with every property that Notion may have cut short read in full, in the
    page's own shape.

    `completion` is brought up to date with every answer, so that an interrupted reading goes on
    with it. A property that Notion refuses stays as the page shows it, which is noted;
    `is_last_try`: also one that gets no usable answer.
    """
    cut = await _cut_properties(page, schemas)

    async def read_one(name: str) -> None:
        try:
            completion.properties[name] = await _whole_property(
                notion, page["id"], cut[name], completion
            )
            return
        except Unreadable as refusal:
            reason = refusal.reason
        except NotionAway:
            if not is_last_try or notion.is_down:
                raise
            reason, completion.is_lacking = "Notion gave no usable answer", True
        completion.begun.pop(cut[name]["id"], None)
        completion.properties[name] = cut[name]
        completion.oddities.note(
            f'"{name_of(page)}": property "{name}" is as the page shows it, for the rest can\'t be'
            f" read ({reason})"
        )

    await all_of(read_one(name) for name in cut if name not in completion.properties)
    whole = {name: completion.properties[name] for name in cut}
    return {**page, "properties": {**page["properties"], **whole}} if whole else page


async def _query_page(notion: NotionClient, listing: Listing, paging: JSON) -> JSON:
    timestamp = listing.timestamp
    direction, bound = (
        ("descending", "on_or_before") if listing.is_backward else ("ascending", "on_or_after")
    )
    bounds: dict[str, str] = {}
    if listing.since:
        bounds["on_or_after"] = listing.since
    if listing.window:
        bounds[bound] = listing.window
    body: JSON = {"sorts": [{"timestamp": timestamp, "direction": direction}], **paging}
    conditions = [
        {"timestamp": timestamp, timestamp: {name: time}} for name, time in bounds.items()
    ]
    if conditions:
        body["filter"] = conditions[0] if len(conditions) == 1 else {"and": conditions}
    return await notion.post(f"data_sources/{listing.data_source_id}/query", body)


async def _cut_properties(page: JSON, schemas: Schemas) -> JSON:
    """Return the properties that Notion may have cut short.

    What is computed from a relation that is cut is computed from its first 25 pages, also where it
    is one value.
    """
    properties = page["properties"]
    relations = [
        name
        for name, one in properties.items()
        if one["type"] == "relation" and one.get("has_more")
    ]
    computed = (
        {name for name, one in properties.items() if one["type"] in COMPUTED}
        if relations
        else set()
    )
    home = (page.get("parent") or {}).get("data_source_id")
    if computed and home and (schema := await schemas.schema_of(home)) is not None:
        computed &= computed_from(relations, schema)
    return {
        name: one
        for name, one in properties.items()
        if not one.get("is_odd") and (_may_be_cut(one) or name in computed)
    }


def _may_be_cut(given: JSON) -> bool:
    """Only relations say so. People come without a flag; of a text only mentions are cut, not the
    text."""
    kind = given["type"]
    value = given.get(kind)
    match kind:
        case "relation":
            return bool(given.get("has_more"))
        case "people":
            return len(value or []) >= CUT_AT
        case "title" | "rich_text":
            return sum(_is_counted_mention(text) for text in value or []) >= CUT_AT
        case "rollup":
            return len((value or {}).get("array") or []) == CUT_AT
    return False


def _is_counted_mention(text: JSON) -> bool:
    return text["type"] == "mention" and (text.get("mention") or {}).get("type") in ("page", "user")


async def _whole_property(
    notion: NotionClient, page_id: str, given: JSON, completion: Completion
) -> JSON:
    """Return a property read through its items:
    https://developers.notion.com/reference/retrieve-a-page-property.

    Raises Unreadable where Notion refuses it or answers with something else.
    """
    path, kind = f"pages/{page_id}/properties/{given['id']}", given["type"]
    if kind == "formula":
        return value_of(
            await notion.get(path, {"page_size": PAGE_SIZE}), given, completion.oddities
        )
    items = completion.begun.setdefault(given["id"], Whole())
    sound = partial(items_of, kind="" if kind == "rollup" else kind, oddities=completion.oddities)
    while (last := await items.read_on(partial(notion.get, path), sound)) is None:
        pass
    del completion.begun[given["id"]]
    if kind == "rollup":
        total = value_of({"type": kind, **last.property_item}, given, completion.oddities)
        return {**given, kind: _completed_rollup(items.results, total[kind])}
    whole = {**given, kind: [item[kind] for item in items.results]}
    return {**whole, "has_more": False} if kind == "relation" else whole


def _completed_rollup(items: list[JSON], result: JSON) -> JSON:
    """The items as a page shows them: each a property value, where a text or a list is a list of
    one."""
    if result.get("type") != "array":
        return result
    return {**result, "array": [_rolled_up(item) for item in items]}


def _rolled_up(item: JSON) -> JSON:
    kind = item["type"]
    value = item.get(kind)
    if kind in ("title", "rich_text", "people", "relation") and not isinstance(value, list):
        value = [value]
    return {"type": kind, kind: value}
