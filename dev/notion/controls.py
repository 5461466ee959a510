"""Test controls over HTTP, under `/_control/`: the same as the stand-in's Python methods, for other
processes.

    GET   edits               the edits there are           POST  edits/{name}       one, its
    arguments as JSON GET   clock               POST clock    {"set": iso} {"advance": seconds}
    {"frozen": bool} POST  faults              {"kind", "method"?, "path"?, "times"?: null for ever,
    "seconds"?, "above_page_size"?,
                               "with_cursor"?}                                        DELETE faults
    POST  odd/{change}        set, drop, insert, replace: {"target", "where"?, "value"?} GET   odd
    what was ordered              DELETE odd, odd?target=…  all of it, or of one target POST
    weather             {"share", "seed"?, "seconds"?} POST  limits              {"requests": number
    or null, "query_limit": number} GET   choices             POST choices  {"turns_ties"?,
    "empty_lost_copies"?, "whole_people"?}: see `Choices` POST  latency             {"ms",
    "jitter_ms"?, "seed"?} GET   requests            GET stats     POST stats/reset POST  webhooks
    {"url", "window_seconds"?}                              POST webhooks/flush GET
    truth/tree/{id}     GET truth/rows/{id}           GET truth/pages?source=…  GET
    truth/minimum?source=… POST  reset

Answers are `{"result": …}`, or `{"error": …}` with 400.
"""

import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dev.notion import truth
from dev.notion.api import json_response
from dev.notion.clock import instant
from dev.notion.edits import Edits
from dev.notion.odd import CHANGES

if TYPE_CHECKING:
    from dev.notion import NotionStandIn

Control = Callable[[Request, Any], Any]

EDITS = [
    name for name, _ in inspect.getmembers(Edits, inspect.isfunction) if not name.startswith("_")
]


class Controls:
    def __init__(self, stand_in: "NotionStandIn") -> None:
        self._stand_in = stand_in

    def routes(self) -> list[Route]:
        stand_in = self._stand_in
        controls: list[tuple[str, str, Control]] = [
            (
                "GET",
                "edits",
                lambda request, body: {
                    name: str(inspect.signature(getattr(Edits, name))) for name in EDITS
                },
            ),
            ("POST", "edits/{name}", self._edit),
            ("GET", "clock", lambda request, body: self._clock()),
            ("POST", "clock", lambda request, body: self._set_clock(**body)),
            ("POST", "faults", lambda request, body: stand_in.faults.add(**body)),
            ("DELETE", "faults", lambda request, body: stand_in.faults.clear()),
            ("GET", "odd", lambda request, body: stand_in.odd.ordered),
            ("POST", "odd/{change}", self._order_oddity),
            (
                "DELETE",
                "odd",
                lambda request, body: stand_in.odd.clear(request.query_params.get("target")),
            ),
            ("POST", "weather", lambda request, body: stand_in.faults.weather(**body)),
            ("POST", "limits", lambda request, body: self._set_limits(body)),
            ("GET", "choices", lambda request, body: asdict(stand_in.workspace.choices)),
            ("POST", "choices", lambda request, body: self._choose(body)),
            ("POST", "latency", lambda request, body: stand_in.latency.set(**body)),
            ("GET", "requests", lambda request, body: stand_in.log.requests),
            ("GET", "stats", lambda request, body: stand_in.log.stats),
            ("POST", "stats/reset", lambda request, body: stand_in.log.clear_stats()),
            (
                "GET",
                "truth/tree/{id}",
                lambda request, body: truth.tree(stand_in.workspace, request.path_params["id"]),
            ),
            (
                "POST",
                "webhooks",
                lambda request, body: stand_in.webhooks.subscribe(**body).status_code,
            ),
            (
                "POST",
                "webhooks/flush",
                lambda request, body: [one.status for one in stand_in.webhooks.flush()],
            ),
            (
                "GET",
                "truth/rows/{id}",
                lambda request, body: truth.expected_rows(
                    stand_in.workspace, request.path_params["id"]
                ),
            ),
            (
                "GET",
                "truth/pages",
                lambda request, body: truth.published_pages(stand_in.workspace, _sources(request)),
            ),
            (
                "GET",
                "truth/minimum",
                lambda request, body: truth.minimum_requests(stand_in.workspace, _sources(request)),
            ),
            ("POST", "reset", lambda request, body: stand_in.reset()),
        ]
        return [
            Route(f"/_control/{path}", _endpoint(control), methods=[method])
            for method, path, control in controls
        ]

    def _edit(self, request: Request, body: Any) -> Any:
        name = request.path_params["name"]
        if name not in EDITS:
            raise LookupError(f"no such edit: {name}; there are {', '.join(EDITS)}")
        return getattr(self._stand_in.edit, name)(**body)

    def _order_oddity(self, request: Request, body: Any) -> Any:
        change = request.path_params["change"]
        if change not in CHANGES:
            raise LookupError(f"no such change: {change}; there are {', '.join(CHANGES)}")
        return getattr(self._stand_in.odd, change)(**body)

    def _clock(self) -> dict[str, Any]:
        clock = self._stand_in.clock
        return {"now": clock.now().isoformat(), "frozen": clock.frozen}

    def _set_clock(
        self, set: str | None = None, advance: float = 0.0, frozen: bool | None = None
    ) -> dict[str, Any]:
        clock = self._stand_in.clock
        if frozen is not None:
            clock.freeze() if frozen else clock.unfreeze()
        if set is not None:
            clock.set(instant(set))
        clock.advance(advance)
        return self._clock()

    def _choose(self, choices: dict[str, bool]) -> dict[str, bool]:
        workspace = self._stand_in.workspace
        workspace.choices = replace(workspace.choices, **choices)
        return asdict(workspace.choices)

    def _set_limits(self, limits: dict[str, Any]) -> None:
        if "requests" in limits:
            self._stand_in.limit.requests = limits["requests"]
        if "query_limit" in limits:
            self._stand_in.workspace.query_limit = limits["query_limit"]


def _sources(request: Request) -> list[str]:
    return request.query_params.getlist("source")


def _endpoint(control: Control) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            return json_response({"result": control(request, json.loads(raw) if raw else {})})
        except (LookupError, TypeError, ValueError) as error:
            return json_response({"error": str(error)}, 400)

    return endpoint
