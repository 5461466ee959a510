"""A redis-server of our own, which keeps nothing on disk."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NotThere

from tests.waiting import until


@contextmanager
def redis_server(program: str, folder: Path) -> Iterator[str]:
    """Its address: a socket in `folder`."""
    door = folder / "door"
    command = [
        program,
        "--port",
        "0",
        "--unixsocket",
        str(door),
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(f"unix://{door}"))
            yield f"unix://{door}"
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    with Redis.from_url(address) as client:
        try:
            return bool(client.ping())
        except NotThere:
            return False
