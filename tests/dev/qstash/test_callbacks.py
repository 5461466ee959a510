"""Who is told of an attempt, when, and what."""

import base64
import json
from typing import Any

import pytest
from qstash import QStash, Receiver

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Arrival, Destination, Says
from tests.dev.qstash.publisher import ask, publish


def story(arrival: Arrival) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(arrival.body)
    return told


@pytest.fixture
def failing(destination: Destination) -> Destination:
    """Everything fails at /work; callbacks are taken."""
    destination.always = lambda arrival: (
        Says(500, {"X-Why": "broken"}, b"no") if "/work" in arrival.url else Says()
    )
    return destination


def test_a_callback_follows_every_attempt(
    qstash: QStashStandIn, client: QStash, failing: Destination, receiver: Receiver
) -> None:
    publish(
        client, f"{failing.url}/work", callback=f"{failing.url}/told", retries=1, retry_delay="1000"
    )
    qstash.drain()
    failing.always = lambda arrival: Says()
    qstash.advance(1)
    qstash.drain()
    first, second = failing.at("/told")
    assert [(story(told)["status"], story(told)["retried"]) for told in (first, second)] == [
        (500, 0),
        (200, 1),
    ]
    for told in (first, second):
        told.verify(receiver)
    assert qstash.counts == {"publish": 1, "callback": 2}


def test_a_callback_tells_the_whole_story(
    qstash: QStashStandIn, client: QStash, failing: Destination
) -> None:
    message_id = publish(
        client,
        f"{failing.url}/work",
        body='{"page": 1}',
        content_type="application/json",
        headers={"X-Run": "42"},
        callback=f"{failing.url}/told",
    )
    qstash.drain()
    [message, _] = qstash.messages
    told = story(failing.at("/told")[0])
    assert told | {"header": None} == {
        "status": 500,
        "header": None,
        "body": base64.b64encode(b"no").decode(),
        "retried": 0,
        "maxRetries": 3,
        "sourceMessageId": message_id,
        "topicName": "",
        "endpointName": "",
        "url": f"{failing.url}/work",
        "method": "POST",
        "sourceHeader": {"X-Run": ["42"], "Content-Type": ["application/json"]},
        "sourceBody": base64.b64encode(b'{"page": 1}').decode(),
        "notBefore": round(message.not_before * 1000),
        "createdAt": round(message.created_at * 1000),
        "scheduleId": "",
        "callerIP": "127.0.0.1",
    }
    assert told["header"]["X-Why"] == ["broken"]


def test_a_failure_callback_comes_once_with_the_dlq_id(
    qstash: QStashStandIn, client: QStash, failing: Destination, receiver: Receiver
) -> None:
    publish(
        client,
        f"{failing.url}/work",
        failure_callback=f"{failing.url}/failed",
        retries=1,
        retry_delay="1000",
    )
    qstash.drain()
    assert failing.at("/failed") == []
    qstash.advance(1)
    qstash.drain()
    [told] = failing.at("/failed")
    told.verify(receiver)
    assert story(told)["retried"] == story(told)["maxRetries"] == 1
    assert client.dlq.get(story(told)["dlqId"]).message_id == story(told)["sourceMessageId"]
    assert qstash.counts == {"publish": 1, "failureCallback": 1}


def test_a_hopeless_message_calls_the_failure_callback_at_once(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(489, {"Upstash-NonRetryable-Error": "true"})]
    publish(client, f"{destination.url}/work", failure_callback=f"{destination.url}/failed")
    qstash.drain()
    [told] = destination.at("/failed")
    assert (story(told)["status"], story(told)["retried"]) == (489, 0)


def test_no_failure_callback_where_a_retry_succeeds(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(500)]
    publish(
        client,
        f"{destination.url}/work",
        failure_callback=f"{destination.url}/failed",
        retry_delay="1000",
    )
    qstash.drain()
    qstash.advance(1)
    qstash.drain()
    assert (len(destination.at("/work")), destination.at("/failed")) == (2, [])


def test_a_callback_without_an_answer_has_status_zero(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    publish(client, "http://127.0.0.1:9/closed", callback=f"{destination.url}/told", retries=0)
    qstash.drain()
    assert story(destination.at("/told")[0])["status"] == 0


def test_callbacks_have_settings_and_headers_of_their_own(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.always = lambda arrival: Says(500)
    publish(
        client,
        f"{destination.url}/work",
        headers={"X-Run": "42"},
        retries=0,
        callback=f"{destination.url}/told",
        callback_headers={
            "Method": "PUT",
            "Retries": "1",
            "Retry-Delay": "2000",
            "Forward-X-Secret": "s1",
        },
        failure_callback=f"{destination.url}/failed",
        failure_callback_headers={"Forward-X-Secret": "s2"},
    )
    qstash.drain()
    qstash.advance(2)
    qstash.drain()
    told, again = destination.at("/told")
    assert (told.method, told.headers["x-secret"], again.retried) == ("PUT", "s1", 1)
    assert "x-run" not in told.headers
    [failed] = destination.at("/failed")  # its default retries are those of its source: none
    assert (failed.method, failed.headers["x-secret"]) == ("POST", "s2")


@pytest.mark.parametrize("name", ["Upstash-Callback-Delay", "Upstash-Failure-Callback-Delay"])
def test_a_delayed_callback_is_refused_at_publish(
    qstash: QStashStandIn, destination: Destination, name: str
) -> None:
    answer = ask(qstash, "POST", f"/v2/publish/{destination.url}", {name: "10s"})
    assert (answer.status_code, "callbacks cannot be delayed" in answer.json()["error"]) == (
        400,
        True,
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Upstash-Callback": "localhost/told"},
        {"Upstash-Failure-Callback": "nowhere"},
        {"Upstash-Callback": "http://127.0.0.1/told", "Upstash-Callback-Retries": "many"},
    ],
)
def test_a_callback_that_could_not_be_made_is_refused_at_publish(
    qstash: QStashStandIn, destination: Destination, headers: dict[str, str]
) -> None:
    assert ask(qstash, "POST", f"/v2/publish/{destination.url}", headers).status_code == 400
    assert qstash.messages == []
