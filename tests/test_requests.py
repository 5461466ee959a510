"""What QStash and Notion send, whatever the types of its fields."""

import json
from base64 import b64encode
from typing import Any

import pytest

from lib.config import Config
from lib.endpoint import Request
from lib.errors import Refused
from lib.model import Event, Handshake
from lib.requests import ending_of, event_of

MESSAGE = {"force": False, "runId": "run_1", "slice": 3, "lane": "0", "triggeredAt": "2026-01-01T00:00:00Z"}


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    return Config.read(environ)


def post(body: Any) -> Request:
    return Request("POST", "/", body=json.dumps(body).encode())


def packed(body: Any) -> str:
    return b64encode(json.dumps(body).encode()).decode()


def callback(**more: Any) -> Request:
    return post({"sourceMessageId": "msg_1", "sourceBody": packed(MESSAGE), "status": 503, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"dlqId": "1725323658779-0"},
        {"dlqId": "1725323658779-0", "status": "503", "retried": "2", "maxRetries": "2", "createdAt": "1725323658779"},
        {"dlqId": "1-0", "status": 0, "body": None, "header": None, "sourceHeader": {"A": "b"}},
        {"retried": 2, "maxRetries": 2},
        {"status": 489, "retried": 0, "maxRetries": 2},
        {"status": "489"},
    ],
)
def test_a_message_that_was_given_up_is_told_by_any_callback(config: Config, more: dict[str, Any]) -> None:
    ending = ending_of(callback(**more), config)

    assert ending.failed is not None
    assert (ending.run_id, ending.failed.slice, ending.failed.lane) == ("run_1", 3, "0")
    assert ending.reason.startswith("The worker failed at ")


@pytest.mark.parametrize("more", [{"status": 200}, {"status": "200"}, {"retried": 1, "maxRetries": 2}, {}])
def test_a_message_that_may_yet_be_delivered_has_not_failed(config: Config, more: dict[str, Any]) -> None:
    ending = ending_of(callback(**more), config)

    assert (ending.run_id, ending.failed) == ("run_1", None)


def test_the_reason_says_what_the_worker_answered(config: Config) -> None:
    body = packed({"error": "KV gave no usable answer"})

    reason = ending_of(callback(dlqId="1-0", retried=2, body=body), config).reason

    assert reason == "The worker failed at 3 attempts; the last answer was 503: KV gave no usable answer"


def test_a_message_from_the_console_leads_to_the_run_that_it_made(config: Config) -> None:
    first = ending_of(callback(dlqId="1-0", sourceBody=packed({"force": True})), config)
    second = ending_of(callback(dlqId="1-0", sourceBody=packed({})), config)

    assert first.run_id == second.run_id != "run_1"


@pytest.mark.parametrize("body", ["", "not base64!", packed([1]), 7, None])
def test_a_callback_whose_message_cannot_be_read_still_has_a_run(config: Config, body: Any) -> None:
    assert ending_of(callback(dlqId="1-0", sourceBody=body), config).run_id.startswith("run_")


@pytest.mark.parametrize("body", [{}, {"runId": ""}, {"runId": 7}])
def test_what_is_neither_notice_nor_callback_is_refused(config: Config, body: Any) -> None:
    with pytest.raises(Refused):
        ending_of(post(body), config)


def test_an_event_is_read_in_any_spelling_of_its_ids() -> None:
    body = {
        "id": "367cba44-b6f3-4c92-81e7-6a2e9659efd4",
        "type": "page.created",
        "timestamp": "2026-01-01T00:00:01Z",
        "entity": {"id": "153104CD477E809DB8C4FF2D96AE3090", "type": "page"},
        "data": {"parent": {"id": "13950b26c2034f3b9e7d93ec06319565", "type": "database"}},
    }

    assert event_of(post(body)) == Event(
        id="367cba44-b6f3-4c92-81e7-6a2e9659efd4",
        kind="page.created",
        at=1_767_225_601.0,
        entity="153104cd-477e-809d-b8c4-ff2d96ae3090",
        parent="13950b26-c203-4f3b-9e7d-93ec06319565",
    )


def test_a_handshake_is_no_event() -> None:
    assert event_of(post({"verification_token": "secret_abc123"})) == Handshake("secret_abc123")
    for token in ("", "x" * 300, "with blanks in it", 7):
        with pytest.raises(Refused):
            event_of(post({"verification_token": token}))
