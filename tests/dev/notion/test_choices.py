"""What may be so or otherwise at Notion, each way: what is said of lost copies, and how much of
people."""

from typing import Any

import httpx
import pytest
from notion_client import Client

from dev.notion import NotionStandIn, truth
from dev.notion.generate import PAGES, POSTS
from dev.notion.ids import named_id
from dev.notion.workspace import Choices
from tests.dev.notion.reader import Reader
from tests.dev.notion.test_controls import Controls
from tests.dev.notion.test_objects import BLOCKS, HOME, KEEPERS, OFFICE, WORKSHOP
from tests.dev.notion.test_truth import settled

ADA = named_id("ada")
PERSON = {
    "object": "user",
    "id": ADA,
    "name": "Ada Lindqvist",
    "avatar_url": f"https://avatars.example/{ADA}.jpg",
    "type": "person",
    "person": {"email": "ada@skerrylight.example"},
}
PARTIAL = {"object": "user", "id": ADA}


def copy_of(client: Client, page: str, original: str) -> Any:
    blocks: Any = client.blocks.children.list(page)["results"]  # type: ignore[index]
    copies = [
        block
        for block in blocks
        if block["type"] == "synced_block" and block["synced_block"]["synced_from"]
    ]
    return next(
        block for block in copies if block["synced_block"]["synced_from"]["block_id"] == original
    )


def meeting(client: Client) -> Any:
    blocks: Any = client.blocks.children.list(BLOCKS)["results"]  # type: ignore[index]
    return next(block for block in blocks if block["type"] == "meeting_notes")


def test_a_copy_whose_original_is_not_shared_may_say_that_it_is_empty(
    notion: NotionStandIn, client: Client
) -> None:
    alarm = named_id("alarm-code")
    assert copy_of(client, WORKSHOP, alarm)["has_children"] is True
    notion.workspace.choices.empty_lost_copies = True
    copy = copy_of(client, WORKSHOP, alarm)
    assert copy["has_children"] is False
    assert client.blocks.retrieve(copy["id"])["has_children"] is False  # type: ignore[index]
    assert client.blocks.children.list(copy["id"])["results"] == []  # type: ignore[index]
    assert copy_of(client, HOME, named_id("opening-hours"))["has_children"] is True
    notion.edit.share(OFFICE)
    assert copy_of(client, WORKSHOP, alarm)["has_children"] is True
    notion.edit.trash(alarm)
    assert copy_of(client, WORKSHOP, alarm)["has_children"] is False


def test_the_truth_of_a_lost_copy_is_the_same_either_way(
    notion: NotionStandIn, client: Client
) -> None:
    expected = truth.tree(notion.workspace, WORKSHOP)
    minimum = truth.minimum_requests(notion.workspace, [PAGES, POSTS])
    notion.workspace.choices.empty_lost_copies = True
    found = truth.tree(notion.workspace, WORKSHOP)
    assert [block.get("unavailable") for block in found] == [
        block.get("unavailable") for block in expected
    ]
    reader = Reader(client).read(PAGES, POSTS)
    assert settled(reader.trees[WORKSHOP]) == found
    assert reader.requests == truth.minimum_requests(notion.workspace, [PAGES, POSTS]) == minimum


def test_people_have_an_address_and_a_portrait_wherever_notion_says_who_they_are(
    notion: NotionStandIn, client: Client
) -> None:
    notion.edit.append_blocks(HOME, [{"paragraph": [{"user": "@ada"}]}])
    block, *_ = reversed(client.blocks.children.list(HOME)["results"])  # type: ignore[index]
    assert block["paragraph"]["rich_text"][0]["mention"] == {"type": "user", "user": PERSON}
    properties: Any = client.pages.retrieve(HOME)["properties"]  # type: ignore[index]
    assert properties["Volunteers"]["people"] == [PERSON]
    assert (
        properties["Made by"]["created_by"] == properties["Edited by"]["last_edited_by"] == PERSON
    )
    items: Any = client.pages.properties.retrieve(KEEPERS, properties["Volunteers"]["id"])[
        "results"
    ]  # type: ignore[index]
    assert client.users.retrieve(ADA)["person"] == PERSON["person"]  # type: ignore[index]
    assert all(item["people"]["avatar_url"] and item["people"]["person"]["email"] for item in items)


@pytest.mark.parametrize(("whole", "person"), [(False, PARTIAL), (True, PERSON)])
def test_who_made_and_edited_something_is_an_id_or_all_of_a_person(
    notion: NotionStandIn, client: Client, whole: bool, person: Any
) -> None:
    notion.workspace.choices.whole_people = whole
    page: Any = client.pages.retrieve(HOME)
    block: Any = client.blocks.children.list(HOME)["results"][0]  # type: ignore[index]
    source: Any = client.search(filter={"property": "object", "value": "data_source"})["results"][0]  # type: ignore[index]
    for shown in (page, block, source):
        assert shown["created_by"] == shown["last_edited_by"] == person


def test_who_attended_a_meeting_is_an_id_or_all_of_a_person(
    notion: NotionStandIn, client: Client
) -> None:
    event = meeting(client)["meeting_notes"]["calendar_event"]
    assert event["attendees"] == [ADA, named_id("tove")] and event["start_time"]
    notion.workspace.choices.whole_people = True
    attendees = meeting(client)["meeting_notes"]["calendar_event"]["attendees"]
    assert [person["person"]["email"].partition("@")[0] for person in attendees] == ["ada", "tove"]


def test_choices_are_made_over_http_and_forgotten_at_a_reset(notion: NotionStandIn) -> None:
    controls = Controls(notion)
    assert controls.post("choices", {"whole_people": True}) == controls.get("choices")
    controls.post("choices", {"turns_ties": False})
    assert notion.workspace.choices == Choices(turns_ties=False, whole_people=True)
    assert "unexpected keyword" in controls.post("choices", {"colour": True}, status=400)
    httpx.post(f"{notion.url}/_control/reset").raise_for_status()
    assert notion.workspace.choices == Choices()
