"""Trouble on request: publishes refused, deliveries that go wrong in the ways QStash's own promises
allow for."""

import re
from typing import Literal

import msgspec

How = Literal[
    "twice",
    "again",
    "reorder",
    "drop",
    "next_key",
    "expired",
    "skew",
    "wrong_sub",
    "publish_error",
    "publish_daily",
    "publish_burst",
    "publish_reset",
]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong, `times` times (0: until healed), where the destination matches the regular
    expression.

    Deliveries: `twice` delivers at once two times; `again` delivers once more after a 2xx;
    `reorder` holds one delivery at a time back until another one was answered, or for `seconds`;
    `drop` accepts a message and forgets it. Signatures: `next_key` signs with the next key;
    `expired` with one that ran out ten minutes ago; `skew` with a clock that is ahead by `seconds`
    (negative: behind); `wrong_sub` for another address. Publishing (and enqueueing; a batch is one
    request, its destination empty): `publish_error` answers 500, `publish_daily` and
    `publish_burst` 429 with the limit's headers, `publish_reset` resets the connection.
    """

    how: How
    times: int = 0
    matching: str = ""
    seconds: float = 1.0


class Faults:
    """The faults that are set, and how often each may still strike."""

    def __init__(self) -> None:
        self._set: list[_Counted] = []

    def add(self, fault: Fault) -> None:
        """Raises `re.error` where `matching` is not a regular expression."""
        self._set.append(_Counted(fault))

    def clear(self) -> None:
        self._set.clear()

    def strike(self, how: How, destination: str) -> Fault | None:
        """Counts this occasion and tells the fault that it meets."""
        return next(
            (counted.fault for counted in self._set if counted.strikes(how, destination)), None
        )


class _Counted:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._pattern = re.compile(fault.matching)
        self._struck = 0

    def strikes(self, how: How, destination: str) -> bool:
        if self.fault.how != how or not self._pattern.search(destination):
            return False
        if self.fault.times and self._struck >= self.fault.times:
            return False
        self._struck += 1
        return True
