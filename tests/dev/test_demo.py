"""The one command that shows everything, as a newcomer runs it."""

import os
import re
import subprocess
import sys

import pytest

from dev.stack import ROOT


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `python -m dev --once` prints where nobody watches."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "dev", "--once", "--port", "0"]
    folder = tmp_path_factory.mktemp("demo")
    run = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=110)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    return run.stdout


def test_the_worker_dies_and_the_sync_ends_complete(printed: str) -> None:
    story = [
        r"^Dashboard  http://127\.0\.0\.1:\d+$",
        r"^Secret     \S+$",
        r"^GET /api/sync/trigger → 202 Sync job started in background$",
        r"^Reading pages: \d+ of \d+ pages$",
        r"^✗ The worker was killed \(SIGKILL\) at \d+ of \d+ pages$",
        r"^  Here its message comes again after 3 s; QStash itself lets about a minute pass$",
        r"^✓ QStash delivered its message again: the run goes on with what was left$",
        r"^Delivered: 37 of 37 pages$",
        r"^Run run_[0-9a-f]{32}: delivered",
        r"^In KV: .*page:home.*posts:index$",
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
    assert rows["KV keys a site reads"] == "2 db, 2 index, 37 page"


def test_where_nobody_watches_it_is_plain_and_short(printed: str) -> None:
    assert "\x1b" not in printed
    assert len(printed.splitlines()) < 40
