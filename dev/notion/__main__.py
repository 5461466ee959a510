"""`python -m dev.notion [--port 4001]`: the stand-in alone, with the sample workspace."""

import argparse
import threading

from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn

PORT = 4001


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m dev.notion", description=__doc__)
    options.add_argument("--port", type=int, default=PORT)
    with NotionStandIn(options.parse_args().port) as notion:
        print(f"NOTION_API_URL={notion.url}")
        print(f"NOTION_TOKEN={TOKEN}")
        print(f"NOTION_SOURCES={SAMPLE_SOURCES}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
