"""POST /api/sync/webhook: Notion says that something changed. Only Notion may call it, once its token is set."""

from lib.auth import require_notion
from lib.config import Config
from lib.endpoint import Endpoint, Request, Response
from lib.requests import event_of
from lib.wiring import services


class handler(Endpoint):
    async def post(self, request: Request) -> Response:
        config = Config.read()
        if config.notion_webhook_token:
            require_notion(request, config.notion_webhook_token)
        sent = event_of(request)
        async with services(config, self.log(config)) as service:
            return Response(200, await service.webhook.take(sent))
