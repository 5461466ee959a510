"""How a run is shown: a live bar in a terminal, a line for each change of state anywhere else."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from dev.watch import Budget, RunStatus, Sight


class Screen(Protocol):
    """`say` prints a line for good, `show` what holds at this moment."""

    def say(self, text: str, style: str = "") -> None: ...

    def show(self, sight: Sight) -> None: ...


class Bar(AbstractContextManager["Bar"]):
    """Pages in a bar, below it Notion's requests and what the run waits for."""

    def __init__(self, console: Console, now: Callable[[], float] = time.time) -> None:
        self._console, self._now = console, now
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<13}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("pages"),
            TimeElapsedColumn(),
        )
        self._task = self._progress.add_task("Asked for", total=None)
        self._live = Live(
            console=console, refresh_per_second=10, redirect_stdout=False, redirect_stderr=False
        )

    def say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style))

    def show(self, sight: Sight) -> None:
        run = sight.run
        self._progress.update(
            self._task,
            description=sight.stage.capitalize(),
            total=run.to_sync or None if run else None,
            completed=run.synced if run else 0,
        )
        self._live.update(Group(self._progress, self._requests(sight.budget), self._waiting(run)))

    def _requests(self, budget: Budget) -> Text:
        return Text(
            f"  Notion requests used or reserved this minute: {budget.used} of {budget.limit}",
            "dim",
        )

    def _waiting(self, run: RunStatus | None) -> Text:
        if run is None or run.waiting is None:
            return Text()
        waiting = run.waiting
        left = f"{waiting.seconds_left(self._now()):.0f} s"
        if waiting.is_for_notions_minute:
            return Text(f"  Waiting for Notion's next minute: goes on in {left}", "yellow")
        return Text(f"  Goes on in {left}: {waiting.reason}", "yellow")

    def __enter__(self) -> "Bar":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


class Lines(AbstractContextManager["Lines"]):
    """One line when the stage changes, or what the run waits for; nothing in between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = ""

    def say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text), soft_wrap=True)

    def show(self, sight: Sight) -> None:
        run = sight.run
        waiting = run.waiting if run else None
        if waiting is None:
            state = sight.stage.capitalize()
        elif waiting.is_for_notions_minute:
            state = "Waiting for Notion's next minute"
        else:
            state = f"Waiting ({waiting.reason})"
        if state == self._shown:
            return
        self._shown = state
        pages = f": {run.synced} of {run.to_sync} pages" if run and run.to_sync else ""
        self.say(f"{state}{pages}")

    def __exit__(self, *_: object) -> None:
        """Nothing to put away."""


def screen(console: Console) -> Bar | Lines:
    return Bar(console) if console.is_terminal else Lines(console)
