"""The functions as processes of their own, which are really killed and really stopped."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from dev.serve import HOST, free_port
from dev.stack import ROOT
from tests.waiting import until


class Deployment:
    """A running deployment: `url`, and the process that serves it at this moment. What it prints
    goes into `log`."""

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        self._log = log.open("ab")
        self._parent = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "dev.functions",
                "--root",
                str(ROOT),
                "--port",
                str(port),
                "--restart",
            ],
            cwd=ROOT,
            env={**os.environ, **environ, "SYNC_BASE_URL": self.url},
            stdout=self._log,
            stderr=self._log,
        )
        self._http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        until(lambda: _listens(port))

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
    until(lambda: _states(process) <= {"Z"})


def stop(process: int) -> None:
    """Holds a process where it is, and waits until all of its threads stand still."""
    os.kill(process, signal.SIGSTOP)
    until(lambda: _states(process) == {"T"})


def go_on(process: int) -> None:
    os.kill(process, signal.SIGCONT)


def _states(process: int) -> set[str]:
    """What the threads of a process are doing; nothing where there is no process any more."""
    states = set()
    for stat in Path(f"/proc/{process}/task").glob("*/stat"):
        with suppress(OSError):  # it has just ended
            states.add(stat.read_text().rpartition(")")[2].split()[0])
    return states


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True
