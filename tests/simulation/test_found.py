"""What was found stays found: each history again."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.simulation.found import FOUND, Found
from tests.simulation.history import Player, player


@pytest.fixture(scope="module")
def playing(redis_url: str) -> Iterator[Player]:
    with player(redis_url.removeprefix("unix://")) as found:
        yield found


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.story)
def test_kv_is_as_it_should_be_when(playing: Player, found: Found) -> None:
    seeds = (found.history.seed, *found.more_seeds)
    assert [playing.play(replace(found.history, seed=seed)).problem for seed in seeds] == [
        ""
    ] * len(seeds)
