"""`python -m dev.blob`: the Vercel Blob stand-in as a program of its own."""

import argparse
import signal

from dev.blob.stand_in import BlobStandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.blob", description=__doc__)
    parser.add_argument("--port", type=int, default=4004)
    options = parser.parse_args()
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with BlobStandIn(options.port) as blob:
        print(f"VERCEL_BLOB_API_URL={blob.url}")
        print(f"BLOB_READ_WRITE_TOKEN={blob.token}", flush=True)
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
