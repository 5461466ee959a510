"""What the REST interface, the controls and the stand-in's owner share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from dev.upstash.database import Database
from dev.upstash.faults import Faults
from dev.upstash.scripts import Scripts
from dev.upstash.usage import Usage

Moment = Literal["before", "after"]
Callback = Callable[[Moment, list[str]], None]


@dataclass
class State:
    """One running stand-in."""

    token: str
    read_only_token: str
    max_request_bytes: int
    latency_seconds: float
    database: Database
    usage: Usage = field(default_factory=Usage)
    faults: Faults = field(default_factory=Faults)
    scripts: Scripts = field(default_factory=Scripts)
    callbacks: list[Callback] = field(default_factory=list)
