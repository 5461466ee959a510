"""What small runs take over 100,000 light pages. A first sync takes hours, so that KV is filled
beforehand."""

import asyncio
from functools import partial

from bench import growth
from bench.filling import fill
from bench.rig import Rig
from lib.config import Config

PAGES = 100_000
FILLED_SECONDS = 3_600
"""How long the filling may take."""


def measure(pages: int = PAGES) -> growth.Small:
    """Return what each small run takes."""
    with Rig(partial(growth.workspace_of, pages), latency_ms=0) as rig:
        if rig.redis_url is None:
            raise SystemExit("vast: redis-server is not installed (apt-get install redis-server)")
        hurried = {
            "NOTION_REQUESTS_PER_MINUTE": "1000000000",
            "SYNC_SLICE_SECONDS": str(FILLED_SECONDS),
        }
        rig.notion.limit.requests = None
        filled = asyncio.run(
            fill(Config.read(rig.environ | hurried), rig.notion.workspace, rig.redis_url)
        )
        assert filled == pages, f"{filled} pages were published"
        rig.notion.limit.requests = rig.requests_per_minute
        return growth.measure_small(rig, pages)
