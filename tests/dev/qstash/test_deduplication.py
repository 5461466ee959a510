"""The same message, published twice within ten minutes, is delivered once."""

from qstash import QStash
from qstash.message import PublishResponse

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Destination
from tests.dev.qstash.publisher import ask, publish


def test_a_duplicate_is_answered_202_with_the_first_ones_id(
    qstash: QStashStandIn, destination: Destination
) -> None:
    headers = {"Upstash-Deduplication-Id": "run-1"}
    first = ask(qstash, "POST", f"/v2/publish/{destination.url}", headers, content=b"a")
    second = ask(qstash, "POST", f"/v2/publish/{destination.url}", headers, content=b"b")
    qstash.drain()
    assert (first.status_code, second.status_code) == (201, 202)
    assert second.json() == {"messageId": first.json()["messageId"], "deduplicated": True}
    assert [arrival.body for arrival in destination.arrivals] == [b"a"]
    assert qstash.counts == {"publish": 1}


def test_the_sdk_sees_the_duplicate(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    first = publish(client, destination.url, deduplication_id="run-1")
    second = client.message.publish(url=destination.url, deduplication_id="run-1")
    assert isinstance(second, PublishResponse)
    assert (second.message_id, second.deduplicated) == (first, True)


def test_the_window_is_ten_minutes(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    first = publish(client, destination.url, deduplication_id="run-1")
    qstash.advance(590)
    assert publish(client, destination.url, deduplication_id="run-1") == first
    qstash.advance(11)
    assert publish(client, destination.url, deduplication_id="run-1") != first


def test_content_decides_where_no_id_is_given(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    def published(
        url: str = destination.url,
        body: str = "a",
        content_type: str = "text/plain",
        run: str = "1",
    ) -> str:
        headers = {"X-Run": run}
        return publish(
            client,
            url,
            body=body,
            content_type=content_type,
            headers=headers,
            content_based_deduplication=True,
        )

    first = published()
    assert published() == first
    others = [
        published(url=f"{destination.url}/other"),
        published(body="b"),
        published(content_type="text/html"),
        published(run="2"),
    ]
    assert len({first, *others}) == 5


def test_messages_without_either_are_never_duplicates(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    assert publish(client, destination.url, body="a") != publish(client, destination.url, body="a")


def test_a_duplicate_in_a_batch_is_answered_in_its_place(
    qstash: QStashStandIn, destination: Destination
) -> None:
    entry = {
        "destination": destination.url,
        "headers": {"Upstash-Deduplication-Id": "run-1"},
        "body": "",
    }
    first, second = ask(qstash, "POST", "/v2/batch", json=[entry, entry]).json()
    assert second == first | {"deduplicated": True}


def test_a_retry_from_the_dlq_is_no_duplicate(qstash: QStashStandIn, client: QStash) -> None:
    first = publish(client, "http://127.0.0.1:9/closed", retries=0, deduplication_id="run-1")
    qstash.drain()
    [entry] = ask(qstash, "GET", "/v2/dlq").json()["messages"]
    answer = ask(qstash, "POST", f"/v2/dlq/retry/{entry['dlqId']}").json()
    assert "deduplicated" not in answer
    assert answer["messageId"] != first
