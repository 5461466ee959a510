"""The request budget, latency and faults, as clients meet them."""

import threading
import time
from collections import Counter
from functools import partial
from typing import Any

import httpx
import pytest
from notion_client import APIResponseError, Client
from notion_client.errors import HTTPResponseError

from dev.notion import TOKEN, NotionStandIn
from dev.notion.faults import WEATHER, Faults, Kind, RequestFacts
from tests.dev.notion.conftest import VERSION
from tests.dev.notion.test_objects import COLLECTION, HOME, KEEPERS, refusal
from tests.dev.notion.test_query import POST_ROWS, query

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Notion-Version": VERSION}


def get(notion: NotionStandIn, path: str = "users/me", timeout: float = 5.0) -> httpx.Response:
    return httpx.get(f"{notion.url}/v1/{path}", headers=HEADERS, timeout=timeout)


def test_the_181st_request_of_a_window_is_told_to_wait_until_it_closes(
    notion: NotionStandIn, client: Client
) -> None:
    notion.limit.requests = 180
    notion.clock.freeze()
    for _ in range(180):
        client.users.me()
    notion.clock.advance(20)
    error = refusal(client.users.me)
    assert (error.status, error.code, error.headers["retry-after"]) == (429, "rate_limited", "40")
    assert error.additional_data == {
        "rate_limit_reason": "public_api_request_rate_limit",
        "retry_after": "40",
    }
    notion.clock.advance(40)
    assert client.users.me()


def test_many_threads_at_once_share_one_budget(notion: NotionStandIn) -> None:
    notion.limit.requests = 10
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(get(notion).status_code)) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {200: 10, 429: 6}


def test_answers_take_the_time_they_are_given(notion: NotionStandIn) -> None:
    notion.latency.set(60, jitter_ms=20)
    begun = time.monotonic()
    get(notion)
    assert time.monotonic() - begun >= 0.06


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("429", 429, "rate_limited"),
        ("529", 529, "service_overload"),
        ("500", 500, "internal_server_error"),
        ("502", 502, "internal_server_error"),
        ("503", 503, "service_unavailable"),
        ("504", 504, "gateway_timeout"),
    ],
)
def test_a_fault_answers_in_notions_words_and_goes_by(
    notion: NotionStandIn, kind: str, status: int, code: str
) -> None:
    notion.faults.add(kind, seconds=7)  # type: ignore[arg-type]
    answer = get(notion)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ("7" if kind in ("429", "529") else None)
    assert get(notion).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("html-502", 502), ("html-403", 403), ("not-json", 200)]
)
def test_a_fault_may_be_no_json(notion: NotionStandIn, kind: str, status: int) -> None:
    notion.faults.add(kind)  # type: ignore[arg-type]
    answer = get(notion)
    assert answer.status_code == status and answer.headers["cf-ray"]
    with pytest.raises(ValueError):
        answer.json()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("timeout", httpx.ReadTimeout),
        ("reset", httpx.ReadError),
        ("truncated", httpx.RemoteProtocolError),
    ],
)
def test_a_fault_may_be_no_whole_answer(
    notion: NotionStandIn, kind: str, error: type[Exception]
) -> None:
    notion.faults.add(kind, seconds=5)  # type: ignore[arg-type]
    with pytest.raises(error):
        get(notion, f"pages/{HOME}", timeout=0.2)
    assert get(notion).status_code == 200
    assert {request["status"] for request in notion.log.requests} == {0, 200}


def test_a_timeout_that_is_waited_for_ends_without_an_answer(notion: NotionStandIn) -> None:
    notion.faults.add("timeout", seconds=0.05)
    with pytest.raises(httpx.RemoteProtocolError):
        get(notion)


def test_faults_strike_what_they_are_meant_for(notion: NotionStandIn, client: Client) -> None:
    notion.faults.add("500", method="POST", path=r"/query$", times=2)
    assert client.pages.retrieve(HOME)
    for _ in range(2):
        assert refusal(query, client).status == 500
    assert query(client)["results"]


def test_lists_can_lie_on_demand(notion: NotionStandIn, client: Client) -> None:
    notion.faults.add("empty", path="/query")
    assert query(client)["results"] == []
    notion.faults.add("incomplete", path="/query")
    answer = query(client, page_size=5)
    assert (answer["has_more"], answer["request_status"]["type"]) == (False, "incomplete")
    cursor = query(client, page_size=5)["next_cursor"]
    notion.faults.add("dead-cursor")
    assert query(client, page_size=5)["results"]
    assert "start_cursor provided is invalid" in str(refusal(query, client, start_cursor=cursor))
    assert query(client, start_cursor=cursor)["results"]


@pytest.mark.parametrize("kind", ["500", "502", "503", "504", "html-502", "timeout", "reset"])
def test_what_is_too_heavy_answers_for_small_pages_only(
    notion: NotionStandIn, client: Client, kind: Kind
) -> None:
    notion.faults.add(
        kind,
        path=f"({POST_ROWS}/query|{KEEPERS}/children)$",
        times=None,
        seconds=0.01,
        above_page_size=7,
    )
    calls: tuple[Any, ...] = (partial(query, client), partial(client.blocks.children.list, KEEPERS))
    for call in calls:
        for size in (8, 0, 1000):
            with pytest.raises((APIResponseError, HTTPResponseError, httpx.TransportError)):
                call(page_size=size)
        first = call(page_size=7)
        assert len(first["results"]) == 7
        assert len(call(page_size=7, start_cursor=first["next_cursor"])["results"]) == 7
        with pytest.raises((APIResponseError, HTTPResponseError, httpx.TransportError)):
            call(start_cursor=first["next_cursor"])  # without a size it asks for 100


