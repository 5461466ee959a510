"""The base of every handler: bounds the body, turns errors into answers (here and nowhere else),
logs one line.

Vercel runs a handler in one thread for each request, behind a class of its own: an exception that
escapes would close the connection without an answer, and Python's default answers to errors are
HTML.
"""

import asyncio
import json
import math
import socket
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec

from lib import json_text
from lib.config import Config, secrets_of
from lib.errors import Hopeless, Misconfigured, QueueRefused, Refused, TryLater
from lib.log import Level, Log, quieten
from lib.model import JSON

DRAIN_BYTES = 16_000_000
DRAIN_SECONDS = 2.0
"""How much of a refused body is read away, and for how long, so that its sender gets to read the
answer."""

quieten()


class Headers(Mapping[str, str]):
    """Header fields by name in any case; of a field that came twice, the first."""

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        self._fields: dict[str, str] = {}
        for name, value in pairs:
            self._fields.setdefault(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class Request(msgspec.Struct, frozen=True):
    """What was asked. `url` is path and query as they came; of a parameter that came twice, the
    last counts.

    `deadline` is the end of the invocation in epoch seconds (None: nobody set one); `id` is
    Vercel's request id.
    """

    method: str
    url: str
    headers: Headers = msgspec.field(default_factory=Headers)
    body: bytes = b""
    deadline: float | None = None

    @property
    def path(self) -> str:
        return self.url.partition("?")[0]

    @property
    def query(self) -> Mapping[str, str]:
        return dict(parse_qsl(self.url.partition("?")[2], keep_blank_values=True))

    @property
    def id(self) -> str:
        return self.headers.get("x-vercel-id", "")

    def json(self) -> JSON:
        """The body's JSON object; an empty body is an empty one. Raises `Refused` saying what is
        wrong with it."""
        try:
            value = json_text.decode(self.body.decode()) if self.body else {}
        except UnicodeDecodeError:
            raise Refused("The body is not UTF-8") from None
        except (ValueError, RecursionError) as error:
            raise Refused(f"The body is not JSON: {str(error)[:200]}") from None
        if not isinstance(value, dict):
            raise Refused("The body must be a JSON object")
        return value


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Those that are named in a log; anybody may send any other text in their place."""


class Response(msgspec.Struct, frozen=True):
    """`body` goes out as JSON; None: no body."""

    status: int
    body: JSON | None = None
    headers: Mapping[str, str] = {}

    def encode(self) -> tuple[bytes, dict[str, str]]:
        """Body and headers as they go over the wire. Raises ValueError or TypeError for what
        can't."""
        content = b""
        headers = {"Cache-Control": "no-store"}
        if self.body is not None:
            # A lone surrogate becomes \udXXX, which is how JSON spells it.
            content = json.dumps(self.body, ensure_ascii=False, allow_nan=False).encode(
                errors="backslashreplace"
            )
            headers["Content-Type"] = "application/json; charset=utf-8"
        headers |= {**self.headers, "Content-Length": str(len(content))}
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise ValueError(f"a header of the answer is not plain ASCII: {', '.join(headers)}")
        return content, headers


class Endpoint(BaseHTTPRequestHandler):
    """A subclass serves the methods it defines: `async def get(self, request: Request) ->
    Response`, `post`, `head`."""

    is_for_strangers: ClassVar[bool] = False
    """Anybody may call it: what is wrong with the set-up stands in the log, and not in the
    answer."""
    max_body_bytes: ClassVar[int] = 1_000_000
    read_timeout_seconds: ClassVar[float] = 10.0

    _log: Log
    _body_is_unread: bool

    def log(self, config: Config) -> Log:
        """The log of this request, which keeps `config`'s secrets."""
        self._log = self._log.hiding(config.secrets)
        return self._log

    def _serve_request(self) -> None:
        began = time.perf_counter()
        request_id = self.headers.get("x-vercel-id", "")
        self._log = Log(now=time.time, secrets=secrets_of()).bind(requestId=request_id)
        self._body_is_unread = (
            "content-length" in self.headers or "transfer-encoding" in self.headers
        )
        trouble: BaseException | None = None
        try:
            response = self._response_of_method()
            content, headers = response.encode()
        # SystemExit and CancelledError too would leave the caller without an answer.
        except BaseException as error:
            trouble = error
            response = answer_to(error, request_id, is_for_strangers=self.is_for_strangers)
            content, headers = response.encode()
        self._report_request(response.status, trouble, round((time.perf_counter() - began) * 1000))
        self._send_response(response.status, content, headers)

    do_GET = do_HEAD = do_POST = _serve_request

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses: a request it can't read, or a method that has no
        `do_…`."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._serve_request()
            return
        self.request_version = (
            self.protocol_version
        )  # without a version it would leave out the status line
        self._body_is_unread = True
        self._send_response(
            code, *Response(code, {"error": message or HTTPStatus(code).phrase}).encode()
        )

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: http.server's line would show the query string, and with it the secret."""

    def _response_of_method(self) -> Response:
        methods = [method for method in ("GET", "HEAD", "POST") if hasattr(self, method.lower())]
        if self.command not in methods:
            allowed = ", ".join(methods)
            raise Refused(
                f"This address serves {allowed} only",
                HTTPStatus.METHOD_NOT_ALLOWED,
                {"Allow": allowed},
            )
        serve: Callable[[Request], Coroutine[Any, Any, Response]] = getattr(
            self, self.command.lower()
        )
        request = Request(
            self.command,
            self.path,
            Headers(self.headers.items()),
            self._read_body(),
            _invocation_deadline(),
        )
        return asyncio.run(serve(request))

    def _read_body(self) -> bytes:
        if "transfer-encoding" in self.headers:
            raise Refused(
                "Send the body with a Content-Length, not in chunks", HTTPStatus.LENGTH_REQUIRED
            )
        lengths = set(self.headers.get_all("content-length", ["0"]))
        text = lengths.pop()
        if lengths or not (text.isascii() and text.isdigit()):
            raise Refused("Content-Length must be one whole number")
        if len(text) > 15 or int(text) > self.max_body_bytes:
            raise Refused(
                f"The body is larger than {self.max_body_bytes} bytes",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
        body = self._read_until_deadline(int(text))
        self._body_is_unread = False
        if len(body) < int(text):
            raise Refused("The body is shorter than its Content-Length")
        return body

    def _read_until_deadline(self, length: int) -> bytes:
        """Return `length` bytes, or those that have come when the time for all of them is over."""
        body = bytearray()
        give_up = time.monotonic() + self.read_timeout_seconds
        with suppress(TimeoutError, ConnectionError):
            while len(body) < length and (left := give_up - time.monotonic()) > 0:
                self.connection.settimeout(left)
                piece = self.rfile.read1(length - len(body))
                if not piece:
                    break
                body += piece
        return bytes(body)

    def _send_response(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.close_connection = True
        with suppress(ConnectionError, TimeoutError):  # the caller is gone
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            if self._body_is_unread:
                self._drain_body()

    def _drain_body(self) -> None:
        """Read a refused body away: closing before it has come would make TCP throw the answer away
        as well."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(DRAIN_SECONDS)
        give_up = time.monotonic() + DRAIN_SECONDS
        left = DRAIN_BYTES
        while left > 0 and time.monotonic() < give_up and (piece := self.rfile.read1(65_536)):
            left -= len(piece)

    def _report_request(self, status: int, trouble: BaseException | None, ms: int) -> None:
        """Log the request's one line; an unforeseen error has its traceback in another."""
        self._log.close()
        if status == HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(trouble, Misconfigured):
            self._log.error("request.crashed", error=trouble)
        reason = {} if trouble is None else {"reason": _words_of(trouble)}
        if trouble and trouble.__cause__:
            reason["cause"] = _words_of(trouble.__cause__)
        path = self.path.partition("?")[0]
        method = self.command if self.command in METHODS else "other"
        self._log.event(
            "request",
            level=_level_of(status),
            method=method,
            path=path,
            status=status,
            ms=ms,
            **reason,
        )


def _level_of(status: int) -> Level:
    """Return how grave an answer is: an error for its owner to mend, a warning for trouble that
    passes by itself. What strangers send in vain is neither."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "warning"
    return "error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "info"


def answer_to(error: BaseException, request_id: str, *, is_for_strangers: bool = False) -> Response:
    """The only place where an error becomes HTTP."""
    body: JSON = {"error": str(error)}
    match error:
        case Misconfigured() | Hopeless() if is_for_strangers:
            reason = (
                "This deployment's set-up is not whole; its owner finds out more in"
                f" {_where_to_look(request_id)}"
            )
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": reason})
        case Refused():
            return Response(error.status, body, error.headers)
        case TryLater():
            return Response(
                error.status,
                body,
                {"Retry-After": str(max(1, math.ceil(error.retry_after_seconds)))},
            )
        case Hopeless():
            return Response(error.status, body, error.headers)
        case Misconfigured() | QueueRefused():
            return Response(error.status, body)
        case _:
            reason = f"Internal error: something broke; see {_where_to_look(request_id)}"
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": reason})


def _words_of(trouble: BaseException) -> str:
    return str(trouble) or type(trouble).__name__


def _where_to_look(request_id: str) -> str:
    return f"the deployment's logs, request id {request_id}" if request_id else "the server's log"


def _invocation_deadline() -> float | None:
    """When Vercel ends this invocation. Its runtime is beside our code in every bundle, and nowhere
    else."""
    try:
        from vercel_runtime.deadline import get_deadline
    except ImportError:
        return None
    ends: datetime | None = get_deadline()
    return ends.timestamp() if ends else None
