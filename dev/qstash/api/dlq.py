"""`/v2/dlq`: what failed for good, shown, deleted, or published anew."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.qstash.account import Account
from dev.qstash.api.asked import Fields, fields, matches, page, whole
from dev.qstash.destination import check
from dev.qstash.dispatcher import Dispatcher
from dev.qstash.errors import Refusal
from dev.qstash.message import Message, describe, describe_answer
from dev.qstash.publication import Headers, headers_of

_MOST = 100


class Dlq:
    """The dead letter queue, newest first."""

    def __init__(self, account: Account, dispatcher: Dispatcher) -> None:
        self._account = account
        self._dispatcher = dispatcher
        self.routes = [
            Route("/v2/dlq", self.list_all, methods=["GET"]),
            Route("/v2/dlq", self.delete_many, methods=["DELETE"]),
            Route("/v2/dlq/", self.delete_many, methods=["DELETE"]),
            Route("/v2/dlq/retry", self.retry_many, methods=["POST"]),
            Route("/v2/dlq/retry/{dlq_id}", self.retry, methods=["POST"]),
            Route("/v2/dlq/{dlq_id}", self.get, methods=["GET"]),
            Route("/v2/dlq/{dlq_id}", self.delete, methods=["DELETE"]),
        ]

    async def list_all(self, request: Request) -> Response:
        self._account.limits.count_listing(self._account.clock.now())
        rows = [
            (dlq_id, _describe(message)) for dlq_id, message in reversed(self._account.dlq.items())
        ]
        answer = page(rows, await fields(request), _MOST, "createdAt")
        return JSONResponse({"messages": answer.pop("rows"), **answer})

    async def get(self, request: Request) -> Response:
        return JSONResponse(_describe(self._find(request)))

    async def delete(self, request: Request) -> Response:
        del self._account.dlq[self._find(request).dlq_id]
        return JSONResponse({"deleted": 1})

    async def delete_many(self, request: Request) -> Response:
        chosen = self._choose(await fields(request))
        for message in chosen:
            del self._account.dlq[message.dlq_id]
        return JSONResponse({"deleted": len(chosen), "cursor": ""})

    async def retry(self, request: Request) -> Response:
        """The request's own `Upstash-*` headers come before the settings of the message."""
        answer = await self._republish(self._find(request), headers_of(request.headers.items()))
        return JSONResponse(answer, HTTPStatus.CREATED)

    async def retry_many(self, request: Request) -> Response:
        overriding = headers_of(request.headers.items())
        overriding.pop("content-type", None)  # of the body that names the ids
        chosen = self._choose(await fields(request))
        responses = [await self._republish(message, overriding) for message in chosen]
        return JSONResponse({"cursor": "", "responses": responses}, HTTPStatus.CREATED)

    def _find(self, request: Request) -> Message:
        dlq_id = request.path_params["dlq_id"]
        if dlq_id not in self._account.dlq:
            raise Refusal(f"dlq message {dlq_id} not found", HTTPStatus.NOT_FOUND)
        return self._account.dlq[dlq_id]

    def _choose(self, asked: Fields) -> list[Message]:
        found = [
            message
            for message in self._account.dlq.values()
            if matches(_describe(message), asked, "createdAt")
        ]
        return found[: whole(asked, "count", len(found))]

    async def _republish(self, message: Message, overriding: Headers) -> dict[str, Any]:
        publication = message.publication.again(overriding)
        await check(publication, self._account.settings.allow_loopback)
        message_id, _ = self._dispatcher.publish(publication, "publish")
        del self._account.dlq[message.dlq_id]
        return {"messageId": message_id}


def _describe(message: Message) -> dict[str, Any]:
    return describe(message) | describe_answer(message.answer) | {"dlqId": message.dlq_id}
