"""The functions in a process of their own: one that can be killed in the midst of its work, and is
started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from dev.closing import Closing
from dev.serve import HOST, free_port

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 30.0


class FunctionsProcess(Closing):
    """The project at `root`, deployed: `url`, `kill()`, `close()`. Also a context manager.

    `environ` is added to this process's environment for the functions; what they print goes into
    the file `log`.
    """

    def __init__(self, root: Path, environ: Mapping[str, str], log: Path, port: int = 0) -> None:
        port = port or free_port()
        self.url = f"http://{HOST}:{port}"
        command = [
            sys.executable,
            "-m",
            "dev.functions",
            "--root",
            str(root),
            "--port",
            str(port),
            "--restart",
        ]
        with log.open("wb") as output:
            self._keeper = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env={**os.environ, **environ},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self.wait()
        except BaseException:
            self.close()
            raise

    def kill(self) -> None:
        """SIGKILL: whatever is under way ends in the middle of a line. The next process is up
        within a second or so."""
        os.kill(self.wait(), signal.SIGKILL)

    def wait(self) -> int:
        """Waits until the functions are up; answers their process id. Raises `RuntimeError` where
        they never are."""
        give_up = time.monotonic() + START_SECONDS
        while self._keeper.poll() is None and time.monotonic() < give_up:
            try:
                pid: int = httpx.get(f"{self.url}/_control/process", trust_env=False).json()["pid"]
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return pid
        raise RuntimeError(f"the functions did not start on {self.url}: see their log")

    def close(self) -> None:
        self._keeper.terminate()
        self._keeper.wait()
