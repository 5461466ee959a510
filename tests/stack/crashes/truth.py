"""What a run of the small workspace must come to, whatever happens on the way."""

from typing import NamedTuple

from tests.stack.crashes.world import State

EXACT = ("listed", "toSync", "synced", "deleted", "failed")
"""Counters that nothing may change. What had been read before a slice was killed counts as
unchanged after it."""
SHORT = {"SYNC_SLICE_SECONDS": "0.001"}
"""A slice for about each request."""


class Truth(NamedTuple):
    """What is published before the run and after it, where nothing goes wrong, and that run's
    record."""

    before: State
    after: State
    run: dict[str, str]
