"""How many round trips to Notion a full sync takes one after the other."""

from collections.abc import Iterator

import pytest

from dev.notion import SAMPLE_SOURCES
from dev.notion.load import load
from tests.simulation.pace import Asked, full_sync
from tests.simulation.redis import Redis
from tests.simulation.world import WATCHED


@pytest.fixture(scope="module")
def asked(redis_url: str) -> Iterator[list[Asked]]:
    redis = Redis(redis_url.removeprefix("unix://"), WATCHED)
    sources = dict(entry.split("=") for entry in SAMPLE_SOURCES.split(","))
    yield full_sync(redis, load(), sources)
    redis.close()


def test_the_sample_workspace_takes_ten_round_trips(asked: list[Asked]) -> None:
    """Its longest chain has eight. It was thirteen."""
    assert max(one.ended for one in asked) == 10


def test_a_child_page_is_read_while_the_page_around_it_is(asked: list[Asked]) -> None:
    """The last of a line of child pages, each of which stands on the one before: it is asked for
    with its blocks, one round trip after the list in which it was found."""
    at = {one.path: one.began for one in asked}
    prisms, lens = (f"aaaaaaaa-0000-4000-8000-00000000003{number}" for number in (4, 3))

    assert at[f"pages/{prisms}"] == at[f"blocks/{prisms}/children"]
    assert at[f"blocks/{prisms}/children"] == at[f"blocks/{lens}/children"] + 1


def test_nothing_is_asked_twice(asked: list[Asked]) -> None:
    """But for the second hundred of one list."""
    assert len(asked) == 103
    assert len({one.path for one in asked}) == 102
