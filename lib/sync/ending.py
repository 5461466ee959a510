"""The end of a run: its indexes are whole, its files are copied, and what follows it begins."""

from collections.abc import Callable, Mapping

import msgspec

from lib.errors import Hopeless
from lib.log import Log
from lib.media.copying import Copied
from lib.store.kv import Value
from lib.store.runs import Run, Runs, SliceLease, warning_facts
from lib.store.site import Site
from lib.sync.continuation import Continuation
from lib.sync.telling import mark_failed
from lib.sync.trigger import DELIVERY_SECONDS


class RunEnding(msgspec.Struct):
    """Ends runs. `references` are the settings of all sources, `now` gives epoch seconds, `new_id`
    a run's id."""

    runs: Runs
    site: Site
    log: Log
    references: Mapping[str, str]
    now: Callable[[], float]
    new_id: Callable[[], str]

    async def close_indexes(self, lease: SliceLease, run: Run) -> None:
        """Write the indexes of the run's sources as far as that is still to be done."""
        if not lease.is_focused:
            names = [name for name in self.references if run.source in ("", name)]
            rewritten = names if run.force else []
            await self.site.close_indexes(lease, self.references, names, rewritten)

    async def end_run(
        self, run: Run, facts: Mapping[str, Value], continuation: Continuation
    ) -> Run | None:
        """Mark a run as delivered, and see to what follows it; return its record. Raises
        `QueueRefused` where its message may come again."""
        next_id, alive_until = self.new_id(), self.now() + DELIVERY_SECONDS
        ended = await self.runs.end_run(run.run_id, "delivered", dict(facts), next_id, alive_until)
        await continuation.start_followers(run.run_id, ended.follow_up, ended.next_moment)
        self.log.event("run.ended", status="delivered", synced=run.synced, failed=run.failed)
        done = await self.runs.read_run(run.run_id)
        if done:
            await continuation.announce_end(done, is_mine=not ended.repeated)
        return done

    async def fail_run(self, run_id: str, reason: str, continuation: Continuation) -> None:
        """Mark a run as failed; the run that was promised meanwhile begins."""
        alive_until = self.now() + DELIVERY_SECONDS
        next_id = self.new_id() if continuation.is_queued else ""
        ended = await mark_failed(self.runs, self.log, run_id, reason, next_id, alive_until)
        await continuation.start_followers(run_id, ended.follow_up, ended.next_moment)
        await continuation.announce_failure(run_id)

    async def give_up(self, run: Run, continuation: Continuation) -> None:
        """Fail a run that does not get on, whatever it is that stops it. Raises `Hopeless`, saying
        so."""
        step = (
            "looking at the sources" if run.phase == "plan" else "reading pages or publishing them"
        )
        met = (
            run.last_error
            or "the function was stopped each time: look for a limit of time or memory in its log"
        )
        reason = (
            f"The run was given up, for its last slices brought nothing while they were {step}:"
            f" {met}"
        )
        await self.fail_run(run.run_id, reason, continuation)
        raise Hopeless(reason)


def tally_copies(run: Run, copied: Copied) -> dict[str, Value]:
    """Return what copying adds to a run's record, also where it comes in several slices."""
    tally: dict[str, Value] = {
        "images": run.images + copied.made,
        "notionRequests": run.notion_requests + copied.requests,
    }
    if copied.warning:
        tally |= warning_facts([copied.warning], run)
    return tally
