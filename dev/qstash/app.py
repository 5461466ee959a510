"""The service as an ASGI app: who may ask, which resource answers, and how a refusal looks.

Reference: https://upstash.com/docs/qstash/api. Plain ASGI around the routes, because a reset
connection needs the server's own `send`, which a framework would wrap.
"""

import socket
import struct
from hmac import compare_digest
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Router

from dev.qstash.account import Account
from dev.qstash.api.control import Control
from dev.qstash.api.dlq import Dlq
from dev.qstash.api.flow_control import FlowControls
from dev.qstash.api.keys import Keys
from dev.qstash.api.logs import Logs
from dev.qstash.api.messages import Messages
from dev.qstash.api.schedules import Schedules
from dev.qstash.delivery import new_client
from dev.qstash.dispatcher import Dispatcher
from dev.qstash.errors import ConnectionReset, Refusal


class App:
    """Serves one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.dispatcher = self._dispatcher = Dispatcher(account)
        schedules = Schedules(account, self._dispatcher)
        keys = Keys(account)
        routes = [
            *Messages(account, self._dispatcher).routes,
            *Dlq(account, self._dispatcher).routes,
            *Logs(account).routes,
            *FlowControls(account, self._dispatcher).routes,
            *schedules.routes,
            *keys.routes,
            *Control(account, self._dispatcher, schedules, keys).routes,
        ]
        self._router = Router(routes, redirect_slashes=False, default=_not_found)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            self._authorise(Request(scope))
            await self._router(scope, receive, send)
        except Refusal as refusal:
            answer = JSONResponse({"error": str(refusal)}, refusal.status, refusal.headers)
            await answer(scope, receive, send)
        except ConnectionReset:
            _reset(send)
        except ClientDisconnect:
            return

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        async with new_client() as http:
            self._dispatcher.open(http)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._dispatcher.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _authorise(self, request: Request) -> None:
        """By bearer token or by `?qstash_token=`; the controls are open."""
        if request.url.path.startswith("/_control/"):
            return
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = (
            bearer if scheme.lower() == "bearer" else request.query_params.get("qstash_token", "")
        )
        if not compare_digest(given.encode(), self._account.settings.token.encode()):
            raise Refusal("unable to authenticate: invalid token", HTTPStatus.UNAUTHORIZED)


async def _not_found(scope: Any, receive: Any, send: Any) -> None:
    raise Refusal(f"no such endpoint: {scope['method']} {scope['path']}", HTTPStatus.NOT_FOUND)


def _reset(send: Any) -> None:
    """Closes the connection so that the client sees it reset. `send` is uvicorn's own."""
    transport = send.__self__.transport
    linger_not_at_all = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all
    )
    transport.abort()
