"""Listing data sources through every trick of paging, and completing what a page object cuts
short."""

from typing import Any

import httpx
import msgspec
import pytest

from lib.errors import NotionAway, Unreadable
from lib.model import JSON
from lib.notion.border.objects import Oddities
from lib.notion.lists import Whole
from lib.notion.pages import Completion, Listing, list_next, retrieve_page
from tests.notion.stage import Clock, Stage, body_of, client, completed, error

MINUTE = "2026-11-20T10:{:02d}:00.000Z"


def row(number: int, minute: int | None = None, edited: int | None = None) -> JSON:
    created = number if minute is None else minute
    return {
        "object": "page",
        "id": f"row-{number}",
        "created_time": MINUTE.format(created),
        "last_edited_time": MINUTE.format(created if edited is None else edited),
        "properties": {},
    }


class Table:
    """A data source that filters, sorts and pages as Notion does: a cursor names the next row.

    A query ends at `cap` results, a page at `size`; `dead` are cursors that it does not know any
    more.
    """

    def __init__(self, rows: list[JSON], cap: int = 10_000, size: int = 100) -> None:
        self.rows = rows
        self.cap = cap
        self.size = size
        self.bodies: list[JSON] = []
        self.dead: set[str] = set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = body_of(request)
        self.bodies.append(body)
        found = self._found(body)
        ids = [row["id"] for row in found]
        cursor = body.get("start_cursor", ids[0])
        if cursor in self.dead or cursor not in ids:
            return error(400, "validation_error", "The start_cursor provided is invalid: ...")
        start = ids.index(cursor)
        stop = min(start + min(self.size, body["page_size"]), self.cap)
        more = stop < min(len(found), self.cap)
        status = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
        return httpx.Response(
            200,
            json={
                "object": "list",
                "results": found[start:stop],
                "has_more": more,
                "next_cursor": ids[stop] if more else None,
                **({"request_status": status} if len(found) > self.cap else {}),
            },
        )

    def _found(self, body: JSON) -> list[JSON]:
        timestamp, direction = body["sorts"][0]["timestamp"], body["sorts"][0]["direction"]
        given = body.get("filter", {})
        bounds = {
            name: time
            for one in given.get("and", [given])
            for name, time in one.get(timestamp, {}).items()
        }
        rows = [
            row
            for row in self.rows
            if bounds.get("on_or_after", "") <= row[timestamp] <= bounds.get("on_or_before", "9")
        ]
        return sorted(rows, key=lambda row: str(row[timestamp]), reverse=direction == "descending")


async def listed(table: Any, listing: Listing) -> list[str]:
    """Ids in the order they were given; the progress goes through JSON after each request, as
    between slices."""
    notion = client(table)
    given: list[str] = []
    while not listing.done:
        given += [row["id"] for row in await list_next(notion, listing)]
        listing = msgspec.json.decode(msgspec.json.encode(listing), type=Listing)
    assert not listing.cut
    return given


def ids(*numbers: int) -> list[str]:
    return [f"row-{number}" for number in numbers]


async def test_a_full_listing_is_sorted_by_what_never_changes() -> None:
    table = Table([row(3), row(1), row(2)])
    assert await listed(table, Listing("source")) == ids(1, 2, 3)
    assert table.bodies == [
        {"sorts": [{"timestamp": "created_time", "direction": "ascending"}], "page_size": 100}
    ]


async def test_a_listing_of_changes_asks_only_for_those() -> None:
    table = Table([row(1, edited=5), row(2, edited=40), row(3, edited=30)])
    assert await listed(table, Listing("source", since=MINUTE.format(30))) == ids(3, 2)
    assert table.bodies == [
        {
            "filter": {
                "timestamp": "last_edited_time",
                "last_edited_time": {"on_or_after": MINUTE.format(30)},
            },
            "sorts": [{"timestamp": "last_edited_time", "direction": "ascending"}],
            "page_size": 100,
        }
    ]


async def test_a_listing_goes_through_all_its_pages() -> None:
    table = Table([row(number) for number in range(7)], size=3)
    assert await listed(table, Listing("source")) == ids(*range(7))
    assert [body.get("start_cursor") for body in table.bodies] == [None, "row-3", "row-6"]


