"""The test controls over HTTP, and the stand-in as a program."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from notion_client import Client

from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn
from tests.dev.notion.conftest import LOGGER, VERSION
from tests.dev.notion.test_objects import HOME, PAGE_ROWS
from tests.dev.notion.test_query import query

ROOT = Path(__file__).parents[3]


class Controls:
    def __init__(self, notion: NotionStandIn) -> None:
        self._url = f"{notion.url}/_control"

    def get(self, path: str) -> Any:
        return httpx.get(f"{self._url}/{path}").json()["result"]

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        answer = httpx.post(f"{self._url}/{path}", content=json.dumps(body or {}))
        assert answer.status_code == status, answer.text
        return answer.json().get("result", answer.json().get("error"))


@pytest.fixture
def controls(notion: NotionStandIn) -> Controls:
    return Controls(notion)


def test_everything_that_python_can_edit_can_be_edited_over_http(
    controls: Controls, client: Client
) -> None:
    page = controls.post("edits/create_page", {"parent_id": HOME, "title": "Made over HTTP"})
    (block,) = controls.post(
        "edits/append_blocks", {"parent_id": page, "blocks": [{"paragraph": "Hello"}]}
    )
    controls.post("edits/edit_block", {"block_id": block, "written": "Goodbye"})
    assert client.blocks.retrieve(block)["paragraph"]["rich_text"][0]["plain_text"] == "Goodbye"  # type: ignore[index]
    row = controls.post(
        "edits/create_row", {"data_source_id": PAGE_ROWS, "properties": {"Name": "Row", "order": 3}}
    )
    assert client.pages.retrieve(row)["properties"]["order"]["number"] == 3  # type: ignore[index]
    assert set(controls.get("edits")) == {
        "append_blocks", "archive", "create_database", "create_page", "create_row", "edit_block", "grant_token", "move",
        "rename_property", "restore", "revoke_token", "set_cover", "set_icon", "set_property", "set_title", "share",
        "trash", "unarchive", "unshare",
    }  # fmt: skip


def test_what_cannot_be_done_is_said(controls: Controls) -> None:
    assert "no such edit" in controls.post("edits/paint", status=400)
    assert "there is no Node" in controls.post("edits/trash", {"id": "nothing"}, status=400)
    assert "unexpected keyword" in controls.post("edits/trash", {"colour": "red"}, status=400)
    assert "no such fault" in controls.post("faults", {"kind": "rain"}, status=400)


def test_the_clock_is_set_advanced_and_frozen(notion: NotionStandIn, controls: Controls) -> None:
    assert controls.post("clock", {"set": "2026-05-01T12:00:00Z", "frozen": True})["frozen"] is True
    assert (
        controls.post("clock", {"advance": 90})["now"]
        == "2026-05-01T12:01:30+00:00"
        == notion.clock.now().isoformat()
    )
    controls.post("clock", {"frozen": False})
    assert controls.get("clock")["now"] > "2026-05-01T12:01:30"


def test_faults_limits_and_latency_are_ordered(
    notion: NotionStandIn, controls: Controls, client: Client
) -> None:
    controls.post("faults", {"kind": "500", "times": 100})
    httpx.delete(f"{notion.url}/_control/faults").raise_for_status()
    controls.post("weather", {"share": 0.01, "seed": 3})
    controls.post("weather", {"share": 0})
    controls.post("latency", {"ms": 1})
    controls.post("limits", {"requests": 3, "query_limit": 5})
    assert query(client)["request_status"]["type"] == "incomplete"
    for _ in range(2):
        client.users.me()
    headers = {"Authorization": f"Bearer {TOKEN}", "Notion-Version": VERSION}
    assert httpx.get(f"{notion.url}/v1/users/me", headers=headers).status_code == 429


def test_requests_and_stats_are_told_and_set_back(controls: Controls, client: Client) -> None:
    client.users.me()
    assert controls.get("requests") == [
        {"n": 1, "method": "GET", "path": "/v1/users/me", "status": 200}
    ]
    assert controls.get("stats")["byEndpoint"] == {"GET /v1/users/me": 1}
    controls.post("stats/reset")
    assert controls.get("stats")["total"] == 0


def test_a_reset_brings_everything_back(
    notion: NotionStandIn, controls: Controls, client: Client
) -> None:
    before: Any = client.pages.retrieve(HOME)
    controls.post("edits/set_title", {"id": HOME, "title": "Changed"})
    controls.post("clock", {"advance": -1000, "frozen": True})
    controls.post("faults", {"kind": "500", "times": 10})
    controls.post("edits/revoke_token", {"token": TOKEN})
    controls.post("reset")
    after: Any = client.pages.retrieve(HOME)
    assert {**before, "request_id": ""} | {"cover": None} == {**after, "request_id": ""} | {
        "cover": None
    }
    assert not notion.clock.frozen and notion.log.stats["total"] == 1


def test_it_runs_alone_as_a_program() -> None:
    program = [sys.executable, "-m", "dev.notion", "--port", "0"]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = dict(process.stdout.readline().strip().split("=", 1) for _ in range(3))
        try:
            with Client(
                auth=printed["NOTION_TOKEN"],
                base_url=printed["NOTION_API_URL"],
                notion_version=VERSION,
                logger=LOGGER,
            ) as client:
                assert client.users.me()["type"] == "bot"  # type: ignore[index]
        finally:
            process.terminate()
    assert printed["NOTION_SOURCES"] == SAMPLE_SOURCES
