"""Upstash's REST protocol over the simulation's Redis, in process; a test holds it against the
stand-in with a port."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from dev.upstash import Fault, commands
from dev.upstash.answers import answer, error
from dev.upstash.commands import Command
from dev.upstash.database import ErrorReply, Reply
from dev.upstash.faults import Faults
from dev.upstash.rest import UNKNOWN_SCRIPT
from dev.upstash.scripts import Scripts
from lib.store import kv as store_kv
from tests.simulation.asgi import Lost
from tests.simulation.redis import Redis

MOST_BYTES = 10_000_000
AGED_FROM_SECONDS = 0.5
"""Virtual time is taken from what expires in steps of so much at least."""
READ_SECONDS = 20.0

Changed = Callable[[set[str]], None]


class Kv:
    """The database behind the address of KV. `on_change` is called after each command with the
    watched keys that it changed; `script_outcomes` counts what scripts answered."""

    def __init__(self, redis: Redis, now: Callable[[], float], on_change: Changed) -> None:
        self.redis = redis
        self.faults = Faults()
        self.scripts = Scripts()
        self.commands: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.failures = 0
        self._now, self._on_change = now, on_change
        self._aged_at = now()

    def fail(self, fault: Fault) -> None:
        self.faults.add(fault)

    def heal(self) -> None:
        self.faults.clear()

    def answer(self, path: str, words: list[Any], *, base64: bool) -> tuple[int, Any]:
        """Status and JSON of the answer to the words of `POST /` or `POST /pipeline`. Raises
        `Failure`."""
        self.age()
        if path == "/pipeline":
            return 200, [self._one(_words(one), base64) for one in words]
        found = self._one(_words(words), base64)
        return (400 if "error" in found else 200), found

    def age(self) -> None:
        """Lets the keys that expire grow as old as they are."""
        passed = self._now() - self._aged_at
        if passed >= AGED_FROM_SECONDS:
            self.redis.age(round(passed * 1000))
            self._aged_at = self._now()

    def _one(self, command: Command, base64: bool) -> Any:
        if refusal := commands.refusal(command, read_only=False):
            return error(refusal)
        if not self.scripts.knows(command):
            self.commands[commands.name(command)] += 1
            return error(UNKNOWN_SCRIPT)
        fault = (
            self.faults.meet(commands.text(self.scripts.spelled(command))) if self.faults else None
        )
        self.failures += fault is not None
        if fault and not fault.executed:
            raise Failure(fault)
        reply = self._run(command)
        if fault:
            raise Failure(fault)
        if isinstance(reply, ErrorReply) and reply.text.lower().startswith("err unknown command"):
            return error(commands.unavailable(command))
        return answer(reply, base64)

    def _run(self, command: Command) -> Reply:
        name = commands.name(command)
        self.commands[name] += 1
        replies, changed = self.redis.change(command)
        reply = replies[0]
        self.scripts.learn(command)
        called = self.scripts.spelled(command)
        if commands.name(called) == "EVAL" and not isinstance(reply, ErrorReply):
            self._count(called[1], reply)
        if changed:
            self._on_change(changed)
        return reply

    def _count(self, script: bytes, reply: Reply) -> None:
        first = reply[0] if isinstance(reply, list) and reply else reply
        if isinstance(first, bytes) and _WORD.fullmatch(first):
            self.outcomes[f"{_name_of(script)}: {first.decode()}"] += 1


class Failure(Exception):
    """An answer of KV's that goes wrong as a fault says."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.how)
        self.how = fault.how

    def response(self) -> httpx.Response:
        """What is answered instead. Raises `Lost` and `TimeoutError`."""
        asked = httpx.Request("POST", "https://kv.example")
        match self.how:
            case "error":
                return httpx.Response(
                    500, json={"error": "ERR internal server error"}, request=asked
                )
            case "html":
                return httpx.Response(
                    502, text="<html><h1>502 Bad Gateway</h1></html>", request=asked
                )
            case "refused":
                refusal = {
                    "error": "ERR max requests limit exceeded. Limit: 500000, Usage: 500000."
                }
                return httpx.Response(400, json=refusal, request=asked)
            case "reset":
                raise Lost("KV")
        raise TimeoutError


LUA = Path(store_kv.__file__).parent / "lua"
_WORD = re.compile(rb"[a-z]{2,12}")
_INCLUDE = re.compile(r"^-- include (\w+)$", re.MULTILINE)


def _text_of(name: str) -> str:
    """A script as it is sent: where it says `-- include other`, that file's text stands."""
    return _INCLUDE.sub(
        lambda include: _text_of(include[1]), (LUA / f"{name}.lua").read_text("utf-8")
    )


@cache
def _names() -> dict[bytes, str]:
    return {_text_of(path.stem).encode(): path.stem for path in LUA.glob("*.lua")}


def _name_of(script: bytes) -> str:
    return _names().get(script, "script")


def _words(words: list[Any]) -> Command:
    """The words of a command as they arrive: JSON, written and read again, gives each number as its
    text."""
    return [
        word.encode("utf-8", "replace") if isinstance(word, str) else str(word).encode()
        for word in words
    ]
