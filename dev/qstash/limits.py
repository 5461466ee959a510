"""The plan's limits, and the 429 that tells of them.

Source: https://upstash.com/docs/qstash/api/api-ratelimiting. Publishing has a daily limit, listing
a burst limit.
"""

from http import HTTPStatus

from dev.qstash.errors import Refusal
from dev.qstash.retry import DAY


class Limits:
    """How many messages were accepted today (UTC) and how many listings were served this second.
    None: no limit."""

    def __init__(self, messages_per_day: int | None, listings_per_second: int | None) -> None:
        self._messages_per_day = messages_per_day
        self._listings_per_second = listings_per_second
        self._day = self._messages = 0
        self._second = self._listings = 0

    def check_messages(self, now: float) -> None:
        """Raises `Refusal` where today's messages are used up."""
        limit = self._messages_per_day
        if limit is not None and self._day == int(now // DAY) and self._messages >= limit:
            raise daily_limit(limit, now)

    def count_message(self, now: float) -> None:
        if self._day != int(now // DAY):
            self._day, self._messages = int(now // DAY), 0
        self._messages += 1

    def count_listing(self, now: float) -> None:
        """Raises `Refusal` where this second's listings are used up."""
        if self._second != int(now):
            self._second, self._listings = int(now), 0
        self._listings += 1
        if self._listings_per_second is not None and self._listings > self._listings_per_second:
            raise burst_limit(self._listings_per_second, now)


def daily_limit(limit: int, now: float) -> Refusal:
    return _too_many(
        "RateLimit", "daily message limit exceeded", limit, int(now // DAY + 1) * int(DAY)
    )


def burst_limit(limit: int, now: float) -> Refusal:
    return _too_many("Burst-RateLimit", "burst rate limit exceeded", limit, int(now) + 1)


def _too_many(prefix: str, text: str, limit: int, reset: int) -> Refusal:
    headers = {
        f"{prefix}-Limit": str(limit),
        f"{prefix}-Remaining": "0",
        f"{prefix}-Reset": str(reset),
    }
    return Refusal(text, HTTPStatus.TOO_MANY_REQUESTS, headers)
