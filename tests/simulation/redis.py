"""A redis-server as the simulation uses it: one command after the other over one socket, and what
each one changed.

The server's own clock can't be moved, so `age` takes the virtual seconds that have passed from
every key that expires.
"""

import itertools
import socket
from collections.abc import Iterable, Sequence
from typing import Any

from dev.upstash.database import ErrorReply, Reply

Words = Sequence[bytes | str | int | float]

AGE = """
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then
    if left <= tonumber(ARGV[1]) then redis.call('DEL', key)
    else redis.call('PEXPIRE', key, math.floor(left - ARGV[1])) end
  end
end
"""
SENTINEL = "simulation"
TELLS_OF_CHANGES = "KA"


class Redis:
    """`path` is the server's socket; `watched` are patterns of the keys whose changes are told."""

    def __init__(self, path: str, watched: Iterable[str]) -> None:
        self._commands, self._changes = _Connection(path), _Connection(path)
        self._commands.ask("CONFIG", "SET", "notify-keyspace-events", TELLS_OF_CHANGES)
        self._prefix = b"__keyspace@0__:"
        channels = [f"__keyspace@0__:{pattern}" for pattern in watched]
        self._changes.send("PSUBSCRIBE", *channels, SENTINEL)
        for _ in (*channels, SENTINEL):
            self._changes.read()
        self._numbers = itertools.count()

    def ask(self, *words: bytes | str | int | float) -> Reply:
        """The reply to a command, whose changes nobody is told."""
        return self._commands.ask(*words)

    def change(self, *commands: Words) -> tuple[list[Reply], set[str]]:
        """The replies to some commands, and the watched keys that they changed."""
        for words in commands:
            self._commands.send(*words)
        number = str(next(self._numbers))
        self._commands.send("PUBLISH", SENTINEL, number)
        replies = [self._commands.read() for _ in commands]
        self._commands.read()
        return replies, self._until(number.encode())

    def age(self, milliseconds: int) -> None:
        self._commands.ask("EVAL", AGE, 0, milliseconds)

    def clear(self) -> None:
        self.change(["FLUSHDB"])

    def dump(self) -> list[tuple[bytes, int, bytes]]:
        """Everything there is: keys, milliseconds until they expire (0: never), and values in
        Redis's own form."""
        keys = self.ask("KEYS", "*")
        assert isinstance(keys, list)
        found: list[Any] = [
            (key, self.ask("PTTL", key), self.ask("DUMP", key)) for key in sorted(keys)
        ]
        return [(key, max(0, left), value) for key, left, value in found]

    def restore(self, dumped: Iterable[tuple[bytes, int, bytes]]) -> set[str]:
        """Puts back what `dump` gave; the watched keys that there are now."""
        commands: list[Words] = [
            ["RESTORE", key, left, value, "REPLACE"] for key, left, value in dumped
        ]
        return self.change(*commands)[1]

    def close(self) -> None:
        self._commands.close()
        self._changes.close()

    def _until(self, sentinel: bytes) -> set[str]:
        changed: set[str] = set()
        while True:
            told = self._changes.read()
            assert isinstance(told, list), told
            channel, message = told[-2], told[-1]
            if channel == SENTINEL.encode():
                if message == sentinel:
                    return changed
            else:
                changed.add(channel.removeprefix(self._prefix).decode())


class _Connection:
    """Speaks RESP2 over a socket of this machine."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._file = self._socket.makefile("rb", buffering=1 << 16)

    def ask(self, *words: bytes | str | int | float) -> Reply:
        self.send(*words)
        return self.read()

    def send(self, *words: bytes | str | int | float) -> None:
        self._socket.sendall(_packed(words))

    def read(self) -> Reply:
        line = self._file.readline()
        kind, rest = line[:1], line[1:-2]
        match kind:
            case b"+":
                return rest
            case b"-":
                return ErrorReply(rest.decode())
            case b":":
                return int(rest)
            case b"$":
                length = int(rest)
                return None if length < 0 else self._file.read(length + 2)[:-2]
            case b"*":
                count = int(rest)
                return None if count < 0 else [self.read() for _ in range(count)]
        raise ConnectionError(f"redis-server said {line!r}")

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def _packed(words: Words) -> bytes:
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)
