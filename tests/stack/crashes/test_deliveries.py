"""QStash delivers at least once, and maybe to a process that was believed dead: it makes no difference."""

import threading
from functools import partial

import httpx
import pytest

from dev.qstash import Fault
from lib.auth import sign_qstash
from lib.secret import Secret, derived_secret
from tests.stack.crashes.deployment import go_on, kill, stop
from tests.stack.crashes.strike import Point, listen, points
from tests.stack.crashes.truth import EXACT, SHORT, Truth
from tests.stack.crashes.watcher import Watcher
from tests.stack.crashes.world import KEYS, World
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


def test_a_run_of_many_slices_sends_one_message_for_each_and_counts_exactly(edited: World, truth: Truth) -> None:
    with edited.set(**SHORT):
        watcher = watched(edited, truth)

        run = edited.sync()

        messages = edited.qstash.messages
        assert int(run["slices"]) > 10
        assert edited.qstash.counts == {"publish": int(run["slices"])}
        assert {len(message.attempts) for message in messages} == {1}
        assert counted(run) == edited.notion.log.stats["total"]
        asked = [f"{request['method']} {request['path']}" for request in edited.notion.log.requests]
        assert {one: asked.count(one) for one in asked if "/blocks/" in one and asked.count(one) > 1} == {}
        assert int(run["kvCommands"]) + int(run["finishCommands"]) <= edited.kv.commands.total()
    check(edited, truth, watcher, run)


@pytest.mark.parametrize("lanes", ["2", "3"])
@pytest.mark.parametrize("slices", [{}, SHORT], ids=["one slice each", "many slices"])
def test_lanes_end_a_run_exactly_once(edited: World, truth: Truth, lanes: str, slices: dict[str, str]) -> None:
    asked: list[str] = []
    with edited.set(SYNC_LANES=lanes, **slices):
        watcher = watched(edited, truth)
        listen(edited, lambda when, what: asked.append(what) if when == "after" else None)

        run_id = edited.ask()
        second = edited.ask()
        edited.settle()

        run = edited.run(run_id)
        assert second == run_id
        assert edited.run(run["followUpRun"])["status"] == "delivered"
        assert edited.redis.zcard(KEYS.runs) == 3  # the first sync, this run, and what followed it
    check(edited, truth, watcher, run)
    assert 1 <= asked.count("kv end") <= 2 * int(lanes)  # of two runs; lanes that rest at one moment may all end one
    assert int(run["slices"]) >= int(lanes)


class Pause:
    """Stops the functions at a certain moment and holds back what they asked for, until it is released."""

    def __init__(self, world: World, point: Point) -> None:
        self.process = world.deployment.process()
        self.asked = threading.Event()
        self.paused = threading.Event()
        self._go_on = threading.Event()
        self._point = point
        self._met = 0
        self._counting = threading.Lock()
        listen(world, self._meet)

    def release(self) -> None:
        go_on(self.process)
        self._go_on.set()

    def _meet(self, when: str, what: str) -> None:
        if (when, what) != ("before", self._point.what) or self.paused.is_set():
            return
        with self._counting:
            self._met += 1
            if self._met != self._point.nth:
                return
        self.asked.wait(40)  # the trigger runs in the same process
        stop(self.process)
        self.paused.set()
        self._go_on.wait(40)


def deliver_again(world: World) -> httpx.Response:
    """The run's first message once more, as QStash sends it."""
    [message] = world.qstash.messages
    body, address = message.publication.body, f"{world.url}/api/sync/worker"
    now = int(message.created_at)
    headers = {
        "Upstash-Signature": sign_qstash(body, address, world.qstash.current_signing_key, now),
        "x-sync-secret": derived_secret(Secret(world.secret)),
    }
    return httpx.post(address, content=body, headers=headers, timeout=60, trust_env=False)


@pytest.mark.timeout(1200)
def test_a_zombie_writes_nothing_any_more(edited: World, truth: Truth) -> None:
    """The process is stopped before each of its KV commands; another one does the work; then the first one goes on."""
    edited.rewind()
    worked = [point for point in points(edited) if point.what.startswith("kv") and point.what not in TRIGGER]
    struck = 0
    for point in worked:
        watcher = watched(edited, truth)
        pause = Pause(edited, point)
        run_id = edited.ask()
        pause.asked.set()
        while not pause.paused.wait(0.02) and edited.is_busy():
            pass
        if not pause.paused.is_set():
            edited.settle()
            continue
        struck += 1
        again = deliver_again(edited)
        assert (again.status_code, again.json()["status"]) in ((200, "done"), (200, "joined")), point
        until(partial(edited.site.has_ended, run_id), told=partial(edited.run, run_id))
        before = edited.everything()

        pause.release()
        edited.settle()

        check(edited, truth, watcher, edited.run(run_id))
        assert edited.everything() == before, point
        kill(pause.process)
    assert struck > len(worked) * 0.8


TRIGGER = {"kv ask", "kv note_jobs"}
