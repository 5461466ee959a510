"""`python -m dev`: the local stack and one sync in it; `python -m dev doctor`: a real set-up,
looked over."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from dev import demo, doctor
from dev.serve import PortTaken
from dev.settings import settings

PORT = 3000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    of_doctor = commands.add_parser(
        "doctor", help="check the set-up that .env, .env.local and the environment describe"
    )
    of_doctor.add_argument(
        "--live", action="store_true", help="send a test notice to Slack, mail, webhook and site"
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help="where the functions are served (3000)"
    )
    parser.add_argument(
        "--once", action="store_true", help="end after the sync instead of keeping the stack up"
    )
    parser.add_argument(
        "--blob", action="store_true", help="with a Blob store, into which files are copied"
    )
    options = parser.parse_args()
    console = Console()
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # who starts us in the background has it ignored
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # else what it started would live on
    try:
        if options.command == "doctor":
            environ = settings(Path(), os.environ)
            sound = asyncio.run(doctor.examine(environ, console, live=options.live))
        else:
            sound = demo.play(console, options.port, once=options.once, blob=options.blob)
    except KeyboardInterrupt:
        console.print("Bye.")
        sys.exit(128 + signal.SIGINT)
    except PortTaken as taken:
        sys.exit(
            f"{taken}: end what listens there, or give another one, as in make demo ARGS='--port"
            " 3001'"
        )
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
