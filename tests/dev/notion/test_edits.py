"""Which times move when something is edited, and which don't; trash, moves, sharing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from notion_client import Client

from dev.notion import NotionStandIn
from dev.notion.ids import named_id
from tests.dev.notion.test_objects import (
    BLOCKS,
    COLLECTION,
    HOME,
    OBJECTS,
    PAGE_ROWS,
    VISIT,
    refusal,
)
from tests.dev.notion.test_query import LAST_BOAT, POST_ROWS, query

LIGHTHOUSE = "aaaaaaaa-0000-4000-8000-000000000003"
TOWER = "aaaaaaaa-0000-4000-8000-000000000031"
WORDS = "cccccccc-0000-4000-8000-000000000002"


class Times:
    """The times of pages, blocks and data sources, and which of them have moved since they were
    looked at."""

    def __init__(self, client: Client, *ids: str) -> None:
        self._client = client
        self._before = {id: self._time(id) for id in ids}

    def _time(self, id: str) -> str:
        kind = (
            "data_sources"
            if id.startswith("d5d5")
            else "databases"
            if id.startswith("dddd")
            else "blocks"
        )
        return str(self._client.request(f"{kind}/{id}", "GET")["last_edited_time"])

    @property
    def moved(self) -> set[str]:
        return {id for id, before in self._before.items() if self._time(id) != before}


def test_editing_a_nested_block_moves_its_page_and_itself_but_not_its_parent(
    notion: NotionStandIn, client: Client
) -> None:
    callout, paragraph = _nested(client, VISIT)
    times = Times(client, VISIT, callout, paragraph)
    notion.edit.edit_block(paragraph, "Ring at least twice.")
    assert times.moved == {VISIT, paragraph}
    edited: Any = client.blocks.retrieve(paragraph)
    assert edited["paragraph"]["rich_text"][0]["plain_text"] == "Ring at least twice."


def _nested(client: Client, page: str) -> tuple[str, str]:
    blocks: Any = client.blocks.children.list(page)["results"]  # type: ignore[index]
    original = next(block for block in blocks if block["type"] == "synced_block")
    callout: Any = client.blocks.children.list(original["id"])["results"][0]  # type: ignore[index]
    paragraph: Any = client.blocks.children.list(callout["id"])["results"][0]  # type: ignore[index]
    return callout["id"], paragraph["id"]


def test_adding_and_removing_a_block_moves_the_page(notion: NotionStandIn, client: Client) -> None:
    callout, paragraph = _nested(client, VISIT)
    times = Times(client, VISIT, callout, paragraph)
    (added,) = notion.edit.append_blocks(callout, [{"paragraph": "First, breathe."}])
    (between,) = notion.edit.append_blocks(callout, [{"paragraph": "Then"}], after=paragraph)
    children: Any = client.blocks.children.list(callout)["results"]  # type: ignore[index]
    assert [child["id"] for child in children] == [paragraph, between, added]
    notion.clock.advance(60)
    again = Times(client, VISIT, callout)
    notion.edit.trash(added)
    assert times.moved == again.moved == {VISIT}
    assert len(client.blocks.children.list(callout)["results"]) == 2  # type: ignore[index]
    assert client.blocks.retrieve(added)["in_trash"] is True  # type: ignore[index]


def test_editing_a_child_page_does_not_move_its_parent_but_adding_and_removing_one_does(
    notion: NotionStandIn, client: Client
) -> None:
    times = Times(client, LIGHTHOUSE, TOWER)
    notion.edit.set_title(TOWER, "The tall tower")
    notion.edit.set_icon(TOWER, "🧗")
    assert times.moved == {TOWER}
    assert client.blocks.retrieve(TOWER)["child_page"]["title"] == "The tall tower"  # type: ignore[index]
    added = notion.edit.create_page(LIGHTHOUSE, "Cellar", [{"paragraph": "Wet."}])
    assert times.moved == {TOWER, LIGHTHOUSE}
    notion.clock.advance(60)
    times = Times(client, LIGHTHOUSE)
    notion.edit.trash(added)
    assert times.moved == {LIGHTHOUSE}


def test_editing_an_original_moves_only_the_page_that_holds_it(
    notion: NotionStandIn, client: Client
) -> None:
    times = Times(client, WORDS, HOME, LAST_BOAT)
    notion.edit.append_blocks("@opening-hours", [{"paragraph": "Closed on the 24th."}])
    assert times.moved == {WORDS}


def test_editing_a_row_of_an_inline_database_moves_only_the_row(
    notion: NotionStandIn, client: Client
) -> None:
    times = Times(client, named_id("object-1"), OBJECTS, COLLECTION)
    notion.edit.set_property("@object-1", "Value", 12)
    assert times.moved == {named_id("object-1")}


def test_properties_move_their_page_but_computed_ones_do_not(
    notion: NotionStandIn, client: Client
) -> None:
    times = Times(client, HOME)
    notion.edit.set_property(HOME, "Minutes", 7)
    assert times.moved == set()
    notion.edit.set_property(HOME, "Tags", ["Food"])
    assert times.moved == {HOME}
    properties: Any = client.pages.retrieve(HOME)["properties"]  # type: ignore[index]
    assert properties["Minutes"]["formula"]["number"] == 7
    assert [tag["name"] for tag in properties["Tags"]["multi_select"]] == ["Food"]


def test_renaming_a_property_moves_the_data_source_and_no_row(
    notion: NotionStandIn, client: Client
) -> None:
    times = Times(client, PAGE_ROWS, HOME)
    notion.edit.rename_property(PAGE_ROWS, "Teaser", "Lead")
    assert times.moved == {PAGE_ROWS}
    assert client.pages.retrieve(HOME)["properties"]["Lead"]["rich_text"]  # type: ignore[index]
    with pytest.raises(LookupError):
        notion.edit.rename_property(PAGE_ROWS, "Teaser", "Lead")


def test_titles_of_databases_are_theirs_and_their_data_sources(
    notion: NotionStandIn, client: Client
) -> None:
    notion.edit.set_title(OBJECTS, "Things")
    database: Any = client.databases.retrieve(OBJECTS)
    assert database["data_sources"][0]["name"] == "Things"
    assert client.blocks.retrieve(OBJECTS)["child_database"] == {"title": "Things"}  # type: ignore[index]


def test_two_edits_within_a_minute_cannot_be_told_apart_by_time(
    notion: NotionStandIn, client: Client
) -> None:
    notion.clock.freeze()
    notion.clock.set(notion.clock.now().replace(second=10))
    notion.edit.set_title(HOME, "Once")
    times = Times(client, HOME)
    notion.clock.advance(40)
    notion.edit.set_title(HOME, "Twice")
    assert times.moved == set()
    notion.clock.advance(timedelta(minutes=1).total_seconds())
    notion.edit.set_title(HOME, "Thrice")
    assert times.moved == {HOME}


def test_a_trashed_row_leaves_the_query_and_comes_back_with_its_old_time(
    notion: NotionStandIn, client: Client
) -> None:
    before: Any = client.pages.retrieve(LAST_BOAT)
    notion.edit.trash(LAST_BOAT)
    assert LAST_BOAT not in {row["id"] for row in query(client)["results"]}
    assert client.pages.retrieve(LAST_BOAT)["in_trash"] is True  # type: ignore[index]
    notion.edit.restore(LAST_BOAT)
    after: Any = client.pages.retrieve(LAST_BOAT)
    assert {**after, "request_id": ""} == {**before, "request_id": ""}
    assert LAST_BOAT in {row["id"] for row in query(client)["results"]}


def test_trashing_a_page_trashes_what_stands_in_it(notion: NotionStandIn, client: Client) -> None:
    notion.edit.trash(LIGHTHOUSE)
    assert client.pages.retrieve(TOWER)["in_trash"] is True  # type: ignore[index]


def test_an_archived_row_is_not_trashed_but_out_of_plain_queries(
    notion: NotionStandIn, client: Client
) -> None:
    notion.edit.archive(LAST_BOAT)
    page: Any = client.pages.retrieve(LAST_BOAT)
    assert (page["is_archived"], page["in_trash"]) == (True, False)
    assert LAST_BOAT not in {row["id"] for row in query(client)["results"]}
    notion.edit.unarchive(LAST_BOAT)
    assert LAST_BOAT in {row["id"] for row in query(client)["results"]}


def test_a_row_that_moves_keeps_its_id_title_and_like_properties(
    notion: NotionStandIn, client: Client
) -> None:
    notion.edit.move(LAST_BOAT, PAGE_ROWS)
    page: Any = client.pages.retrieve(LAST_BOAT)
    assert page["parent"]["data_source_id"] == PAGE_ROWS
    assert page["properties"]["Name"]["title"][0]["plain_text"] == "Last boat"
    assert [tag["name"] for tag in page["properties"]["Tags"]["multi_select"]] == ["Boats"]
    assert LAST_BOAT not in {row["id"] for row in query(client)["results"]}
    times = Times(client, HOME)
    notion.edit.move(LAST_BOAT, HOME)
    assert times.moved == {HOME}
    assert client.blocks.children.list(HOME)["results"][-1]["id"] == LAST_BOAT  # type: ignore[index]
    assert list(client.pages.retrieve(LAST_BOAT)["properties"]) == ["title"]  # type: ignore[index]


def test_new_rows_are_numbered_and_found(notion: NotionStandIn, client: Client) -> None:
    id = notion.edit.create_row(
        PAGE_ROWS, {"Name": "New", "slug": "new"}, [{"paragraph": "Hello"}], icon="🆕"
    )
    page: Any = client.pages.retrieve(id)
    assert page["properties"]["Number"]["unique_id"] == {"prefix": "PAGE", "number": 13}
    assert page["icon"] == {"type": "emoji", "emoji": "🆕"}
    with pytest.raises(ValueError, match="no property Nonsense"):
        notion.edit.create_row(POST_ROWS, {"Nonsense": 1})


def test_relations_drop_what_is_trashed_or_unshared(notion: NotionStandIn, client: Client) -> None:
    notion.edit.trash("@object-1")
    notion.edit.unshare("@object-2")
    shown: Any = client.pages.retrieve(COLLECTION)["properties"]["Objects shown"]  # type: ignore[index]
    assert shown["relation"][0]["id"] == named_id("object-3")


def test_mentions_show_the_title_of_the_moment(notion: NotionStandIn, client: Client) -> None:
    notion.edit.set_title(HOME, "Renamed")
    blocks: Any = client.blocks.children.list(BLOCKS)["results"]  # type: ignore[index]
    runs = [
        run
        for block in blocks
        if block["type"] == "paragraph"
        for run in block["paragraph"]["rich_text"]
    ]
    mentions = {run["mention"]["type"]: run for run in runs if run["type"] == "mention"}
    assert mentions["page"]["plain_text"] == "Renamed"
    assert mentions["user"]["mention"]["user"]["name"] == "Ada Lindqvist"
    assert set(mentions) == {
        "user", "page", "database", "date", "custom_emoji", "link_preview", "link_mention", "template_mention"
    }  # fmt: skip


def test_an_unshared_page_is_gone_and_comes_back(notion: NotionStandIn, client: Client) -> None:
    notion.edit.unshare(HOME)
    assert refusal(client.pages.retrieve, HOME).status == 404
    assert HOME not in {row["id"] for row in query(client, PAGE_ROWS)["results"]}
    notion.edit.share(HOME)
    assert client.pages.retrieve(HOME)["id"] == HOME  # type: ignore[index]


def test_edits_and_reads_of_many_threads_do_not_disturb_each_other(
    notion: NotionStandIn, client: Client
) -> None:
    def edit(n: int) -> None:
        for round in range(10):
            notion.edit.append_blocks(
                HOME, [{"toggle": f"{n}.{round}", "children": [{"paragraph": "inside"}]}]
            )
            notion.edit.create_row(POST_ROWS, {"Title": f"{n}.{round}"})

    before: Any = client.blocks.children.list(HOME)["results"]  # type: ignore[index]
    with ThreadPoolExecutor() as threads:
        edits = [threads.submit(edit, n) for n in range(4)]
        while not all(done.done() for done in edits):
            assert len(client.blocks.children.list(HOME)["results"]) >= len(before)  # type: ignore[index]
            assert len(query(client)["results"]) >= 20
        for done in edits:
            done.result()
    assert len(client.blocks.children.list(HOME)["results"]) == len(before) + 40  # type: ignore[index]
    assert len(query(client)["results"]) == 60
