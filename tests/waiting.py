"""Waiting for what another thread or process brings about, and no longer than that can take."""

import time
from collections.abc import Callable
from typing import Any

PAUSE_SECONDS = 0.03


def until(
    condition: Callable[[], object], seconds: float = 30.0, *, told: Callable[[], Any] = lambda: ""
) -> None:
    """Waits until the condition holds. Fails after so many seconds, with what is told of how things
    stand."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, (
            f"after {seconds:g} s it has not come to that {told()}".rstrip()
        )
        time.sleep(PAUSE_SECONDS)
