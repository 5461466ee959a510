"""Problems: what could not be looked at or read, kept to the one thing that each is about."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, ParamSpec

import msgspec

from lib.errors import NotionAway, OutOfTime, SyncError, Unreadable
from lib.model import Cause, Problem
from lib.store.site import Known

REASON_CHARACTERS = 300
MOST_TRIES = 10
"""Slices in which nothing may be answered while something is looked at."""

Kind = Literal["page", "database", "source"]
Arguments = ParamSpec("Arguments")


class Problems:
    """Collects problems into `found`, by kind and id (of sources: by name). Pages that got no
    usable answer, and are worth another try soon, go into `again`. `tries` counts the slices that
    ended while something was looked at and `is_silent` was true: requests were sent, and none was
    answered. `is_down` returns whether Notion answers no request at all, `is_silent` the same of
    this slice."""

    def __init__(
        self,
        found: dict[str, Problem],
        again: set[str],
        tries: dict[str, int],
        is_down: Callable[[], bool],
        is_silent: Callable[[], bool],
    ) -> None:
        self._found, self._tries = found, tries
        self._is_down, self._is_silent = is_down, is_silent
        self.again = again
        self.unforeseen: list[Exception] = []
        """The errors behind problems that are faults of this project."""

    async def contain(
        self,
        about: Problem,
        look: Callable[Arguments, Awaitable[None]],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        """Look at one thing. An error that concerns it alone is reported as its problem.

        Raises what concerns the whole run: NotionWait, OutOfTime, Hopeless, and NotionAway where
        Notion answers no request at all.
        """
        key = _key_of(about)
        try:
            if self._tries.get(key, 0) >= MOST_TRIES:
                raise NotionAway(f"Notion answered nothing in the time of {MOST_TRIES} slices.")
            await look(*args, **kwargs)
        except (asyncio.CancelledError, OutOfTime):
            self._tries[key] = self._tries.get(key, 0) + self._is_silent()
            raise
        except Unreadable as refusal:
            self.report(about, f"Notion does not show it: {refusal.reason}", refusal.cause)
        except NotionAway as away:
            if self._is_down():
                raise
            self.report(about, str(away), away.cause)
            if about.kind == "page" and about.page_id:
                self.again.add(about.page_id)
        except SyncError:
            raise
        except Exception as error:
            self.unforeseen.append(error)
            self.report(about, unforeseen_reason(error), "fault")

    def report(self, about: Problem, reason: str, cause: Cause | None = None) -> None:
        """Note a problem; of one thing the last one counts."""
        self._found[_key_of(about)] = msgspec.structs.replace(
            about, reason=reason, cause=cause or msgspec.UNSET
        )

    def has(self, kind: Kind, name: str) -> bool:
        """Return whether a problem of the thing of this id (of a source, this name) is known."""
        return _problem_key(kind, name) in self._found


def page_problem(page_id: str, known: Known) -> Problem:
    """Return a problem of a page, under the name by which it is published."""
    seen = known.observation
    return Problem(page_id, known.slug, seen.title if seen else "", "page")


def unforeseen_reason(error: Exception) -> str:
    """Return what is said of an error that is a fault of this project."""
    return f"{type(error).__name__}: {error}"[:REASON_CHARACTERS]


def _key_of(about: Problem) -> str:
    return _problem_key(about.kind, about.page_id or about.title)


def _problem_key(kind: str, name: str) -> str:
    return f"{kind}:{name}"
