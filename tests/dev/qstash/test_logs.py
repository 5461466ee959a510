"""The log names every state a message went through."""

import pytest
from qstash import QStash
from qstash.log import LogState

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Destination, Says
from tests.dev.qstash.publisher import ask, publish


def states(client: QStash, message_id: str) -> list[str]:
    """Oldest first."""
    return [
        entry.state.value
        for entry in reversed(client.log.list(filter={"message_id": message_id}).logs)
    ]


def test_a_delivery_is_created_active_delivered(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    message_id = publish(client, destination.url, label="sync")
    qstash.drain()
    assert states(client, message_id) == ["CREATED", "ACTIVE", "DELIVERED"]
    newest = client.log.list(filter={"label": "sync"}).logs[0]
    assert (newest.url, newest.response_status, newest.label) == (destination.url, 200, "sync")


def test_a_retry_that_succeeds_leaves_its_error(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(500, body=b"no")]
    message_id = publish(client, destination.url, retry_delay="60000")
    qstash.drain()
    assert states(client, message_id) == ["CREATED", "ACTIVE", "ERROR", "RETRY"]
    [scheduled] = client.log.list(filter={"state": LogState.RETRY}).logs
    assert (scheduled.response_status, scheduled.response_body) == (500, "no")
    assert scheduled.next_delivery_time is not None
    assert scheduled.next_delivery_time - scheduled.time == pytest.approx(60_000, abs=500)
    assert scheduled.retry_delay_expression == "60000"
    qstash.advance(60)
    qstash.drain()
    assert states(client, message_id)[4:] == ["ACTIVE", "DELIVERED"]


def test_a_message_given_up_ends_as_failed(qstash: QStashStandIn, client: QStash) -> None:
    message_id = publish(client, "http://127.0.0.1:9/closed", retries=0)
    qstash.drain()
    assert states(client, message_id) == ["CREATED", "ACTIVE", "ERROR", "FAILED"]
    assert client.log.list(filter={"state": LogState.ERROR}).logs[0].error


def test_a_cancelled_message_ends_as_cancelled(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    message_id = publish(client, destination.url, delay=60)
    client.message.cancel(message_id)
    assert states(client, message_id) == ["CREATED", "CANCEL_REQUESTED", "CANCELED"]


def test_in_progress_is_a_filter_for_three_states(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(500)]
    publish(client, destination.url)
    qstash.drain()
    found = client.log.list(filter={"state": LogState.IN_PROGRESS}).logs
    assert [entry.state.value for entry in found] == ["RETRY", "ERROR", "ACTIVE"]


def test_the_log_is_paged_newest_first(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    for _ in range(3):
        publish(client, destination.url)
        qstash.drain()
    everything = [(entry.message_id, entry.state) for entry in client.log.list().logs]
    paged, cursor = [], None
    while True:
        answer = client.log.list(count=4, cursor=cursor)
        paged += [(entry.message_id, entry.state) for entry in answer.logs]
        cursor = answer.cursor
        if not cursor:
            break
    assert len(paged) == 9
    assert paged == everything


def test_the_documented_address_shows_the_same_entries_by_the_documented_names(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    publish(client, destination.url, retry_delay="1000")
    qstash.drain()
    newest = ask(qstash, "GET", "/v2/logs").json()["logs"][0]
    assert (newest["state"], newest["retryDelayExpression"]) == ("DELIVERED", "1000")
    assert "responseHeaders" in newest
