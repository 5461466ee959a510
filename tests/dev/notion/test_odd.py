"""Odd answers on demand: wherever an object stands, in one answer only, over HTTP, and gone again
when taken back."""

from typing import Any

import httpx
import pytest
from notion_client import Client
from notion_client.helpers import collect_paginated_api

from dev.notion import TOKEN, NotionStandIn
from dev.notion.generate import PAGES
from dev.notion.ids import named_id
from tests.dev.notion.conftest import VERSION
from tests.dev.notion.test_controls import Controls
from tests.dev.notion.test_objects import COLLECTION, HOME, KEEPERS, OBJECTS, PAGE_ROWS, VISIT
from tests.dev.notion.test_query import POST_ROWS, query

TOWER = "aaaaaaaa-0000-4000-8000-000000000031"
LIGHTHOUSE = "aaaaaaaa-0000-4000-8000-000000000003"


def row(client: Client, page: str, source: str = PAGE_ROWS) -> Any:
    return next(one for one in query(client, source)["results"] if one["id"] == page)


def children(client: Client, block: str) -> Any:
    return client.blocks.children.list(block)["results"]  # type: ignore[index]


def raw(notion: NotionStandIn, path: str) -> str:
    headers = {"Authorization": f"Bearer {TOKEN}", "Notion-Version": VERSION}
    return httpx.get(f"{notion.url}/v1/{path}", headers=headers).text


@pytest.mark.parametrize(
    "value", [None, 7, "text", [None], {"id": "x"}, [[]], True, 2**70, {"type": "nobody knows"}]
)
def test_a_value_is_odd_wherever_its_page_stands(
    notion: NotionStandIn, client: Client, value: Any
) -> None:
    before = client.pages.retrieve(HOME)["properties"]["slug"]  # type: ignore[index]
    notion.odd.set(HOME, ["properties", "Tags"], value)
    pages: list[Any] = [client.pages.retrieve(HOME), row(client, HOME)]
    for page in pages:
        assert page["properties"]["Tags"] == value
        assert page["properties"]["slug"] == before
    assert row(client, VISIT)["properties"]["Tags"]["type"] == "multi_select"


def test_members_are_dropped_at_any_depth_and_by_position(
    notion: NotionStandIn, client: Client
) -> None:
    block = children(client, HOME)[0]["id"]
    kind = children(client, HOME)[0]["type"]
    notion.odd.drop(block, [kind, "rich_text", 0, "plain_text"])
    notion.odd.drop(block, ["has_children"])
    blocks: list[Any] = [client.blocks.retrieve(block), children(client, HOME)[0]]
    for shown in blocks:
        assert (
            "plain_text" not in shown[kind]["rich_text"][0]
            and shown[kind]["rich_text"][0]["annotations"]
        )
        assert "has_children" not in shown


def test_a_whole_object_is_replaced_and_the_others_of_its_list_stay(
    notion: NotionStandIn, client: Client
) -> None:
    partial = {"object": "page", "id": HOME}
    before = [one["id"] for one in query(client, PAGE_ROWS)["results"]]
    notion.odd.replace(HOME, partial)
    assert row(client, HOME) == partial
    assert client.pages.retrieve(HOME) == partial
    assert [one["id"] for one in query(client, PAGE_ROWS)["results"]] == before


def test_a_child_page_is_odd_as_a_block_too_and_by_its_path_only_when_it_is_retrieved(
    notion: NotionStandIn, client: Client
) -> None:
    def block() -> Any:
        return next(one for one in children(client, LIGHTHOUSE) if one.get("id") == TOWER)

    notion.odd.set(TOWER, ["last_edited_time"], None)
    assert client.pages.retrieve(TOWER)["last_edited_time"] is None  # type: ignore[index]
    assert block()["last_edited_time"] is None
    notion.odd.clear(TOWER)
    notion.odd.replace(f"pages/{TOWER}", {"object": "page", "id": TOWER})
    assert client.pages.retrieve(TOWER) == {"object": "page", "id": TOWER}
    assert block()["child_page"] == {"title": "The tower"}


