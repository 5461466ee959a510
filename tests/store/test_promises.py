"""Whoever asks while a run is under way is promised another: no end of any run loses that."""

import pytest
from msgspec.structs import replace

from lib.model import Ask
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Ended, Runs
from tests.store.conftest import Clock
from tests.store.test_runs import ALIVE, begin, record, under_way

EVERYTHING = Ask()
WISH = Ask(force=True, source="posts")


async def ask(runs: Runs, clock: Clock, run_id: str, wish: Ask = EVERYTHING) -> str:
    return (await runs.ask_for_run(run_id, wish, clock.time + ALIVE)).outcome


async def end(runs: Runs, clock: Clock, status: str, next_id: str = "next") -> Ended:
    return await runs.end_run("r1", status, {}, next_id, clock.time + ALIVE)


@pytest.fixture
async def promised(runs: Runs, clock: Clock) -> None:
    """A run is under way, and somebody who asked for a forced one of posts has joined it."""
    await under_way(runs, clock)
    await begin(runs, clock)
    assert await ask(runs, clock, "r2", WISH) == "joined"


pytestmark = pytest.mark.usefixtures("promised")


@pytest.mark.parametrize("status", ["delivered", "failed"])
async def test_the_end_of_a_run_is_followed_by_what_was_promised_whatever_the_end_is(
    runs: Runs, clock: Clock, status: str
) -> None:
    ended = await end(runs, clock, status)

    assert (ended.follow_up, ended.ask, await runs.is_joined()) == ("next", WISH, False)
    assert (await record(runs, "next")).ask == replace(WISH, asked_by="follow-up")


async def test_a_promise_is_kept_by_the_next_run_where_none_may_follow(
    runs: Runs, clock: Clock
) -> None:
    assert (await end(runs, clock, "failed", "")).follow_up == ""
    assert await runs.is_joined()

    assert await ask(runs, clock, "r3", Ask(source="posts")) == "new"

    assert ((await record(runs, "r3")).ask, await runs.is_joined()) == (WISH, False)


async def test_a_promise_and_another_wish_become_a_run_of_everything(
    runs: Runs, clock: Clock
) -> None:
    await end(runs, clock, "failed", "")

    await ask(runs, clock, "r3", Ask(source="pages"))

    assert (await record(runs, "r3")).ask == Ask(force=True)


async def test_a_promise_outlives_a_run_that_fell_silent(runs: Runs, clock: Clock) -> None:
    clock.time += ALIVE + 1

    assert await ask(runs, clock, "r3") == "new"

    assert ((await record(runs)).status, (await record(runs, "r3")).ask) == (
        "failed",
        Ask(force=True),
    )


async def test_a_promise_outlives_a_run_whose_record_was_lost(
    runs: Runs, clock: Clock, kv: Kv, keys: Keys
) -> None:
    await kv.command("DEL", keys.run("r1"))

    await ask(runs, clock, "r3", Ask(source="posts"))

    assert (await record(runs, "r3")).ask == WISH


async def test_a_message_that_nobody_recorded_keeps_a_promise_too(runs: Runs, clock: Clock) -> None:
    await end(runs, clock, "failed", "")

    begun = await runs.begin_slice("r9", "0", 0, Ask(source="posts"), clock.time + ALIVE)

    assert (begun.outcome, (await record(runs, "r9")).ask) == ("go", WISH)


async def test_who_cancels_a_run_takes_back_what_was_promised_of_it(
    runs: Runs, clock: Clock
) -> None:
    assert (await end(runs, clock, "cancelled", "")).follow_up == ""

    assert not await runs.is_joined()


async def test_the_end_of_a_run_of_one_page_leaves_a_promise_alone(
    runs: Runs, clock: Clock
) -> None:
    await ask(runs, clock, "p1", Ask(page="about"))

    ended = await runs.end_run("p1", "cancelled", {}, "next", clock.time + ALIVE)

    assert (ended.follow_up, await runs.is_joined()) == ("", True)


async def test_a_promise_outlives_a_run_whose_message_was_refused(runs: Runs, clock: Clock) -> None:
    await end(runs, clock, "failed", "")
    await ask(runs, clock, "r3")

    await runs.forget_run("r3")

    await ask(runs, clock, "r4", Ask(source="posts"))
    assert (await record(runs, "r4")).ask == WISH


async def test_a_promise_is_kept_once(runs: Runs, clock: Clock) -> None:
    first, again = [await end(runs, clock, "delivered", next_id) for next_id in ("next", "other")]

    assert (again.repeated, again.follow_up, again.ask) == (True, first.follow_up, first.ask)
    assert await runs.read_run("other") is None


async def test_what_follows_is_under_way_from_the_end_on(runs: Runs, clock: Clock) -> None:
    await end(runs, clock, "delivered")

    assert (await runs.ask_for_run("r4", Ask(), clock.time + ALIVE)).run_id == "next"
    assert (await begin(runs, clock, run_id="next")).outcome == "go"
