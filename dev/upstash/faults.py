"""Trouble on request: answers that are lost, before or after the command was executed."""

import random
import re
import socket
import struct
from contextlib import suppress
from typing import Any, Literal

import msgspec
from starlette.responses import HTMLResponse, JSONResponse, Response

How = Literal["error", "html", "refused", "reset", "timeout"]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which commands go wrong, and how.

    `how`: `error` is a 500 with a JSON error, `html` a proxy's 502 page, `refused` Upstash's 400
    for a spent plan, `reset` a connection reset, `timeout` no answer at all. With `executed` the
    command does its work and only the answer is lost. Of the commands whose text matches the
    regular expression `matching`, counted from the moment the fault is set, number `nth` is hit and
    so are the ones after it, `times` in all (0: all of them), each with `probability` (seeded by
    `seed`: the same commands meet the same luck).
    """

    how: How = "error"
    executed: bool = False
    matching: str = ""
    nth: int = 1
    times: int = 1
    probability: float = 1.0
    seed: int = 0


class Failed(Exception):
    """The request ends here, in the way `how` says."""

    def __init__(self, how: How) -> None:
        super().__init__(how)
        self.how = how


class Faults:
    """The faults that are set, and how far each has come."""

    def __init__(self) -> None:
        self._set: list[_Counted] = []

    def add(self, fault: Fault) -> None:
        self._set.append(_Counted(fault))

    def clear(self) -> None:
        self._set.clear()

    def meet(self, command: list[str]) -> Fault | None:
        """Counts a command and tells which fault it meets, the first one set winning."""
        hits = [counted.fault for counted in self._set if counted.hits(" ".join(command))]
        return hits[0] if hits else None

    def __bool__(self) -> bool:
        return bool(self._set)


class _Counted:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._pattern = re.compile(fault.matching, re.IGNORECASE | re.DOTALL)
        self._luck = random.Random(fault.seed)
        self._matched = 0
        self._hit = 0

    def hits(self, text: str) -> bool:
        fault = self.fault
        if not self._pattern.search(text):
            return False
        self._matched += 1
        if self._matched < fault.nth or (fault.times and self._hit >= fault.times):
            return False
        if self._luck.random() >= fault.probability:
            return False
        self._hit += 1
        return True


async def deliver(how: How, scope: Any, receive: Any, send: Any) -> None:
    """Ends an HTTP request the wrong way. `receive` and `send` are uvicorn's own."""
    response = _response(how)
    if response is not None:
        await response(scope, receive, send)
        return
    if how == "reset":
        transport = (
            send.__self__.transport
        )  # ASGI has no word for "reset": this is uvicorn's connection
        linger_not_at_all = struct.pack("ii", 1, 0)
        with suppress(OSError):  # the client is gone already
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all
            )
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _response(how: How) -> Response | None:
    if how == "error":
        return JSONResponse({"error": "ERR internal server error"}, 500)
    if how == "html":
        return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502)
    if how == "refused":
        return JSONResponse(
            {"error": "ERR max requests limit exceeded. Limit: 500000, Usage: 500000."}, 400
        )
    return None
