"""What a slice has in hand: how many items are read at once, which come first, and what becomes of them in the end."""

import asyncio

import pytest

from lib.model import Item
from lib.sync.hands import FOUND_ONES_BESIDES, READINGS_AT_ONCE, Hands


class Reader:
    """Reads items for as long as `go_on` lets it; `begun` in the order of their beginning."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cut_off: list[str] = []
        self.go_on = asyncio.Event()

    async def read(self, item: Item) -> bool:
        self.begun.append(item.id)
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cut_off.append(item.id)
            raise
        return False


def rows(count: int) -> list[Item]:
    return [Item(id=f"row {number}") for number in range(count)]


def found(count: int) -> list[Item]:
    return [Item(id=f"child {number}", parent="row 0") for number in range(count)]


@pytest.fixture
async def reader() -> Reader:
    return Reader()


@pytest.fixture
async def hands(reader: Reader) -> Hands:
    return Hands(reader.read)


async def test_so_many_rows_are_read_at_once_and_some_found_pages_besides(hands: Hands, reader: Reader) -> None:
    hands.take(rows(READINGS_AT_ONCE + 2))
    await asyncio.sleep(0)
    assert len(reader.begun) == READINGS_AT_ONCE

    hands.take(found(FOUND_ONES_BESIDES + 1))
    await asyncio.sleep(0)

    assert reader.begun[READINGS_AT_ONCE:] == [f"child {number}" for number in range(FOUND_ONES_BESIDES)]
    assert [item.id for item in hands.waiting] == [f"child {FOUND_ONES_BESIDES}", "row 8", "row 9"]
    await hands.drop()


async def test_what_has_been_read_makes_room_while_it_is_published(hands: Hands, reader: Reader) -> None:
    items = rows(READINGS_AT_ONCE + 1)
    hands.take(items)
    await asyncio.sleep(0)

    hands.read(items[0])
    await asyncio.sleep(0)

    assert reader.begun[-1] == items[-1].id
    assert len(hands.keys) == len(items), "it is in hand until it has been published"
    await hands.drop()


async def test_what_ends_makes_room_even_if_it_was_never_read(hands: Hands, reader: Reader) -> None:
    reader.go_on.set()
    hands.take(rows(READINGS_AT_ONCE + 3))

    ended = [item.id for _ in range(2) for _, item in await hands.ended()]

    assert sorted(ended) == sorted(item.id for item in rows(READINGS_AT_ONCE + 3))
    assert not hands.are_busy


async def test_winding_up_begins_nothing_more_and_cuts_off_what_takes_too_long(hands: Hands, reader: Reader) -> None:
    hands.take(rows(READINGS_AT_ONCE + 3))
    await asyncio.sleep(0)

    ended = await hands.wind_up(0.01)

    assert ended == []
    assert len(reader.begun) == len(reader.cut_off) == READINGS_AT_ONCE
    assert not hands.are_busy
