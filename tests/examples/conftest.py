"""The examples, read by themselves: their data layers, their pages, and the Next.js site as it is
built and served."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.upstash import UpstashStandIn
from tests.examples.readers import Lacking, Reader, compile_nextjs, printed, reader_of


@pytest.fixture(scope="session")
def compiled(lacking: Lacking, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Next.js example as JavaScript."""
    return compile_nextjs(tmp_path_factory.mktemp("nextjs"), lacking)


@pytest.fixture(params=["JavaScript", "Python"])
def blocks_of(request: pytest.FixtureRequest) -> Reader:
    """A reader of one page's blocks, one test for each."""
    if request.param == "Python":
        return printed
    return reader_of(request.getfixturevalue("compiled"))


@pytest.fixture
def empty_kv() -> Iterator[UpstashStandIn]:
    """A KV with nothing in it."""
    with UpstashStandIn() as running:
        yield running
