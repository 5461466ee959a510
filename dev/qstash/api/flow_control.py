"""`/v2/flowControl` and `/v2/globalParallelism`."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.qstash.account import Account
from dev.qstash.api.asked import fields, whole
from dev.qstash.dispatcher import GLOBAL_PARALLELISM, Dispatcher
from dev.qstash.errors import Refusal
from dev.qstash.flow_control import FlowControl


class FlowControls:
    """Shows and changes what is known of each key."""

    def __init__(self, account: Account, dispatcher: Dispatcher) -> None:
        self._account = account
        self._dispatcher = dispatcher
        self.routes = [
            Route("/v2/flowControl", self.list_all),
            Route("/v2/flowControl/{key}", self.get),
            Route("/v2/flowControl/{key}/{action}", self.change, methods=["POST"]),
            Route("/v2/globalParallelism", self.global_parallelism),
        ]

    async def list_all(self, request: Request) -> Response:
        self._account.limits.count_listing(self._account.clock.now())
        return JSONResponse([self._describe(one) for one in self._account.flow_controls.values()])

    async def get(self, request: Request) -> Response:
        key = request.path_params["key"]
        if key not in self._account.flow_controls:
            raise Refusal(f"flow control {key} not found", HTTPStatus.NOT_FOUND)
        return JSONResponse(self._describe(self._account.flow_controls[key]))

    async def change(self, request: Request) -> Response:
        one = self._account.flow_control(request.path_params["key"])
        asked = await fields(request)
        match request.path_params["action"]:
            case "pause":
                one.paused = True
            case "resume":
                one.paused = False
            case "pin":
                limits = {
                    name: whole(asked, name, 0) or None
                    for name in ("parallelism", "rate", "period")
                }
                one.pin(**limits)
            case "unpin":
                one.unpin(**{name: asked.get(name) == ["true"] for name in ("parallelism", "rate")})
            case "resetRate":
                one.reset_rate(self._account.clock.now())
            case action:
                raise Refusal(f"no such action: {action}", HTTPStatus.NOT_FOUND)
        self._dispatcher.start_due()
        return JSONResponse(self._describe(one))

    async def global_parallelism(self, request: Request) -> Response:
        counts = {
            "parallelismMax": GLOBAL_PARALLELISM,
            "parallelismCount": self._dispatcher.in_flight,
        }
        return JSONResponse(counts)

    def _describe(self, one: FlowControl) -> dict[str, Any]:
        return one.describe(self._dispatcher.waiting_for(one.key), self._account.clock.now())