async def test_an_empty_page_with_a_cursor_is_not_the_end() -> None:
    answers = [
        {"results": [], "has_more": True, "next_cursor": "on"},
        {"results": [row(1)], "has_more": False, "next_cursor": None},
    ]

    async def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers.pop(0))

    assert await listed(handler, Listing("source")) == ids(1)


async def test_a_row_that_moves_behind_the_cursor_is_given_once() -> None:
    table = Table([row(number, edited=number) for number in range(1, 5)], size=2)
    listing = Listing("source", since=MINUTE.format(0))
    notion = client(table)
    first = await list_next(notion, listing)
    table.rows = [row(1, edited=9), *table.rows[1:]]
    rest = [row["id"] for row in await list_next(notion, listing)]
    assert [row["id"] for row in first] == ids(1, 2)
    assert rest == ids(3, 4), "row 1 comes once more, at the end"


async def test_a_dead_cursor_begins_again_where_the_rows_ended() -> None:
    table = Table([row(number) for number in range(6)], size=2)
    table.dead = {"row-4"}
    assert await listed(table, Listing("source")) == ids(*range(6))
    assert "start_cursor" not in table.bodies[3], "the third request failed"
    assert table.bodies[3]["filter"]["created_time"] == {"on_or_after": MINUTE.format(3)}


async def test_a_cursor_that_dies_every_time_is_notion_away_and_can_be_tried_again() -> None:
    table = Table([row(number, minute=0) for number in range(6)], size=2)
    table.dead = {"row-2"}
    listing, notion = Listing("source"), client(table)
    with pytest.raises(NotionAway):
        while True:
            await list_next(notion, listing)
    assert len(table.bodies) == 8, "a first page and a dead cursor, four times"
    await list_next(notion, listing)
    assert await list_next(notion, listing) == [], (
        "another dead cursor is the first one of another reading"
    )
    table.dead = set()
    assert await listed(table, listing) == ids(2, 3, 4, 5)


async def test_a_refusal_of_the_query_itself_is_not_taken_for_a_dead_cursor() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        return error(400, "validation_error")

    with pytest.raises(Unreadable):
        await list_next(client(handler), Listing("source"))


