"""Cancelling a run: what it published stays, and the next run goes on from there."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec

from lib.errors import QueueRefused, Refused
from lib.log import Log
from lib.model import JSON
from lib.qstash.client import Queue
from lib.qstash.messages import Notice
from lib.store.history import History
from lib.store.runs import Run, Runs
from lib.sync.status import UNKNOWN, run_json

REASON = "Cancelled by its owner. What it had published stays; the next run goes on from there."


class Cancel(msgspec.Struct):
    """`tells` returns whether the end of a run is to be announced; `now` gives epoch seconds."""

    runs: Runs
    history: History
    queue: Queue
    log: Log
    tells: Callable[[Run], bool]
    now: Callable[[], float]

    async def cancel(self, run_id: str) -> JSON:
        """End a run as cancelled, and return it. Its slices under way can't write any more, and its
        messages find it ended. What it had changed is announced to the site.

        Raises `Refused`: 404 for an unknown run, 409 for one that has ended.
        """
        ended = await self.runs.end_run(run_id, "cancelled", {"error": REASON}, "", self.now())
        entry = await self.history.entry_of(run_id)
        if entry is None:
            raise Refused(UNKNOWN, HTTPStatus.NOT_FOUND)
        run = entry.run
        if ended.repeated:
            raise Refused(
                f"The run has ended already: it was {run.status}. Ask for another one instead",
                HTTPStatus.CONFLICT,
            )
        self.log.event("run.cancelled", runId=run_id, synced=run.synced)
        if self.tells(run):
            try:
                await self.queue.publish_messages([Notice(run_id)])
            except QueueRefused as refusal:
                self.log.warning("run.untold", untoldRun=run_id, reason=str(refusal))
        return run_json(entry, self.now())
