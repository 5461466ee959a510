"""Notion's webhook: an edit reaches KV and the site; what is forged, repeated or not ours changes
nothing."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from dev.listener import Listener
from dev.notion.ids import resolved
from dev.qstash import Fault
from dev.stack import Stack
from dev.upstash import Fault as KvFault
from lib.auth import sign_notion
from lib.model import JSON
from lib.secret import Secret, handshake_key
from tests.stack.site import DATABASES, NOWHERE, Site, sync_once

VISIT = "aaaaaaaa-0000-4000-8000-000000000002"
TOWER = "aaaaaaaa-0000-4000-8000-000000000031"
MEMBERS = "aaaaaaaa-0000-4000-8000-000000000010"
OBJECTS = "dddddddd-0000-4000-8000-000000000003"
WINDOW_SECONDS = 1
LONG_SECONDS = 600
FRESH = "secret_a_token_that_nobody_has_pasted_yet"
IMPRINT = "aaaaaaaa-0000-4000-8000-000000000012"


@pytest.fixture
def site(site: Site, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that has been synced three minutes ago, and whose webhook is set up; events are gathered
    for a second."""
    monkeypatch.setattr("lib.sync.webhook.WINDOW_SECONDS", WINDOW_SECONDS)
    settings = {
        "NOTION_WEBHOOK_TOKEN": site.notion.webhooks.token,
        "NOTION_REQUESTS_PER_MINUTE": "100000",
    }
    for name, value in settings.items():
        stack.set(name, value)
    site.notion.limit.requests = None
    sync_once(site, stack)
    site.notion.clock.advance(180)
    answer = site.notion.webhooks.subscribe(f"{site.stack.url}/api/sync/webhook")
    assert answer.json()["outcome"] == "verified"
    site.notion.log.clear()
    yield site
    for name in settings:
        stack.set(name, "")


@pytest.fixture
def long_windows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are gathered for about ten minutes, in a window that has just begun: it lasts longer
    than the test."""
    begun = int(time.time()) - 1
    monkeypatch.setattr("lib.sync.webhook.WINDOW_SECONDS", begun / (begun // LONG_SECONDS))


def post(
    site: Site, content: bytes, token: str = "", key: str = "", **headers: str
) -> httpx.Response:
    signature = sign_notion(content, Secret(token or site.notion.webhooks.token))
    return httpx.post(
        f"{site.stack.url}/api/sync/webhook",
        params={"key": key} if key else {},
        content=content,
        headers={"X-Notion-Signature": signature} | headers,
        trust_env=False,
        timeout=30,
    )


def ask_as_cron(site: Site) -> Any:
    headers = {"Authorization": f"Bearer {site.stack.secret}", "User-Agent": "vercel-cron/1.0"}
    trigger = f"{site.stack.url}/api/sync/trigger"
    return httpx.get(trigger, headers=headers, trust_env=False, timeout=30).json()


def warned_of(told: JSON, warning: str) -> list[str]:
    """The runs in a status that carry this warning."""
    return [run["runId"] for run in told["runs"] if warning in run["warnings"]]


def next_window() -> None:
    """Waits until another event is no longer a repetition of the last one's message."""
    time.sleep(WINDOW_SECONDS - time.time() % WINDOW_SECONDS + 0.01)


def delivered(site: Site) -> None:
    """Sends what happened, and lets the queue work until nothing is due."""
    assert {one.status for one in site.notion.webhooks.flush()} <= {200}
    for _ in range(2):  # a run that met another one at a page goes on a while later
        site.qstash.advance(LONG_SECONDS + 30)
        site.qstash.drain()


def last_event(site: Site) -> str | None:
    """When the webhook told of something last, as the status says."""
    found: str | None = site.stack.get("/api/sync/status").json()["site"]["lastEventAt"]
    return found


def asked_runs(site: Site) -> list[Any]:
    """What the queue was asked for since the first run."""
    bodies = [json.loads(message.publication.body) for message in site.qstash.messages]
    return [body for body in bodies if body.get("slice") == 0]


def test_an_edit_reaches_kv_and_the_site_with_one_request_and_the_pages_tree(
    site: Site, stack: Stack
) -> None:
    with Listener() as listener:
        stack.set("REVALIDATE_URL", f"{listener.url}/revalidate")
        try:
            site.notion.edit.append_blocks(IMPRINT, [{"paragraph": "A new line"}])
            delivered(site)
        finally:
            stack.set("REVALIDATE_URL", "")
        [heard] = listener.heard("/revalidate")

    assert "A new line" in str(site.read("page:imprint")["blocks"])
    paths = [request["path"] for request in site.notion.log.requests]
    assert paths[0] == f"/v1/pages/{IMPRINT}"
    assert all(path.startswith("/v1/blocks/") for path in paths[1:])
    assert len(paths) == 1 + _lists(site, IMPRINT)
    assert heard.json["changed"] == ["imprint"]
    assert heard.json["deleted"] == []


