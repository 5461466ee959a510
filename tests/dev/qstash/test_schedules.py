"""Schedules are kept and shown; they are fired by hand."""

import pytest
from qstash import QStash
from qstash.errors import QStashError

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Destination


def test_a_schedule_is_kept_listed_paused_and_deleted(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    schedule_id = client.schedule.create_json(
        destination=f"{destination.url}/work?all=1",
        cron="0 4 * * *",
        body={"force": True},
        retries=1,
    )
    kept = client.schedule.get(schedule_id)
    assert (kept.destination, kept.cron, kept.body) == (
        f"{destination.url}/work?all=1",
        "0 4 * * *",
        '{"force": true}',
    )
    assert (kept.retries, kept.paused) == (1, False)
    client.schedule.pause(schedule_id)
    assert [schedule.paused for schedule in client.schedule.list()] == [True]
    client.schedule.resume(schedule_id)
    assert not client.schedule.get(schedule_id).paused
    client.schedule.delete(schedule_id)
    assert client.schedule.list() == []
    with pytest.raises(QStashError, match="404"):
        client.schedule.get(schedule_id)


def test_a_fired_schedule_publishes_its_message(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    schedule_id = client.schedule.create(destination=destination.url, cron="0 4 * * *", body="go")
    message_ids = [qstash.fire(schedule_id), qstash.fire(schedule_id)]
    qstash.drain()
    assert sorted(arrival.message_id for arrival in destination.arrivals) == sorted(message_ids)
    assert {arrival.headers["upstash-schedule-id"] for arrival in destination.arrivals} == {
        schedule_id
    }
    assert {arrival.body for arrival in destination.arrivals} == {b"go"}
    assert qstash.counts == {"schedule": 2}
    assert client.schedule.get(schedule_id).last_schedule_time is not None


def test_a_schedule_with_a_known_id_is_replaced(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    for cron in ("0 4 * * *", "CRON_TZ=Europe/Berlin 0 5 * * *"):
        client.schedule.create(destination=destination.url, cron=cron, schedule_id="nightly")
    assert [schedule.cron for schedule in client.schedule.list()] == [
        "CRON_TZ=Europe/Berlin 0 5 * * *"
    ]


def test_a_paused_schedule_does_not_fire(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    schedule_id = client.schedule.create(destination=destination.url, cron="0 4 * * *")
    client.schedule.pause(schedule_id)
    with pytest.raises(ValueError, match="paused"):
        qstash.fire(schedule_id)
    assert qstash.messages == []


def test_no_schedule_without_a_cron_expression(
    qstash: QStashStandIn, client: QStash, destination: Destination
) -> None:
    with pytest.raises(QStashError, match="invalid cron expression"):
        client.schedule.create(destination=destination.url, cron="daily")
