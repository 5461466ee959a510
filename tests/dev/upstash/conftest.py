"""One contract, two backends: the embedded Redis and a real redis-server."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

import httpx
import pytest

from dev.serve import HOST
from dev.upstash import UpstashStandIn


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Skips a test whose outside part is not installed; in CI that is a failure."""
    return pytest.fail if os.environ.get("CI") else pytest.skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, timeout_seconds: float = 10.0) -> None:
    give_up = time.monotonic() + timeout_seconds
    while True:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]) -> Iterator[str]:
    """The address of a real redis-server of our own, with nothing saved to disk."""
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server is not installed (apt-get install redis-server): its half of the contract is untested")
    port = free_port()
    command = [program, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no"]
    folder = tmp_path_factory.mktemp("redis")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield f"redis://{HOST}:{port}/0"
        finally:
            process.terminate()


@pytest.fixture(scope="session", params=["embedded", "redis-server"])
def running(request: pytest.FixtureRequest) -> Iterator[UpstashStandIn]:
    redis_url = None if request.param == "embedded" else request.getfixturevalue("redis_server")
    with UpstashStandIn(redis_url=redis_url) as stand_in:
        yield stand_in


@pytest.fixture
def kv(running: UpstashStandIn) -> UpstashStandIn:
    """An empty database without faults."""
    running.reset()
    return running


@pytest.fixture
def http(kv: UpstashStandIn) -> Iterator[httpx.Client]:
    """A client that knows nothing of Redis, with the token."""
    with httpx.Client(base_url=kv.url, headers={"Authorization": f"Bearer {kv.token}"}) as client:
        yield client
