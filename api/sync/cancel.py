"""POST /api/sync/cancel?run=<id>: end a run; what it has published stays."""

from lib.auth import admit_owner
from lib.endpoint import Endpoint, Request, Response
from lib.requests import run_of
from lib.wiring import services


class handler(Endpoint):
    async def post(self, request: Request) -> Response:
        config = admit_owner(request)
        run_id = run_of(request)
        async with services(config, self.log(config)) as service:
            return Response(200, await service.cancel.cancel(run_id))
