"""Looks at KV after every command and says which invariant of the published data is broken."""

import threading
from typing import Any

from dev.equality import Bundles
from dev.notion import SAMPLE_DATABASES
from tests.stack.crashes.world import KEYS, Published, State, World, timeless

MOVED = "moved"
"""Stands for every slug of a page, so that a page that has moved is the same page."""


class Watcher:
    """Knows what was published before the run and what must be published after it. At every instant
    each page is one or the other, whole, at one address or the other, and never turns back; so is
    everything else. Indexes, `paths` and the pages as text are exactly of the pages that stand
    there."""

    def __init__(self, world: World, before: State, after: State) -> None:
        self._world = world
        self._seen: Published | None = None
        self._before, self._after = _facts(before), _facts(after)
        self._arrived: set[str] = set()
        self.broken: list[str] = []
        self._looking = threading.Lock()

    def watch(self) -> None:
        self._world.kv.on_command(lambda moment, words: self.look() if moment == "after" else None)

    def look(self) -> None:
        with self._looking:
            published = self._world.published()
            if published == self._seen:
                return
            self._seen = published
            bundles = published.bundles()
            self._each_is_old_or_new(_facts(timeless(bundles)))
            self.broken += bundles.dangling(SAMPLE_DATABASES)
            self.broken += bundles.disordered(SAMPLE_DATABASES)
            self.broken += bundles.redirects_nowhere()
            self.broken += [f"{key} will expire" for key in published.expiring]

    def _each_is_old_or_new(self, facts: State) -> None:
        for name in sorted(self._before.keys() | self._after.keys() | facts.keys()):
            value, before, after = facts.get(name), self._before.get(name), self._after.get(name)
            if value == after:
                if before != after:
                    self._arrived.add(name)
            elif value != before:
                self.broken.append(f"{name} is neither what it was nor what it must be")
            elif name in self._arrived:
                self.broken.append(f"{name} has turned back")


def _facts(state: State) -> State:
    """What is published, fact by fact: of each page its address and what stands there, and every
    other value; indexes follow from their pages."""
    facts: State = {}
    bundles = Bundles(
        {key: value | {"syncedAt": ""} for key, value in state.items() if key != KEYS.paths}, {}
    )
    for id, page in bundles.pages.items():
        slug = page["meta"]["slug"]
        heads = [state[f"page:{slug}"], state.get(f"doc:{slug}")]
        facts[f"address of {id}"] = slug
        facts[f"content of {id}"] = [page["blocks"], *map(_unmoved, heads)]
    facts |= {f"redirect of {old}": new for old, new in state.get(KEYS.redirects, {}).items()}
    others = (key for key in state if not key.startswith(("page:", "doc:")) and ":index" not in key)
    return facts | {key: state[key] for key in others if key not in (KEYS.paths, KEYS.redirects)}


def _unmoved(value: Any) -> Any:
    """A bundle, or the same page as text, wherever it stands and its child pages do."""
    if isinstance(value, list):
        return [_unmoved(one) for one in value]
    if not isinstance(value, dict):
        return value
    members = {name: _unmoved(member) for name, member in value.items()}
    return members | {"slug": MOVED} if {"id", "slug"} <= members.keys() else members
