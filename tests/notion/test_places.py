"""Places for requests: never more than there are, the hurried before the others, none lost to whoever was cancelled."""

import asyncio

from lib.notion.places import Places


async def hold(places: Places, name: str, seen: list[str], *, hurry: bool = False) -> None:
    async with places.one(hurry=hurry):
        seen.append(name)
        await asyncio.sleep(0)


async def test_a_free_place_goes_to_the_hurried_first_and_then_to_whoever_waits_longest() -> None:
    places, seen = Places(1), list[str]()

    await asyncio.gather(
        hold(places, "first", seen),
        hold(places, "second", seen),
        hold(places, "hurried", seen, hurry=True),
        hold(places, "third", seen),
    )

    assert seen == ["first", "hurried", "second", "third"]


async def test_no_more_have_a_place_than_there_are() -> None:
    places, inside, most = Places(3), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with places.one(hurry=False):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(10)))

    assert (most, inside) == (3, 0)


async def test_a_place_is_not_lost_to_one_who_was_cancelled_while_waiting_or_as_its_turn_came() -> None:
    places, seen = Places(1), list[str]()
    async with places.one(hurry=False):
        waiting = asyncio.create_task(hold(places, "cancelled", seen))
        called = asyncio.create_task(hold(places, "cancelled as its turn came", seen))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
    called.cancel()  # it has been given the place, and has not run since

    await asyncio.wait_for(hold(places, "next", seen), 5)

    assert seen == ["next"]
    await asyncio.gather(waiting, called, return_exceptions=True)
    assert (waiting.cancelled(), called.cancelled()) == (True, True)
