"""GET /api/media: the permanent address of a file that Notion hosts, for everybody who reads the site."""

from http import HTTPStatus

from lib.config import Config
from lib.endpoint import Endpoint, Request, Response
from lib.media.address import cache_headers, wanted_of
from lib.wiring import services


class handler(Endpoint):
    async def get(self, request: Request) -> Response:
        wanted = wanted_of(request.query)
        config = Config.read()
        async with services(config, self.log(config)) as service:
            found = await service.locator.locate(wanted)
        return Response(HTTPStatus.FOUND, None, {"Location": found.address, **cache_headers(found)})

    head = get
