"""What is published arrives, unchanged: the Python SDK at one end, a real HTTP server at the
other."""

import time

import httpx
import pytest
from qstash import AsyncQStash, QStash, Receiver
from qstash.errors import QStashError
from qstash.message import PublishResponse

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Arrival, Destination, Says
from tests.dev.qstash.publisher import ask, publish


def test_a_message_arrives_as_it_was_published(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    message_id = publish(
        client,
        f"{destination.url}/work",
        body="grüß dich ☃",
        content_type="text/plain; charset=utf-8",
        headers={"X-Run": "42"},
    )
    qstash.drain()
    [arrival] = destination.arrivals
    assert (arrival.method, arrival.body.decode()) == ("POST", "grüß dich ☃")
    assert arrival.message_id == message_id
    assert arrival.retried == 0
    assert arrival.headers["x-run"] == "42"
    assert arrival.headers["content-type"] == "text/plain; charset=utf-8"
    assert arrival.headers["user-agent"] == "Upstash-QStash"
    assert arrival.headers["upstash-region"] == "EU-CENTRAL-1"
    assert "upstash-forward-x-run" not in arrival.headers
    assert "authorization" not in arrival.headers
    arrival.verify(receiver)


def test_a_destination_keeps_its_path_and_query_byte_for_byte(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    url = f"{destination.url}/a%20b/c?run=1&next=%2Fhome&empty="
    publish(client, url)
    qstash.drain()
    assert [arrival.url for arrival in destination.arrivals] == [url]
    destination.arrivals[0].verify(receiver)


def test_a_token_in_the_query_authorises_and_is_not_part_of_the_destination(
    qstash: QStashStandIn, destination: Destination
) -> None:
    url = f"{qstash.url}/v2/publish/{destination.url}/work?run=1&qstash_token={qstash.token}&last=2"
    assert httpx.post(url, trust_env=False).status_code == 201
    qstash.drain()
    assert [arrival.url for arrival in destination.arrivals] == [
        f"{destination.url}/work?run=1&last=2"
    ]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_the_method_is_the_publishers_choice(
    qstash: QStashStandIn, client: QStash, destination: Destination, method: str
) -> None:
    publish(client, destination.url, method=method, body="x")
    qstash.drain()
    assert [(arrival.method, arrival.body) for arrival in destination.arrivals] == [(method, b"x")]


def test_json_is_published_with_its_content_type(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    client.message.publish_json(url=destination.url, body={"force": True})
    qstash.drain()
    [arrival] = destination.arrivals
    assert arrival.headers["content-type"] == "application/json"
    assert arrival.body == b'{"force": true}'


def test_bytes_that_are_not_text_arrive_and_are_shown_as_base64(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    message_id = publish(client, destination.url, body=b"\xff\x00\xfe", delay=60)
    shown = client.message.get(message_id)
    assert (shown.body, shown.body_base64) == (None, "/wD+")
    qstash.advance(60)
    qstash.drain()
    assert destination.arrivals[0].body == b"\xff\x00\xfe"


async def test_the_asynchronous_sdk_publishes_a_batch_and_cancels(
    qstash: QStashStandIn, destination: Destination
) -> None:
    client = AsyncQStash(qstash.token, base_url=qstash.url, retry=False)
    try:
        answers = await client.message.batch_json(
            [
                {"url": f"{destination.url}/{name}", "body": {"page": name}}
                for name in ("one", "two")
            ]
        )
        later = await client.message.publish_json(url=destination.url, body={}, delay="1h")
        assert isinstance(later, PublishResponse)
        assert (await client.message.get(later.message_id)).url == destination.url
        await client.message.cancel(later.message_id)
        assert (await client.signing_key.get()).current == qstash.current_signing_key
    finally:
        await client.http._client.aclose()
    qstash.drain()
    assert [arrival.body for arrival in destination.at("/one")] == [b'{"page": "one"}']
    assert {answer.message_id for answer in answers if not isinstance(answer, list)} == {
        arrival.message_id for arrival in destination.arrivals
    }


def test_a_batch_answers_in_order_and_one_refusal_does_not_stop_the_others(
    qstash: QStashStandIn, destination: Destination
) -> None:
    entries = [
        {
            "destination": f"{destination.url}/first",
            "headers": {"Upstash-Forward-X-Name": "é"},
            "body": "1",
        },
        {"destination": "no-scheme.example", "body": "2", "queue": None},
        {
            "destination": f"{destination.url}/third",
            "headers": {"Upstash-Method": "PUT"},
            "body": "3",
        },
    ]
    answer = ask(qstash, "POST", "/v2/batch", json=entries)
    qstash.drain()
    first, refused, third = answer.json()
    assert answer.status_code == 200
    assert refused == {
        "error": "invalid destination url: endpoint has invalid scheme, add http:// or https://",
    }
    assert destination.at("/first")[0].message_id == first["messageId"]
    assert destination.at("/first")[0].headers["x-name"].encode("latin-1").decode() == "é"
    assert destination.at("/third")[0].message_id == third["messageId"]
    assert destination.at("/third")[0].method == "PUT"


def test_a_delayed_message_waits_until_the_clock_is_there(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    message_id = publish(client, destination.url, delay="1h30m")
    shown = client.message.get(message_id)
    assert shown.not_before - shown.created_at == 5_400_000
    qstash.advance(5399)
    qstash.drain()
    assert destination.arrivals == []
    qstash.advance(1)
    qstash.drain()
    assert len(destination.arrivals) == 1


def test_not_before_wins_over_a_delay(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    publish(client, destination.url, not_before=int(time.time()) + 600, delay=5)
    qstash.advance(590)
    qstash.drain()
    assert destination.arrivals == []
    qstash.advance(11)
    qstash.drain()
    assert len(destination.arrivals) == 1


def test_a_delayed_message_is_delivered_by_time_alone(destination: Destination) -> None:
    with QStashStandIn(time_scale=1000) as hurried:
        ask(hurried, "POST", f"/v2/publish/{destination.url}", {"Upstash-Delay": "60s"})
        hurried.drain()
        assert destination.arrivals == []
        destination.wait_for(1)


def test_a_cancelled_message_is_not_delivered(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    message_id = publish(client, destination.url, delay=60)
    client.message.cancel(message_id)
    qstash.advance(60)
    qstash.drain()
    assert destination.arrivals == []
    assert [message.state for message in qstash.messages] == ["CANCELED"]
    with pytest.raises(QStashError, match="404"):
        client.message.cancel(message_id)


def test_cancelling_many_takes_the_named_ones_and_cancelling_all_the_rest(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    ids = [publish(client, destination.url, delay=60, body=str(number)) for number in range(4)]
    assert client.message.cancel_many(ids[:2]) == 2
    assert client.message.get(ids[2]).body == "2"
    assert client.message.cancel_all() == 2
    qstash.advance(60)
    qstash.drain()
    assert destination.arrivals == []


def test_cancelling_an_empty_id_cancels_everything_as_the_service_does(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    publish(client, destination.url, delay=60)
    client.message.cancel("")
    assert [message.state for message in qstash.messages] == ["CANCELED"]


def test_a_message_cancelled_in_flight_is_not_retried(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    def cancel_it(arrival: Arrival) -> Says:
        client.message.cancel(arrival.message_id)
        return Says(500)

    destination.always = cancel_it
    publish(client, destination.url)
    qstash.drain()
    qstash.advance(86400)
    qstash.drain()
    assert len(destination.arrivals) == 1
    assert [message.state for message in qstash.messages] == ["CANCELED"]


def test_a_message_is_forgotten_once_it_is_delivered(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    message_id = publish(client, destination.url, delay=60, label="sync", retries=1, timeout=30)
    shown = client.message.get(message_id)
    assert (shown.label, shown.max_retries, shown.method) == ("sync", 1, "POST")
    qstash.advance(60)
    qstash.drain()
    with pytest.raises(QStashError, match="404"):
        client.message.get(message_id)


def test_a_redirect_is_a_failed_attempt_and_not_followed(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(308, {"Location": f"{destination.url}/elsewhere"})]
    publish(client, f"{destination.url}/here", retries=0)
    qstash.drain()
    assert destination.at("/elsewhere") == []
    assert [message.state for message in qstash.messages] == ["FAILED"]


def test_a_queue_delivers_in_order_and_waits_for_retries_and_callbacks(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(500)]
    for name in ("one", "two"):
        client.message.enqueue(
            queue="pages", url=f"{destination.url}/{name}", callback=f"{destination.url}/told"
        )
    qstash.drain()
    assert destination.at("/two") == []
    qstash.advance(13)
    qstash.drain()
    paths = [arrival.url.removeprefix(destination.url) for arrival in destination.arrivals]
    assert paths == ["/one", "/told", "/one", "/told", "/two", "/told"]
