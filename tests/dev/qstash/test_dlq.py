"""What failed for good: seen, deleted and retried."""

import pytest
from qstash import QStash
from qstash.errors import QStashError

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Destination, Says
from tests.dev.qstash.publisher import ask, publish


def fail(client: QStash, qstash: QStashStandIn, destination: Destination, *names: str) -> None:
    """Has a message fail for good at each of these paths."""
    destination.always = lambda arrival: Says(500, {"X-Why": "broken"}, b"no")
    for name in names:
        publish(
            client,
            f"{destination.url}/{name}",
            body=name,
            label=name,
            retries=0,
            headers={"X-Run": "42"},
        )
        qstash.drain()
    destination.forget()


def test_a_failed_message_is_in_the_dlq_with_its_answer(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    fail(client, qstash, destination, "one")
    [entry] = client.dlq.list().messages
    assert (entry.url, entry.body, entry.response_status, entry.response_body) == (
        f"{destination.url}/one",
        "one",
        500,
        "no",
    )
    assert entry.response_headers is not None
    assert entry.response_headers["X-Why"] == ["broken"]
    assert (
        client.dlq.get(entry.dlq_id).message_id == entry.message_id == qstash.messages[0].message_id
    )


def test_a_message_without_an_answer_has_no_response_status_there(
    qstash: QStashStandIn, client: QStash
) -> None:
    publish(client, "http://127.0.0.1:9/closed", retries=0)
    qstash.drain()
    [entry] = ask(qstash, "GET", "/v2/dlq").json()["messages"]
    assert "responseStatus" not in entry


def test_the_dlq_is_filtered_and_paged_newest_first(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    fail(client, qstash, destination, "one", "two", "three")
    assert [entry.body for entry in client.dlq.list(filter={"label": "two"}).messages] == ["two"]
    assert client.dlq.list(filter={"response_status": 404}).messages == []
    seen, cursor = [], None
    while True:
        answer = client.dlq.list(count=2, cursor=cursor)
        seen.append([entry.body for entry in answer.messages])
        cursor = answer.cursor
        if not cursor:
            break
    assert seen == [["three", "two"], ["one"]]


def test_entries_are_deleted_one_by_one_or_many_at_once(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    fail(client, qstash, destination, "one", "two", "three")
    ids = [entry.dlq_id for entry in client.dlq.list().messages]
    client.dlq.delete(ids[0])
    with pytest.raises(QStashError, match="404"):
        client.dlq.get(ids[0])
    assert client.dlq.delete_many(ids) == 2
    assert client.dlq.list().messages == []


def test_a_retry_is_a_new_message_and_removes_the_old_one(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    fail(client, qstash, destination, "one")
    [entry] = client.dlq.list().messages
    answer = ask(qstash, "POST", f"/v2/dlq/retry/{entry.dlq_id}")
    qstash.drain()
    assert answer.status_code == 201
    [arrival] = destination.arrivals
    assert arrival.message_id == answer.json()["messageId"] != entry.message_id
    assert (arrival.body, arrival.retried, arrival.headers["x-run"]) == (b"one", 0, "42")
    assert client.dlq.list().messages == []


def test_headers_of_a_retry_override_the_original_settings(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    fail(client, qstash, destination, "one")
    [entry] = client.dlq.list().messages
    headers = {"Upstash-Retries": "5", "Upstash-Forward-X-Run": "43", "Upstash-Delay": "1m"}
    message_id = ask(qstash, "POST", f"/v2/dlq/retry/{entry.dlq_id}", headers).json()["messageId"]
    shown = client.message.get(message_id)
    assert (shown.max_retries, shown.body) == (5, "one")
    assert shown.headers == {"X-Run": ["43"]}


def test_many_are_retried_at_once(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    fail(client, qstash, destination, "one", "two", "three")
    ids = [entry.dlq_id for entry in client.dlq.list().messages]
    answer = ask(qstash, "POST", "/v2/dlq/retry", params={"dlqIds": ids[:2]}).json()
    qstash.drain()
    assert {arrival.message_id for arrival in destination.arrivals} == {
        response["messageId"] for response in answer["responses"]
    }
    assert [entry.dlq_id for entry in client.dlq.list().messages] == ids[2:]


def test_a_retry_does_not_wait_for_the_delay_of_the_original(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(500)]
    publish(client, destination.url, retries=0, delay="1h")
    qstash.advance(3600)
    qstash.drain()
    [entry] = client.dlq.list().messages
    ask(qstash, "POST", f"/v2/dlq/retry/{entry.dlq_id}")
    qstash.drain()
    assert len(destination.arrivals) == 2
