"""Publishing messages, and what became of one.

Over qstash's own message API with an HTTP client of ours: its default waits ten minutes for an
answer and sleeps half a minute between its own retries, which a function that must answer in a
second can't afford.
"""

from collections.abc import Sequence
from typing import Any, Literal

import httpx
import msgspec
from qstash.asyncio.http import AsyncHttpClient
from qstash.asyncio.message import AsyncMessageApi
from qstash.errors import DailyMessageLimitExceededError, QStashError, RateLimitExceededError
from qstash.http import NO_RETRY

from lib.config import Config
from lib.errors import QueueRefused
from lib.qstash.messages import NOTIFY, WORKER, Message, Notice
from lib.secret import bearer, derived_secret

WAY_OUT = "GET /api/sync runs the sync without QStash"
LOG_SECONDS = 2.0
LOG_ENTRIES = 10
NOTICE_RETRIES = 3
RETRY_DELAY = (  # ms before the next attempt, QStash's own expression language
    "60000 * (1 + retried)"
)


Fate = Literal["under way", "cancelled", "given up", "ended"]
FATES: dict[str, Fate] = {
    "CREATED": "under way",
    "ACTIVE": "under way",
    "RETRY": "under way",
    "ERROR": "under way",
    "CANCEL_REQUESTED": "cancelled",
    "CANCELED": "cancelled",
    "CANCELLED": "cancelled",
    "FAILED": "given up",
}
"""What a state in QStash's log means
(https://upstash.com/docs/qstash/api-reference/logs/list-logs); any other one, such as
DELIVERED, is an end."""


class Delivery(msgspec.Struct, frozen=True):
    """What QStash's log says of a message: its `fate`, and the `answer` of the last call that got a
    bad one ("": none did). `next_at` is the next attempt (epoch seconds)."""

    fate: Fate
    answer: str = ""
    next_at: float | None = None


class Queue:
    """QStash within one event loop."""

    def __init__(self, config: Config, http: httpx.AsyncClient) -> None:
        self._config = config
        self._http = http
        self._messages = AsyncMessageApi(
            _Http(config.qstash_token.reveal(), config.qstash_url, http)
        )

    async def publish_messages(self, messages: Sequence[Message | Notice]) -> list[str]:
        """Publish all of them (several as one batch); return their QStash ids in order. Raises
        `QueueRefused`."""
        requests: list[Any] = [self._request_of(message) for message in messages]
        try:
            if len(requests) == 1:
                answers: Any = [await self._messages.publish(**requests[0])]
            else:
                answers = await self._messages.batch(requests)
            return [answer.message_id for answer in answers]
        except DailyMessageLimitExceededError as error:
            raise QueueRefused(
                f"QStash's daily message limit ({error.limit}) is reached until it resets;"
                f" {WAY_OUT}."
            ) from None
        except RateLimitExceededError:
            raise QueueRefused(
                f"QStash takes no more messages at this moment; try again, or {WAY_OUT}."
            ) from None
        except QStashError as error:
            raise QueueRefused(
                f"QStash refused the message: {str(error)[:300]}; {WAY_OUT}."
            ) from None
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise QueueRefused(
                f"QStash is out of reach ({type(error).__name__}); {WAY_OUT}."
            ) from None

    async def delivery_of(self, job_id: str) -> Delivery | None:
        """What became of a message, from
        https://upstash.com/docs/qstash/api-reference/logs/list-logs; None where QStash does not say
        at once."""
        try:
            answer = await self._http.get(
                f"{self._config.qstash_url}/v2/logs",
                params={"messageId": job_id, "count": LOG_ENTRIES},
                headers=bearer(self._config.qstash_token),
                timeout=LOG_SECONDS,
            )
            entries = (
                msgspec.json.decode(answer.content, type=_Logs).logs if answer.is_success else []
            )
        except (httpx.HTTPError, msgspec.DecodeError):
            return None
        if not entries:
            return None
        bad = next((entry for entry in entries if entry.error or entry.responseStatus >= 300), None)
        next_at = next(
            (entry.nextDeliveryTime for entry in entries if entry.nextDeliveryTime), None
        )
        return Delivery(
            FATES.get(entries[0].state, "ended"),
            bad.answer if bad else "",
            next_at / 1000 if next_at else None,
        )

    def _request_of(self, message: Message | Notice) -> dict[str, Any]:
        forwarded = {"x-sync-secret": derived_secret(self._config.cron_secret)}
        if bypass := self._config.protection_bypass:
            forwarded["x-vercel-protection-bypass"] = bypass.reveal()
        request: dict[str, Any] = {
            "body": message.body(),
            "content_type": "application/json",
            "headers": forwarded,
            "retry_delay": RETRY_DELAY,
            "deduplication_id": message.id,
            "label": "notion-kv-sync",
            "redact": {"header": True},
        }
        if isinstance(message, Notice):
            return request | {"url": self._config.address(NOTIFY), "retries": NOTICE_RETRIES}
        request |= {
            "url": self._config.address(WORKER),
            "retries": self._config.retries,
            "failure_callback": self._config.address(NOTIFY),
            "failure_callback_headers": {
                **{f"Forward-{name}": value for name, value in forwarded.items()},
                "Retries": str(NOTICE_RETRIES),  # else as many as the message, which may be none
                "Redact-Fields": "body,header",  # its body repeats the headers of the message
            },
        }
        return request | ({"delay": message.delay_seconds} if message.delay_seconds else {})


class _LogEntry(msgspec.Struct):
    """One of QStash's, newest first; what says nothing is left out."""

    state: str
    error: str = ""
    responseStatus: int = 0
    responseBody: str = ""
    nextDeliveryTime: int = 0

    @property
    def answer(self) -> str:
        return (
            f"HTTP {self.responseStatus} {self.responseBody[:300]}"
            if self.responseStatus
            else self.error[:300]
        )


class _Logs(msgspec.Struct):
    logs: list[_LogEntry] = []


class _Http(AsyncHttpClient):
    """qstash's HTTP client over a connection pool of ours; its own constructor would build another
    TLS context."""

    def __init__(self, token: str, base_url: str, http: httpx.AsyncClient) -> None:
        self._token = f"Bearer {token}"
        self._retry = NO_RETRY
        self._client = http
        self._base_url = base_url.rstrip("/")
