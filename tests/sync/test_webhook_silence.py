"""Whether Notion's webhook should have told of what the cron found."""

import pytest

from lib.store.runs import Run, run_of
from lib.sync.webhook_silence import find_silence
from lib.times import iso_utc

NOW = 1_780_000_000.0
HOUR = 3600.0
DAY = 24 * HOUR


def run(name: str, ago: float, *, asked_by: str = "cron", written: int = 0, **facts: str) -> Run:
    """A whole run that was asked for so many seconds ago, and delivered."""
    fields = {
        "runId": name,
        "status": "delivered",
        "askedBy": asked_by,
        "written": str(written),
        "triggeredAt": f"{(NOW - ago) * 1000:.0f}",
        "finishedAt": f"{(NOW - ago + 5) * 1000:.0f}",
    }
    return run_of({**fields, **facts})


FOUND = run("found", HOUR, written=2)
BEFORE = run("before", DAY + HOUR)


def test_a_webhook_that_told_of_nothing_between_two_syncs_of_the_cron_is_silent() -> None:
    silence = find_silence([run("later", 60), FOUND, BEFORE], NOW - 2 * DAY, NOW)

    assert silence
    assert silence.run_id == "found"
    assert f"silent since {iso_utc(NOW - 2 * DAY)}" in silence.warning
    assert f"by cron at {iso_utc(NOW - HOUR)}" in silence.warning
    assert "subscription" in silence.warning


def test_a_webhook_that_has_told_of_nothing_yet_is_silent_too() -> None:
    silence = find_silence([FOUND, BEFORE], 0.0, NOW)

    assert silence
    assert "has sent no event yet" in silence.warning


@pytest.mark.parametrize("ago", [DAY, HOUR + 1, HOUR - 30, 0.0])
def test_one_that_told_of_something_since_the_sync_before_is_at_work(ago: float) -> None:
    assert find_silence([FOUND, BEFORE], NOW - ago, NOW) is None


def test_an_event_may_take_five_minutes() -> None:
    lately = run("lately", 299, written=1)

    assert find_silence([lately, BEFORE], NOW - 2 * DAY, NOW) is None
    assert find_silence([lately, BEFORE], NOW - 2 * DAY, NOW + 2) is not None


@pytest.mark.parametrize(
    ("found", "before"),
    [
        (run("found", HOUR), BEFORE),  # it changed nothing
        (run("found", HOUR, asked_by="person", written=2), BEFORE),
        (run("found", HOUR, asked_by="webhook", written=2, source="posts"), BEFORE),
        (run("found", HOUR, written=2, force="1"), BEFORE),  # of an edit or of anything else
        (run("found", HOUR, written=2, status="failed"), BEFORE),
        (FOUND, run("before", DAY, page="about")),  # it looked at one page
        (FOUND, run("before", DAY, status="failed")),
    ],
)
def test_nothing_is_said_where_no_edit_shows_that_it_should_have_told(
    found: Run, before: Run
) -> None:
    assert find_silence([found, before], 0.0, NOW) is None


def test_the_first_sync_of_all_finds_no_edits() -> None:
    assert find_silence([FOUND], 0.0, NOW) is None
    assert find_silence([], 0.0, NOW) is None
