"""Looks at KV after every command and says which invariant of the published data is broken."""

import re
import threading
from typing import Any

from tests.stack.crashes.world import State, World

PART = re.compile(r":part:\d+$")


class Watcher:
    """Knows what was published before the run and what must be published after it: each bundle is one or the other,
    whole, and never turns back. Indexes show what is published by the end of a slice, and a slug that goes from one
    page to another may have none for a moment."""

    def __init__(self, world: World, before: State, after: State) -> None:
        self._world = world
        self._before, self._after = _bundles(before), _bundles(after)
        self._arrived: set[str] = set()
        self.broken: list[str] = []
        self._looking = threading.Lock()

    def watch(self) -> None:
        self._world.kv.on_command(lambda moment, words: self.look() if moment == "after" else None)

    def look(self) -> None:
        with self._looking:
            now = self._world.state()
            bundles = _bundles(now)
            self._each_is_old_or_new(bundles)
            self._every_slug_has_its_bundle(now, bundles)
            self.broken += [f"{key} will expire" for key in self._world.expiring()]

    def _each_is_old_or_new(self, bundles: State) -> None:
        for key in sorted(self._before.keys() | self._after.keys() | bundles.keys()):
            value, before, after = bundles.get(key), self._before.get(key), self._after.get(key)
            if value == after:
                if before != after:
                    self._arrived.add(key)
            elif value != before:
                if not _is_between(key, value, before, after):
                    self.broken.append(f"{key} is neither what it was nor what it must be")
            elif key in self._arrived:
                self.broken.append(f"{key} has turned back")

    def _every_slug_has_its_bundle(self, now: State, bundles: State) -> None:
        for key, index in now.items():
            if key.endswith(":index"):
                for item in index["items"]:
                    bundle = bundles.get(f"page:{item['slug']}")
                    if bundle is None or bundle["head"]["meta"]["id"] != item["id"]:
                        self.broken.append(f"{key} names {item['slug']}, which has no bundle of its own")


def _is_between(key: str, value: Any, before: Any, after: Any) -> bool:
    """Whether a value is one that a slice may leave before the run has ended."""
    if before is None or after is None:
        return False
    if key.endswith(":index") and value is not None:
        either = [*before["items"], *after["items"]]
        lasting = [item for item in before["items"] if item in after["items"]]
        return all(item in either for item in value["items"]) and all(item in value["items"] for item in lasting)
    return value is None and key.startswith("page:") and before["head"]["meta"]["id"] != after["head"]["meta"]["id"]


def _bundles(state: State) -> State:
    """Pages with their parts put to them; every other value as it is."""
    found: State = {}
    for key, value in state.items():
        if PART.search(key):
            continue
        if key.startswith("page:"):
            found[key] = {"head": value, "parts": [state.get(f"{key}:part:{n}") for n in _numbers(key, value, state)]}
        else:
            found[key] = value
    return found


def _numbers(key: str, head: Any, state: State) -> list[int]:
    """The parts that the head promises, and any that are there besides."""
    there = [int(name.rpartition(":")[2]) for name in state if name.startswith(f"{key}:part:")]
    return sorted({*range(1, head.get("parts", 0) + 1), *there})
