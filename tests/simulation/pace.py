"""When each request to Notion is under way, in virtual time: Notion answers after a second, and all
else takes none. So a time is a number of round trips."""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import NamedTuple

import httpx

from dev.notion.workspace import Workspace
from tests.simulation.functions import deployed
from tests.simulation.network import KV, NOTION, QUEUE, Life, Network
from tests.simulation.redis import Redis
from tests.simulation.virtual import VirtualLoop
from tests.simulation.world import World, chance

LATENCIES = {KV: 0.0, QUEUE: 0.0, NOTION: 1.0}
LONGEST_RUN_SECONDS = 600.0


class Asked(NamedTuple):
    """A request, in seconds since the first one began."""

    began: float
    ended: float
    path: str


class Sync(NamedTuple):
    """A full sync: its requests to Notion in the order of their answers, and how many KV
    commands it took."""

    asked: list[Asked]
    kv_commands: int


class PacedWorld(World):
    """A world without chance. `asked` are the requests to Notion in the order of their answers."""

    asked: list[Asked]

    def _connect(self, life: Life) -> Network:
        asks = {NOTION: self._ask_notion, QUEUE: self._ask_queue}
        return _Paced(life, self.kv, asks, self.luck, self.sent)

    async def _ask_notion(self, request: httpx.Request) -> httpx.Response:
        answer = await self.notion.ask(request)
        now = self.clocks.monotonic()
        path = request.url.path.removeprefix("/v1/")
        self.asked.append(Asked(now - LATENCIES[NOTION], now, path))
        return answer


class _Paced(Network):
    def _latency(self, host: str) -> float:
        return LATENCIES.get(host, 0.0)


def full_sync(
    redis: Redis,
    workspace: Workspace,
    sources: Mapping[str, str],
    settings: Mapping[str, str] = {},
) -> Sync:
    """Sync everything for the first time, with these settings besides."""
    redis.clear()
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    luck = Random(1)
    try:
        with chance(luck):
            world = PacedWorld(loop, redis, workspace, luck)
            world.asked = []
            world.functions.environ["NOTION_SOURCES"] = ",".join(
                f"{name}={database}" for name, database in sources.items()
            )
            world.functions.environ |= {"NOTION_REQUESTS_PER_MINUTE": "180", **settings}
            with deployed(world.functions, world.clocks, luck):
                loop.run_until_complete(_run(world))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
    first = min(one.began for one in world.asked)
    asked = [Asked(one.began - first, one.ended - first, one.path) for one in world.asked]
    return Sync(asked, world.kv.commands.total())


async def _run(world: PacedWorld) -> None:
    answer = await world.get("/api/sync/trigger")
    await asyncio.sleep(LONGEST_RUN_SECONDS)
    assert world.run(answer.json()["runId"])["status"] == "delivered"
    await world.stop()
