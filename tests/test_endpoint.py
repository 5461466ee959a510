import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from types import ModuleType
from typing import Any

import httpx
import pytest

from lib.config import Config
from lib.endpoint import Endpoint, Headers, Request, Response
from lib.errors import (
    Hopeless,
    Misconfigured,
    NotionWait,
    QueueRefused,
    Refused,
    TakenOver,
    TryLater,
)

Serve = Callable[[type[Endpoint]], httpx.Client]


class Echo(Endpoint):
    """Answers with what it was asked."""

    max_body_bytes = 1000

    async def get(self, request: Request) -> Response:
        return Response(200, {"path": request.path, "query": dict(request.query), "id": request.id})

    async def post(self, request: Request) -> Response:
        return Response(200, request.json())


class HastyEcho(Echo):
    read_timeout_seconds = 0.2


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ThreadingHTTPServer] = []
    clients: list[httpx.Client] = []

    def start(handler: type[Endpoint]) -> httpx.Client:
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        clients.append(
            httpx.Client(base_url=f"http://127.0.0.1:{servers[-1].server_port}", trust_env=False)
        )
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def echo(serve: Serve) -> httpx.Client:
    return serve(Echo)


def raising(error: BaseException) -> type[Endpoint]:
    class Raising(Endpoint):
        async def get(self, request: Request) -> Response:
            raise error

    return Raising


def raw(client: httpx.Client, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """What the server answers to these very bytes; the sending side stays open."""
    with socket.create_connection(
        ("127.0.0.1", client.base_url.port or 0), timeout=60
    ) as connection:
        connection.sendall(sent)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in fields)}
    return int(status.split()[1]), headers, body


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_answer_is_json_with_its_length_and_is_not_kept_by_caches(echo: httpx.Client) -> None:
    answer = echo.get("/api/x?a=1&a=2&blank=&t=%C3%A4+b", headers={"X-Vercel-Id": "iad1::1"})
    assert (
        answer.text
        == '{"path": "/api/x", "query": {"a": "2", "blank": "", "t": "ä b"}, "id": "iad1::1"}'
    )
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "no-store"


def test_a_handler_may_answer_with_other_headers_and_no_body(serve: Serve) -> None:
    class Redirect(Endpoint):
        async def get(self, request: Request) -> Response:
            return Response(
                302, headers={"Location": "https://x.example/", "Cache-Control": "max-age=60"}
            )

        async def head(self, request: Request) -> Response:
            return Response(200, {"seen": "by nobody"})

    client = serve(Redirect)
    answer = client.get("/")
    assert (answer.status_code, answer.content) == (302, b"")
    assert answer.headers["location"] == "https://x.example/"
    assert answer.headers["cache-control"] == "max-age=60"
    assert "content-type" not in answer.headers
    head = client.head("/")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "21")


@pytest.mark.parametrize(
    "method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"]
)
def test_every_other_method_is_405_with_what_is_allowed(echo: httpx.Client, method: str) -> None:
    answer = echo.send(
        httpx.Request(method, echo.base_url.join("/")) if method != "get" else _lower_get(echo)
    )
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.headers["content-type"].startswith("application/json")
    if method != "HEAD":
        assert answer.json() == {"error": "This address serves GET, POST only"}


def _lower_get(client: httpx.Client) -> httpx.Request:
    request = httpx.Request("GET", client.base_url.join("/"))
    request.method = "get"
    return request


def test_a_head_is_answered_without_a_body(echo: httpx.Client) -> None:
    status, headers, body = raw(echo, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (status, body) == (405, b"")
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize(("method", "status"), [(b"PUT", 405), (b"POST", 413)])
def test_a_refused_body_of_six_megabytes_does_not_cost_its_sender_the_answer(
    echo: httpx.Client, method: bytes, status: int
) -> None:
    got, _, body = raw(
        echo, method + b" / HTTP/1.1\r\nContent-Length: 6000000\r\n\r\n" + b"x" * 6_000_000
    )
    assert got == status
    assert json.loads(body)["error"]


@pytest.mark.parametrize(
    ("sent", "status", "hint"),
    [
        (b"Content-Length: 1001\r\n\r\n", 413, "larger than 1000 bytes"),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 413, "larger than 1000 bytes"),
        (b"Content-Length: -1\r\n\r\n{}", 400, "one whole number"),
        (b"Content-Length: 2x\r\n\r\n{}", 400, "one whole number"),
        (b"Content-Length: \xb2\r\n\r\n{}", 400, "one whole number"),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "one whole number"),
        (b"Content-Length: 10\r\n\r\n{}", 400, "shorter than its Content-Length"),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411, "not in chunks"),
    ],
)
def test_a_body_out_of_bounds_is_refused(serve: Serve, sent: bytes, status: int, hint: str) -> None:
    got, _, body = raw(serve(HastyEcho), b"POST / HTTP/1.1\r\nHost: x\r\n" + sent)
    assert got == status
    assert hint in json.loads(body)["error"]


