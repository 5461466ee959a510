"""What QStash's log says of a message, and that nobody waits for it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from lib.config import Config
from lib.sync.queue import Delivery, Queue

LOGS = "https://qstash.upstash.io/v2/logs"


@pytest.fixture
async def queue(environ: dict[str, str]) -> AsyncIterator[Queue]:
    async with httpx.AsyncClient() as http:
        yield Queue(Config.read(environ), http)


def entry(state: str, **fields: Any) -> dict[str, Any]:
    return {"messageId": "msg_1", "time": 1_780_000_000_000, "state": state, **fields}


@respx.mock
async def test_the_newest_entry_is_the_state_and_the_last_bad_answer_the_reason(queue: Queue) -> None:
    log = [
        entry("RETRY", nextDeliveryTime=1_780_000_060_000),
        entry("ERROR", responseStatus=401, responseBody="Authentication Required"),
        entry("ERROR", responseStatus=500, responseBody="older"),
        entry("CREATED"),
    ]
    route = respx.get(LOGS).respond(json={"logs": log})

    found = await queue.delivery("msg_1")

    assert found == Delivery("RETRY", "HTTP 401 Authentication Required", 1_780_000_060.0)
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
async def test_a_log_that_says_nothing_is_no_trouble(queue: Queue, answer: httpx.Response | Exception) -> None:
    respx.get(LOGS).mock(side_effect=[answer])

    assert await queue.delivery("msg_1") is None
