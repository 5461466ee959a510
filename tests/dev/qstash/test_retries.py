"""When a failed message is tried again, and when it is not."""

import threading
from email.utils import formatdate

import pytest
from qstash import QStash

from dev.qstash import Message, QStashStandIn
from dev.qstash.expression import Expression
from dev.qstash.retry import backoff, delay
from tests.dev.qstash.destination import Destination, Says
from tests.dev.qstash.publisher import ask, publish

AN_INSTANT = 1_760_000_000.0


def next_attempt_in(message: Message) -> float:
    """Seconds from the end of the last attempt to the next one."""
    return message.due_at - message.attempts[-1].ended_at


def test_the_default_backoff_is_the_documented_one() -> None:
    assert [round(backoff(failures)) for failures in (1, 2, 3, 4, 5, 400)] == [
        12,
        148,
        1808,
        22026,
        86400,
        86400,
    ]


@pytest.mark.parametrize(
    ("text", "retried", "milliseconds"),
    [
        ("1000", 0, 1000),
        ("1000 * (1 + retried)", 2, 3000),
        ("pow(2, retried)", 3, 8),
        ("max(10, pow(2, retried))", 1, 10),
        ("min(1, 2, -3 + 5)", 0, 1),
        ("sqrt(16) + abs(-2) + floor(1.9) + ceil(1.1) + round(2.6)", 0, 12),
        ("exp(0) + 7 % 4 - 4 / 2", 0, 2),
        ("-5", 0, 0),
    ],
)
def test_a_retry_delay_is_computed(text: str, retried: int, milliseconds: float) -> None:
    assert Expression(text).milliseconds(retried) == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    "text",
    [
        "retried.__class__",
        "__import__('os').getcwd()",
        "open('x')",
        "'text'",
        "(lambda: 1)()",
        "attempts * 2",
        "pow(2)",
        "pow(2, exp=3)",
        "2 ** 9 ** 9",
        "[1][0]",
        "1 if retried else 2",
        "True",
        "1j",
        "1000 +",
        "(" * 5000,
        "1+" * 600 + "1",
    ],
)
def test_what_is_not_arithmetic_is_refused_at_publish(
    qstash: QStashStandIn, destination: Destination, text: str
) -> None:
    with pytest.raises(ValueError):
        Expression(text)
    answer = ask(qstash, "POST", f"/v2/publish/{destination.url}", {"Upstash-Retry-Delay": text})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("invalid Upstash-Retry-Delay")


@pytest.mark.parametrize(
    "text", ["1 / retried", "exp(10000)", "sqrt(-1)", "pow(10, 300) * pow(10, 300)"]
)
def test_a_delay_without_a_value_falls_back_to_the_default(text: str) -> None:
    assert delay(0, text, {}, AN_INSTANT) == pytest.approx(backoff(1))


@pytest.mark.parametrize(
    ("header", "text", "seconds"),
    [
        ("Retry-After", "17", 17),
        ("Retry-After", "0", 0),
        ("Retry-After", formatdate(AN_INSTANT + 90, usegmt=True), 90),
        ("Retry-After", formatdate(AN_INSTANT - 90, usegmt=True), 0),
        ("X-Ratelimit-Reset", "6m5s", 365),
        ("X-Ratelimit-Reset-Requests", "1.5s", 1.5),
        ("X-Ratelimit-Reset-Tokens", "300ms", 0.3),
        ("Retry-After", "86400", 86400),
        ("Retry-After", "86401", 5),
        ("Retry-After", "soon", 5),
    ],
)
def test_the_destination_may_say_when(header: str, text: str, seconds: float) -> None:
    assert delay(0, "5000", {header: [text]}, AN_INSTANT) == pytest.approx(seconds)


def test_a_failing_message_is_retried_with_the_default_backoff_and_then_given_up(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.always = lambda arrival: Says(500)
    publish(client, destination.url)
    for wait in (12.19, 148.5, 1808.1):
        qstash.drain()
        [message] = qstash.messages
        assert message.state == "RETRY"
        assert next_attempt_in(message) == pytest.approx(wait, rel=0.01)
        qstash.advance(wait + 1)
    qstash.drain()
    [message] = qstash.messages
    assert message.state == "FAILED"
    assert [arrival.retried for arrival in destination.arrivals] == [0, 1, 2, 3]
    assert len({arrival.message_id for arrival in destination.arrivals}) == 1


def test_the_publishers_expression_sets_the_delays(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.always = lambda arrival: Says(503)
    publish(client, destination.url, retries=2, retry_delay="60000 * (1 + retried)")
    for wait in (60, 120):
        qstash.drain()
        assert next_attempt_in(qstash.messages[0]) == pytest.approx(wait, abs=0.5)
        qstash.advance(wait)
    qstash.drain()
    assert len(destination.arrivals) == 3


def test_retry_after_comes_before_everything_and_uses_up_an_attempt(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.always = lambda arrival: Says(503, {"Retry-After": "30"})
    publish(client, destination.url, retries=1, retry_delay="1000")
    qstash.drain()
    assert next_attempt_in(qstash.messages[0]) == pytest.approx(30, abs=0.5)
    qstash.advance(30)
    qstash.drain()
    assert qstash.messages[0].state == "FAILED"


def test_489_with_its_header_fails_at_once(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(489, {"Upstash-NonRetryable-Error": "true"})]
    publish(client, destination.url, retries=3)
    qstash.drain()
    assert [message.state for message in qstash.messages] == ["FAILED"]


def test_489_alone_is_an_error_like_any_other(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    destination.answers = [Says(489)]
    publish(client, destination.url, retries=3)
    qstash.drain()
    assert [message.state for message in qstash.messages] == ["RETRY"]


def test_no_answer_within_the_timeout_is_a_failed_attempt(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    answered = threading.Event()
    destination.answers = [Says(after=answered)]
    publish(client, destination.url, timeout="200ms", retries=0)
    qstash.drain()
    answered.set()
    [message] = qstash.messages
    assert (message.state, message.answer.status, message.answer.error) == (
        "FAILED",
        0,
        "no answer within 0.2 s",
    )


def test_a_refused_connection_is_a_failed_attempt(qstash: QStashStandIn, client: QStash) -> None:
    publish(client, "http://127.0.0.1:9/closed", retries=1)
    qstash.drain()
    [message] = qstash.messages
    assert (message.state, message.answer.status) == ("RETRY", 0)
    assert message.answer.error


def test_speed_shortens_the_delays_before_retries_and_nothing_else(
    destination: Destination,
) -> None:
    with QStashStandIn(speed=10) as hurried:
        destination.answers = [Says(500)]
        headers = {"Upstash-Retry-Delay": "60000"}
        ask(hurried, "POST", f"/v2/publish/{destination.url}", headers)
        hurried.drain()
        ask(hurried, "POST", f"/v2/publish/{destination.url}", {"Upstash-Delay": "60s"})
        failed, delayed = hurried.messages
        assert next_attempt_in(failed) == pytest.approx(6, abs=0.5)
        assert delayed.due_at - delayed.created_at == pytest.approx(60)


def test_a_retry_happens_by_time_alone(destination: Destination) -> None:
    with QStashStandIn(speed=100) as hurried:
        destination.answers = [Says(500)]
        ask(hurried, "POST", f"/v2/publish/{destination.url}", {"Upstash-Retry-Delay": "5000"})
        destination.wait_for(2)
        hurried.drain()
        assert [message.state for message in hurried.messages] == ["DELIVERED"]
