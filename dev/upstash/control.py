"""The stand-in's controls as HTTP, for other processes: everything below `/_control/`.

`GET usage`, `POST faults` (the fields of `Fault`), `DELETE faults`, `PUT latency` (`{"seconds":
0.05}`), `POST reset`. No token: the server listens on loopback only.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dev.upstash.faults import Fault
from dev.upstash.state import State


class Latency(msgspec.Struct, frozen=True):
    """How long every answer is held back."""

    seconds: float


class Control:
    """Answers the control requests and changes `state` accordingly."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._latency_at_start = state.latency_seconds

    async def answer(self, request: Request) -> Response:
        asked = f"{request.method} {request.url.path.removeprefix('/_control/')}"
        try:
            match asked:
                case "GET usage":
                    return JSONResponse(self._state.usage.as_json())
                case "POST faults":
                    self._state.faults.add(msgspec.json.decode(await request.body(), type=Fault))
                case "DELETE faults":
                    self._state.faults.clear()
                case "PUT latency":
                    self._state.latency_seconds = msgspec.json.decode(
                        await request.body(), type=Latency
                    ).seconds
                case "POST reset":
                    await self._reset()
                case _:
                    return JSONResponse({"error": f"no such control: {asked}"}, 404)
        except msgspec.DecodeError as problem:
            return JSONResponse({"error": str(problem)}, 400)
        return JSONResponse({"ok": True})

    async def _reset(self) -> None:
        state = self._state
        await state.database.clear()
        state.usage.clear()
        state.faults.clear()
        state.callbacks.clear()
        state.latency_seconds = self._latency_at_start
