"""Whether the site is up to date, from what KV holds."""

import pytest

from lib.model import ListingRecord, Problem, Source, SourceRecord
from lib.store.history import Overdue, SiteFacts, SourceHistory
from lib.store.runs import Run, run_of
from lib.sync.verdict import Rhythm, verdict_json
from lib.times import iso

NOW = 1_780_000_000.0
DAY = 86_400.0
DAILY = Rhythm(DAY, 180)
FULL = SiteFacts(pages=37, child_pages=7)
LATE = Overdue(Problem("p1", "about", "About", "page", "Notion answered 500"), NOW - 60, True)


def source(synced_ago: float = 60.0) -> SourceHistory:
    record = SourceRecord(reference="ref", source=Source("pages", "db", "ds"))
    return SourceHistory(record, ListingRecord(), iso(NOW - synced_ago), 30)


def run(status: str = "delivered", took: float = 4.0, **fields: str) -> Run:
    times = {"triggeredAt": f"{(NOW - 100) * 1000:.0f}"}
    times["finishedAt"] = f"{(NOW - 100 + took) * 1000:.0f}"
    return run_of({"runId": "run_1", "status": status, **times, **fields})


def state(
    facts: SiteFacts = FULL,
    *runs: Run,
    ago: float = 60.0,
    rhythm: Rhythm = DAILY,
) -> str:
    found: str = verdict_json(facts, runs, {"pages": source(), "posts": source(ago)}, rhythm, NOW)[
        "state"
    ]
    return found


def test_a_site_whose_sources_were_all_synced_lately_is_current() -> None:
    assert state(FULL, run()) == "current"


def test_a_site_of_which_something_could_not_be_read_is_behind() -> None:
    facts = SiteFacts(pages=37, child_pages=7, overdue=[LATE])

    told = verdict_json(facts, [run()], {"pages": source()}, DAILY, NOW)

    assert told["state"] == "behind"
    assert told["overdue"] == [
        {
            "pageId": "p1",
            "slug": "about",
            "title": "About",
            "kind": "page",
            "reason": "Notion answered 500",
            "since": iso(NOW - 60),
            "published": True,
        }
    ]


def test_a_source_that_is_not_configured_any_more_keeps_nobody_behind() -> None:
    gone = Overdue(Problem(title="news", kind="source", reason="not shared"), NOW, False)
    here = Overdue(Problem(title="pages", kind="source", reason="not shared"), NOW, False)

    assert state(SiteFacts(pages=1, overdue=[gone])) == "current"
    assert state(SiteFacts(pages=1, overdue=[here])) == "behind"


@pytest.mark.parametrize(
    ("ago", "rhythm", "expected"),
    [
        (1.9 * DAY, DAILY, "current"),
        (2.1 * DAY, DAILY, "stale"),
        (3 * 3600, Rhythm(3600, 180), "stale"),
        (1.9 * DAY, Rhythm(None, 180), "current"),
        (2.1 * DAY, Rhythm(None, 180), "stale"),
    ],
)
def test_a_site_is_stale_after_two_periods_without_a_full_run(
    ago: float, rhythm: Rhythm, expected: str
) -> None:
    assert state(FULL, run(), ago=ago, rhythm=rhythm) == expected


def test_a_site_whose_last_full_run_failed_is_blocked() -> None:
    assert state(FULL, run("failed"), run()) == "blocked"
    assert state(FULL, run(), run("failed")) == "current"
    assert state(FULL, run("active"), run("failed")) == "blocked"


@pytest.mark.parametrize("about", [{"page": "no-such-page"}, {"window": "7"}])
def test_a_run_of_one_page_or_of_edits_says_nothing_of_the_site(about: dict[str, str]) -> None:
    assert state(FULL, run("failed", 4.0, **about), run()) == "current"


def test_a_site_without_a_page_and_without_a_run_is_empty() -> None:
    told = verdict_json(SiteFacts(), [], {"pages": None}, DAILY, NOW)

    assert (told["state"], told["lastFullRunAt"], told["lastEventAt"]) == ("empty", None, None)


def test_pages_are_rows_and_child_pages() -> None:
    told = verdict_json(FULL, [], {"pages": source()}, DAILY, NOW)

    assert (told["pages"], told["rows"], told["childPages"]) == (37, 30, 7)


def test_addresses_are_told_in_their_order() -> None:
    facts = SiteFacts(pages=2, slugs=["visit", "home"])

    assert verdict_json(facts, [], {}, DAILY, NOW)["slugs"] == ["home", "visit"]


@pytest.mark.parametrize(
    ("began_ago", "used", "resets_at"), [(20, 17, iso(NOW + 40)), (61, 0, None)]
)
def test_the_budget_is_that_of_the_minute_under_way(
    began_ago: float, used: int, resets_at: str | None
) -> None:
    facts = SiteFacts(minute_began=NOW - began_ago, minute_used=17)

    told = verdict_json(facts, [], {}, DAILY, NOW)["budget"]

    assert told == {"used": used, "limit": 180, "resetsAt": resets_at}


def test_freshness_counts_to_the_moment_when_the_site_was_told() -> None:
    told = run("delivered", 4.0, written="1", **{"told:revalidate": f"{(NOW - 93.5) * 1000:.0f}"})
    older = run(
        "delivered", 4.0, written="1", **{"told:revalidate": "9f2c"}
    )  # of a version that noted no time

    for one, seconds in ((told, 6.5), (older, 4.0)):
        found = verdict_json(FULL, [one], {"pages": source()}, DAILY, NOW)["freshness"]
        assert found["p50Seconds"] == seconds


def test_freshness_is_of_runs_that_changed_something_in_seven_days() -> None:
    runs = [run(took=float(took), written="1") for took in range(1, 21)]
    others = [run(took=500.0), run("failed", took=500.0, written="1")]
    old = run_of(
        {
            "runId": "run_1",
            "status": "delivered",
            "triggeredAt": f"{(NOW - 8 * DAY) * 1000:.0f}",
            "finishedAt": f"{(NOW - 7.9 * DAY) * 1000:.0f}",
            "written": "1",
        }
    )

    told = verdict_json(FULL, [*runs, *others, old], {"pages": source()}, DAILY, NOW)["freshness"]

    assert told == {"p50Seconds": 10.0, "p95Seconds": 19.0, "runs": 20, "days": 7}
    assert verdict_json(FULL, [], {}, DAILY, NOW)["freshness"]["p50Seconds"] is None
