"""The benches on a small scale. What is counted may not get worse than it was; what is timed is not
looked at.

How many KV commands a run takes moves by a few with the order in which pages come in: the most that
was seen stands here. Those of a first run hold the texts of the scripts, which its KV does not know
yet.
"""

import time
from functools import partial
from pathlib import Path

import pytest

from bench import edits, growth, report, trace
from bench.bound import bound_seconds, critical_path
from bench.changes import OTHER_ROW, edit_two_rows
from bench.figures import Figures
from bench.results import Results
from bench.rig import DATABASES, Rig
from dev.notion.generate import generate
from dev.notion.load import load
from lib.sync.webhook import WINDOW_SECONDS


@pytest.fixture(scope="module")
def runs() -> dict[str, Figures]:
    """The sample workspace, in one window and with little latency: everything, nothing changed, two
    pages changed, one page of which the webhook tells."""
    with Rig(latency_ms=60) as rig:
        full = rig.measure("full")
        rig.settle()
        unchanged = rig.measure("unchanged")
        edit_two_rows(rig.notion.edit)
        rig.settle()
        two = rig.measure("two")
        rig.subscribe()
        rig.notion.edit.append_blocks(OTHER_ROW, [{"paragraph": "A thought that Notion tells of."}])
        rig.settle()
        return {
            "full": full,
            "unchanged": unchanged,
            "two": two,
            "told": rig.measure_webhook("told"),
        }


@pytest.mark.parametrize(
    ("name", "requests", "kv_commands", "written"),
    [("full", 103, 152, 39), ("unchanged", 13, 20, 0), ("two", 48, 34, 2), ("told", 2, 30, 1)],
)
def test_a_run_costs_no_more_than_it_did(
    runs: dict[str, Figures], name: str, requests: int, kv_commands: int, written: int
) -> None:
    """Of a full sync, four KV commands for each of 37 pages and one child database."""
    run = runs[name]

    assert (run.status, run.throttled) == ("delivered", 0)
    assert run.requests <= requests
    assert run.kv_commands <= kv_commands
    assert run.written <= written
    assert run.messages == len(run.slices) == 1


def test_a_run_of_many_windows_spends_each_of_them_and_waits_only_for_the_next() -> None:
    [size] = list(growth.measure([400]))
    full, small = size.full, size.small

    assert (full.status, full.synced, full.throttled) == ("delivered", 400, 0)
    assert full.requests <= 407
    assert full.kv_commands <= 600
    assert [call.requests for call in full.slices] == [
        160,
        160,
        full.requests - 320,
    ], "visitors have a share of 20"
    assert full.messages == 3
    assert full.seconds > full.bound == 120
    assert (small.unchanged.synced, small.unchanged.messages) == (0, 1)
    assert small.unchanged.requests <= 5
    assert small.unchanged.kv_commands <= 20
    assert (small.two.written, small.two.messages) == (2, 1)
    assert small.two.requests <= small.unchanged.requests + 2
    assert (small.webhook.written, small.webhook.messages, small.webhook.requests) == (1, 1, 2)
    assert small.webhook.kv_commands <= 30
    assert small.webhook.kv_bytes <= 100_000 + 2 * small.bundle_bytes
    assert small.deleted.requests <= small.unchanged.requests + growth.DELETED


def test_the_report_shows_what_was_measured(runs: dict[str, Figures], tmp_path: Path) -> None:
    results = Results(
        measured={"full": "then and there", "changes": "then", "trace": "then"}, full=[runs["full"]]
    )
    asked = [
        trace.Request(0.0, 0.2, "source"),
        trace.Request(0.2, 0.4, "list"),
        trace.Request(0.4, 0.6, "children: A"),
    ]
    results.trace = trace.Trace(seconds=1.0, bound=0.75, chain=8, requests=asked)
    results.changes = [runs["unchanged"], runs["two"]]

    report.write(results, tmp_path)

    written = (tmp_path / "RESULTS.md").read_text()
    assert "103 ÷ 101 = 1.020" in written
    assert "then and there" in written
    assert "of requests that need each other's answers has 8" in written
    assert "## Growth" not in written


def test_from_an_edit_to_the_site_and_what_a_burst_of_events_costs(tmp_path: Path) -> None:
    measured = edits.measure(times=1, events=6, pause_seconds=0.0, latency_ms=0)

    assert min(*measured.webhook, *measured.button) > edits.QUEUE_SECONDS
    assert measured.messages <= 3
    report.write(Results(measured={"edits": "then"}, edits=measured), tmp_path)
    written = (tmp_path / "RESULTS.md").read_text()
    assert "Messages for 6 events" in written
    assert "the button → the site is told" in written


def test_steady_edits_of_five_pages_cost_a_message_for_each_window_and_five_more() -> None:
    began = time.monotonic()
    hour = edits.measure_hour(seconds=48)
    seconds = 48 + time.monotonic() - began  # the clocks are moved, and go on by themselves

    assert (hour.pages, hour.events) == (5, 10)
    assert 5 < hour.messages <= 6 + seconds / WINDOW_SECONDS
    assert hour.requests <= 2 * hour.pages * hour.messages
    assert hour.kv_commands > hour.events


def test_a_percentile_is_one_of_what_was_measured() -> None:
    assert [edits.percentile([3.0, 1.0, 2.0, 9.0], share) for share in (0.5, 0.95)] == [2.0, 9.0]


def test_the_bound_counts_windows_and_what_comes_after_them() -> None:
    workspace = generate(pages=100, posts=200)  # 305 requests

    assert bound_seconds(workspace, DATABASES, 0.25, 180) == 60 + 8 * 0.25
    assert bound_seconds(workspace, DATABASES, 0.25, None) == 20 * 0.25


def test_a_trace_says_how_many_were_under_way_and_for_how_long() -> None:
    asked = [
        trace.Request(0, 2, "source"),
        trace.Request(0, 1, "source"),
        trace.Request(2, 3, "children: A"),
    ]
    seen = trace.Trace(seconds=4, bound=3, chain=2, requests=asked)

    assert {count: seconds for count, seconds in seen.under_way.items() if seconds} == {1: 2, 2: 1}
    assert (seen.asking_seconds, seen.listed_at) == (3, 2)
    assert " 2.00  3.00 |" in list(trace.waterfall(seen))[2]


def test_the_bound_of_a_deep_tree_is_its_longest_chain() -> None:
    workspace = generate(pages=1, posts=0, depth=20)

    assert critical_path(workspace, DATABASES) == 1 + 1 + 21
    assert bound_seconds(workspace, DATABASES, 1, 180) == 23
    assert (
        critical_path(load(), DATABASES) > critical_path(generate(pages=1, posts=0), DATABASES) == 3
    )


def test_waits_are_skipped_and_still_count() -> None:
    with Rig(partial(generate, pages=0, posts=200), latency_ms=0) as rig:
        run = rig.measure("two windows")

        assert 30 < rig.skipped_seconds < run.seconds
