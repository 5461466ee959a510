"""What a slice has in flight: how much is read at once, what comes first, and what becomes of it in
the end."""

import asyncio

import pytest

from lib.model import Claim, WorkItem
from lib.sync.work.in_flight import READINGS_ABOVE_LIMIT, InFlight
from tests.sync.records import seen

READINGS_AT_ONCE = 8


class Reader:
    """Reads claims for as long as `go_on` lets it; `begun` in the order of their beginning."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cut_off: list[str] = []
        self.go_on = asyncio.Event()

    async def read(self, claim: Claim) -> bool:
        self.begun.append(claim.key)
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cut_off.append(claim.key)
            raise
        return False


def rows(count: int) -> list[Claim]:
    return [
        Claim(key=f"row {number}", number=1, item=WorkItem(), observation=seen())
        for number in range(count)
    ]


def found(count: int) -> list[Claim]:
    above = seen(parent="row 0")
    return [
        Claim(key=f"child {number}", number=1, item=WorkItem(), observation=above)
        for number in range(count)
    ]


def database() -> Claim:
    return Claim(key="db:d", number=1, item=WorkItem())


@pytest.fixture
async def reader() -> Reader:
    return Reader()


@pytest.fixture
async def in_flight(reader: Reader) -> InFlight:
    return InFlight(reader.read, lambda: READINGS_AT_ONCE)


async def test_so_many_rows_are_read_at_once_and_some_found_pages_besides(
    in_flight: InFlight, reader: Reader
) -> None:
    in_flight.take_items(rows(READINGS_AT_ONCE + 2))
    await asyncio.sleep(0)
    assert len(reader.begun) == READINGS_AT_ONCE

    in_flight.take_items(found(READINGS_ABOVE_LIMIT + 1))
    await asyncio.sleep(0)

    assert reader.begun[READINGS_AT_ONCE:] == [
        f"child {number}" for number in range(READINGS_ABOVE_LIMIT)
    ]
    assert [claim.key for claim in in_flight.waiting] == [
        f"child {READINGS_ABOVE_LIMIT}",
        "row 8",
        "row 9",
    ]
    await in_flight.drop_all()


async def test_a_child_database_goes_before_rows_too(in_flight: InFlight, reader: Reader) -> None:
    in_flight.take_items([*rows(READINGS_AT_ONCE + 1), database()])
    await asyncio.sleep(0)

    assert reader.begun[0] == "db:d"
    await in_flight.drop_all()


async def test_what_has_been_read_makes_room_while_it_is_published(
    in_flight: InFlight, reader: Reader
) -> None:
    claims = rows(READINGS_AT_ONCE + 1)
    in_flight.take_items(claims)
    await asyncio.sleep(0)

    in_flight.note_read(claims[0])
    await asyncio.sleep(0)

    assert reader.begun[-1] == claims[-1].key
    assert len(in_flight.keys) == len(claims), "it is in hand until it has been published"
    await in_flight.drop_all()


async def test_what_ends_makes_room_even_if_it_was_never_read(
    in_flight: InFlight, reader: Reader
) -> None:
    reader.go_on.set()
    in_flight.take_items(rows(READINGS_AT_ONCE + 3))

    ended = [claim.key for _ in range(2) for _, claim in await in_flight.wait_ended([], 5.0)]

    assert sorted(ended) == sorted(claim.key for claim in rows(READINGS_AT_ONCE + 3))
    assert not in_flight.are_busy


async def test_news_from_elsewhere_and_the_end_of_the_time_end_the_wait(
    in_flight: InFlight,
) -> None:
    in_flight.take_items(rows(1))
    news = asyncio.get_running_loop().create_future()
    news.set_result(None)

    async with asyncio.timeout(5):
        assert await in_flight.wait_ended([news], 600.0) == []
        assert await in_flight.wait_ended([], 0.01) == []
    assert in_flight.are_busy
    await in_flight.drop_all()


async def test_winding_up_begins_nothing_more_and_cuts_off_what_takes_too_long(
    in_flight: InFlight, reader: Reader
) -> None:
    in_flight.take_items(rows(READINGS_AT_ONCE + 3))
    await asyncio.sleep(0)

    ended = await in_flight.wind_up(0.01)

    assert ended == []
    assert len(reader.begun) == len(reader.cut_off) == READINGS_AT_ONCE
    assert not in_flight.are_busy


async def test_winding_up_gives_what_ends_in_time(in_flight: InFlight, reader: Reader) -> None:
    in_flight.take_items(rows(2))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.01, reader.go_on.set)

    ended = await in_flight.wind_up(5.0)

    assert sorted(claim.key for _, claim in ended) == ["row 0", "row 1"]
    assert reader.cut_off == []
