"""What the service turns down, and in which words."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import qstash as upstash
from qstash import QStash
from qstash.errors import DailyMessageLimitExceededError, QStashError, RateLimitExceededError

from dev.qstash import Fault, QStashStandIn
from tests.dev.qstash.destination import Destination
from tests.dev.qstash.publisher import ask, publish


@pytest.fixture(scope="module")
def strict() -> Iterator[QStashStandIn]:
    with QStashStandIn(
        allow_loopback=False, token="another-token", listings_per_second=2
    ) as stand_in:
        yield stand_in


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}]
)
def test_nothing_is_served_without_the_token(
    qstash: QStashStandIn, destination: Destination, headers: dict[str, str]
) -> None:
    for method, path in (
        ("POST", f"/v2/publish/{destination.url}"),
        ("GET", "/v2/keys"),
        ("GET", "/v2/logs"),
    ):
        answer = httpx.request(method, f"{qstash.url}{path}", headers=headers, trust_env=False)
        assert (answer.status_code, "error" in answer.json()) == (401, True)
    assert qstash.messages == []


def test_an_unknown_address_is_a_404(qstash: QStashStandIn) -> None:
    answer = ask(qstash, "GET", "/v2/nothing")
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "no such endpoint: GET /v2/nothing"},
    )


@pytest.mark.parametrize(
    "destination", ["web.example/work", "https%3A%2F%2Fweb.example%2Fwork", "ftp://web.example"]
)
def test_a_destination_needs_its_scheme(qstash: QStashStandIn, destination: str) -> None:
    answer = ask(qstash, "POST", f"/v2/publish/{destination}")
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "invalid destination url: endpoint has invalid scheme, add http:// or https://"},
    )


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.1:3000", "endpoint resolves to a loopback address: 127.0.0.1"),
        ("[::1]:3000", "endpoint resolves to a loopback address: ::1"),
        ("localhost", "endpoint resolves to a loopback address"),
        ("10.1.2.3", "endpoint resolves to a private address: 10.1.2.3"),
    ],
)
def test_inner_addresses_are_refused_where_loopback_is_not_allowed(
    strict: QStashStandIn, host: str, words: str
) -> None:
    answer = ask(strict, "POST", f"/v2/publish/http://{host}/work")
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_loopback_callback_is_refused_too(strict: QStashStandIn) -> None:
    answer = ask(
        strict,
        "POST",
        "/v2/publish/http://192.0.2.1/work",
        {"Upstash-Callback": "http://localhost/told"},
    )
    assert answer.status_code == 400


def test_a_host_nobody_knows_is_refused(
    strict: QStashStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("no such host")

    answer = None
    with monkeypatch.context() as patched:
        known = socket.getaddrinfo
        patched.setattr(
            socket,
            "getaddrinfo",
            lambda host, *rest, **more: (unknown if host == "web" else known)(host, *rest, **more),
        )
        answer = ask(strict, "POST", "/v2/publish/http://web/work")
    assert (
        answer.json()["error"]
        == "invalid destination url: unable to resolve host: lookup web: no such host"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Upstash-Method", "CONNECT"),
        ("Upstash-Retries", "-1"),
        ("Upstash-Retries", "many"),
        ("Upstash-Delay", "soon"),
        ("Upstash-Delay", "10"),
        ("Upstash-Timeout", "1 minute"),
        ("Upstash-Not-Before", "tomorrow"),
    ],
)
def test_a_header_that_cannot_be_meant_is_named(
    qstash: QStashStandIn, destination: Destination, name: str, value: str
) -> None:
    answer = ask(qstash, "POST", f"/v2/publish/{destination.url}", {name: value})
    assert (answer.status_code, name in answer.json()["error"]) == (400, True)
    assert qstash.messages == []


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"body": "x"}]', b"[1]", b"\xff"])
def test_a_batch_that_is_not_one_is_refused(qstash: QStashStandIn, body: bytes) -> None:
    answer = ask(qstash, "POST", "/v2/batch", content=body)
    assert (answer.status_code, "invalid batch" in answer.json()["error"]) == (400, True)


def test_the_daily_limit_counts_messages_until_the_next_day(destination: Destination) -> None:
    with QStashStandIn(messages_per_day=2) as limited:
        client = upstash.QStash(limited.token, base_url=limited.url, retry=False)
        for _ in range(2):
            publish(client, destination.url)
        with pytest.raises(DailyMessageLimitExceededError) as refused:
            publish(client, destination.url)
        assert (refused.value.limit, refused.value.remaining) == ("2", "0")
        answers = ask(limited, "POST", "/v2/batch", json=[{"destination": destination.url}])
        assert answers.status_code == 429
        limited.advance(86400)
        publish(client, destination.url)
        limited.drain()
        client.http._client.close()


def test_the_burst_limit_counts_listings_in_a_second(strict: QStashStandIn) -> None:
    client = upstash.QStash(strict.token, base_url=strict.url, retry=False)
    try:
        with pytest.raises(RateLimitExceededError) as refused:
            for _ in range(50):
                client.dlq.list()
        assert (refused.value.limit, refused.value.remaining) == ("2", "0")
        strict.advance(1)
        assert client.dlq.list().messages == []
    finally:
        client.http._client.close()


def test_publishes_are_refused_on_request_for_so_many_times(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("publish_error", times=2))
    for _ in range(2):
        with pytest.raises(QStashError, match="500"):
            publish(client, destination.url)
    publish(client, destination.url)
    qstash.drain()
    assert len(destination.arrivals) == 1


def test_a_publish_over_the_limit_is_told_apart_by_its_headers(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("publish_daily", times=1))
    with pytest.raises(DailyMessageLimitExceededError) as daily:
        publish(client, destination.url)
    qstash.fail(Fault("publish_burst", times=1))
    with pytest.raises(RateLimitExceededError) as burst:
        publish(client, destination.url)
    assert (daily.value.limit, burst.value.limit) == ("1000", "100")


def test_a_publish_may_meet_a_reset_connection(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("publish_reset", times=1))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        publish(client, destination.url)
    assert qstash.messages == []
    qstash.fail(Fault("publish_reset", times=1, matching="^$"))  # a batch has no one destination
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.message.batch([{"url": destination.url}])
