"""What the functions log over a run in which everything goes wrong: JSON lines, and nothing that
should not be seen."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dev.functions.process import FunctionsProcess
from dev.notion import truth
from dev.qstash import Fault as QueueFault
from dev.qstash.faults import How as QueueTrouble
from dev.stack import ROOT, Stack
from dev.upstash import Fault as KvFault
from dev.upstash.faults import How as KvTrouble
from lib.secret import Secret, derived_secret, handshake_key, webhook_secret
from tests.stack.site import DATABASES, NOWHERE, Site
from tests.waiting import until

HOME = "aaaaaaaa-0000-4000-8000-000000000001"
COTTAGE = "aaaaaaaa-0000-4000-8000-000000000035"
"""A child page."""
SECRETS = {
    "VERCEL_AUTOMATION_BYPASS_SECRET": "bypass-4711-of-the-protection",
    "NOTION_WEBHOOK_TOKEN": "secret_webhook4711verification",
    "REVALIDATE_SECRET": "revalidate-4711-the-site",
    "CRON_SECRET": "cron-4711-correct-horse",
}
SETTINGS = {
    **SECRETS,
    "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/services/slack-4711-hook",
    "NOTIFY_WEBHOOK_URL": "http://127.0.0.1:9/hook/notify-4711-hook",
    "REVALIDATE_URL": "http://127.0.0.1:9/revalidate",
    "SYNC_RETRIES": "30",
    "SYNC_SLICE_SECONDS": "8",
    "NOTION_REQUESTS_PER_MINUTE": "100000",
}
PLATFORM = ("functions at http://", "FUNCTION_INVOCATION_")
"""What the process prints that stands for Vercel, and no function."""


class Told:
    """The lines of a log."""

    def __init__(self, text: str) -> None:
        ours = [line for line in text.splitlines() if not line.startswith(PLATFORM)]
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in ours]
        self.text = text + "\n".join(word for line in self.lines for word in _texts(line))
        """As it was printed, and without JSON's escapes."""


def _texts(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, one in value.items():
                yield name
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
        case _:
            yield str(value)


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Told, Stack]]:
    log = tmp_path_factory.mktemp("chaos") / "functions.log"

    def deploy(stack: Stack, port: int) -> FunctionsProcess:
        return FunctionsProcess(ROOT, stack.environ, log, port)

    with Stack(environ=SECRETS, settings=SETTINGS, deploy=deploy, queue_speed=200.0) as stack:
        site = Site.of(stack)
        _bad_weather(site)
        run_id = site.stack.get("/api/sync/trigger").json()["runId"]
        _kill_in_the_midst(site, stack, run_id)
        site.ended(run_id)
        _strangers(site)
        site.notion.faults.clear()
        site.kv.heal()
        site.qstash.heal()
        site.notion.faults.add(
            "500", path=f"/v1/blocks/{HOME}/children", times=4
        )  # all tries of one attempt
        site.sync(force="1")
        site.sync(page=NOWHERE)
        yield Told(log.read_text("utf-8")), stack


def _bad_weather(site: Site) -> None:
    site.notion.latency.set(20)
    site.notion.limit.requests = None
    site.notion.faults.weather(0.01, seed=7, seconds=1)
    site.notion.edit.unshare(COTTAGE)
    lost: tuple[KvTrouble, ...] = ("reset", "html", "error")
    for seed, how in enumerate(lost):  # scripts are the engine's; the other commands also ours
        site.kv.fail(
            KvFault(
                how=how, matching="^EVAL", probability=0.02, times=0, seed=seed, executed=seed == 1
            )
        )
    site.kv.fail(KvFault(how="refused", matching="^EVAL", nth=25))
    troubles: tuple[QueueTrouble, ...] = ("twice", "again", "expired", "wrong_sub", "next_key")
    for trouble in troubles:
        site.qstash.fail(QueueFault(how=trouble, times=1))


def _kill_in_the_midst(site: Site, stack: Stack, run_id: str) -> None:
    assert isinstance(stack.functions, FunctionsProcess)
    until(lambda: site.synced(run_id) >= 10, told=lambda: site.run(run_id))
    stack.functions.kill()