async def test_notions_limit_of_results_is_passed_by_windows() -> None:
    table = Table([row(number, minute=number // 2) for number in range(11)], cap=4, size=2)
    assert await listed(table, Listing("source")) == ids(*range(11))


async def test_notions_limit_is_passed_in_a_listing_of_changes_too() -> None:
    table = Table([row(number, edited=20 + number // 2) for number in range(9)], cap=4, size=3)
    assert await listed(table, Listing("source", since=MINUTE.format(20))) == ids(*range(9))


class LastInFirstOut(Table):
    """Rows of one time stand the other way about when they are asked for in descending order."""

    def _found(self, body: JSON) -> list[JSON]:
        descending = body["sorts"][0]["direction"] == "descending"
        rows = super()._found({**body, "sorts": [{**body["sorts"][0], "direction": "ascending"}]})
        return rows[::-1] if descending else rows


async def everything(table: Table, listing: Listing) -> list[str]:
    given = []
    while not listing.done:
        given += await list_next(client(table), listing)
    return [one["id"] for one in given]


@pytest.mark.parametrize("before", [0, 1])
async def test_a_minute_with_more_rows_than_the_limit_is_seen_from_both_ends(before: int) -> None:
    rows = [row(number, minute=0 if number < before else 1) for number in range(7)] + [
        row(7, minute=2)
    ]
    table, listing = LastInFirstOut(rows, cap=4, size=2), Listing("source")
    assert sorted(await everything(table, listing)) == ids(*range(8)), (
        "also what was created after that minute"
    )
    assert listing.cut == "", "the two looks have met"


async def test_a_minute_with_more_rows_than_both_looks_show_is_cut_and_ends() -> None:
    table = LastInFirstOut([row(number, minute=1) for number in range(12)], cap=5, size=2)
    listing = Listing("source")
    assert sorted(await everything(table, listing)) == sorted(ids(0, 1, 2, 3, 4, 7, 8, 9, 10, 11))
    assert MINUTE.format(1) in listing.cut


async def test_a_minute_of_changes_above_the_limit_is_seen_from_both_ends_too() -> None:
    table = LastInFirstOut([row(number, edited=20) for number in range(9)], cap=4)
    listing = Listing("source", since=MINUTE.format(20))
    assert len(await everything(table, listing)) == 8
    assert listing.cut
    assert len(table.bodies) == 2


@pytest.mark.parametrize("cursor", [None, "same", 5, ""])
async def test_a_listing_that_goes_on_nowhere_shows_what_it_has_and_is_cut(cursor: Any) -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, json={"results": [row(1)], "has_more": True, "next_cursor": cursor}
        )

    listing = Listing("source", cursor="same")
    assert [one["id"] for one in await list_next(client(handler), listing)] == ["row-1"]
    assert listing.done and "goes on" in listing.cut


async def test_a_property_whose_list_goes_on_nowhere_stays_as_the_page_shows_it() -> None:
    for cursor in (None, "same"):
        answer = {"results": [], "has_more": True, "next_cursor": cursor}

        async def handler(request: httpx.Request, answer: JSON = answer) -> httpx.Response:
            return httpx.Response(200, json=answer)

        completion = Completion(begun={"p": Whole(cursor="same")})
        page = page_with({"id": "p", "type": "people", "people": [{"id": "x"}] * 25})
        assert await completed(client(handler), page, completion) == page
        assert ["goes on" in warning for warning in completion.oddities.warnings] == [True]


async def test_an_answer_that_is_no_list_can_not_be_listed() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"object": "page"})

    with pytest.raises(Unreadable, match="without results"):
        await list_next(client(handler), Listing("source"))


async def test_rows_that_are_no_readable_pages_are_left_out() -> None:
    stray = [{"object": "data_source", "id": "x"}, {"object": "page", "id": "partial"}]

    async def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"results": [*stray, row(1)], "has_more": False})

    assert await listed(handler, Listing("source")) == ids(1)


async def test_a_page_is_retrieved_by_its_id() -> None:
    stage = Stage()
    stage.objects["pages/1"] = row(1)
    notion = client(stage.handle)
    assert await retrieve_page(notion, "1", Oddities()) == row(1)
    with pytest.raises(Unreadable):
        await retrieve_page(notion, "2", Oddities())


@pytest.mark.parametrize(
    "answer", [{"object": "page", "id": "1"}, {"object": "block", "id": "1"}, {}]
)
async def test_a_page_of_which_notion_gives_its_id_only_is_not_taken_for_one_that_is_gone(
    answer: JSON,
) -> None:
    stage = Stage()
    stage.objects["pages/1"] = answer
    with pytest.raises(Unreadable) as refusal:
        await retrieve_page(client(stage.handle), "1", Oddities())
    assert refusal.value.notion_status == 200


def mention(kind: str = "user") -> JSON:
    return {"type": "mention", "mention": {"type": kind, kind: {}}, "plain_text": "@Ada"}


TEXT = {"type": "text", "plain_text": "words"}
ROLLED = {"type": "number", "number": 1}


def number_items(count: int) -> list[JSON]:
    return [
        {"object": "property_item", "id": "p", "type": "number", "number": n} for n in range(count)
    ]


def items(kind: str, count: int) -> list[JSON]:
    text = {"type": "text", "plain_text": "words"} if kind in ("title", "rich_text") else {}
    return [
        {"object": "property_item", "id": "p", "type": kind, kind: {"id": f"{n}", **text}}
        for n in range(count)
    ]


def page_with(property: JSON) -> JSON:
    return {
        **row(1),
        "id": "1",
        "properties": {"Other": {"id": "o", "type": "checkbox", "checkbox": True}, "P": property},
    }


@pytest.mark.parametrize(
    "property",
    [
        {"id": "%3AP", "type": "relation", "relation": [{"id": "x"}] * 25, "has_more": True},
        {"id": "%3AP", "type": "people", "people": [{"id": "x"}] * 25},
        {"id": "title", "type": "title", "title": [mention(), TEXT] * 25},
        {"id": "%3AP", "type": "rich_text", "rich_text": [mention("page")] * 30},
    ],
)
async def test_a_property_that_may_be_cut_is_read_to_its_end(property: JSON) -> None:
    stage, kind = Stage(), property["type"]
    asked: list[str] = []
    all_items = items(kind, 130)

    async def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        start = 100 if "start_cursor" in str(request.url) else 0
        return httpx.Response(
            200,
            json={
                "object": "list",
                "type": "property_item",
                "results": all_items[start : start + 100],
                "has_more": start == 0,
                "next_cursor": "at-100" if start == 0 else None,
                "property_item": {"id": "p", "type": kind, kind: {}},
            },
        )

    page = page_with(property)
    whole = await completed(client(handler), page, Completion())
    assert whole["properties"]["P"][kind] == [item[kind] for item in all_items]
    assert whole["properties"]["P"].get("has_more") in (None, False)
    assert {**whole, "properties": None} == {**page, "properties": None}
    assert whole["properties"]["Other"] == page["properties"]["Other"]
    assert len(page["properties"]["P"][kind]) <= 50, "the page that was given is left alone"
    path = f"/v1/pages/1/properties/{property['id']}?page_size=100"
    assert asked == [path, f"{path}&start_cursor=at-100"]
    assert stage.asked == []


@pytest.mark.parametrize(
    "property",
    [
        {"id": "p", "type": "relation", "relation": [{"id": "x"}] * 25, "has_more": False},
        {"id": "p", "type": "people", "people": [{"id": "x"}] * 24},
        {
            "id": "p",
            "type": "rich_text",
            "rich_text": [TEXT] * 100 + [mention("date")] * 30 + [mention()] * 24,
        },
        {"id": "p", "type": "title", "title": []},
        {"id": "p", "type": "rollup", "rollup": {"type": "array", "array": [ROLLED] * 24}},
        {"id": "p", "type": "rollup", "rollup": {"type": "number", "number": 25}},
        {"id": "p", "type": "rollup", "rollup": {"type": "unsupported", "unsupported": {}}},
        {"id": "p", "type": "formula", "formula": {"type": "string", "string": None}},
        {"id": "p", "type": "some_new_kind"},
    ],
)
async def test_a_property_that_is_whole_costs_no_request(property: JSON) -> None:
    stage = Stage()
    page = page_with(property)
    assert await completed(client(stage.handle), page, Completion()) is page
    assert stage.asked == []


@pytest.mark.parametrize(
    ("result", "item", "shown"),
    [
        (
            {"type": "array", "array": [], "function": "show_original"},
            ROLLED,
            {"type": "number", "number": 1},
        ),
        (
            {"type": "array", "array": [], "function": "show_original"},
            {"type": "title", "title": TEXT},
            {"type": "title", "title": [TEXT]},
        ),
        (
            {"type": "array", "array": [], "function": "show_original"},
            {"type": "relation", "relation": {"id": "x"}},
            {"type": "relation", "relation": [{"id": "x"}]},
        ),
    ],
)
async def test_a_long_rollup_is_put_together_from_its_items(
    result: JSON, item: JSON, shown: JSON
) -> None:
    stage = Stage()
    stage.objects["pages/1/properties/p"] = {
        "results": [{"object": "property_item", "id": "p", **item}] * 30,
        "has_more": False,
        "property_item": {"id": "p", "type": "rollup", "rollup": result},
    }
    property = {"id": "p", "type": "rollup", "rollup": {**result, "array": [ROLLED] * 25}}
    whole = await completed(client(stage.handle), page_with(property), Completion())
    assert whole["properties"]["P"]["rollup"] == {**result, "array": [shown] * 30}


async def test_a_rollup_whose_result_is_no_list_is_the_result_of_the_last_page() -> None:
    stage = Stage()
    result = {"type": "number", "number": 99, "function": "sum"}
    stage.objects["pages/1/properties/p"] = {
        "results": number_items(30),
        "has_more": False,
        "property_item": {"id": "p", "type": "rollup", "rollup": result},
    }
    property = {"id": "p", "type": "rollup", "rollup": {"type": "array", "array": [ROLLED] * 25}}
    whole = await completed(client(stage.handle), page_with(property), Completion())
    assert whole["properties"]["P"]["rollup"] == result


async def test_items_whose_cursor_dies_are_read_from_the_beginning() -> None:
    died = False

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal died
        if "start_cursor" not in str(request.url):
            return httpx.Response(
                200, json={"results": items("people", 1), "has_more": not died, "next_cursor": "on"}
            )
        died = True
        return error(400, "validation_error")

    property = {"id": "p", "type": "people", "people": [{"id": "x"}] * 25}
    whole = await completed(client(handler, Clock()), page_with(property), Completion())
    assert whole["properties"]["P"]["people"] == [{"id": "0"}]


CUT_RELATION = {"id": "p", "type": "relation", "relation": [{"id": "x"}], "has_more": True}


@pytest.mark.parametrize("property_id", ["p", "../../users", "a/..;/b"])
async def test_a_property_that_is_refused_stays_as_the_page_shows_it_and_is_named(
    property_id: str,
) -> None:
    page, completion = page_with({**CUT_RELATION, "id": property_id}), Completion()
    assert await completed(client(Stage().handle), page, completion) == page
    assert ['"1": property "P"' in warning for warning in completion.oddities.warnings] == [True]
    assert not completion.is_lacking


async def test_a_property_without_an_answer_stays_as_the_page_shows_it_on_the_last_try_only() -> (
    None
):
    async def handler(request: httpx.Request) -> httpx.Response:
        return error(500, "internal_server_error")

    page, completion = page_with(CUT_RELATION), Completion()
    with pytest.raises(NotionAway):
        await completed(client(handler), page, completion)
    assert await completed(client(handler), page, completion, is_last_try=True) == page
    assert completion.is_lacking and completion.oddities.count == 1


async def test_what_is_computed_from_a_cut_relation_is_read_in_full() -> None:
    stage = Stage()
    number = {"type": "number", "number": 34}
    stage.objects = {
        "pages/1/properties/p": {"results": items("relation", 34), "has_more": False},
        "pages/1/properties/r": {
            "results": [],
            "has_more": False,
            "property_item": {
                "id": "r",
                "type": "rollup",
                "rollup": {**number, "function": "count"},
            },
        },
        "pages/1/properties/f": {
            "object": "property_item",
            "id": "f",
            "type": "formula",
            "formula": number,
        },
    }
    page = page_with(CUT_RELATION)
    page["properties"]["R"] = {
        "id": "r",
        "type": "rollup",
        "rollup": {"type": "number", "number": 25},
    }
    page["properties"]["F"] = {
        "id": "f",
        "type": "formula",
        "formula": {"type": "number", "number": 25},
    }
    completion = Completion()
    properties = (await completed(client(stage.handle), page, completion))["properties"]
    assert len(properties["P"]["relation"]) == 34
    assert properties["R"]["rollup"]["number"] == properties["F"]["formula"]["number"] == 34
    assert sorted(stage.asked) == sorted(stage.objects)
    assert completion.oddities.count == 0


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ({"results": [None, {"type": "rollup", "rollup": {"type": "number", "number": 1}}]}, 1),
        ({"results": [{"type": "title", "title": None}, {"type": "number", "number": 1}]}, 1),
        ({"results": 5}, 25),
        ({"object": "property_item"}, 25),
        ({"results": [], "has_more": True, "next_cursor": None}, 25),
    ],
)
async def test_an_odd_item_of_a_rollup_costs_that_item_only(answer: JSON, left: int) -> None:
    stage = Stage()
    total = {
        "property_item": {
            "type": "rollup",
            "rollup": {"type": "array", "array": [], "function": "show"},
        }
    }
    stage.objects["pages/1/properties/p"] = {"has_more": False, **answer, **total}
    page = page_with(
        {"id": "p", "type": "rollup", "rollup": {"type": "array", "array": [ROLLED] * 25}}
    )
    completion = Completion()
    properties = (await completed(client(stage.handle), page, completion))["properties"]
    assert len(properties["P"]["rollup"]["array"]) == left
    assert completion.oddities.count == 1
