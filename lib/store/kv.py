"""The door to Upstash Redis: commands, pipelines and scripts over upstash-redis, with time-outs and
plain errors.

upstash-redis 1.8.0 waits for ever, sleeps three seconds before it repeats anything, and shows a
refused request as an `AttributeError`; so its HTTP client is replaced here, and every failure
becomes a `TryLater` or a `Misconfigured`. Every command that this project sends may be repeated:
one whose answer was lost is simply sent again.
"""

import asyncio
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha1
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import httpx
from upstash_redis.asyncio import Redis
from upstash_redis.errors import UpstashError
from upstash_redis.http import AsyncHttpClient, make_headers

from lib.errors import ForeignValue, Misconfigured, TooLarge, TryLater
from lib.json_text import sound_text
from lib.store.keys import types_of

ATTEMPTS = 3
SCAN_COUNT = 5_000
"""About how many fields of a hash come with one answer."""
PAUSE_SECONDS = 0.2
RETRY_AFTER_SECONDS = 30.0

Value = str | int | float
Item = TypeVar("Item")

_INCLUDE = re.compile(r"^-- include (\w+)$", re.MULTILINE)


class Kv:
    """One KV database within one event loop. `commands` counts what Upstash bills: each command of
    a pipeline, and a script as one. `max_request_bytes` is what fits into one request."""

    def __init__(
        self, url: str, token: str, http: httpx.AsyncClient, max_request_bytes: int = 8_000_000
    ) -> None:
        self._redis = _Redis(url, token, http)
        self.max_request_bytes = max_request_bytes
        self.commands = 0

    async def command(self, *words: Value) -> Any:
        """Run one command, for instance `("GET", key)`."""
        self.commands += 1
        command = _as_texts(words)
        return await _send_with_retries(lambda: self._redis.execute(command))

    async def pipeline(self, commands: Sequence[Sequence[Value]]) -> list[Any]:
        """Run commands in order, not as a transaction: in one request, or several where they are
        too large for it."""
        self.commands += len(commands)
        answers: list[Any] = []
        for batch in chunked(commands, self.max_request_bytes, size_bytes):
            answers += await self._send_batch(batch)
        return answers

    async def _send_batch(self, commands: Sequence[Sequence[Value]]) -> list[Any]:
        async def send() -> Any:
            pipeline = self._redis.pipeline()
            for words in commands:
                pipeline.execute(_as_texts(words))
            return await pipeline.exec()

        answers: list[Any] = await _send_with_retries(send)
        return answers

    async def read_hash(self, key: str, cursor: str | int = 0) -> dict[str, str]:
        """Return all fields of a hash, or those from a cursor on; read in portions, for an answer
        is bounded."""
        fields: dict[str, str] = {}
        while True:
            cursor, found = await self.command("HSCAN", key, cursor, "COUNT", SCAN_COUNT)
            fields |= found
            if not int(cursor):
                return fields

    async def script(self, name: str, keys: Sequence[str], args: Sequence[Value]) -> Any:
        """Run `lua/{name}.lua` as one transaction.

        It is called by its hash, for its text is longer than most of what it is called with; the
        text goes out where the database does not know it yet, or no more.
        """
        words = [len(keys), *keys, *args]
        try:
            try:
                return await self.command("EVALSHA", _script_hash(name), *words)
            except _UnknownScript:
                return await self.command("EVAL", source_of(name), *words)
        except ForeignValue:
            raise ForeignValue(await self._foreign_keys(types_of(keys)) or keys) from None

    async def _foreign_keys(self, expected: Mapping[str, str]) -> list[str]:
        """Return the keys that hold another type than expected; Redis does not say at which of them
        a script failed."""
        found = await self.pipeline([["TYPE", key] for key in expected])
        return [
            key
            for (key, kind), held in zip(expected.items(), found, strict=True)
            if held not in (kind, "none")
        ]


def size_bytes(words: Iterable[Value]) -> int:
    """About how much of a request these words fill."""
    return sum(
        len(word.encode(errors="surrogatepass")) if isinstance(word, str) else 8 for word in words
    )


def _as_texts(words: Iterable[Value]) -> list[str]:
    """Return a command's words as text: some servers turn JSON's numbers into "2.592e+06" before
    Redis sees them."""
    return [sound_text(word) if isinstance(word, str) else str(word) for word in words]


def chunked(
    items: Sequence[Item], most_bytes: int, size: Callable[[Item], int]
) -> list[list[Item]]:
    """Return the items in order, in runs of at most this many bytes; one that is larger is a run by
    itself."""
    runs: list[list[Item]] = []
    room = 0
    for item in items:
        needed = size(item)
        if not runs or needed > room:
            runs.append([])
            room = most_bytes
        runs[-1].append(item)
        room -= needed
    return runs


