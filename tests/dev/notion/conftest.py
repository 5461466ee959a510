import logging
from collections.abc import Iterator

import pytest
from notion_client import Client

from dev.notion import TOKEN, NotionStandIn

VERSION = "2026-03-11"
LOGGER = logging.getLogger("tests.dev.notion")


@pytest.fixture(scope="session")
def running() -> Iterator[NotionStandIn]:
    with NotionStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def notion(running: NotionStandIn) -> NotionStandIn:
    """A stand-in as it is after its start; without a limit, so that tests don't wait for each
    other's windows."""
    running.reset()
    running.limit.requests = None
    return running


@pytest.fixture(scope="session")
def connection(running: NotionStandIn) -> Iterator[Client]:
    with Client(
        auth=TOKEN, base_url=running.url, notion_version=VERSION, retry=False, logger=LOGGER
    ) as client:
        yield client


@pytest.fixture
def client(notion: NotionStandIn, connection: Client) -> Client:
    """The official client; it raises at the first failure."""
    return connection
