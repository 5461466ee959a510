"""The benches on a small scale. What is counted may not get worse than it was; what is timed is not looked at.

How many KV commands a run takes moves by a few with the order in which pages come in: the most that was seen stands
here.
"""

from functools import partial
from pathlib import Path

import pytest

from bench import growth, report
from bench.bound import bound_seconds, critical_path
from bench.changes import edit_two_rows
from bench.figures import Figures
from bench.results import Results
from bench.rig import DATABASES, Rig
from dev.notion.generate import generate
from dev.notion.load import load


@pytest.fixture(scope="module")
def runs() -> dict[str, Figures]:
    """The sample workspace, in one window and with little latency: everything, nothing changed, two pages changed."""
    with Rig(latency_ms=60) as rig:
        full = rig.measure("full")
        rig.settle()
        unchanged = rig.measure("unchanged")
        edit_two_rows(rig.notion.edit)
        rig.settle()
        return {"full": full, "unchanged": unchanged, "two": rig.measure("two")}


@pytest.mark.parametrize(
    ("name", "requests", "kv_commands", "written"),
    [("full", 102, 105, 39), ("unchanged", 13, 19, 0), ("two", 46, 44, 2)],
)
def test_a_run_costs_no_more_than_it_did(
    runs: dict[str, Figures], name: str, requests: int, kv_commands: int, written: int
) -> None:
    run = runs[name]

    assert (run.status, run.throttled) == ("delivered", 0)
    assert run.requests <= requests
    assert run.kv_commands <= kv_commands
    assert run.written <= written
    assert run.messages == len(run.slices) == 1


def test_a_run_of_many_windows_spends_each_of_them_and_waits_only_for_the_next() -> None:
    [(full, unchanged)] = list(growth.measure([400]))

    assert (full.status, full.synced, full.throttled) == ("delivered", 400, 0)
    assert full.requests <= 407
    assert full.kv_commands <= 620
    assert [call.requests for call in full.slices] == [180, 180, full.requests - 360]
    assert full.messages == 3
    assert full.seconds > full.bound == 120
    assert (unchanged.synced, unchanged.messages) == (0, 1)
    assert unchanged.requests <= 5
    assert unchanged.kv_commands <= 19


def test_the_report_shows_what_was_measured(runs: dict[str, Figures], tmp_path: Path) -> None:
    results = Results(measured={"full": "then and there", "changes": "then"}, full=[runs["full"]])
    results.changes = [runs["unchanged"], runs["two"]]

    report.write(results, tmp_path)

    written = (tmp_path / "RESULTS.md").read_text()
    assert "102 ÷ 101 = 1.010" in written
    assert "then and there" in written
    assert "## Growth" not in written


def test_the_bound_counts_windows_and_what_comes_after_them() -> None:
    workspace = generate(pages=100, posts=200)  # 305 requests

    assert bound_seconds(workspace, DATABASES, 0.25, 180) == 60 + 16 * 0.25
    assert bound_seconds(workspace, DATABASES, 0.25, None) == 39 * 0.25


def test_the_bound_of_a_deep_tree_is_its_longest_chain() -> None:
    workspace = generate(pages=1, posts=0, depth=20)

    assert critical_path(workspace, DATABASES) == 1 + 1 + 21
    assert bound_seconds(workspace, DATABASES, 1, 180) == 23
    assert critical_path(load(), DATABASES) > critical_path(generate(pages=1, posts=0), DATABASES) == 3


def test_waits_are_skipped_and_still_count() -> None:
    with Rig(partial(generate, pages=0, posts=200), latency_ms=0) as rig:
        run = rig.measure("two windows")

        assert 55 < rig.skipped_seconds < run.seconds
