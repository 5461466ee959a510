"""The clock of the queue: it can be moved and made to run faster. Signatures do not use it (see
`signature`)."""

import time


class Clock:
    """Epoch seconds that start at the real time and pass `time_scale` times as fast."""

    def __init__(self, time_scale: float = 1.0) -> None:
        self.time_scale = time_scale
        self._set_to = time.time()
        self._set_at = time.monotonic()

    def now(self) -> float:
        return self._set_to + (time.monotonic() - self._set_at) * self.time_scale

    def advance(self, seconds: float) -> None:
        self._set_to += seconds

    def real_seconds(self, seconds: float) -> float:
        """How long a time of this clock takes on the wall's."""
        return seconds / self.time_scale


def milliseconds(seconds: float) -> int:
    """An instant as QStash writes it."""
    return round(seconds * 1000)
