"""What is wrong is refused with the reason, and nothing is lost."""

import time

import httpx
import pytest

from dev.notion import TOKEN
from dev.qstash import Fault as QueueFault
from dev.stack import Stack
from dev.upstash import Fault as KvFault
from lib.qstash.signature import sign_delivery
from lib.secret import Secret, derived_secret
from tests.stack.site import DATABASES, NOWHERE, Site
from tests.waiting import until


def deliver(site: Site, body: bytes, **headers: str) -> httpx.Response:
    """Calls the worker as QStash would."""
    address = f"{site.stack.url}/api/sync/worker"
    signed = {
        "Upstash-Signature": sign_delivery(
            body, address, site.qstash.current_signing_key, int(time.time())
        ),
        "x-sync-secret": derived_secret(Secret(site.stack.secret)),
    }
    return httpx.post(address, content=body, headers=signed | headers, trust_env=False, timeout=60)


def test_without_the_secret_nobody_is_served(site: Site) -> None:
    for path in ("/api/sync/trigger", "/api/sync"):
        for query in ({}, {"secret": "wrong"}):
            answer = httpx.get(f"{site.stack.url}{path}", params=query, trust_env=False)
            assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_the_secret_counts_in_the_query_too(site: Site) -> None:
    answer = httpx.get(
        f"{site.stack.url}/api/sync/trigger", params={"secret": site.stack.secret}, trust_env=False
    )

    assert answer.status_code == 202
    answer_json = answer.json()
    assert list(answer_json) == ["ok", "jobId", "runId", "message", "dashboardUrl", "statusUrl"]
    assert answer_json["message"] == "Sync job started in background"
    assert (
        answer_json["dashboardUrl"]
        == f"https://console.upstash.com/qstash?messageId={answer_json['jobId']}"
    )
    assert (
        answer_json["statusUrl"] == f"{site.stack.url}/api/sync/status?run={answer_json['runId']}"
    )
    site.ended(answer_json["runId"])


def test_an_unknown_source_is_named_with_the_known_ones(site: Site) -> None:
    answer = site.stack.get("/api/sync/trigger", source="nope")

    assert answer.status_code == 400
    assert "pages, posts" in answer.json()["error"]


def test_a_page_that_can_not_be_one_is_refused_at_once(site: Site) -> None:
    answer = site.stack.get("/api/sync/trigger", page="nope")

    assert answer.status_code == 400
    assert "neither the slug of a published page" in answer.json()["error"]
    assert not site.qstash.messages


def test_an_unknown_page_ends_the_run_as_failed_without_retries(site: Site) -> None:
    run = site.sync(page=NOWHERE)

    assert run["status"] == "failed"
    assert NOWHERE in run["error"]
    assert run.get("retries", "0") == "0"


@pytest.mark.parametrize(
    "body", [b"not json", b"\xff\xfe", b"[1]", b'{"force": "yes"}', b'{"slice": -1, "runId": "r"}']
)
def test_a_message_that_is_no_message_is_refused(site: Site, body: bytes) -> None:
    assert deliver(site, body, **{"Upstash-Message-Id": "msg_1"}).status_code == 400


def test_a_message_nobody_signed_is_refused_even_with_the_right_secret(site: Site) -> None:
    answer = deliver(
        site, b"{}", **{"Upstash-Signature": "", "Authorization": f"Bearer {site.stack.secret}"}
    )

    assert answer.status_code == 401


def test_a_signed_message_without_the_forwarded_secret_is_refused(site: Site) -> None:
    assert deliver(site, b"{}", **{"x-sync-secret": ""}).status_code == 401


def test_a_message_from_the_console_works(site: Site) -> None:
    answer = deliver(site, b'{"force": true}', **{"Upstash-Message-Id": "msg_from_the_console"})

    assert (answer.status_code, answer.json()["status"]) == (200, "done")
    site.check()


def test_a_body_of_six_megabytes_is_refused(site: Site) -> None:
    assert deliver(site, b" " * 6_000_000).status_code == 413


@pytest.mark.parametrize(
    "fault", [QueueFault(how="expired"), QueueFault(how="wrong_sub")], ids=lambda fault: fault.how
)
def test_a_delivery_with_a_bad_signature_is_refused(site: Site, fault: QueueFault) -> None:
    site.qstash.fail(fault)
    try:
        run_id = site.stack.get("/api/sync/trigger").json()["runId"]
        until(lambda: any(message.attempts for message in site.qstash.messages))
        assert site.qstash.messages[0].attempts[0].answer.status == 401
        assert site.run(run_id)["status"] == "pending"
    finally:
        site.qstash.heal()


def test_a_revoked_token_fails_the_run_at_once(site: Site) -> None:
    site.notion.edit.revoke_token(TOKEN)

    run = site.sync()

    assert run["status"] == "failed"
    assert "NOTION_TOKEN" in run["error"]
    assert run.get("retries", "0") == "0"


def test_a_database_that_is_not_shared_is_an_error_of_its_source_and_keeps_what_is_published(
    site: Site,
) -> None:
    site.sync()
    before = site.published()
    site.notion.edit.unshare(DATABASES[1])

    run = site.sync()

    [error] = site.stack.get("/api/sync/status", run=run["runId"]).json()["errors"]
    assert (run["status"], error["kind"], error["title"]) == ("delivered", "source", "posts")
    assert "share" in error["reason"]
    assert error["cause"] == "unshared"
    assert site.published() == before


def test_where_no_database_is_shared_the_run_fails_and_keeps_what_is_published(site: Site) -> None:
    site.sync()
    before = site.published()
    for database in DATABASES:
        site.notion.edit.unshare(database)

    run = site.sync()

    assert run["status"] == "failed"
    assert "share" in run["error"]
    assert site.published() == before


def test_notion_answering_html_is_asked_again(site: Site) -> None:
    site.notion.faults.add("html-502", times=5)

    run = site.sync()

    assert run["status"] == "delivered"
    site.check()


def test_kv_refusing_is_temporary_trouble(site: Site) -> None:
    site.kv.fail(KvFault(how="refused", times=0))
    try:
        answer = site.stack.get("/api/sync")
    finally:
        site.kv.heal()

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_when_kv_is_away_the_trigger_publishes_all_the_same(site: Site) -> None:
    site.kv.fail(KvFault(how="reset", matching="sync:active", times=3))

    answer = site.stack.get("/api/sync/trigger")

    assert answer.status_code == 202
    assert site.ended(answer.json()["runId"])["status"] == "delivered"


def test_qstash_over_its_daily_limit_names_the_way_out(site: Site) -> None:
    site.qstash.fail(QueueFault(how="publish_daily"))
    try:
        answer = site.stack.get("/api/sync/trigger")
    finally:
        site.qstash.heal()

    assert answer.status_code in (502, 503)
    assert "/api/sync" in answer.json()["error"]
    assert site.stack.get("/api/sync").json()["status"] == "done"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_told_what_is_allowed(site: Site, method: str) -> None:
    answer = httpx.request(method, f"{site.stack.url}/api/sync/trigger", trust_env=False)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")


def test_a_missing_setting_is_named(site: Site, stack: Stack) -> None:
    stack.set("NOTION_SOURCES", "")
    try:
        answer = site.stack.get("/api/sync/trigger")
    finally:
        stack.set("NOTION_SOURCES", stack.environ["NOTION_SOURCES"])

    assert answer.status_code == 500
    assert "NOTION_SOURCES" in answer.json()["error"]
