"""`/v2/events`, which the SDKs call, and `/v2/logs`, which the reference documents."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.qstash.account import Account
from dev.qstash.api.asked import fields, page

_MOST_EVENTS = 1000
_MOST_LOGS = 100
_DOCUMENTED = {"responseHeader": "responseHeaders", "retryDelayExpr": "retryDelayExpression"}


class Logs:
    """The log, newest first."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.routes = [Route("/v2/events", self.events), Route("/v2/logs", self.logs)]

    async def events(self, request: Request) -> Response:
        answer = await self._page(request, _MOST_EVENTS)
        return JSONResponse({"events": answer.pop("rows"), **answer})

    async def logs(self, request: Request) -> Response:
        answer = await self._page(request, _MOST_LOGS)
        logs = [
            {_DOCUMENTED.get(name, name): value for name, value in row.items()}
            for row in answer.pop("rows")
        ]
        return JSONResponse({"logs": logs, **answer})

    async def _page(self, request: Request, most: int) -> dict[str, Any]:
        self._account.limits.count_listing(self._account.clock.now())
        return page(self._account.log.newest_first(), await fields(request), most, "time")
