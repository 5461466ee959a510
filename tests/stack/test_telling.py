"""Who is told how a run ended: people and the site, each once, whatever happens on the way."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from dev.listener import Listener
from dev.notion import TOKEN
from dev.qstash import Fault as QueueFault
from dev.qstash.message import Message
from dev.stack import Stack
from dev.upstash import Fault as KvFault
from lib.qstash.signature import sign_delivery
from lib.secret import Secret, derived_secret, webhook_secret
from lib.store.kv import ATTEMPTS
from tests.stack.site import Site, sync_once

NOTIFY = "/api/sync/notify"
SECRET = "the-secret-of-the-site"


pytestmark = pytest.mark.usefixtures("no_limit")


@pytest.fixture
def listener(stack: Stack) -> Iterator[Listener]:
    """Slack, another receiver and the site's revalidation route, all of them set up."""
    with Listener() as running:
        settings = {
            "SLACK_WEBHOOK_URL": f"{running.url}/slack",
            "NOTIFY_WEBHOOK_URL": f"{running.url}/hook",
            "REVALIDATE_URL": f"{running.url}/revalidate",
            "REVALIDATE_SECRET": SECRET,
        }
        for name, value in settings.items():
            stack.set(name, value)
        yield running
        for name in settings:
            stack.set(name, "")


def notify(site: Site, body: Any, path: str = NOTIFY, **headers: str) -> httpx.Response:
    """Calls the notifier as QStash would."""
    address, content = f"{site.stack.url}{path}", json.dumps(body).encode()
    signed = {
        "Upstash-Signature": sign_delivery(
            content, address, site.qstash.current_signing_key, int(time.time())
        ),
        "x-sync-secret": derived_secret(Secret(site.stack.secret)),
    }
    return httpx.post(
        address, content=content, headers=signed | headers, trust_env=False, timeout=60
    )


def told(listener: Listener) -> dict[str, int]:
    return {name: len(listener.heard(f"/{name}")) for name in ("slack", "hook", "revalidate")}


def edited(site: Site) -> str:
    """Edits one published row, and answers its slug."""
    site.notion.clock.advance(180)
    item = site.read("posts:index")["items"][0]
    site.notion.edit.append_blocks(item["id"], [{"paragraph": "One more line"}])
    slug: str = item["slug"]
    return slug


def test_a_changed_run_is_told_once_to_everybody(site: Site, listener: Listener) -> None:
    run = site.sync()

    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 1}
    assert "finished" in listener.heard("/slack")[0].json["text"]
    hook = listener.heard("/hook")[0]
    Webhook(webhook_secret(Secret(site.stack.secret))).verify(hook.body, hook.headers)
    assert (hook.json["type"], hook.json["data"]["runId"]) == ("sync.delivered", run["runId"])
    assert site.qstash.counts["publish"] == int(run["slices"]) + 1


@pytest.fixture
def only_site(stack: Stack, listener: Listener) -> Listener:
    """The site alone wants to know."""
    stack.set("SLACK_WEBHOOK_URL", "")
    stack.set("NOTIFY_WEBHOOK_URL", "")
    return listener


def notices(site: Site) -> list[Message]:
    return [message for message in site.qstash.messages if message.url.endswith(NOTIFY)]


def test_a_site_that_answers_is_told_by_the_last_slice_and_costs_no_message(
    site: Site, only_site: Listener
) -> None:
    run = site.sync()

    assert len(only_site.heard("/revalidate")) == 1
    assert (notices(site), site.qstash.counts["publish"]) == ([], int(run["slices"]))
    freshness = site.stack.get("/api/sync/status").json()["site"]["freshness"]
    told_after = (int(run["told:revalidate"]) - int(run["triggeredAt"])) / 1000
    assert freshness["p50Seconds"] == round(told_after, 1)


def test_a_site_that_refuses_is_told_by_the_queue(site: Site, only_site: Listener) -> None:
    only_site.fail("/revalidate", 500, times=1)

    site.sync()
    site.qstash.drain()

    assert len(only_site.heard("/revalidate")) == len(notices(site)) == 1
    assert len(only_site.heard("/revalidate", taken=False)) == 2


