"""What the status tells while a story happens."""

from typing import Any

import httpx
import pytest

from dev.qstash import Fault as QueueFault
from dev.stack import Stack
from lib.store.runs import SILENCE
from tests.stack.site import NOWHERE, Site
from tests.waiting import until

VISIT = "aaaaaaaa-0000-4000-8000-000000000002"


def told(site: Site, **query: str) -> Any:
    answer = site.stack.get("/api/sync/status", **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_door_is_closed_without_the_secret(site: Site) -> None:
    answer = httpx.get(f"{site.stack.url}/api/sync/status", trust_env=False)

    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_a_run_is_seen_under_way_and_then_delivered(site: Site) -> None:
    site.notion.latency.set(20)
    asked = site.stack.get("/api/sync/trigger").json()

    under_way = told(site)
    assert (under_way["active"]["runId"], under_way["active"]["jobId"]) == (
        asked["runId"],
        asked["jobId"],
    )
    assert under_way["active"] == under_way["runs"][0]
    site.ended(asked["runId"])
    after = told(site)

    assert after["active"] is None
    assert told(site, run=asked["runId"]) == after["runs"][0]
    run = after["runs"][0]
    assert (run["status"], run["synced"], run["remaining"]) == ("delivered", run["toSync"], 0)
    assert run["durationMs"] > 0
    assert {source["name"]: source["pages"] for source in after["sources"]} == {
        name: site.read(f"{name}:index")["total"] for name in ("pages", "posts")
    }
    assert all(source["lastSyncAt"] and source["lastListedAt"] for source in after["sources"])


def test_a_call_costs_one_kv_command_and_so_does_one_run(site: Site) -> None:
    run = site.sync()
    site.load_scripts()
    site.kv.commands.clear()

    told(site)
    assert site.kv.commands.total() == 1
    told(site, run=run["runId"])
    assert site.kv.commands.total() == 2


def test_an_unknown_run_is_not_found(site: Site) -> None:
    for run_id in ("run_nope", "x:errors", "ä"):
        answer = site.stack.get("/api/sync/status", run=run_id)
        assert answer.status_code == 404
        assert "No such run" in answer.json()["error"]


def test_an_unknown_page_ends_as_failed_with_an_entry_in_errors(site: Site) -> None:
    site.sync(page=NOWHERE)

    [run] = told(site)["runs"]
    [error] = run["errors"]
    assert (run["status"], run["scope"], error["slug"]) == ("failed", f"page:{NOWHERE}", NOWHERE)
    assert "Notion does not show it" in error["reason"]


def test_a_worker_that_qstash_calls_in_vain_is_told_of(site: Site) -> None:
    site.qstash.fail(QueueFault("wrong_sub", times=9))
    asked = site.stack.get("/api/sync/trigger").json()
    until(lambda: any(message.attempts for message in site.qstash.messages))
    site.command("HSET", f"sync:run:{asked['runId']}", "triggeredAt", "1780000000000")

    [warning] = told(site)["active"]["warnings"]

    assert told(site)["active"]["notes"] == [{"cause": "undelivered", "reason": warning}]
    assert "HTTP 401" in warning
    assert "is for another address" in warning
    assert told(site)["runs"][0]["status"] == "pending"


def test_a_run_that_died_is_shown_as_failed_before_anybody_asks_for_another(site: Site) -> None:
    site.qstash.fail(QueueFault("drop"))
    asked = site.stack.get("/api/sync/trigger").json()
    site.command(
        "HSET",
        f"sync:run:{asked['runId']}",
        "aliveUntil",
        "1780000000000",
        "status",
        "active",
        "jobIds",
        "",
    )

    after = told(site)

    assert after["active"] is None
    assert (after["runs"][0]["status"], after["runs"][0]["errors"][0]["reason"]) == (
        "failed",
        SILENCE,
    )


@pytest.mark.usefixtures("no_limit")
def test_the_site_is_empty_then_current_and_behind_while_a_page_cannot_be_read(site: Site) -> None:
    assert told(site)["site"]["state"] == "empty"
    site.sync()
    current = told(site)["site"]
    assert (current["state"], current["overdue"]) == ("current", [])
    assert (current["pages"], current["rows"], current["childPages"]) == (37, 30, 7)
    assert current["freshness"]["runs"] == 1
    assert 0 < current["budget"]["used"] <= current["budget"]["limit"]

    site.later()
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "New"}])
    site.notion.faults.add("403", path=f"/v1/blocks/{VISIT}/children", times=None)
    site.sync()

    behind = told(site)["site"]
    [late] = behind["overdue"]
    assert behind["state"] == "behind"
    assert (late["pageId"], late["slug"], late["kind"], late["published"]) == (
        VISIT,
        "visit",
        "page",
        True,
    )
    since = late["since"]
    site.sync(page=NOWHERE)
    [late] = told(site)["site"]["overdue"]
    assert late["since"] == since, "another page's run changes nothing"

    site.notion.faults.clear()
    site.sync()
    assert told(site)["site"]["state"] == "current"


def test_a_run_tells_its_slices_what_it_waited_for_and_what_it_changed(
    site: Site, stack: Stack
) -> None:
    stack.set("NOTION_REQUESTS_PER_MINUTE", "40")
    try:
        run_id = stack.get("/api/sync/trigger").json()["runId"]
        until(lambda: told(site, run=run_id)["waiting"])
        waiting = told(site, run=run_id)["waiting"]
        site.qstash.advance(61)
        stack.set("NOTION_REQUESTS_PER_MINUTE", "100000")
        site.ended(run_id)
    finally:
        stack.set("NOTION_REQUESTS_PER_MINUTE", "")

    run = told(site, run=run_id)
    assert waiting["cause"] == "rate_limited"
    assert run["waiting"] is None
    assert [part["kind"] for part in run["timeline"]].count("slice") == run["slices"]
    assert {
        (part["reason"], part["cause"]) for part in run["timeline"] if part["kind"] == "wait"
    } == {(waiting["reason"], "rate_limited")}
    assert run["changed"] == sorted(site.bundles().slugs.values())[:50]
    site.notion.edit.trash(VISIT)
    assert told(site, run=site.sync()["runId"])["removed"] == ["visit"]
