"""One small site in virtual time: Notion, KV, the queue and the functions, wired to each other in
one process."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

import httpx

from dev.notion.workspace import TOKEN, Workspace
from dev.qstash import account as queue_account
from dev.qstash.account import Account, Settings
from dev.qstash.app import App
from dev.qstash.dispatcher import Dispatcher
from dev.qstash.message import FINAL, Message
from dev.qstash.signature import PUBLIC_CURRENT_SIGNING_KEY, PUBLIC_NEXT_SIGNING_KEY, PUBLIC_TOKEN
from tests.simulation import asgi
from tests.simulation.functions import Functions
from tests.simulation.kv import Kv
from tests.simulation.network import KV, NOTION, QUEUE, Life, Network
from tests.simulation.notion import Notion
from tests.simulation.patching import patched
from tests.simulation.redis import Redis
from tests.simulation.virtual import Clocks, VirtualLoop
from tests.stack.histories.workspace import SOURCES

SECRET = "a secret of the simulation"
SITE = "https://site.example"
WEBHOOK_TOKEN = "secret_of_the_webhook_of_the_simulation"
ENVIRON = {
    "NOTION_TOKEN": TOKEN,
    "NOTION_API_URL": f"https://{NOTION}",
    "NOTION_FILE_HOSTS": f"{NOTION}/files",
    "NOTION_REQUESTS_PER_MINUTE": "100000",
    "NOTION_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
    "NOTION_SOURCES": ",".join(f"{name}={id}" for name, id in SOURCES.items()),
    "CRON_SECRET": SECRET,
    "QSTASH_URL": f"https://{QUEUE}",
    "QSTASH_TOKEN": PUBLIC_TOKEN,
    "QSTASH_CURRENT_SIGNING_KEY": PUBLIC_CURRENT_SIGNING_KEY,
    "QSTASH_NEXT_SIGNING_KEY": PUBLIC_NEXT_SIGNING_KEY,
    "KV_REST_API_URL": f"https://{KV}",
    "KV_REST_API_TOKEN": "kv-token",
    "SYNC_BASE_URL": SITE,
    "SYNC_SLICE_SECONDS": "",
    "SYNC_LANES": "",
}
WATCHED = ("page:*", "db:*", "doc:*", "preview:*", "paths", "redirects", "*:index*")
"""Patterns of what a site reads."""


class World:
    """`luck` decides everything that chance decides."""

    def __init__(
        self,
        loop: VirtualLoop,
        redis: Redis,
        workspace: Workspace,
        luck: Random,
        notion_ahead: float = 0.0,
    ) -> None:
        self.luck = luck
        self.clocks = Clocks(loop, notion_ahead)
        self.redis = redis
        self.on_change: Callable[[set[str]], None] = lambda changed: None
        self.kv = Kv(redis, self.clocks.now, lambda changed: self.on_change(changed))
        self.notion = Notion(workspace, self.clocks.notion, f"https://{NOTION}", self.clocks.now)
        self.account = Account(Settings())
        self.account.clock = self.clocks.queue
        self._queue = App(self.account)
        self.dispatcher: Dispatcher = self._queue.dispatcher
        self.functions = Functions(self.clocks, luck, self._connect)
        self.functions.environ = dict(ENVIRON)
        self.sent: Counter[str] = Counter()
        self.dispatcher.open(_Deliveries(self.functions))

    def _connect(self, life: Life) -> Network:
        asks = {NOTION: self.notion.ask, QUEUE: self._ask_queue}
        return Network(life, self.kv, asks, self.luck, self.sent)

    async def _ask_queue(self, request: httpx.Request) -> httpx.Response:
        return await asgi.ask(
            self._queue, request.method, request.url, request.headers, request.content
        )

    async def get(self, path: str, **query: str) -> httpx.Response:
        """What the owner asks of a function."""
        return await self._ask("GET", path, query)

    async def post(self, path: str, **query: str) -> httpx.Response:
        return await self._ask("POST", path, query)

    async def _ask(self, method: str, path: str, query: dict[str, str]) -> httpx.Response:
        url = str(httpx.URL(path, params=query)) if query else path
        return await self.functions.call(method, url, {"authorization": f"Bearer {SECRET}"})

    @property
    def waiting(self) -> list[Message]:
        """Messages that the queue will deliver yet."""
        return [
            one
            for one in self.account.messages.values()
            if one.state not in FINAL and not one.dropped
        ]

    def run(self, run_id: str) -> dict[str, str]:
        """A run's record."""
        return self._hash(f"sync:run:{run_id}")

    def values(self) -> dict[str, Any]:
        """Everything that a site can read, but for the hash `paths`."""
        found: Any = self.redis.ask("KEYS", "*")
        keys = sorted(
            key for one in found if not (key := one.decode()).startswith("sync:") and key != "paths"
        )
        texts: Any = self.redis.ask("MGET", *keys) if keys else []
        return {
            key: _decoded(text) for key, text in zip(keys, texts, strict=True) if text is not None
        }

    def paths(self) -> dict[str, str]:
        """The slugs of the published pages by their ids."""
        return self._hash("paths")

    def records(self) -> dict[str, Any]:
        """What is remembered of the reading of each published page, by its id."""
        return {id: json.loads(text) for id, text in self._hash("sync:pages").items()}

    def knows_paused(self, page_id: str) -> bool:
        """Whether the functions have seen that a page is paused."""
        text: Any = self.redis.ask("HGET", "sync:observed", page_id)
        return bool(text and json.loads(text).get("is_paused"))

    def _hash(self, key: str) -> dict[str, str]:
        flat: Any = self.redis.ask("HGETALL", key)
        words = [word.decode() for word in flat]
        return dict(zip(words[::2], words[1::2], strict=True))

    def referrers(self) -> set[tuple[str, str]]:
        """Who leads to whom, as it is remembered: a page, and one that leads to it."""
        found: Any = self.redis.ask("KEYS", "sync:referrers:*")
        pairs: set[tuple[str, str]] = set()
        for key in found:
            members: Any = self.redis.ask("SMEMBERS", key)
            pairs |= {(key.decode().rpartition(":")[2], one.decode()) for one in members}
        return pairs

    async def stop(self) -> None:
        await self.dispatcher.stop()
        await self.functions.stop()


class _Deliveries(httpx.AsyncClient):
    """How the queue reaches the functions."""

    def __init__(self, functions: Functions) -> None:
        super().__init__(
            transport=httpx.MockTransport(lambda _: httpx.Response(500)), trust_env=False
        )
        self._functions = functions

    async def request(self, method: str, url: Any, **more: Any) -> httpx.Response:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in more["headers"]
        }
        return await self._functions.call(
            method, str(url).removeprefix(SITE), headers, more["content"]
        )


def _decoded(text: bytes) -> Any:
    """A value, None where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


@contextmanager
def chance(luck: Random) -> Iterator[None]:
    """What the stand-ins and the functions draw by themselves is drawn from `luck` meanwhile."""
    drawn = patched(uuid, uuid4=lambda: uuid.UUID(int=luck.getrandbits(128), version=4))
    with drawn, patched(queue_account, secrets=SimpleNamespace(choice=luck.choice)):
        yield
