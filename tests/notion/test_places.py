"""Places for requests: never more than there are, the hurried before the others, none lost when one
is cancelled."""

import asyncio

from lib.notion.places import Places


async def hold(places: Places, name: str, seen: list[str], *, hurry: bool = False) -> None:
    async with places.one_place(hurry=hurry):
        seen.append(name)
        await asyncio.sleep(0)


async def test_a_free_place_goes_to_the_hurried_first_and_then_to_whoever_waits_longest() -> None:
    places, seen = Places(1, 1), list[str]()

    await asyncio.gather(
        hold(places, "first", seen),
        hold(places, "second", seen),
        hold(places, "hurried", seen, hurry=True),
        hold(places, "third", seen),
    )

    assert seen == ["first", "hurried", "second", "third"]


async def test_no_more_have_a_place_than_there_are() -> None:
    places, inside, most = Places(3, 3), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with places.one_place(hurry=False):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(10)))

    assert (most, inside) == (3, 0)


async def test_a_place_is_not_lost_to_one_who_was_cancelled_while_waiting_or_as_its_turn_came() -> (
    None
):
    places, seen = Places(1, 1), list[str]()
    async with places.one_place(hurry=False):
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


async def answer(places: Places, *seconds: float, kind: str = "children") -> None:
    """Requests side by side, each of which takes so long."""
    here = asyncio.Barrier(len(seconds))

    async def one(taken: float) -> None:
        async with places.one_place(hurry=False) as number:
            await here.wait()
            places.answered(number, kind, taken)

    await asyncio.gather(*(one(taken) for taken in seconds))


async def test_no_places_are_added_that_nothing_needs() -> None:
    places = Places(4, 32)

    await answer(places, *[0.2] * 4)
    await answer(places, *[0.2] * 4)

    assert places.count == 5


async def test_requests_that_wait_get_the_places_that_are_added() -> None:
    places, under_way, most = Places(4, 16), 0, list[int]()

    async def one() -> None:
        nonlocal under_way
        async with places.one_place(hurry=False) as number:
            under_way += 1
            await asyncio.sleep(0)
            most.append(under_way)
            places.answered(number, "children", 0.2)
            under_way -= 1

    await asyncio.gather(*(one() for _ in range(100)))

    assert (most[0], max(most), places.count) == (4, 16, 16)


async def test_trouble_halves_the_places_once_for_all_that_were_under_way() -> None:
    places = Places(16, 32)

    async with places.one_place(hurry=False) as first, places.one_place(hurry=False) as second:
        places.halve(first)
        places.halve(second)
    assert places.count == 8

    async with places.one_place(hurry=False) as third:
        places.halve(third)
    assert places.count == 4


async def test_a_slow_answer_is_trouble_and_one_of_another_kind_is_not() -> None:
    places = Places(8, 32)

    await answer(places, 0.2)
    await answer(places, 3.0, kind="query")
    assert places.count == 8
    await answer(places, 1.5)  # not quick, and not slow
    assert places.count == 8
    await answer(places, 2.5)
    assert places.count == 4


async def test_after_trouble_a_round_of_quick_answers_adds_one_place_and_some_always_stay() -> None:
    places = Places(4, 32)
    for _ in range(5):
        async with places.one_place(hurry=False) as number:
            places.halve(number)
    assert places.count == 2

    for _ in range(2):
        await answer(places, 0.2, 0.2)
    assert places.count == 3
