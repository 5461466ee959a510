"""What we send to Notion, and what becomes of each way in which it can fail."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from lib.errors import Hopeless, NotionAway, NotionWait, OutOfTime, Unreadable
from lib.notion.client import NotionClient
from lib.notion.failures import Refusal
from tests.notion.stage import API, TOKEN, Clock, body_of, client, error, pacer

HTML = "<html><body>Just a moment…</body></html>"
FINE = {"object": "list", "results": []}

Answer = httpx.Response | Exception


class Script:
    """Gives the answers in order, the last one for ever; keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def fine() -> httpx.Response:
    return httpx.Response(200, json=FINE)


def limited(status: int = 429, retry_after: str | None = "2", **additional: Any) -> httpx.Response:
    code = "rate_limited" if status == 429 else "service_overload"
    answer = error(status, code, additional_data=additional or None)
    if retry_after is not None:
        answer.headers["Retry-After"] = retry_after
    return answer


async def test_a_get_goes_out_with_version_token_and_query() -> None:
    script = Script(fine())
    notion = client(script)
    assert await notion.get("blocks/1/children", {"page_size": 100, "start_cursor": "a b"}) == FINE
    request = script.requests[0]
    assert (request.method, str(request.url)) == (
        "GET",
        f"{API}/v1/blocks/1/children?page_size=100&start_cursor=a+b",
    )
    assert request.headers["Notion-Version"] == "2026-03-11"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert notion.requests == 1


async def test_a_post_goes_out_with_its_body_as_json() -> None:
    script = Script(fine())
    await client(script).post(
        "data_sources/1/query", {"page_size": 100}, {"filter_properties": ["title", "a"]}
    )
    request = script.requests[0]
    assert (request.method, body_of(request)) == ("POST", {"page_size": 100})
    assert request.url.query == b"filter_properties=title&filter_properties=a"


async def test_a_percent_encoded_property_id_is_not_encoded_again() -> None:
    script = Script(fine())
    await client(script).get("pages/1/properties/%5BVHf")
    assert script.requests[0].url.raw_path == b"/v1/pages/1/properties/%5BVHf"


async def test_a_base_address_may_end_in_a_slash() -> None:
    script = Script(fine())
    await client(script, base_url=f"{API}/").get("users/me")
    assert str(script.requests[0].url) == f"{API}/v1/users/me"


async def test_the_callers_http_client_stays_as_it_was() -> None:
    script = Script(fine())
    async with httpx.AsyncClient(
        transport=httpx.MockTransport(script),
        headers={"X-Mine": "1"},
        timeout=3,
        base_url="https://mine.example",
    ) as http:
        await client(script, http=http).get("users/me")
        assert http.headers["X-Mine"] == "1"
        assert "Authorization" not in http.headers
        assert http.timeout == httpx.Timeout(3)
        assert http.base_url == "https://mine.example"
        await http.get("/else")
    assert "Authorization" not in script.requests[-1].headers


async def test_many_clients_add_no_log_handlers(capfd: pytest.CaptureFixture[str]) -> None:
    handlers = len(logging.getLogger("notion_client").handlers)
    for _ in range(3):
        with pytest.raises(Unreadable):
            await client(Script(error(404, "object_not_found"))).get("pages/1")
    assert len(logging.getLogger("notion_client").handlers) == handlers
    assert capfd.readouterr() == ("", "")


async def test_so_many_requests_and_no_more_are_in_flight() -> None:
    in_flight = most = 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        for _ in range(3):
            await asyncio.sleep(0)
        in_flight -= 1
        return fine()

    notion = client(handler, concurrency=3, most_at_once=3)
    await asyncio.gather(*(notion.get("users/me") for _ in range(10)))
    assert (most, notion.requests) == (3, 10)


