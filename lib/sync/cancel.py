"""Cancelling a run: what it published stays, and the next run goes on from there."""

from collections.abc import Callable
from http import HTTPStatus

from lib.errors import QueueRefused, Refused
from lib.log import Log
from lib.model import JSON
from lib.qstash.client import Queue
from lib.qstash.messages import Notice
from lib.store.history import History
from lib.store.runs import Run, Runs
from lib.sync.status import UNKNOWN, run_json

REASON = "Cancelled by its owner. What it had published stays; the next run goes on from there."


class Cancel:
    """`tells` returns whether the end of a run is to be announced; `now` gives epoch seconds."""

    def __init__(
        self,
        runs: Runs,
        history: History,
        queue: Queue,
        log: Log,
        *,
        tells: Callable[[Run], bool],
        now: Callable[[], float],
    ) -> None:
        self._runs, self._history, self._queue, self._log = runs, history, queue, log
        self._tells, self._now = tells, now

    async def cancel(self, run_id: str) -> JSON:
        """End a run as cancelled, and return it. Its slices under way can't write any more, and its
        messages find it ended. What it had changed is announced to the site.

        Raises `Refused`: 404 for an unknown run, 409 for one that has ended.
        """
        ended = await self._runs.end_run(run_id, "cancelled", {"error": REASON}, "", self._now())
        entry = await self._history.entry_of(run_id)
        if entry is None:
            raise Refused(UNKNOWN, HTTPStatus.NOT_FOUND)
        run = entry.run
        if ended.repeated:
            raise Refused(
                f"The run has ended already: it was {run.status}. Ask for another one instead",
                HTTPStatus.CONFLICT,
            )
        self._log.event("run.cancelled", runId=run_id, synced=run.synced)
        if self._tells(run):
            try:
                await self._queue.publish_messages([Notice(run_id)])
            except QueueRefused as refusal:
                self._log.warning("run.untold", untoldRun=run_id, reason=str(refusal))
        return run_json(entry, self._now())
