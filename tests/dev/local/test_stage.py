"""The local stack's stage: functions that can be killed behind an address that stays, and the
buttons that do it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from dev.local import Stage, buttons
from dev.notion import SAMPLE_SOURCES
from dev.stack import ROOT, Stack
from tests.browser.tab import chromium
from tests.stack.site import Site
from tests.waiting import until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    log = tmp_path_factory.mktemp("stage") / "functions.log"
    unlimited = {"NOTION_REQUESTS_PER_MINUTE": "100000"}
    deploy = partial(Stage, log=log)
    with Stack(environ={}, settings=unlimited, deploy=deploy, queue_speed=100.0) as stack:
        yield stack


@pytest.fixture
def stack(running: Stack) -> Stack:
    running.reset()
    return running


@pytest.fixture
def site(stack: Stack) -> Site:
    site = Site.of(stack)
    site.notion.limit.requests = None  # no test here is about Notion's minute
    return site


def get(stack: Stack, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{stack.url}{path}", headers=headers, trust_env=False)


def press(stack: Stack, name: str) -> str:
    answer = httpx.post(f"{stack.url}/_local/{name}", trust_env=False, timeout=30)
    assert answer.status_code == 200
    told: str = answer.json()["told"]
    return told


def begin(site: Site) -> str:
    """Asks for a slow run, and waits until some of its pages are there."""
    site.notion.latency.set(30)
    run_id: str = site.stack.get("/api/sync/trigger").json()["runId"]
    until(lambda: site.synced(run_id) >= 3, told=lambda: site.run(run_id))
    return run_id


def test_a_worker_that_is_killed_leaves_a_run_that_ends_complete(site: Site, stack: Stack) -> None:
    run_id = begin(site)

    assert "SIGKILL" in press(stack, "kill")

    run = site.ended(run_id)
    assert run["status"] == "delivered"
    assert int(run["retries"]) >= 1
    failed = [
        attempt
        for message in site.qstash.messages
        for attempt in message.attempts
        if attempt.answer.status == 500
    ]
    assert failed
    site.check()


@pytest.mark.parametrize(
    ("button", "counter"), [("kill", "retries"), ("throttle", "notionThrottled")]
)
def test_a_button_pressed_while_nothing_runs_starts_the_run_that_it_troubles(
    site: Site, stack: Stack, monkeypatch: pytest.MonkeyPatch, button: str, counter: str
) -> None:
    monkeypatch.setattr(buttons, "NOTION_SAYS_WAIT_SECONDS", 1.0)
    site.notion.latency.set(30)

    run = own_run(site, press(stack, button))

    assert (run["status"], run["force"]) == ("delivered", "1")
    assert int(run[counter]) >= 1
    site.check()


def test_a_button_leaves_the_run_that_is_under_way_alone(site: Site, stack: Stack) -> None:
    run_id = begin(site)

    assert not press(stack, "duplicate").startswith("A run was started")

    site.ended(run_id)
    assert site.command("ZCARD", "sync:runs") == 1


def test_the_address_stays_up_while_the_functions_are_killed(stack: Stack) -> None:
    assert isinstance(stack.functions, Stage)
    for _ in range(2):
        stack.functions.kill()
        assert get(stack, "/").status_code == 200


def test_when_notion_says_wait_the_run_waits_and_ends_complete(
    site: Site, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        buttons, "NOTION_SAYS_WAIT_SECONDS", 6.0
    )  # more than a slice sleeps through
    run_id = begin(site)

    assert "429" in press(stack, "throttle")

    run = site.ended(run_id)
    assert run["status"] == "delivered"
    assert int(run["notionThrottled"]) == 1
    site.check()


def own_run(site: Site, told: str) -> dict[str, str]:
    """The run that a button has started, at its end."""
    assert told.startswith("A run was started. ")
    [run_id] = site.command("ZRANGE", "sync:runs", "0", "-1")
    return site.ended(run_id)


def test_a_message_delivered_twice_is_worked_once(site: Site, stack: Stack) -> None:
    run = own_run(site, press(stack, "duplicate"))

    [message] = [
        message for message in site.qstash.messages if message.url.endswith("/api/sync/worker")
    ]
    assert len(message.attempts) == 2
    assert run["status"] == "delivered"
    site.check()


def test_the_dashboard_gets_its_buttons_on_the_way_out(stack: Stack) -> None:
    written = (ROOT / "public/index.html").read_text("utf-8")
    served = get(stack, "/", **{"If-Modified-Since": "Wed, 25 Nov 2099 09:00:00 GMT"})

    assert served.status_code == 200
    assert (
        served.text.replace('<script src="/_local/buttons.js" type="module"></script>\n', "")
        == written
    )
    assert served.text != written
    assert "etag" not in served.headers
    assert "script-src 'self'" in served.headers["content-security-policy"]
    assert "_local" not in "".join(
        path.read_text("utf-8") for path in (ROOT / "public").glob("*.html")
    )


def test_everything_else_passes_through_as_it_is(stack: Stack) -> None:
    with httpx.Client(base_url=stack.url, trust_env=False) as client:
        request = client.build_request(
            "GET", "/", extensions={"target": b"/api/sync/trigger?a=%7e~+&source=%6eope"}
        )
        request.headers["Authorization"] = f"Bearer {stack.secret}"
        answer = client.send(request)
    assert (answer.status_code, answer.headers["content-type"]) == (
        400,
        "application/json; charset=utf-8",
    )
    assert "'nope'" in answer.json()["error"]
    assert answer.headers["x-vercel-id"]
    refused = httpx.put(f"{stack.url}/api/sync/trigger", trust_env=False)
    assert refused.headers["Allow"] == "GET, POST"
    assert get(stack, "/none").headers["x-vercel-error"] == "NOT_FOUND"


def test_without_stand_ins_only_the_kill_is_offered(tmp_path: Path) -> None:
    with Stack(environ={}) as other:
        assert other.notion
        assert other.qstash
        environ = {
            "NOTION_TOKEN": "ntn_real",
            "NOTION_SOURCES": SAMPLE_SOURCES,
            "NOTION_API_URL": other.notion.url,
            "QSTASH_URL": other.qstash.url,
            "QSTASH_TOKEN": other.qstash.token,
            "QSTASH_CURRENT_SIGNING_KEY": other.qstash.current_signing_key,
            "QSTASH_NEXT_SIGNING_KEY": other.qstash.next_signing_key,
        }
        with Stack(environ=environ, deploy=partial(Stage, log=tmp_path / "log")) as stack:
            assert (stack.notion, stack.qstash) == (None, None)
            assert get(stack, "/_local/buttons").json() == [
                {"name": "kill", "label": "Kill the worker"}
            ]
            assert httpx.post(f"{stack.url}/_local/throttle", trust_env=False).status_code == 405


def test_qstash_in_its_cloud_is_left_alone() -> None:
    """It could never call this machine; and `.env.example` names it."""
    with Stack(
        environ={"QSTASH_URL": "https://qstash.upstash.io", "QSTASH_TOKEN": "real"}
    ) as stack:
        assert stack.qstash
        assert (stack.environ["QSTASH_URL"], stack.environ["QSTASH_TOKEN"]) == (
            stack.qstash.url,
            stack.qstash.token,
        )


@pytest.fixture(scope="module")
def page(lacking: Callable[[str, str], NoReturn]) -> Iterator[Page]:
    path = chromium()
    if path is None:
        lacking("the dashboard's local buttons", "install Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def test_in_a_browser_the_worker_is_killed_at_the_press_of_a_button(
    page: Page, site: Site, stack: Stack
) -> None:
    errors: list[str] = []
    page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(stack.url)
    if (secret := page.get_by_label("Secret")).is_visible():
        secret.fill(stack.secret)
        secret.press("Enter")
    trouble = page.get_by_role("group", name="Make trouble")
    expect(trouble.get_by_role("button")).to_have_text(
        ["Kill the worker", "Notion answers 429", "Deliver twice"]
    )
    run_id = begin(site)

    trouble.get_by_role("button", name="Kill the worker").press("Enter")

    expect(page.get_by_role("status").filter(has_text="SIGKILL")).to_be_visible()
    assert site.ended(run_id)["status"] == "delivered"
    site.check()
    assert [one for one in errors if "_local" in one or "Content Security" in one] == []
