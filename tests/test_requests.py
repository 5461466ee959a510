"""What people, QStash and Notion send, whatever the types of its fields."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from lib.config import Config
from lib.endpoint import Headers, Request
from lib.errors import Refused
from lib.model import Ask, Event, Handshake
from lib.notion.ids import dashed
from lib.requests import Ending, ask_of, ending_of, event_of, message_of, triggered
from lib.sync.trigger import Triggered

PAGE = "aaaaaaaa0000400080000000000000a1"
MESSAGE = {
    "force": False,
    "runId": "run_1",
    "slice": 3,
    "lane": "0",
    "triggeredAt": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    return Config.read(environ)


def get(query: Mapping[str, str]) -> Request:
    return Request("GET", f"/?{urlencode(query)}")


def post(body: Any) -> Request:
    return Request("POST", "/", body=json.dumps(body).encode())


def packed(body: Any) -> str:
    return b64encode(json.dumps(body).encode()).decode()


@pytest.mark.parametrize(
    ("query", "ask"),
    [
        ({}, Ask()),
        ({"force": "1"}, Ask(force=True)),
        ({"force": "True"}, Ask(force=True)),
        ({"force": "0", "source": "", "page": ""}, Ask()),
        ({"force": ""}, Ask()),
        ({"force": "FALSE"}, Ask()),
        ({"source": "posts", "force": "1"}, Ask(force=True, source="posts")),
        ({"page": "/about/us/"}, Ask(page="about/us")),
        ({"other": "1"}, Ask()),
    ],
)
def test_a_query_says_what_is_asked_for(config: Config, query: dict[str, str], ask: Ask) -> None:
    assert ask_of(get(query), config) == msgspec.structs.replace(ask, asked_by="person")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"force": "yes"}, "force must be 1 or true"),
        ({"source": "blog"}, "'blog' is unknown; the sources are: pages, posts"),
        ({"source": "posts", "page": "about"}, "either page or source"),
        ({"page": "x" * 2001}, "page must be a slug, an id or an address: 2000 characters at most"),
        ({"page": "a\r\nBcc: stranger@example.com"}, "on one line"),
        ({"page": "a\x00"}, "on one line"),
        ({"page": "a\u2028b"}, "on one line"),
    ],
)
def test_a_query_that_cannot_be_served_is_refused_with_the_reason(
    config: Config, query: dict[str, str], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        ask_of(get(query), config)


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("https://www.example.com/lighthouse/the-tower?from=feed#top", "lighthouse/the-tower"),
        ("http://localhost:3000/caf%C3%A9/", "café"),
        ("https://www.example.com/", "https://www.example.com/"),
        (
            f"https://www.notion.so/team/Visit-{PAGE}?v=1",
            f"https://www.notion.so/team/Visit-{PAGE}?v=1",
        ),
    ],
)
def test_a_page_may_be_given_by_its_address_on_the_site(
    config: Config, page: str, asked: str
) -> None:
    assert ask_of(get({"page": page}), config).page == asked


SENT = {
    "source": {"type": "automation", "automation_id": PAGE, "action_id": PAGE, "attempt": 1},
    "data": {"object": "page", "id": PAGE, "properties": {}},
}
"""What a *Send webhook* action sends."""


@pytest.mark.parametrize(
    ("query", "body", "ask"),
    [
        ({}, SENT, Ask(page=dashed(PAGE))),
        ({"force": "1"}, SENT, Ask(force=True, page=dashed(PAGE))),
        ({"page": "about"}, SENT, Ask(page="about")),
        ({"source": "posts"}, SENT, Ask(source="posts")),
        ({}, {}, Ask()),
        ({}, {"data": {"object": "database", "id": PAGE}}, Ask()),
        ({}, {"data": {"object": "page", "id": "about"}}, Ask()),
        ({}, {"data": {"object": "page", "id": None}}, Ask()),
        ({}, {"data": [SENT]}, Ask()),
        ({}, [SENT], Ask()),
    ],
)
def test_a_button_asks_for_the_page_that_sent_it_and_for_everything_else_where_there_is_none(
    config: Config, query: dict[str, str], body: Any, ask: Ask
) -> None:
    request = Request("POST", f"/?{urlencode(query)}", body=json.dumps(body).encode())

    assert ask_of(request, config) == msgspec.structs.replace(ask, asked_by="button")


@pytest.mark.parametrize("body", [b"", b"Hello", b"\xff", b"null", b"[" * 100_000])
def test_a_button_that_sends_no_json_asks_for_everything(config: Config, body: bytes) -> None:
    assert ask_of(Request("POST", "/", body=body), config) == Ask(asked_by="button")


def test_the_cron_is_known_by_its_user_agent(config: Config) -> None:
    request = Request("GET", "/", Headers({"User-Agent": "vercel-cron/1.0"}))

    assert ask_of(request, config).asked_by == "cron"


@pytest.mark.parametrize(
    ("body", "asked_by"),
    [
        (MESSAGE, ""),
        (MESSAGE | {"askedBy": "webhook"}, "webhook"),
        ({}, "schedule"),
    ],
)
def test_a_message_says_who_asked_for_its_run(
    config: Config, body: dict[str, Any], asked_by: str
) -> None:
    request = msgspec.structs.replace(post(body), headers=Headers({"Upstash-Message-Id": "msg_1"}))

    assert message_of(request, config).ask.asked_by == asked_by


def test_a_message_that_names_another_asker_is_refused(config: Config) -> None:
    with pytest.raises(Refused, match="askedBy must be one of cron, webhook"):
        message_of(post(MESSAGE | {"askedBy": "me"}), config)


def test_a_message_names_its_run_its_slice_and_what_is_asked_for(config: Config) -> None:
    message = message_of(post(MESSAGE | {"lane": "1", "force": True, "source": "posts"}), config)

    assert (message.run_id, message.lane, message.slice) == ("run_1", "1", 3)
    assert (message.ask, message.triggered_at) == (
        Ask(force=True, source="posts"),
        "2026-01-01T00:00:00Z",
    )
    assert message_of(post({"runId": "run_1", "page": "about"}), config).ask == Ask(page="about")
    assert message_of(post({"runId": "run_1", "window": 7}), config).ask == Ask(window=7)
    assert message_of(post({"runId": "run_1", "scheduled": 8}), config).ask == Ask(scheduled=8)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"runId": ""}'])
def test_a_message_of_nothing_is_the_first_slice_of_a_run_of_everything_named_by_its_own_id(
    config: Config, body: bytes
) -> None:
    first, again, other = (
        message_of(Request("POST", "/", Headers({"Upstash-Message-Id": id}), body), config)
        for id in ("msg_1", "msg_1", "msg_2")
    )

    assert (first.lane, first.slice, first.ask, first.triggered_at) == (
        "0",
        0,
        Ask(asked_by="schedule"),
        "",
    )
    assert first == again
    assert first.run_id != other.run_id


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"runId": ""}, "neither a runId nor QStash's Upstash-Message-Id"),
        ({"runId": 7}, "runId must be a str"),
        ({"force": 1}, "force must be a bool"),
        ({"slice": "3"}, "slice must be a int"),
        ({"slice": True}, "slice must be a int"),
        ({"slice": -1}, "slice must not be negative"),
        ({"slice": 10**30}, "slice must not be negative, nor above 1000000"),
        ({"runId": "x" * 101}, "runId must be 1 to 100"),
        ({"runId": "run 1"}, "runId must be 1 to 100"),
        ({"runId": "run_1:errors"}, "runId must be 1 to 100"),
        ({"lane": ""}, "lane must be 1 to 40"),
        ({"window": "7"}, "window must be a int"),
        ({"window": -1}, "window must be 0 to"),
        ({"window": 10**30}, "window must be 0 to"),
        ({"window": 7, "page": "about"}, "without a page or source"),
        ({"window": 7, "source": "posts"}, "without a page or source"),
        ({"scheduled": 10**30}, "scheduled must be 0 to"),
        ({"scheduled": 8, "window": 7}, "without a page, source or window"),
        ({"lane": "x" * 41}, "lane must be 1 to 40"),
        ({"lane": "0:1"}, "lane must be 1 to 40"),
        ({"triggeredAt": "x" * 10_000}, "triggeredAt must be a time"),
        ({"page": "x" * 2001}, "page must be"),
        ({"lane": 1}, "lane must be a str"),
        ({"triggeredAt": 1}, "triggeredAt must be a str"),
        ({"source": None}, "source must be a str"),
        ({"page": ["about"]}, "page must be a str"),
        ({"source": "blog"}, "the sources are: pages, posts"),
        ({"source": "posts", "page": "about"}, "either page or source"),
    ],
)
def test_a_message_with_a_wrong_field_is_refused_by_its_name(
    config: Config, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        message_of(post(MESSAGE | changes), config)


def test_the_trigger_answers_with_the_run_and_where_to_follow_it(config: Config) -> None:
    assert triggered(Triggered("run_1", ["msg_1"], joined=False), config) == {
        "ok": True,
        "jobId": "msg_1",
        "runId": "run_1",
        "message": "Sync job started in background",
        "dashboardUrl": "https://console.upstash.com/qstash?messageId=msg_1",
        "statusUrl": "https://sync.example/api/sync/status?run=run_1",
    }


def test_the_trigger_names_every_job_where_there_are_several(config: Config) -> None:
    answer = triggered(Triggered("run_1", ["msg_1", "msg_2"], joined=False), config)

    assert (answer["jobId"], answer["jobIds"]) == ("msg_1", ["msg_1", "msg_2"])


def test_the_trigger_says_that_a_run_was_joined_whose_job_may_not_be_known_yet(
    config: Config,
) -> None:
    answer = triggered(Triggered("run_1", [], joined=True), config)

    assert answer["message"] == "Sync already running"
    assert (answer["jobId"], answer["dashboardUrl"]) == (
        None,
        "https://console.upstash.com/qstash?messageId=",
    )


def callback(**more: Any) -> Request:
    return post({"sourceMessageId": "msg_1", "sourceBody": packed(MESSAGE), "status": 503, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"dlqId": "1725323658779-0"},
        {
            "dlqId": "1725323658779-0",
            "status": "503",
            "retried": "2",
            "maxRetries": "2",
            "createdAt": "1725323658779",
        },
        {"dlqId": "1-0", "status": 0, "body": None, "header": None, "sourceHeader": {"A": "b"}},
        {"retried": 2, "maxRetries": 2},
        {"status": 300, "retried": 2, "maxRetries": 2},
        {"status": 489, "retried": 0, "maxRetries": 2},
        {"status": "489"},
    ],
)
def test_a_message_that_was_given_up_is_told_by_any_callback(
    config: Config, more: dict[str, Any]
) -> None:
    ending = ending_of(callback(**more), config)

    assert ending.failed is not None
    assert (ending.run_id, ending.failed.slice, ending.failed.lane) == ("run_1", 3, "0")
    assert ending.reason.startswith("The worker failed at ")


@pytest.mark.parametrize(
    "more",
    [
        *({"status": status, "retried": 2, "maxRetries": 2} for status in (200, "200", 299)),
        {"retried": 1, "maxRetries": 2},
        {},
    ],
)
def test_a_message_that_may_yet_be_delivered_has_not_failed(
    config: Config, more: dict[str, Any]
) -> None:
    ending = ending_of(callback(**more), config)

    assert (ending.run_id, ending.failed) == ("run_1", None)


def test_the_reason_says_what_the_worker_answered(config: Config) -> None:
    body = packed({"error": "KV gave no usable answer"})

    reason = ending_of(callback(dlqId="1-0", retried=2, body=body), config).reason

    assert (
        reason
        == "The worker failed at 3 attempts; the last answer was 503: KV gave no usable answer"
    )


def test_the_reason_says_that_nothing_was_answered(config: Config) -> None:
    reason = ending_of(callback(dlqId="1-0", status=0, body=None), config).reason

    assert reason == "The worker failed at 1 attempt; no answer came: no reason was given"


def test_a_reason_is_never_longer_than_an_error_that_people_read(config: Config) -> None:
    body = packed({"error": "x" * 10_000})

    assert len(ending_of(callback(dlqId="1-0", body=body), config).reason) < 600


def test_a_message_from_the_console_leads_to_the_run_that_it_made(config: Config) -> None:
    first = ending_of(callback(dlqId="1-0", sourceBody=packed({"force": True})), config)
    second = ending_of(callback(dlqId="1-0", sourceBody=packed({})), config)
    another = ending_of(
        callback(dlqId="1-0", sourceBody=packed({}), sourceMessageId="msg_2"), config
    )

    assert first.run_id == second.run_id != "run_1"
    assert another.run_id != first.run_id


@pytest.mark.parametrize("number", [-1, 1e300, 10**400, "9" * 5000, "\u0663", "-1", [], True])
@pytest.mark.parametrize("name", ["status", "retried", "maxRetries"])
def test_c9_a_number_that_counts_nothing_is_none(config: Config, name: str, number: Any) -> None:
    assert (
        "1 attempt;"
        in ending_of(callback(**{"dlqId": "1-0", "status": 503, name: number}), config).reason
    )


@pytest.mark.parametrize("body", ["", "not base64!", packed([1]), 7, None])
def test_a_callback_whose_message_cannot_be_read_still_has_a_run(config: Config, body: Any) -> None:
    assert ending_of(callback(dlqId="1-0", sourceBody=body), config).run_id.startswith("run_")


def test_a_notice_of_ours_names_the_run_that_ended(config: Config) -> None:
    assert ending_of(post({"runId": "run_1"}), config) == Ending("run_1")


@pytest.mark.parametrize("body", [{}, {"runId": ""}, {"runId": 7}])
def test_what_is_neither_notice_nor_callback_is_refused(config: Config, body: Any) -> None:
    with pytest.raises(Refused):
        ending_of(post(body), config)


EVENT = {
    "id": "367cba44-b6f3-4c92-81e7-6a2e9659efd4",
    "type": "page.created",
    "timestamp": "2026-01-01T00:00:01Z",
    "entity": {"id": "153104CD477E809DB8C4FF2D96AE3090", "type": "page"},
}


def test_an_event_is_read_in_any_spelling_of_its_ids() -> None:
    data = {"parent": {"id": "13950b26c2034f3b9e7d93ec06319565", "type": "database"}}

    assert event_of(post(EVENT | {"data": data})) == Event(
        id="367cba44-b6f3-4c92-81e7-6a2e9659efd4",
        kind="page.created",
        at=1_767_225_601.0,
        entity="153104cd-477e-809d-b8c4-ff2d96ae3090",
        parent="13950b26-c203-4f3b-9e7d-93ec06319565",
    )


def event(**changes: Any) -> Event:
    found = event_of(post(EVENT | changes))
    assert isinstance(found, Event)
    return found


def test_an_event_of_a_row_names_its_data_source() -> None:
    parent = {
        "id": "13950b26c2034f3b9e7d93ec06319565",
        "data_source_id": "1c0ffee0000040008000000000000001",
    }

    assert event(data={"parent": parent}).data_source == "1c0ffee0-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "data", [None, [], "x", {"parent": None}, {"parent": 5}, {"parent": {"id": None}}]
)
def test_what_is_odd_in_where_an_entity_stands_counts_as_missing(data: Any) -> None:
    found = event(data=data)
    assert (found.parent, found.data_source) == ("", "")


def test_an_odd_data_source_of_an_event_counts_as_missing() -> None:
    assert event(data={"parent": {"id": "p", "data_source_id": None}}).data_source == ""
    assert (
        event(data={"parent": {"id": "x" * 100_000, "data_source_id": "y" * 100_000}}).parent == ""
    )


def test_an_event_whose_data_nobody_knew_when_this_was_written_is_read_all_the_same() -> None:
    assert event(data={"what": "else"}).parent == ""
    assert event().kind == "page.created"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": "7"}, "no event of Notion's"),
        ({"type": ""}, "no event of Notion's"),
        ({"entity": {}}, "no event of Notion's"),
        ({"entity": {"id": "x" * 1_000_000}}, "no event of Notion's"),
        ({"type": "page." + "x" * 100_000}, "no event of Notion's"),
        ({"entity": "page"}, "entity must be a dict"),
        ({"timestamp": "soon"}, "timestamp must be a time"),
        ({"timestamp": "9999-12-31T24:00:00"}, "timestamp must be a time"),
        ({"timestamp": 7}, "timestamp must be a str"),
        ({"type": 7}, "type must be a str"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        event_of(post(EVENT | changes))


@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize("timestamp", ["2026-01-01T00:00:01", "2026-01-01T02:00:01+02:00"])
def test_a_time_counts_in_its_own_zone_and_without_one_in_utc(timestamp: str) -> None:
    assert event(timestamp=timestamp).at == 1_767_225_601.0


def test_an_event_that_names_a_token_is_no_handshake() -> None:
    assert event(verification_token="secret_abc123").kind == "page.created"


def test_a_handshake_is_no_event() -> None:
    assert event_of(post({"verification_token": "secret_abc123"})) == Handshake("secret_abc123")
    for token in ("", "x" * 300, "with blanks in it", 7):
        with pytest.raises(Refused):
            event_of(post({"verification_token": token}))
