"""Pages, blocks, databases and users as the official client reads them."""

import asyncio
from typing import Any

import httpx
import pytest
from notion_client import APIResponseError, AsyncClient, Client
from notion_client.helpers import collect_paginated_api

from dev.notion import TOKEN, NotionStandIn
from dev.notion.generate import PAGES
from dev.notion.ids import named_id
from tests.dev.notion.conftest import LOGGER, VERSION

HOME = "aaaaaaaa-0000-4000-8000-000000000001"
VISIT = "aaaaaaaa-0000-4000-8000-000000000002"
COLLECTION = "aaaaaaaa-0000-4000-8000-000000000004"
KEEPERS = "aaaaaaaa-0000-4000-8000-000000000005"
WORKSHOP = "aaaaaaaa-0000-4000-8000-000000000011"
BLOCKS = "aaaaaaaa-0000-4000-8000-000000000007"
THANKS = "bbbbbbbb-0000-4000-8000-000000000012"
OFFICE = "cccccccc-0000-4000-8000-000000000003"
PAGE_ROWS = "d5d5d5d5-0000-4000-8000-000000000001"
OBJECTS = "dddddddd-0000-4000-8000-000000000003"


def refusal(call: Any, *arguments: Any, **named: Any) -> APIResponseError:
    with pytest.raises(APIResponseError) as caught:
        call(*arguments, **named)
    return caught.value


def test_a_database_leads_to_its_data_source_and_that_to_its_schema(client: Client) -> None:
    database: Any = client.databases.retrieve(PAGES)
    source: Any = client.data_sources.retrieve(database["data_sources"][0]["id"])
    assert database["data_sources"] == [{"id": PAGE_ROWS, "name": "Pages"}]
    assert source["parent"] == {"type": "database_id", "database_id": PAGES}
    assert source["properties"]["Tags"]["id"] == "%5BVHf"
    assert {"location", "last_visited_time"} <= {
        property["type"] for property in source["properties"].values()
    }


def test_times_are_floored_to_the_minute_but_those_of_databases_are_not(
    notion: NotionStandIn, client: Client
) -> None:
    page = notion.edit.create_page(HOME, "New")
    database = notion.edit.create_database(HOME, "New", {"Name": "title"})
    assert client.pages.retrieve(page)["created_time"].endswith(":00.000Z")  # type: ignore[index]
    time = client.databases.retrieve(database)["created_time"]  # type: ignore[index]
    assert time.endswith("+00:00") and "." in time


def test_ids_are_taken_without_dashes_but_not_in_upper_case(client: Client) -> None:
    assert client.pages.retrieve(HOME.replace("-", ""))["id"] == HOME  # type: ignore[index]
    error = refusal(client.pages.retrieve, HOME.upper())
    assert (error.status, error.code) == (404, "object_not_found")


def test_what_is_no_id_is_a_validation_error(client: Client) -> None:
    error = refusal(client.pages.retrieve, "12345678-1234-1234-1234-123456789abc")
    assert error.code == "validation_error" and "should be a valid uuid" in str(error)


def test_what_is_not_shared_is_not_found_with_all_that_stands_in_it(
    notion: NotionStandIn, client: Client
) -> None:
    for id in (OFFICE, named_id("alarm-code")):
        error = refusal(client.blocks.retrieve, id)
        assert (error.status, error.code) == (404, "object_not_found")
        assert error.additional_data is not None and "integration_id" in error.additional_data
    notion.edit.share(OFFICE)
    assert client.blocks.children.list(OFFICE)["results"]  # type: ignore[index]


