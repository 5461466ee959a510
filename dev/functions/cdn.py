"""What Vercel's CDN keeps of the functions' answers, and what callers see of that.

Sources: https://vercel.com/docs/caching/cdn-cache and
https://vercel.com/docs/caching/cache-control-headers.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from dev.functions import passing
from dev.functions.errors import PlatformError

KEPT_STATUSES = (200, 301, 302, 307, 308, 404, 410)
MAX_BYTES = 10_000_000
MAX_AGE_SECONDS = 31_536_000.0
NOT_KEPT = ("private", "no-cache", "no-store")
FOR_THE_CDN = ("s-maxage", "stale-while-revalidate", "stale-if-error")
PART_OF_THE_KEY = ("accept", "accept-encoding")
DEFAULT = "public, max-age=0, must-revalidate"

Ask = Callable[[], Awaitable[Response]]
Key = tuple[str, ...]


@dataclass(frozen=True)
class _Kept:
    """An answer as the function gave it, and until when it is fresh and may be served stale (epoch
    seconds)."""

    answer: Response
    kept_at: float
    fresh_until: float
    stale_until: float


class Cdn:
    """One region's cache. `now` gives epoch seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._kept: dict[Key, _Kept] = {}
        self._refreshing: dict[Key, asyncio.Task[None]] = {}

    async def answer(self, request: Request, ask: Ask) -> Response:
        """Answer from what is kept, or with what `ask` gets from the function."""
        if not _may_be_kept(request):
            return _shown(await ask(), "MISS")
        key, now = _key(request), self._now()
        kept = self._kept.get(key)
        if kept is None or now >= kept.stale_until:
            return _shown(await self._fresh(key, ask), "MISS")
        if "no-cache" in _directives(request.headers.get("pragma", "")):
            return _shown(await self._fresh(key, ask), "REVALIDATED")
        if now >= kept.fresh_until and key not in self._refreshing:
            self._refreshing[key] = asyncio.create_task(self._refresh(key, ask))
        status = "HIT" if now < kept.fresh_until else "STALE"
        return _shown(kept.answer, status, age_seconds=now - kept.kept_at)

    async def _fresh(self, key: Key, ask: Ask) -> Response:
        answer = await ask()
        self._keep(key, answer)
        return answer

    async def _refresh(self, key: Key, ask: Ask) -> None:
        """Ask again behind a stale answer's back; where that fails the stale one stays."""
        try:
            answer = await ask()
            if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                self._keep(key, answer)
        except PlatformError:
            pass
        finally:
            del self._refreshing[key]

    def _keep(self, key: Key, answer: Response) -> None:
        self._kept.pop(key, None)
        seconds = _kept_for(answer)
        if seconds is not None:
            now = self._now()
            self._kept[key] = _Kept(answer, now, now + seconds[0], now + seconds[0] + seconds[1])


def _may_be_kept(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and not {"authorization", "range"} & set(
        request.headers
    )


def _key(request: Request) -> Key:
    headers = request.headers
    parts = [headers.get(name, "") for name in ("host", *PART_OF_THE_KEY)]
    return (request.method, passing.target(request).decode("latin-1"), *parts)


def _kept_for(answer: Response) -> tuple[float, float] | None:
    """Return for how many seconds an answer is fresh, and for how many more it is served stale;
    None: not kept.

    Without `stale-while-revalidate` a stale answer is served as long as it is there.
    """
    headers = answer.headers
    vary = {name.strip().lower() for name in headers.get("vary", "").split(",")} - {
        "",
        *PART_OF_THE_KEY,
    }
    if (
        answer.status_code not in KEPT_STATUSES
        or "set-cookie" in headers
        or vary
        or len(answer.body) > MAX_BYTES
    ):
        return None
    name = _deciding(headers)
    directives = _directives(headers.get(name, ""))
    if directives.keys() & set(NOT_KEPT):
        return None
    lives = directives.get(
        "s-maxage", "0" if name == "cache-control" else directives.get("max-age", "0")
    )
    seconds, stale = _seconds(lives), directives.get("stale-while-revalidate")
    if not seconds:
        return None
    return seconds, MAX_AGE_SECONDS if stale is None else _seconds(stale)


def _deciding(headers: Headers) -> str:
    targeted = ("vercel-cdn-cache-control", "cdn-cache-control")
    return next((name for name in targeted if name in headers), "cache-control")


def _directives(text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in text.lower().split(","))
    return {name.strip(): value.strip(' "') for name, _, value in pairs if name}


def _seconds(text: str) -> float:
    return min(float(text), MAX_AGE_SECONDS) if text.isdigit() else 0.0


def _shown(answer: Response, cache: str, age_seconds: float | None = None) -> Response:
    """Return a copy of an answer with the headers that the caller gets."""
    shown = Response(answer.body, answer.status_code)
    shown.raw_headers = list(answer.raw_headers)
    headers = shown.headers
    if _deciding(headers) == "cache-control":
        parts = [part.strip() for part in headers.get("cache-control", "").split(",")]
        left = [
            part
            for part in parts
            if part and part.partition("=")[0].strip().lower() not in FOR_THE_CDN
        ]
        headers["cache-control"] = ", ".join(left) or DEFAULT
    del headers["vercel-cdn-cache-control"]
    headers["x-vercel-cache"] = cache
    if age_seconds is not None:
        headers["age"] = f"{age_seconds:.0f}"
    return shown
