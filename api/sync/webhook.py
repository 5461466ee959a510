"""POST /api/sync/webhook: Notion says that something changed. Only Notion may call it."""

from lib.auth import admit_notion
from lib.endpoint import Endpoint, Request, Response
from lib.requests import event_of
from lib.wiring import services


class handler(Endpoint):
    async def post(self, request: Request) -> Response:
        sent, config = admit_notion(request, event_of)
        async with services(config, self.log(config)) as service:
            return Response(200, await service.webhook.take_delivery(sent))
