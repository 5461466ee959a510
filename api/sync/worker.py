"""POST /api/sync/worker: work one slice of a run. Only QStash may call it."""

from lib.auth import admit_qstash
from lib.endpoint import Endpoint, Request, Response
from lib.qstash.messages import WORKER
from lib.requests import message_of
from lib.slice_wiring import SliceParts
from lib.wiring import services


class handler(Endpoint):
    async def post(self, request: Request) -> Response:
        config = admit_qstash(request, WORKER)
        message = message_of(request, config)
        async with services(config, self.log(config)) as service:
            engine = SliceParts(service, request.deadline).engine
            report = await engine.deliver_message(message)
            return Response(200, report.as_json())