def test_a_page_size_is_a_matter_of_lists(notion: NotionStandIn, client: Client) -> None:
    notion.faults.add("504", times=None, above_page_size=25)
    assert client.pages.retrieve(HOME) and client.blocks.retrieve(HOME)
    assert refusal(client.pages.properties.retrieve, HOME, "title").status == 504
    assert refusal(client.users.list).status == 504
    assert refusal(client.search, query="fog").status == 504
    assert client.search(query="fog", page_size=25) and client.users.list(page_size=25)


def test_a_fault_holds_for_ever_until_it_is_cleared(notion: NotionStandIn, client: Client) -> None:
    toggle = notion.edit.append_blocks(
        HOME, [{"toggle": "Heavy", "children": [{"paragraph": "Inside"}]}]
    )[0]
    notion.faults.add("500", path=f"/blocks/{toggle}/children$", times=None)
    for _ in range(5):
        assert refusal(client.blocks.children.list, toggle).status == 500
        assert client.blocks.children.list(HOME) and client.blocks.retrieve(toggle)
    notion.faults.clear()
    assert client.blocks.children.list(toggle)["results"]  # type: ignore[index]


def test_the_rest_of_a_relation_may_be_forbidden_at_once_or_from_its_second_page(
    notion: NotionStandIn, client: Client
) -> None:
    relation = client.pages.retrieve(COLLECTION)["properties"]["Objects shown"]["id"]  # type: ignore[index]
    path = f"/pages/{COLLECTION}/properties/{relation}$"
    notion.faults.add("403", path=path, times=None, with_cursor=True)
    first: Any = client.pages.properties.retrieve(COLLECTION, relation, page_size=20)
    for _ in range(3):
        error = refusal(
            client.pages.properties.retrieve,
            COLLECTION,
            relation,
            start_cursor=first["next_cursor"],
        )
        assert (error.status, error.code) == (403, "restricted_resource")
    assert len(client.pages.properties.retrieve(COLLECTION, relation)["results"]) == 30  # type: ignore[index]
    notion.faults.add("403", path=path, times=None)
    assert refusal(client.pages.properties.retrieve, COLLECTION, relation).status == 403


def test_a_fault_may_strike_the_beginning_of_a_list_only(
    notion: NotionStandIn, client: Client
) -> None:
    cursor = query(client, page_size=5)["next_cursor"]
    notion.faults.add("502", path="/query$", times=None, with_cursor=False)
    assert refusal(query, client).status == 502
    assert query(client, start_cursor=cursor)["results"]


def test_a_fault_finds_a_property_by_its_decoded_id_whatever_is_in_it(
    notion: NotionStandIn, client: Client
) -> None:
    database = notion.edit.create_database(
        HOME,
        "Odd ids",
        {"Name": "title", "Odd": {"type": "number", "id": "..%2Fa"}},
        rows=[{"properties": {"Odd": 7}}],
    )
    source = client.databases.retrieve(database)["data_sources"][0]["id"]  # type: ignore[index]
    page = query(client, source)["results"][0]["id"]
    path = f"pages/{page}/properties/..%2Fa"  # the official client refuses to send ".."
    assert get(notion, path).json()["number"] == 7
    notion.faults.add("500", path=r"/properties/\.\./a$", times=None)
    assert get(notion, path).status_code == 500
    assert notion.log.stats["byEndpoint"]["GET /v1/pages/{id}/properties/{id}"] == 2


def test_conditions_are_ordered_over_http_too(notion: NotionStandIn, client: Client) -> None:
    fault = {
        "kind": "504",
        "method": "post",
        "times": None,
        "above_page_size": 10,
        "with_cursor": False,
    }
    httpx.post(f"{notion.url}/_control/faults", json=fault).raise_for_status()
    for _ in range(3):
        assert refusal(query, client).status == 504
    assert len(query(client, page_size=10)["results"]) == 10


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="no such fault: rain"):
        Faults().add("rain")  # type: ignore[arg-type]


def test_weather_lets_a_share_of_answers_fail_in_each_way_the_same_with_every_seed() -> None:
    def kinds(seed: int) -> list[str]:
        faults = Faults()
        faults.weather(0.05, seed)
        return [
            fault.kind if (fault := faults.draw(RequestFacts("GET", "/v1/users"))) else ""
            for _ in range(4000)
        ]

    counts = Counter(kinds(7))
    assert kinds(7) == kinds(7) != kinds(8)
    assert set(counts) == {"", *WEATHER}
    assert all(140 < counts[kind] < 260 for kind in WEATHER)


def test_the_log_counts_what_was_asked(notion: NotionStandIn, client: Client) -> None:
    client.pages.retrieve(HOME)
    client.blocks.children.list(HOME)
    query(client)
    refusal(client.pages.properties.retrieve, HOME, "nope")
    assert notion.log.requests[0] == {
        "n": 1,
        "method": "GET",
        "path": f"/v1/pages/{HOME}",
        "status": 200,
    }
    stats = notion.log.stats
    assert (stats["total"], stats["byStatus"]) == (4, {"200": 3, "404": 1})
    assert stats["byEndpoint"] == {
        "GET /v1/blocks/{id}/children": 1,
        "GET /v1/pages/{id}": 1,
        "GET /v1/pages/{id}/properties/{id}": 1,
        "POST /v1/data_sources/{id}/query": 1,
    }
    notion.log.clear_stats()
    assert notion.log.stats["total"] == 0 and len(notion.log.requests) == 4
    assert POST_ROWS in notion.log.requests[2]["path"]