def test_c9_a_body_that_comes_drop_by_drop_is_refused_at_one_deadline(serve: Serve) -> None:
    """A deadline that began anew with each drop would let all of them come."""
    port, drops = serve(HastyEcho).base_url.port or 0, 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        answer = b""
        connection.settimeout(HastyEcho.read_timeout_seconds / 2)
        while not answer and drops < 99:
            connection.sendall(b"x")
            drops += 1
            with suppress(TimeoutError):
                answer = connection.recv(65_536)

    assert b" 400 " in answer.partition(b"\r\n")[0]


def test_c9_a_body_in_pieces_is_read_whole(echo: httpx.Client) -> None:
    body = json.dumps({"text": "x" * 500}).encode()
    with socket.create_connection(("127.0.0.1", echo.base_url.port or 0), timeout=60) as connection:
        connection.sendall(
            f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        for begin in range(0, len(body), 100):
            connection.sendall(body[begin : begin + 100])
            time.sleep(0.01)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece

    assert answer.startswith(b"HTTP/1.0 200")
    assert answer.endswith(body)


def test_a_body_of_the_greatest_length_is_read(echo: httpx.Client) -> None:
    body = json.dumps({"text": "x" * (1000 - 12)})
    assert len(body) == 1000
    assert echo.post("/", content=body).json() == json.loads(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xfe{}", "The body is not UTF-8"),
        (b"{", "The body is not JSON"),
        (b'{"a": NaN}', "The body is not JSON"),
        (b"[" * 900, "The body is not JSON"),
        (b"[1]", "The body must be a JSON object"),
        (b'"text"', "The body must be a JSON object"),
    ],
)
def test_a_body_that_is_no_json_object_is_400_with_the_reason(
    echo: httpx.Client, body: bytes, reason: str
) -> None:
    answer = echo.post("/", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(reason)


def test_a_body_nested_beyond_reason_is_no_json() -> None:
    with pytest.raises(Refused, match="not JSON"):
        Request("POST", "/", body=b"[" * 500_000).json()


def test_an_empty_body_is_an_empty_object(echo: httpx.Client) -> None:
    assert echo.post("/").json() == {}


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (
            Refused("Unauthorized", 401, {"WWW-Authenticate": "Bearer"}),
            401,
            ("www-authenticate", "Bearer"),
        ),
        (Refused("unknown"), 400, None),
        (TryLater("KV is away", 2.1), 503, ("retry-after", "3")),
        (NotionWait("wait", 0.0), 503, ("retry-after", "1")),
        (Hopeless("token revoked"), 489, ("upstash-nonretryable-error", "true")),
        (Misconfigured("NOTION_TOKEN is not set"), 500, None),
        (QueueRefused("QStash is away"), 502, None),
    ],
)
def test_an_error_becomes_its_answer(
    serve: Serve,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    status: int,
    header: tuple[str, str] | None,
) -> None:
    answer = serve(raising(error)).get("/")
    assert answer.status_code == status
    assert answer.json() == {"error": str(error)}
    if header:
        assert answer.headers[header[0]] == header[1]
    [line] = lines(capsys)
    assert (line["event"], line["status"], line["reason"]) == ("request", status, str(error))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("private"),
        TakenOver("private"),
        SystemExit("private"),
        asyncio.CancelledError(),
        KeyError("ä\ud800"),
    ],
)
def test_what_nobody_foresaw_is_500_and_its_traceback_one_line(
    serve: Serve, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    answer = serve(raising(error)).get("/api/x", headers={"x-vercel-id": "iad1::abc"})
    assert answer.status_code == 500
    assert answer.json() == {
        "error": "Internal error: something broke; see the deployment's logs, request id iad1::abc"
    }
    crash, line = lines(capsys)
    assert (crash["event"], crash["level"], crash["requestId"]) == (
        "request.crashed",
        "error",
        "iad1::abc",
    )
    assert crash["traceback"].startswith("Traceback (most recent call last)")
    assert type(error).__name__ in crash["traceback"]
    assert (line["event"], line["status"]) == ("request", 500)


@pytest.mark.parametrize(
    "response",
    [
        Response(200, {"value": object()}),
        Response(200, {"value": float("nan")}),
        Response(200, None, {"Location": "https://x.example/\r\nSet-Cookie: a=b"}),
        Response(200, None, {"X-Title": "ä"}),
        None,
    ],
)
def test_an_answer_that_cannot_be_sent_is_500(
    serve: Serve, capsys: pytest.CaptureFixture[str], response: Response
) -> None:
    class Broken(Endpoint):
        async def get(self, request: Request) -> Response:
            return response

    answer = serve(Broken).get("/")
    assert answer.status_code == 500
    assert answer.json()["error"].startswith("Internal error")
    assert "set-cookie" not in answer.headers
    assert [line["event"] for line in lines(capsys)] == ["request.crashed", "request"]


def test_a_lone_surrogate_in_an_answer_is_spelled_as_json_spells_it(serve: Serve) -> None:
    answer = serve(raising(Refused("page '\ud800' is unknown"))).get("/")
    assert answer.content == b'{"error": "page \'\\ud800\' is unknown"}'


def test_a_request_is_one_line_without_its_query(
    echo: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    echo.get("/api/x?secret=private", headers={"x-vercel-id": "iad1::1"})
    printed = capsys.readouterr()
    [line] = [json.loads(line) for line in printed.out.splitlines()]
    assert printed.err == ""
    assert isinstance(line.pop("ms"), int)
    line.pop("time")
    assert line == {
        "event": "request",
        "requestId": "iad1::1",
        "method": "GET",
        "path": "/api/x",
        "status": 200,
    }


@pytest.mark.parametrize(
    ("trouble", "level"),
    [
        (Refused("no", 404), None),
        (TryLater("KV is away"), "warning"),
        (Misconfigured("NOTION_TOKEN is not set"), "error"),
        (Hopeless("the token was refused"), None),
    ],
)
def test_the_requests_line_has_the_level_of_its_answer(
    serve: Serve, capsys: pytest.CaptureFixture[str], trouble: Exception, level: str | None
) -> None:
    serve(raising(trouble)).get("/")

    [line] = lines(capsys)
    assert line.get("level") == level


def test_the_requests_line_passes_when_the_handlers_ration_is_used_up(
    serve: Serve, capsys: pytest.CaptureFixture[str], environ: dict[str, str]
) -> None:
    class Talkative(Endpoint):
        async def get(self, request: Request) -> Response:
            log = self.log(Config.read(environ)).bind(runId="run_1")
            for number in range(500):
                log.event("page.synced", pageId=number, text=environ["NOTION_TOKEN"])
                log.warning("page.failed", pageId=number)
                log.warning("page.unreadable", pageId=number)
            raise ValueError("at last")

    serve(Talkative).get("/")
    seen = lines(capsys)
    assert len(seen) == 103
    assert seen[0]["text"] == "***"
    assert (seen[100]["event"], seen[100]["lines"]) == ("log.suppressed", 1400)
    assert [line["event"] for line in seen[101:]] == ["request.crashed", "request"]


def test_a_crash_never_prints_what_the_handlers_config_keeps(
    serve: Serve, capsys: pytest.CaptureFixture[str], environ: dict[str, str]
) -> None:
    class Crashing(Endpoint):
        async def get(self, request: Request) -> Response:
            self.log(Config.read(environ))
            raise ValueError(f"refused the token {environ['NOTION_TOKEN']}")

    serve(Crashing).get("/")
    assert environ["NOTION_TOKEN"] not in capsys.readouterr().out


def test_a_caller_who_is_gone_is_no_trouble(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, done = threading.Event(), threading.Event()

    class Slow(Endpoint):
        async def get(self, request: Request) -> Response:
            await asyncio.to_thread(gone.wait, 60)
            return Response(200, {"text": "x" * 5_000_000})

        def finish(self) -> None:
            super().finish()
            done.set()

    client = serve(Slow)
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone.set()
    assert done.wait(60)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert [json.loads(line)["event"] for line in printed.out.splitlines()] == ["request"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    ],
)
def test_a_request_that_is_no_http_is_answered_in_json_too(
    echo: httpx.Client, sent: bytes, status: int
) -> None:
    got, headers, body = raw(echo, sent)
    assert got == status
    assert headers["content-type"].startswith("application/json")
    assert json.loads(body)["error"]


def test_requests_side_by_side_do_not_wait_for_each_other(serve: Serve) -> None:
    together = threading.Barrier(4, timeout=60)

    class Meeting(Endpoint):
        async def get(self, request: Request) -> Response:
            await asyncio.to_thread(together.wait)
            return Response(200, {})

    client = serve(Meeting)
    statuses: list[int] = []
    callers = [
        threading.Thread(target=lambda: statuses.append(client.get("/").status_code))
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert statuses == [200] * 4


def test_the_deadline_is_vercels_in_epoch_seconds(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deadline(Endpoint):
        async def get(self, request: Request) -> Response:
            return Response(200, {"deadline": request.deadline})

    client = serve(Deadline)
    assert client.get("/").json() == {"deadline": None}

    ends: list[datetime | None] = [datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC), None]
    runtime = ModuleType("vercel_runtime.deadline")
    runtime.get_deadline = lambda: ends.pop(0)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vercel_runtime", ModuleType("vercel_runtime"))
    monkeypatch.setitem(sys.modules, "vercel_runtime.deadline", runtime)
    assert client.get("/").json() == {"deadline": 1_780_000_000.0}
    assert client.get("/").json() == {"deadline": None}


def test_headers_are_found_in_any_case_and_the_first_of_two_counts() -> None:
    headers = Headers([("Upstash-Signature", "a"), ("upstash-signature", "b"), ("X", "c")])
    assert headers["UPSTASH-SIGNATURE"] == headers.get("upstash-signature") == "a"
    assert dict(headers) == {"upstash-signature": "a", "x": "c"}
    assert "y" not in headers
    assert len(Headers({"A": "b"})) == 1
