"""The stand-in's webhooks: a handshake, and signed events that say what happened and nothing
more."""

import json
from collections.abc import Iterator

import pytest

from dev.listener import Listener
from dev.notion import NotionStandIn
from dev.notion.generate import POSTS
from lib.auth import sign_notion
from lib.secret import Secret

VISIT = "aaaaaaaa-0000-4000-8000-000000000002"
TOWER = "aaaaaaaa-0000-4000-8000-000000000031"
LIGHTHOUSE = "aaaaaaaa-0000-4000-8000-000000000003"


@pytest.fixture
def listener(notion: NotionStandIn) -> Iterator[Listener]:
    with Listener() as running:
        notion.webhooks.subscribe(running.url)
        yield running


def kinds(notion: NotionStandIn) -> list[str]:
    return sorted(
        f"{one.event['type']} {one.event['entity']['id']}" for one in notion.webhooks.flush()
    )


def test_the_handshake_carries_the_token_and_is_signed_with_it(
    notion: NotionStandIn, listener: Listener
) -> None:
    [handshake] = listener.heard()

    token = handshake.json["verification_token"]
    assert handshake.headers["x-notion-signature"] == sign_notion(handshake.body, Secret(token))


def test_an_event_names_the_thing_and_where_it_stands_and_holds_no_content(
    notion: NotionStandIn, listener: Listener
) -> None:
    notion.edit.append_blocks(VISIT, [{"paragraph": "Nobody reads this in an event"}])

    [delivery] = notion.webhooks.flush()

    heard = listener.heard()[-1]
    assert heard.headers["x-notion-signature"] == notion.webhooks.signature(heard.body)
    assert heard.json == delivery.event
    assert heard.json["entity"] == {"id": VISIT, "type": "page"}
    assert set(heard.json["data"]["parent"]) == {"id", "type", "data_source_id"}
    assert "Nobody" not in json.dumps(heard.json)


def test_events_of_one_kind_about_one_page_become_one(
    notion: NotionStandIn, listener: Listener
) -> None:
    for number in range(3):
        [block] = notion.edit.append_blocks(VISIT, [{"paragraph": f"Line {number}"}])
        notion.edit.edit_block(block, "Edited")

    [delivery] = notion.webhooks.flush()

    assert delivery.event["type"] == "page.content_updated"
    assert len(delivery.event["data"]["updated_blocks"]) == 4  # the page itself, and three blocks


def test_what_cancels_out_gives_no_event_of_its_own(
    notion: NotionStandIn, listener: Listener
) -> None:
    row = notion.edit.create_row(
        notion.workspace.nodes[POSTS].children[0], {"Title": "Short-lived"}
    )
    notion.edit.trash(row)

    assert [kind for kind in kinds(notion) if row in kind] == []


def test_each_edit_gives_the_event_of_its_kind(notion: NotionStandIn, listener: Listener) -> None:
    source = notion.workspace.nodes[POSTS].children[0]
    notion.edit.set_title(TOWER, "The keep")
    row = notion.edit.create_row(source, {"Title": "New"})
    notion.edit.rename_property(source, "Wind", "Gale")

    assert kinds(notion) == sorted(
        [
            f"page.properties_updated {TOWER}",
            f"page.created {row}",
            f"data_source.content_updated {source}",
            f"data_source.schema_updated {source}",
        ]
    )
    notion.edit.trash(TOWER)
    assert kinds(notion) == sorted([f"page.deleted {TOWER}", f"page.content_updated {LIGHTHOUSE}"])


def test_what_the_integration_does_not_see_gives_no_event(
    notion: NotionStandIn, listener: Listener
) -> None:
    notion.edit.unshare(VISIT)
    notion.edit.append_blocks(VISIT, [{"paragraph": "Unseen"}])

    assert notion.webhooks.flush() == []


def test_events_come_again_with_a_higher_attempt_and_the_same_id(
    notion: NotionStandIn, listener: Listener
) -> None:
    notion.edit.append_blocks(VISIT, [{"paragraph": "Again"}])
    [first] = notion.webhooks.flush()

    [second] = notion.webhooks.redeliver()

    assert second.event == first.event | {"attempt_number": 2}


def test_events_go_by_themselves_after_a_while(notion: NotionStandIn, listener: Listener) -> None:
    notion.webhooks.subscribe(listener.url, window_seconds=0.01)
    notion.edit.append_blocks(VISIT, [{"paragraph": "By itself"}])

    assert listener.wait(3)[-1].json["type"] == "page.content_updated"
