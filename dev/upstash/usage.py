"""What the stand-in was asked to do, counted as Upstash bills it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Usage:
    """`commands` counts executed commands by name: each one of a pipeline or transaction, and a
    script as one. `bytes_in` and `bytes_out` are the bodies of requests and answers."""

    commands: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "commands": self.commands.total(),
            "byName": dict(self.commands),
            "requests": self.requests,
            "bytesIn": self.bytes_in,
            "bytesOut": self.bytes_out,
        }

    def clear(self) -> None:
        self.commands.clear()
        self.requests = self.bytes_in = self.bytes_out = 0
