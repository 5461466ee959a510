"""Every function of the project on Vercel's own shim, called over HTTP, with nothing behind it."""

import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from tests.runtime.build import ROOT
from tests.runtime.conftest import Deploy
from tests.runtime.deployment import Deployment

PROTECTED = ["/api/sync", "/api/sync/status", "/api/sync/trigger"]


def ask(deployment: Deployment, method: str, path: str, **headers: str) -> httpx.Response:
    return httpx.request(
        method, deployment.url + path, headers=headers, trust_env=False, timeout=30
    )


def test_the_doors_are_closed_to_strangers(deployment: Deployment, environ: dict[str, str]) -> None:
    for path in PROTECTED:
        for answer in (
            ask(deployment, "GET", path),
            ask(deployment, "GET", f"{path}?secret=wrong"),
            ask(deployment, "GET", path, Authorization="Bearer wrong"),
        ):
            assert (answer.status_code, answer.text) == (401, '{"error": "Unauthorized"}')
        answer = ask(deployment, "PUT", path)
        if path == "/api/sync/trigger":
            assert ask(deployment, "POST", path).status_code == 401
    assert ask(deployment, "POST", "/api/sync/cancel?run=run_1").status_code == 401

    secret = f"Bearer {environ['CRON_SECRET']}"
    for path in ("/api/sync/worker", "/api/sync/notify"):
        answer = ask(deployment, "POST", path, Authorization=secret)
        assert answer.status_code == 401
        assert "Upstash-Signature is missing" in answer.json()["error"]
    for path in ("/api/sync/worker", "/api/sync/notify", "/api/sync/webhook", "/api/sync/cancel"):
        answer = ask(deployment, "GET", path, Authorization=secret)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert not [line for line in deployment.logs if environ["CRON_SECRET"] in line]
    assert {event["event"] for event in deployment.events} == {"request"}


def test_an_unknown_source_is_answered_with_the_known_ones(
    deployment: Deployment, environ: dict[str, str]
) -> None:
    answer = ask(
        deployment,
        "GET",
        "/api/sync/trigger?source=news",
        Authorization=f"Bearer {environ['CRON_SECRET']}",
    )
    assert answer.status_code == 400
    assert "pages, posts" in answer.json()["error"]


def test_a_missing_setting_is_named_by_every_function(
    deploy: Deploy, environ: dict[str, str]
) -> None:
    deployment = deploy(environ | {"CRON_SECRET": ""})
    posts = ("/api/sync/worker", "/api/sync/notify", "/api/sync/webhook", "/api/sync/cancel")
    for path, method in [
        *((path, "GET") for path in PROTECTED),
        *((path, "POST") for path in posts),
    ]:
        answer = ask(deployment, method, f"{path}?secret=")
        assert answer.status_code == 500
        assert answer.json()["error"].startswith("CRON_SECRET is not set: ")


def test_a_file_is_looked_for_without_a_secret_and_only_where_it_can_be(
    deployment: Deployment,
) -> None:
    for method in ("GET", "HEAD"):
        answer = ask(deployment, method, "/api/media?block=1&file=2")
        assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store")
    answer = ask(deployment, "POST", "/api/media")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_functions_start_without_a_lost_line(
    deployment: Deployment, record_testsuite_property: Callable[[str, object], None]
) -> None:
    for name, function in deployment.functions.items():
        record_testsuite_property(
            f"cold start of {name} in ms", function.cold_start["initDuration"]
        )
        assert (
            0
            < function.cold_start["userInitDuration"]
            < function.cold_start["initDuration"]
            < 10_000
        )
        assert function.logs == []


@pytest.mark.parametrize("name", ["trigger", "notify", "webhook"])
def test_what_only_asks_and_tells_never_loads_the_notion_client(name: str) -> None:
    code = f"import sys; import api.sync.{name}; print(*sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert "lib.endpoint" in loaded
    assert not {"notion_client", "lib.notion.client", "slugify"} & set(loaded)
