"""Everything that a run needs, in real processes, with a memory: it can be wound back to a moment
before a run."""

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from redis import Redis

from dev.equality import Bundles
from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn
from dev.qstash import QStashStandIn
from dev.qstash.message import FINAL, Message
from dev.upstash import UpstashStandIn
from lib.store.keys import Keys
from tests.moment import Entry, bring_back, remember
from tests.stack.crashes.deployment import Deployment
from tests.stack.crashes.workspace import edit_much, small
from tests.stack.site import Site
from tests.waiting import until

SETTINGS = {
    "NOTION_SOURCES": SAMPLE_SOURCES,
    "NOTION_REQUESTS_PER_MINUTE": "100000",
    "KV_MAX_VALUE_BYTES": "4000",
}
"""Budgets that no test waits for, and values so small that the long page has parts."""
KEYS = Keys()
RETRY_SPEED = 600.0
"""A minute before a retry takes a tenth of a second."""
HOUR = 3600.0
GIVE_UP_SECONDS = 120.0

State = dict[str, Any]
"""What a site can read: each key's value, without the times of writing."""


class Published(NamedTuple):
    """What a site can read, as KV holds it: keys and values in turn, the fields and values of
    `paths` in turn, and the keys that will expire."""

    texts: list[str]
    paths: list[str]
    expiring: list[str]

    def bundles(self) -> Bundles:
        return Bundles.of(
            *(dict(zip(words[::2], words[1::2], strict=True)) for words in (self.texts, self.paths))
        )


