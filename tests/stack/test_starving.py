"""A sync and visitors side by side: neither waits for the other, though they share Notion's minute.

By hand, with the figures: `pytest tests/stack/test_starving.py -s`.
"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from dev.functions.process import FunctionsProcess
from dev.stack import ROOT, Stack
from tests.stack.site import Site
from tests.stack.test_media import VISIT, addresses

PICTURES = 600
VISITORS = 12
NOTION_MS = 250
STRETCHED = 1.5
"""How many times as long as in quiet a sync may take beside the visitors."""
ROUNDS = 3
"""What else the machine does can only stretch a sync: the best of so many rounds counts."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The functions in a process of their own: visitors are no part of them."""
    log = tmp_path_factory.mktemp("functions") / "log"

    def deploy(stack: Stack, port: int) -> FunctionsProcess:
        return FunctionsProcess(ROOT, stack.environ, log, port)

    with Stack(environ={}, deploy=deploy) as running:
        yield running


@pytest.fixture
def site(stack: Stack) -> Site:
    """A synced site with many pictures at which nobody looked lately, and Notion at its real pace and budget."""
    stack.reset()
    site = Site.of(stack)
    pictures = [{"image": {"file": f"picture{number}.png"}} for number in range(PICTURES)]
    for begin in range(0, PICTURES, 100):
        site.notion.edit.append_blocks(VISIT, pictures[begin : begin + 100])
    site.sync()
    site.notion.latency.set(NOTION_MS)
    return site


def begin_minute(site: Site) -> None:
    """Nobody has asked Notion for anything lately."""
    site.notion.limit.reset()
    site.notion.log.clear()
    for key in ["sync:budget", *site.command("KEYS", "sync:files:fresh:*")]:
        site.command("DEL", key)


def seconds_of_a_sync(site: Site) -> float:
    began = time.monotonic()
    assert site.sync(force="1")["status"] == "delivered"
    return time.monotonic() - began


def seconds_beside_visitors(site: Site, found: list[str]) -> float:
    """Every picture is looked at once meanwhile, and shown."""
    limits = httpx.Limits(max_connections=VISITORS)
    with ThreadPoolExecutor(VISITORS) as crowd, httpx.Client(trust_env=False, timeout=90, limits=limits) as http:
        visits = [crowd.submit(http.get, address) for address in found]
        seconds = seconds_of_a_sync(site)
        statuses = Counter(visit.result().status_code for visit in visits)
    assert statuses == {302: len(found)}
    return seconds


def test_a_sync_beside_visitors_takes_hardly_longer_than_without_them(site: Site) -> None:
    found = [address for address in addresses(site) if "block=" in address]
    assert len(found) >= PICTURES
    ratios: list[float] = []
    while len(ratios) < ROUNDS and min(ratios, default=STRETCHED + 1) > STRETCHED:
        begin_minute(site)
        quiet, requests = seconds_of_a_sync(site), len(site.notion.log.requests)
        begin_minute(site)
        beside = seconds_beside_visitors(site, found)
        looked_up = len(site.notion.log.requests) - requests
        ratios.append(beside / quiet)
        print(f"{quiet:.1f} s in quiet, {beside:.1f} s beside {len(found)} look-ups ({looked_up} requests to Notion)")

        assert looked_up <= PICTURES / 10

    assert min(ratios) <= STRETCHED