def test_a_slice_that_can_not_note_that_the_site_knows_leaves_it_to_the_queue(
    site: Site, only_site: Listener
) -> None:
    site.kv.fail(KvFault(how="error", matching=r"^HSET \S+ told:revalidate", times=ATTEMPTS))

    site.sync()
    site.qstash.drain()

    assert len(only_site.heard("/revalidate")) == 2  # harmless, where never is not
    assert len(notices(site)) == 1


def test_a_last_slice_that_was_killed_before_the_site_knew_is_made_good_by_its_next_delivery(
    site: Site, only_site: Listener
) -> None:
    run_id = site.sync()["runId"]
    last = json.loads(site.qstash.messages[-1].publication.body)
    worker = "/api/sync/worker"

    assert notify(site, last, worker).json()["status"] == "joined"
    assert notices(site) == []

    site.command("HDEL", f"sync:run:{run_id}", "told:revalidate")
    assert notify(site, last, worker).json()["status"] == "joined"
    site.qstash.drain()
    assert (len(notices(site)), len(only_site.heard("/revalidate"))) == (1, 2)


def test_an_unchanged_run_tells_nobody_and_sends_no_message(site: Site, listener: Listener) -> None:
    sync_once(site)
    site.notion.clock.advance(180)
    site.sync()
    listener.reset()
    before = site.qstash.counts["publish"]

    run = site.sync()

    assert told(listener) == {"slack": 0, "hook": 0, "revalidate": 0}
    assert site.qstash.counts["publish"] == before + int(run["slices"])


def test_people_who_want_to_hear_of_every_run_do(
    site: Site, stack: Stack, listener: Listener
) -> None:
    sync_once(site)
    site.notion.clock.advance(180)
    site.sync()
    listener.reset()
    stack.set("NOTIFY_ON", "always")
    try:
        site.sync()
    finally:
        stack.set("NOTIFY_ON", "")

    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 0}
    assert "nothing changed" in listener.heard("/slack")[0].json["text"]


def test_the_site_is_told_exactly_what_changed(site: Site, listener: Listener) -> None:
    sync_once(site)
    site.notion.clock.advance(180)
    site.sync()
    listener.reset()
    slug = edited(site)

    run = site.sync()

    [heard] = listener.heard("/revalidate")
    assert heard.headers["authorization"] == f"Bearer {SECRET}"
    assert heard.json == {
        "runId": run["runId"],
        "changed": [slug],
        "deleted": [],
        "tags": [f"page:{slug}", "posts:index"],
    }


def test_the_site_is_told_which_pages_are_gone(site: Site, listener: Listener) -> None:
    sync_once(site)
    listener.reset()
    item = site.read("posts:index")["items"][0]
    site.notion.edit.trash(item["id"])

    site.sync()

    body = listener.heard("/revalidate")[0].json
    assert body["deleted"] == [item["slug"]]
    assert {f"page:{item['slug']}", "posts:index"} <= set(body["tags"])
    assert "1 page removed" in listener.heard("/slack")[0].json["text"]


def test_pages_that_lead_to_one_that_moves_or_goes_are_told_and_not_read(
    site: Site, listener: Listener
) -> None:
    sync_once(site)
    target, *others = site.read("posts:index")["items"]
    leading = [item["slug"] for item in others[:2]]
    site.notion.clock.advance(180)
    for item in others[:2]:
        link = {"text": "there", "link": f"/{target['id'].replace('-', '')}"}
        site.notion.edit.append_blocks(item["id"], [{"paragraph": [link]}])
    site.sync()
    site.notion.clock.advance(180)
    site.sync()
    listener.reset()
    site.notion.log.clear()

    site.notion.edit.set_property(target["id"], "Slug", "another-address")
    run = site.sync()
    site.notion.edit.trash(target["id"])
    site.sync()

    asked = " ".join(request["path"] for request in site.notion.log.requests)
    assert not [item for item in others[:2] if item["id"] in asked]
    moved, gone = [heard.json for heard in listener.heard("/revalidate")]
    assert moved["changed"] == sorted([*leading, "another-address"])
    assert (gone["changed"], gone["deleted"]) == (sorted(leading), ["another-address"])
    assert {f"page:{slug}" for slug in leading} <= set(gone["tags"])
    status = site.stack.get("/api/sync/status", run=run["runId"]).json()
    assert status["changed"] == ["another-address"]


