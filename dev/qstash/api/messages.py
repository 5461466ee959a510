"""`/v2/publish`, `/v2/enqueue`, `/v2/batch` and `/v2/messages`."""

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.qstash.account import Account
from dev.qstash.api.asked import destination, fields, matches, whole
from dev.qstash.destination import check
from dev.qstash.dispatcher import Dispatcher
from dev.qstash.errors import ConnectionReset, Refusal
from dev.qstash.limits import burst_limit, daily_limit
from dev.qstash.message import FINAL, Message, describe
from dev.qstash.publication import Headers, headers_of, read

_REFUSED_DAILY = 1000
_REFUSED_BURST = 100


class BatchEntry(msgspec.Struct, frozen=True):
    """One message of a batch, as the SDKs send it."""

    destination: str
    headers: dict[str, str] = {}
    body: str | None = None
    queue: str | None = None


class Messages:
    """Takes messages in, shows and cancels those that are not delivered yet."""

    def __init__(self, account: Account, dispatcher: Dispatcher) -> None:
        self._account = account
        self._dispatcher = dispatcher
        self.routes = [
            Route("/v2/publish/{destination:path}", self.publish, methods=["POST"]),
            Route("/v2/enqueue/{queue}/{destination:path}", self.enqueue, methods=["POST"]),
            Route("/v2/batch", self.batch, methods=["POST"]),
            Route("/v2/messages", self.cancel_many, methods=["DELETE"]),
            Route("/v2/messages/", self.cancel_many, methods=["DELETE"]),
            Route("/v2/messages/{message_id}", self.get, methods=["GET"]),
            Route("/v2/messages/{message_id}", self.cancel, methods=["DELETE"]),
        ]

    async def publish(self, request: Request) -> Response:
        return await self._one(request, destination(request, 2), "")

    async def enqueue(self, request: Request) -> Response:
        return await self._one(request, destination(request, 3), request.path_params["queue"])

    async def batch(self, request: Request) -> Response:
        """One answer for each entry, in order; an entry that is refused does not stop the
        others."""
        body = await request.body()
        self._refuse("")
        try:
            entries = msgspec.json.decode(body, type=list[BatchEntry])
        except msgspec.DecodeError as problem:
            raise Refusal(f"invalid batch: {problem}") from None
        return JSONResponse([await self._entry(entry) for entry in entries])

    async def get(self, request: Request) -> Response:
        return JSONResponse(describe(self._account.undelivered(request.path_params["message_id"])))

    async def cancel(self, request: Request) -> Response:
        self._dispatcher.cancel(self._account.undelivered(request.path_params["message_id"]))
        return JSONResponse({"cancelled": 1}, HTTPStatus.ACCEPTED)

    async def cancel_many(self, request: Request) -> Response:
        """By ids or filters; with neither, everything."""
        asked = await fields(request)
        live = [
            message for message in self._account.messages.values() if message.state not in FINAL
        ]
        found = [message for message in live if matches(_filtered(message), asked, "createdAt")]
        chosen = found[: whole(asked, "count", len(found))]
        for message in chosen:
            self._dispatcher.cancel(message)
        return JSONResponse({"cancelled": len(chosen), "cursor": ""})

    async def _one(self, request: Request, url: str, queue: str) -> Response:
        body = await request.body()
        self._refuse(url)
        answer = await self._accept(url, headers_of(request.headers.items()), body, queue)
        return JSONResponse(
            answer, HTTPStatus.ACCEPTED if "deduplicated" in answer else HTTPStatus.CREATED
        )

    async def _entry(self, entry: BatchEntry) -> dict[str, Any]:
        # JSON's text becomes the bytes that a header sent alone would have had
        pairs = ((name, value.encode().decode("latin-1")) for name, value in entry.headers.items())
        try:
            self._account.limits.check_messages(self._account.clock.now())
            return await self._accept(
                entry.destination, headers_of(pairs), (entry.body or "").encode(), entry.queue or ""
            )
        except Refusal as refusal:
            return {"error": str(refusal)}

    async def _accept(self, url: str, headers: Headers, body: bytes, queue: str) -> dict[str, Any]:
        publication = read(url, headers, body, queue=queue)
        await check(publication, self._account.settings.allow_loopback)
        message_id, duplicate = self._dispatcher.publish(publication, "publish")
        return {"messageId": message_id} | ({"deduplicated": True} if duplicate else {})

    def _refuse(self, url: str) -> None:
        """The faults and the daily limit, before the request is looked at."""
        now, strike = self._account.clock.now(), self._account.faults.strike
        if strike("publish_reset", url):
            raise ConnectionReset
        if strike("publish_error", url):
            raise Refusal("internal server error", HTTPStatus.INTERNAL_SERVER_ERROR)
        if strike("publish_daily", url):
            raise daily_limit(_REFUSED_DAILY, now)
        if strike("publish_burst", url):
            raise burst_limit(_REFUSED_BURST, now)
        self._account.limits.check_messages(now)


def _filtered(message: Message) -> dict[str, Any]:
    return describe(message) | {"state": message.state}
