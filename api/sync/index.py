"""GET /api/sync: the same sync without the queue, as far as one call gets. The way out when QStash
is down."""

from lib.auth import admit_owner
from lib.endpoint import Endpoint, Request, Response
from lib.requests import ask_of
from lib.slice_wiring import SliceParts
from lib.wiring import services


class handler(Endpoint):
    async def get(self, request: Request) -> Response:
        config = admit_owner(request)
        ask = ask_of(request, config)
        async with services(config, self.log(config)) as service:
            engine = SliceParts(service, request.deadline).engine
            report = await engine.run_inline(ask)
            return Response(200, report.as_json())
