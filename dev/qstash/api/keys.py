"""`/v2/keys`: the signing keys. The JavaScript client's dev mode knows a dev server by them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.qstash.account import Account


class Keys:
    """Shows and rotates the keys."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.routes = [
            Route("/v2/keys", self.get),
            Route("/v2/keys/rotate", self.rotate, methods=["POST"]),
        ]

    async def get(self, request: Request) -> Response:
        keys = self._account.keys
        return JSONResponse({"current": keys.current, "next": keys.next})

    async def rotate(self, request: Request) -> Response:
        self._account.keys.rotate()
        return await self.get(request)
