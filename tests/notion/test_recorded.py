"""Real answers of Notion through the reader: every recorded tree, query, property item and error
body."""

from collections import defaultdict
from collections.abc import Sequence

import httpx
import pytest

from lib.errors import Hopeless, NotionAway, Unreadable
from lib.model import JSON
from lib.notion.blocks import Originals, Walk, read_tree
from lib.notion.border.objects import Oddities
from lib.notion.border.shapes import plain
from lib.notion.databases import find_source, probe_database
from lib.notion.pages import Completion, Listing, list_next, retrieve_page
from tests.notion.cassettes import Exchange, exchanges, needed
from tests.notion.stage import body_of, client, completed, not_found
from tests.notion.trees import bare

pytestmark = needed


class Replay:
    """Answers a request with what was recorded last for its path and cursor; what was not recorded
    is a 404."""

    def __init__(self, recorded: Sequence[Exchange]) -> None:
        self.answers = {(exchange.path, _cursor(exchange)): exchange for exchange in recorded}
        self.asked: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        sent = body_of(request) if request.content else dict(request.url.params)
        self.asked.append(path)
        exchange = self.answers.get((path, sent.get("start_cursor")))
        return exchange.response() if exchange else not_found(path)


def _cursor(exchange: Exchange) -> str | None:
    cursor: str | None = {**exchange.query, **exchange.body}.get("start_cursor")
    return cursor


def by_cassette(method: str, *ends: str) -> dict[str, list[Exchange]]:
    found: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges():
        if exchange.method == method and exchange.status == 200 and exchange.path.endswith(ends):
            found[exchange.cassette].append(exchange)
    return found


CHILDREN = by_cassette("GET", "/children")
QUERIES = by_cassette("POST", "/query")


def unexpected(what: str) -> None:
    raise AssertionError(f"a recorded answer counts as odd: {what}")


@pytest.mark.parametrize("cassette", CHILDREN)
async def test_every_recorded_tree_is_read_block_for_block(cassette: str) -> None:
    replay = Replay(
        [
            exchange
            for exchange in exchanges()
            if exchange.cassette == cassette and exchange.method == "GET"
        ]
    )
    lists: dict[str, list[JSON]] = {}
    for path, cursor in replay.answers:
        if path.endswith("/children") and cursor is None:
            lists[path.split("/")[1]] = [
                plain(block, unexpected) for block in recorded_list(replay, path)
            ]
    for id, expected in lists.items():
        tree = await read_tree(client(replay), Walk(id), Originals())
        assert [bare(block) for block in tree.blocks] == expected
        ahead = list(tree.blocks)
        while ahead:
            block = ahead.pop()
            if "children" in block:
                source = block["id"]
                if block["type"] == "synced_block" and block["synced_block"]["synced_from"]:
                    source = block["synced_block"]["synced_from"]["block_id"]
                assert [bare(child) for child in block["children"]] == lists[source]
                ahead += block["children"]
            elif block["has_children"] and block["type"] not in ("child_page", "child_database"):
                assert block["unavailable"], "its children were not recorded"


def recorded_list(replay: Replay, path: str) -> list[JSON]:
    found: list[JSON] = []
    cursor: str | None = None
    while True:
        answer = replay.answers[path, cursor].json
        found += answer["results"]
        cursor = answer["next_cursor"]
        if cursor is None or (path, cursor) not in replay.answers:
            return found


def test_the_recorded_trees_hold_what_makes_trees_hard() -> None:
    kinds = {
        block["type"]
        for found in CHILDREN.values()
        for exchange in found
        for block in exchange.json["results"]
    }
    assert kinds >= {
        "synced_block",
        "tab",
        "column_list",
        "table",
        "child_page",
        "child_database",
        "unsupported",
    }
    assert len(CHILDREN) >= 20
    assert len(kinds) >= 30


@pytest.mark.parametrize("cassette", QUERIES)
async def test_every_recorded_query_gives_each_of_its_rows_once(cassette: str) -> None:
    for first, recorded in _chains(QUERIES[cassette]):
        listing = Listing(first.path.split("/")[1])
        notion = client(Replay(recorded))
        rows: list[JSON] = []
        while not listing.done:
            rows += await list_next(notion, listing)
        expected = {row["id"]: row for exchange in recorded for row in exchange.json["results"]}
        assert {row["id"]: row for row in rows} == expected
        assert len(rows) == len(expected)
        assert not listing.cut


