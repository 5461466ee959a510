"""`python -m dev.functions`: the functions as a process of its own, with the environment it is
started in."""

import argparse
import contextlib
import os
import sys
import threading
from pathlib import Path

from dev.functions.cdn import Cdn
from dev.functions.deployment import Functions
from dev.functions.instances import keep_running
from dev.serve import listen


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.functions", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--max-duration", type=float, help="seconds, instead of vercel.json's")
    parser.add_argument("--cdn", action="store_true", help="keep answers as Vercel's CDN does")
    parser.add_argument("--restart", action="store_true", help="start again at once when killed")
    options = parser.parse_args()
    os.chdir(options.root)
    listening = listen(options.port)

    def serve() -> None:
        cdn = Cdn() if options.cdn else None
        with (
            contextlib.suppress(KeyboardInterrupt),
            Functions(
                Path(), os.environ, listening, max_duration=options.max_duration, cdn=cdn
            ) as functions,
        ):
            print(f"functions at {functions.url}, process {os.getpid()}", flush=True)
            threading.Event().wait()

    if options.restart:
        sys.exit(keep_running(serve))
    serve()


if __name__ == "__main__":
    main()
