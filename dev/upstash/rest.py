"""The REST interface as an ASGI app: authorise, parse, run, answer.

Protocol: https://upstash.com/docs/redis/features/restapi. Plain ASGI, because a connection reset
(see `faults`) needs the server's own `send`, which a framework would wrap.
"""

import asyncio
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from dev.upstash import commands
from dev.upstash.answers import answer, error
from dev.upstash.commands import Command, Malformed
from dev.upstash.control import Control
from dev.upstash.database import ErrorReply, Reply
from dev.upstash.faults import Failed, deliver
from dev.upstash.state import Moment, State

METHODS = frozenset({"HEAD", "GET", "POST", "PUT"})
UNKNOWN_SCRIPT = "NOSCRIPT No matching script. Please use EVAL."
"""Redis's answer. No fault meets such a call, and no callback is told of it: nothing runs, and the
text follows."""


class Rest:
    """The app. `state` is also changed from outside, between requests."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._control = Control(state)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        try:
            if request.url.path.startswith("/_control/"):
                response = await self._control.answer(request)
            else:
                response = await self._answer(request)
        except Failed as failure:
            await deliver(failure.how, scope, receive, send)
        except ClientDisconnect:
            return
        else:
            await response(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._state.database.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        status, content = await self._outcome(request, body)
        usage = self._state.usage
        response = JSONResponse(
            content, status, {"Upstash-Sync-Token": f"{usage.commands.total():x}"}
        )
        usage.requests += 1
        usage.bytes_in += len(body)
        usage.bytes_out += len(response.body)
        return response

    async def _outcome(self, request: Request, body: bytes) -> tuple[int, Any]:
        if request.method not in METHODS:
            return HTTPStatus.METHOD_NOT_ALLOWED, error("ERR method not allowed")
        read_only = self._reads_only(request)
        if read_only is None:
            return HTTPStatus.UNAUTHORIZED, error("WRONGPASS invalid or missing auth token")
        if len(body) > self._state.max_request_bytes:
            return HTTPStatus.BAD_REQUEST, error("ERR max request size exceeded")
        if self._state.latency_seconds:
            await asyncio.sleep(self._state.latency_seconds)
        base64 = request.headers.get("upstash-encoding") == "base64"
        try:
            return await self._run(request, body, read_only, base64)
        except Malformed as problem:
            return HTTPStatus.BAD_REQUEST, error(str(problem))

    def _reads_only(self, request: Request) -> bool | None:
        """Whether the token allows reading only; None where it is missing or wrong."""
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = bearer if scheme.lower() == "bearer" else request.query_params.get("_token", "")
        if compare_digest(given.encode(), self._state.token.encode()):
            return False
        return (
            True if compare_digest(given.encode(), self._state.read_only_token.encode()) else None
        )

    async def _run(
        self, request: Request, body: bytes, read_only: bool, base64: bool
    ) -> tuple[int, Any]:
        path: bytes = request.scope["raw_path"]
        posted = request.method == "POST"
        reply: Reply
        if posted and path == b"/pipeline":
            replies = [await self._one(command, read_only) for command in commands.parse_many(body)]
            return HTTPStatus.OK, [answer(reply, base64) for reply in replies]
        if posted and path == b"/multi-exec":
            reply = await self._all(commands.parse_many(body), read_only)
            if isinstance(reply, list):
                return HTTPStatus.OK, [answer(element, base64) for element in reply]
        elif posted and path == b"/":
            reply = await self._one(commands.parse_one(body), read_only)
        else:
            reply = await self._one(commands.parse_path(path, body, request.url.query), read_only)
        failed = isinstance(reply, ErrorReply)
        return HTTPStatus.BAD_REQUEST if failed else HTTPStatus.OK, answer(reply, base64)

    async def _one(self, command: Command, read_only: bool) -> Reply:
        """Runs one command, alone or as part of a pipeline."""
        if refusal := commands.refusal(command, read_only):
            return ErrorReply(refusal)
        if not self._state.scripts.knows(command):
            self._state.usage.commands[commands.name(command)] += 1
            return ErrorReply(UNKNOWN_SCRIPT)
        reply = await self._step([command], lambda: self._state.database.run(command))
        unknown = f"ERR unknown command '{commands.name(command)}'"
        if isinstance(reply, ErrorReply) and reply.text.upper().startswith(unknown.upper()):
            return ErrorReply(commands.unavailable(command))
        return reply

    async def _all(self, transaction: list[Command], read_only: bool) -> Reply:
        """Runs a transaction, or discards it where one of its commands may not run."""
        if any(commands.refusal(command, read_only) for command in transaction):
            return ErrorReply("EXECABORT Transaction discarded because of previous errors.")
        return await self._step(transaction, lambda: self._state.database.transaction(transaction))

    async def _step(self, together: list[Command], run: Callable[[], Awaitable[Reply]]) -> Reply:
        """Runs what is executed together, with the faults and the callbacks around it."""
        state = self._state
        spelled = [state.scripts.spelled(command) for command in together]
        met = (
            [state.faults.meet(commands.text(command)) for command in spelled]
            if state.faults
            else []
        )
        fault = next((one for one in met if one), None)
        await self._tell("before", spelled)
        if fault and not fault.executed:
            raise Failed(fault.how)
        reply = await run()
        state.usage.commands.update(map(commands.name, together))
        for command in together:
            state.scripts.learn(command)
        await self._tell("after", spelled)
        if fault:
            raise Failed(fault.how)
        return reply

    async def _tell(self, moment: Moment, together: list[Command]) -> None:
        for callback in list(self._state.callbacks):
            for command in together:
                await asyncio.to_thread(callback, moment, commands.text(command))
