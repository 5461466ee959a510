"""GET, POST /api/sync/trigger: ask for a run, which QStash then carries out."""

from lib.auth import admit_owner
from lib.endpoint import Endpoint, Request, Response
from lib.requests import ask_of, triggered
from lib.wiring import services


class handler(Endpoint):
    async def get(self, request: Request) -> Response:
        config = admit_owner(request)
        ask = ask_of(request, config)
        async with services(config, self.log(config)) as service:
            return Response(202, triggered(await service.trigger.request_run(ask), config))

    post = get
