"""How long a failed message waits for its next attempt.

Source: https://upstash.com/docs/qstash/features/retry.
"""

import math
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

from dev.qstash import duration
from dev.qstash.expression import Expression

DAY = 86400.0
_ASKING_HEADERS = (
    "Retry-After",
    "X-Ratelimit-Reset",
    "X-Ratelimit-Reset-Requests",
    "X-Ratelimit-Reset-Tokens",
)


def backoff(failures: int) -> float:
    """The default delay in seconds after so many failed attempts: 12 s, 2 min 28 s, 30 min 8 s, …
    one day."""
    return min(DAY, math.exp(min(2.5 * failures, 12)))


def delay(
    retried: int, expression: str, answered: Mapping[str, Sequence[str]], wall_now: float
) -> float:
    """Seconds until the next attempt of a message that was `retried` so many times before it failed
    again.

    What the destination asks for in its answer's headers (up to a day) comes first, then the
    publisher's expression, then the default. `wall_now` is the destination's idea of now: epoch
    seconds.
    """
    asked = _asked(answered, wall_now)
    if asked is not None and asked <= DAY:
        return asked
    if expression:
        try:
            return Expression(expression).milliseconds(retried) / 1000
        except (ArithmeticError, ValueError):
            return backoff(retried + 1)
    return backoff(retried + 1)


def _asked(answered: Mapping[str, Sequence[str]], wall_now: float) -> float | None:
    for name in _ASKING_HEADERS:
        for text in answered.get(name, ()):
            seconds = _seconds(text.strip(), wall_now)
            if seconds is not None:
                return seconds
    return None


def _seconds(text: str, wall_now: float) -> float | None:
    """A wait written as seconds, as an RFC 1123 date or as a Go duration; None for anything
    else."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return duration.parse(text)
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - wall_now)
    except ValueError:
        return None
