"""Stories of what goes wrong: real processes that are killed or stopped, over a real redis-server."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotThere

from tests.stack.crashes.truth import Truth
from tests.stack.crashes.world import World


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory, lacking: Callable[[str, str], NoReturn]) -> Iterator[str]:
    """A redis-server of our own, which keeps nothing on disk."""
    program = shutil.which("redis-server")
    if program is None:
        lacking("crashes", "redis-server is not installed (apt-get install redis-server)")
    if not Path("/proc/self/task").is_dir():
        lacking("crashes", "what a process is doing is read from /proc, which only Linux has")
    folder = tmp_path_factory.mktemp("redis")
    door = folder / "door"
    command = [program, "--port", "0", "--unixsocket", str(door), "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"unix://{door}")
            yield f"unix://{door}"
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def running_world(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
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


def _wait_for(redis_url: str) -> None:
    give_up = time.monotonic() + 10
    with Redis.from_url(redis_url) as client:
        while True:
            try:
                client.ping()
            except NotThere:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)
            else:
                return
