"""`python -m dev.upstash`: the Upstash-REST stand-in as a program of its own."""

import argparse
import os
import signal

from dev.upstash.stand_in import UpstashStandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.upstash", description=__doc__)
    parser.add_argument("--port", type=int, default=4002)
    parser.add_argument(
        "--redis-url", default=os.environ.get("REDIS_URL"), help="a real redis-server ($REDIS_URL)"
    )
    options = parser.parse_args()
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with UpstashStandIn(options.port, options.redis_url) as kv:
        print(f"KV_REST_API_URL={kv.url}")
        print(f"KV_REST_API_TOKEN={kv.token}")
        print(f"KV_REST_API_READ_ONLY_TOKEN={kv.read_only_token}", flush=True)
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
