"""Pictures behind Vercel's CDN: what it keeps is good however long ago the last visitor came."""

import sys
from collections.abc import Iterator

import pytest

from dev.functions import Cdn, Functions
from dev.stack import ROOT, Stack
from lib.media.address import Location
from tests.stack.site import Site, sync_once
from tests.stack.test_media import ask, cover, opened, picture

HOUR = 3600


class EdgeClock:
    """The clock of the CDN."""

    def __init__(self) -> None:
        self.time = 1_780_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="module")
def clock() -> EdgeClock:
    return EdgeClock()


@pytest.fixture(scope="module")
def stack(clock: EdgeClock, redis_environ: dict[str, str]) -> Iterator[Stack]:
    def deploy(stack: Stack, port: int) -> Functions:
        return Functions(ROOT, stack.environ, port, cdn=Cdn(now=clock))

    settings = {"NOTION_REQUESTS_PER_MINUTE": "6000"}
    with Stack(environ=redis_environ, settings=settings, deploy=deploy, blob=True) as running:
        running.set("BLOB_READ_WRITE_TOKEN", "")
        yield running


@pytest.fixture
def site(stack: Stack, clock: EdgeClock) -> Site:
    """A synced site without a Blob store; whatever the CDN kept of the one before has ended long
    ago."""
    stack.reset()
    clock.time += 10 * 366 * 24 * HOUR
    site = Site.of(stack)
    site.notion.limit.requests = None
    sync_once(site, stack)
    return site


def silence(site: Site, clock: EdgeClock, seconds: float) -> None:
    """So long no visitor comes: signatures end, and so does what KV knows of them."""
    site.notion.clock.advance(seconds)
    clock.time += seconds
    for key in site.command("KEYS", "sync:files:fresh:*"):
        site.command("DEL", key)


def test_b9_a_picture_opens_after_an_hour_of_silence(site: Site, clock: EdgeClock) -> None:
    assert opened(picture(site)).status_code == 200

    silence(site, clock, HOUR + 60)

    assert [opened(picture(site)).status_code for _ in range(2)] == [200, 200]


def test_no_visitor_gets_anothers_signed_address_from_the_cdn(site: Site) -> None:
    for _ in range(2):
        answer = ask(picture(site))
        assert (answer.status_code, answer.headers["x-vercel-cache"]) == (302, "MISS")
        assert answer.headers["CDN-Cache-Control"] == "no-store"


def test_a_redirect_that_a_cdn_may_keep_is_dead_after_an_hour(
    site: Site, clock: EdgeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first test holds against: the header that was sent once."""

    def shared(found: Location) -> dict[str, str]:
        return {"Cache-Control": f"public, max-age={found.seconds}, s-maxage={found.seconds}"}

    monkeypatch.setattr(sys.modules["api.media"], "cache_headers", shared)
    assert opened(picture(site)).status_code == 200

    silence(site, clock, HOUR + 60)

    assert opened(picture(site)).status_code == 403


def test_a_redirect_to_a_copy_may_be_kept_by_all(
    site: Site, stack: Stack, clock: EdgeClock
) -> None:
    assert stack.blob is not None
    address = cover(site)
    stack.set("BLOB_READ_WRITE_TOKEN", stack.blob.token)
    try:
        site.sync()
        first, second = ask(address), ask(address)
    finally:
        stack.set("BLOB_READ_WRITE_TOKEN", "")

    assert first.headers["Location"].startswith(f"{stack.blob.url}/public/")
    assert second.headers["Location"] == first.headers["Location"]
    assert [answer.headers["x-vercel-cache"] for answer in (first, second)] == ["MISS", "HIT"]
    assert second.headers["Cache-Control"] == "public, max-age=3600"
    silence(site, clock, 24 * HOUR)
    assert opened(address).status_code == 200


def test_that_nobody_publishes_a_file_is_kept_for_a_minute(site: Site, clock: EdgeClock) -> None:
    address = cover(site)
    unknown = address[:-1] + ("0" if address[-1] != "0" else "1")
    answers = [ask(unknown) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {404}
    assert [answer.headers["x-vercel-cache"] for answer in answers] == ["MISS", "HIT", "HIT"]
    assert answers[0].headers["Cache-Control"] == "public, max-age=60"


def test_what_is_no_address_of_ours_is_never_kept(site: Site) -> None:
    answers = [ask(f"{site.stack.url}/api/media?block=1&file=2") for _ in range(2)]

    assert {(answer.status_code, answer.headers["x-vercel-cache"]) for answer in answers} == {
        (400, "MISS")
    }
