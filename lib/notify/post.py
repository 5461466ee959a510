"""Sending one message over HTTP, and what became of it in the words of `lib/errors.py`."""

from collections.abc import Mapping
from http import HTTPStatus

import httpx

from lib import json_text
from lib.errors import Misconfigured, NoAnswer, TryLater
from lib.model import JSON

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3600.0
COME_AGAIN = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)


async def post(
    http: httpx.AsyncClient, setting: str, url: str, content: bytes, headers: Mapping[str, str]
) -> None:
    """Post JSON to the address that `setting` names.

    Raises `TryLater` (it was not taken, and may be another time), `NoAnswer` (it may have been
    taken) and `Misconfigured` (it never will be). None of them shows the address: it may be a
    secret.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "notion-kv-sync", **headers}
    try:
        answer = await http.post(url, content=content, headers=headers, timeout=TIMEOUT)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as trouble:
        raise TryLater(
            f"{setting}: no connection ({type(trouble).__name__})", PAUSE_SECONDS
        ) from None
    except httpx.TransportError as trouble:
        raise NoAnswer(
            f"{setting}: no answer came ({type(trouble).__name__})", PAUSE_SECONDS
        ) from None
    if answer.is_success:
        return
    said = f"{setting}: the answer was {answer.status_code} {answer.text[:200]}".rstrip()
    if answer.is_server_error or answer.status_code in COME_AGAIN:
        raise TryLater(said, _pause_after(answer.headers.get("Retry-After", "")))
    raise Misconfigured(f"{said}; mend the setting, or the service behind it")


def json_body(value: JSON) -> bytes:
    """Return a message's JSON in UTF-8."""
    return json_text.encode(value).encode()


def _pause_after(retry_after: str) -> float:
    return (
        min(float(retry_after), LONGEST_PAUSE_SECONDS) if retry_after.isdecimal() else PAUSE_SECONDS
    )
