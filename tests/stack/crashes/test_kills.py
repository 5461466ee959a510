"""The functions are killed, or lose KV, at every kind of step of a run: nothing is lost, torn, or
read twice."""

import pytest

from tests.stack.crashes.strike import When, points, strike_at_each
from tests.stack.crashes.truth import Truth
from tests.stack.crashes.world import World

STEPS = """ask begin silent sources budget claim watched lookup observe move commit_page commit_database lost
note_survey give_back rest open_index end"""
"""The scripts that a run of a single slice calls."""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("where", "when"), [("kv", "after"), ("notion", "before")])
def test_a_function_that_is_killed_loses_nothing(
    edited: World, truth: Truth, where: str, when: When
) -> None:
    """Before a write is after the write before it, for what was only asked meanwhile dies with the
    function; after a request to Notion, which changes nothing there, is before the next step."""
    edited.rewind()
    moments = [point for point in points(edited) if point.what.startswith(where)]
    assert len(moments) > (40 if where == "kv" else 15)
    if where == "kv":
        assert {f"kv {script}" for script in STEPS.split()} <= {point.what for point in moments}

    strike_at_each(edited, truth, moments, "kill", when)


@pytest.mark.timeout(1200)
def test_a_command_that_kv_does_not_answer_is_sent_again(edited: World, truth: Truth) -> None:
    """It does no harm twice, and costs no delivery. One that was not executed is like one of
    test_answers.py."""
    edited.rewind()
    moments = [point for point in points(edited) if point.what.startswith("kv")]

    strike_at_each(edited, truth, moments, "break", "after")