class _KvHttp(AsyncHttpClient):
    """upstash-redis's HTTP client over a connection pool of ours, which has time-outs; it never
    repeats by itself."""

    def __init__(self, http: httpx.AsyncClient, keep_sync_token: Callable[[str], None]) -> None:
        self._client = http
        self._keep_sync_token = keep_sync_token

    async def execute(
        self, url: str, headers: dict[str, str], command: list[Any], from_pipeline: bool = False
    ) -> Any:
        response = await self._client.post(url, headers=headers, json=command)
        if response.is_server_error:
            response.raise_for_status()  # its own trouble, not a refusal of the command
        if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise _token_refused(response.text)
        self._keep_sync_token(response.headers.get("Upstash-Sync-Token", ""))
        answer = response.json()
        if from_pipeline and isinstance(answer, list) and len(answer) == len(command):
            return [_result_of(one, words) for one, words in zip(answer, command, strict=True)]
        return _result_of(answer, command)


class _CommandRefused(UpstashError):
    """KV refused a command, whose `words` these are."""

    def __init__(self, reason: str, words: Sequence[str]) -> None:
        super().__init__(reason)
        self.words = words


def _result_of(answer: Any, words: Sequence[str]) -> Any:
    """Return the result that an answer holds. Raises `_CommandRefused`, and ValueError where it is
    no answer of Upstash's."""
    if not isinstance(answer, dict) or not answer.keys() & {"error", "result"}:
        raise ValueError("an answer without a result")
    if reason := answer.get("error"):
        raise _CommandRefused(str(reason), words)
    return _decoded_answer(answer["result"])


def _decoded_answer(result: Any) -> Any:
    """Return a result without its base64; bytes that are no UTF-8, which this project never writes,
    become U+FFFD."""
    if isinstance(result, list):
        return [_decoded_answer(one) for one in result]
    if isinstance(result, str) and result != "OK":
        return b64decode(result).decode(errors="replace")
    return result


class _Redis(Redis):
    """upstash-redis's client over `_KvHttp`. Its own constructor would build a TLS context (60–140
    ms) for nothing."""

    def __init__(self, url: str, token: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._headers = make_headers(token, "base64", allow_telemetry=False)
        self._read_your_writes = True
        self._sync_token = ""
        self._http = _KvHttp(http, self._update_sync_token)


async def _send_with_retries(send: Callable[[], Awaitable[Any]]) -> Any:
    """Send once, and again where no answer came; raises `TryLater` or `Misconfigured`."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await send()
        except _CommandRefused as refusal:
            raise _refusal_of(str(refusal), refusal.words) from None
        except (
            httpx.HTTPError,
            ValueError,
        ) as trouble:  # ValueError: an answer that is no JSON (a proxy's page)
            if attempt == ATTEMPTS:
                raise TryLater(
                    f"KV (Upstash Redis) gave no usable answer ({type(trouble).__name__}); nothing"
                    " is lost. Try again in a moment, and check KV_REST_API_URL if it stays so.",
                    RETRY_AFTER_SECONDS,
                ) from trouble
            await asyncio.sleep(PAUSE_SECONDS * attempt)
    raise AssertionError("unreachable")


class _UnknownScript(Exception):
    """The database does not know the script that it was to run by its hash."""


def _refusal_of(reason: str, words: Sequence[str]) -> Exception:
    if reason.startswith("NOSCRIPT"):
        return _UnknownScript(reason)
    if "max request size" in reason or "max single record size" in reason:
        return TooLarge(f"it is larger than KV takes in one request ({reason[:120]})")
    if reason.startswith("NOPERM"):
        return _token_refused(reason)
    if "WRONGTYPE" in reason:
        return ForeignValue(words[1:2])
    return TryLater(f"KV (Upstash Redis) refused a command: {reason[:200]}.", RETRY_AFTER_SECONDS)


def _token_refused(reason: str) -> Misconfigured:
    return Misconfigured(
        f"KV refused the token: set KV_REST_API_TOKEN to the database's own ({reason[:120]})."
    )


@cache
def _script_hash(name: str) -> str:
    """The name by which Redis knows a script."""
    return sha1(source_of(name).encode(), usedforsecurity=False).hexdigest()


@cache
def source_of(name: str) -> str:
    """Return a script's text; where it says `-- include other`, that file's text stands."""
    text = (Path(__file__).parent / "lua" / f"{name}.lua").read_text("utf-8")
    return _INCLUDE.sub(lambda include: source_of(include[1]), text)
