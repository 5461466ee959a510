"""A sync and visitors side by side: neither waits for the other, though they share Notion's minute.

Each function runs in instances of its own on Vercel, so the visitors have a process of their own.
How much longer a sync takes beside them is printed, and depends on what else the machine does:
`pytest tests/stack/test_starving.py -s` on a quiet one (the bar is 1.5 times).
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
MOST_WAIT_SECONDS = 10
"""A page that met an error is tried again after a pause of seconds; the next minute is up to 60
away."""


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, redis_environ: dict[str, str]
) -> Iterator[Stack]:
    log = tmp_path_factory.mktemp("functions") / "log"

    def deploy(stack: Stack, port: int) -> FunctionsProcess:
        return FunctionsProcess(ROOT, stack.environ, log, port)

    with Stack(environ=redis_environ, deploy=deploy) as running:
        yield running


@pytest.fixture(scope="module")
def pictures_at(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the process that answers visitors."""
    log = tmp_path_factory.mktemp("pictures") / "log"
    with FunctionsProcess(ROOT, stack.environ, log) as instance:
        yield instance.url


@pytest.fixture
def site(stack: Stack) -> Site:
    """A synced site with many pictures at which nobody looked lately, and Notion at its real pace
    and budget."""
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


def sync(site: Site) -> tuple[float, float]:
    """How many seconds a forced sync takes, and how long its messages ask QStash to wait for
    Notion's next minute."""
    began, earlier = time.monotonic(), {message.message_id for message in site.qstash.messages}
    run = site.sync(force="1")
    assert run["status"] == "delivered"
    took = time.monotonic() - began
    messages = [message for message in site.qstash.messages if message.message_id not in earlier]
    return took, sum(message.publication.delay_seconds for message in messages)


def sync_beside_visitors(site: Site, found: list[str]) -> tuple[float, float]:
    """The same, while every picture is looked at once, and shown."""
    limits = httpx.Limits(max_connections=VISITORS)
    with (
        ThreadPoolExecutor(VISITORS) as crowd,
        httpx.Client(trust_env=False, timeout=90, limits=limits) as http,
    ):
        visits = [crowd.submit(http.get, address) for address in found]
        measured = sync(site)
        statuses = Counter(visit.result().status_code for visit in visits)
    assert statuses == {302: len(found)}
    return measured


def test_b10_a_sync_beside_visitors_waits_for_no_minute_of_theirs(
    site: Site, pictures_at: str
) -> None:
    found = [
        pictures_at + address.removeprefix(site.stack.url)
        for address in addresses(site)
        if "block=" in address
    ]
    assert len(found) >= PICTURES
    begin_minute(site)
    (quiet, _), requests = sync(site), len(site.notion.log.requests)
    begin_minute(site)
    beside, waited = sync_beside_visitors(site, found)
    looked_up = len(site.notion.log.requests) - requests
    print(
        f"{quiet:.1f} s in quiet, {beside:.1f} s beside {len(found)} look-ups ({looked_up} requests"
        " to Notion)"
    )

    assert looked_up <= PICTURES / 10
    assert waited <= MOST_WAIT_SECONDS
