"""`python -m dev.listener`: prints what it is sent, until it is interrupted."""

import argparse
import json
import time

from dev.listener import Listener

POLL_SECONDS = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.listener", description=__doc__)
    parser.add_argument("--port", type=int, default=4005)
    with Listener(parser.parse_args().port) as listener:
        print(
            f"Listening at {listener.url}; set SLACK_WEBHOOK_URL={listener.url}/slack and the like."
        )
        shown = 0
        try:
            while True:
                for one in listener.heard()[shown:]:
                    shown += 1
                    print(f"{one.method} {one.path}")
                    print(json.dumps(one.json, indent=2, ensure_ascii=False) if one.body else "")
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            print("Bye.")


if __name__ == "__main__":
    main()
