"""Child databases in KV: each stands there as long as a bundle shows it, at every instant."""

from collections.abc import Iterator
from typing import Any

import msgspec

from tests.simulation.redis import Redis


class Row(msgspec.Struct, frozen=True):
    """A row of one, as a site reads it."""

    id: str
    lastEdited: str


class Standing(msgspec.Struct, frozen=True):
    """One as it stands in KV."""

    id: str
    title: str
    items: list[Row]


class Databases:
    """Those under one prefix, and what the bundles under another show, kept up to date key by key.
    `broken` is what was wrong at an instant."""

    def __init__(self, redis: Redis, bundles: str, databases: str) -> None:
        self._redis, self._bundles, self._databases = redis, bundles, databases
        self.standing: dict[str, Standing] = {}
        self._told: dict[str, dict[str, bool]] = {}
        """By the key of a bundle: the databases that it names, and whether it shows them."""
        self.broken: list[str] = []

    @property
    def told(self) -> set[str]:
        """The ids of those that bundles name, also where they could not be read."""
        return {one for told in self._told.values() for one in told}

    @property
    def shown(self) -> set[str]:
        """The ids of those that bundles show."""
        return {one for told in self._told.values() for one, is_shown in told.items() if is_shown}

    def look(self, changed: set[str], *, is_spoiled: bool = False) -> None:
        """Take note of the keys that a command has changed; `is_spoiled`: somebody else has taken
        bundles away."""
        mine = {key for key in changed if key.startswith((self._bundles, self._databases))}
        for key in sorted(mine):
            self._read(key)
        unseen = set(self.standing) - self.shown if mine and not is_spoiled else set[str]()
        for database_id in sorted(unseen):
            self.broken.append(f"{self._databases}{database_id} stands, and no bundle shows it")

    def forget(self, key: str) -> None:
        """A key is gone, or holds something foreign: what it held counts no more."""
        self.standing.pop(key.removeprefix(self._databases), None)
        self._told.pop(key, None)

    def _read(self, key: str) -> None:
        if key.endswith(":paths"):
            return
        text: Any = self._redis.ask("GET", key)
        if key.startswith(self._databases):
            database_id = key.removeprefix(self._databases)
            try:
                self.standing[database_id] = msgspec.json.decode(text or b"", type=Standing)
            except msgspec.DecodeError:  # it is gone, or somebody else has written there
                self.standing.pop(database_id, None)
        else:
            self._told[key] = dict(_databases_in(text or b""))


def _databases_in(text: bytes) -> Iterator[tuple[str, bool]]:
    """The ids of the child databases that a bundle, or a part of one, names, and whether it shows
    them."""
    if b'"child_database"' not in text:
        return
    try:
        ahead: list[Any] = [msgspec.json.decode(text)]
    except msgspec.DecodeError:
        return
    while ahead:
        one = ahead.pop()
        if not isinstance(one, dict):
            continue
        if one.get("type") == "child_database":
            yield one["id"], "unavailable" not in one
        ahead += [*one.get("blocks", []), *one.get("children", [])]