def test_databases_data_sources_and_people_are_odd_too(
    notion: NotionStandIn, client: Client
) -> None:
    notion.odd.set(PAGES, ["title"], [{"type": "text", "plain_text": "\ud83d"}])
    notion.odd.set(PAGE_ROWS, ["properties", "Name"], None)
    notion.odd.set("@ada", ["name"], None)
    assert client.databases.retrieve(PAGES)["title"][0]["plain_text"] == "\ud83d"  # type: ignore[index]
    assert client.data_sources.retrieve(PAGE_ROWS)["properties"]["Name"] is None  # type: ignore[index]
    assert client.users.retrieve(named_id("ada"))["name"] is None  # type: ignore[index]
    assert client.pages.retrieve(HOME)["properties"]["Made by"]["created_by"]["name"] is None  # type: ignore[index]


def test_property_items_are_odd_by_their_id_and_by_their_path(
    notion: NotionStandIn, client: Client
) -> None:
    relation = client.pages.retrieve(COLLECTION)["properties"]["Objects shown"]["id"]  # type: ignore[index]
    path = f"pages/{COLLECTION}/properties/{relation}"
    notion.odd.set(path, ["results", 3, "relation"], None)
    items: Any = client.pages.properties.retrieve(COLLECTION, relation)["results"]  # type: ignore[index]
    assert [position for position, item in enumerate(items) if item["relation"] is None] == [3]
    notion.odd.set(relation, ["relation"], {"id": None})
    items = client.pages.properties.retrieve(COLLECTION, relation)["results"]  # type: ignore[index]
    assert [item["relation"] for item in items[:4]] == [
        {"id": None},
        {"id": None},
        {"id": None},
        None,
    ]
    notion.odd.replace(path, {"object": "property_item", "type": "relation"})
    assert client.pages.properties.retrieve(COLLECTION, relation) == {
        "object": "property_item",
        "type": "relation",
    }


def test_a_path_names_a_property_as_answers_spell_its_id(
    notion: NotionStandIn, client: Client
) -> None:
    notion.odd.set(f"pages/{HOME}/properties/%5BVHf", ["multi_select"], None)
    assert client.pages.properties.retrieve(HOME, "%5BVHf")["multi_select"] is None  # type: ignore[index]
    assert client.pages.properties.retrieve(VISIT, "%5BVHf")["multi_select"] is not None  # type: ignore[index]


def test_foreign_entries_are_put_into_lists(notion: NotionStandIn, client: Client) -> None:
    rows = f"data_sources/{POST_ROWS}/query"
    notion.odd.insert(rows, ["results", 0], None)
    notion.odd.insert(rows, ["results", 1], {"object": "data_source", "id": PAGE_ROWS})
    notion.odd.insert(rows, ["results", 2], {"object": "page", "id": HOME})
    results = query(client)["results"]
    assert results[:3] == [
        None,
        {"object": "data_source", "id": PAGE_ROWS},
        {"object": "page", "id": HOME},
    ]
    assert len(results) == 23
    notion.odd.insert(f"blocks/{KEEPERS}/children", ["results", 0], {"object": "block"})
    listed = collect_paginated_api(client.blocks.children.list, block_id=KEEPERS)
    assert [position for position, block in enumerate(listed) if block == {"object": "block"}] == [
        0,
        101,
    ]


def test_lists_go_on_without_a_cursor_or_are_none(notion: NotionStandIn, client: Client) -> None:
    notion.odd.set(f"/v1/blocks/{HOME}/children", ["has_more"], True)
    answer: Any = client.blocks.children.list(HOME)
    assert (answer["has_more"], answer["next_cursor"]) == (True, None)
    notion.odd.drop(f"data_sources/{POST_ROWS}/query", ["results"])
    assert "results" not in query(client)
    notion.odd.replace("users", [1, 2])
    assert client.request("users", "GET") == [1, 2]


def test_half_a_surrogate_pair_goes_out_as_its_escape_and_big_numbers_as_they_are(
    notion: NotionStandIn, client: Client
) -> None:
    deep: Any = "bottom"
    for _ in range(300):
        deep = {"children": [deep]}
    notion.odd.set(HOME, ["properties", "slug", "rich_text"], [{"plain_text": "a\ud83d"}])
    notion.odd.set(HOME, ["properties", "order", "number"], 2**70)
    notion.odd.set(HOME, ["icon"], deep)
    body = raw(notion, f"pages/{HOME}")
    assert r'"plain_text":"a\ud83d"' in body and f'"number":{2**70}' in body
    shown: Any = client.pages.retrieve(HOME)["icon"]  # type: ignore[index]
    for _ in range(300):
        (shown,) = shown["children"]
    assert shown == "bottom"


