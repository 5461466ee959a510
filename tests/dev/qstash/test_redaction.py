"""What a message redacts is delivered as it is, and shown to nobody else."""

from base64 import b64decode
from hashlib import sha256

import httpx
import pytest
from qstash import QStash

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Destination
from tests.dev.qstash.publisher import ask, publish

SECRET, BODY = "a-forwarded-secret", "a private body"
REDACTED = f"REDACTED:{sha256(SECRET.encode()).hexdigest()}"
HIDDEN_BODY = f"REDACTED:{sha256(BODY.encode()).hexdigest()}"


def shown(qstash: QStashStandIn, message_id: str) -> str:
    """All that the API says of messages."""
    paths = ("/v2/logs", "/v2/events", "/v2/dlq", f"/v2/messages/{message_id}")
    return "".join(ask(qstash, "GET", path).text for path in paths)


@pytest.mark.parametrize("names", [True, ["X-Secret"], ["x-secret"]])
def test_a_redacted_header_reaches_its_destination_only(
    qstash: QStashStandIn, client: QStash, destination: Destination, names: bool | list[str]
) -> None:
    message_id = publish(
        client,
        destination.url,
        body=BODY,
        headers={"x-secret": SECRET, "x-plain": "seen"},
        redact={"body": True, "header": names},
    )
    before = shown(qstash, message_id)
    qstash.drain()

    [request] = destination.arrivals
    assert (request.headers["x-secret"], request.body) == (SECRET, BODY.encode())
    text = before + shown(qstash, message_id)
    assert SECRET not in text
    assert REDACTED in text
    assert BODY not in text
    assert ("seen" in text) == (names is not True)
    [entry, *_] = ask(qstash, "GET", "/v2/logs").json()["logs"]
    assert b64decode(entry["body"]).decode() == HIDDEN_BODY


def test_what_is_not_redacted_is_shown(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    message_id = publish(client, destination.url, body=BODY, headers={"x-secret": SECRET})
    assert SECRET in shown(qstash, message_id)


def test_a_failed_message_and_its_callback_stay_redacted(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    message_id = publish(
        client,
        "http://127.0.0.1:9/closed",
        body=BODY,
        headers={"x-secret": SECRET},
        retries=0,
        redact={"header": True},
        failure_callback=destination.url,
        failure_callback_headers={"Forward-x-secret": SECRET, "Redact-Fields": "body,header"},
    )
    qstash.drain()

    [request] = destination.arrivals
    assert request.headers["x-secret"] == SECRET
    text = shown(qstash, message_id)
    assert "FAILED" in text
    assert SECRET not in text


def test_a_schedule_is_shown_redacted(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    id = client.schedule.create(
        destination=destination.url,
        cron="0 * * * *",
        headers={"x-secret": SECRET},
        redact={"header": ["X-Secret"]},
    )
    assert SECRET not in ask(qstash, "GET", f"/v2/schedules/{id}").text

    qstash.fire(id)
    qstash.drain()

    assert destination.arrivals[0].headers["x-secret"] == SECRET
    assert SECRET not in ask(qstash, "GET", "/v2/logs").text


def test_what_cannot_be_redacted_is_refused(
    qstash: QStashStandIn, destination: Destination
) -> None:
    answer: httpx.Response = ask(
        qstash,
        "POST",
        f"/v2/publish/{destination.url}",
        {"Upstash-Redact-Fields": "everything"},
        content=b"",
    )
    assert answer.status_code == 400
    assert "Upstash-Redact-Fields" in answer.json()["error"]
