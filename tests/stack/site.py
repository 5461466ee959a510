"""What a test does with a stack: asks for a run, waits for its end, and reads KV as a site would."""

import json
import time
from collections.abc import Callable
from typing import Any, Protocol

import httpx

from dev.notion import SAMPLE_SOURCES, NotionStandIn, truth
from dev.qstash import QStashStandIn
from dev.upstash import UpstashStandIn

DATABASES = [entry.partition("=")[2] for entry in SAMPLE_SOURCES.split(",")]
GIVE_UP_SECONDS = 60.0


class Deployed(Protocol):
    """The functions somewhere, and the stand-ins around them."""

    url: str
    secret: str

    def get(self, path: str, **query: str) -> httpx.Response: ...


class Site:
    def __init__(self, stack: Deployed, notion: NotionStandIn, qstash: QStashStandIn, kv: UpstashStandIn) -> None:
        self.stack, self.notion, self.qstash, self.kv = stack, notion, qstash, kv

    def command(self, *words: str) -> Any:
        """One KV command, as its plain answer."""
        headers = {"Authorization": f"Bearer {self.kv.token}"}
        return httpx.post(self.kv.url, json=words, headers=headers, trust_env=False).json()["result"]

    def read(self, key: str) -> Any:
        text = self.command("GET", key)
        return None if text is None else json.loads(text)

    def site_keys(self) -> list[str]:
        """What a site can read; nothing of the engine's own."""
        return sorted(key for key in self.command("KEYS", "*") if not key.startswith("sync:"))

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
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < give_up:
            run = self.run(run_id)
            if run.get("status") not in (None, "pending", "active"):
                self.qstash.drain()
                return self.run(run_id)
            time.sleep(0.05)
        raise AssertionError(f"run {run_id} did not end: {self.run(run_id)}")

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Waits until the condition holds."""
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while not condition():
            assert time.monotonic() < give_up, "it never came to that"
            time.sleep(0.02)

    def published(self) -> dict[str, Any]:
        """Every page's bundle by the page's id, parts put together."""
        bundles = [self.read(key) for key in self.site_keys() if key.startswith("page:") and ":part:" not in key]
        return {bundle["meta"]["id"]: bundle for bundle in bundles}

    def check(self) -> None:
        """KV equals the workspace: the same pages, block for block; and each index names bundles that are there."""
        published = self.published()
        expected = truth.published_pages(self.notion.workspace, DATABASES)
        assert sorted(published) == sorted(expected)
        for id, bundle in published.items():
            self._check_properties(bundle["meta"])
            assert comparable(bundle["blocks"]) == comparable(truth.tree(self.notion.workspace, id)), bundle["meta"]
        for source in ("pages", "posts"):
            for item in self.read(f"{source}:index")["items"]:
                assert published[item["id"]]["meta"] == item

    def _check_properties(self, meta: dict[str, Any]) -> None:
        """Every property is there, and complete: the longest relation and the last person too."""
        expected: dict[str, Any] = truth.expected_page(self.notion.workspace, meta["id"])["properties"]
        assert {name for name in meta["properties"] if not name.endswith("__rich")} == set(expected)
        for name, property in expected.items():
            if plain := PLAIN.get(property["type"]):
                assert meta["properties"][name] == plain(property[property["type"]]), (meta["slug"], name)


PLAIN: dict[str, Callable[[Any], Any]] = {
    "title": lambda texts: "".join(text["plain_text"] for text in texts),
    "rich_text": lambda texts: "".join(text["plain_text"] for text in texts),
    "number": lambda number: number,
    "checkbox": lambda checked: checked,
    "url": lambda url: url,
    "email": lambda email: email,
    "phone_number": lambda number: number,
    "select": lambda option: option and option["name"],
    "status": lambda option: option and option["name"],
    "multi_select": lambda options: [option["name"] for option in options],
    "relation": lambda pages: [page["id"] for page in pages],
    "people": lambda people: [person.get("name") or person["id"] for person in people],
    "date": lambda date: date and {"start": date["start"], "end": date["end"], "timeZone": date["time_zone"]},
}
"""What a property becomes, told a second time and more simply than the bundle builder does."""


def comparable(blocks: list[Any]) -> Any:
    """Blocks without what legitimately differs: the addresses of hosted files, and the words for what can't be read."""
    return [_comparable(block) for block in blocks]


def _comparable(value: Any) -> Any:
    if isinstance(value, list):
        return [_comparable(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "file" and isinstance(value.get("file"), dict):
        return {"type": "file"}
    members = {name: _comparable(one) for name, one in value.items() if name != "unavailable"}
    if set(value) - {"id", "object", "type", "has_children", "children", "unavailable"} <= {
        f"{kind}_{part}" for kind in ("meeting_notes", "transcription") for part in ("summary", "notes", "transcript")
    }:
        members = {name: one for name, one in members.items() if name in ("id", "children")}
    return members | ({"unavailable": True} if "unavailable" in value else {})
