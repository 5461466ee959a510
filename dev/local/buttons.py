"""What may go wrong in production, at the press of a button: a kill, Notion's "wait", a message
delivered twice. Each needs a run to trouble, and starts one where none is under way."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dev.functions.process import FunctionsProcess
from dev.local.own_run import OwnRun
from dev.notion import NotionStandIn
from dev.qstash import Fault, QStashStandIn

SCRIPT = Path(__file__).parent / "buttons.js"
NOTION_SAYS_WAIT_SECONDS = 10.0


class Button(msgspec.Struct, frozen=True):
    """`press` makes the trouble and tells what will come of it."""

    name: str
    label: str
    press: Callable[[], str]


class Buttons:
    """The buttons there are: what a stand-in would have to do can't be asked of a real service in
    its place."""

    def __init__(
        self,
        functions: FunctionsProcess,
        own_run: OwnRun,
        notion: NotionStandIn | None,
        qstash: QStashStandIn | None,
    ) -> None:
        self._functions, self._own_run = functions, own_run
        self._notion, self._qstash = notion, qstash
        self.all = [Button("kill", "Kill the worker", self._kill)]
        if notion:
            self.all.append(Button("throttle", "Notion answers 429", self._throttle))
        if qstash:
            self.all.append(Button("duplicate", "Deliver twice", self._duplicate))

    @property
    def routes(self) -> list[BaseRoute]:
        """`GET /_local/buttons` lists them, `POST /_local/{name}` presses one; the script shows
        them."""
        return [
            Route("/_local/buttons", self._listed),
            Route("/_local/buttons.js", _script),
            *(
                Route(f"/_local/{button.name}", _pressing(button), methods=["POST"])
                for button in self.all
            ),
        ]

    def _listed(self, request: Request) -> Response:
        return JSONResponse([{"name": button.name, "label": button.label} for button in self.all])

    def _kill(self) -> str:
        begun = self._own_run.begin_reading()
        self._functions.kill()
        return f"{begun}Killed (SIGKILL). The run goes on when QStash delivers its message again."

    def _throttle(self) -> str:
        assert self._notion
        begun = self._own_run.begin_reading()
        self._notion.faults.add("429", seconds=NOTION_SAYS_WAIT_SECONDS)
        return (
            f"{begun}Notion's next answer is 429, wait {NOTION_SAYS_WAIT_SECONDS:.0f} s. The slice"
            " ends, and QStash brings the next one."
        )

    def _duplicate(self) -> str:
        assert self._qstash
        self._qstash.fail(Fault("twice", times=1, matching="/api/sync/worker$"))
        begun = self._own_run.begin()
        return f"{begun}QStash delivers the next message twice. One of the two steps back."


def _pressing(button: Button) -> Callable[[Request], Response]:
    def press(request: Request) -> Response:
        return JSONResponse({"told": button.press()})

    return press


def _script(request: Request) -> Response:
    return FileResponse(SCRIPT, headers={"cache-control": "no-store"})
