"""How a run is shown: its record, corrected by its silence and by what QStash says."""

import msgspec
import pytest

from lib.model import ListingRecord, Problem, Source, SourceRecord
from lib.qstash.client import Delivery
from lib.store.history import Entry, SourceHistory, Stretch
from lib.store.runs import SILENCE, Run, run_of
from lib.sync.status import is_doubtful, judged_entry, run_json, source_json

NOW = 1_780_000_000.0


def run(
    status: str = "active", *, alive_for: float = 60.0, asked_ago: float = 10.0, **fields: str
) -> Run:
    ms = {"triggeredAt": str((NOW - asked_ago) * 1000), "aliveUntil": str((NOW + alive_for) * 1000)}
    return run_of({"runId": "run_1", "status": status, "jobIds": "msg_1,msg_2", **ms, **fields})


def seen(record: Run, delivery: Delivery | None = None) -> tuple[str, str, list[str]]:
    found = judged_entry(Entry(record, []), delivery, NOW).run
    return found.status, found.error, found.warnings


def test_a_run_that_shows_signs_of_life_is_what_its_record_says() -> None:
    assert not is_doubtful(run(), NOW)
    assert seen(run()) == ("active", "", [])


@pytest.mark.parametrize("status", ["pending", "active"])
def test_a_run_without_a_sign_of_life_has_failed(status: str) -> None:
    silent = run(status, alive_for=-1)

    assert is_doubtful(silent, NOW)
    assert seen(silent) == ("failed", SILENCE, [])
    assert seen(silent, Delivery("ended")) == ("failed", SILENCE, [])


@pytest.mark.parametrize("status", ["delivered", "failed", "cancelled"])
def test_a_run_that_has_ended_stays_as_it_ended(status: str) -> None:
    assert not is_doubtful(run(status, alive_for=-9999), NOW)
    assert seen(run(status, alive_for=-9999), Delivery("given up"))[0] == status


def test_a_run_that_waits_for_its_first_call_too_long_is_asked_about() -> None:
    assert not is_doubtful(run("pending", asked_ago=10), NOW)
    assert is_doubtful(run("pending", asked_ago=31), NOW)
    assert not is_doubtful(run("active", asked_ago=31), NOW)


def test_what_qstash_called_in_vain_is_told_before_the_run_is_given_up() -> None:
    late = run("pending", asked_ago=60)
    delivery = Delivery("under way", "HTTP 401 Authentication Required", NOW + 60)

    status, _, [warning] = seen(late, delivery)

    assert status == "pending"
    assert "HTTP 401 Authentication Required" in warning
    assert "2026-05-28T20:27:40.000Z" in warning
    assert seen(late, None) == seen(late, Delivery("ended")) == ("pending", "", [])


def test_a_message_that_qstash_gave_up_or_dropped_ends_the_run() -> None:
    late = run("pending", asked_ago=60)

    status, error, _ = seen(late, Delivery("given up", "HTTP 500 broken"))
    assert (status, "HTTP 500 broken" in error) == ("failed", True)
    assert seen(late, Delivery("cancelled"))[0] == "cancelled"


def test_a_run_is_told_in_the_contracts_words() -> None:
    record = run(
        "delivered",
        startedAt="1780000000000",
        finishedAt="1780000001500",
        toSync="9",
        synced="7",
        failed="1",
        force="1",
    )

    told = run_json(
        Entry(record, [Problem("id", "about", "About", "page", "Notion does not show it")]), NOW
    )

    assert list(told) == [
        *(
            "runId",
            "jobId",
            "status",
            "force",
            "scope",
            "triggeredAt",
            "startedAt",
            "finishedAt",
            "durationMs",
        ),
        *(
            "listed",
            "toSync",
            "synced",
            "unchanged",
            "deleted",
            "failed",
            "remaining",
            "slices",
            "retries",
        ),
        *(
            "notionRequests",
            "notionThrottled",
            "kvCommands",
            "images",
            "errors",
            "warnings",
            "askedBy",
            "timeline",
            "waiting",
            "changed",
            "removed",
        ),
    ]
    assert (told["jobId"], told["status"], told["force"], told["scope"]) == (
        "msg_1",
        "delivered",
        True,
        "all",
    )
    assert (told["startedAt"], told["durationMs"]) == ("2026-05-28T20:26:40.000Z", 1500)
    assert (told["synced"], told["remaining"]) == (7, 1)
    [error] = told["errors"]
    assert list(error) == ["pageId", "slug", "title", "kind", "reason"]
    assert list(error.values()) == ["id", "about", "About", "page", "Notion does not show it"]


def test_what_has_not_happened_yet_is_null() -> None:
    told = run_json(Entry(msgspec.structs.replace(run("pending"), job_ids=[]), []), NOW)

    assert [told[name] for name in ("jobId", "startedAt", "finishedAt", "durationMs")] == [None] * 4


@pytest.mark.parametrize(
    ("fields", "scope"),
    [
        ({}, "all"),
        ({"source": "posts"}, "source:posts"),
        ({"page": "about"}, "page:about"),
        ({"window": 7}, "edits"),
        ({"scheduled": 1_796_033_160}, "dates"),
    ],
)
def test_a_scope_says_what_was_asked_for(fields: dict[str, str | int], scope: str) -> None:
    assert run_json(Entry(msgspec.structs.replace(run(), **fields), []), NOW)["scope"] == scope


def test_what_failed_as_a_whole_stands_first_among_the_errors() -> None:
    told = run_json(Entry(run("failed", page="nope", error="no such page"), []), NOW)

    assert told["errors"] == [
        {"pageId": None, "slug": "nope", "title": "", "kind": "run", "reason": "no such page"}
    ]


