"""The functions as processes of their own, which are really killed and really stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from dev.serve import HOST
from dev.stack import ROOT


class Deployment:
    """A running deployment: `url`, and the process that serves it at this moment. What it prints goes into `log`."""

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        port = _free_port()
        self.url = f"http://{HOST}:{port}"
        self._log = log.open("ab")
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "dev.functions", "--root", str(ROOT), "--port", str(port), "--restart"],
            cwd=ROOT,
            env={**os.environ, **environ, "SYNC_BASE_URL": self.url},
            stdout=self._log,
            stderr=self._log,
        )
        self._http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        _wait_until(lambda: _listens(port))

    def process(self) -> int:
        """The id of the process that serves; a new one after it was killed or stopped."""
        pid: int = self._http.get("/_control/process").json()["pid"]
        return pid

    def close(self) -> None:
        self._http.close()
        self._parent.terminate()
        self._parent.wait()
        self._log.close()


def kill(process: int) -> None:
    """Ends a process as a machine that goes down would, and waits until it is no more."""
    os.kill(process, signal.SIGKILL)
    _wait_until(lambda: _states(process) <= {"Z"})


def stop(process: int) -> None:
    """Holds a process where it is, and waits until all of its threads stand still."""
    os.kill(process, signal.SIGSTOP)
    _wait_until(lambda: _states(process) == {"T"})


def go_on(process: int) -> None:
    os.kill(process, signal.SIGCONT)


def _states(process: int) -> set[str]:
    """What the threads of a process are doing; nothing where there is no process any more."""
    states = set()
    for stat in Path(f"/proc/{process}/task").glob("*/stat"):
        with suppress(OSError):  # it has just ended
            states.add(stat.read_text().rpartition(")")[2].split()[0])
    return states


def _wait_until(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not done():
        if time.monotonic() > give_up:
            raise TimeoutError
        time.sleep(0.001)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