def test_what_is_not_there_is_left_and_a_change_says_how_often_it_was_made(
    notion: NotionStandIn, client: Client
) -> None:
    before = children(client, LIGHTHOUSE)
    notion.odd.set(TOWER, ["properties", "title", "title"], None)
    notion.odd.drop(TOWER, ["child_page", "title", 0, "text"])
    notion.odd.insert(TOWER, ["child_page", 0], None)
    notion.odd.set(TOWER, ["child_page", "title", "text"], None)
    assert children(client, LIGHTHOUSE) == before
    assert client.pages.retrieve(TOWER)["properties"]["title"]["title"] is None  # type: ignore[index]
    assert [order["times"] for order in notion.odd.ordered] == [1, 0, 0, 0]


def test_changes_build_on_each_other_and_leave_the_workspace_as_it_is(
    notion: NotionStandIn, client: Client
) -> None:
    before = client.data_sources.retrieve(PAGE_ROWS)["properties"]  # type: ignore[index]
    notion.odd.set(PAGE_ROWS, ["properties", "New"], {"type": "title"})
    notion.odd.set(PAGE_ROWS, ["properties", "New", "title"], [])
    for _ in range(2):
        shown = client.data_sources.retrieve(PAGE_ROWS)["properties"]  # type: ignore[index]
        assert shown == {**before, "New": {"type": "title", "title": []}}
    notion.odd.clear()
    assert client.data_sources.retrieve(PAGE_ROWS)["properties"] == before  # type: ignore[index]


def test_changes_are_taken_back_all_or_of_one_target(notion: NotionStandIn, client: Client) -> None:
    notion.odd.set(HOME, ["icon"], 1)
    notion.odd.set(VISIT, ["icon"], 1)
    notion.odd.clear(HOME.replace("-", ""))
    assert client.pages.retrieve(HOME)["icon"] != 1  # type: ignore[index]
    assert client.pages.retrieve(VISIT)["icon"] == 1  # type: ignore[index]
    notion.reset()
    notion.limit.requests = None
    assert client.pages.retrieve(VISIT)["icon"] != 1 and notion.odd.ordered == []  # type: ignore[index]


def test_refusals_have_no_objects_in_them(notion: NotionStandIn, client: Client) -> None:
    notion.odd.replace(f"pages/{named_id('nobody')}", {})
    assert '"code":"object_not_found"' in raw(notion, f"pages/{named_id('nobody')}")


def test_impossible_changes_are_refused(notion: NotionStandIn) -> None:
    with pytest.raises(ValueError, match="ends with a position"):
        notion.odd.insert(HOME, ["results"], None)
    with pytest.raises(ValueError, match="can't be empty"):
        notion.odd.drop(HOME, [])
    with pytest.raises(ValueError, match="JSON compliant"):
        notion.odd.set(HOME, ["icon"], float("nan"))


def test_odd_answers_are_ordered_over_http(notion: NotionStandIn, client: Client) -> None:
    controls = Controls(notion)
    controls.post(
        "odd/set", {"target": HOME, "where": ["icon"], "value": {"emoji": "\ud83d", "n": 2**70}}
    )
    controls.post("odd/drop", {"target": HOME, "where": ["cover"]})
    controls.post(
        "odd/insert",
        {"target": f"blocks/{OBJECTS}/children", "where": ["results", 0], "value": None},
    )
    controls.post("odd/replace", {"target": VISIT, "value": {"object": "page", "id": VISIT}})
    page: Any = client.pages.retrieve(HOME)
    assert page["icon"] == {"emoji": "\ud83d", "n": 2**70} and "cover" not in page
    assert children(client, OBJECTS) == [None]
    assert client.pages.retrieve(VISIT) == {"object": "page", "id": VISIT}
    assert [order["times"] for order in controls.get("odd")] == [1, 1, 1, 1]
    assert "no such change" in controls.post("odd/paint", status=400)
    httpx.delete(f"{notion.url}/_control/odd", params={"target": HOME}).raise_for_status()
    assert [order["target"] for order in controls.get("odd")] == [
        f"blocks/{OBJECTS}/children",
        VISIT,
    ]
    httpx.delete(f"{notion.url}/_control/odd").raise_for_status()
    assert controls.get("odd") == []
