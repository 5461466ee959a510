"""Faults on demand: answers that fail, or lie, for the next requests that match, or for a share of all of them."""

import random
import re
import threading
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "429",  # rate_limited, with Retry-After
    "blocked",  # the same, but no waiting helps: public_api_request_blocked
    "529",  # service_overload, with Retry-After
    "403",  # restricted_resource: the integration may not read it
    "500",
    "502",
    "503",
    "504",
    "html-502",  # a page of the proxy in front of Notion
    "html-403",
    "not-json",  # 200, but broken JSON
    "timeout",  # no answer for `seconds`, then the connection ends
    "reset",  # the connection ends without an answer
    "truncated",  # … in the middle of the answer
    "dead-cursor",  # for requests that go on with a cursor
    "incomplete",  # a query ends early, with request_status
    "empty",  # a list comes back empty
]

KINDS: tuple[Kind, ...] = get_args(Kind)
WEATHER: tuple[Kind, ...] = ("429", "529", "500", "html-502", "timeout", "reset", "not-json")


@dataclass
class Fault:
    """Strikes requests of a method ("" for all) whose path matches, `times` times, with a probability.

    `seconds` is the Retry-After of 429 and 529, and the length of a timeout.
    """

    kind: Kind
    method: str = ""
    path: str = ""
    times: int = 1
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(KINDS)}")
        re.compile(self.path)

    def strikes(self, method: str, path: str, has_cursor: bool) -> bool:
        return (
            self.times > 0
            and self.method in ("", method)
            and re.search(self.path, path) is not None
            and (has_cursor or self.kind != "dead-cursor")
        )


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def add(self, kind: Kind, method: str = "", path: str = "", times: int = 1, seconds: float = 1.0) -> None:
        """Lets the next requests fail; `path` is a pattern that is searched in paths like `/v1/pages/…`."""
        fault = Fault(kind, method.upper(), path, times, seconds)
        with self._lock:
            self._faults.append(fault)

    def weather(self, share: float, seed: int = 0, seconds: float = 1.0) -> None:
        """Lets this share of all answers (0.05: 5 %) fail in each of seven ways; 0 ends it."""
        if not 0 <= share <= 1 / len(WEATHER):
            raise ValueError(
                f"there are {len(WEATHER)} ways to fail: the share of each is at most {1 / len(WEATHER):.3f}"
            )
        with self._lock:
            self._share, self._seconds, self._random = share, seconds, random.Random(seed)

    def clear(self) -> None:
        with self._lock:
            self._faults: list[Fault] = []
            self._share = 0.0
            self._seconds = 1.0
            self._random = random.Random(0)

    def draw(self, method: str, path: str, has_cursor: bool) -> Fault | None:
        """The fault that strikes a request; a fault that was ordered goes before the weather."""
        with self._lock:
            for fault in self._faults:
                if fault.strikes(method, path, has_cursor):
                    fault.times -= 1
                    return fault
            if self._share and (way := int(self._random.random() / self._share)) < len(WEATHER):
                return Fault(WEATHER[way], seconds=self._seconds)
            return None