async def test_more_requests_are_under_way_while_answers_are_quick_and_half_of_them_after_trouble() -> (
    None
):
    answers = iter([*[fine() for _ in range(40)], error(502, "bad_gateway")])

    async def handler(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return next(answers, None) or fine()

    notion = client(handler, concurrency=4, most_at_once=16)
    await asyncio.gather(*(notion.get(f"blocks/{number}/children") for number in range(40)))
    assert notion.concurrency == 16

    await notion.get("users/me")
    assert notion.concurrency == 8


@pytest.mark.parametrize("status", [429, 529])
async def test_a_short_wait_is_kept_and_the_request_repeated(status: int) -> None:
    clock = Clock()
    pushed: list[float] = []

    async def push_back(seconds: float) -> None:
        pushed.append(seconds)

    script = Script(limited(status), fine())
    notion = client(script, clock, pacer=pacer(clock, push_back=push_back))
    assert await notion.post("data_sources/1/query", {"page_size": 100}) == FINE
    assert (clock.slept, pushed) == ([2.0], [2.0])
    assert (notion.requests, notion.throttled) == (2, 1)
    assert body_of(script.requests[1]) == {"page_size": 100}, (
        "too many requests is not too much at once"
    )


@pytest.mark.parametrize("status", [429, 529])
async def test_a_long_wait_is_raised_at_once(status: int) -> None:
    clock = Clock()
    notion = client(Script(limited(status, "37")), clock)
    with pytest.raises(NotionWait) as wait:
        await notion.get("users/me")
    assert wait.value.retry_after_seconds == pytest.approx(37.0)
    assert clock.slept == []
    with pytest.raises(NotionWait):
        await notion.get("users/me")
    assert notion.requests == 1, "nobody asks before the wait is over"


async def test_endless_short_waits_end_after_six() -> None:
    notion = client(Script(limited(retry_after="1")))
    with pytest.raises(NotionWait):
        await notion.get("users/me")
    assert notion.requests == notion.throttled == 6


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (error(429, "rate_limited", additional_data={"retry_after": None}), 10.0),
        (limited(retry_after=None), 10.0),
        (error(429, "rate_limited", additional_data={"retry_after": "44"}), 44.0),
        (limited(retry_after="soon"), 10.0),
        (limited(retry_after="nan"), 10.0),
        (limited(retry_after=formatdate(1_764_000_030, usegmt=True)), 30.0),
        (httpx.Response(429, text=HTML, headers={"Retry-After": "61"}), 61.0),
    ],
)
async def test_the_wait_is_found_wherever_notion_says_it(
    answer: httpx.Response, seconds: float
) -> None:
    with pytest.raises(NotionWait) as wait:
        await client(Script(answer)).get("users/me")
    assert wait.value.retry_after_seconds == pytest.approx(seconds)


async def test_a_blocked_integration_is_hopeless_and_not_repeated() -> None:
    notion = client(Script(limited(rate_limit_reason="public_api_request_blocked")))
    with pytest.raises(Hopeless, match="blocked"):
        await notion.get("users/me")
    assert notion.requests == 1


