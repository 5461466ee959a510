"""The functions are killed, or lose KV, at every kind of step of a run: nothing is lost, torn, or read twice."""

from collections.abc import Sequence

import pytest

from tests.stack.crashes.strike import How, Point, Strike, When, points
from tests.stack.crashes.truth import EXACT, SHORT, Truth
from tests.stack.crashes.watcher import Watcher
from tests.stack.crashes.world import World

STEPS = """ask begin silent sources budget claim watched lookup observe move commit_page commit_database lost
note_survey give_back rest open_index end"""
"""The scripts that a run of a single slice calls."""
MOST_OF_A_KIND = 3
"""Moments of one script, or of one request, that are struck: the later ones are like them."""
MORE_STEPS = {
    "kv requeue",
    "kv keep_piece sync:run:{run}:listing",
    "kv keep_piece sync:run:{run}:partial:{item}",
    "kv keep_piece sync:run:{run}:originals:{item}",
}
"""What one of many slices does besides."""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("where", ["kv", "notion"])
def test_a_function_that_is_killed_loses_nothing(edited: World, truth: Truth, where: str, when: When) -> None:
    edited.rewind()
    moments = [point for point in points(edited) if point.what.startswith(where)]
    assert len(moments) > (40 if where == "kv" else 15)
    if where == "kv":
        assert {f"kv {script}" for script in STEPS.split()} <= {point.what for point in moments}

    _strike_at_each(edited, truth, moments, "kill", when)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_command_that_kv_does_not_answer_is_sent_again(edited: World, truth: Truth, when: When) -> None:
    """Whether it was executed or not: it does no harm twice, and costs no delivery."""
    edited.rewind()
    moments = [point for point in points(edited) if point.what.startswith("kv")]

    _strike_at_each(edited, truth, moments, "break", when)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_function_that_is_killed_between_slices_loses_nothing(edited: World, truth: Truth, when: When) -> None:
    """Every step that a run of a single slice does not know, and the two at which a slice begins and ends."""
    edited.rewind()
    known = {point.what for point in points(edited)}
    with edited.set(**SHORT):
        edited.rewind()
        most = {point.what: 2 for point in points(edited) if point.what not in known} | {"kv begin": 2, "kv rest": 2}
        edited.rewind()
        moments = [point for point in points(edited) if point.nth <= most.get(point.what, 0)]
        assert {point.what for point in moments} >= MORE_STEPS

        _strike_at_each(edited, truth, moments, "kill", when)


def _strike_at_each(world: World, truth: Truth, moments: Sequence[Point], how: How, when: When) -> None:
    moments = [point for point in moments if point.nth <= MOST_OF_A_KIND]
    missed = []
    for point in moments:
        world.rewind()
        watcher = Watcher(world, truth.before, truth.after)
        strike = Strike(world, point, how, when)
        watcher.watch()

        run_id = world.ask()
        messages = world.settle()

        story = f"{how} {when} {point}"
        run = world.run(run_id)
        if not strike.struck:
            missed.append(point)
        assert run["status"] == "delivered", story
        assert world.state() == truth.after, story
        assert watcher.broken == [], story
        assert strike.read_again() == [], story
        assert {name: run.get(name) for name in EXACT} == {name: truth.run.get(name) for name in EXACT}, story
        assert {message.state for message in messages} == {"DELIVERED"}, story
        assert how == "kill" or {len(message.attempts) for message in messages} == {1}, story
    assert all(point.nth > 1 for point in missed), missed
    assert len(missed) < len(moments) / 5, missed
