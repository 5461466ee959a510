"""When the cron of vercel.json asks next."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lib.sync.cron import Cron, next_cron, next_time

ROOT = Path(__file__).parent.parent.parent


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("0 5 * * *", "2026-07-01T04:59:59", "2026-07-01T05:00"),
        ("0 5 * * *", "2026-07-01T05:00:00", "2026-07-02T05:00"),
        ("*/15 * * * *", "2026-07-01T05:01:00", "2026-07-01T05:15"),
        ("5,50 8-10 * * *", "2026-07-01T08:51:00", "2026-07-01T09:05"),
        ("0 0 1 * *", "2026-12-15T00:00:00", "2027-01-01T00:00"),
        ("0 9 * * 1-5", "2026-07-03T09:00:00", "2026-07-06T09:00"),  # a Friday
        ("0 9 * * 0", "2026-07-03T09:00:00", "2026-07-05T09:00"),
        ("0 0 29 2 *", "2028-03-01T00:00:00", "2032-02-29T00:00"),
        ("10/20 0 * * *", "2026-07-01T00:11:00", "2026-07-01T00:30"),
    ],
)
def test_a_schedule_names_its_next_minute(schedule: str, after: str, expected: str) -> None:
    assert next_time(schedule, at(after)) == at(expected)


def test_a_day_that_never_comes_has_no_time() -> None:
    assert next_time("0 0 31 2 *", at("2026-01-01T00:00")) is None


def test_of_several_crons_the_next_one_of_this_address_counts() -> None:
    settings = {
        "crons": [
            {"path": "/api/sync/trigger", "schedule": "0 5 * * *"},
            {"path": "/api/sync/trigger?source=posts", "schedule": "0 3 * * *"},
            {"path": "/api/other", "schedule": "0 1 * * *"},
        ]
    }

    found = next_cron(json.dumps(settings), "/api/sync/trigger", at("2026-07-01T00:00"))

    assert found == Cron("0 3 * * *", at("2026-07-01T03:00"))
    assert next_cron("{}", "/api/sync/trigger", 0.0) is None


def test_the_projects_own_cron_is_understood() -> None:
    assert (
        next_cron((ROOT / "vercel.json").read_text("utf-8"), "/api/sync/trigger", 0.0) is not None
    )