def test_a_silent_webhook_is_told_where_the_cron_found_an_edit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.sync.webhook_silence.SLOWEST_EVENT_SECONDS", 0)
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Not told of"}])
    run = site.ended(ask_as_cron(site)["runId"])

    told = site.stack.get("/api/sync/status").json()
    [warning] = told["site"]["warnings"]
    assert "Notion's webhook has sent no event yet" in warning
    assert warned_of(told, warning) == [run["runId"]]

    site.notion.webhooks.flush()  # late, but there
    told = site.stack.get("/api/sync/status").json()
    assert told["site"]["warnings"] == []
    assert warned_of(told, warning) == []


def test_the_first_edit_of_a_quiet_page_is_read_at_once(site: Site) -> None:
    assert last_event(site) is None
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "At once"}])
    site.notion.webhooks.flush()
    assert last_event(site) is not None
    site.qstash.drain()

    [body] = asked_runs(site)
    assert (body["page"], "window" in body) == (VISIT, False)
    assert "At once" in str(site.read("page:visit")["blocks"])


def test_later_edits_of_several_pages_are_one_run_of_those_pages(
    site: Site, long_windows: None
) -> None:
    for line in ("Before", "After"):
        for page in (VISIT, IMPRINT):
            site.notion.edit.append_blocks(page, [{"paragraph": line}])
        site.notion.webhooks.flush()
        site.qstash.drain()
    assert "After" not in str(site.read("page:visit")["blocks"])
    site.notion.log.clear()
    delivered(site)

    *own, window = asked_runs(site)
    assert ({body["page"] for body in own}, set(window) & {"page", "source"}) == (
        {VISIT, IMPRINT},
        set(),
    )
    assert all("After" in str(site.read(f"page:{slug}")["blocks"]) for slug in ("visit", "imprint"))
    run = site.stack.get("/api/sync/status", run=window["runId"]).json()
    assert (run["scope"], run["status"], run["slices"], run["failed"]) == (
        "edits",
        "delivered",
        1,
        0,
    )
    assert all("/query" not in request["path"] for request in site.notion.log.requests)


def test_a_page_that_notion_does_not_show_is_a_problem_of_that_page_alone(
    site: Site, long_windows: None
) -> None:
    for line in ("Before", "After"):
        site.notion.edit.append_blocks(VISIT, [{"paragraph": line}])
        site.notion.webhooks.flush()
        event = {
            "id": str(uuid4()),
            "type": "page.undeleted",
            "timestamp": datetime.now(UTC).isoformat(),
        }
        about = {
            "entity": {"id": NOWHERE, "type": "page"},
            "data": {"parent": {"id": DATABASES[1]}},
        }
        assert post(site, json.dumps(event | about).encode()).json()["outcome"] == "asked"
    delivered(site)

    assert "After" in str(site.read("page:visit")["blocks"])
    [run] = [
        run for run in site.stack.get("/api/sync/status").json()["runs"] if run["scope"] == "edits"
    ]
    assert (run["status"], run["failed"]) == ("delivered", 1)
    assert [error["pageId"] for error in run["errors"]] == [NOWHERE]


def test_b11_many_pages_of_a_source_are_one_run_of_it(site: Site, long_windows: None) -> None:
    rows = [item["id"] for item in site.read("posts:index")["items"]]
    for row in rows:
        site.notion.edit.append_blocks(row, [{"paragraph": "All of us"}])
    delivered(site)

    assert len(rows) > 6
    *own, last = asked_runs(site)
    assert [len(own), last["source"], "page" in last] == [5, "posts", False]
    bundles = [page for page in site.published().values() if page["meta"]["id"] in rows]
    assert all("All of us" in str(page["blocks"]) for page in bundles)


