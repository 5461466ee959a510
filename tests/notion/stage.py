"""A few Notion objects behind a mock transport, a clock that only sleeping moves, and a client that
talks to them."""

import itertools
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

import httpx

from lib.model import JSON, ChildDatabase, Grant
from lib.notion.border.blocks import TEXT_KINDS
from lib.notion.client import NotionAccess, NotionClient
from lib.notion.computed import Schemas
from lib.notion.databases import Reading, read_database
from lib.notion.pacing import Pacer
from lib.notion.pages import Completion, complete_properties

TOKEN = "ntn_not-a-real-token"
API = "https://notion.example"

_numbers = itertools.count(1)

Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


def new_id() -> str:
    return f"00000000-0000-4000-8000-{next(_numbers):012x}"


class Clock:
    """Epoch seconds and a monotonic time in one; `slept` are the pauses that were asked for."""

    def __init__(self, now: float = 1_764_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def pacer(clock: Clock, **changed: Any) -> Pacer:
    async def reserve(requests: int) -> Grant:
        return Grant(requests)

    async def push_back(seconds: float) -> None:
        pass

    collaborators: dict[str, Any] = {
        "reserve": reserve,
        "push_back": push_back,
        "out_of_time": lambda: False,
        "sleep": clock.sleep,
        "monotonic": clock.now,
    }
    return Pacer(**{**collaborators, **changed})


def client(handler: Handler, clock: Clock | None = None, **changed: Any) -> NotionClient:
    clock = clock or Clock()
    access: dict[str, Any] = {
        "token": TOKEN,
        "base_url": API,
        "http": httpx.AsyncClient(transport=httpx.MockTransport(handler), trust_env=False),
        "timeout_seconds": 30.0,
    }
    access |= {name: changed.pop(name) for name in access.keys() & changed.keys()}
    collaborators: dict[str, Any] = {
        "pacer": pacer(clock),
        "now": clock.now,
        "sleep": clock.sleep,
        "random": lambda: 0.5,
    }
    return NotionClient(NotionAccess(**access), **{**collaborators, **changed})


def error(status: int, code: str, message: str = "No.", **more: Any) -> httpx.Response:
    """An error answer as Notion words it."""
    return httpx.Response(
        status, json={"object": "error", "status": status, "code": code, "message": message, **more}
    )


def not_found(id: str) -> httpx.Response:
    return error(404, "object_not_found", f"Could not find block with ID: {id}.")


def page_object(page_id: str, **properties: JSON) -> JSON:
    """A page as Notion gives it."""
    time = "2026-11-20T10:00:00.000Z"
    return {
        "object": "page",
        "id": page_id,
        "created_time": time,
        "last_edited_time": time,
        "icon": None,
        "properties": properties,
    }


class Stage:
    """The workspace. `lists` are children by block id, `objects` anything by its path, `refused`
    answers by path.

    `asked` are the finished requests in order, each as path, or path and cursor.
    """

    def __init__(self, page_size: int = 100) -> None:
        self.page_size = page_size
        self.lists: dict[str, list[JSON]] = {}
        self.objects: dict[str, JSON] = {}
        self.refused: dict[str, httpx.Response] = {}
        self.asked: list[str] = []
        self.before: Callable[[str], Awaitable[None]] | None = None

    def page(self, *blocks: JSON) -> str:
        return self.put(new_id(), *blocks)

    def put(self, id: str, *blocks: JSON) -> str:
        self.lists[id] = list(blocks)
        return id

    def block(self, kind: str = "paragraph", *children: JSON, id: str = "", **content: Any) -> JSON:
        """A block; its children are put on the stage too."""
        id = id or new_id()
        if children:
            self.put(id, *children)
        return {
            "object": "block",
            "id": id,
            "created_time": "2026-11-20T10:00:00.000Z",
            "type": kind,
            "has_children": bool(children),
            kind: {"rich_text": [], **content} if kind in TEXT_KINDS else content,
        }

    def copy(self, original: str) -> JSON:
        copy = self.block("synced_block", synced_from={"type": "block_id", "block_id": original})
        return {**copy, "has_children": True}

    def original(self, *children: JSON, id: str = "") -> JSON:
        return self.block("synced_block", *children, id=id, synced_from=None)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        cursor = parse_qs(request.url.query.decode()).get("start_cursor", [""])[0]
        name = f"{path} {cursor}".strip()
        if self.before is not None:
            await self.before(name)
        answer = self._answer(path, cursor)
        self.asked.append(name)
        return answer

    def _answer(self, path: str, cursor: str) -> httpx.Response:
        if path in self.refused:
            return self.refused[path]
        if path in self.objects:
            return httpx.Response(200, json=self.objects[path])
        id = path.removeprefix("blocks/").removesuffix("/children")
        if path == f"blocks/{id}/children" and id in self.lists:
            return httpx.Response(200, json=self._list(self.lists[id], cursor))
        return not_found(id)

    def _list(self, items: list[JSON], cursor: str) -> JSON:
        start = int(cursor.removeprefix("at-") or 0)
        rest = items[start + self.page_size :]
        return {
            "object": "list",
            "results": items[start : start + self.page_size],
            "has_more": bool(rest),
            "next_cursor": f"at-{start + self.page_size}" if rest else None,
        }


def body_of(request: httpx.Request) -> JSON:
    body: JSON = json.loads(request.content)
    return body


async def completed(
    notion: NotionClient, page: JSON, completion: Completion, *, is_last_try: bool = False
) -> JSON:
    """The page as a slice completes it that has asked for nothing yet."""
    return await complete_properties(
        notion, page, completion, Schemas(notion), is_last_try=is_last_try
    )


async def read_whole(notion: NotionClient, reading: Reading) -> ChildDatabase:
    """The database as a slice reads it that has asked for nothing yet."""
    return await read_database(notion, reading, Schemas(notion))