def test_no_more_than_fifty_errors_are_told() -> None:
    problems = [Problem(str(number), "slug", reason="reason") for number in range(50)]

    errors = run_json(Entry(run("failed", error="broken"), problems), NOW)["errors"]

    assert (len(errors), errors[0]["reason"]) == (50, "broken")


def test_of_very_many_warnings_the_first_are_told() -> None:
    record = msgspec.structs.replace(
        run(), warnings=[f"warning {number}" for number in range(50)], warned=60
    )

    warnings = run_json(Entry(record, []), NOW)["warnings"]

    assert (len(warnings), warnings[0], warnings[-1]) == (51, "warning 0", "… and 10 more")


def history(
    reference: str = "ref", synced_at: str = "2026-07-01T00:00:00Z", listed_at: float = NOW
) -> SourceHistory:
    record = SourceRecord(reference, Source("posts", "db", "ds"))
    return SourceHistory(record, ListingRecord(listed_at=listed_at), synced_at, 3)


def test_a_source_is_told_with_what_is_known_of_it() -> None:
    assert source_json("posts", "ref", history()) == {
        "name": "posts",
        "databaseId": "db",
        "pages": 3,
        "lastSyncAt": "2026-07-01T00:00:00Z",
        "lastListedAt": "2026-05-28T20:26:40.000Z",
    }


@pytest.mark.parametrize("known", [None, history("another database")])
def test_a_source_that_was_never_synced_is_told_as_configured(known: SourceHistory | None) -> None:
    nothing = {
        "name": "posts",
        "databaseId": "ref",
        "pages": 0,
        "lastSyncAt": None,
        "lastListedAt": None,
    }

    assert source_json("posts", "ref", known) == nothing


def test_a_source_that_was_found_and_not_listed_yet_has_no_times() -> None:
    told = source_json("posts", "ref", history(synced_at="", listed_at=0.0))

    assert (told["databaseId"], told["lastSyncAt"], told["lastListedAt"]) == ("db", None, None)


def test_slices_and_what_they_waited_for_are_told_in_their_order() -> None:
    slices = [
        Stretch(0, "0", NOW, NOW + 10, "Notion's request budget is used up for 37 s"),
        Stretch(0, "1", NOW, NOW + 12, ""),
        Stretch(1, "1", NOW + 12.2, NOW + 20, ""),
        Stretch(1, "0", NOW + 47, NOW + 50, ""),
    ]

    told = run_json(Entry(run("delivered"), [], slices), NOW)["timeline"]

    assert [(one["kind"], one["slice"], one["lane"], one["reason"]) for one in told] == [
        ("slice", 0, "0", "Notion's request budget is used up for 37 s"),
        ("slice", 0, "1", None),
        ("slice", 1, "1", None),
        ("wait", 1, "0", "Notion's request budget is used up for 37 s"),
        ("slice", 1, "0", None),
    ]
    assert (told[3]["startedAt"], told[3]["endedAt"]) == (told[0]["endedAt"], told[4]["startedAt"])


def test_of_very_many_slices_the_last_parts_are_told() -> None:
    slices = [Stretch(n, "0", NOW + 9 * n, NOW + 9 * n + 3, "") for n in range(60)]

    told = run_json(Entry(run(), [], slices), NOW)["timeline"]

    assert (len(told), told[-1]["slice"], told[-1]["kind"]) == (60, 59, "slice")


def test_a_run_says_what_it_waits_for_and_until_when() -> None:
    waits = {"waitsUntil": f"{(NOW + 37) * 1000:.0f}", "waitsFor": "Notion's minute is used up"}

    assert run_json(Entry(run("active", alive_for=60, asked_ago=10, **waits), []), NOW)[
        "waiting"
    ] == {
        "reason": "Notion's minute is used up",
        "until": "2026-05-28T20:27:17.000Z",
    }
    assert (
        run_json(Entry(run("active", alive_for=60, asked_ago=10, **waits), []), NOW + 38)["waiting"]
        is None
    )
    assert (
        run_json(Entry(run("failed", alive_for=60, asked_ago=10, **waits), []), NOW)["waiting"]
        is None
    )
    assert run_json(Entry(run(), []), NOW)["waiting"] is None


def test_a_cause_stands_beside_its_reason_and_only_where_it_is_known() -> None:
    slices = [
        Stretch(0, "0", NOW - 9, NOW - 8, "Notion said wait 7 s", "rate_limited"),
        Stretch(1, "0", NOW - 1, NOW, ""),
    ]
    until = f"{(NOW + 37) * 1000:.0f}"
    problem = Problem("id", reason="no", cause="unshared")
    entry = Entry(run(waitsUntil=until, waitsCause="rate_limited"), [problem], slices)

    told = run_json(entry, NOW)
    bare = run_json(Entry(run(waitsUntil=until, waitsCause="new"), []), NOW)

    assert [one.get("cause") for one in told["timeline"]] == ["rate_limited", "rate_limited", None]
    assert (told["waiting"]["cause"], told["errors"][0]["cause"]) == ("rate_limited", "unshared")
    assert "cause" not in told["timeline"][2] | bare["waiting"]
    assert "notes" not in told


def test_what_qstash_said_in_vain_is_a_note_with_its_cause_too() -> None:
    late = Entry(run("pending", asked_ago=60), [])

    told = run_json(judged_entry(late, Delivery("under way", "HTTP 401", NOW + 60), NOW), NOW)

    assert told["notes"] == [{"cause": "undelivered", "reason": told["warnings"][-1]}]
