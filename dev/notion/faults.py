"""Faults on demand: answers that fail, or lie, for the next requests that match, or for a share of
all of them."""

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


@dataclass(frozen=True)
class RequestFacts:
    """What faults look at. `path` is decoded; `page_size` is how many items are asked for, None
    where none are."""

    method: str
    path: str
    page_size: int | None = None
    has_cursor: bool = False


@dataclass
class Fault:
    """Strikes the requests that meet all its conditions, `times` times; None: for ever.

    `method` is one, or "" for all; `path` a pattern that is searched in paths like `/v1/pages/…`,
    whose property ids are decoded. `above_page_size` spares requests that ask for no more items,
    and those that list nothing. `with_cursor` True strikes only those that go on with a cursor,
    False only those that begin. `seconds` is the Retry-After of 429 and 529, and the length of a
    timeout.
    """

    kind: Kind
    method: str = ""
    path: str = ""
    times: int | None = 1
    seconds: float = 1.0
    above_page_size: int | None = None
    with_cursor: bool | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(KINDS)}")
        re.compile(self.path)
        self.method = self.method.upper()
        if self.kind == "dead-cursor":
            self.with_cursor = True

    def strikes(self, request: RequestFacts) -> bool:
        return (
            self.times != 0
            and self.method in ("", request.method)
            and re.search(self.path, request.path) is not None
            and self.with_cursor in (None, request.has_cursor)
            and (self.above_page_size is None or (request.page_size or 0) > self.above_page_size)
        )

    def use_up(self) -> None:
        if self.times is not None:
            self.times -= 1


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def add(
        self,
        kind: Kind,
        method: str = "",
        path: str = "",
        times: int | None = 1,
        seconds: float = 1.0,
        above_page_size: int | None = None,
        with_cursor: bool | None = None,
    ) -> None:
        """Lets the next requests fail that meet the conditions: see `Fault`."""
        fault = Fault(kind, method, path, times, seconds, above_page_size, with_cursor)
        with self._lock:
            self._faults.append(fault)

    def weather(self, share: float, seed: int = 0, seconds: float = 1.0) -> None:
        """Lets this share of all answers (0.05: 5 %) fail in each of seven ways; 0 ends it."""
        if not 0 <= share <= 1 / len(WEATHER):
            raise ValueError(
                f"there are {len(WEATHER)} ways to fail: the share of each is at most"
                f" {1 / len(WEATHER):.3f}"
            )
        with self._lock:
            self._share, self._seconds, self._random = share, seconds, random.Random(seed)

    def clear(self) -> None:
        with self._lock:
            self._faults: list[Fault] = []
            self._share = 0.0
            self._seconds = 1.0
            self._random = random.Random(0)

    def draw(self, request: RequestFacts) -> Fault | None:
        """The fault that strikes a request; a fault that was ordered goes before the weather."""
        with self._lock:
            for fault in self._faults:
                if fault.strikes(request):
                    fault.use_up()
                    return fault
            if self._share and (way := int(self._random.random() / self._share)) < len(WEATHER):
                return Fault(WEATHER[way], seconds=self._seconds)
            return None
