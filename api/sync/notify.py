"""POST /api/sync/notify: tell people and the site how a run ended. Only QStash may call it."""

from lib.auth import admit_qstash
from lib.endpoint import Endpoint, Request, Response
from lib.qstash.messages import NOTIFY
from lib.requests import ending_of
from lib.wiring import services


class handler(Endpoint):
    async def post(self, request: Request) -> Response:
        config = admit_qstash(request, NOTIFY)
        ending = ending_of(request, config)
        async with services(config, self.log(config)) as service:
            if ending.failed:
                await service.desk.fail_message(ending.failed, ending.reason)
            told = await service.desk.tell_channels(ending.run_id)
            return Response(200, {"ok": True, "runId": ending.run_id, "told": told})
