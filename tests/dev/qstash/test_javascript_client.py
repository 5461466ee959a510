"""The JavaScript SDK, `Client` and `Receiver`, with the address given and in its own dev mode."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from dev.qstash import QStashStandIn

CLIENTS = Path(__file__).parents[2] / "clients"


@pytest.fixture
def drive(lacking: Callable[[str, str], NoReturn]) -> Callable[[dict[str, str]], dict[str, Any]]:
    """Runs the script with these variables; answers what it saw."""
    node = shutil.which("node")
    if node is None:
        lacking("JavaScript clients", "install Node.js 20 or newer")
    if not (CLIENTS / "node_modules/@upstash/qstash").is_dir():
        lacking("JavaScript clients", "run `npm ci --prefix tests/clients`")

    def run(variables: dict[str, str]) -> dict[str, Any]:
        done = subprocess.run(
            [node, "qstash.mjs"],
            cwd=CLIENTS,
            env={"PATH": os.environ["PATH"], **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return seen | {"stdout": done.stdout}

    return run


@pytest.fixture(params=["address given", "dev mode"])
def seen(
    request: pytest.FixtureRequest,
    qstash: QStashStandIn,
    drive: Callable[[dict[str, str]], dict[str, Any]],
) -> dict[str, Any]:
    if request.param == "dev mode":
        seen = drive({"QSTASH_DEV": "true", "QSTASH_DEV_PORT": qstash.url.rpartition(":")[2]})
        assert "Server already running" in seen["stdout"]
        return seen
    return drive(
        {
            "QSTASH_URL": qstash.url,
            "QSTASH_TOKEN": qstash.token,
            "QSTASH_CURRENT_SIGNING_KEY": qstash.current_signing_key,
            "QSTASH_NEXT_SIGNING_KEY": qstash.next_signing_key,
        }
    )


def test_the_javascript_client_is_served_as_by_qstash(
    seen: dict[str, Any], qstash: QStashStandIn
) -> None:
    delivered = [seen["work"], seen["told"], seen["failed"], *seen["batched"]]
    assert [(arrival["verified"], arrival["forgeryRefused"]) for arrival in delivered] == [
        (True, True)
    ] * 5

    assert json.loads(seen["work"]["body"]) == {"page": "é ☃"}
    assert seen["work"]["headers"]["x-run"] == "42"
    assert seen["work"]["headers"]["upstash-message-id"] == seen["published"]["messageId"]
    assert seen["duplicate"] == seen["published"] | {"deduplicated": True}
    assert base64.b64decode(json.loads(seen["told"]["body"])["body"]) == b"heard"

    assert [one["messageId"] for one in seen["batch"]] == [
        arrival["headers"]["upstash-message-id"] for arrival in seen["batched"]
    ]
    assert (seen["shown"]["body"], seen["shown"]["label"], seen["cancelled"]["cancelled"]) == (
        "later",
        "slow",
        1,
    )

    assert json.loads(seen["failed"]["body"])["dlqId"] == seen["dlq"]["dlqId"]
    assert seen["dlq"]["responseStatus"] == 500
    [retried] = seen["retried"]["responses"]
    assert retried["messageId"] != seen["failing"]["messageId"]
    assert (seen["refused"]["status"], "invalid scheme" in seen["refused"]["text"]) == (400, True)

    assert seen["states"] == ["DELIVERED", "ACTIVE", "CREATED"]
    assert (seen["flow"]["flowControlKey"], seen["flow"]["parallelismMax"]) == ("notion", 2)
    assert seen["schedules"] == [[True, "0 4 * * *", True]]
    assert qstash.counts["callback"] == 1
