"""At least once, in no order: what QStash's promises allow for, on request; and the stand-in's own
controls."""

import subprocess
import sys
import threading

import httpx
import pytest
from qstash import QStash, Receiver

from dev.qstash import Fault, QStashStandIn
from tests.dev.qstash.destination import Destination, Says
from tests.dev.qstash.publisher import publish


def test_a_message_is_delivered_twice_at_once(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    both_there = threading.Barrier(2, timeout=20)

    class BothThere(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return both_there.wait() >= 0

    qstash.fail(Fault("twice", times=1))
    destination.always = lambda arrival: Says(after=BothThere())
    message_id = publish(client, f"{destination.url}/work")
    qstash.drain()
    assert [arrival.message_id for arrival in destination.arrivals] == [message_id, message_id]
    assert destination.most_at_once == 2
    for arrival in destination.arrivals:
        arrival.verify(receiver)
    assert [message.state for message in qstash.messages] == ["DELIVERED"]


def test_of_two_deliveries_at_once_one_success_is_enough(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("twice"))
    destination.answers = [Says(409)]
    publish(client, destination.url)
    qstash.drain()
    [message] = qstash.messages
    assert message.state == "DELIVERED"
    assert {attempt.answer.status for attempt in message.attempts} == {200, 409}


def test_a_message_is_delivered_again_after_a_success(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("again", times=1))
    message_id = publish(client, destination.url)
    qstash.drain()
    assert [(arrival.message_id, arrival.retried) for arrival in destination.arrivals] == [
        (message_id, 0)
    ] * 2
    assert destination.most_at_once == 1


def test_a_message_is_overtaken_by_the_next_one(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("reorder", times=1, seconds=3600))
    for name in ("one", "two"):
        publish(client, f"{destination.url}/{name}")
    qstash.drain()
    assert [arrival.url.removeprefix(destination.url) for arrival in destination.arrivals] == [
        "/two",
        "/one",
    ]


def test_a_message_that_nothing_overtakes_goes_after_its_time(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("reorder", times=1, seconds=3600))
    publish(client, destination.url)
    with pytest.raises(TimeoutError):
        qstash.drain(0.1)
    qstash.advance(3600)
    qstash.drain()
    assert len(destination.arrivals) == 1


def test_a_dropped_message_is_accepted_and_never_seen_again(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("drop", times=1, matching="/lost"))
    publish(client, f"{destination.url}/lost")
    publish(client, f"{destination.url}/found")
    qstash.drain()
    qstash.advance(86400)
    qstash.drain()
    assert [arrival.url for arrival in destination.arrivals] == [f"{destination.url}/found"]
    lost, found = qstash.messages
    assert (lost.state, lost.dropped, found.state) == ("CREATED", True, "DELIVERED")


def test_a_healed_queue_does_no_more_harm(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("twice"))
    qstash.heal()
    publish(client, destination.url)
    qstash.drain()
    assert len(destination.arrivals) == 1


def test_messages_tell_their_attempts_and_times(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(500, body=b"no")]
    publish(client, destination.url, body="x", retry_delay="60000")
    qstash.drain()
    qstash.advance(60)
    qstash.drain()
    [message] = qstash.messages
    assert (message.url, message.publication.body, message.kind) == (
        destination.url,
        b"x",
        "publish",
    )
    assert [(attempt.retried, attempt.answer.status) for attempt in message.attempts] == [
        (0, 500),
        (1, 200),
    ]
    first, second = message.attempts
    assert first.answer.body == b"no"
    assert first.started_at <= first.ended_at
    assert 59 < second.started_at - first.ended_at < 70


def test_drain_waits_for_what_a_delivery_publishes(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    def next_slice(number: int) -> Says:
        if number < 4:
            publish(client, f"{destination.url}/slice/{number + 1}")
        return Says()

    destination.always = lambda arrival: next_slice(int(arrival.url[-1]))
    publish(client, f"{destination.url}/slice/1")
    qstash.drain()
    assert len(destination.arrivals) == 4


def test_drain_gives_up_in_time(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    answered = threading.Event()
    destination.answers = [Says(after=answered)]
    publish(client, destination.url)
    with pytest.raises(TimeoutError, match="1 deliveries still in flight"):
        qstash.drain(0.05)
    answered.set()
    qstash.drain()


def test_reset_forgets_everything(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    first_key = qstash.current_signing_key
    answered = threading.Event()
    destination.answers = [Says(after=answered)]
    client.signing_key.rotate()
    publish(client, f"{destination.url}/in-flight", deduplication_id="run-1")
    publish(client, f"{destination.url}/delayed", delay=60)
    destination.wait_for(1)
    qstash.fail(Fault("drop"))
    qstash.reset()
    answered.set()
    assert qstash.messages == []
    assert client.log.list().logs == []
    assert qstash.current_signing_key == first_key
    publish(client, f"{destination.url}/after", deduplication_id="run-1")
    qstash.advance(60)
    qstash.drain()
    assert (len(destination.at("/after")), destination.at("/delayed")) == (1, [])


def test_what_is_halted_ends_what_is_in_flight_and_begins_nothing_until_it_is_reset(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    answered = threading.Event()
    destination.answers = [Says(503, after=answered)]
    publish(client, f"{destination.url}/in-flight", retries=1, retry_delay="0")
    destination.wait_for(1)
    with pytest.raises(TimeoutError, match="1 deliveries still in flight"):
        qstash.halt(0.05)
    publish(client, f"{destination.url}/too-late")
    answered.set()
    qstash.halt()
    assert [message.state for message in qstash.messages] == ["RETRY", "CREATED"]

    qstash.reset()
    publish(client, f"{destination.url}/after")
    qstash.drain()
    arrived = {path: len(destination.at(path)) for path in ("/in-flight", "/too-late", "/after")}
    assert arrived == {"/in-flight": 1, "/too-late": 0, "/after": 1}


def test_a_control_that_makes_no_sense_is_refused(qstash: QStashStandIn) -> None:
    for body in (
        b"",
        b'{"how": "sideways"}',
        b'{"how": "drop", "matching": "("}',
        b'{"how": "drop", "often": 1}',
    ):
        answer = httpx.post(f"{qstash.url}/_control/faults", content=body, trust_env=False)
        assert answer.status_code == 400, body


def test_the_program_serves_the_public_credentials_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-m", "dev.qstash", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        printed = dict(program.stdout.readline().strip().split("=", 1) for _ in range(4))
        client = QStash(printed["QSTASH_TOKEN"], base_url=printed["QSTASH_URL"], retry=False)
        keys = client.signing_key.get()
        client.http._client.close()
        program.terminate()
        assert program.wait(10) == 0
    assert keys.current == printed["QSTASH_CURRENT_SIGNING_KEY"]
    assert keys.next == printed["QSTASH_NEXT_SIGNING_KEY"]
