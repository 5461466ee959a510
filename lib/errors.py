"""What can go wrong, and what the caller should do about it.

    SyncError
    ├── Refused            the request is wrong: change it (4xx, the status is its own)
    ├── Misconfigured      a setting is missing or wrong: the owner mends it (500)
    ├── TryLater           temporary: come back after `retry_after_seconds` (503)
    │   ├── NotionWait     Notion's request budget is used up until then; nothing failed
    │   ├── NotionAway     Notion gave no usable answer, after all retries
    │   ├── OutOfTime      the slice's time is used up; nothing failed
    │   └── NoAnswer       a message went out and no answer came: it may have arrived
    ├── QueueRefused       QStash did not take a message (502)
    ├── Hopeless           no retry can help: stop the run and tell people (489)
    │   ├── ForeignValue   KV holds something of another's under a key of ours
    │   └── NoSuchPage     the page to be synced is none of ours, or Notion does not show it
    ├── TakenOver          another delivery of this slice goes on: stop, change nothing (no HTTP)
    ├── Unforeseen         a fault of this project: the message says at what it was (500)
    ├── Unreadable         one Notion object can't be read: go on without it (no HTTP)
    └── TooLarge           KV takes no request of this size: go on without it (no HTTP)

`lib/endpoint.py` is the only place where these become HTTP answers.
An error's `cause` is what readers of a problem or of a wait tell apart; they never read the text.
Every message says what happened and how to mend it, and never holds a secret.
"""

from collections.abc import Collection
from http import HTTPStatus
from typing import ClassVar

from lib.model import Cause


class SyncError(Exception):
    """The root of the family; `status` is the HTTP status of the answer."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    cause: Cause | None = None


class Refused(SyncError):
    """The caller's request can't be served as it is; `headers` go out with the answer (for 405:
    `Allow`)."""

    def __init__(
        self,
        message: str,
        status: int = HTTPStatus.BAD_REQUEST,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


class Misconfigured(SyncError):
    """A setting is missing or malformed; the message names the variable and never shows its
    value."""


class TryLater(SyncError):
    """Temporary trouble: the same request may succeed after `retry_after_seconds`."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, message: str, retry_after_seconds: float = 30.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NotionWait(TryLater):
    """Notion said (or the shared budget says) that no request may go out for
    `retry_after_seconds`."""

    cause = "rate_limited"


class NotionAway(TryLater):
    """Notion gave no usable answer to a request, although it was repeated."""

    cause = "unanswered"


class OutOfTime(TryLater):
    """The slice's time is used up; nothing failed."""


class NoAnswer(TryLater):
    """Something was sent and no answer came: it may have arrived or not."""


class QueueRefused(SyncError):
    """QStash did not accept a message, or could not be reached."""

    status = HTTPStatus.BAD_GATEWAY


class Hopeless(SyncError):
    """No retry can help (token revoked, database not shared): stop, and say why."""

    status = 489
    headers: ClassVar[dict[str, str]] = {"Upstash-NonRetryable-Error": "true"}
    """QStash's own words for "do not retry": https://upstash.com/docs/qstash/features/retry."""

    def __init__(self, message: str, cause: Cause | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class Unforeseen(SyncError):
    """A fault of this project ended a slice; the message says at what it was, for the caller is an
    authorised one."""


class ForeignValue(Hopeless):
    """Keys of ours hold something that this project did not write, of a type that it can't even
    read."""

    def __init__(self, keys: Collection[str]) -> None:
        some = ", ".join(keys)
        super().__init__(
            f"KV key {some} holds something that this project did not write: delete it or"
            " restore it"
        )
        self.keys = tuple(keys)


class NoSuchPage(Hopeless):
    """The one page that was asked for can't be synced: nothing that is published shows it, or
    Notion does not."""


class Unreadable(SyncError):
    """One Notion object can't be read (404, 400, 403); `reason` is short enough to stand in a
    bundle."""

    def __init__(self, reason: str, notion_status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.notion_status = notion_status
        if notion_status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            self.cause = "unshared"


class TooLarge(SyncError):
    """KV refused a request for its size; sending it again can't help."""

    cause = "too_large"


class TakenOver(SyncError):
    """A later delivery of the same slice holds this one's claims now: whatever this one still does
    changes nothing."""
