"""Queries as the official client sends them: filters, sorts, cursors, the limit of results."""

from datetime import UTC, datetime
from typing import Any

import pytest
from notion_client import Client
from notion_client.helpers import collect_paginated_api

from dev.notion import NotionStandIn
from dev.notion.generate import POSTS, generate
from tests.dev.notion.test_objects import COLLECTION, HOME, KEEPERS, PAGE_ROWS, VISIT, refusal

POST_ROWS = "d5d5d5d5-0000-4000-8000-000000000002"
LAST_BOAT = "bbbbbbbb-0000-4000-8000-000000000020"


def query(client: Client, source: str = POST_ROWS, **asked: Any) -> Any:
    return client.data_sources.query(source, **asked)


def titles(answer: Any) -> list[str]:
    return [
        "".join(text["plain_text"] for text in row["properties"]["Title"]["title"])
        for row in answer["results"]
    ]


def found(client: Client, filter: Any) -> list[str]:
    return titles(
        query(
            client, filter=filter, sorts=[{"timestamp": "created_time", "direction": "ascending"}]
        )
    )


def test_a_plain_query_gives_neither_trashed_nor_archived_rows(client: Client) -> None:
    answer = query(client)
    assert len(answer["results"]) == 20 and "request_status" not in answer
    assert not {"Thrown away", "Put aside"} & set(titles(answer))


def test_trashed_and_archived_rows_are_given_when_they_are_asked_for(client: Client) -> None:
    path = f"data_sources/{POST_ROWS}/query"
    assert titles(client.request(path, "POST", body={"in_trash": True})) == ["Thrown away"]
    assert titles(client.request(path, "POST", body={"is_archived": True})) == ["Put aside"]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"property": "Title", "title": {"equals": "fog"}}, ["Fog", "Fog"]),
        ({"property": "Title", "title": {"starts_with": "Crayf"}}, ["Crayfish"]),
        ({"property": "Slug", "rich_text": {"contains": "boat"}}, ["Last boat"]),
        ({"property": "Wind", "number": {"greater_than": 7}}, ["No ferry today", "Last boat"]),
        ({"property": "Wind", "number": {"equals": 0}}, ["Fog"]),
        ({"property": "Visibility", "status": {"equals": "draft"}}, ["What the goat ate"]),
        (
            {"property": "Tags", "multi_select": {"contains": "Birds"}},
            ["Eiders, 41", "Arctic terns"],
        ),
        ({"property": "Date", "date": {"is_empty": True}}, ["Rope"]),
        ({"property": "Date", "date": {"after": "2026-08-12"}}, ["What the goat ate", "Last boat"]),
        ({"property": "Date", "date": {"equals": "2026-06-19"}}, ["Midsummer"]),
        (
            {"timestamp": "created_time", "created_time": {"on_or_before": "2026-05-10T07:00:00Z"}},
            ["We are open"],
        ),
        ({"timestamp": "created_time", "created_time": {"before": "2026-05-10T07:00:00Z"}}, []),
        (
            {
                "timestamp": "last_edited_time",
                "last_edited_time": {"on_or_after": "2026-09-30T21:40:00Z"},
            },
            ["Last boat"],
        ),
        (
            {
                "timestamp": "last_edited_time",
                "last_edited_time": {"after": "2026-09-30T21:40:00Z"},
            },
            [],
        ),
        (
            {
                "timestamp": "last_edited_time",
                "last_edited_time": {"equals": "2026-09-30T21:40:00Z"},
            },
            ["Last boat"],
        ),
        (
            {
                "and": [
                    {"property": "Tags", "multi_select": {"contains": "Boats"}},
                    {
                        "or": [
                            {"property": "Wind", "number": {"less_than": 5}},
                            {"property": "Wind", "number": {"equals": 8}},
                        ]
                    },
                ]
            },
            ["Midsummer", "Last boat"],
        ),
    ],
)
def test_filters_find_what_they_say(client: Client, filter: Any, expected: list[str]) -> None:
    assert found(client, filter) == expected


def test_checkboxes_selects_and_formulas_are_filtered_too(client: Client) -> None:
    def ids(filter: Any) -> set[str]:
        return {row["id"] for row in query(client, PAGE_ROWS, filter=filter)["results"]}

    assert ids({"property": "Step-free", "checkbox": {"equals": True}}) == {HOME, VISIT}
    assert len(ids({"property": "visibility", "select": {"is_empty": True}})) == 1
    assert ids({"property": "Is ready", "formula": {"checkbox": {"equals": True}}}) == {HOME}
    assert ids({"property": "Objects shown", "relation": {"is_not_empty": True}}) == {COLLECTION}


