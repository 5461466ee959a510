"""GET /api/sync/status: the run under way, the newest runs and the sources; `?run=<id>` one run;
`?preview=<slug or id>` a link to the preview of a page; `?drafts=1` all drafts, each with one.

Where a setting is wrong, just every setting that is.
"""

from lib.auth import require_secret
from lib.config import OWNER_SETTINGS, Config, read_settings
from lib.endpoint import Endpoint, Request, Response
from lib.requests import asked_page
from lib.sync.status import setup_json
from lib.wiring import services


class handler(Endpoint):
    async def get(self, request: Request) -> Response:
        require_secret(request, Config.read(only=OWNER_SETTINGS))
        settings = read_settings()
        if settings.problems:
            return Response(200, setup_json(settings.problems))
        config = settings.config
        async with services(config, self.log(config)) as service:
            if wanted := request.query.get("preview"):
                return Response(200, await service.preview_links.link_to(asked_page(wanted)))
            if request.query.get("drafts"):
                return Response(200, await service.preview_links.drafts_json())
            run_id = request.query.get("run")
            return Response(
                200,
                await (
                    service.status.of_run(run_id) if run_id else service.status.everything_json()
                ),
            )
