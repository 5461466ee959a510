"""`python -m dev.functions`: the functions as a process of its own, with the environment it is started in."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from dev.functions.deployment import Functions
from dev.serve import free_port


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.functions", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--max-duration", type=float, help="seconds, instead of vercel.json's")
    parser.add_argument("--restart", action="store_true", help="start again at once when killed")
    options = parser.parse_args()
    if options.restart:
        sys.exit(_keep_running(options.port, [word for word in sys.argv[1:] if word != "--restart"]))
    os.chdir(options.root)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Functions(Path(), os.environ, options.port, max_duration=options.max_duration) as functions,
    ):
        print(f"functions at {functions.url}, process {os.getpid()}", flush=True)
        threading.Event().wait()


def _keep_running(port: int, arguments: list[str]) -> int:
    """Runs the functions in a child, and in a new one whenever a signal ends it; returns the last one's exit code."""
    fixed_port = ["--port", str(port or free_port())]
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    while True:
        child = subprocess.Popen([sys.executable, "-m", "dev.functions", *arguments, *fixed_port])
        try:
            if child.wait() >= 0:
                return child.returncode
        finally:
            child.kill()
            child.wait()


if __name__ == "__main__":
    main()
