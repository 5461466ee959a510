"""A page's way through the code: which modules have its item in their hands between a listing and
the published bundle."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn
from dev.notion.ids import resolved
from dev.upstash import UpstashStandIn
from lib.config import Config
from lib.log import Log
from lib.model import Ask, Claim
from lib.slice_wiring import SliceParts
from lib.store.site import PageCommit, Sighting
from lib.sync.sightings import Row
from lib.sync.work.page_reader import ReadPage
from lib.sync.work.unfinished import PageReading
from lib.wiring import Services
from tests.stack.crashes.workspace import small

ROOT = Path(__file__).parent.parent.parent
LIB = f"{ROOT / 'lib'}/"
MOST_MODULES = 12
PAGE = resolved("@home")
"""A row with an original, a child page and a child database on it."""


def page_id_of(value: object) -> str:
    """Return the id of the page whose item this is, in any of its forms; "" for anything else."""
    match value:
        case Row() | Sighting() | PageCommit():
            return value.page_id
        case Claim():
            return value.id
        case PageReading():
            return value.walk.page_id
        case ReadPage():
            return value.claim.id
    return ""


def is_item(value: object) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    return any(page_id_of(one) == PAGE for one in values)


@contextmanager
def followed() -> Iterator[set[str]]:
    """The modules of lib whose functions take or return the item of the page."""
    passed: set[str] = set()

    def follow(frame: FrameType, event: str, result: Any) -> None:
        code = frame.f_code
        if not code.co_filename.startswith(LIB) or event not in ("call", "return"):
            return
        count = code.co_argcount + code.co_kwonlyargcount
        taken = [frame.f_locals.get(name) for name in code.co_varnames[:count] if name != "self"]
        if any(is_item(value) for value in ([result] if event == "return" else taken)):
            passed.add(f"lib/{code.co_filename.removeprefix(LIB)}")

    before = sys.getprofile()
    sys.setprofile(follow)
    try:
        yield passed
    finally:
        sys.setprofile(before)


async def test_a_page_passes_twelve_modules_from_the_listing_to_its_bundle(
    environ: dict[str, str], upstash: UpstashStandIn
) -> None:
    """The very ones that docs/architecture.md leads through."""
    upstash.reset()
    with NotionStandIn(source=small) as notion:
        settings = {
            "NOTION_API_URL": notion.url,
            "NOTION_TOKEN": TOKEN,
            "NOTION_SOURCES": SAMPLE_SOURCES,
            "KV_REST_API_URL": upstash.url,
            "KV_REST_API_TOKEN": upstash.token,
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            services = Services(Config.read(environ | settings), http, Log(now=time.time))
            with followed() as passed:
                report = await SliceParts(services, None).engine.run_inline(Ask())

    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    walk = text.partition("**A page's item**")[2].partition("\n**")[0]
    assert report.status == "done"
    assert passed == set(re.findall(r"^\d+\. `(lib/[\w/]+\.py)`", walk, re.MULTILINE))
    assert len(passed) <= MOST_MODULES
