"""One contract, two backends: the embedded Redis and a real redis-server."""

from collections.abc import Iterator

import httpx
import pytest

from dev.upstash import UpstashStandIn


@pytest.fixture(scope="session", params=["embedded", "redis-server"])
def running(request: pytest.FixtureRequest) -> Iterator[UpstashStandIn]:
    redis_url = None if request.param == "embedded" else request.getfixturevalue("redis_url")
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
