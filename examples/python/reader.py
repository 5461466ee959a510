"""Prints a page's blocks, one JSON text a line: `pip install upstash-redis`, then `python reader.py home`.

The settings are the sync's: KV_REST_API_URL, KV_REST_API_READ_ONLY_TOKEN (or KV_REST_API_TOKEN), KV_PREFIX.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from upstash_redis import Redis

PREFIX = os.environ.get("KV_PREFIX", "")
READS_AT_ONCE = 4
ATTEMPTS = 5

JSON = dict[str, Any]


class Unsettled(Exception):
    """The page was replaced again and again while it was read."""


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python reader.py <slug>")
    slug = sys.argv[1].strip("/")
    try:
        with connect(os.environ) as kv:
            blocks = read_blocks(kv, slug)
    except Unsettled as problem:
        sys.exit(str(problem))
    if blocks is None:
        sys.exit(f"no page {slug}")
    for block in blocks:
        print(json.dumps(block))


def connect(settings: Mapping[str, str]) -> Redis:
    """Return a client whose answers stay below Upstash's 10 MB: base64 would add a third to a value of 8 MB."""
    token = settings.get("KV_REST_API_READ_ONLY_TOKEN") or settings["KV_REST_API_TOKEN"]
    return Redis(settings["KV_REST_API_URL"], token, rest_encoding=None)


def read_blocks(kv: Redis, slug: str) -> list[JSON] | None:
    """Return the blocks of the page that a slug leads to, over redirects too; None where it leads to none."""
    redirects: JSON | None = None
    seen: set[str] = set()
    while slug not in seen:
        blocks = read_page(kv, f"page:{slug}")
        if blocks is not None:
            return blocks
        if redirects is None:
            redirects = read(kv, "redirects") or {}
        seen.add(slug)
        slug = redirects.get(slug, slug)
    return None


def read_page(kv: Redis, key: str) -> list[JSON] | None:
    """Return a page's blocks, all of one writing; None where there is no page. Raises Unsettled.

    The parts bear their page's digest. Where one does not, the page was replaced meanwhile, and is read again.
    """
    for attempt in range(1, ATTEMPTS + 1):
        page = read(kv, key)
        if page is None or "meta" not in page:
            return None
        if "parts" not in page:
            return list(page["blocks"])
        keys = [f"{key}:part:{number}" for number in range(1, page["parts"] + 1)]
        with ThreadPoolExecutor(READS_AT_ONCE) as readers:
            parts = [part for part in readers.map(lambda each: read(kv, each), keys) if part]
        digests = {part.get("digest") for part in parts} | {page.get("digest")}
        # Pages in parts that were written before there were digests are whole where the head stands as it stood.
        if len(parts) == len(keys) and len(digests) == 1 and ("digest" in page or read(kv, key) == page):
            return join_parts(parts)
        time.sleep(0.05 * attempt)
    raise Unsettled(f"{key} was replaced {ATTEMPTS} times while it was read")


def read(kv: Redis, key: str) -> JSON | None:
    """Return a value; None where there is none, or one that is no JSON object."""
    value = json.loads(kv.get(PREFIX + key) or "null")
    return value if isinstance(value, dict) else None


def join_parts(parts: list[JSON]) -> list[JSON]:
    """Return the blocks of all parts. One that `continues` a block begins with further children of it."""
    blocks: list[JSON] = []
    for part in parts:
        children_of(part.get("continues"), blocks).extend(part["blocks"])
    return blocks


def children_of(block_id: str | None, blocks: list[JSON]) -> list[JSON]:
    """Return the children of a block that is cut, which stands on the path of last children; else the blocks."""
    path = blocks
    while block_id and path:
        block = path[-1]
        if block["id"] == block_id:
            children: list[JSON] = block.setdefault("children", [])
            return children
        path = block.get("children", [])
    return blocks


if __name__ == "__main__":
    main()
