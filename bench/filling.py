"""Fills a KV with what a sync leaves there: the engine itself writes it, with no network before the
stand-ins."""

import re
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec

from dev.notion.objects import Objects
from dev.notion.workspace import Workspace
from dev.upstash.answers import answer
from dev.upstash.commands import Command
from dev.upstash.database import Database
from lib.config import Config
from lib.log import Log
from lib.model import Ask
from lib.slice_wiring import SliceParts
from lib.wiring import TIMEOUT, Services

CHILDREN = re.compile(r"/v1/blocks/([^/]+)/children")


async def fill(config: Config, workspace: Workspace, redis_url: str) -> int:
    """Sync a workspace of light pages, and return how many there are.

    `config` leads to a stand-in of Notion that lists them; `redis_url` is the Redis behind its KV.
    """
    database = Database(redis_url)
    try:
        async with _Near(config, workspace, database) as http:
            while True:
                services = Services(config, http, _Silent(now=lambda: 0.0))
                report = await SliceParts(services, None).engine.run_inline(Ask())
                if report.status == "done" and report.run:
                    return report.run.synced
    finally:
        await database.close()


class _Near(httpx.AsyncClient):
    """Answers what is asked of KV and of the blocks of pages by itself, and passes all else on."""

    def __init__(self, config: Config, workspace: Workspace, database: Database) -> None:
        super().__init__(trust_env=False, timeout=TIMEOUT)
        self._kv, self._workspace, self._database = config.kv_url, workspace, database
        self._objects = Objects(workspace, lambda path: {"url": path})

    async def post(self, url: Any, **more: Any) -> httpx.Response:
        """KV's protocol."""
        if url == self._kv:
            return _json(await self._run(more["json"]))
        if url == f"{self._kv}/pipeline":
            return _json([await self._run(words) for words in more["json"]])
        return await super().post(url, **more)

    async def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        """Notion's: a light page has fewer blocks than one answer holds."""
        if not (asked := CHILDREN.fullmatch(request.url.path)):
            return await super().send(request, **more)
        children = self._workspace.live_children(self._workspace.nodes[asked[1]])
        blocks = [self._objects.block(child) for child in children]
        found = _json({"object": "list", "results": blocks, "has_more": False, "next_cursor": None})
        found.request = request
        return found

    async def _run(self, words: Sequence[str]) -> Any:
        command: Command = [word.encode() for word in words]
        return answer(await self._database.run(command), base64=True)


class _Silent(Log):
    """Prints nothing."""

    def _print_line(self, head: dict[str, str], fields: dict[str, Any]) -> None:
        """Leave it out."""


def _json(content: Any) -> httpx.Response:
    return httpx.Response(200, content=msgspec.json.encode(content))
