"""The sample workspace shows everything there is in Notion."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from notion_client import Client

from dev.notion import NotionStandIn, truth
from dev.notion.generate import PAGES, POSTS
from dev.notion.load import load
from dev.notion.nodes import Page
from dev.notion.rich_text import plain_text
from tests.dev.notion.reader import Reader
from tests.dev.notion.test_objects import BLOCKS, PAGE_ROWS
from tests.dev.notion.test_query import POST_ROWS

BLOCK_TYPES = {
    "audio", "bookmark", "breadcrumb", "bulleted_list_item", "callout", "child_database", "child_page", "code",
    "column", "column_list", "divider", "embed", "equation", "file", "heading_1", "heading_2", "heading_3",
    "heading_4", "image", "link_preview", "link_to_page", "meeting_notes", "numbered_list_item", "paragraph", "pdf",
    "quote", "synced_block", "tab", "table", "table_of_contents", "table_row", "template", "to_do", "toggle",
    "unsupported", "video",
}  # fmt: skip
VALUE_TYPES = {
    "title", "rich_text", "number", "select", "multi_select", "status", "date", "people", "files", "checkbox", "url",
    "email", "phone_number", "formula", "relation", "rollup", "created_time", "created_by", "last_edited_time",
    "last_edited_by", "button", "unique_id", "verification", "place",
}  # fmt: skip
MEDIA = ("image", "video", "audio", "pdf", "file")


@pytest.fixture
def reader(client: Client) -> Reader:
    return Reader(client).read(PAGES, POSTS)


def all_blocks(blocks: list[Any]) -> Iterator[Any]:
    for block in blocks:
        yield block
        yield from all_blocks(block.get("children", []))


def test_every_block_type_is_shown_on_one_page(reader: Reader) -> None:
    types = {block["type"] for block in all_blocks(reader.trees[BLOCKS]) if "type" in block}
    assert types == BLOCK_TYPES


def test_every_property_type_is_shown(notion: NotionStandIn, reader: Reader) -> None:
    values = {
        property["type"]
        for row in reader.rows[PAGE_ROWS]
        for property in row["properties"].values()
    }
    assert values == VALUE_TYPES
    results = {
        (property["type"], property[property["type"]]["type"])
        for row in reader.rows[PAGE_ROWS]
        for property in row["properties"].values()
        if property["type"] in ("formula", "rollup")
    }
    assert results >= {
        ("formula", kind) for kind in ("string", "number", "boolean", "date", "unsupported")
    }
    assert results >= {("rollup", kind) for kind in ("number", "date", "array", "unsupported")}


def test_media_are_hosted_and_external(reader: Reader) -> None:
    blocks = [block for block in reader.trees[BLOCKS] if block.get("type") in MEDIA]
    assert {(block["type"], block[block["type"]]["type"]) for block in blocks} == {
        (kind, where) for kind in MEDIA for where in ("file", "external")
    }


def test_icons_and_covers_of_every_kind_are_shown(reader: Reader) -> None:
    icons = {(page["icon"] or {}).get("type") for page in reader.pages.values()}
    covers = {(page["cover"] or {}).get("type") for page in reader.pages.values()}
    assert icons == {"emoji", "custom_emoji", "external", "file", "icon", None}
    assert covers == {"external", "file", None}


def test_there_are_twelve_pages_and_twenty_posts_with_all_their_troubles(
    notion: NotionStandIn, reader: Reader
) -> None:
    pages, posts = reader.rows[PAGE_ROWS], reader.rows[POST_ROWS]
    assert (len(pages), len(posts)) == (12, 20)
    titles = [plain_text(row["properties"]["Title"]["title"]) for row in posts]
    assert titles.count("Fog") == 2 and any(not title.isascii() for title in titles)
    assert sum(not row["properties"]["Slug"]["rich_text"] for row in posts) >= 4
    assert any(tree == [] for tree in reader.trees.values())
    assert any(len(tree) > 100 for tree in reader.trees.values())
    workspace = notion.workspace
    around = [
        [above for above in workspace.up(workspace.nodes[id]) if isinstance(above, Page)]
        for id in reader.trees
    ]
    assert max(map(len, around)) == len(
        ["Prisms", "The lens", "Lantern room", "The tower", "The lighthouse", "Website"]
    )
    texts = [
        text["plain_text"]
        for tree in reader.trees.values()
        for block in all_blocks(tree)
        for text in block.get("code", {}).get("rich_text", [])
    ]
    assert max(map(len, texts)) > 2000


def test_all_times_lie_between_may_and_october_2026() -> None:
    workspace = load()
    times = [time for node in workspace.nodes.values() for time in (node.created, node.edited)]
    assert datetime(2026, 5, 1, tzinfo=UTC) <= min(times) and max(times) < datetime(
        2026, 11, 1, tzinfo=UTC
    )
    assert all(node.created <= node.edited for node in workspace.nodes.values())


def test_two_loads_give_the_same_ids_and_content() -> None:
    first, second = load(), load()
    assert list(first.nodes) == list(second.nodes)
    pages = [id for id, node in first.nodes.items() if isinstance(node, Page)]
    assert all(truth.tree(first, id) == truth.tree(second, id) for id in pages)
