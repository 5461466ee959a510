"""The stand-in's controls as HTTP, for other processes: everything below `/_control/`.

`GET messages`, `GET counts`, `GET keys`, `POST advance` (`{"seconds": 60}`), `POST drain`
(`{"seconds": 30}`, the longest wait), `POST halt` (as `drain`), `POST faults` (the fields of
`Fault`), `DELETE faults`, `POST schedules/{id}/fire`, `POST reset`. No token: the server
listens on loopback only.
"""

import asyncio
import re
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.qstash.account import Account
from dev.qstash.api.keys import Keys
from dev.qstash.api.schedules import Schedules
from dev.qstash.dispatcher import Dispatcher
from dev.qstash.errors import Refusal
from dev.qstash.faults import Fault

T = TypeVar("T")


class Seconds(msgspec.Struct, frozen=True):
    """How far to move the clock, or how long to wait."""

    seconds: float


class Control:
    """Shows what is in the queue and moves its clock."""

    def __init__(
        self, account: Account, dispatcher: Dispatcher, schedules: Schedules, keys: Keys
    ) -> None:
        self._account = account
        self._dispatcher = dispatcher
        self.routes = [
            Route("/_control/messages", self.messages),
            Route("/_control/counts", self.counts),
            Route("/_control/keys", keys.get),
            Route("/_control/advance", self.advance, methods=["POST"]),
            Route("/_control/drain", self.drain, methods=["POST"]),
            Route("/_control/halt", self.halt, methods=["POST"]),
            Route("/_control/faults", self.fail, methods=["POST"]),
            Route("/_control/faults", self.heal, methods=["DELETE"]),
            Route("/_control/schedules/{schedule_id}/fire", schedules.fire, methods=["POST"]),
            Route("/_control/reset", self.reset, methods=["POST"]),
        ]

    async def messages(self, request: Request) -> Response:
        encoded = msgspec.json.encode(list(self._account.messages.values()))
        return Response(encoded, media_type="application/json")

    async def counts(self, request: Request) -> Response:
        return JSONResponse(self._account.counts())

    async def advance(self, request: Request) -> Response:
        """What becomes due starts before the answer; what that leads to is counted from the new
        time."""
        self._account.clock.advance((await _body(request, Seconds)).seconds)
        self._dispatcher.start_due()
        return JSONResponse({"ok": True})

    async def halt(self, request: Request) -> Response:
        self._dispatcher.halt()
        return await self.drain(request)

    async def drain(self, request: Request) -> Response:
        seconds = (await _body(request, Seconds)).seconds
        try:
            await asyncio.wait_for(self._dispatcher.idle.wait(), seconds)
        except TimeoutError:
            raise Refusal(
                f"{self._dispatcher.in_flight} deliveries still in flight after {seconds:g} s",
                HTTPStatus.GATEWAY_TIMEOUT,
            ) from None
        return JSONResponse({"ok": True})

    async def fail(self, request: Request) -> Response:
        try:
            self._account.faults.add(await _body(request, Fault))
        except re.error as problem:
            raise Refusal(f"not a regular expression: {problem}") from None
        return JSONResponse({"ok": True})

    async def heal(self, request: Request) -> Response:
        self._account.faults.clear()
        return JSONResponse({"ok": True})

    async def reset(self, request: Request) -> Response:
        await self._dispatcher.stop()
        self._account.reset()
        return JSONResponse({"ok": True})


async def _body(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as problem:
        raise Refusal(str(problem)) from None
