"""Pages: listing the rows of a data source, retrieving one, and completing properties that Notion cut short."""

from functools import partial

import msgspec

from lib.model import CUT_AT, JSON
from lib.notion.client import NotionClient
from lib.notion.lists import ListPage, Progress, Whole
from lib.notion.together import all_of


class Listing(Progress):
    """Progress of listing one data source: all its rows, or those edited at `since` (an ISO time) or later.

    Rows come in the order of a time: `created_time`, which never changes, or `last_edited_time`, by which a row that
    is edited meanwhile only moves towards the end. `window` is where the query begins, `last` the time of the last
    row: from there a query goes on when its cursor is dead or Notion ends it at its limit of 10,000 results.
    `cut`: more than that limit fall into one minute, so that not seeing a row proves nothing.
    """

    data_source_id: str
    since: str | None = None
    window: str | None = None
    last: str | None = None
    given: set[str] = msgspec.field(default_factory=set)
    done: bool = False
    cut: bool = False

    @property
    def timestamp(self) -> str:
        return "last_edited_time" if self.since else "created_time"

    def begin_again(self) -> None:
        self.window = self.last
        super().begin_again()

    def take(self, page: ListPage) -> list[JSON]:
        """Moves on by one page of results; gives its rows that weren't given before."""
        rows = [row for row in page.results if row.get("object") == "page" and "properties" in row]
        if rows:
            self.last = rows[-1][self.timestamp]
        if page.next_cursor is None:
            self.done = not page.capped or self.last == (self.window or self.since)
            self.cut = page.capped and self.done
            self.window = self.last
        fresh = {row["id"]: row for row in rows if row["id"] not in self.given}
        self.given.update(fresh)
        return list(fresh.values())


class Completion(msgspec.Struct, omit_defaults=True):
    """Progress of completing one page: properties read in full by name, and the list that is being read, by its id."""

    properties: dict[str, JSON] = {}
    begun: dict[str, Whole] = {}


async def advance(notion: NotionClient, listing: Listing) -> list[JSON]:
    """Sends one request of the listing and gives its new rows, each row once; `listing.done` tells the end."""
    page = await listing.next_page(partial(_query, notion, listing))
    return [] if page is None else listing.take(page)


async def retrieve(notion: NotionClient, page_id: str) -> JSON:
    """The page object; Unreadable when it isn't there (any more) or isn't shared."""
    return await notion.get(f"pages/{page_id}")


async def complete(notion: NotionClient, page: JSON, completion: Completion) -> JSON:
    """The page with every property that Notion may have cut short read in full, in the page's own shape.

    `completion` is brought up to date with every answer, so that an interrupted reading goes on with it.
    """
    cut = {name: property for name, property in page["properties"].items() if _may_be_cut(property)}

    async def one(name: str) -> None:
        completion.properties[name] = await _whole(notion, page["id"], cut[name], completion)

    await all_of(one(name) for name in cut if name not in completion.properties)
    whole = {name: completion.properties[name] for name in cut}
    return {**page, "properties": {**page["properties"], **whole}} if whole else page


async def _query(notion: NotionClient, listing: Listing, paging: JSON) -> JSON:
    body: JSON = {"sorts": [{"timestamp": listing.timestamp, "direction": "ascending"}], **paging}
    if begin := listing.window or listing.since:
        body["filter"] = {"timestamp": listing.timestamp, listing.timestamp: {"on_or_after": begin}}
    return await notion.post(f"data_sources/{listing.data_source_id}/query", body)


def _may_be_cut(property: JSON) -> bool:
    """Only relations say so. People come without a flag; of a text only mentions are cut, not the text."""
    kind = property["type"]
    value = property.get(kind)
    match kind:
        case "relation":
            return bool(property.get("has_more"))
        case "people":
            return len(value or []) >= CUT_AT
        case "title" | "rich_text":
            return sum(_is_counted_mention(text) for text in value or []) >= CUT_AT
        case "rollup":
            return len((value or {}).get("array") or []) == CUT_AT
    return False


def _is_counted_mention(text: JSON) -> bool:
    return text.get("type") == "mention" and (text.get("mention") or {}).get("type") in ("page", "user")


async def _whole(notion: NotionClient, page_id: str, property: JSON, completion: Completion) -> JSON:
    """A property read through its items: https://developers.notion.com/reference/retrieve-a-page-property."""
    path = f"pages/{page_id}/properties/{property['id']}"
    items = completion.begun.setdefault(property["id"], Whole())
    while (last := await items.read_on(partial(notion.get, path))) is None:
        pass
    del completion.begun[property["id"]]
    kind = property["type"]
    if kind == "rollup":
        return {**property, "rollup": _rollup(items.results, last.property_item.get("rollup") or property["rollup"])}
    whole = {**property, kind: [item[kind] for item in items.results]}
    return {**whole, "has_more": False} if kind == "relation" else whole


def _rollup(items: list[JSON], result: JSON) -> JSON:
    """The items as a page shows them: each a property value, where a text or a list is a list of one."""
    if result.get("type") != "array":
        return result
    return {**result, "array": [_rolled_up(item) for item in items]}


def _rolled_up(item: JSON) -> JSON:
    kind = item["type"]
    value = item.get(kind)
    if kind in ("title", "rich_text", "people", "relation") and not isinstance(value, list):
        value = [value]
    return {"type": kind, kind: value}
