"""What other sites' pages, open in a browser on this machine, can make the local stack do:
nothing."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from dev.notion import NotionStandIn
from dev.qstash import QStashStandIn
from dev.serve import Server
from dev.upstash import UpstashStandIn

Request = tuple[str, str, str]
CONTROLS = (("POST", "/_control/reset"), ("DELETE", "/_control/faults"))


@pytest.fixture(scope="module")
def controls() -> Iterator[list[Request]]:
    """A control of each stand-in: method, server and path."""
    with NotionStandIn() as notion, QStashStandIn() as qstash, UpstashStandIn() as upstash:
        urls = (notion.url, qstash.url, upstash.url)
        yield [(method, url, path) for url in urls for method, path in CONTROLS]


def send(request: Request, **headers: str) -> int:
    method, url, path = request
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, f"{url}{path}", headers=named, trust_env=False).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:80"},
    ],
)
def test_c13_a_page_of_another_site_can_press_nothing(
    controls: list[Request], headers: dict[str, str]
) -> None:
    assert {send(request, **headers) for request in controls} == {403}


def test_c13_programs_and_the_stack_s_own_page_can(controls: list[Request]) -> None:
    for request in controls:
        method, url, path = request
        for headers in (
            {},
            {"origin": url},
            {"origin": url, "sec_fetch_site": "same-origin"},
            {"sec_fetch_site": "none"},
        ):
            assert send(request, **headers) < 300
        assert send((method, url.replace("127.0.0.1", "localhost"), path)) < 300


def test_c13_what_is_no_control_is_for_everybody() -> None:
    async def nothing(request: object) -> Response:
        return Response(status_code=204)

    app = Starlette(routes=[Route("/{path:path}", nothing, methods=["POST"])])
    with Server(app) as server:
        assert send(("POST", server.url, "/api/sync/worker"), origin="https://evil.example") == 204
        assert send(("POST", server.url, "/_local/kill"), origin="https://evil.example") == 403
