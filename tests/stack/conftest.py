"""Stories over the whole stack: Notion, QStash and Upstash stand-ins, and the functions as Vercel
serves them."""

from collections.abc import Iterator

import pytest

from dev.stack import Stack
from tests.stack.site import Site, unlimited


@pytest.fixture(scope="module")
def stack(redis_environ: dict[str, str]) -> Iterator[Stack]:
    with Stack(environ=redis_environ) as running:
        running.reset()  # the Redis may hold what the tests before left
        yield running


@pytest.fixture
def site(stack: Stack) -> Site:
    """A fresh workspace, an empty queue and an empty KV."""
    stack.reset()
    return Site.of(stack)


@pytest.fixture
def no_limit(site: Site, stack: Stack) -> Iterator[None]:
    """Notion takes any number of requests: no run waits for its next minute."""
    with unlimited(stack):
        yield
