"""What QStash is sent and what its answers mean; its log of a message, and that nobody waits for
it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from lib.config import Config
from lib.errors import QueueRefused
from lib.model import Ask
from lib.qstash.client import Delivery, Fate, Queue
from lib.qstash.messages import Message, Notice

LOGS = "https://qstash.upstash.io/v2/logs"
PUBLISH = "https://qstash.upstash.io/v2/publish/"


@pytest.fixture
async def queue(environ: dict[str, str]) -> AsyncIterator[Queue]:
    async with httpx.AsyncClient() as http:
        yield Queue(Config.read(environ), http)


def entry(state: str, **fields: Any) -> dict[str, Any]:
    return {"messageId": "msg_1", "time": 1_780_000_000_000, "state": state, **fields}


@respx.mock
async def test_the_newest_entry_is_the_state_and_the_last_bad_answer_the_reason(
    queue: Queue,
) -> None:
    log = [
        entry("RETRY", nextDeliveryTime=1_780_000_060_000),
        entry("ERROR", responseStatus=401, responseBody="Authentication Required"),
        entry("ERROR", responseStatus=500, responseBody="older"),
        entry("CREATED"),
    ]
    route = respx.get(LOGS).respond(json={"logs": log})

    found = await queue.delivery_of("msg_1")

    assert found == Delivery("under way", "HTTP 401 Authentication Required", 1_780_000_060.0)
    request = route.calls.last.request
    assert request.url.params["messageId"] == "msg_1"
    assert request.headers["authorization"] == "Bearer qstash-token"
    assert request.extensions["timeout"]["read"] <= 2


@respx.mock
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, json={"logs": []}),
        httpx.Response(200, text="<html>"),
        httpx.Response(401, json={"error": "no"}),
        httpx.ReadTimeout("slow"),
    ],
)
async def test_a_log_that_says_nothing_is_no_trouble(
    queue: Queue, answer: httpx.Response | Exception
) -> None:
    respx.get(LOGS).mock(side_effect=[answer])

    assert await queue.delivery_of("msg_1") is None


def message(lane: int) -> Message:
    return Message("run_1", str(lane), 0, Ask(), "2026-01-01T00:00:00.000+00:00")


@respx.mock
async def test_several_messages_go_as_one_batch_and_keep_their_order(queue: Queue) -> None:
    route = respx.post("https://qstash.upstash.io/v2/batch").respond(
        json=[
            {"messageId": "msg_0"},
            {"messageId": "msg_1"},
            {"messageId": "msg_2", "deduplicated": True},
        ]
    )

    assert await queue.publish_messages([message(lane) for lane in range(3)]) == [
        "msg_0",
        "msg_1",
        "msg_2",
    ]

    (call,) = route.calls
    sent = json.loads(call.request.content)
    assert [one["headers"]["Upstash-Deduplication-Id"] for one in sent] == [
        "run_1-0-0",
        "run_1-1-0",
        "run_1-2-0",
    ]
    assert {one["destination"] for one in sent} == {"https://sync.example/api/sync/worker"}


@respx.mock
async def test_what_lets_qstash_through_deployment_protection_goes_with_every_call(
    environ: dict[str, str],
) -> None:
    route = respx.post(url__startswith=PUBLISH).respond(json={"messageId": "msg_1"})
    async with httpx.AsyncClient() as http:
        protected = Queue(
            Config.read(environ | {"VERCEL_AUTOMATION_BYPASS_SECRET": "bypass"}), http
        )
        await protected.publish_messages([message(0)])
        await protected.publish_messages([Notice("run_1")])

    worker, notice = (call.request.headers for call in route.calls)
    assert worker["Upstash-Forward-x-vercel-protection-bypass"] == "bypass"
    assert worker["Upstash-Failure-Callback-Forward-x-vercel-protection-bypass"] == "bypass"
    assert notice["Upstash-Forward-x-vercel-protection-bypass"] == "bypass"


@respx.mock
async def test_without_deployment_protection_no_bypass_is_sent(queue: Queue) -> None:
    route = respx.post(url__startswith=PUBLISH).respond(json={"messageId": "msg_1"})

    await queue.publish_messages([message(0)])

    assert not [name for name in route.calls.last.request.headers if "bypass" in name]


@respx.mock
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(429, headers={"RateLimit-Limit": "1000"}), r"daily message limit \(1000\)"),
        (
            httpx.Response(429, headers={"Burst-RateLimit-Limit": "10"}),
            "no more messages at this moment",
        ),
        (
            httpx.Response(401, text='{"error": "invalid token"}'),
            "refused the message: .*401.*invalid token",
        ),
        (httpx.ConnectTimeout("slow"), r"out of reach \(ConnectTimeout\)"),
        (httpx.Response(200, json={}), r"out of reach \(KeyError\)"),
        (httpx.Response(200, text="<html>"), r"out of reach \(JSONDecodeError\)"),
    ],
)
async def test_a_message_that_qstash_does_not_take_has_a_reason_and_a_way_out(
    queue: Queue, answer: httpx.Response | Exception, reason: str
) -> None:
    route = respx.post(url__startswith=PUBLISH).mock(side_effect=[answer])

    with pytest.raises(QueueRefused, match=reason) as refusal:
        await queue.publish_messages([message(0)])

    assert "GET /api/sync runs the sync without QStash" in str(refusal.value)
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("state", "fate"),
    [
        *((state, "under way") for state in ("CREATED", "ACTIVE", "RETRY", "ERROR")),
        *((state, "cancelled") for state in ("CANCEL_REQUESTED", "CANCELED", "CANCELLED")),
        ("FAILED", "given up"),
        *((state, "ended") for state in ("DELIVERED", "IN_PROGRESS_SOMEHOW", "")),
    ],
)
@respx.mock
async def test_each_state_of_the_log_has_a_fate(queue: Queue, state: str, fate: Fate) -> None:
    respx.get(LOGS).respond(json={"logs": [entry(state)]})

    assert await queue.delivery_of("msg_1") == Delivery(fate)
