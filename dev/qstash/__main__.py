"""`python -m dev.qstash`: the QStash stand-in as a program of its own."""

import argparse
import signal

from dev.qstash.stand_in import QStashStandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.qstash", description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument(
        "--speed", type=float, default=1.0, help="divides the delays before retries"
    )
    options = parser.parse_args()
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with QStashStandIn(options.port, speed=options.speed) as qstash:
        print(f"QSTASH_URL={qstash.url}")
        print(f"QSTASH_TOKEN={qstash.token}")
        print(f"QSTASH_CURRENT_SIGNING_KEY={qstash.current_signing_key}")
        print(f"QSTASH_NEXT_SIGNING_KEY={qstash.next_signing_key}", flush=True)
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
