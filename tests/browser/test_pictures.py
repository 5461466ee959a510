"""A browser shows the pictures of a site, also hours after the sync, with and without a Blob
store."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from dev.notion.files import IMAGE_SIZE
from dev.stack import Stack
from tests.stack.site import Site

THREE_HOURS = 3 * 3600


@pytest.fixture(params=[False, True], ids=["redirected", "copied"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with Stack(environ={}, blob=request.param) as stack:
        yield Site.of(stack)


def test_every_picture_of_the_site_is_shown(site: Site, browser: Browser) -> None:
    site.sync()
    site.notion.clock.advance(THREE_HOURS)
    found = sorted(
        {url for bundle in site.published().values() for url in pictures(bundle["blocks"])}
    )
    assert found

    page = browser.new_page()
    page.set_content("".join(f'<img src="{url}">' for url in found), wait_until="load")

    sizes = page.evaluate(
        "[...document.images].map(image => [image.naturalWidth, image.naturalHeight])"
    )
    assert sizes == [list(IMAGE_SIZE)] * len(found)
    page.close()


def pictures(blocks: list[Any]) -> Iterator[str]:
    for block in blocks:
        if "image" in block and "file" in block["image"]:
            yield block["image"]["file"]["url"]
        yield from pictures(block.get("children", []))
