"""Who signed a delivery, for whom, and until when: judged by Upstash's own receiver."""

import time

import pytest
from qstash import QStash, Receiver
from qstash.errors import SignatureError

from dev.qstash import Fault, QStashStandIn
from tests.dev.qstash.destination import Destination
from tests.dev.qstash.publisher import publish


def test_the_claims_are_the_documented_ones(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    publish(client, f"{destination.url}/work?run=1", body="{}")
    qstash.drain()
    claims = destination.arrivals[0].claims
    assert set(claims) == {"iss", "sub", "iat", "exp", "nbf", "jti", "body"}
    assert (claims["iss"], claims["sub"], claims["nbf"]) == (
        "Upstash",
        f"{destination.url}/work?run=1",
        0,
    )
    assert claims["exp"] - claims["iat"] == 300
    assert claims["iat"] == pytest.approx(time.time(), abs=5)


def test_every_attempt_is_signed_at_its_real_time_even_when_the_queues_clock_was_moved(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    publish(client, f"{destination.url}/work", delay="7d")
    qstash.advance(7 * 86400)
    qstash.drain()
    destination.arrivals[0].verify(receiver)


def test_an_empty_body_is_signed_too(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    publish(client, f"{destination.url}/work")
    qstash.drain()
    assert destination.arrivals[0].body == b""
    destination.arrivals[0].verify(receiver)


def test_a_receiver_refuses_another_body_another_address_and_other_keys(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    publish(client, f"{destination.url}/work", body="a")
    qstash.drain()
    [arrival] = destination.arrivals
    signature = arrival.headers["upstash-signature"]
    for judge, body, url in (
        (receiver, "b", arrival.url),
        (receiver, "a", f"{arrival.url}other"),
        (
            Receiver("sig_another_key_of_32_characters_", "sig_another_key_of_32_characters_"),
            "a",
            arrival.url,
        ),
    ):
        with pytest.raises(SignatureError):
            judge.verify(signature=signature, body=body, url=url)


def test_after_a_rotation_the_next_key_signs_and_old_receivers_still_accept(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    before = client.signing_key.get()
    after = client.signing_key.rotate()
    assert after.current == before.next
    assert after.next not in {before.current, before.next}
    assert (qstash.current_signing_key, qstash.next_signing_key) == (after.current, after.next)
    publish(client, f"{destination.url}/work")
    qstash.drain()
    destination.arrivals[0].verify(receiver)


def test_rotating_twice_without_a_deployment_breaks_old_receivers(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    client.signing_key.rotate()
    client.signing_key.rotate()
    publish(client, f"{destination.url}/work")
    qstash.drain()
    with pytest.raises(SignatureError):
        destination.arrivals[0].verify(receiver)


def test_a_delivery_signed_with_the_next_key_is_accepted_by_the_second_key_only(
    qstash: QStashStandIn, client: QStash, destination: Destination, receiver: Receiver
) -> None:
    qstash.fail(Fault("next_key"))
    publish(client, f"{destination.url}/work")
    qstash.drain()
    [arrival] = destination.arrivals
    arrival.verify(receiver)
    with pytest.raises(SignatureError):
        arrival.verify(Receiver(qstash.current_signing_key, qstash.current_signing_key))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("expired"), "expired"),
        (Fault("wrong_sub"), "Invalid subject"),
        (Fault("skew", seconds=30), "not yet valid"),
    ],
)
def test_a_spoiled_signature_is_refused_by_the_receiver(
    qstash: QStashStandIn, client: QStash, destination: Destination, fault: Fault, reason: str
) -> None:
    qstash.fail(fault)
    publish(client, f"{destination.url}/work")
    qstash.drain()
    key = qstash.current_signing_key  # twice, or the receiver would name the other key's reason
    with pytest.raises(SignatureError, match=reason):
        destination.arrivals[0].verify(Receiver(key, key))


def test_a_skewed_clock_moves_the_whole_signature(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    qstash.fail(Fault("skew", seconds=-120))
    publish(client, f"{destination.url}/work")
    qstash.drain()
    claims = destination.arrivals[0].claims
    assert claims["iat"] == pytest.approx(time.time() - 120, abs=5)
    assert claims["exp"] - claims["iat"] == 300
