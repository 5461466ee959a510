"""Messages of one key wait for each other; nothing is refused."""

import threading

import pytest
from qstash import QStash

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Destination, Says
from tests.dev.qstash.publisher import ask, publish
from tests.waiting import until


def test_no_more_than_the_parallelism_are_under_way_at_once(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    answered = threading.Event()
    destination.always = lambda arrival: Says(after=answered)
    for _ in range(5):
        publish(client, destination.url, flow_control={"key": "notion", "parallelism": 2})
    until(lambda: len(destination.arrivals) == 2)
    info = client.flow_control.get("notion")
    assert (info.parallelism_max, info.parallelism_count, info.wait_list_size) == (2, 2, 3)
    assert client.flow_control.get_global_parallelism().parallelism_count == 2
    answered.set()
    qstash.drain()
    assert (len(destination.arrivals), destination.most_at_once) == (5, 2)
    assert client.flow_control.get("notion").parallelism_count == 0


def test_no_more_than_the_rate_begin_in_a_period(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    for _ in range(5):
        publish(client, destination.url, flow_control={"key": "notion", "rate": 2, "period": "10m"})
    for arrived in (2, 4, 5):
        qstash.drain()
        assert len(destination.arrivals) == arrived
        qstash.advance(601)
    info = client.flow_control.get("notion")
    assert (info.rate_max, info.rate_period, info.rate_count) == (2, 600, 0)


def test_the_next_period_begins_by_time_alone(destination: Destination) -> None:
    with QStashStandIn(time_scale=1000) as hurried:
        headers = {
            "Upstash-Flow-Control-Key": "notion",
            "Upstash-Flow-Control-Value": "rate=1, period=1m",
        }
        for _ in range(2):
            ask(hurried, "POST", f"/v2/publish/{destination.url}", headers)
        destination.wait_for(2)


def test_other_keys_do_not_wait(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    answered = threading.Event()
    destination.answers = [Says(after=answered)]
    publish(client, destination.url, flow_control={"key": "notion", "parallelism": 1})
    publish(client, f"{destination.url}/other", flow_control={"key": "other", "parallelism": 1})
    publish(client, f"{destination.url}/none")
    publish(client, f"{destination.url}/waits", flow_control={"key": "notion", "parallelism": 1})
    destination.wait_for(3)
    assert (
        len(destination.at("/other")),
        len(destination.at("/none")),
        destination.at("/waits"),
    ) == (1, 1, [])
    answered.set()
    qstash.drain()
    assert len(destination.at("/waits")) == 1


def test_a_paused_key_delivers_nothing_until_it_is_resumed(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    client.flow_control.pause("notion")
    publish(client, destination.url, flow_control={"key": "notion", "parallelism": 5})
    qstash.drain()
    info = client.flow_control.get("notion")
    assert (info.is_paused, info.wait_list_size, destination.arrivals) == (True, 1, [])
    client.flow_control.resume("notion")
    qstash.drain()
    assert len(destination.arrivals) == 1


def test_the_newest_message_sets_the_limits_unless_they_are_pinned(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    publish(client, destination.url, flow_control={"key": "notion", "parallelism": 1})
    publish(client, destination.url, flow_control={"key": "notion", "parallelism": 3})
    assert client.flow_control.get("notion").parallelism_max == 3
    client.flow_control.pin("notion", {"parallelism": 2})
    publish(client, destination.url, flow_control={"key": "notion", "parallelism": 9})
    info = client.flow_control.get("notion")
    assert (info.parallelism_max, info.is_pinned_parallelism) == (2, True)
    client.flow_control.unpin("notion", {"parallelism": True})
    publish(client, destination.url, flow_control={"key": "notion", "parallelism": 9})
    assert client.flow_control.get("notion").parallelism_max == 9
    qstash.drain()


def test_resetting_the_rate_opens_a_new_period(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    for _ in range(2):
        publish(client, destination.url, flow_control={"key": "notion", "rate": 1, "period": "1h"})
    qstash.drain()
    assert len(destination.arrivals) == 1
    client.flow_control.reset_rate("notion")
    qstash.drain()
    assert len(destination.arrivals) == 2


@pytest.mark.parametrize(
    "value", ["", "rate", "rate=0", "rate=-1", "period=1s", "parallelism=1, speed=2", "rate=many"]
)
def test_a_value_that_says_nothing_is_refused(
    qstash: QStashStandIn, destination: Destination, value: str
) -> None:
    headers = {"Upstash-Flow-Control-Key": "notion", "Upstash-Flow-Control-Value": value}
    answer = ask(qstash, "POST", f"/v2/publish/{destination.url}", headers)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(
        "Upstash-Flow-Control-Value should be either rate=X or parallelism=Y"
    )


def test_the_accounts_own_parallelism_stands_above_all_keys(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    answered = threading.Event()
    destination.always = lambda arrival: Says(after=answered)
    for _ in range(12):
        publish(client, destination.url)
    assert client.flow_control.get_global_parallelism().parallelism_count == 10
    destination.wait_for(10)
    answered.set()
    qstash.drain()
    assert (len(destination.arrivals), destination.most_at_once) == (12, 10)
