"""`/v2/schedules`: kept, shown, paused and deleted. Only the control fires one."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.qstash.account import Account, new_id
from dev.qstash.api.asked import destination
from dev.qstash.destination import check
from dev.qstash.dispatcher import Dispatcher
from dev.qstash.errors import Refusal
from dev.qstash.publication import Headers, headers_of, read
from dev.qstash.schedule import Schedule, read_cron


class Schedules:
    """The schedules of the account; creating one with the id of another replaces it."""

    def __init__(self, account: Account, dispatcher: Dispatcher) -> None:
        self._account = account
        self._dispatcher = dispatcher
        self.routes = [
            Route("/v2/schedules", self.list_all, methods=["GET"]),
            Route("/v2/schedules/{schedule_id}", self.get, methods=["GET"]),
            Route("/v2/schedules/{schedule_id}", self.delete, methods=["DELETE"]),
            Route("/v2/schedules/{schedule_id}/pause", self.pause, methods=["PATCH"]),
            Route("/v2/schedules/{schedule_id}/resume", self.resume, methods=["PATCH"]),
            Route("/v2/schedules/{destination:path}", self.create, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        headers = headers_of(request.headers.items())
        cron = read_cron(_taken(headers, "upstash-cron"))
        schedule_id = _taken(headers, "upstash-schedule-id") or new_id("scd")
        queue = _taken(headers, "upstash-queue-name")
        body = await request.body()
        publication = read(
            destination(request, 2), headers, body, queue=queue, schedule_id=schedule_id
        )
        await check(publication, self._account.settings.allow_loopback)
        self._account.schedules[schedule_id] = Schedule(
            schedule_id, cron, publication, self._account.clock.now()
        )
        return JSONResponse({"scheduleId": schedule_id}, HTTPStatus.CREATED)

    async def list_all(self, request: Request) -> Response:
        self._account.limits.count_listing(self._account.clock.now())
        return JSONResponse([schedule.describe() for schedule in self._account.schedules.values()])

    async def get(self, request: Request) -> Response:
        return JSONResponse(self._find(request).describe())

    async def delete(self, request: Request) -> Response:
        del self._account.schedules[self._find(request).schedule_id]
        return Response(status_code=HTTPStatus.OK)

    async def pause(self, request: Request) -> Response:
        self._find(request).paused = True
        return Response(status_code=HTTPStatus.OK)

    async def resume(self, request: Request) -> Response:
        self._find(request).paused = False
        return Response(status_code=HTTPStatus.OK)

    async def fire(self, request: Request) -> Response:
        """The control: publishes the schedule's message now."""
        schedule = self._find(request)
        if schedule.paused:
            raise Refusal(f"schedule {schedule.schedule_id} is paused", HTTPStatus.CONFLICT)
        schedule.fired_at = self._account.clock.now()
        message_id, _ = self._dispatcher.publish(schedule.publication, "schedule")
        return JSONResponse({"messageId": message_id})

    def _find(self, request: Request) -> Schedule:
        schedule_id = request.path_params["schedule_id"]
        if schedule_id not in self._account.schedules:
            raise Refusal(f"schedule {schedule_id} not found", HTTPStatus.NOT_FOUND)
        return self._account.schedules[schedule_id]


def _taken(headers: Headers, name: str) -> str:
    return headers.pop(name, [""])[0].strip()
