"""What a REST request asks of Redis: commands as lists of words, and the ones that Upstash does not
run over REST.

Protocol: https://upstash.com/docs/redis/features/restapi;
commands: https://upstash.com/docs/redis/overall/rediscompatibility.
"""

import json
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from fakeredis.model import is_write_command

Command = list[bytes]
"""A command's name and its arguments, for instance `[b"SET", b"page:home", b"{}"]`."""

BLOCKING = {
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BLMOVE",
    "BLMPOP",
    "BZPOPMIN",
    "BZPOPMAX",
    "BZMPOP",
    "WAIT",
    "WAITAOF",
}
TRANSACTIONS = {"MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH"}
CONNECTIONS = {"AUTH", "HELLO", "SELECT", "QUIT", "RESET", "CLIENT", "MONITOR"}
SUBSCRIPTIONS = {
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "SSUBSCRIBE",
    "UNSUBSCRIBE",
    "PUNSUBSCRIBE",
    "SUNSUBSCRIBE",
}
ADMINISTRATION = {
    "CONFIG",
    "SHUTDOWN",
    "DEBUG",
    "SAVE",
    "BGSAVE",
    "BGREWRITEAOF",
    "MODULE",
    "SLOWLOG",
    "LATENCY",
    "MEMORY",
}
REPLICATION = {
    "CLUSTER",
    "REPLICAOF",
    "SLAVEOF",
    "FAILOVER",
    "SYNC",
    "PSYNC",
    "MIGRATE",
    "SWAPDB",
    "MOVE",
}
NOT_AVAILABLE = BLOCKING | TRANSACTIONS | CONNECTIONS | SUBSCRIPTIONS | ADMINISTRATION | REPLICATION
NOT_FOR_READERS = {"SCAN", "KEYS", "EVAL", "EVALSHA", "SCRIPT"}


class Malformed(Exception):
    """The request is no command; the message is Upstash's kind of error text."""


def parse_one(body: bytes) -> Command:
    """The command of `POST /`: a JSON array such as `["SET", "k", "v", "EX", 100]`."""
    return _words(_json(body, "ERR failed to parse command"), "ERR failed to parse command")


def parse_many(body: bytes) -> list[Command]:
    """The commands of `POST /pipeline` and `POST /multi-exec`: an array of such arrays, never an
    empty one."""
    problem = "ERR failed to parse pipeline request"
    items = _json(body, problem)
    if not isinstance(items, list):
        raise Malformed(problem)
    if not items:
        raise Malformed("ERR empty pipeline request")
    return [_words(item, problem) for item in items]


def parse_path(raw_path: bytes, body: bytes, query: str) -> Command:
    """The command of `/set/k/v?EX=100`: the path's segments, then the body, then the query's names
    and values."""
    words = [unquote_to_bytes(segment) for segment in raw_path.split(b"/") if segment]
    if body:
        words.append(body)
    for option, value in parse_qsl(query, keep_blank_values=True):
        if option != "_token":
            words += [option.encode(), value.encode()] if value else [option.encode()]
    if not words:
        raise Malformed("ERR empty command")
    return words


def name(command: Command) -> str:
    """The command's name in capitals, as counters and error texts show it."""
    return command[0].decode("utf-8", "replace").upper()


def text(command: Command) -> list[str]:
    """The command's words as text, for patterns and callbacks; the name in capitals."""
    return [name(command), *(word.decode("utf-8", "replace") for word in command[1:])]


def refusal(command: Command, read_only: bool) -> str | None:
    """Why this command is not run at all, or None: not over REST, or not with the read-only
    token."""
    if name(command) in NOT_AVAILABLE or _would_block(command) or not command[0].isalpha():
        return unavailable(command)
    if read_only and (is_write_command(command[0].lower()) or name(command) in NOT_FOR_READERS):
        return (
            f"NOPERM this user has no permissions to run the '{name(command).lower()}' command or"
            " its subcommand"
        )
    return None


def unavailable(command: Command) -> str:
    """Upstash's words for a command that it does not know or does not run."""
    page = "https://upstash.com/docs/redis/overall/rediscompatibility"
    return f"ERR Command is not available: '{name(command)}'. See {page} for details"


def _would_block(command: Command) -> bool:
    return name(command) in {"XREAD", "XREADGROUP"} and b"BLOCK" in (
        word.upper() for word in command
    )


def _json(body: bytes, problem: str) -> Any:
    try:
        return json.loads(
            body, parse_int=str, parse_float=str
        )  # a number reaches Redis as it was written
    except ValueError:
        raise Malformed(problem) from None


def _words(item: Any, problem: str) -> Command:
    if not isinstance(item, list) or not item:
        raise Malformed(problem)
    return [_word(element, problem) for element in item]


def _word(element: Any, problem: str) -> bytes:
    if isinstance(element, bool):
        return b"true" if element else b"false"
    if not isinstance(element, str):
        raise Malformed(problem)
    # A lone surrogate, which JSON can carry and UTF-8 can't, becomes U+FFFD.
    return element.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
