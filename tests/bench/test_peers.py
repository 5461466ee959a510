"""What peers are measured by: their texts, the edge for old ones, an attempt, trouble; and how those
that keep something are started again. No peer is installed for it."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from bench import comparison, passages
from bench.peers import faults, measure, tools
from bench.peers.edge import Edge
from bench.peers.faults import Deleted, Killed, Trial, Trouble
from bench.peers.install import HERE, VENVS
from bench.peers.measure import Attempt, Outcome
from bench.peers.peer import DRIVERS, PEERS, Peer
from bench.peers.texts import files_written, plain_texts, share_found, texts_there
from bench.peers.tools import OurTool, PeerTool, Tool
from bench.results import Results
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
%s
for source in os.environ["DATA_SOURCES"].split(","):
    for row in ask(f"/v1/data_sources/{source}/query", b"{}")[:%s]:
        blocks = ask(f"/v1/blocks/{row['id']}/children")
        Path(os.environ["OUT"], row["id"] + ".json").write_text(json.dumps(blocks))
%s
"""
ASTRO = """
import { existsSync, readdirSync, writeFileSync } from "node:fs";
const found = [process.argv[2], ...readdirSync("src"), existsSync("node_modules/astro"), existsSync("kept")];
writeFileSync("kept", "");
writeFileSync(`${process.env.OUT}/found.md`, found.join(" "));
"""
NOTIONFS = {
    "__init__.py": "",
    "notion/__init__.py": "",
    "notion/api_client.py": """
from types import SimpleNamespace
class NotionAPIClient:
    def __init__(self, token):
        self._client = SimpleNamespace(client=SimpleNamespace(base_url="https://api.notion.com/v1/"))
""",
    "cli.py": """
import os
from pathlib import Path
from notionfs.notion.api_client import NotionAPIClient
def cli(words, standalone_mode):
    assert NotionAPIClient("a token")._client.client.base_url == os.environ["NOTION_URL"] + "/v1/"
    folder = Path(words[3] if words[0] == "clone" else ".")
    folder.mkdir(exist_ok=True)
    (folder / f"{words[0]}.md").write_text(f"{words[0]} of {folder.absolute().name}")
""",
}
EMPTIES = "for old in Path(os.environ['OUT']).iterdir(): old.unlink()"
WELL = Trial(2.4, 1.0, "done")
OURS = Trouble(
    measure.OURS, WELL, WELL, WELL, Killed(0.5, 14, 22, 1.0, "done"), Deleted(True, "done"), 1.26
)


def few_pages() -> Workspace:
    return generate(pages=2, posts=4)


def reader(rows: int = 100, *, first: str = "", then: str = "") -> Peer:
    program = READER % (first, rows, then)
    return Peer("a reader", (sys.executable, "-c", program), "reads what is there")


def attempts(peer: Peer, give_up_seconds: float = 30) -> list[measure.Attempt]:
    return measure._attempts(peer, few_pages, give_up_seconds, latency_ms=0)


def pinned() -> set[str]:
    """Return the names and versions of what is installed, as in "notion-to-md 3.1.9"."""
    packages = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    lines = "\n".join((HERE / name).read_text("utf-8") for name in VENVS.values())
    versions = {**packages, **dict(re.findall(r"^(.+)==(.+)$", lines, re.MULTILINE))}
    return {f"{name.removeprefix('@sillsdev/')} {version}" for name, version in versions.items()}


def peer_called(name: str) -> Peer:
    [found] = (peer for peer in PEERS if peer.name.startswith(f"{name} "))
    return found


def opened(peer: Peer) -> PeerTool:
    return PeerTool(peer, few_pages, give_up_seconds=30, latency_ms=0)


@pytest.fixture(autouse=True)
def no_node_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "NODE_PROJECT", tmp_path)


def test_every_peer_is_pinned_started_by_a_driver_and_told_of_in_the_comparison() -> None:
    for peer in PEERS:
        assert peer.name.partition(",")[0] in pinned()
        assert Path(peer.command[1]).parent == DRIVERS
        assert Path(peer.command[1]).is_file()
        assert peer.name.partition(" ")[0] in comparison.WAYS


def test_astro_builds_a_site_that_stays_for_the_next_run(
    tmp_path: Path, lacking: Callable[[str, str], NoReturn]
) -> None:
    if shutil.which("node") is None:
        lacking("the driver of Astro", "install node")
    program = tmp_path / "node_modules/astro/astro.js"
    program.parent.mkdir(parents=True)
    program.write_text(ASTRO)
    for folder in (tmp_path, program.parent):
        (folder / "package.json").write_text('{"type": "module"}')

    with opened(peer_called("@astro-notion/loader")) as tool:
        assert tool.run().end == "done"
        assert list(tool.written()) == ["build content.config.ts pages true false"]
        assert tool.run().end == "done"
        assert list(tool.written()) == ["build content.config.ts pages true true"]


def test_notionfs_clones_each_database_at_another_address_and_pulls_it_in_the_next_run(
    tmp_path: Path,
) -> None:
    for name, text in NOTIONFS.items():
        file = tmp_path / "notionfs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    peer = peer_called("notionfs")
    program = f"import runpy, sys; sys.path.append({str(tmp_path)!r}); runpy.run_path({peer.command[1]!r})"

    with opened(replace(peer, command=(sys.executable, "-c", program))) as tool:
        assert tool.run().end == "done"
        assert list(tool.written()) == [f"clone of {database}" for database in DATABASES]
        assert tool.run().end == "done"
        assert set(tool.written()) == {
            f"{word} of {database}" for word in ("clone", "pull") for database in DATABASES
        }


