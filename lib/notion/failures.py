"""What Notion's refusals mean: wait, try again, go on without the object, or give up.

Statuses, codes and `additional_data`: https://developers.notion.com/reference/status-codes and
…/request-limits.
"""

import json
import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from lib.errors import Hopeless, SyncError, Unreadable
from lib.model import JSON

RATE_LIMITED = (429, 529)
OVERLOADED = (0, 503, 504)
"""Statuses, and no answer at all (0), of a request that may have been too much at once."""
WAIT_WHEN_UNTOLD_SECONDS = 10.0
LONGEST_MESSAGE = 200


class Throttled(Exception):
    """429 or 529: nothing is sent for `wait_seconds`."""

    def __init__(self, wait_seconds: float) -> None:
        super().__init__(f"Notion said wait {wait_seconds:.0f} s")
        self.wait_seconds = wait_seconds


class Failed(Exception):
    """The request got no usable answer; the same one may get it later. `status` is 0 where there
    was no answer."""

    def __init__(self, what: str, status: int = 0, wait_seconds: float = 0.0) -> None:
        super().__init__(what)
        self.status = status
        self.wait_seconds = wait_seconds


class Refusal(Unreadable):
    """Notion's own "no" to one object (400, 403, 404 …); `code` is its word for it, like
    `object_not_found`."""

    def __init__(self, reason: str, notion_status: int, code: str) -> None:
        super().__init__(reason, notion_status)
        self.code = code


def failure(
    status: int, headers: Mapping[str, str], body: str, now: float
) -> Throttled | Failed | SyncError:
    """Judge an answer that isn't a success; `now` is the time in epoch seconds."""
    error = _error_object(body)
    wait_seconds = _wait_seconds(headers, error, now)
    if status in RATE_LIMITED:
        if _additional_data(error).get("rate_limit_reason") == "public_api_request_blocked":
            return Hopeless(
                "Notion has blocked this integration's requests (public_api_request_blocked): see"
                " the integration's settings at https://www.notion.so/profile/integrations or ask"
                " Notion's support"
            )
        return Throttled(WAIT_WHEN_UNTOLD_SECONDS if wait_seconds is None else wait_seconds)
    if status == 401:
        return Hopeless(
            "Notion refused the token: set NOTION_TOKEN to the access token of your integration "
            "(https://www.notion.so/profile/integrations)"
        )
    code = error.get("code")
    if not isinstance(code, str):
        # No error object of Notion's: a proxy on the way spoke, also where the status is 403 or
        # 404.
        return Failed(f"answered {status} without an error object", status, wait_seconds or 0.0)
    if (
        status >= 500
        or code == "conflict_error"
        or (status == 403 and code != "restricted_resource")
    ):
        return Failed(f"answered {status} {code}", status, wait_seconds or 0.0)
    return Refusal(f"{code}: {_message_of(error)}", status, code)


def _error_object(body: str) -> JSON:
    try:
        error = json.loads(body)
    except ValueError:
        return {}
    return error if isinstance(error, dict) else {}


def _additional_data(error: JSON) -> JSON:
    additional = error.get("additional_data")
    return additional if isinstance(additional, dict) else {}


def _message_of(error: JSON) -> str:
    """Notion's text, without the query of any address in it: that may hold a signature."""
    return re.sub(r"(https?://[^\s?\"']+)\?[^\s\"']*", r"\1", str(error.get("message", "")))[
        :LONGEST_MESSAGE
    ]


def _wait_seconds(headers: Mapping[str, str], error: JSON, now: float) -> float | None:
    for told in (headers.get("retry-after"), _additional_data(error).get("retry_after")):
        if told is not None and (seconds := _seconds_of(str(told), now)) is not None:
            return seconds
    return None


def _seconds_of(text: str, now: float) -> float | None:
    """Return the seconds of a `Retry-After`, which is a number of them or a date."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
