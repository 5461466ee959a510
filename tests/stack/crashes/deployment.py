"""The functions as processes of their own, which are really killed and really stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
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
        _wait_for(port)

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
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.001)
    raise AssertionError(f"process {process} is still there")


def _wait_for(port: int) -> None:
    give_up = time.monotonic() + 20
    while True:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
