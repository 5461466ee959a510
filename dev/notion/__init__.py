"""A Notion that runs on this machine: Notion's reading API over a workspace in memory, with test
controls.

What it imitates, and what it doesn't, is in README.md.
"""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dev.closing import Closing
from dev.notion import files
from dev.notion.api import Api
from dev.notion.clock import Clock
from dev.notion.controls import Controls
from dev.notion.door import Callback, Door
from dev.notion.edits import Edits
from dev.notion.faults import Faults
from dev.notion.generate import PAGES, POSTS
from dev.notion.limits import Latency, RateLimit
from dev.notion.load import load
from dev.notion.log import RequestLog
from dev.notion.odd import Odd
from dev.notion.webhooks import Webhooks
from dev.notion.workspace import TOKEN, Workspace
from dev.serve import Server

__all__ = ["SAMPLE_DATABASES", "SAMPLE_SOURCES", "TOKEN", "NotionStandIn"]

SAMPLE_DATABASES = {"pages": PAGES, "posts": POSTS}
"""The ids of the sample workspace's sources, by their names."""
SAMPLE_SOURCES = ",".join(f"{name}={database_id}" for name, database_id in SAMPLE_DATABASES.items())
"""What NOTION_SOURCES is for the sample workspace."""


class NotionStandIn(Closing):
    """A running stand-in, a program and a fixture: `url`, `reset()`, `close()`; also a context
    manager.

    `workspace` is what it serves and `edit` changes it; `clock`, `limit`, `latency` and `faults`
    are its weather, `odd` changes what it answers, `log` is what it was asked, `webhooks` what it
    tells. `source` makes the workspace it starts with, and again at every reset.
    """

    def __init__(self, port: int = 0, source: Callable[[], Workspace] = load) -> None:
        self._source = source
        self.workspace = source()
        self.clock = Clock()
        self.webhooks = Webhooks(self.workspace, self.clock)
        self.edit = Edits(self.workspace, self.clock, self.webhooks)
        self.limit = RateLimit(self.clock)
        self.latency = Latency()
        self.faults = Faults()
        self.odd = Odd()
        self.log = RequestLog()
        self._files = files.SignedFiles(self.workspace, self.clock)
        self._door = self._new_door()
        self._server = Server(self._door, port, date_header=False)
        self.url = self.workspace.home = self._server.url

    def on_request(self, callback: Callback) -> None:
        """Calls `callback("before" | "after", method, path)` around every answer of the API, until
        `reset()`.

        It runs in a thread of its own while the request waits, so it may block, edit the workspace
        or kill a process.
        """
        self._door.callbacks.append(callback)

    def forget_callbacks(self) -> None:
        self._door.callbacks.clear()

    def reset(self) -> None:
        """Everything as it was at the start: workspace, clock, limits, latency, log, no faults,
        oddities, callbacks."""
        self.webhooks.reset()
        self.workspace.become(self._source())
        self.clock.reset()
        self.limit.reset()
        self.latency.set(0)
        self.faults.clear()
        self.odd.clear()
        self.log.clear()
        self._door.callbacks.clear()

    def close(self) -> None:
        self._server.close()

    def _new_door(self) -> Door:
        rest = Starlette(
            routes=[
                *Controls(self).routes(),
                Route("/files/{path:path}", self._hosted_file),
                Route("/external/{name}", _external_file),
            ]
        )
        return Door(
            api=Api(self.workspace, self._files, self.odd).app,
            rest=rest,
            workspace=self.workspace,
            clock=self.clock,
            limit=self.limit,
            latency=self.latency,
            faults=self.faults,
            log=self.log,
        )

    async def _hosted_file(self, request: Request) -> Response:
        """The bytes of a hosted file, while its address is good; else S3's refusal."""
        refusal = self._files.refusal(
            request.scope["raw_path"].decode(), dict(request.query_params)
        )
        if refusal is not None:
            error = f"<Error><Code>AccessDenied</Code><Message>{refusal}</Message></Error>"
            return Response(
                f'<?xml version="1.0" encoding="UTF-8"?>\n{error}',
                403,
                media_type="application/xml",
            )
        return _file(request.path_params["path"].rpartition("/")[2])


async def _external_file(request: Request) -> Response:
    return _file(request.path_params["name"])


def _file(name: str) -> Response:
    return Response(files.content(name), media_type=files.media_type(name))
