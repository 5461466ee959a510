"""GET /api/sync/status: the run under way, the newest runs and the sources; `?run=<id>` one run."""

from lib.auth import admit_owner
from lib.endpoint import Endpoint, Request, Response
from lib.wiring import services


class handler(Endpoint):
    async def get(self, request: Request) -> Response:
        config = admit_owner(request)
        async with services(config, self.log(config)) as service:
            run_id = request.query.get("run")
            return Response(200, await (service.status.of_run(run_id) if run_id else service.status.everything()))