def test_a_page_around_a_changed_database_is_rendered_again(site: Site, listener: Listener) -> None:
    sync_once(site)
    listener.reset()
    shown = {key.removeprefix("db:") for key in site.site_keys() if key.startswith("db:")}
    database = next(id for id in sorted(shown) if site.read(f"db:{id}")["items"])
    site.notion.clock.advance(180)
    row = site.read(f"db:{database}")["items"][0]["id"]
    site.notion.edit.set_title(row, "Another name")

    site.sync()

    body = listener.heard("/revalidate")[0].json
    around = [
        bundle["meta"]["slug"]
        for bundle in site.published().values()
        if database in json.dumps(bundle["blocks"])
    ]
    assert f"db:{database}" in body["tags"]
    assert set(around) <= set(body["changed"])


def test_a_hopeless_run_is_told_once_with_its_reason(site: Site, listener: Listener) -> None:
    site.notion.edit.revoke_token(TOKEN)

    site.sync()

    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 0}
    assert "NOTION_TOKEN" in json.dumps(listener.heard("/slack")[0].json)
    assert listener.heard("/hook")[0].json["type"] == "sync.failed"


def test_a_run_whose_message_used_up_its_retries_fails_frees_the_way_and_is_told_once(
    site: Site, listener: Listener
) -> None:
    site.notion.faults.add("503", method="POST", times=10_000)
    site.notion.faults.add("503", method="GET", times=10_000)
    run_id = site.stack.get("/api/sync/trigger").json()["runId"]
    for _ in range(4):
        site.qstash.drain()
        site.qstash.advance(600)
    site.qstash.drain()

    run = site.run(run_id)
    assert run["status"] == "failed"
    assert "503" in run["error"]
    assert "3 attempts" in run["error"]
    assert site.qstash.messages[0].publication.headers["upstash-failure-callback-retries"] == ["3"]
    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 0}
    site.notion.faults.clear()
    assert site.stack.get("/api/sync/trigger").json()["message"] == "Sync job started in background"


@pytest.mark.parametrize("how", ["twice", "again", "reorder"])
def test_deliveries_that_repeat_tell_once(site: Site, listener: Listener, how: Any) -> None:
    site.qstash.fail(QueueFault(how=how, matching="."))
    try:
        site.sync()
        site.qstash.drain()
    finally:
        site.qstash.heal()

    assert len(listener.heard("/slack")) == 1


def test_notices_and_callbacks_that_come_again_tell_nobody(site: Site, listener: Listener) -> None:
    run_id = site.sync()["runId"]

    answers = [notify(site, {"runId": run_id}) for _ in range(3)]

    assert [answer.json()["told"] for answer in answers] == [[], [], []]
    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 1}


def test_a_late_failure_callback_changes_nothing(site: Site, listener: Listener) -> None:
    run_id = site.sync()["runId"]
    [message, *_] = site.qstash.messages
    late = {
        "sourceMessageId": message.message_id,
        "sourceBody": b64encode(message.publication.body).decode(),
        "status": "503",
        "dlqId": "1-0",
    }

    assert notify(site, late).status_code == 200

    assert site.run(run_id)["status"] == "delivered"
    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 1}


def test_who_was_away_is_told_later_and_nobody_else_again(site: Site, listener: Listener) -> None:
    listener.fail("/slack", 503, times=2)
    listener.fail("/revalidate", 500, times=1)
    site.sync()
    for _ in range(3):
        site.qstash.advance(600)
        site.qstash.drain()

    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 1}
    assert len(listener.heard("/slack", taken=False)) == 3


def test_a_notifier_that_is_set_up_wrongly_fails_neither_the_run_nor_the_others(
    site: Site, listener: Listener
) -> None:
    listener.fail("/slack", 404, times=100)

    assert site.sync()["status"] == "delivered"

    assert told(listener) == {"slack": 0, "hook": 1, "revalidate": 1}
    assert len(listener.heard("/slack", taken=False)) == 1


def test_a_notifier_that_breaks_after_telling_slack_does_not_tell_it_again(
    site: Site, listener: Listener
) -> None:
    site.kv.fail(KvFault(how="error", matching=r"^HSET \S+ told:slack", times=ATTEMPTS))
    site.sync()
    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 1}
    assert [attempt.answer.status for attempt in notices(site)[0].attempts] == [503]

    site.qstash.advance(600)
    site.qstash.drain()

    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 1}


