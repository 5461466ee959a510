"""The functions are killed where one slice ends and the next begins: nothing is lost, torn, or read
twice."""

import pytest

from tests.stack.crashes.strike import points, strike_at_each
from tests.stack.crashes.truth import SHORT, Truth
from tests.stack.crashes.world import World

MORE_STEPS = {
    "kv requeue",
    "kv keep_piece sync:run:{run}:listing",
    "kv keep_piece sync:run:{run}:partial:{item}",
    "kv keep_piece sync:run:{run}:originals:{item}",
}
"""What one of many slices does besides."""


@pytest.mark.timeout(1200)
def test_a_function_that_is_killed_between_slices_loses_nothing(
    edited: World, truth: Truth
) -> None:
    """After every write that a run of a single slice does not know, and the two with which a slice
    begins and ends."""
    edited.rewind()
    known = {point.what for point in points(edited)} - {"kv begin", "kv rest"}
    with edited.set(**SHORT):
        edited.rewind()
        moments = [
            point
            for point in points(edited)
            if point.what not in known and not point.what.startswith(("kv GET", "notion"))
        ]
        assert {point.what for point in moments} >= MORE_STEPS

        strike_at_each(edited, truth, moments, "kill", "after")
