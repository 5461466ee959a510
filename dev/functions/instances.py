"""One instance after another: a fresh process once the one that serves was killed, or beside it
once it is stopped.

A process that has the packages loaded already is forked, so that an instance is there in a fraction
of a second.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from dev.functions.deployment import load_packages


def keep_running(serve: Callable[[], None]) -> int:
    """Calls `serve` in a child process, and in another whenever a signal ends or stops it.

    Returns the exit code of one that ended by itself. SIGTERM and SIGINT end all of them.
    """
    load_packages(Path())
    instances: list[int] = []

    def stop(signal_number: int, frame: FrameType | None) -> None:
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        while True:
            instances.append(_start(serve))
            status = _end_or_stop(instances)
            if os.WIFEXITED(status):
                return os.waitstatus_to_exitcode(status)
    finally:
        for instance in instances:
            os.kill(instance, signal.SIGKILL)


def _start(serve: Callable[[], None]) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        serve()
    except BaseException as problem:
        sys.excepthook(type(problem), problem, problem.__traceback__)
        os._exit(1)
    os._exit(0)


def _end_or_stop(instances: list[int]) -> int:
    """Waits until the newest instance ended or was stopped: its wait status. One that ended is no
    instance any more."""
    newest = instances[-1]
    while True:
        child, status = os.waitpid(-1, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            instances.remove(child)
        if child == newest:
            return status