def test_a_last_slice_that_breaks_before_its_notice_is_out_tells_when_it_comes_again(
    site: Site, listener: Listener
) -> None:
    site.notion.latency.set(50)  # so that the fault below meets the notice
    run_id = site.stack.get("/api/sync/trigger").json()["runId"]
    site.qstash.fail(QueueFault(how="publish_error", times=1))
    site.ended(run_id)
    assert told(listener) == {"slack": 0, "hook": 0, "revalidate": 1}

    site.qstash.advance(600)
    site.qstash.drain()

    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 1}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_bad_weather_each_run_is_told_once(site: Site, listener: Listener, seed: int) -> None:
    site.sync()
    listener.reset()
    for how in ("twice", "again"):
        site.qstash.fail(QueueFault(how=how, matching="."))
    for executed in (True, False):
        writes = r"^(EVAL|HSET|HSETNX|SMEMBERS)\b"
        site.kv.fail(
            KvFault(
                how="reset",
                executed=executed,
                matching=writes,
                times=0,
                probability=0.08,
                seed=seed,
            )
        )

    for query in ({"page": edited(site)}, {"force": "1"}, {}):
        edited(site)
        site.stack.get("/api/sync/trigger", **query)
        _work_off(site)
    site.kv.heal()
    site.qstash.heal()
    _work_off(site)
    for run_id in _runs(site, "pending", "active"):  # not even their callbacks came through
        site.command("HSET", f"sync:run:{run_id}", "aliveUntil", "1")
    site.sync()

    ended = _runs(site, "delivered", "failed")[1:]
    counters = ("written", "deleted", "touched", "failed")
    news = [
        run_id
        for run_id in ended
        if site.run(run_id)["status"] == "failed"
        or any(int(site.run(run_id).get(name, 0)) for name in counters)
    ]
    assert len(news) > 1
    assert {heard.json["data"]["runId"] for heard in listener.heard("/hook")} == set(news)
    assert len(listener.heard("/slack")) == len(news)


def test_a_run_that_broke_in_silence_is_told_by_the_next_one(
    site: Site, listener: Listener
) -> None:
    site.qstash.fail(QueueFault(how="drop", matching="worker", times=1))
    lost = site.stack.get("/api/sync/trigger").json()["runId"]
    site.command("HSET", f"sync:run:{lost}", "aliveUntil", "1")
    site.qstash.heal()

    site.sync()
    site.sync()

    assert site.run(lost)["status"] == "failed"
    failures = [
        heard.json["data"]["runId"]
        for heard in listener.heard("/hook")
        if heard.json["type"] == "sync.failed"
    ]
    assert failures == [lost]


def test_the_backup_way_tells_without_the_queue(site: Site, listener: Listener) -> None:
    site.qstash.fail(QueueFault(how="publish_error"))
    try:
        assert site.stack.get("/api/sync").json()["status"] == "done"
    finally:
        site.qstash.heal()

    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 1}


def test_the_backup_way_tells_of_its_failure(site: Site, listener: Listener) -> None:
    site.notion.edit.revoke_token(TOKEN)

    assert site.stack.get("/api/sync").status_code == 489

    assert told(listener) == {"slack": 1, "hook": 1, "revalidate": 0}


def test_nobody_but_qstash_makes_us_tell(site: Site) -> None:
    assert notify(site, {"runId": "r"}, **{"Upstash-Signature": ""}).status_code == 401
    assert notify(site, {"runId": "r"}, **{"x-sync-secret": ""}).status_code == 401
    assert notify(site, {}).status_code == 400
    assert notify(site, {"runId": "unknown"}).json() == {"ok": True, "runId": "unknown", "told": []}


def test_a_forced_run_that_changes_nothing_tells_nobody(site: Site, listener: Listener) -> None:
    site.sync()
    listener.reset()

    site.sync(force="1")

    assert told(listener) == {"slack": 0, "hook": 0, "revalidate": 0}


def _work_off(site: Site) -> None:
    """Lets the queue work, retries too, until nothing is left to do."""
    for _ in range(6):
        site.qstash.drain()
        site.qstash.advance(600)
    site.qstash.drain()


def _runs(site: Site, *status: str) -> list[str]:
    """Ids of the runs in this state, oldest first."""
    run_ids: list[str] = site.command("ZRANGE", "sync:runs", "0", "-1")
    return [run_id for run_id in run_ids if site.run(run_id).get("status") in status]
