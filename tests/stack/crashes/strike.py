"""Strikes at one exact moment of a run: around a certain KV command, or a certain request to
Notion."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import lib.store.kv
from dev.upstash import Failed
from tests.stack.crashes.deployment import kill
from tests.stack.crashes.truth import EXACT, Truth
from tests.stack.crashes.watcher import Watcher
from tests.stack.crashes.world import KEYS, World

How = Literal["kill", "break"]
When = Literal["before", "after"]
Met = Callable[[str, str], None]

SCRIPTS = {
    path.read_text("utf-8").partition("\n")[0]: path.stem
    for path in Path(lib.store.kv.__file__).parent.glob("lua/*.lua")
}
"""By their first lines, which say what each is for."""
ITEM = re.compile(r"(partial|parts|originals):\S+")
PIECE = re.compile(r"(:listing):\d+$")
RUN_ID = re.compile(r"run_[0-9a-f]{32}")
MOST_OF_A_KIND = 1
"""Moments of one script, or of one request, that are struck: the later ones are like them."""


class Point:
    """A moment of a run: the nth time that something is done. What tasks do side by side comes in
    another order every time, so a moment is known by its name and not by how much came before
    it."""

    def __init__(self, what: str, nth: int) -> None:
        self.what, self.nth = what, nth

    def __repr__(self) -> str:
        return f"{self.what} ({self.nth})"


def listen(world: World, met: Met) -> None:
    """Calls `met("before" | "after", what)` around everything that the functions do to the
    world."""
    world.kv.on_command(lambda when, words: met(when, f"kv {_command(words)}"))
    world.notion.on_request(lambda when, method, path: met(when, f"notion {method} {path}"))


def points(world: World) -> list[Point]:
    """Every moment of the run that is asked for now."""
    seen: Counter[str] = Counter()
    listen(world, lambda when, what: seen.update([what] if when == "after" else []))
    world.sync()
    return [Point(what, nth) for what, times in seen.items() for nth in range(1, times + 1)]


class Strike:
    """Before: what was asked for has arrived and is not executed. After: it is, and nobody gets the
    answer.

    How: the functions are killed, or KV breaks the connection. `struck` tells whether the moment
    came.
    """

    def __init__(self, world: World, point: Point, how: How, when: When) -> None:
        self.struck = False
        self._how = how
        self._known = records(world)
        self._finished: set[str] = set()
        self._requests_before = 0
        self._world, self._point, self._when = world, point, when
        self._process = world.deployment.process()
        self._met = 0
        self._counting = threading.Lock()
        listen(world, self._meet)

    def read_again(self) -> list[str]:
        """What was asked of Notion once more although the run had published it before the
        strike."""
        requests = self._world.notion.log.requests[self._requests_before :]
        return [
            request["path"]
            for request in requests
            if request["path"].split("/")[3] in self._finished
        ]

    def _meet(self, when: str, what: str) -> None:
        if (when, what) != (self._when, self._point.what):
            return
        with self._counting:
            self._met += 1
            if self._met != self._point.nth:
                return
        if self._how == "kill":
            kill(self._process)
        self._finished = finished(self._world, self._known)
        self._requests_before = len(self._world.notion.log.requests)
        self.struck = True
        if self._how == "break" or (when == "before" and what.startswith("kv ")):
            raise Failed("reset")


def strike_at_each(
    world: World, truth: Truth, moments: Sequence[Point], how: How, when: When
) -> None:
    moments = [point for point in moments if point.nth <= MOST_OF_A_KIND]
    missed = []
    for point in moments:
        world.rewind()
        watcher = Watcher(world, truth.before, truth.after)
        strike = Strike(world, point, how, when)
        watcher.watch()

        run_id = world.ask()
        messages = world.settle()

        story = f"{how} {when} {point}"
        run = world.run(run_id)
        if not strike.struck:
            missed.append(point)
        assert run["status"] == "delivered", story
        assert world.state() == truth.after, story
        assert watcher.broken == [], story
        assert strike.read_again() == [], story
        assert {name: run.get(name) for name in EXACT} == {
            name: truth.run.get(name) for name in EXACT
        }, story
        assert {message.state for message in messages} == {"DELIVERED"}, story
        assert how == "kill" or {len(message.attempts) for message in messages} == {1}, story
    assert all(point.nth > 1 or point.what.startswith("notion") for point in missed), (
        missed
    )  # their order may differ
    assert len(missed) < len(moments) / 5, missed


def records(world: World) -> dict[str, str]:
    """What is remembered of published pages and child databases, by their ids."""
    found: dict[str, str] = world.redis.hgetall(KEYS.pages) | world.redis.hgetall(KEYS.databases)
    return found


def finished(world: World, before: dict[str, str]) -> set[str]:
    """Pages and child databases that have been read and published since `before`, and are not due
    again."""
    due = {key.removeprefix("db:") for key in world.redis.hkeys(KEYS.work)}
    return {id for id, record in records(world).items() if record != before.get(id)} - due


def _command(words: list[str]) -> str:
    if words[0] == "EVAL":
        script = SCRIPTS[words[1].partition("\n")[0]]
        return f"{script} {_named(words[4])}" if script == "keep_piece" else script
    return _named(" ".join(words[:2]))


def _named(key: str) -> str:
    return PIECE.sub(r"\1:{piece}", ITEM.sub(r"\1:{item}", RUN_ID.sub("{run}", key)))