class World:
    def __init__(self, redis_url: str, folder: Path) -> None:
        self.notion = NotionStandIn(source=small)
        self.qstash = QStashStandIn(speed=RETRY_SPEED)
        self.kv = UpstashStandIn(redis_url=redis_url)
        self.redis: Any = Redis.from_url(redis_url, decode_responses=True)
        self._raw: Any = Redis.from_url(redis_url)
        self.secret = secrets.token_urlsafe(16)
        self._log = folder / "functions.log"
        self.deployment = Deployment(self._environ(), self._log)
        self._moment: list[Entry] = []

    @property
    def url(self) -> str:
        return self.deployment.url

    @property
    def site(self) -> Site:
        return Site(self, self.notion, self.qstash, self.kv)

    @contextmanager
    def set(self, **settings: str) -> Iterator[None]:
        """Deploys with other settings for a while."""
        usual = self.deployment
        self.deployment = Deployment(self._environ() | settings, self._log)
        try:
            yield
        finally:
            self.deployment.close()
            self.deployment = usual

    def get(self, path: str, **query: str) -> httpx.Response:
        """Asks a function as its owner would, and again where the connection broke."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        while True:
            try:
                return httpx.get(
                    f"{self.url}{path}", params=query, headers=headers, timeout=60, trust_env=False
                )
            except (httpx.RemoteProtocolError, httpx.ReadError):
                continue

    def begin(self) -> None:
        """The small workspace, synced once, two hours ago."""
        self.qstash.reset()
        self.notion.reset()
        self.notion.limit.requests = None
        self.kv.reset()
        self.notion.clock.advance(-2 * HOUR)
        run = self.sync()
        assert (run["status"], run.get("failed", "0")) == ("delivered", "0"), run

    def edit(self) -> None:
        """People edited much, an hour ago; KV is as it was, and this is the moment to which
        `rewind` comes back."""
        self.notion.clock.advance(HOUR)
        edit_much(self.notion.edit)
        self.notion.clock.reset()
        self.remember()

    def remember(self) -> None:
        self._moment = remember(self._raw)

    def rewind(self) -> None:
        """KV as it was, nothing in the queue, no faults, no callbacks, nothing counted."""
        self.qstash.reset()
        self.qstash.heal()
        self.kv.reset()
        self.notion.faults.clear()
        self.notion.latency.set(0)
        self.notion.forget_callbacks()
        self.notion.log.clear()
        bring_back(self._raw, self._moment)

    def ask(self, **query: str) -> str:
        """Asks for a run: its id."""
        answer = self.get("/api/sync/trigger", **query)
        assert answer.status_code == 202, answer.text
        run_id: str = answer.json()["runId"]
        return run_id

    def sync(self, **query: str) -> dict[str, str]:
        """Asks for a run, and waits until nothing is in the queue any more: the run's record."""
        run_id = self.ask(**query)
        self.settle()
        return self.run(run_id)

    def run(self, run_id: str) -> dict[str, str]:
        record: dict[str, str] = self.redis.hgetall(KEYS.run(run_id))
        return record

    def settle(self) -> list[Message]:
        """Waits until every message has come to its end; gives them."""
        until(
            lambda: not self.is_busy(),
            GIVE_UP_SECONDS,
            told=lambda: Counter(message.state for message in self.qstash.messages),
        )
        self.qstash.drain()
        return self.qstash.messages

    def is_busy(self, *, patient: bool = True) -> bool:
        """Whether a message has not come to its end yet; if not `patient`, those that wait for
        later don't count."""
        messages = self.qstash.messages
        open_ones = [message for message in messages if message.state not in FINAL]
        return not messages or any(patient or delay(message) <= 1 for message in open_ones)

    def finish(self, run_id: str) -> dict[str, str]:
        """Waits for the end of a run, and lets time pass wherever a message was published with a
        delay."""
        give_up = time.monotonic() + GIVE_UP_SECONDS
        waited: set[str] = set()
        while (run := self.run(run_id)).get("status") in (None, "pending", "active"):
            assert time.monotonic() < give_up, run
            open_messages = [
                message for message in self.qstash.messages if message.state not in FINAL
            ]
            assert open_messages, f"nobody carries the run on: {run}"
            next_one = min(open_messages, key=lambda message: message.due_at)
            if (
                next_one.state == "CREATED"
                and delay(next_one) > 1
                and next_one.message_id not in waited
            ):
                waited.add(next_one.message_id)
                self.later(delay(next_one))
            time.sleep(0.02)
        until(
            lambda: not self.is_busy(patient=False), GIVE_UP_SECONDS, told=lambda: self.run(run_id)
        )
        return self.run(run_id)

    def later(self, seconds: float) -> None:
        """So much time has passed, for the queue and for whatever KV has a time for."""
        for key, due in self.redis.zrange(KEYS.due, 0, -1, withscores=True):
            self.redis.zadd(KEYS.due, {key: max(0, due - seconds * 1000)}, xx=True)
        for field in ("start", "closedUntil"):
            if at := self.redis.hget(KEYS.budget, field):
                self.redis.hset(KEYS.budget, field, round(float(at) - seconds * 1000))
        if active := self.redis.get(KEYS.active):
            for field in ("aliveUntil", "plannerUntil"):
                if self.redis.hexists(KEYS.run(active), field):
                    self.redis.hincrby(KEYS.run(active), field, -round(seconds * 1000))
        self.qstash.advance(seconds)

    def state(self) -> State:
        return timeless(self.bundles())

    def bundles(self) -> Bundles:
        return self.published().bundles()

    def published(self) -> Published:
        """All that a site can read, at one instant."""
        return Published(*self.redis.eval(_PUBLISHED, 1, KEYS.paths))

    def everything(self) -> dict[str, Any]:
        """All of KV, but for the request budget, which belongs to no run, and what a slice brought
        to KV and nobody has published: it expires."""
        read = {
            "string": self.redis.get,
            "hash": self.redis.hgetall,
            "set": self.redis.smembers,
            "list": lambda key: self.redis.lrange(key, 0, -1),
            "zset": lambda key: self.redis.zrange(key, 0, -1, withscores=True),
        }
        return {
            key: read[self.redis.type(key)](key)
            for key in self.redis.keys("*")
            if key != KEYS.budget and ":parts:" not in key
        }

    def close(self) -> None:
        self.deployment.close()
        self.redis.close()
        self._raw.close()
        for stand_in in (self.notion, self.qstash, self.kv):
            stand_in.close()

    def _environ(self) -> dict[str, str]:
        return SETTINGS | {
            "CRON_SECRET": self.secret,
            "KV_REST_API_URL": self.kv.url,
            "KV_REST_API_TOKEN": self.kv.token,
            "NOTION_API_URL": self.notion.url,
            "NOTION_TOKEN": TOKEN,
            "QSTASH_URL": self.qstash.url,
            "QSTASH_TOKEN": self.qstash.token,
            "QSTASH_CURRENT_SIGNING_KEY": self.qstash.current_signing_key,
            "QSTASH_NEXT_SIGNING_KEY": self.qstash.next_signing_key,
        }


def delay(message: Message) -> float:
    """How long its publisher wanted a message to wait."""
    return message.not_before - message.created_at


def timeless(bundles: Bundles) -> State:
    """What a site can read as it is compared."""
    values = {
        key: {name: one for name, one in value.items() if name != "syncedAt"}
        for key, value in bundles.values.items()
    }
    return {KEYS.paths: dict(bundles.paths), **values}


_PUBLISHED = """
local texts, expiring = {}, {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  if string.sub(key, 1, 5) ~= 'sync:' then
    if redis.call('TTL', key) >= 0 then expiring[#expiring + 1] = key end
    if key ~= KEYS[1] then
      texts[#texts + 1] = key
      texts[#texts + 1] = redis.call('GET', key)
    end
  end
end
return {texts, redis.call('HGETALL', KEYS[1]), expiring}
"""
