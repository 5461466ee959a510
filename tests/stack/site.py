"""What a test does with a stack: asks for a run, waits for its end, and reads KV as a site
would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol, Self
from weakref import WeakKeyDictionary

import httpx
from redis import Redis

from dev.equality import Bundles, Truth
from dev.notion import SAMPLE_DATABASES, NotionStandIn
from dev.qstash import QStashStandIn
from dev.stack import ROOT, Stack
from dev.upstash import UpstashStandIn
from lib.store.kv import source_of
from tests.moment import Entry, bring_back, remember
from tests.waiting import until

NOWHERE = "ffffffff-0000-4000-8000-000000000001"
"""The id of a page that Notion does not know."""
DATABASES = list(SAMPLE_DATABASES.values())
GIVE_UP_SECONDS = 240.0


class Deployed(Protocol):
    """The functions somewhere, and the stand-ins around them."""

    secret: str

    @property
    def url(self) -> str: ...

    def get(self, path: str, **query: str) -> httpx.Response: ...


class Site:
    def __init__(
        self, stack: Deployed, notion: NotionStandIn, qstash: QStashStandIn, kv: UpstashStandIn
    ) -> None:
        self.stack, self.notion, self.qstash, self.kv = stack, notion, qstash, kv

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Of a stack all of whose services are stand-ins."""
        assert stack.notion is not None
        assert stack.qstash is not None
        return cls(stack, stack.notion, stack.qstash, stack.upstash)

    def command(self, *words: str) -> Any:
        """One KV command, as its plain answer."""
        headers = {"Authorization": f"Bearer {self.kv.token}"}
        return _http().post(self.kv.url, json=words, headers=headers).json()["result"]

    def load_scripts(self) -> None:
        """KV has met every script before, so that none is sent twice."""
        for script in (ROOT / "lib/store/lua").glob("*.lua"):
            self.command("SCRIPT", "LOAD", source_of(script.stem))

    def read(self, key: str) -> Any:
        text = self.command("GET", key)
        return None if text is None else json.loads(text)

    def site_keys(self) -> list[str]:
        """The texts that a site can read; nothing of the engine's own, nor the hash `paths`."""
        return sorted(
            key
            for key in self.command("KEYS", "*")
            if not key.startswith("sync:") and key != "paths"
        )

    def run(self, run_id: str) -> dict[str, str]:
        """A run's record."""
        flat: list[str] = self.command("HGETALL", f"sync:run:{run_id}")
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def sync(self, **query: str) -> dict[str, str]:
        """Asks for a run through the trigger and waits until it has ended."""
        answer = self.stack.get("/api/sync/trigger", **query)
        assert answer.status_code == 202, answer.text
        return self.ended(answer.json()["runId"])

    def ended(self, run_id: str) -> dict[str, str]:
        """Waits until a run has ended; gives its record. The queue says by itself when it has
        nothing to do; KV is asked again and again only where a message waits for later."""
        self.qstash.drain()
        until(lambda: self.has_ended(run_id), GIVE_UP_SECONDS, told=lambda: self.run(run_id))
        self.qstash.drain()
        return self.run(run_id)

    def later(self) -> None:
        """Three minutes pass for Notion, so that what was read is settled; its requests are counted
        anew."""
        self.notion.clock.advance(180)
        self.notion.log.clear()

    def has_ended(self, run_id: str) -> bool:
        return self.run(run_id).get("status") not in (None, "pending", "active")

    def synced(self, run_id: str) -> int:
        """How many pages a run has read so far."""
        return int(self.run(run_id).get("synced", "0"))

    def published(self) -> dict[str, Any]:
        """Every page's bundle by the page's id, parts put together."""
        return self.bundles().pages

    def bundles(self) -> Bundles:
        """Everything that a site can read."""
        keys = self.site_keys()
        texts = self.command("MGET", *keys) if keys else []
        flat = self.command("HGETALL", "paths")
        paths = dict(zip(flat[::2], flat[1::2], strict=True))
        return Bundles.of(
            {key: text for key, text in zip(keys, texts, strict=True) if text is not None}, paths
        )

    def check(self, copies: str = "") -> None:
        """KV equals the workspace: the same pages, property for property and block for block, and
        nothing else.

        `copies`: the public address of the Blob store where every file has been copied.
        """
        problems = self.truth(copies).problems(self.bundles())
        assert problems == [], problems[:3]

    def truth(self, copies: str = "") -> Truth:
        """The workspace, to hold KV against; `copies` as for `check`."""
        now = self.notion.clock.now()
        return Truth(
            self.notion.workspace, SAMPLE_DATABASES, self.stack.url, copies=copies, now=now
        )


@cache
def _http() -> httpx.Client:
    """One client for all of a test run: its TLS context takes longer to build than a command to
    run."""
    return httpx.Client(trust_env=False)


@contextmanager
def unlimited(stack: Stack) -> Iterator[None]:
    """Runs may follow each other faster than Notion allows."""
    assert stack.notion is not None
    stack.set("NOTION_REQUESTS_PER_MINUTE", "100000")
    stack.notion.limit.requests = None
    yield
    stack.set("NOTION_REQUESTS_PER_MINUTE", "")


def synced(site: Site, stack: Stack) -> Iterator[Site]:
    """A site that has been synced, three minutes later: a fixture's body."""
    with unlimited(stack):
        sync_once(site, stack)
        site.later()
        yield site


_AFTER_FIRST_SYNC: WeakKeyDictionary[Stack, list[Entry]] = WeakKeyDictionary()


def sync_once(site: Site, stack: Stack) -> None:
    """Syncs a fresh workspace, and forgets the messages of that run. The next test of the same
    stack finds KV as it was then: the workspace is the same, and a run costs a hundred times as
    much. The embedded Redis can't be brought back."""
    address = stack.environ.get("REDIS_URL")
    if address is None:
        _sync_alone(site)
        return
    with Redis.from_url(address) as redis:
        if stack in _AFTER_FIRST_SYNC:
            bring_back(redis, _AFTER_FIRST_SYNC[stack])
        else:
            _sync_alone(site)
            _AFTER_FIRST_SYNC[stack] = remember(redis)


def _sync_alone(site: Site) -> None:
    run = site.sync()
    assert (run["status"], run.get("failed", "0")) == ("delivered", "0"), run
    site.qstash.reset()
