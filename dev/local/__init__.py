"""The local stack as a stage: functions in a process that can be killed, and buttons on the
dashboard that do it."""

from contextlib import ExitStack
from pathlib import Path

from dev.closing import Closing
from dev.functions.process import FunctionsProcess
from dev.local.buttons import Buttons
from dev.local.door import Door
from dev.local.own_run import OwnRun
from dev.serve import Server
from dev.stack import ROOT, Stack


class Stage(Closing):
    """A stack's functions behind `Door`, which keeps their public address up: `url`, `kill()`,
    `close()`.

    What the functions print goes into the file `log`.
    """

    def __init__(self, stack: Stack, port: int, log: Path) -> None:
        self._open = ExitStack()
        try:
            process = self._open.enter_context(FunctionsProcess(ROOT, stack.environ, log))
            own_run = OwnRun(process.url, stack.secret)
            door = Door(process.url, Buttons(process, own_run, stack.notion, stack.qstash))
            self.url = self._open.enter_context(Server(door, port)).url
            # What is under way gets its answer before the address goes.
            self._open.callback(process.close)
            self._open.callback(door.give_up)
        except BaseException:
            self._open.close()
            raise
        self.kill = process.kill

    def close(self) -> None:
        self._open.close()