def test_impossible_filters_and_sorts_are_validation_errors(client: Client) -> None:
    for asked in (
        {"filter": {"property": "Nothing", "title": {"equals": "x"}}},
        {"filter": {"property": "Title", "number": {"equals": 1}}},
        {"filter": {"and": [{"or": [{"and": [{"property": "Wind", "number": {"equals": 1}}]}]}]}},
        {"filter": {"timestamp": "created_time", "created_time": {"after": "yesterday"}}},
        {"filter": {"property": "Wind", "number": {"resembles": 1}}},
        {"sorts": [{"property": "Nothing"}]},
        {"sorts": [{"timestamp": "birthday"}]},
    ):
        assert refusal(query, client, **asked).code == "validation_error", asked


def test_sorts_apply_in_their_order_and_leave_the_empty_for_last(client: Client) -> None:
    windy = titles(
        query(
            client, sorts=[{"property": "Wind", "direction": "descending"}, {"property": "Title"}]
        )
    )
    assert windy[:3] == ["No ferry today", "Last boat", "Eiders, 41"]
    assert windy[8:10] == ["!?", "A lamp from the sea"]
    dates = titles(query(client, sorts=[{"property": "Date", "direction": "ascending"}]))
    assert (dates[0], dates[-1]) == ("We are open", "Rope")


def test_filter_properties_takes_names_and_decoded_ids_and_refuses_the_unknown(
    client: Client,
) -> None:
    for wanted in (["Tags"], ["[VHf"]):
        rows = query(client, PAGE_ROWS, filter_properties=wanted)["results"]
        assert all(list(row["properties"]) == ["Tags"] for row in rows)
    error = refusal(query, client, PAGE_ROWS, filter_properties=["%5BVHf"])
    assert "contains an invalid attribute" in str(error)
    assert query(client, PAGE_ROWS, filter_properties=[""])["results"][0]["properties"] == {}


def test_pages_of_a_query_hang_together_by_session_cursors(client: Client) -> None:
    first = query(client, page_size=8)
    assert first["next_cursor"].startswith("s:") and first["next_cursor"].count(":") == 2
    rows: Any = collect_paginated_api(
        client.data_sources.query, data_source_id=POST_ROWS, page_size=8
    )
    assert len({row["id"] for row in rows}) == 20


def test_a_query_cursor_dies_with_its_row_and_is_known_to_its_session_only(
    notion: NotionStandIn, client: Client
) -> None:
    cursor = query(client, page_size=5)["next_cursor"]
    row = cursor.rpartition(":")[2]
    assert "start_cursor provided is invalid" in str(
        refusal(query, client, start_cursor=f"s:{HOME}:{row}")
    )
    notion.edit.trash(row)
    assert refusal(query, client, start_cursor=cursor).code == "validation_error"


def test_a_query_ends_at_its_limit_and_says_so_on_every_page(
    notion: NotionStandIn, client: Client
) -> None:
    notion.workspace.query_limit = 15
    first = query(client, page_size=10)
    rest = query(client, start_cursor=first["next_cursor"])
    assert (len(rest["results"]), rest["has_more"]) == (5, False)
    incomplete = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    assert first["request_status"] == rest["request_status"] == incomplete


DIRECTIONS = ("ascending", "descending")


def in_order(
    client: Client, timestamp: str, direction: str, filter: Any = None, **asked: Any
) -> Any:
    sorts = [{"timestamp": timestamp, "direction": direction}]
    return query(client, sorts=sorts, **({"filter": filter} if filter else {}), **asked)


def ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer["results"]]


@pytest.fixture
def twins(notion: NotionStandIn) -> list[str]:
    """Twelve rows that were made within one minute, the newest of all, in the order of their
    making."""
    notion.clock.freeze()
    notion.clock.set(datetime(2026, 11, 5, 10, 30, 2, tzinfo=UTC))
    made = []
    for number in range(12):
        made.append(notion.edit.create_row(POST_ROWS, {"Title": f"Import {number}"}))
        notion.clock.advance(3)
    return made


@pytest.mark.parametrize("timestamp", ["created_time", "last_edited_time"])
def test_rows_of_one_time_keep_their_order_which_a_descending_query_turns_round(
    client: Client, twins: list[str], timestamp: str
) -> None:
    moment = {"timestamp": timestamp, timestamp: {"equals": "2026-11-05T10:30:00Z"}}
    for size in (100, 5, 1):
        found = {
            direction: [
                row["id"]
                for row in collect_paginated_api(
                    in_order,
                    client=client,
                    timestamp=timestamp,
                    direction=direction,
                    filter=moment,
                    page_size=size,
                )
            ]
            for direction in DIRECTIONS
        }
        assert found == {"ascending": twins, "descending": twins[::-1]}


def test_rows_of_one_time_may_come_in_one_order_both_ways(
    notion: NotionStandIn, client: Client, twins: list[str]
) -> None:
    notion.workspace.choices.turns_ties = False
    notion.workspace.query_limit = 5
    moment = {"timestamp": "created_time", "created_time": {"on_or_after": "2026-11-05T10:30:00Z"}}
    for direction in DIRECTIONS:
        assert ids(in_order(client, "created_time", direction, moment)) == twins[:5]


