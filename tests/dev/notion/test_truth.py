"""The truth is what a reader finds over HTTP, and the minimum what a reader needs that asks nothing
twice."""

from typing import Any

import httpx
import pytest
from notion_client import Client

from dev.notion import NotionStandIn, truth
from dev.notion.generate import PAGES, POSTS, generate
from dev.notion.ids import named_id
from tests.dev.notion.reader import Reader
from tests.dev.notion.test_objects import BLOCKS, COLLECTION, HOME, OFFICE, PAGE_ROWS, WORKSHOP
from tests.dev.notion.test_query import LAST_BOAT, POST_ROWS

FIRST_POST = "bbbbbbbb-0000-4000-8000-000000000001"


def settled(value: Any) -> Any:
    """A value without what differs at every read."""
    if isinstance(value, list):
        return [settled(item) for item in value]
    if isinstance(value, dict):
        return {name: settled(item) for name, item in value.items() if name != "expiry_time"}
    return value.partition("?X-Amz")[0] if isinstance(value, str) else value


@pytest.fixture
def reader(notion: NotionStandIn, client: Client) -> Reader:
    return Reader(client).read(PAGES, POSTS)


def test_trees_are_those_that_a_reader_finds(notion: NotionStandIn, reader: Reader) -> None:
    assert set(reader.trees) == set(truth.published_pages(notion.workspace, [PAGES, POSTS]))
    for id, tree in reader.trees.items():
        assert settled(tree) == truth.tree(notion.workspace, id), id


def test_rows_are_those_that_a_reader_finds_and_completes(
    notion: NotionStandIn, reader: Reader
) -> None:
    for source in (PAGE_ROWS, POST_ROWS, "d5d5d5d5-0000-4000-8000-000000000003"):
        found = {row["id"]: settled(row) for row in reader.rows[source]}
        expected = {row["id"]: row for row in truth.expected_rows(notion.workspace, source)}
        assert found == expected
    assert len(found) == 32
    tower = "aaaaaaaa-0000-4000-8000-000000000031"
    assert settled(reader.pages[tower]) == truth.expected_page(notion.workspace, tower)


def test_the_minimum_is_what_a_reader_needs(notion: NotionStandIn, reader: Reader) -> None:
    assert reader.requests == truth.minimum_requests(notion.workspace, [PAGES, POSTS])
    assert notion.log.stats["total"] == reader.requests + reader.schema_requests


def test_the_minimum_holds_after_edits_too(notion: NotionStandIn, client: Client) -> None:
    notion.edit.unshare(WORKSHOP)
    notion.edit.share(OFFICE)
    notion.edit.append_blocks(
        HOME,
        [
            {"synced_block": {"from": "@alarm-code"}},
            {
                "toggle": "Deep",
                "children": [
                    {"repeat": 205, "block": {"paragraph": "{n}", "children": [{"divider": {}}]}}
                ],
            },
        ],
    )
    notion.edit.create_database(
        LAST_BOAT, "Crew", {"Name": "title"}, rows=[{"repeat": 101, "block": {"properties": {}}}]
    )
    notion.edit.unshare("dddddddd-0000-4000-8000-000000000004")
    reader = Reader(client).read(PAGES, POSTS)
    assert reader.requests == truth.minimum_requests(notion.workspace, [PAGES, POSTS])
    assert all(
        settled(tree) == truth.tree(notion.workspace, id) for id, tree in reader.trees.items()
    )
    paints = next(
        block
        for block in reader.trees[BLOCKS]
        if block["id"] == "dddddddd-0000-4000-8000-000000000004"
    )
    assert paints["unavailable"] == "unshared"


def test_a_generated_workspace_costs_what_its_pages_say(
    notion: NotionStandIn, client: Client
) -> None:
    notion.workspace.become(generate(pages=5, posts=120, depth=3, seed=3))
    assert truth.minimum_requests(notion.workspace, [PAGES, POSTS]) == 2 + 1 + 2 + 5 * 4 + 120
    assert Reader(client).read(PAGES, POSTS).requests == 2 + 1 + 2 + 5 * 4 + 120


def test_what_cannot_be_read_says_why(notion: NotionStandIn) -> None:
    def reasons(page: str) -> list[str]:
        return [
            block["unavailable"]
            for block in truth.tree(notion.workspace, page)
            if "unavailable" in block
        ]

    assert reasons(WORKSHOP) == ["unshared", "linked view"]
    assert reasons(COLLECTION) == ["linked view"]
    assert reasons(BLOCKS) == ["unsupported", "unsupported"]
    mirror = next(
        block
        for block in truth.tree(notion.workspace, WORKSHOP)
        if block["id"] == named_id("mirror")
    )
    assert mirror["children"][1]["unavailable"] == "cycle"


def test_a_thousand_levels_are_no_trouble(notion: NotionStandIn, client: Client) -> None:
    inner = HOME
    for level in range(1000):
        (inner,) = notion.edit.append_blocks(inner, [{"toggle": f"{level}"}])
    blocks = truth.tree(notion.workspace, HOME)[-1:]
    depth = 0
    while blocks:
        depth += 1
        blocks = blocks[0].get("children", [])
    assert depth == 1000
    assert client.blocks.retrieve(inner)["toggle"]["rich_text"][0]["plain_text"] == "999"  # type: ignore[index]


def test_drafts_and_trashed_rows_cost_nothing(notion: NotionStandIn) -> None:
    before = truth.minimum_requests(notion.workspace, [POSTS])
    notion.edit.set_property(FIRST_POST, "Visibility", "draft")
    assert truth.minimum_requests(notion.workspace, [POSTS]) == before - 1
    notion.edit.set_property(FIRST_POST, "Visibility", "public")
    assert truth.minimum_requests(notion.workspace, [POSTS]) == before
    notion.edit.trash(FIRST_POST)
    assert truth.minimum_requests(notion.workspace, [POSTS]) == before - 1


def test_the_truth_is_told_over_http_too(notion: NotionStandIn) -> None:
    def told(path: str) -> Any:
        return httpx.get(f"{notion.url}/_control/truth/{path}").json()["result"]

    assert told(f"tree/{HOME}") == truth.tree(notion.workspace, HOME)
    assert told(f"rows/{POST_ROWS}") == truth.expected_rows(notion.workspace, POST_ROWS)
    assert told(f"minimum?source={PAGES}&source={POSTS}") == truth.minimum_requests(
        notion.workspace, [PAGES, POSTS]
    )
    assert len(told(f"pages?source={POSTS}")) == 19
