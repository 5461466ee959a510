"""One stand-in and one destination for all tests here, fresh for each; and Upstash's own client."""

from collections.abc import Iterator

import pytest
import qstash as upstash

from dev.qstash import QStashStandIn
from tests.dev.qstash.destination import Destination


@pytest.fixture(scope="session")
def running() -> Iterator[QStashStandIn]:
    with QStashStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def listening() -> Iterator[Destination]:
    destination = Destination()
    yield destination
    destination.close()


@pytest.fixture
def qstash(running: QStashStandIn) -> QStashStandIn:
    running.reset()
    return running


@pytest.fixture
def destination(listening: Destination, qstash: QStashStandIn) -> Destination:
    listening.forget()
    return listening


@pytest.fixture(scope="session")
def client(running: QStashStandIn) -> Iterator[upstash.QStash]:
    """The Python SDK, knowing nothing but the address and the token."""
    client = upstash.QStash(running.token, base_url=running.url, retry=False)
    yield client
    client.http._client.close()


@pytest.fixture
def receiver(qstash: QStashStandIn) -> upstash.Receiver:
    return upstash.Receiver(qstash.current_signing_key, qstash.next_signing_key)
