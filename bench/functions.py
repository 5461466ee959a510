"""The functions in a process of their own, whose clock can be moved on: `python -m bench.functions
CLOCK --port N`.

CLOCK is a file with eight bytes: how many seconds `time.time()` is ahead in this process.
Signatures of QStash carry the real time and are compared with `datetime.now()`, so they stay valid.
"""

import mmap
import struct
import subprocess
import sys
import time
from pathlib import Path

import httpx

from bench.process import peak_is_forgotten, peak_megabytes, spent_seconds
from dev.closing import Closing

SECONDS = struct.Struct("d")
START_SECONDS = 30.0
ROOT = Path(__file__).parent.parent


class Functions(Closing):
    """A running process with the functions: `url`, `pid`; also a context manager. `log` takes what
    it prints."""

    def __init__(self, environ: dict[str, str], port: int, folder: Path) -> None:
        clock = folder / "clock"
        clock.write_bytes(SECONDS.pack(0.0))
        with clock.open("r+b") as file:
            self._clock = mmap.mmap(file.fileno(), SECONDS.size)
        self._ahead = 0.0
        self.log = folder / "functions.log"
        self.url = f"http://127.0.0.1:{port}"
        self._command = [
            sys.executable,
            "-m",
            "bench.functions",
            str(clock),
            "--port",
            str(port),
            "--root",
            str(ROOT),
        ]
        self._environ = environ | {"PYTHONPATH": str(ROOT)}
        self.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def advance(self, seconds: float) -> None:
        """Moves the process's clock on."""
        self._ahead += seconds
        SECONDS.pack_into(self._clock, 0, self._ahead)

    def forget_peak(self) -> None:
        peak_is_forgotten(self.pid)

    @property
    def peak_megabytes(self) -> float:
        return peak_megabytes(self.pid)

    @property
    def cpu_seconds(self) -> float:
        return spent_seconds(self.pid)

    def start(self) -> None:
        """Start the process, also once more after `kill`. Raises RuntimeError where it ends."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environ, stdout=log, stderr=subprocess.STDOUT
            )
        self._wait_until_started()

    def kill(self) -> None:
        """End the process without warning (SIGKILL)."""
        self._process.kill()
        self._process.wait(10)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _wait_until_started(self) -> None:
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self._process.poll() is None:
            try:
                httpx.get(f"{self.url}/_control/process", trust_env=False).raise_for_status()
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"the functions did not start:\n{self.log.read_text()}")


def _serve(clock: Path) -> None:
    with clock.open("r+b") as file:
        ahead = mmap.mmap(file.fileno(), SECONDS.size)
    real_time = time.time
    time.time = lambda: real_time() + SECONDS.unpack_from(ahead, 0)[0]

    from dev.functions.__main__ import main
    from dev.functions.deployment import load_packages

    load_packages(ROOT)  # what a cold start takes is measured by itself
    main()


if __name__ == "__main__":
    _serve(Path(sys.argv.pop(1)))
