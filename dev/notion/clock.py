"""The stand-in's own time: it starts as the real one, and tests move it."""

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Follows real time from wherever it was set, unless it is frozen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The time in UTC."""
        with self._lock:
            return self._frozen or self._following()

    def set(self, moment: datetime) -> None:
        """Puts the clock to a moment; one without a time zone is UTC."""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        with self._lock:
            self._move(moment.astimezone(UTC))

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._move((self._frozen or self._following()) + timedelta(seconds=seconds))

    def freeze(self) -> None:
        """Stops the clock; `set` and `advance` still move it."""
        with self._lock:
            self._frozen = self._frozen or self._following()

    def unfreeze(self) -> None:
        with self._lock:
            if self._frozen is not None:
                self._ahead = self._frozen - _real_time()
                self._frozen = None

    def reset(self) -> None:
        with self._lock:
            self._ahead = timedelta(0)
            self._frozen = None

    @property
    def frozen(self) -> bool:
        with self._lock:
            return self._frozen is not None

    def _following(self) -> datetime:
        return _real_time() + self._ahead

    def _move(self, moment: datetime) -> None:
        if self._frozen is None:
            self._ahead = moment - _real_time()
        else:
            self._frozen = moment


def minute(moment: datetime) -> str:
    """Pages, blocks and data sources: floored to the minute."""
    return moment.strftime("%Y-%m-%dT%H:%M:00.000Z")


def exact(moment: datetime) -> str:
    """Databases and views: not floored, in another format."""
    return moment.isoformat(timespec="milliseconds")


def instant(text: str) -> datetime:
    """A time or a day as ISO 8601 writes it; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _real_time() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
