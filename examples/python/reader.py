"""Prints a page's blocks, one JSON text a line: `pip install upstash-redis`, then `python reader.py home`."""

import json
import os
import sys

from upstash_redis import Redis

kv = Redis(os.environ["KV_REST_API_URL"], os.environ["KV_REST_API_TOKEN"])
keys = [f"page:{sys.argv[1]}"]
while True:  # a sync replaces a large page and its parts together, so they are read together
    page, *parts = (json.loads(text or "null") for text in kv.mget(*keys))
    if page is None:
        sys.exit(f"no page {sys.argv[1]}")
    if page.get("parts", 0) == len(parts):
        break
    keys[1:] = [f"{keys[0]}:part:{number}" for number in range(1, page.get("parts", 0) + 1)]
for blocks in [part["blocks"] for part in parts] or [page["blocks"]]:
    print(*map(json.dumps, blocks), sep="\n")