def test_many_edits_of_a_page_are_one_sync(site: Site) -> None:
    next_window()
    began = time.time()
    for number in range(5):
        site.notion.edit.append_blocks(VISIT, [{"paragraph": f"Line {number}"}])
        site.notion.webhooks.flush()
    windows = 1 + int((time.time() - began) // WINDOW_SECONDS)  # more than one on a busy machine
    delivered(site)

    assert (
        len(asked_runs(site)) <= 2 * windows + 1
    )  # of each, the first event of a quiet page, and the window itself
    assert "Line 4" in str(site.read("page:visit")["blocks"])


def test_an_edit_after_the_delivery_is_synced_too(site: Site) -> None:
    for line in ("Before", "After"):
        site.notion.edit.append_blocks(VISIT, [{"paragraph": line}])
        delivered(site)
        next_window()

    assert len({body["runId"] for body in asked_runs(site)}) == 2
    assert "After" in str(site.read("page:visit")["blocks"])


@pytest.mark.parametrize("gone", ["trash", "move"])
def test_a_deleted_or_moved_row_is_unpublished(site: Site, gone: str) -> None:
    item = site.read("posts:index")["items"][0]
    outside = next(node.id for node in site.notion.workspace.nodes.values() if node.parent is None)
    edit = site.notion.edit
    edit.trash(item["id"]) if gone == "trash" else edit.move(item["id"], outside)

    delivered(site)

    assert site.read(f"page:{item['slug']}") is None


def test_a_restored_row_is_published_again(site: Site) -> None:
    item = site.read("posts:index")["items"][0]
    site.notion.edit.trash(item["id"])
    delivered(site)
    site.notion.edit.restore(item["id"])
    next_window()

    delivered(site)

    assert site.read(f"page:{item['slug']}")["meta"]["id"] == item["id"]


def test_a_new_row_is_published(site: Site) -> None:
    source = site.notion.workspace.nodes[DATABASES[1]].children[0]
    site.notion.edit.create_row(source, {"Title": "Storm"}, [{"paragraph": "It blows."}])

    delivered(site)

    assert site.read("page:storm") is not None
    assert "storm" in [item["slug"] for item in site.read("posts:index")["items"]]


def test_a_renamed_child_page_moves(site: Site) -> None:
    site.notion.edit.set_title(TOWER, "The keep")

    delivered(site)

    assert site.read("page:lighthouse/the-keep/lantern-room") is not None
    assert site.read("page:lighthouse/the-tower") is None


def test_an_edit_of_an_original_elsewhere_reaches_the_pages_that_show_it(site: Site) -> None:
    note = site.notion.workspace.nodes[resolved("@winter-note")]
    site.notion.edit.edit_block(note.children[0], "The house is shut for good.")

    delivered(site)

    assert "shut for good" in str(site.published()[MEMBERS]["blocks"])


def test_an_edit_in_a_child_database_reaches_its_bundle(site: Site) -> None:
    row = site.read(f"db:{OBJECTS}")["items"][0]["id"]
    site.notion.edit.set_title(row, "Polished")

    delivered(site)

    assert "Polished" in str(site.read(f"db:{OBJECTS}")["items"])


def test_a_renamed_property_reaches_every_row(site: Site) -> None:
    site.notion.edit.rename_property(
        site.notion.workspace.nodes[DATABASES[1]].children[0], "Wind", "Gale"
    )
    rows = site.notion.workspace.nodes[OBJECTS].children[0]
    site.notion.edit.rename_property(rows, "Material", "Made of")

    delivered(site)

    assert "Gale" in site.read("page:we-are-open")["meta"]["properties"]
    assert "Made of" in site.read(f"db:{OBJECTS}")["properties"]


def test_what_is_not_published_asks_for_nothing(site: Site) -> None:
    outside = next(node.id for node in site.notion.workspace.nodes.values() if node.parent is None)
    site.notion.edit.append_blocks(outside, [{"paragraph": "Nobody reads this"}])

    answers = site.notion.webhooks.flush()

    assert [answer.status for answer in answers] == [200]
    assert asked_runs(site) == []
    assert site.notion.log.requests == []


def test_events_that_come_again_ask_for_nothing(site: Site) -> None:
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Once"}])
    delivered(site)
    before, requests = len(site.qstash.messages), len(site.notion.log.requests)

    again = site.notion.webhooks.redeliver()
    site.qstash.drain()

    assert {one.status for one in again} == {200}
    assert (len(site.qstash.messages), len(site.notion.log.requests)) == (before, requests)


def test_an_event_that_is_older_than_any_repetition_asks_for_nothing(site: Site) -> None:
    site.notion.clock.advance(-3 * 86_400)
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Long ago"}])
    site.notion.webhooks.flush()

    assert asked_runs(site) == []


def test_an_event_that_the_queue_refuses_is_answered_with_an_error_and_taken_the_next_time(
    site: Site,
) -> None:
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Twice"}])
    site.qstash.fail(Fault(how="publish_error", times=1))
    [refused] = site.notion.webhooks.flush()
    [taken] = site.notion.webhooks.redeliver()

    assert (refused.status, taken.status) == (502, 200)
    assert [set(body) & {"page", "window"} for body in asked_runs(site)] == [{"window"}]
    site.qstash.advance(30)
    site.qstash.drain()
    assert "Twice" in str(site.read("page:visit")["blocks"])


def test_an_event_that_kv_can_not_take_is_answered_with_an_error_and_taken_the_next_time(
    site: Site,
) -> None:
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Twice"}])
    site.kv.fail(KvFault("error", times=3))
    [refused] = site.notion.webhooks.flush()
    site.kv.heal()
    [taken] = site.notion.webhooks.redeliver()
    site.qstash.advance(30)
    site.qstash.drain()

    assert (refused.status, taken.status) == (503, 200)
    assert "Twice" in str(site.read("page:visit")["blocks"])


def test_a_forged_or_changed_event_is_refused(site: Site) -> None:
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Real"}])
    [real] = site.notion.webhooks.flush()
    content = json.dumps(real.event).encode()
    before = len(site.qstash.messages)

    assert post(site, content, token="another").status_code == 401
    assert post(site, content, **{"X-Notion-Signature": ""}).status_code == 401
    assert (
        post(site, content, **{"X-Notion-Signature": sign_notion(b"{}", Secret(FRESH))}).status_code
        == 401
    )
    assert len(site.qstash.messages) == before


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"\xff",
        b"{}",
        b'{"type": 1}',
        b'{"id": "x", "type": "page.created", "entity": {"id": "y"}}',
        (
            b'{"id": "11111111-1111-4111-8111-111111111111", "type": "page.created", "timestamp":'
            b' "soon", "entity": {}}'
        ),
    ],
)
def test_a_body_that_is_no_event_is_refused_with_the_reason(site: Site, body: bytes) -> None:
    answer = post(site, body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_an_event_of_a_kind_nobody_knows_is_taken_and_left(site: Site) -> None:
    body = {
        "id": "11111111-1111-4111-8111-111111111111",
        "type": "page.sung",
        "timestamp": "2026-01-01T00:00:00Z",
    }

    answer = post(
        site, json.dumps(body | {"entity": {"id": VISIT, "type": "page"}, "data": {}}).encode()
    )

    assert (answer.status_code, answer.json()["outcome"]) == (200, "ignored")


def test_an_oversized_body_is_refused(site: Site) -> None:
    assert post(site, b" " * 2_000_000).status_code == 413


def test_an_answer_comes_within_a_second(site: Site) -> None:
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Quick"}])
    began = time.monotonic()

    site.notion.webhooks.flush()

    assert time.monotonic() - began < 1.0


def test_the_handshake_is_kept_while_no_token_is_set(site: Site, stack: Stack) -> None:
    stack.set("NOTION_WEBHOOK_TOKEN", "")
    content = json.dumps({"verification_token": FRESH}).encode()

    answer = post(site, content, token=FRESH, key=handshake_key(Secret(site.stack.secret)))

    assert (answer.status_code, answer.json()["outcome"]) == (200, "kept")
    assert site.command("GET", "sync:webhook:token") == FRESH
    assert 3500 < site.command("TTL", "sync:webhook:token") <= 3600
    assert FRESH not in answer.text


def test_the_tokens_of_others_change_nothing_while_one_is_set(site: Site) -> None:
    content = json.dumps({"verification_token": FRESH}).encode()

    assert post(site, content, token=FRESH).status_code == 401
    assert post(site, content).json()["outcome"] == "verified"
    assert site.command("GET", "sync:webhook:token") is None


def test_an_event_without_a_token_set_says_which_setting_is_missing(
    site: Site, stack: Stack
) -> None:
    stack.set("NOTION_WEBHOOK_TOKEN", "")
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Too early"}])

    [early] = site.notion.webhooks.flush()

    answer = post(site, json.dumps(early.event).encode())
    assert (early.status, answer.status_code) == (500, 500)
    assert answer.json()["error"].startswith("NOTION_WEBHOOK_TOKEN is not set")


def test_a_token_is_never_logged(
    site: Site, stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    stack.set("NOTION_WEBHOOK_TOKEN", "")
    key = handshake_key(Secret(site.stack.secret))
    post(site, json.dumps({"verification_token": FRESH}).encode(), token=FRESH, key=key)

    out, err = capfd.readouterr()
    assert "webhook.handshake" in out
    assert FRESH not in out + err
    assert key not in out + err


def _lists(site: Site, page_id: str) -> int:
    """How many lists of children a page's tree has; each is one request here."""

    def lists(id: str) -> int:
        children = site.notion.workspace.nodes[id].children
        return 1 + sum(
            lists(child) for child in children if site.notion.workspace.nodes[child].children
        )

    return lists(page_id)
