"""The one command that shows everything, as a newcomer runs it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dev import demo
from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn
from dev.serve import listen
from dev.stack import ROOT


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `python -m dev --once` prints where nobody watches."""
    with started(tmp_path_factory.mktemp("demo"), "--once", "--port", "0") as process:
        printed, errors = process.communicate(timeout=110)
    assert (process.returncode, errors) == (0, ""), printed
    return printed


def test_the_worker_dies_and_the_sync_ends_complete(printed: str) -> None:
    story = [
        r"^Dashboard  http://127\.0\.0\.1:\d+$",
        r"^Secret     \S+$",
        r"^GET /api/sync/trigger → 202 Sync job started in background$",
        r"^Reading: \d+ of \d+ pages$",
        r"^✗ The worker was killed \(SIGKILL\) at \d+ of \d+ pages$",
        r"^  Here its message comes again after 3 s; QStash itself lets about a minute pass$",
        r"^✓ QStash delivered its message again: the run goes on with what was left$",
        r"^Delivered: 37 of 37 pages$",
        r"^Run run_[0-9a-f]{32}: delivered",
        r"^In KV: .*page:home.*posts:index; of each page also doc:…$",
        r"^KV equals the workspace: yes, 37 pages block for block$",
    ]
    found = [re.search(pattern, printed, re.MULTILINE) for pattern in story]
    assert all(found), printed
    places = [match.start() for match in found if match]
    assert places == sorted(places)


def test_it_sums_up_pages_time_requests_and_keys(printed: str) -> None:
    rows = dict(re.findall(r"^│ (.*?) +│ (.*?) +│$", printed, re.MULTILINE))
    assert (rows["Published pages"], rows["Published posts"], rows["Failed"]) == ("11", "19", "0")
    assert re.fullmatch(r"[\d.]+ s in \d+ slices?, 1 delivered again", rows["Time"])
    assert re.fullmatch(r"1\d\d; without the kill 101 would do", rows["Notion requests"])
    assert rows["KV keys a site reads"] == "2 db, 37 doc, 2 index, 37 page, 1 paths"


def test_where_nobody_watches_it_is_plain_and_short(printed: str) -> None:
    assert "\x1b" not in printed
    assert len(printed.splitlines()) < 40


def test_your_own_notion_is_read_and_the_stack_stays_until_it_is_ended(tmp_path: Path) -> None:
    with NotionStandIn() as yours:
        yours.latency.set(100)
        (tmp_path / ".env.local").write_text(
            f"NOTION_TOKEN={TOKEN}\nNOTION_SOURCES={SAMPLE_SOURCES}\nNOTION_API_URL={yours.url}\nCRON_SECRET=not-this-one-but-another\n"
        )
        with started(tmp_path, "--port", "0") as process:
            assert process.stdout
            lines: list[str] = []
            while not lines or "#secret=" not in lines[-1]:
                lines.append(process.stdout.readline())
                assert lines[-1], lines
            text = "".join(lines)
            [url, secret] = re.findall(r"(?:Dashboard|Secret) +(\S+)", text)
            assert f"your Notion ({yours.url})" in lines[0]
            assert "was killed (SIGKILL)" in text
            assert "KV equals" not in text
            assert secret != "not-this-one-but-another"
            assert lines[-1] == f"  {url}/#secret={secret}\n"
            told = dict(re.findall(r"export (\w+)=(\S+)", text))
            assert read_of(told, "paths") > 0
            offered = httpx.get(f"{url}/_local/buttons", trust_env=False).json()
            assert [button["name"] for button in offered] == ["kill", "duplicate"]

            process.terminate()
            assert process.wait(20) == 128 + signal.SIGTERM
            functions = (tmp_path / demo.LOG).read_text("utf-8").split()[2].rstrip(",")
            for address in (url, functions):
                with pytest.raises(httpx.ConnectError):
                    httpx.get(address, trust_env=False)


def test_an_interrupt_ends_it_without_a_traceback(tmp_path: Path) -> None:
    with started(tmp_path, "--port", "0") as process:
        assert process.stdout
        while "Reading: " not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (128 + signal.SIGINT, "")
    assert rest.endswith("Bye.\n")


def test_a_port_that_is_taken_is_told_with_the_way_out(tmp_path: Path) -> None:
    with listen() as busy, started(tmp_path, "--port", str(busy.getsockname()[1])) as process:
        printed, errors = process.communicate(timeout=20)
    assert (process.returncode, printed) == (1, "")
    assert re.fullmatch(r"port \d+ is taken: end what listens there, .*--port 3001'\n", errors)


def read_of(settings: dict[str, str], key: str) -> int:
    """How many fields of a hash a site reads with these settings."""
    headers = {"Authorization": f"Bearer {settings['KV_REST_API_READ_ONLY_TOKEN']}"}
    answer = httpx.post(
        settings["KV_REST_API_URL"], json=["HLEN", key], headers=headers, trust_env=False
    )
    count: int = answer.json()["result"]
    return count


def test_a_link_carries_any_secret_in_its_fragment() -> None:
    link = demo.unlocked("http://127.0.0.1:3000", "a&b=c#d%e +f")

    assert parse_qs(urlsplit(link).fragment) == {"secret": ["a&b=c#d%e +f"]}
    assert urlsplit(link)._replace(fragment="").geturl() == "http://127.0.0.1:3000/"


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "dev", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
