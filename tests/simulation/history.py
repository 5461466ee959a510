"""Playing a history: a list of actions, and the seed of everything else that chance decides."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from shutil import which
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from tests.redis_server import redis_server
from tests.simulation.actions import Action, Settle
from tests.simulation.functions import deployed
from tests.simulation.network import Killed
from tests.simulation.redis import Redis
from tests.simulation.stage import Broken, Stage
from tests.simulation.versions import BIG_ROWS, VERSION, set_big_rows, set_version
from tests.simulation.virtual import Standstill, VirtualLoop
from tests.simulation.world import WATCHED, World, chance
from tests.stack.histories.workspace import small

T = TypeVar("T")

SETTLED_SECONDS = 125.0
"""After so long nothing that was read is within the minute of its edit, however far clocks lie
apart."""
LONGEST_WAIT_SECONDS = 2_200.0
"""Longer than a run is believed to be alive without a sign of life, also where Notion told it to
wait, or than any item waits for its next try."""
BETWEEN_RUNS_SECONDS = 2.0
"""Notion tells its time in whole seconds: of two readings within one, nobody can say which was the
later."""
MOST_ROUNDS = 100_000
"""Of the event loop: fifty times as many as the longest of a hundred histories takes."""
FRESH = 10
"""One history of so many begins with an empty KV."""
SKEWS = (0.0, 0.0, 0.0, -20.0, 20.0)
"""How far Notion's clock may be ahead."""


@dataclass(frozen=True)
class History:
    """`seed` decides latencies, clocks and ids; `actions` happen one after the other between a
    first sync and an end in which all trouble is over."""

    seed: int
    actions: Sequence[Action]

    def __str__(self) -> str:
        lines = "".join(f"    {action!r},\n" for action in self.actions)
        return f"History({self.seed}, [\n{lines}])"


@dataclass
class Result:
    """`problem` is "" where everything held; `seen` counts what was reached."""

    problem: str
    seen: Counter[str]
    trace: tuple[float, int, int]
    """The virtual time at the end, and how many requests Notion and KV got: the same for the same
    history."""


@dataclass(frozen=True)
class Start:
    """A site that has been synced once: what KV holds, so many seconds after the beginning."""

    keys: list[tuple[bytes, int, bytes]]
    seconds: float


class Player:
    """Plays histories on one redis-server. Most of them begin where one first sync has ended; one
    of `FRESH` syncs by itself. One that takes `MOST_ROUNDS` of its loop never ends."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._start: Start | None = None

    def play(self, history: History) -> Result:
        if self._start is None:
            self._start = self._in_a_world(Random(0), 0.0, self._first_sync)
        luck = Random(history.seed)
        ahead = luck.choice(SKEWS)
        return self._in_a_world(luck, ahead, lambda world: self._play(world, history))

    def _in_a_world(
        self, luck: Random, notion_ahead: float, play: Callable[[World], Coroutine[Any, Any, T]]
    ) -> T:
        self._redis.clear()
        loop = VirtualLoop()
        loop.set_exception_handler(_note)
        asyncio.set_event_loop(loop)
        try:
            with chance(luck):
                world = World(loop, self._redis, small(), luck, notion_ahead)
                with deployed(world.functions, world.clocks, luck):
                    playing = loop.create_task(play(world))
                    loop.call_at_round(MOST_ROUNDS, playing.cancel)
                    return loop.run_until_complete(playing)
        finally:
            set_big_rows(BIG_ROWS)
            set_version(VERSION)
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()

    async def _first_sync(self, world: World) -> Start:
        await _begin(Stage(world))
        await world.stop()
        return Start(self._redis.dump(), world.clocks.monotonic())

    async def _play(self, world: World, history: History) -> Result:
        stage = Stage(world)
        problem = ""
        try:
            if self._start is None or history.seed % FRESH == 0:
                await _begin(stage)
            else:
                await asyncio.sleep(self._start.seconds)
                world.kv.age()
                stage.watch(self._redis.restore(self._start.keys))
                stage.right_at = world.clocks.now()
            for number, action in enumerate(history.actions):
                await _one(action, number, stage)
            await _end(stage)
        except (Broken, Standstill) as broken:
            problem = str(broken) or type(broken).__name__
        except asyncio.CancelledError:
            problem = f"never ends:\n{_what_goes_on(world)}"
        finally:
            await world.stop()
            left = [*stage.tasks, *stage.turns]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        seen = stage.seen + world.kv.outcomes + world.functions.events
        trace = (
            round(world.clocks.monotonic(), 3),
            world.notion.requests,
            world.kv.commands.total(),
        )
        return Result(problem, seen, trace)


def _note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What dies with its instance is nobody's error."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)


def _what_goes_on(world: World) -> str:
    """Return what a history that never ends has done most, and last."""
    runs = Counter(f"{call.path} of {call.run_id or 'no run'}" for call in world.functions.calls)
    return (
        f"{world.clocks.monotonic():.0f} s, {world.notion.requests} requests to Notion,"
        f" {world.kv.commands.total()} commands, {len(world.functions.calls)} calls, most of them"
        f" {runs.most_common(3)}, last {[call.path for call in world.functions.calls[-5:]]};"
        f" {len(world.waiting)} messages wait; {world.functions.events.most_common(12)}"
    )


async def _one(action: Action, number: int, stage: Stage) -> None:
    try:
        await action.act(stage)
    except Broken as broken:
        raise Broken(f"at action {number}, {action!r}:\n{broken}") from None
    await asyncio.sleep(stage.world.luck.uniform(0.01, 0.6))


async def _begin(stage: Stage) -> None:
    await stage.ask("", 0, force=False, here=False)
    await stage.settle()
    await asyncio.sleep(SETTLED_SECONDS)


async def _end(stage: Stage) -> None:
    """Trouble ends and a run follows: KV equals the workspace. After the minute of the last edit
    another one settles everything, and then there is nothing to do any more."""
    stage.heal()
    stage.calm()
    await stage.settle()
    await asyncio.sleep(LONGEST_WAIT_SECONDS)
    for pause in (0.0, SETTLED_SECONDS):
        await asyncio.sleep(pause)
        await _clean_run(stage)
    previewed = stage.previews.changes
    run = await _clean_run(stage)
    done = {name: int(run.get(name, "0")) for name in ("toSync", "written", "deleted")}
    if (
        stage.has_closed_sources
    ):  # each run reports them, and their rows that something else makes due
        del done["toSync"]
    done["previewed"] = stage.previews.changes - previewed
    if any(done.values()):
        raise Broken(f"never settled: {done}")


async def _clean_run(stage: Stage) -> dict[str, str]:
    """A run with nothing in its way; its record."""
    await asyncio.sleep(BETWEEN_RUNS_SECONDS)
    await stage.ask("", 0, force=False, here=False)
    run_id = stage.promises[-1].run_id
    await stage.settle()
    run = stage.world.run(run_id)
    if run.get("status") != "delivered":
        raise Broken(f"a run with nothing in its way is {run.get('status')}: {run.get('error')}")
    return run


@contextmanager
def player(socket: str = "") -> Iterator[Player]:
    """A player with a redis-server of its own, or that at a socket."""
    with ExitStack() as stack:
        if not socket:
            program = which("redis-server")
            if program is None:
                raise FileNotFoundError("redis-server is not installed")
            folder = Path(stack.enter_context(TemporaryDirectory()))
            socket = stack.enter_context(redis_server(program, folder)).removeprefix("unix://")
        redis = Redis(socket, WATCHED)
        stack.callback(redis.close)
        yield Player(redis)


__all__ = ["History", "Player", "Result", "Settle", "player"]