TEMPORARY: list[Callable[[], Answer]] = [
    lambda: error(500, "internal_server_error"),
    lambda: httpx.Response(502, text=HTML),
    lambda: error(503, "service_unavailable"),
    lambda: error(503, "database_connection_unavailable"),
    lambda: error(504, "gateway_timeout"),
    lambda: error(409, "conflict_error"),
    lambda: httpx.Response(403, text=HTML),
    lambda: error(403, "some_edge_rule"),
    lambda: httpx.Response(404, text=HTML),
    lambda: httpx.Response(301, headers={"Location": "https://elsewhere.example"}),
    lambda: httpx.Response(200, text=HTML),
    lambda: httpx.Response(200, text='{"object": "li'),
    lambda: httpx.Response(200, content=b"\xff\xfe\xfa"),
    lambda: httpx.Response(200, text="[]"),
    lambda: httpx.ReadTimeout("slow"),
    lambda: httpx.ConnectTimeout("slow"),
    lambda: httpx.ConnectError("refused"),
    lambda: httpx.ReadError("reset"),
    lambda: httpx.RemoteProtocolError("closed"),
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("temporary", TEMPORARY)
async def test_temporary_trouble_is_tried_again_also_for_queries(
    temporary: Callable[[], Answer], method: str
) -> None:
    clock = Clock()
    notion = client(Script(temporary(), temporary(), temporary(), fine()), clock)
    sent = notion.get("users/me") if method == "GET" else notion.post("search", {})
    assert await sent == FINE
    assert clock.slept == [0.5, 1.0, 2.0]
    assert notion.requests == 4


@pytest.mark.parametrize("temporary", TEMPORARY)
async def test_trouble_that_stays_is_notion_away_after_four_attempts(
    temporary: Callable[[], Answer],
) -> None:
    notion = client(Script(temporary()))
    with pytest.raises(NotionAway) as away:
        await notion.get("users/me", {"start_cursor": "secret-cursor"})
    assert notion.requests == 4
    assert TOKEN not in str(away.value)
    assert "secret-cursor" not in str(away.value)
    assert "users/me" in str(away.value)


async def test_backoff_is_jittered_and_capped_and_heeds_what_notion_says() -> None:
    clock = Clock()
    told = error(503, "service_unavailable")
    told.headers["Retry-After"] = "30"
    with pytest.raises(NotionAway) as away:
        await client(Script(told), clock, random=lambda: 1.0).get("users/me")
    assert clock.slept == [8.0, 8.0, 8.0]
    assert away.value.retry_after_seconds == 30.0
    clock = Clock()
    with pytest.raises(NotionAway):
        await client(Script(error(500, "internal_server_error")), clock, random=lambda: 0.0).get(
            "users/me"
        )
    assert clock.slept == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("status", [503, 504])
async def test_an_overloaded_query_asks_for_a_quarter_of_the_rows(status: int) -> None:
    script = Script(*[error(status, "service_unavailable")] * 3, fine())
    await client(script).post("data_sources/1/query", {"page_size": 100, "sorts": []})
    assert [body_of(request) for request in script.requests] == [
        {"page_size": size, "sorts": []} for size in (100, 25, 10, 10)
    ]


async def test_other_trouble_shrinks_the_page_when_it_comes_again() -> None:
    script = Script(error(500, "internal_server_error"), httpx.Response(502, text=HTML), fine())
    await client(script).post("data_sources/1/query", {"page_size": 100})
    assert [body_of(request)["page_size"] for request in script.requests] == [100, 100, 25]


async def test_a_list_that_was_too_much_is_asked_for_in_small_pages_from_then_on_and_no_other() -> (
    None
):
    script = Script(httpx.ReadTimeout(""), fine(), fine(), fine())
    notion = client(script)
    await notion.get("blocks/1/children", {"page_size": 100})
    await notion.get("blocks/1/children", {"page_size": 100, "start_cursor": "on"})
    await notion.get("blocks/2/children", {"page_size": 100})
    assert [request.url.params["page_size"] for request in script.requests] == [
        "100",
        "25",
        "25",
        "100",
    ]


async def test_notion_is_down_when_nothing_is_answered_and_up_with_the_first_answer() -> None:
    failing = [error(500, "internal_server_error")]
    script = Script(*failing * 13, error(404, "object_not_found"))
    notion = client(script)
    for number, attempts in enumerate((4, 4, 4, 1)):
        assert notion.is_down == (number >= 3)
        sent = len(script.requests)
        with pytest.raises(NotionAway):
            await notion.get(f"pages/{number}")
        assert len(script.requests) - sent == attempts, "what is down is not asked again and again"
    with pytest.raises(Unreadable):
        await notion.get("pages/5")
    assert not notion.is_down


@pytest.mark.parametrize(
    "answer", [error(401, "unauthorized", "API token is invalid."), httpx.Response(401, text="")]
)
async def test_a_refused_token_is_hopeless_and_says_which_setting(answer: httpx.Response) -> None:
    notion = client(Script(answer))
    with pytest.raises(Hopeless, match="NOTION_TOKEN") as hopeless:
        await notion.get("users/me")
    assert notion.requests == 1
    assert TOKEN not in str(hopeless.value)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "object_not_found"),
        (400, "validation_error"),
        (403, "restricted_resource"),
        (400, "missing_version"),
    ],
)
async def test_a_refused_object_is_unreadable_and_not_repeated(status: int, code: str) -> None:
    notion = client(Script(error(status, code, "Could not find it.")))
    with pytest.raises(Refusal) as refusal:
        await notion.get("pages/1")
    assert (refusal.value.notion_status, refusal.value.code) == (status, code)
    assert refusal.value.reason == f"{code}: Could not find it."
    assert notion.requests == 1


async def test_a_reason_is_short_and_shows_no_signed_query() -> None:
    message = "Bad file https://files.example/a.png?X-Amz-Signature=abc and " + "more " * 100
    with pytest.raises(Unreadable) as refusal:
        await client(Script(error(400, "validation_error", message))).get("pages/1")
    assert "https://files.example/a.png and more" in refusal.value.reason
    assert "Signature" not in refusal.value.reason
    assert len(refusal.value.reason) < 250


