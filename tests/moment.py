"""KV as it was at a moment, to come back to: a fraction of what the run costs that brought it
there."""

from collections.abc import Iterable
from typing import Any, NamedTuple

Client = Any
"""A client of redis-py that leaves answers as bytes; its types don't tell what a pipeline takes."""


class Entry(NamedTuple):
    """A key, how long it will live (0: for ever), and its value as Redis itself stores it."""

    key: bytes
    milliseconds: int
    value: bytes


def remember(redis: Client) -> list[Entry]:
    """Return everything in a Redis database."""
    return [Entry(key, max(0, redis.pttl(key)), redis.dump(key)) for key in redis.keys("*")]


def bring_back(redis: Client, entries: Iterable[Entry]) -> None:
    """Write what was remembered into an empty database."""
    with redis.pipeline(transaction=False) as restore:
        for entry in entries:
            restore.restore(entry.key, entry.milliseconds, entry.value)
        restore.execute()