def _chains(recorded: list[Exchange]) -> list[tuple[Exchange, list[Exchange]]]:
    """The queries, each with the pages that its cursors led to."""
    chains = []
    for first in recorded:
        if _cursor(first) is None:
            chain, cursor = [first], first.json["next_cursor"]
            for exchange in recorded[recorded.index(first) + 1 :]:
                if cursor and _cursor(exchange) == cursor:
                    chain.append(exchange)
                    cursor = exchange.json["next_cursor"]
            if cursor is None:
                chains.append((first, chain))
    return chains


def test_a_query_of_several_pages_is_among_the_recorded() -> None:
    assert max(len(chain) for found in QUERIES.values() for _, chain in _chains(found)) > 1


def _pages() -> list[tuple[str, JSON]]:
    found: dict[tuple[str, str], JSON] = {}
    for exchange in exchanges():
        if exchange.status == 200:
            answer = exchange.json
            for page in answer.get("results", [answer]):
                if page.get("object") == "page" and "properties" in page:
                    found[exchange.cassette, page["id"]] = page
    return [(cassette, page) for (cassette, _), page in found.items()]


async def test_every_recorded_page_is_complete_or_completed_with_its_recorded_items() -> None:
    counts = []
    for cassette, page in _pages():
        replay = Replay([exchange for exchange in exchanges() if exchange.cassette == cassette])
        cut = {name for name, property in page["properties"].items() if property.get("has_more")}
        try:
            whole = await completed(client(replay), page, Completion())
        except Unreadable:
            assert replay.asked, "its items were not recorded"
            continue
        assert set(whole["properties"]) == set(page["properties"])
        for name in cut:
            assert (
                whole["properties"][name]["relation"][:25] == page["properties"][name]["relation"]
            )
            assert whole["properties"][name]["has_more"] is False
            counts.append(len(whole["properties"][name]["relation"]))
    assert 30 in counts


async def test_every_recorded_property_item_has_the_shape_we_take_apart() -> None:
    found = [
        exchange
        for exchange in exchanges()
        if "/properties/" in exchange.path and exchange.status == 200
    ]
    assert found
    for exchange in found:
        kind = exchange.json["property_item"]["type"]
        page_id, property_id = exchange.path.split("/")[1], exchange.path.split("/")[3]
        property = {
            "id": property_id,
            "type": kind,
            kind: [{"type": "mention", "mention": {"type": "user"}}] * 25,
        }
        page = {"id": page_id, "properties": {"P": {**property, "has_more": True}}}
        whole = await completed(client(Replay([exchange])), page, Completion())
        assert whole["properties"]["P"][kind] == [item[kind] for item in exchange.json["results"]]


async def test_every_recorded_database_is_found_or_said_to_be_several_or_linked() -> None:
    found = [
        exchange
        for exchange in exchanges()
        if exchange.method == "GET" and exchange.path.startswith("databases/")
    ]
    assert {len(exchange.json["data_sources"]) for exchange in found} == {0, 1, 2}
    for exchange in found:
        notion, database = client(Replay([exchange])), exchange.json
        sources = [source["id"] for source in database["data_sources"]]
        if len(sources) == 1:
            source = await find_source(notion, "posts", database["url"])
            assert (source.database_id, source.data_source_id) == (database["id"], sources[0])
        else:
            with pytest.raises(Hopeless):
                await find_source(notion, "posts", database["id"])
        if sources:
            assert (await probe_database(notion, database["id"])).data_source_ids == sources
        else:
            with pytest.raises(Unreadable, match="linked database view"):
                await probe_database(notion, database["id"])


async def test_every_recorded_data_source_leads_to_its_database() -> None:
    found = [
        exchange
        for exchange in exchanges()
        if exchange.method == "GET" and exchange.path.startswith("data_sources/")
    ]
    assert found
    for exchange in found:
        source = await find_source(client(Replay([exchange])), "posts", exchange.json["id"])
        assert source.data_source_id == exchange.json["id"]
        assert source.database_id == exchange.json["parent"]["database_id"]


async def test_every_recorded_error_body_is_understood() -> None:
    found = [exchange for exchange in exchanges() if exchange.status >= 400]
    statuses = set()
    for exchange in found:

        async def handler(request: httpx.Request, exchange: Exchange = exchange) -> httpx.Response:
            return exchange.response()

        expected = {401: Hopeless, 400: Unreadable, 404: Unreadable}[exchange.status]
        if not exchange.answer.startswith("{"):
            expected = NotionAway
        with pytest.raises(expected) as raised:
            await retrieve_page(client(handler), "any", Oddities())
        if isinstance(raised.value, Unreadable):
            assert exchange.json["code"] in raised.value.reason
        statuses.add(exchange.status)
    assert statuses == {400, 401, 404}
