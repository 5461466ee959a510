"""Keeps the pages of other sites, open in a browser on this machine, from a stand-in's controls."""

from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

CONTROLS = ("/_control/", "/_local/")
NAMES = ("127.0.0.1", "localhost", "[::1]")
OWN = ("same-origin", "none")
"""What browsers say of a request from the very page, or from the person:
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site."""


class SameSite:
    """An ASGI app whose controls only programs and its own pages can use."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if (
            scope["type"] == "http"
            and scope["path"].startswith(CONTROLS)
            and not _is_ours(Headers(scope=scope))
        ):
            refusal = JSONResponse({"error": "the controls are not for pages of other sites"}, 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_ours(headers: Headers) -> bool:
    """Whether a request is none that a page of another site made, under a name of its own or
    ours."""
    host = headers.get("host", "")
    is_here = host.rpartition(":")[0] in NAMES or host in NAMES
    return (
        is_here
        and headers.get("origin", f"http://{host}") == f"http://{host}"
        and headers.get("sec-fetch-site", "none") in OWN
    )
