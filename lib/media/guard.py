"""Which addresses of files are looked up: those that we signed, and a few of those that bundles
held before we did."""

import hmac
import threading
import time
from collections.abc import Callable, Sequence

from lib.errors import TryLater
from lib.media.address import Wanted, not_found
from lib.secret import AddressKey

UNSIGNED_AT_ONCE = 30
UNSIGNED_PER_MINUTE = 10.0
"""Look-ups without a MAC that one process makes: a month of them is less than Upstash's free
500,000 commands."""


class Allowance:
    """Allows a number at once, and a number a minute after that, for all threads of a process.
    `now` gives seconds."""

    def __init__(
        self, at_once: int, per_minute: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._at_once, self._per_second, self._now = at_once, per_minute / 60, now
        self._left, self._counted_at = float(at_once), now()
        self._lock = threading.Lock()

    def take_share(self) -> float:
        """Take one; return 0, or after how many seconds there is one again."""
        with self._lock:
            now = self._now()
            self._left = min(
                self._at_once, self._left + (now - self._counted_at) * self._per_second
            )
            self._counted_at = now
            if self._left < 1:
                return (1 - self._left) / self._per_second
            self._left -= 1
            return 0.0


UNSIGNED = Allowance(UNSIGNED_AT_ONCE, UNSIGNED_PER_MINUTE)


def check_mac(wanted: Wanted, keys: Sequence[AddressKey]) -> None:
    """Let an address through that one of the keys has signed, which are those of its kind, or one
    without a MAC where `UNSIGNED` lasts. Raises `Refused` (404: the address was not made here) and
    `TryLater`."""
    if not wanted.mac:
        if wait_seconds := UNSIGNED.take_share():
            raise TryLater(
                "Too many files are asked for by addresses of an older format; try again",
                wait_seconds,
            )
    elif not any(hmac.compare_digest(key.mac(wanted.token), wanted.mac) for key in keys):
        raise not_found(
            "the address is none of this deployment's: its mac was not made with its secret"
        )