def test_a_time_says_how_much_came_out_where_that_is_not_all() -> None:
    whole, half = (Attempt(9.0, 3, 3, 0, found, "done") for found in (1.0, 0.5))
    outcomes = [
        Outcome("docu-notion 0.16.2", "", whole, whole, many, whole) for many in (whole, half)
    ]

    rows = comparison.table(outcomes).splitlines()[2:]
    assert [row.split(" | ")[4] for row in rows] == ["9 s", "9 s (50 %)"]


def test_who_reads_everything_has_found_everything() -> None:
    [found] = attempts(reader())

    assert (found.requests, found.minimum, found.throttled) == (8, 10, 0)
    assert (found.found, found.end) == (1.0, "done")


def test_who_leaves_pages_out_has_not() -> None:
    [found] = attempts(reader(rows=1))

    assert found.requests == 4
    assert 0.1 < found.found < 0.6


def test_how_a_peer_ended_is_told() -> None:
    [failed] = attempts(reader(then="raise ValueError('no more')"))
    [late] = attempts(reader(then="import time; time.sleep(9)"), 2)

    assert failed.end == "ValueError: no more"
    assert late.end == "not done after 2 s"


def test_a_line_of_a_stack_trace_does_not_tell_how_a_peer_ended(tmp_path: Path) -> None:
    lines = f"[ERROR] Failed to render\\n    at buildRequestError ({tmp_path}/errors.js:162:16)"
    [failed] = attempts(reader(rows=0, then=f"print('{lines}'); raise SystemExit(1)"))

    assert failed.end == "[ERROR] Failed to render"


@pytest.mark.parametrize("attempt", [faults.try_odd_title, faults.try_odd_text])
def test_an_odd_value_does_not_count_as_a_lost_text(attempt: Callable[[Tool], Trial]) -> None:
    with opened(reader()) as tool:
        found = attempt(tool)
        [odd] = tool.notion.odd.ordered

    assert odd["times"] == 1
    assert (found.found, found.end) == (1.0, "done")


def test_of_a_page_that_fails_the_others_texts_are_counted() -> None:
    with opened(reader()) as tool:
        stopped = faults.try_failing_page(tool)
        assert tool.notion.log.stats["byStatus"]["500"] == 1

    assert 0.5 < stopped.found < 0.9
    assert stopped.end == "urllib.error.HTTPError: HTTP Error 500: Internal Server Error"


def test_a_deleted_row_is_gone_where_the_output_is_made_anew() -> None:
    def left_by(peer: Peer) -> Deleted:
        with opened(peer) as tool:
            return faults.try_deletion(tool)[0]

    assert left_by(reader()) == Deleted(False, "done")
    assert left_by(reader(first=EMPTIES)) == Deleted(True, "done")
    assert left_by(reader(rows=0)) == Deleted(None, "done")


def test_a_killed_peer_leaves_the_pages_it_had_written() -> None:
    with opened(reader()) as tool:
        killed = faults.try_kill(tool, fresh=8)

    assert killed == Killed(whole=2 / 6, requests=8, fresh=8, found=1.0, end="done")


def test_the_first_text_is_seen_before_the_end_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(reader(then="import time; time.sleep(600)")) as tool:
        assert faults.seconds_to_first_text(tool) is not None
    monkeypatch.setattr(faults, "GIVE_UP_SECONDS", 0.1)
    with opened(reader(rows=0)) as tool:
        assert faults.seconds_to_first_text(tool) is None


def test_ours_is_killed_and_forgets_a_deleted_row() -> None:
    with OurTool(few_pages, latency_ms=100) as tool:
        killed = faults.try_kill(tool, fresh=10)
        deleted, _ = faults.try_deletion(tool)

    assert killed.whole < 1.0
    assert (killed.found, killed.end) == (1.0, "done")
    assert deleted == Deleted(True, "done")


def test_trouble_stands_in_a_table() -> None:
    theirs = Trouble(
        "a reader",
        WELL,
        Trial(9.0, 0.5, "TypeError: null"),
        Trial(60.0, 0.996, "not done after 60 s"),
        Killed(0.0, 22, 22, 0.5, "not done after 60 s"),
        Deleted(False, "TypeError: null"),
        None,
    )
    measured = Results(measured={"faults": "then and there"}, faults=[OURS, theirs])

    first, second, _, when = passages.passages(measured)["faults"].splitlines()[2:]
    assert first == (
        "| **notion-kv-sync** | 100 % | 100 % | 100 %, 2 s | 50 % whole, then 14 of 22 | gone"
        " | 1.3 s |"
    )
    assert second == (
        "| a reader | 100 % | 50 %, error | 99.6 %, no end, 60 s | 0 % whole, then 22 of 22, no end"
        " | stays, error | no end |"
    )
    assert when == "<sub>then and there</sub>"
    assert passages.passages(Results())["faults"] == ""


def test_texts_are_found_in_any_markup(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# The **keeper's**\n\nlog &amp; his *lamp*")
    (tmp_path / "b.json").write_text('[{"plain_text": "An oil cellar"}, {"id": "not a text"}]')
    (tmp_path / "c.html").write_text('<p title="not shown">A <em>lee</em>ward wall &amp; so on</p>')
    texts = {"thekeepersloghislamp", "anoilcellar", "notatext", "aleewardwallsoon", "notshown"}

    assert share_found(texts, files_written(tmp_path)) == pytest.approx(3 / 5)
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
