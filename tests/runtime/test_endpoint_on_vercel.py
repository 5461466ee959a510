"""A small project over lib/endpoint.py, built and run for real: what a handler may rely on
there."""

import json
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.runtime.build import ROOT, Build, Toolchain
from tests.runtime.deployment import Deployment

SAMPLE = """
import logging
from lib.endpoint import Endpoint, Request, Response

class handler(Endpoint):
    async def get(self, request: Request) -> Response:
        if "crash" in request.query:
            raise ValueError("private")
        logging.getLogger("httpx").info("GET https://notion.example/?secret=private")
        headers = dict(request.headers)
        return Response(200, {"query": dict(request.query), "deadline": request.deadline, "headers": headers})

    async def post(self, request: Request) -> Response:
        return Response(200, request.json())
"""


@pytest.fixture(scope="module")
def sample_build(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Build:
    project = tmp_path_factory.mktemp("sample")
    shutil.copytree(ROOT / "lib", project / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in {
        "api/sample/index.py": SAMPLE,
        "public/index.html": "<!doctype html><title>Sample</title>",
        "pyproject.toml": (ROOT / "pyproject.toml").read_text(),
        "uv.lock": (ROOT / "uv.lock").read_text(),
        "vercel.json": json.dumps(
            {"framework": None, "functions": {"api/sample/index.py": {"maxDuration": 30}}}
        ),
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    return toolchain.build(project)


@pytest.fixture(scope="module")
def sample(sample_build: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(sample_build, {}, tmp_path_factory.mktemp("deployment")) as running:
        yield running


@pytest.fixture
def client(sample: Deployment) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sample.url, trust_env=False) as client:
        yield client


def printed(sample: Deployment, invocations_before: int) -> list[str]:
    """What the last request printed, once the shim has reported its end."""
    [function] = sample.functions.values()
    assert function.wait_until_ended(invocations_before + 1)
    return function.logs


@pytest.fixture
def before(sample: Deployment) -> tuple[int, int]:
    """How many invocations have ended and how many lines were printed."""
    [function] = sample.functions.values()
    return function.ended, len(function.logs)


def test_the_folders_index_is_served_at_the_folders_address(client: httpx.Client) -> None:
    assert client.get("/api/sample").json()["query"] == {}
    assert client.get("/api/sample?a=%C3%A4").json()["query"] == {"a": "ä"}
    assert client.get("/api/other").status_code == 404


def test_the_deadline_is_the_invocations(client: httpx.Client) -> None:
    left = client.get("/api/sample").json()["deadline"] - datetime.now(UTC).timestamp()
    assert 20 < left <= 30


def test_a_handler_sees_the_platforms_headers_without_the_internal_ones(
    client: httpx.Client,
) -> None:
    headers = client.get("/api/sample", headers={"X-Own": "1"}).json()["headers"]
    assert headers["x-own"] == "1"
    assert headers["x-vercel-id"].startswith("local1::")
    assert headers["x-forwarded-host"] == headers["host"] == client.base_url.netloc.decode()
    assert not [name for name in headers if name.startswith("x-vercel-internal")]


def test_a_request_prints_one_line_that_vercel_ties_to_it(
    sample: Deployment, client: httpx.Client, before: tuple[int, int]
) -> None:
    client.get("/api/sample?secret=private", headers={"Authorization": "Bearer private"})
    [line] = printed(sample, before[0])[before[1] :]
    assert json.loads(line)["event"] == "request"
    assert sample.functions["/api/sample"].levels[-1] == "info"
    assert "private" not in line
    assert not sample.functions["/api/sample"].loose_logs


def test_a_crash_is_answered_and_its_traceback_is_one_entry(
    sample: Deployment, client: httpx.Client, before: tuple[int, int]
) -> None:
    answer = client.get("/api/sample?crash=1")
    assert answer.status_code == 500
    assert "request id local1::" in answer.json()["error"]
    crash, line = map(json.loads, printed(sample, before[0])[before[1] :])
    assert crash["traceback"].endswith("ValueError: private")
    assert line["status"] == 500
    assert sample.functions["/api/sample"].levels[before[1] :] == ["error", "error"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_405_with_what_is_allowed(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/api/sample")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.json() == {"error": "This address serves GET, POST only"}


def test_a_head_is_405_without_a_body(client: httpx.Client) -> None:
    answer = client.head("/api/sample")
    assert (answer.status_code, answer.content) == (405, b"")


def test_bodies_keep_their_bytes_and_their_bounds(client: httpx.Client) -> None:
    assert client.post("/api/sample", content='{"ä": "🚀"}'.encode()).json() == {"ä": "🚀"}
    assert client.post("/api/sample", content=b"\xff").status_code == 400
    assert client.post("/api/sample", content=b"x" * 4_000_000).status_code == 413


def test_a_killed_function_is_a_failed_invocation(sample_build: Build, tmp_path: Path) -> None:
    with Deployment(sample_build, {}, tmp_path) as doomed:
        doomed.functions["/api/sample"].stop(signal.SIGKILL)
        answer = httpx.get(f"{doomed.url}/api/sample", trust_env=False)
    assert (answer.status_code, answer.headers["x-vercel-error"]) == (
        500,
        "FUNCTION_INVOCATION_FAILED",
    )
