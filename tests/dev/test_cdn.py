"""The CDN in front of the functions keeps what Vercel documents that it keeps, and for as long."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.functions import Cdn, Functions
from tests.dev.test_functions import HANDLER, write
from tests.waiting import until

ECHO = """
    times = []

    def do_GET(self):
        import json
        from urllib.parse import parse_qsl, urlsplit
        self.times.append(1)
        asked = dict(parse_qsl(urlsplit(self.path).query))
        self.send_response(int(asked.get("status", 200)) if len(self.times) < 2 or "dies" not in asked else 500)
        for name, value in json.loads(asked.get("headers", "{}")).items():
            self.send_header(name, value)
        body = str(len(self.times)).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_GET
"""


class Edge:
    """A deployment with one function, which answers with the headers it is asked for and how often
    it was called."""

    def __init__(self, root: Path) -> None:
        self.time = 1_780_000_000.0
        write(root, {"api/echo.py": HANDLER + ECHO, "public/index.html": "<h1>"})
        self._functions = Functions(root, {}, cdn=Cdn(now=lambda: self.time))
        self._http = httpx.Client(base_url=self._functions.url, trust_env=False)

    def ask(
        self,
        headers: dict[str, str],
        *,
        method: str = "GET",
        sent: dict[str, str] | None = None,
        **query: str,
    ) -> httpx.Response:
        params = {
            "headers": httpx.Request("GET", "http://x", json=headers).content.decode(),
            **query,
        }
        return self._http.request(method, "/api/echo", params=params, headers=sent)

    def calls(self, headers: dict[str, str], **more: Any) -> list[str]:
        """The bodies of two answers: "1" twice where the first one was kept."""
        return [self.ask(headers, **more).text for _ in range(2)]

    def close(self) -> None:
        self._http.close()
        self._functions.close()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = Edge(tmp_path)
    yield edge
    edge.close()


MINUTE = {"Cache-Control": "public, max-age=5, s-maxage=60"}


def test_an_answer_is_kept_for_its_s_maxage_and_then_served_stale_once(edge: Edge) -> None:
    def asked() -> tuple[str, str]:
        answer = edge.ask(MINUTE)
        return answer.headers["x-vercel-cache"], answer.text

    assert asked() == ("MISS", "1")
    edge.time += 59
    assert edge.ask(MINUTE).headers["age"] == "59"
    assert asked() == ("HIT", "1")
    edge.time += 3600
    assert asked() == ("STALE", "1")
    until(lambda: asked() == ("HIT", "2"))


def test_a_stale_answer_is_not_served_after_its_stale_while_revalidate(edge: Edge) -> None:
    headers = {"Cache-Control": "s-maxage=60, stale-while-revalidate=10"}
    edge.ask(headers)
    edge.time += 71

    answer = edge.ask(headers)
    assert (answer.headers["x-vercel-cache"], answer.text) == ("MISS", "2")


def test_a_stale_answer_stays_where_asking_again_fails(edge: Edge) -> None:
    edge.ask(MINUTE, dies="yes")
    for _ in range(2):
        edge.time += 61
        answer = edge.ask(MINUTE, dies="yes")
        assert (answer.headers["x-vercel-cache"], answer.text) == ("STALE", "1")


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, False),
        ({"Cache-Control": "public, max-age=60"}, False),
        ({"Cache-Control": "s-maxage=60"}, True),
        ({"Cache-Control": "s-maxage=0"}, False),
        ({"Cache-Control": "s-maxage=x"}, False),
        ({"Cache-Control": "private, s-maxage=60"}, False),
        ({"Cache-Control": "no-cache, s-maxage=60"}, False),
        ({"Cache-Control": "S-MaxAge=60, No-Store"}, False),
        ({"Cache-Control": "no-store", "CDN-Cache-Control": "max-age=60"}, True),
        ({"Cache-Control": "s-maxage=60", "CDN-Cache-Control": "no-store"}, False),
        ({"CDN-Cache-Control": "no-store", "Vercel-CDN-Cache-Control": "max-age=60"}, True),
        ({"CDN-Cache-Control": "max-age=60", "Vercel-CDN-Cache-Control": "no-store"}, False),
        ({"CDN-Cache-Control": "max-age=60, s-maxage=0"}, False),
        (MINUTE | {"Set-Cookie": "a=b"}, False),
        (MINUTE | {"Vary": "*"}, False),
        (MINUTE | {"Vary": "Cookie"}, False),
        (MINUTE | {"Vary": "Accept-Encoding, Accept"}, True),
    ],
)
def test_the_most_specific_header_decides_whether_an_answer_is_kept(
    edge: Edge, headers: dict[str, str], kept: bool
) -> None:
    assert edge.calls(headers) == (["1", "1"] if kept else ["1", "2"])


@pytest.mark.parametrize(
    ("status", "kept"),
    [
        *((status, True) for status in (200, 301, 302, 307, 308, 404, 410)),
        (201, False),
        (303, False),
        (503, False),
    ],
)
def test_the_status_decides_too(edge: Edge, status: int, kept: bool) -> None:
    assert edge.calls(MINUTE, status=str(status)) == (["1", "1"] if kept else ["1", "2"])


@pytest.mark.parametrize(
    ("method", "sent"),
    [("POST", {}), ("GET", {"Authorization": "Bearer x"}), ("GET", {"Range": "bytes=0-1"})],
)
def test_requests_of_some_kinds_are_neither_kept_nor_answered_from_what_is(
    edge: Edge, method: str, sent: dict[str, str]
) -> None:
    assert edge.calls(MINUTE, method=method, sent=sent) == ["1", "2"]
    assert edge.ask(MINUTE).text == "3"
    assert edge.ask(MINUTE, method=method, sent=sent).text == "4"


def test_each_address_method_and_accepted_kind_is_kept_by_itself(edge: Edge) -> None:
    edge.ask(MINUTE)
    assert edge.ask(MINUTE, w="640").text == "2"
    assert edge.ask(MINUTE, sent={"Accept": "image/avif"}).text == "3"
    assert edge.ask(MINUTE, method="HEAD").headers["x-vercel-cache"] == "MISS"
    assert edge.ask(MINUTE, method="HEAD").headers["x-vercel-cache"] == "HIT"
    assert edge.ask(MINUTE).text == "1"


def test_who_asks_for_no_cache_gets_a_fresh_answer_that_is_kept(edge: Edge) -> None:
    edge.ask(MINUTE)
    answer = edge.ask(MINUTE, sent={"Pragma": "no-cache"})

    assert (answer.headers["x-vercel-cache"], answer.text) == ("REVALIDATED", "2")
    assert edge.ask(MINUTE).text == "2"


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({}, {"cache-control": "public, max-age=0, must-revalidate"}),
        (MINUTE, {"cache-control": "public, max-age=5"}),
        (
            {"Cache-Control": "s-maxage=60, stale-while-revalidate=9, stale-if-error=9"},
            {"cache-control": "public, max-age=0, must-revalidate"},
        ),
        (
            MINUTE | {"CDN-Cache-Control": "no-store", "Vercel-CDN-Cache-Control": "no-store"},
            {"cache-control": "public, max-age=5, s-maxage=60", "cdn-cache-control": "no-store"},
        ),
    ],
)
def test_the_caller_sees_what_is_meant_for_him(
    edge: Edge, given: dict[str, str], seen: dict[str, str]
) -> None:
    for _ in range(2):
        headers = edge.ask(given).headers
        assert {
            name: value for name, value in headers.items() if name.endswith("cache-control")
        } == seen


def test_without_a_cdn_nothing_is_kept_and_headers_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, {"api/echo.py": HANDLER + ECHO})
    with Functions(tmp_path, {}) as functions:
        answers = [
            httpx.get(
                f"{functions.url}/api/echo", params={"headers": '{"Cache-Control": "s-maxage=60"}'}
            )
            for _ in range(2)
        ]
    assert [answer.text for answer in answers] == ["1", "2"]
    assert answers[0].headers["cache-control"] == "s-maxage=60"
    assert "x-vercel-cache" not in answers[0].headers
