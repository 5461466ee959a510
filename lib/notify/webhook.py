"""Any other receiver, signed as Standard Webhooks says (https://www.standardwebhooks.com)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import ClassVar, Self

import httpx
import msgspec

from lib.config import Config
from lib.model import JSON, Outcome
from lib.notify.post import json_body, post
from lib.notify.tools import ChannelTools
from lib.secret import webhook_secret
from lib.times import iso_utc


class SignedWebhook:
    """A repeated message has the same `webhook-id`. `key` is spelt `whsec_…`; `now` gives epoch
    seconds."""

    name: ClassVar = "webhook"
    receiver: ClassVar = "the receiver at NOTIFY_WEBHOOK_URL"
    settings: ClassVar = frozenset({"NOTIFY_WEBHOOK_URL"})
    repeatable: ClassVar = True
    is_for_people: ClassVar = True

    def __init__(
        self, url: str, key: str, http: httpx.AsyncClient, now: Callable[[], float]
    ) -> None:
        self._url, self._key, self._http, self._now = url, key, http, now

    @classmethod
    def from_config(cls, config: Config, tools: ChannelTools) -> Self | None:
        if config.notify_webhook_url is None:
            return None
        key = webhook_secret(config.cron_secret)
        return cls(config.notify_webhook_url.reveal(), key, tools.http, tools.now)

    async def tell_outcome(self, outcome: Outcome) -> None:
        """Raises what `post` raises."""
        now = self._now()
        content = json_body(ended_event(outcome, now))
        headers = signed_headers(f"{outcome.run_id}-{outcome.status}", int(now), content, self._key)
        await post(self._http, "NOTIFY_WEBHOOK_URL", self._url, content, headers)


def ended_event(outcome: Outcome, now: float) -> JSON:
    """`{"type": "sync.delivered" | "sync.failed", "timestamp", "data"}`; `data` is the outcome,
    times in ISO."""
    data: JSON = msgspec.to_builtins(outcome)
    return {
        "type": f"sync.{outcome.status}",
        "timestamp": iso_utc(now),
        "data": data | {"triggeredAt": iso_utc(outcome.triggered_at)},
    }


def signed_headers(message_id: str, timestamp: int, content: bytes, key: str) -> dict[str, str]:
    """The headers that vouch for `content`."""
    secret = b64decode(key.removeprefix("whsec_"))
    signature = hmac.digest(secret, f"{message_id}.{timestamp}.".encode() + content, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{b64encode(signature).decode()}",
    }
