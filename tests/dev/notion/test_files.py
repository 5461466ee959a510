"""Files: signed addresses that differ at every read and die after an hour, and plain ones that
don't."""

import struct
from typing import Any

import httpx
from notion_client import Client

from dev.notion import NotionStandIn
from dev.notion.clock import instant
from tests.dev.notion.test_objects import BLOCKS, HOME, VISIT


def hosted(client: Client) -> Any:
    blocks: Any = client.blocks.children.list(HOME)["results"]  # type: ignore[index]
    return next(block for block in blocks if block["type"] == "image")["image"]["file"]


def test_an_address_is_new_at_every_read_but_host_and_path_stay(client: Client) -> None:
    first, second = hosted(client)["url"], hosted(client)["url"]
    assert first != second
    assert first.partition("?")[0] == second.partition("?")[0]
    assert "X-Amz-Expires=3600" in first and "X-Amz-Signature=" in first and "X-Amz-Date=" in first


def test_an_address_serves_a_picture_for_an_hour_of_the_stand_ins_clock(
    notion: NotionStandIn, client: Client
) -> None:
    file = hosted(client)
    answer = httpx.get(file["url"])
    assert answer.headers["content-type"] == "image/png"
    assert struct.unpack(">II", answer.content[16:24]) == (320, 200)
    notion.clock.advance(3590)
    assert (
        instant(file["expiry_time"]) > notion.clock.now()
        and httpx.get(file["url"]).status_code == 200
    )
    notion.clock.advance(20)
    expired = httpx.get(file["url"])
    assert (expired.status_code, expired.headers["content-type"]) == (403, "application/xml")
    assert "Request has expired" in expired.text


def test_a_wrong_signature_is_refused(client: Client) -> None:
    url = hosted(client)["url"]
    for wrong in (
        url.partition("?")[0],
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("3600", "9999"),
    ):
        assert "SignatureDoesNotMatch" in httpx.get(wrong).text


def test_covers_icons_and_files_properties_are_signed_and_external_ones_are_plain(
    client: Client,
) -> None:
    page: Any = client.pages.retrieve(VISIT)
    ours, theirs = page["properties"]["Papers"]["files"]
    assert httpx.get(page["cover"]["file"]["url"]).status_code == 200
    assert httpx.get(ours["file"]["url"]).content.startswith(b"%PDF-")
    assert (ours["name"], theirs["name"]) == ("timetable.pdf", "Sea chart")
    assert theirs["external"]["url"].endswith("/external/sea-chart.pdf")
    assert httpx.get(theirs["external"]["url"]).headers["content-type"] == "application/pdf"


def test_every_hosted_file_of_a_page_can_be_had(client: Client) -> None:
    blocks: Any = client.blocks.children.list(BLOCKS)["results"]  # type: ignore[index]
    files = [
        block[block["type"]]["file"]["url"] for block in blocks if "file" in block[block["type"]]
    ]
    assert len(files) == 5
    assert [httpx.get(url).status_code for url in files] == [200] * 5