def test_a_wrong_token_and_a_revoked_one_are_unauthorized(
    notion: NotionStandIn, client: Client
) -> None:
    notion.edit.revoke_token(TOKEN)
    error = refusal(client.users.me)
    assert (error.status, error.code, str(error)) == (401, "unauthorized", "API token is invalid.")
    notion.edit.grant_token(TOKEN)
    assert client.users.me()["type"] == "bot"  # type: ignore[index]


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (None, "missing_version"),
        ("2029-01-01", "missing_version"),
        ("2022-06-28", "validation_error"),
    ],
)
def test_versions_that_are_not_spoken_are_refused(
    notion: NotionStandIn, version: str | None, code: str
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"} | (
        {"Notion-Version": version} if version else {}
    )
    answer = httpx.get(f"{notion.url}/v1/users/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_every_answer_carries_its_request_id_and_the_stand_ins_own_date(
    notion: NotionStandIn,
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Notion-Version": VERSION}
    notion.clock.freeze()
    notion.clock.advance(-86_400)
    answer = httpx.get(f"{notion.url}/v1/nothing", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request_url")
    assert answer.json()["request_id"] == answer.headers["x-notion-request-id"]
    assert answer.headers.get_list("date") == [
        notion.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
    ]
    assert answer.headers["cf-ray"]


def test_writing_endpoints_are_not_there(client: Client) -> None:
    assert refusal(client.pages.update, HOME, archived=True).code == "invalid_request_url"


def test_a_page_is_no_database_and_a_database_is_no_page_nor_data_source(client: Client) -> None:
    assert refusal(client.databases.retrieve, HOME).code == "validation_error"
    assert refusal(client.pages.retrieve, PAGES).code == "validation_error"
    assert refusal(client.data_sources.retrieve, PAGES).status == 404
    assert refusal(client.databases.retrieve, PAGE_ROWS).status == 404


def test_linked_views_are_refused_in_two_ways(client: Client) -> None:
    linked = refusal(client.databases.retrieve, named_id("gallery-of-posts"))
    assert (linked.status, linked.code) == (400, "validation_error") and "linked database" in str(
        linked
    )
    other = refusal(client.databases.retrieve, named_id("view-of-nothing-shared"))
    assert other.status == 404 and "does not contain any data sources" in str(other)


def test_children_come_by_hundreds_and_a_cursor_is_the_id_of_the_next(client: Client) -> None:
    first: Any = client.blocks.children.list(KEEPERS)
    rest: Any = client.blocks.children.list(KEEPERS, start_cursor=first["next_cursor"])
    assert (len(first["results"]), len(rest["results"])) == (100, 31)
    assert rest["results"][0]["id"] == first["next_cursor"]
    assert (rest["has_more"], rest["next_cursor"]) == (False, None)
    assert len(collect_paginated_api(client.blocks.children.list, block_id=KEEPERS)) == 131
    assert len(client.blocks.children.list(KEEPERS, page_size=0)["results"]) == 100  # type: ignore[index]


def test_a_cursor_whose_block_is_gone_is_dead(notion: NotionStandIn, client: Client) -> None:
    cursor = client.blocks.children.list(KEEPERS)["next_cursor"]  # type: ignore[index]
    notion.edit.trash(cursor)
    error = refusal(client.blocks.children.list, KEEPERS, start_cursor=cursor)
    assert error.code == "validation_error" and str(error).startswith(
        "The start_cursor provided is invalid: "
    )


def test_unsupported_blocks_refuse_to_list_children(client: Client) -> None:
    blocks: Any = client.blocks.children.list(BLOCKS)["results"]  # type: ignore[index]
    unsupported = next(block for block in blocks if block["type"] == "unsupported")
    error = refusal(client.blocks.children.list, unsupported["id"])
    assert error.status == 400 and "Block type button is not supported" in str(error)


def test_a_copy_lists_children_only_on_the_page_of_its_original(client: Client) -> None:
    def copies(page: str) -> list[Any]:
        blocks: Any = client.blocks.children.list(page)["results"]  # type: ignore[index]
        return [
            block
            for block in blocks
            if block["type"] == "synced_block" and block["synced_block"]["synced_from"]
        ]

    same, other = copies(VISIT)[0], copies(HOME)[0]
    original = same["synced_block"]["synced_from"]["block_id"]
    assert same["has_children"] and other["has_children"]
    copied: Any = client.blocks.children.list(same["id"])
    shown: Any = client.blocks.children.list(original)
    assert copied["results"] == shown["results"]
    assert client.blocks.children.list(other["id"])["results"] == []  # type: ignore[index]
    unshared = next(
        block
        for block in copies(WORKSHOP)
        if block["synced_block"]["synced_from"]["block_id"] == named_id("alarm-code")
    )
    assert (
        refusal(
            client.blocks.children.list, unshared["synced_block"]["synced_from"]["block_id"]
        ).status
        == 404
    )


def test_child_databases_stand_among_blocks_without_children(client: Client) -> None:
    block: Any = client.blocks.retrieve(OBJECTS)
    assert block["child_database"] == {"title": "Objects"} and block["has_children"] is False
    assert client.blocks.children.list(OBJECTS)["results"] == []  # type: ignore[index]


def test_child_pages_and_rows_can_be_asked_for_as_blocks(client: Client) -> None:
    block: Any = client.blocks.retrieve("aaaaaaaa-0000-4000-8000-000000000031")
    assert (block["type"], block["child_page"], block["has_children"]) == (
        "child_page",
        {"title": "The tower"},
        True,
    )


def test_relations_and_people_are_cut_at_25_and_whole_as_property_items(client: Client) -> None:
    shown: Any = client.pages.retrieve(COLLECTION)["properties"]["Objects shown"]  # type: ignore[index]
    assert (len(shown["relation"]), shown["has_more"]) == (25, True)
    first: Any = client.pages.properties.retrieve(COLLECTION, shown["id"], page_size=20)
    rest: Any = client.pages.properties.retrieve(
        COLLECTION, shown["id"], start_cursor=first["next_cursor"]
    )
    assert [len(first["results"]), len(rest["results"])] == [20, 10]
    assert first["property_item"]["next_url"] and rest["property_item"]["next_url"] is None
    people: Any = client.pages.retrieve(KEEPERS)["properties"]["Volunteers"]  # type: ignore[index]
    assert len(people["people"]) == 25 and "has_more" not in people
    assert len(client.pages.properties.retrieve(KEEPERS, people["id"])["results"]) == 26  # type: ignore[index]


def test_a_text_is_cut_before_its_26th_mention(client: Client) -> None:
    shown: Any = client.pages.retrieve(THANKS)["properties"]["Thanks"]  # type: ignore[index]
    mentions = [item for item in shown["rich_text"] if item["type"] == "mention"]
    assert len(mentions) == 25 and shown["rich_text"][-1]["plain_text"] == ", "
    items: Any = client.pages.properties.retrieve(THANKS, shown["id"])["results"]  # type: ignore[index]
    assert items[-1]["rich_text"]["plain_text"] == "and the goat."


def test_a_property_id_is_taken_as_it_is_given_in_an_answer(client: Client) -> None:
    item: Any = client.pages.properties.retrieve(HOME, "%5BVHf")
    assert item["object"] == "property_item" and [one["name"] for one in item["multi_select"]] == [
        "Light",
        "Sea",
    ]


def test_rollups_are_computed_and_come_as_lists_of_items(
    notion: NotionStandIn, client: Client
) -> None:
    before: Any = client.pages.retrieve(COLLECTION)
    notion.edit.set_property("@object-1", "Value", 1010)
    after: Any = client.pages.retrieve(COLLECTION)
    assert before["properties"]["Insured"]["rollup"] == {
        "type": "number",
        "number": 120,
        "function": "sum",
    }
    assert after["properties"]["Insured"]["rollup"]["number"] == 1120
    assert after["last_edited_time"] == before["last_edited_time"]
    names = after["properties"]["Object names"]
    assert len(names["rollup"]["array"]) == 25
    items: Any = client.pages.properties.retrieve(COLLECTION, names["id"])
    assert len(items["results"]) == 30 and items["property_item"]["rollup"]["type"] == "array"


def test_users_are_listed_and_found(client: Client) -> None:
    users: Any = client.users.list(page_size=10)
    assert users["has_more"] and users["results"][0]["name"] == "Ada Lindqvist"
    assert client.users.retrieve(named_id("tove"))["name"] == "Tove Åström"  # type: ignore[index]
    assert refusal(client.users.retrieve, named_id("nobody")).status == 404


def test_search_finds_titles_and_not_what_is_unshared_or_trashed(client: Client) -> None:
    found: Any = client.search(query="fog")
    assert [page["properties"]["Title"]["title"][0]["plain_text"] for page in found["results"]] == [
        "Fog",
        "Fog",
    ]
    unshared: Any = client.search(query="office")
    thrown: Any = client.search(query="thrown")
    assert unshared["results"] == thrown["results"] == []
    sources: Any = client.search(filter={"property": "object", "value": "data_source"})
    assert {result["object"] for result in sources["results"]} == {"data_source"}


async def test_the_asynchronous_client_reads_many_things_at_once(notion: NotionStandIn) -> None:
    async with AsyncClient(
        auth=TOKEN, base_url=notion.url, notion_version=VERSION, logger=LOGGER
    ) as client:
        answers: Any = await asyncio.gather(
            *(client.blocks.children.list(KEEPERS) for _ in range(12))
        )
    assert {len(answer["results"]) for answer in answers} == {100}
    assert notion.log.stats["total"] == 12