@pytest.mark.parametrize("timestamp", ["created_time", "last_edited_time"])
@pytest.mark.parametrize("operator", ["on_or_after", "on_or_before", "equals"])
def test_a_limit_within_one_time_shows_its_other_end_to_a_descending_query_and_never_the_middle(
    notion: NotionStandIn, client: Client, twins: list[str], timestamp: str, operator: str
) -> None:
    notion.workspace.query_limit = 5
    first, last = (
        titles(in_order(client, timestamp, "ascending")),
        titles(in_order(client, timestamp, "descending")),
    )
    assert len(first) == len(last) == 5 and "Import 11" in last and not set(first) & set(last)
    moment = {"timestamp": timestamp, timestamp: {operator: "2026-11-05T10:30:00Z"}}
    ascending = in_order(client, timestamp, "ascending", moment)
    descending = in_order(client, timestamp, "descending", moment)
    if operator != "on_or_before":
        assert ids(ascending) == twins[:5]
    assert ids(descending) == twins[:-6:-1]
    for answer in (ascending, descending):
        assert (answer["has_more"], answer["next_cursor"]) == (False, None)
        assert answer["request_status"]["incomplete_reason"] == "query_result_limit_reached"
    assert not set(twins[5:7]) & set(ids(ascending) + ids(descending))


@pytest.mark.parametrize(
    ("operator", "bound", "twelve"),
    [
        ("on_or_after", "2026-11-05T10:30:00Z", True),
        ("on_or_after", "2026-11-05T11:30:00+01:00", True),
        ("on_or_after", "2026-11-05T10:30:01Z", False),
        ("on_or_after", "2026-11-05", True),
        ("after", "2026-11-05T10:30:00Z", False),
        ("after", "2026-11-05T10:29:00Z", True),
        ("equals", "2026-11-05T10:30:00.000Z", True),
        ("equals", "2026-11-05T10:31:00Z", False),
        ("equals", "2026-11-05", True),
    ],
)
def test_bounds_of_times_are_within_as_they_are_written(
    client: Client, twins: list[str], operator: str, bound: str, twelve: bool
) -> None:
    for timestamp in ("created_time", "last_edited_time"):
        found = in_order(
            client, timestamp, "descending", {"timestamp": timestamp, timestamp: {operator: bound}}
        )
        assert ids(found) == (twins[::-1] if twelve else [])


def test_a_time_may_be_bounded_from_both_sides(client: Client, twins: list[str]) -> None:
    def bounded(operator: str, bound: str) -> Any:
        return {"timestamp": "created_time", "created_time": {operator: bound}}

    both = {
        "and": [
            bounded("on_or_after", "2026-11-05T10:30:00Z"),
            bounded("on_or_before", "2026-11-05T10:30:00Z"),
        ]
    }
    assert ids(in_order(client, "created_time", "ascending", both)) == twins
    before = in_order(
        client, "created_time", "descending", bounded("before", "2026-11-05T10:30:00Z")
    )
    until = in_order(
        client, "created_time", "descending", bounded("on_or_before", "2026-11-05T10:30:00Z")
    )
    assert ids(until) == [*twins[::-1], *ids(before)] and len(ids(before)) == 20


def test_rows_that_move_while_one_pages_are_met_twice(
    notion: NotionStandIn, client: Client
) -> None:
    sorts = [{"timestamp": "last_edited_time", "direction": "ascending"}]
    first = query(client, sorts=sorts, page_size=10)
    moved = first["results"][0]["id"]
    notion.edit.set_title(moved, "Edited meanwhile")
    rest = query(client, sorts=sorts, start_cursor=first["next_cursor"])
    assert rest["results"][-1]["id"] == moved


def test_what_is_not_json_is_refused_as_such(notion: NotionStandIn, client: Client) -> None:
    assert refusal(query, client, start_cursor="nonsense").code == "validation_error"
    answer = client.client.post(f"data_sources/{POST_ROWS}/query", content=b"{", headers=headers())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")


def headers() -> dict[str, str]:
    return {"Authorization": "Bearer ntn_local_demo", "Notion-Version": "2026-03-11"}


def test_generated_workspaces_are_listed_by_hundreds(notion: NotionStandIn, client: Client) -> None:
    notion.workspace.become(generate(pages=3, posts=250, depth=2, seed=1))
    source: Any = client.databases.retrieve(POSTS)["data_sources"][0]["id"]  # type: ignore[index]
    assert len(collect_paginated_api(client.data_sources.query, data_source_id=source)) == 250
    assert notion.log.stats["byEndpoint"]["POST /v1/data_sources/{id}/query"] == 3
    assert KEEPERS not in notion.workspace.nodes
