"""One small world for all histories."""

from collections.abc import Iterator

import pytest

from dev.stack import Stack
from tests.stack.histories.workspace import SOURCES, small
from tests.stack.histories.world import World


@pytest.fixture(scope="module")
def world(redis_environ: dict[str, str]) -> Iterator[World]:
    sources = ",".join(f"{name}={id}" for name, id in SOURCES.items())
    limits = {"NOTION_SOURCES": sources, "NOTION_REQUESTS_PER_MINUTE": "100000"}
    with Stack(environ=redis_environ, settings=limits, workspace=small) as stack:
        stack.reset()  # the Redis may hold what the tests before left
        yield World(stack)
