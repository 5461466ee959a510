"""The one way to Notion: notion-client underneath, and what it lacks on top.

notion-client 3.1.0 retries neither 502, 504, 529, timeouts and resets nor any 5xx answer to a
query, and lets raw httpx and JSON errors through; each of these is repeated here, paced, and
counted.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
import msgspec
import notion_client
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from lib.errors import NotionAway, NotionWait, Unreadable
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
SILENCE_SECONDS = 2.0
"""A request that has waited for so long is not slow, but unanswered."""
DOWN_AFTER = 3
"""Requests in a row that got no usable answer, although each was repeated: it is Notion, not what
they asked for."""

_SILENT = logging.Logger("notion_client of this project", level=logging.CRITICAL)
_SILENT.addHandler(logging.NullHandler())


class NotionAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Where Notion is asked, as whom, and over what: `http` stays the caller's, its headers and
    timeout untouched."""

    token: str
    base_url: str
    http: httpx.AsyncClient
    timeout_seconds: float = 30.0


class NotionClient:
    """Sends requests to Notion; every caller shares its places, its pacer and its counters.

    `now` gives epoch seconds, `random` a number from 0 to 1. Requests raise Unreadable (the object,
    not the connection, is the trouble), NotionAway (no usable answer, though repeated), NotionWait
    and OutOfTime (not sent), Hopeless (the token is refused).
    """

    def __init__(
        self,
        access: NotionAccess,
        pacer: Pacer,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
        concurrency: int = 8,
        most_at_once: int = 32,
    ) -> None:
        self.requests = 0
        self.throttled = 0
        self.answered = 0
        """Requests that got what they asked for, or a refusal of it alone."""
        self._began_at = 0.0
        self._pacer = pacer
        self._now = now
        self._sleep = sleep
        self._random = random
        self._places = Places(concurrency, most_at_once)
        self._behind_seconds = (-math.inf, math.inf)
        self._page_sizes: dict[str, int] = {}
        self._failed_in_a_row = 0
        self._notion = notion_client.AsyncClient(
            client=httpx.AsyncClient(
                transport=_Borrowed(access.http),
                event_hooks={"request": [self._note_time], "response": [self._read_clock]},
            ),
            auth=access.token,
            base_url=access.base_url.rstrip("/"),
            notion_version=NOTION_VERSION,
            timeout_ms=round(access.timeout_seconds * 1000),
            retry=False,
            logger=_SILENT,
            log_level=logging.CRITICAL,
        )

    async def get(self, path: str, query: JSON | None = None, *, hurry: bool = False) -> JSON:
        """GET, `path` relative to `/v1/`; property ids go into it as Notion spells them
        (percent-encoded). In a `hurry`: before other requests that wait, since many more wait for
        its answer."""
        return await self._request("GET", path, query, None, hurry)

    async def post(self, path: str, body: JSON, query: JSON | None = None) -> JSON:
        """POST of something that only reads (a query), so that it may be repeated like a GET."""
        return await self._request("POST", path, query, body, False)

    def notion_time(self, t0: float) -> float:
        """Return what Notion's clock showed at our time `t0`; both in epoch seconds.

        A `Date` header was written between request and answer, and tells whole seconds: so each
        answer bounds how far Notion's clock is behind ours. Clocks that may agree count as equal,
        so that of two looks within a second it is told which was later. Else a look is never taken
        for later than it was.
        """
        least, most = self._behind_seconds
        return t0 if least <= 0 <= most else t0 - most

    def notion_now(self) -> float:
        """Return what Notion's clock shows at present (epoch seconds)."""
        return self.notion_time(self._now())

    @property
    def clock_slack_seconds(self) -> float:
        """By how much `notion_time` may be too early; 0 where the clocks may agree."""
        least, most = self._behind_seconds
        return 0.0 if least <= 0 <= most else max(0.0, most - least)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way now; it grows while answers are quick, and falls when
        they are not."""
        return self._places.count

    @property
    def budget_left(self) -> int:
        """How many requests the minute still holds, as far as this process knows."""
        return self._pacer.left

    @property
    def is_silent(self) -> bool:
        """Whether requests were sent and none was answered for a while, but for those that were
        told to wait."""
        is_waiting = self.answered == 0 and self.requests > self.throttled
        return is_waiting and self._now() - self._began_at >= SILENCE_SECONDS

    @property
    def is_down(self) -> bool:
        """Whether Notion answers nothing at all; else a request that fails is in trouble by
        itself."""
        return self._failed_in_a_row >= DOWN_AFTER

    async def _request(
        self, method: str, path: str, query: JSON | None, body: JSON | None, hurry: bool
    ) -> JSON:
        failures = throttles = 0
        while True:
            try:
                answer = await self._attempt(
                    method, path, self._paged(path, query), self._paged(path, body), hurry
                )
            except Throttled as throttled:
                throttles += 1
                self.throttled += 1
                await self._pacer.pushed_back(throttled.wait_seconds)
                if throttles == THROTTLES:
                    raise NotionWait(
                        f"{throttled}, {throttles} times in a row", throttled.wait_seconds
                    ) from throttled
            except Failed as failed:
                failures += 1
                if failures == ATTEMPTS or self.is_down:
                    self._failed_in_a_row += 1
                    raise _away(f"{method} {path}", failed) from failed
                if failed.status in OVERLOADED or failures > 1:
                    self._shrink_pages(path, query or {}, body or {})
                await self._sleep(self._backoff_seconds(failures, failed.wait_seconds))
            except Unreadable:
                self._failed_in_a_row = 0
                raise
            else:
                self._failed_in_a_row = 0
                return answer

    def _paged(self, path: str, asked: JSON | None) -> JSON | None:
        """Return the parameters with as small a page as this path needs: what was too much once is
        so again."""
        if asked is None or "page_size" not in asked:
            return asked
        return {
            **asked,
            "page_size": min(asked["page_size"], self._page_sizes.get(path, asked["page_size"])),
        }

    def _shrink_pages(self, path: str, query: JSON, body: JSON) -> None:
        """Ask this path for a quarter of the results from now on: they may be too much for Notion
        at once."""
        asked = query.get("page_size") or body.get("page_size")
        if asked:
            smaller = min(asked, self._page_sizes.get(path, asked)) // 4
            self._page_sizes[path] = min(asked, max(SMALLEST_PAGE, smaller))

    async def _attempt(
        self, method: str, path: str, query: JSON | None, body: JSON | None, hurry: bool
    ) -> JSON:
        async with self._places.one_place(hurry=hurry) as number:
            await self._pacer.acquire()
            asked_at = self._now()
            self._began_at = self._began_at if self.requests else asked_at
            self.requests += 1
            try:
                answer = await self._send(method, path, query, body)
            except (Throttled, Failed):
                self._places.halve(number)
                raise
            except Unreadable:
                self.answered += 1
                raise
            self.answered += 1
            self._places.answered(number, _kind(path), self._now() - asked_at)
            return answer

    async def _send(self, method: str, path: str, query: JSON | None, body: JSON | None) -> JSON:
        try:
            answer: Any = await self._notion.request(
                path=path, method=method, query=query, body=body
            )
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
        except (ValueError, RecursionError):
            raise Failed("gave an answer that is not JSON") from None
        if not isinstance(answer, dict):
            raise Failed("gave an answer that is not a JSON object")
        return answer

    def _backoff_seconds(self, failures: int, told_seconds: float) -> float:
        """Return the pause before another try: 0.5 s, 1 s, 2 s …, each times a factor from 0.5 to
        1.5, or what Notion asked for."""
        backoff: float = FIRST_BACKOFF_SECONDS * 2 ** (failures - 1) * (0.5 + self._random())
        return min(LONGEST_BACKOFF_SECONDS, max(backoff, told_seconds))

    async def _note_time(self, request: httpx.Request) -> None:
        request.extensions["asked_at"] = self._now()

    async def _read_clock(self, response: httpx.Response) -> None:
        try:
            date = parsedate_to_datetime(response.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return
        least, most = self._behind_seconds
        asked_at: float = response.request.extensions["asked_at"]
        self._behind_seconds = max(least, asked_at - date - 1), min(most, self._now() - date)


class _Borrowed(httpx.AsyncBaseTransport):
    """Sends through another client's pool and TLS context.

    notion-client overwrites base address, timeout and headers of the httpx client it is given, and
    puts the token among the headers: on the caller's own client that would go out with whatever
    else he sends.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._http.send(request, stream=True)


def _kind(path: str) -> str:
    """Return the path without its ids: answers of one kind take about the same time."""
    return "/".join(path.split("/")[::2])


def _away(request: str, failed: Failed) -> NotionAway:
    message = f"Notion {failed} ({request}); see https://www.notion-status.com"
    return (
        NotionAway(message, failed.wait_seconds) if failed.wait_seconds > 0 else NotionAway(message)
    )