async def test_an_id_that_could_leave_its_path_is_not_sent() -> None:
    script = Script(fine())
    with pytest.raises(Unreadable):
        await client(script).get("pages/1/properties/../../users")
    assert script.requests == []


async def test_each_attempt_asks_the_pacer_so_that_the_slices_end_stops_repeating() -> None:
    clock = Clock()
    script = Script(error(500, "internal_server_error"))
    notion = client(
        script, clock, pacer=pacer(clock, out_of_time=lambda: len(script.requests) == 2)
    )
    with pytest.raises(OutOfTime):
        await notion.get("users/me")
    assert notion.requests == 2


def at(second: float) -> httpx.Response:
    return httpx.Response(200, json=FINE, headers={"Date": formatdate(second, usegmt=True)})


async def test_notion_time_is_ours_while_nothing_shows_a_difference() -> None:
    clock = Clock()
    notion = client(Script(fine()), clock)
    await notion.get("users/me")
    assert notion.notion_time(clock.time) == clock.time


@pytest.mark.parametrize("behind", [0.0, 0.4, 0.999])
async def test_clocks_that_may_agree_count_as_equal_though_notion_shows_whole_seconds(
    behind: float,
) -> None:
    clock = Clock()
    notion = client(Script(at(clock.time)), clock)
    clock.time += behind
    await notion.get("users/me")
    assert notion.notion_time(clock.time) == clock.time


async def test_notion_time_goes_back_by_what_notions_clock_is_surely_not_ahead_of() -> None:
    clock = Clock()
    notion = client(Script(at(clock.time - 95), at(clock.time - 90), at(clock.time - 99)), clock)
    await notion.get("users/me")
    assert notion.notion_time(clock.time) == clock.time - 95
    await notion.get("users/me")
    await notion.get("users/me")
    assert notion.notion_time(clock.time) == clock.time - 90, (
        "the smallest difference is the closest bound"
    )


async def test_how_exact_notion_time_is_follows_from_whole_seconds_and_the_time_of_an_answer() -> (
    None
):
    clock = Clock()
    notion = client(Script(at(clock.time)), clock)
    assert notion.clock_slack_seconds == 0
    await notion.get("users/me")
    assert notion.clock_slack_seconds == 0, "the clocks may agree"

    ahead = client(Script(at(clock.time + 120)), clock)
    await ahead.get("users/me")
    assert ahead.clock_slack_seconds == 1.0


async def test_notion_time_is_ahead_of_ours_where_notions_clock_surely_is() -> None:
    clock = Clock()
    notion = client(Script(at(clock.time - 5), at(clock.time + 500)), clock)
    await notion.get("users/me")
    await notion.get("users/me")
    assert notion.notion_time(clock.time) == clock.time + 500


@pytest.mark.parametrize("date", ["", "yesterday"])
async def test_a_date_that_is_none_says_nothing_of_notions_time(date: str) -> None:
    clock = Clock()
    notion: NotionClient = client(
        Script(httpx.Response(200, json=FINE, headers={"Date": date})), clock
    )
    await notion.get("users/me")
    assert notion.notion_time(clock.time) == clock.time


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[str]:
    """The address of a server that talks so on each connection; all of them are closed at the
    end."""
    talks: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await talk(reader, writer)
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1")
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.gather(*(task for task in talks if task is not None))


async def test_over_a_real_connection_a_reset_is_repeated_and_the_callers_pool_is_used() -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        body = gzip.compress(json.dumps(FINE).encode())
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        while connections > 1 and await reader.readuntil(b"\r\n\r\n"):
            writer.write(head + body)
            await writer.drain()

    limits = httpx.Limits(max_connections=1)
    async with serving(talk) as address, httpx.AsyncClient(limits=limits, trust_env=False) as http:
        notion = client(Script(fine()), http=http, base_url=address)
        assert [await notion.get("users/me") for _ in range(3)] == [FINE] * 3
    assert (connections, notion.requests) == (2, 4)


async def test_a_silent_server_is_given_up_after_the_timeout() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(talk) as address, httpx.AsyncClient(trust_env=False, timeout=60) as http:
        notion = client(Script(fine()), http=http, base_url=address, timeout_seconds=0.02)
        with pytest.raises(NotionAway, match="did not answer in time"):
            await notion.get("users/me")
    assert notion.requests == 4
