"""What was found stays found: each history again. Those whose fault is not mended yet must go on failing, so that
whoever mends it takes the mark away, and the entry of `profiles.KNOWN`."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.simulation.found import FOUND, Found
from tests.simulation.history import Player, player
from tests.simulation.profiles import KNOWN


@pytest.fixture(scope="module")
def playing(redis_url: str) -> Iterator[Player]:
    with player(redis_url.removeprefix("unix://")) as found:
        yield found


def marked(found: Found) -> object:
    marks = [pytest.mark.xfail(strict=True, reason=found.row)] if found.row else []
    return pytest.param(found, id=found.story, marks=marks)


@pytest.mark.parametrize("found", [marked(found) for found in FOUND])
def test_kv_is_as_it_should_be_when(playing: Player, found: Found) -> None:
    seeds = (found.history.seed, *found.more_seeds)
    assert [playing.play(replace(found.history, seed=seed)).problem for seed in seeds] == [""] * len(seeds)


def test_every_known_fault_has_its_history() -> None:
    assert {known.row for known in KNOWN} == {found.row for found in FOUND if found.row}