def _strangers(site: Site) -> None:
    """Requests that are refused, and bring what must not be logged."""
    url, secret = site.stack.url, site.stack.secret
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/api/sync/trigger?secret={secret}x&token=stranger-4711", {}),
        ("GET", "/api/sync", {"headers": {"Authorization": f"Bearer {secret}x"}}),
        ("GET", f"/api/sync/trigger?secret={secret}&source=stranger", {}),
        ("GET", f"/api/sync/trigger?secret={secret}&source={secret}", {}),
        ("GET", f"/api/sync/trigger?secret={secret}&source={derived_secret(Secret(secret))}", {}),
        ("POST", f"/api/sync/webhook?key={handshake_key(Secret(secret))}", {}),
        ("POST", "/api/sync/worker", {"content": b'{"title": "Skerry Light"}'}),
        (
            "POST",
            "/api/sync/worker",
            {"content": b"{}", "headers": {"Upstash-Signature": "eyJh.eyJz.c2ln"}},
        ),
        ("POST", "/api/sync/worker", {"content": b" " * 2_000_000}),
        ("DELETE", f"/api/sync/trigger?secret={secret}", {}),
    ]
    for method, path, more in asked:
        assert (
            httpx.request(method, url + path, trust_env=False, timeout=30, **more).status_code
            >= 400
        )


def _every_text(value: Any) -> Iterator[str]:
    """Every text and title in a tree."""
    match value:
        case {"plain_text": str(text)}:
            yield text
        case dict():
            yield from (
                title for name, title in value.items() if name == "title" and isinstance(title, str)
            )
            for one in value.values():
                yield from _every_text(one)
        case list():
            for one in value:
                yield from _every_text(one)


def test_everything_went_wrong(chaos: tuple[Told, Stack]) -> None:
    told, _ = chaos
    seen = {line["event"] for line in told.lines}
    assert {
        "page.failed",
        "page.synced",
        "slice.began",
        "run.surveyed",
        "run.ended",
        "run.failed",
    } <= seen
    statuses = {line["status"] for line in told.lines if line["event"] == "request"}
    assert {200, 202, 400, 401, 405, 413, 489, 503} <= statuses


def test_each_line_is_an_event_with_its_time_and_its_request(chaos: tuple[Told, Stack]) -> None:
    told, _ = chaos
    for line in told.lines:
        assert re.fullmatch(r"[a-z]+\.?[a-z_]*", line["event"])
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["requestId"].startswith("dev1::")
        assert line.get("level") in (None, "warning", "error")
    of_runs = [line for line in told.lines if line["event"].startswith(("page.", "slice.", "run."))]
    assert [line for line in of_runs if not line.get("runId", "").startswith("run_")] == []


def test_no_request_logs_more_than_about_a_hundred_lines(chaos: tuple[Told, Stack]) -> None:
    told, _ = chaos
    assert max(Counter(line["requestId"] for line in told.lines).values()) <= 106


def test_no_secret_and_no_signed_address_is_logged(chaos: tuple[Told, Stack]) -> None:
    told, stack = chaos
    assert stack.qstash
    names = ("NOTION_TOKEN", "QSTASH_TOKEN", "KV_REST_API_TOKEN", *SECRETS)
    hidden = [stack.environ[name] for name in names]
    hidden += [stack.qstash.current_signing_key, stack.qstash.next_signing_key]
    secret = Secret(stack.secret)
    hidden += [
        derived_secret(secret),
        webhook_secret(secret),
        handshake_key(secret),
        "slack-4711",
        "notify-4711",
        "stranger-4711",
    ]
    hidden += ["X-Amz", "secret_", "ntn_", "sig_", "eyJ"]
    assert [text for text in hidden if text in told.text] == []


def test_nothing_that_stands_on_a_page_is_logged(chaos: tuple[Told, Stack]) -> None:
    told, stack = chaos
    assert stack.notion
    workspace = stack.notion.workspace
    published = truth.published_pages(workspace, DATABASES)
    properties = [truth.expected_page(workspace, id)["properties"].values() for id in published]
    titles = {
        text
        for each in properties
        for one in each
        if one["type"] == "title"
        for text in _every_text(one)
    }
    texts = {text.strip() for id in published for text in _every_text(truth.tree(workspace, id))}
    sentences = {text for text in texts if len(text) > 7}  # "unknown" and "red" are anybody's words
    assert len(titles) > 30
    assert len(sentences) > 100
    assert [text for text in titles | sentences if len(text) > 2 and text in told.text] == []


def test_the_libraries_are_quiet(chaos: tuple[Told, Stack]) -> None:
    told, _ = chaos
    assert "HTTP Request" not in told.text
    assert "httpx" not in {line["event"] for line in told.lines}
