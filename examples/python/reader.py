"""Prints a page's blocks, one JSON text a line: `pip install upstash-redis`, then `python reader.py
home`; with `--markdown` the page as Markdown, in which links to pages of the site are paths.

The settings are the sync's: KV_REST_API_URL, KV_REST_API_READ_ONLY_TOKEN (or KV_REST_API_TOKEN),
KV_PREFIX.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote

from upstash_redis import Redis

PREFIX = os.environ.get("KV_PREFIX", "")
READS_AT_ONCE = 4
ATTEMPTS = 5
PAGE_LINK = re.compile(
    r"\[((?:\\.|(`+)(?!`).*?[^`]\2(?!`)|[^\[\]\\`])*)\]\((?:page|db):([0-9a-f-]{36})(#[0-9a-f]{32})?\)"
)
"""A link to a page, or to a database inside of one, as the sync writes it in Markdown."""

JSON = dict[str, Any]
Value = TypeVar("Value")


class Unsettled(Exception):
    """The page was replaced again and again while it was read."""


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if argument != "--markdown"]
    if len(arguments) != 1:
        sys.exit("usage: python reader.py [--markdown] <slug>")
    slug = arguments[0].strip("/")
    try:
        with connect(os.environ) as kv:
            lines = read_markdown(kv, slug) if "--markdown" in sys.argv else read_lines(kv, slug)
    except Unsettled as problem:
        sys.exit(str(problem))
    if lines is None:
        sys.exit(f"no page {slug}")
    for line in lines:
        print(line)


def read_lines(kv: Redis, slug: str) -> list[str] | None:
    """Return the blocks of a page as JSON; None where there is none. Raises Unsettled."""
    blocks = follow(kv, slug, lambda one: read_page(kv, f"page:{one}"))
    return None if blocks is None else [json.dumps(block) for block in blocks]


def read_markdown(kv: Redis, slug: str) -> list[str] | None:
    """Return a page as Markdown, with the text alone of links to pages that are not published; None
    where there is no page."""
    doc = follow(kv, slug, lambda one: read(kv, f"doc:{one}"))
    if doc is None:
        return None
    ids = list(dict.fromkeys(found[3] for found in PAGE_LINK.finditer(doc["markdown"])))
    slugs = dict(zip(ids, kv.hmget(f"{PREFIX}paths", *ids), strict=True)) if ids else {}

    def local(link: re.Match[str]) -> str:
        target = slugs.get(link[3])
        return f"[{link[1]}](/{quote(target)}{link[4] or ''})" if target else link[1]

    return [PAGE_LINK.sub(local, doc["markdown"])]


def connect(settings: Mapping[str, str]) -> Redis:
    """Return a client whose answers stay below Upstash's 10 MB: base64 would add a third to a value
    of 8 MB."""
    token = settings.get("KV_REST_API_READ_ONLY_TOKEN") or settings["KV_REST_API_TOKEN"]
    return Redis(settings["KV_REST_API_URL"], token, rest_encoding=None)


def follow(kv: Redis, slug: str, read_one: Callable[[str], Value | None]) -> Value | None:
    """Return what stands under the slug, or under the one to which it redirects; None where it
    leads to nothing."""
    redirects: JSON | None = None
    seen: set[str] = set()
    while slug not in seen:
        value = read_one(slug)
        if value is not None:
            return value
        if redirects is None:
            redirects = read(kv, "redirects") or {}
        seen.add(slug)
        slug = redirects.get(slug, slug)
    return None


def read_page(kv: Redis, key: str) -> list[JSON] | None:
    """Return a page's blocks, all of one writing; None where there is no page. Raises Unsettled.

    The parts bear their page's digest. Where one does not, the page was replaced meanwhile, and is
    read again.
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
        # Pages in parts that were written before there were digests are whole where the head stands
        # as it stood.
        if (
            len(parts) == len(keys)
            and len(digests) == 1
            and ("digest" in page or read(kv, key) == page)
        ):
            return join_parts(parts)
        time.sleep(0.05 * attempt)
    raise Unsettled(f"{key} was replaced {ATTEMPTS} times while it was read")


def read(kv: Redis, key: str) -> JSON | None:
    """Return a value; None where there is none, or one that is no JSON object."""
    value = json.loads(kv.get(PREFIX + key) or "null")
    return value if isinstance(value, dict) else None


def join_parts(parts: list[JSON]) -> list[JSON]:
    """Return the blocks of all parts. One that `continues` a block begins with further children of
    it."""
    blocks: list[JSON] = []
    for part in parts:
        children_of(part.get("continues"), blocks).extend(part["blocks"])
    return blocks


def children_of(block_id: str | None, blocks: list[JSON]) -> list[JSON]:
    """Return the children of a block that is cut, which stands on the path of last children; else
    the blocks."""
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
