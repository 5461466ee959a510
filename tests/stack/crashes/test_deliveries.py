"""QStash delivers at least once: a message that comes again makes no difference."""

from functools import partial

import pytest

from dev.qstash import Fault
from tests.stack.crashes.strike import listen
from tests.stack.crashes.truth import EXACT, SHORT, Truth
from tests.stack.crashes.watcher import Watcher
from tests.stack.crashes.world import HOUR, KEYS, World
from tests.waiting import until


def watched(world: World, truth: Truth) -> Watcher:
    world.rewind()
    watcher = Watcher(world, truth.before, truth.after)
    watcher.watch()
    return watcher


def check(world: World, truth: Truth, watcher: Watcher, run: dict[str, str]) -> None:
    assert (run["status"], world.state()) == ("delivered", truth.after)
    assert watcher.broken == []
    assert {name: run.get(name) for name in EXACT} == {name: truth.run.get(name) for name in EXACT}


def counted(run: dict[str, str]) -> int:
    return int(run["notionRequests"])


@pytest.mark.parametrize("how", ["twice", "again"])
@pytest.mark.parametrize("slices", [{}, SHORT], ids=["one slice", "many slices"])
def test_a_message_that_is_delivered_twice_is_worked_once(
    edited: World, truth: Truth, how: str, slices: dict[str, str]
) -> None:
    with edited.set(**slices):
        watcher = watched(edited, truth)
        edited.qstash.fail(Fault(how=how))  # type: ignore[arg-type]

        run = edited.sync()

    check(edited, truth, watcher, run)
    assert edited.qstash.counts["publish"] <= int(run["slices"]) + 1


def test_a_run_of_many_slices_sends_one_message_for_each_and_counts_exactly(
    edited: World, truth: Truth
) -> None:
    with edited.set(**SHORT):
        watcher = watched(edited, truth)

        run = edited.sync()

        messages = edited.qstash.messages
        assert int(run["slices"]) > 10
        assert edited.qstash.counts == {"publish": int(run["slices"])}
        assert {len(message.attempts) for message in messages} == {1}
        assert counted(run) == edited.notion.log.stats["total"]
        asked = [f"{request['method']} {request['path']}" for request in edited.notion.log.requests]
        assert {
            one: asked.count(one) for one in asked if "/blocks/" in one and asked.count(one) > 1
        } == {}
        assert int(run["kvCommands"]) + int(run["finishCommands"]) <= edited.kv.commands.total()
    check(edited, truth, watcher, run)


@pytest.mark.parametrize("lanes", ["2", "3"])
@pytest.mark.parametrize("slices", [{}, SHORT], ids=["one slice each", "many slices"])
def test_lanes_end_a_run_exactly_once(
    edited: World, truth: Truth, lanes: str, slices: dict[str, str]
) -> None:
    asked: list[str] = []
    with edited.set(SYNC_LANES=lanes, **slices):
        watcher = watched(edited, truth)
        listen(edited, lambda when, what: asked.append(what) if when == "after" else None)

        run_id = edited.ask()
        second = edited.ask()
        until(partial(edited.site.has_ended, run_id), told=partial(edited.run, run_id))
        run = edited.run(run_id)
        until(partial(edited.site.has_ended, run["followUpRun"]))
        edited.qstash.advance(HOUR)  # the lanes that found nothing come back
        edited.settle()

        assert second == run_id
        assert edited.run(run["followUpRun"])["status"] == "delivered"
        assert edited.redis.zcard(KEYS.runs) == 3  # the first sync, this run, and what followed it
    check(edited, truth, watcher, run)
    assert (
        1 <= asked.count("kv end") <= 2 * int(lanes)
    )  # of two runs; lanes that rest at one moment may all end one
    assert int(run["slices"]) >= int(lanes)
