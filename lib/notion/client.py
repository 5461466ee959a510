"""The one way to Notion: notion-client underneath, and what it lacks on top.

notion-client 3.1.0 retries neither 502, 504, 529, timeouts and resets nor any 5xx answer to a query, and lets raw httpx
and JSON errors through; each of these is repeated here, paced, and counted.
"""

import logging
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
import notion_client
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from lib.errors import NotionAway, NotionWait
from lib.model import JSON
from lib.notion.failures import OVERLOADED, Failed, Refusal, Throttled, failure
from lib.notion.pacing import Pacer
from lib.notion.places import Places

NOTION_VERSION = "2026-03-11"
ATTEMPTS = 4
THROTTLES = 6
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 8.0
SMALLEST_PAGE = 10

_SILENT = logging.Logger("notion_client of this project", level=logging.CRITICAL)
_SILENT.addHandler(logging.NullHandler())


class NotionClient:
    """Sends requests to Notion; every caller shares its places, its pacer and its counters.

    `http` stays the caller's, its headers and timeout untouched. `now` gives epoch seconds, `random` a number from 0
    to 1. Requests raise Unreadable (the object, not the connection, is the trouble), NotionAway (no usable answer,
    though repeated), NotionWait and OutOfTime (not sent), Hopeless (the token is refused).
    """

    def __init__(
        self,
        *,
        token: str,
        base_url: str,
        pacer: Pacer,
        http: httpx.AsyncClient,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
        concurrency: int = 8,
        timeout_seconds: float = 30.0,
    ) -> None:
        self.concurrency = concurrency
        self.requests = 0
        self.throttled = 0
        self._pacer = pacer
        self._now = now
        self._sleep = sleep
        self._random = random
        self._places = Places(concurrency)
        self._behind_seconds: float | None = None
        self._notion = notion_client.AsyncClient(
            client=httpx.AsyncClient(transport=_Borrowed(http), event_hooks={"response": [self._read_clock]}),
            auth=token,
            base_url=base_url.rstrip("/"),
            notion_version=NOTION_VERSION,
            timeout_ms=round(timeout_seconds * 1000),
            retry=False,
            logger=_SILENT,
            log_level=logging.CRITICAL,
        )

    async def get(self, path: str, query: JSON | None = None, *, hurry: bool = False) -> JSON:
        """GET, `path` relative to `/v1/`; property ids go into it as Notion spells them (percent-encoded). In a
        `hurry`: before other requests that wait, since many more wait for its answer."""
        return await self._request("GET", path, query, None, hurry)

    async def post(self, path: str, body: JSON, query: JSON | None = None) -> JSON:
        """POST of something that only reads (a query), so that it may be repeated like a GET."""
        return await self._request("POST", path, query, body, False)

    def notion_time(self, t0: float) -> float:
        """What Notion's clock surely had passed at our time `t0`, never later than `t0`; both in epoch seconds.

        A `Date` header is at most as new as the moment we read it, so the smallest difference seen bounds how far
        Notion's clock is behind ours. A page read at `notion_time(t0)` is never taken for read later than it was.
        """
        return t0 - max(0.0, self._behind_seconds or 0.0)

    async def _request(self, method: str, path: str, query: JSON | None, body: JSON | None, hurry: bool) -> JSON:
        failures = throttles = 0
        while True:
            try:
                return await self._attempt(method, path, query, body, hurry)
            except Throttled as throttled:
                throttles += 1
                self.throttled += 1
                await self._pacer.pushed_back(throttled.wait_seconds)
                if throttles == THROTTLES:
                    raise NotionWait(f"{throttled}, {throttles} times in a row", throttled.wait_seconds) from throttled
            except Failed as failed:
                failures += 1
                if failures == ATTEMPTS:
                    raise _away(f"{method} {path}", failed) from failed
                if failed.status in OVERLOADED:
                    body = _with_smaller_page(body)
                await self._sleep(self._backoff_seconds(failures, failed.wait_seconds))

    async def _attempt(self, method: str, path: str, query: JSON | None, body: JSON | None, hurry: bool) -> JSON:
        async with self._places.one(hurry=hurry):
            await self._pacer.acquire()
            self.requests += 1
            try:
                answer: Any = await self._notion.request(path=path, method=method, query=query, body=body)
            except HTTPResponseError as error:
                raise failure(error.status, error.headers, error.body, self._now()) from None
            except InvalidPathParameterError:
                raise Refusal(
                    "the path holds an id that can't be sent", HTTPStatus.BAD_REQUEST, "invalid_path"
                ) from None
            except RequestTimeoutError:
                raise Failed("did not answer in time") from None
            except httpx.HTTPError as error:
                raise Failed(f"could not be reached ({type(error).__name__})") from None
            except ValueError:
                raise Failed("gave an answer that is not JSON") from None
        if not isinstance(answer, dict):
            raise Failed("gave an answer that is not a JSON object")
        return answer

    def _backoff_seconds(self, failures: int, told_seconds: float) -> float:
        """0.5 s, 1 s, 2 s …, each anything from half to one and a half times that, or what Notion told us."""
        backoff: float = FIRST_BACKOFF_SECONDS * 2 ** (failures - 1) * (0.5 + self._random())
        return min(LONGEST_BACKOFF_SECONDS, max(backoff, told_seconds))

    async def _read_clock(self, response: httpx.Response) -> None:
        try:
            date = parsedate_to_datetime(response.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return
        behind = self._now() - date
        self._behind_seconds = behind if self._behind_seconds is None else min(self._behind_seconds, behind)


class _Borrowed(httpx.AsyncBaseTransport):
    """Sends through another client's pool and TLS context.

    notion-client overwrites base address, timeout and headers of the httpx client it is given, and puts the token
    among the headers: on the caller's own client that would go out with whatever else he sends.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._http.send(request, stream=True)


def _away(request: str, failed: Failed) -> NotionAway:
    message = f"Notion {failed} ({request}); see https://www.notion-status.com"
    return NotionAway(message, failed.wait_seconds) if failed.wait_seconds > 0 else NotionAway(message)


def _with_smaller_page(body: JSON | None) -> JSON | None:
    """A query that was too much for Notion, asking for half as many rows."""
    if body is None or "page_size" not in body:
        return body
    return {**body, "page_size": max(SMALLEST_PAGE, body["page_size"] // 2)}
