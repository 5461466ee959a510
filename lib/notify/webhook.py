"""Any other receiver, signed as Standard Webhooks says (https://www.standardwebhooks.com)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import msgspec

from lib.model import JSON, Outcome
from lib.notify.post import json_body, post


class SignedWebhook:
    """A repeated message has the same `webhook-id`. `key` is spelt `whsec_…`; `now` gives epoch
    seconds."""

    name = "webhook"
    repeatable = True
    is_for_people = True

    def __init__(
        self, url: str, key: str, http: httpx.AsyncClient, now: Callable[[], float]
    ) -> None:
        self._url, self._key, self._http, self._now = url, key, http, now

    async def tell(self, outcome: Outcome) -> None:
        """Raises what `post` raises."""
        now = self._now()
        content = json_body(event(outcome, now))
        headers = signed(f"{outcome.run_id}-{outcome.status}", int(now), content, self._key)
        await post(self._http, "NOTIFY_WEBHOOK_URL", self._url, content, headers)


def event(outcome: Outcome, now: float) -> JSON:
    """`{"type": "sync.delivered" | "sync.failed", "timestamp", "data"}`; `data` is the outcome,
    times in ISO."""
    data: JSON = msgspec.to_builtins(outcome)
    return {
        "type": f"sync.{outcome.status}",
        "timestamp": _iso(now),
        "data": data | {"triggeredAt": _iso(outcome.triggered_at)},
    }


def signed(message_id: str, timestamp: int, content: bytes, key: str) -> dict[str, str]:
    """The headers that vouch for `content`."""
    secret = b64decode(key.removeprefix("whsec_"))
    signature = hmac.digest(secret, f"{message_id}.{timestamp}.".encode() + content, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{b64encode(signature).decode()}",
    }


def _iso(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
