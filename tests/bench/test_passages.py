"""What the documents say of costs and figures is what was measured."""

import re
import shutil
from pathlib import Path

import pytest

from bench import passages, report, results
from bench.edits import Edits, Hour
from bench.passages import PLACES, ROOT
from bench.results import Results
from bench.storage import KINDS, Price, Sizes, Storage

MARK = re.compile(r"<!-- (\w+) -->")
EDITS = Edits(
    webhook=[1.0] * 10 + [2.0] * 8 + [3.04] * 2,
    button=[1.5] * 19 + [9.0],
    events=50,
    burst_seconds=10.0,
    messages=2,
)
STORAGE = Storage(
    Sizes(pages=10, kinds=dict.fromkeys(KINDS, 10_000), refs=500),
    48_000,
    (Price(181.0, 2.5), Price(180.0, 2.25)),
)
HOUR = Hour(
    pages=5,
    seconds=3600.0,
    every_seconds=24.0,
    events=750,
    messages=149,
    requests=7_500,
    kv_commands=9_000,
    cpu_seconds=60.0,
)


def test_the_documents_show_what_was_measured() -> None:
    for name, passage in passages.passages(results.read()).items():
        text = (ROOT / PLACES[name]).read_text("utf-8")
        assert passages.placed(text, name, passage) == text, "run `python -m bench costs`"


def test_the_report_shows_what_was_measured(tmp_path: Path) -> None:
    report.write(results.read(), tmp_path)

    for name in ("RESULTS.md", "growth.svg", "peers.svg"):
        assert (tmp_path / name).read_text("utf-8") == (ROOT / "bench" / name).read_text("utf-8")


def test_every_mark_has_its_passage_and_stands_where_that_belongs() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "bench").glob("*.md")]
    marks = [
        (name, document.relative_to(ROOT).as_posix())
        for document in documents
        for name in MARK.findall(document.read_text("utf-8"))
    ]

    assert sorted(marks) == sorted(PLACES.items())
    assert set(passages.passages(Results())) == set(PLACES)


def test_the_promise_says_how_soon_an_edit_is_live_and_what_notion_adds_to_it() -> None:
    promise = passages.passages(Results(edits=EDITS))["promise"]

    first, _, measure = promise.replace("\n", " ").partition("  ")
    assert "up when Notion is down, edits are live in 3.0 s, and nothing is ever half" in first
    assert "95 of 100 within 3.0 s, half within 1.0 s; from a *Publish* button 95 of 100" in measure
    assert "within 1.5 s." in measure
    assert passages.NOTIONS_DELAY in measure


def test_without_its_figures_a_sentence_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for place in set(PLACES.values()):
        shutil.copy(ROOT / place, tmp_path / place)

    passages.write(Results(edits=EDITS, storage=STORAGE), tmp_path)
    assert "edits are live in 3.0 s" in (tmp_path / "README.md").read_text("utf-8")
    assert "| 2.0 s |" not in (tmp_path / "docs/costs.md").read_text("utf-8")
    passages.write(Results(), tmp_path)

    readme = (tmp_path / "README.md").read_text("utf-8")
    assert "down, and nothing is ever half published." in readme
    assert "edits are live" not in readme
    assert "gathers" not in readme
    emptied = (tmp_path / "docs/costs.md").read_text("utf-8")
    assert "<!-- freshness -->\n<!-- /freshness -->" in emptied
    assert "<!-- storage -->\n<!-- /storage -->" in emptied


def test_how_soon_and_how_large_stand_in_tables() -> None:
    written = passages.passages(Results(edits=EDITS, storage=STORAGE))

    assert "| Notion's webhook → the site is told | 1.0 s | 3.0 s |" in written["freshness"]
    assert "50 events of one page in 10 s cost 2 messages." in written["freshness"]
    assert passages.NOTIONS_DELAY in written["freshness"]
    assert "| texts (`doc:`) | 10.0 | 16.7 % | 1,000 bytes |" in written["storage"]
    assert "| of these, `refs` | 0.5 | 0.8 % | 50 bytes |" in written["storage"]
    assert "| saved by `SYNC_DOCS=off` | 12.0 | 20.0 % | 1,200 bytes |" in written["storage"]
    words = written["storage"].replace("\n", " ")
    assert "ten levels deep, took 181.0 s with texts and 180.0 s without (+0.6 %)" in words


def test_an_hour_of_steady_edits_has_a_row_where_it_was_measured() -> None:
    measured = results.read()
    measured.hour = None
    without = passages.passages(measured)["costs"]
    measured.hour = HOUR

    assert passages.passages(measured)["costs"].removeprefix(without) == (
        "\n| **any** | an hour of steady edits of 5 pages | 7,500 | 149 | 9,000 | 60 s |  |  |"
    )


def test_the_report_holds_an_hour_of_steady_edits_against_its_bar(tmp_path: Path) -> None:
    report.write(Results(measured={"hour": "then"}, hour=HOUR), tmp_path)

    written = (tmp_path / "RESULTS.md").read_text("utf-8")
    assert (
        "| Messages for 60 minutes of steady edits of 5 pages | ≤ 150 | 149 | reached |" in written
    )
    assert "750 events, 149 messages, 7,500 requests and 9,000 KV commands." in written


def test_a_passage_without_its_place_is_an_error() -> None:
    with pytest.raises(LookupError, match="0 places are marked <!-- costs -->"):
        passages.placed("nothing here", "costs", "| |")


def test_a_passage_that_was_empty_is_filled_and_emptied_again() -> None:
    empty = "Before.\n<!-- costs -->\n<!-- /costs -->\nAfter."
    filled = passages.placed(empty, "costs", "| |")

    assert filled == "Before.\n<!-- costs -->\n| |\n<!-- /costs -->\nAfter."
    assert passages.placed(filled, "costs", "") == empty
