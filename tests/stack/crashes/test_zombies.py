"""A process that was believed dead goes on: it makes no difference."""

import threading
from functools import partial

import httpx
import pytest

from lib.qstash.signature import sign_delivery
from lib.secret import Secret, derived_secret
from tests.stack.crashes.deployment import go_on, kill, stop
from tests.stack.crashes.strike import MOST_OF_A_KIND, Point, listen, points
from tests.stack.crashes.truth import Truth
from tests.stack.crashes.watcher import Watcher
from tests.stack.crashes.world import World
from tests.waiting import until

TRIGGER = {"kv ask", "kv note_jobs"}
"""What the trigger does in the same process."""


class Pause:
    """Stops the functions at a certain moment and holds back what they asked for, until it is
    released."""

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
        "Upstash-Signature": sign_delivery(body, address, world.qstash.current_signing_key, now),
        "x-sync-secret": derived_secret(Secret(world.secret)),
    }
    return httpx.post(address, content=body, headers=headers, timeout=60, trust_env=False)


@pytest.mark.timeout(1200)
def test_a_zombie_writes_nothing_any_more(edited: World, truth: Truth) -> None:
    """The process is stopped before each of its KV commands; another one does the work; then the
    first one goes on."""
    edited.rewind()
    worked = [
        point
        for point in points(edited)
        if point.what.startswith("kv") and point.what not in TRIGGER and point.nth <= MOST_OF_A_KIND
    ]
    struck = 0
    for point in worked:
        edited.rewind()
        watcher = Watcher(edited, truth.before, truth.after)
        watcher.watch()
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
        assert (again.status_code, again.json()["status"]) in (
            (200, "done"),
            (200, "joined"),
        ), point
        until(partial(edited.site.has_ended, run_id), told=partial(edited.run, run_id))
        before = edited.everything()

        pause.release()
        edited.settle()

        assert (edited.run(run_id)["status"], edited.state()) == ("delivered", truth.after), point
        assert watcher.broken == [], point
        assert edited.everything() == before, point
        kill(pause.process)
    assert struck > len(worked) * 0.8
