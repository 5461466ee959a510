"""How many round trips to Notion a full sync takes one after the other, and how many KV commands
where it takes several windows."""

from collections.abc import Iterator

import pytest

from dev.notion import SAMPLE_SOURCES
from dev.notion.generate import generate
from dev.notion.load import load
from tests.simulation.pace import Asked, full_sync
from tests.simulation.redis import Redis
from tests.simulation.world import WATCHED

SOURCES = dict(entry.split("=") for entry in SAMPLE_SOURCES.split(","))


@pytest.fixture(scope="module")
def redis(redis_url: str) -> Iterator[Redis]:
    redis = Redis(redis_url.removeprefix("unix://"), WATCHED)
    yield redis
    redis.close()


@pytest.fixture(scope="module")
def asked(redis: Redis) -> list[Asked]:
    return full_sync(redis, load(), SOURCES).asked


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


def test_deep_pages_take_four_commands_each_though_windows_end_in_the_middle_of_them(
    redis: Redis,
) -> None:
    sync = full_sync(redis, generate(pages=50, posts=0, depth=10), SOURCES)

    assert len(sync.asked) == 554, "nothing that was half read is asked for again"
    assert sync.kv_commands <= 4 * 50


def test_texts_take_no_request_and_no_command(redis: Redis) -> None:
    """How many pages a slice leaves half read is the same in virtual time, with texts and
    without."""
    deep = generate(pages=10, posts=0, depth=5)
    with_texts = full_sync(redis, deep, SOURCES)
    without = full_sync(redis, deep, SOURCES, {"SYNC_DOCS": "off"})

    assert len(with_texts.asked) == len(without.asked)
    assert with_texts.kv_commands == without.kv_commands
