"""Stories of what goes wrong: real processes that are killed or stopped, over a real
redis-server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.stack.crashes.truth import Truth
from tests.stack.crashes.world import World


@pytest.fixture(scope="session")
def running_world(
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    lacking: Callable[[str, str], NoReturn],
) -> Iterator[World]:
    if not Path("/proc/self/task").is_dir():
        lacking("crashes", "what a process is doing is read from /proc, which only Linux has")
    world = World(redis_url, tmp_path_factory.mktemp("functions"))
    try:
        yield world
    finally:
        world.close()


@pytest.fixture
def world(running_world: World) -> World:
    """The small workspace, synced once."""
    running_world.begin()
    running_world.notion.clock.reset()
    return running_world


@pytest.fixture(scope="module")
def edited(running_world: World) -> World:
    """Synced, then edited much: what the runs of a module begin with."""
    running_world.begin()
    running_world.edit()
    return running_world


@pytest.fixture(scope="module")
def truth(edited: World) -> Truth:
    """Of a run that nothing disturbs; what it publishes is the workspace itself."""
    edited.rewind()
    before = edited.state()
    run = edited.sync()
    edited.site.check()
    return Truth(before, edited.state(), run)
