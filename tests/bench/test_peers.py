"""What peers are measured by: their texts, the edge for old ones, an attempt. No peer is installed
for it."""

import sys
from pathlib import Path

import httpx
import pytest

from bench.peers import measure
from bench.peers.edge import Edge
from bench.peers.peer import Peer
from bench.peers.texts import files_written, plain_texts, share_found, texts_there
from bench.rig import DATABASES
from dev.notion import TOKEN, NotionStandIn
from dev.notion.generate import PAGES, generate
from dev.notion.workspace import Workspace
from dev.serve import Server

READER = """
import json, os, urllib.request
from pathlib import Path
def ask(path, body=None):
    headers = {"Authorization": "Bearer " + os.environ["NOTION_TOKEN"], "Notion-Version": "2025-09-03"}
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(os.environ["NOTION_URL"] + path, body, headers)
    return json.load(urllib.request.urlopen(request))["results"]
for source in os.environ["DATA_SOURCES"].split(","):
    for row in ask(f"/v1/data_sources/{source}/query", b"{}")[:%s]:
        blocks = ask(f"/v1/blocks/{row['id']}/children")
        Path(os.environ["OUT"], row["id"] + ".json").write_text(json.dumps(blocks))
%s
"""


def few_pages() -> Workspace:
    return generate(pages=2, posts=4)


def reader(rows: int = 100, then: str = "") -> Peer:
    return Peer("a reader", (sys.executable, "-c", READER % (rows, then)), "reads what is there")


@pytest.fixture
def attempt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No latency, and no Node project to stand in."""
    monkeypatch.setattr(measure, "NODE_PROJECT", tmp_path)
    monkeypatch.setattr(measure, "LATENCY_MS", 0)
    monkeypatch.setattr(measure, "JITTER_MS", 0)


@pytest.mark.usefixtures("attempt")
def test_who_reads_everything_has_found_everything() -> None:
    [found] = measure._attempts(reader(), few_pages, 30)

    assert (found.requests, found.minimum, found.throttled) == (8, 10, 0)
    assert (found.found, found.end) == (1.0, "done")


@pytest.mark.usefixtures("attempt")
def test_who_leaves_pages_out_has_not() -> None:
    [found] = measure._attempts(reader(rows=1), few_pages, 30)

    assert found.requests == 4
    assert 0.1 < found.found < 0.6


@pytest.mark.usefixtures("attempt")
def test_how_a_peer_ended_is_told() -> None:
    [failed] = measure._attempts(reader(then="raise ValueError('no more')"), few_pages, 30)
    [late] = measure._attempts(reader(then="import time; time.sleep(9)"), few_pages, 2)

    assert failed.end == "ValueError: no more"
    assert late.end == "not done after 2 s"


def test_texts_are_found_in_any_markup(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# The **keeper's**\n\nlog &amp; his *lamp*")
    (tmp_path / "b.json").write_text('[{"plain_text": "An oil cellar"}, {"id": "not a text"}]')
    texts = {"thekeepersloghislamp", "anoilcellar", "notatext"}

    assert share_found(texts, files_written(tmp_path)) == pytest.approx(2 / 3)
    assert list(plain_texts({"a": [{"plain_text": "b"}]})) == ["b"]


def test_every_text_of_a_page_counts() -> None:
    assert {"page1line1", "post4line1"} <= texts_there(few_pages(), DATABASES)


def test_the_edge_speaks_the_version_before_data_sources() -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Notion-Version": "2022-06-28"}
    with NotionStandIn(source=few_pages) as notion, Server(Edge(notion).app) as edge:
        answer = httpx.post(
            f"{edge.url}/v1/databases/{PAGES}/query", json={}, headers=headers, trust_env=False
        ).json()
        searched = httpx.post(
            f"{edge.url}/v1/search",
            json={"filter": {"property": "object", "value": "database"}},
            headers=headers,
            trust_env=False,
        ).json()

    assert [row["parent"] for row in answer["results"]] == [
        {"type": "database_id", "database_id": PAGES}
    ] * 2
    assert {found["object"] for found in searched["results"]} == {"database"}
    assert PAGES in {found["id"] for found in searched["results"]}
