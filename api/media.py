"""GET /api/media: the permanent address of a file that Notion hosts, for everybody who reads the
site."""

from http import HTTPStatus

from lib.config import MEDIA_SETTINGS, Config
from lib.endpoint import Endpoint, Request, Response
from lib.media.address import cache_headers, wanted_of
from lib.media.guard import check_mac
from lib.wiring import address_keys, services


class handler(Endpoint):
    is_for_strangers = True

    async def get(self, request: Request) -> Response:
        wanted = wanted_of(request.query)
        config = Config.read(only=MEDIA_SETTINGS)
        check_mac(wanted, address_keys(config, is_draft=wanted.is_draft))
        async with services(config, self.log(config)) as service:
            found = await service.locator.locate_file(wanted)
        return Response(HTTPStatus.FOUND, None, {"Location": found.address, **cache_headers(found)})

    head = get
