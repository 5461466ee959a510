"""The dashboard in a real Chromium, over the local stack."""

from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, sync_playwright

from dev.stack import Stack
from tests.browser.tab import BROWSERS, Tab, chromium
from tests.stack.site import Site

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def stack(redis_environ: dict[str, str]) -> Iterator[Stack]:
    with Stack(environ=redis_environ, settings={"NOTION_REQUESTS_PER_MINUTE": "100000"}) as running:
        running.reset()  # the Redis may hold what the tests before left
        yield running


@pytest.fixture
def site(stack: Stack) -> Site:
    """A fresh workspace in a Notion that allows any number of requests, an empty queue and an empty
    KV."""
    stack.reset()
    site = Site.of(stack)
    site.notion.limit.requests = None
    return site


# Of the module, not of the session: while Playwright is at work, no test of another file could run
# its event loop.
@pytest.fixture(scope="module")
def browser(lacking: Callable[[str, str], NoReturn]) -> Iterator[Browser]:
    path = chromium()
    if path is None:
        lacking("browser tier", f"needs one of {', '.join(BROWSERS)} on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_tab(browser: Browser, site: Site) -> Iterator[OpenTab]:
    """`open_tab(width=…, scheme=…)`: a tab with the dashboard. What the page complained of fails
    the test."""
    tabs: list[Tab] = []

    def open_one(width: int = 1280, scheme: str = "light") -> Tab:
        tabs.append(Tab(browser, site.stack.url, site.stack.secret, width, scheme))
        tabs[-1].open()
        return tabs[-1]

    yield open_one
    complaints = [complaint for tab in tabs for complaint in tab.complaints]
    for tab in tabs:
        tab.close()
    assert complaints == []


@pytest.fixture
def tab(open_tab: OpenTab) -> Tab:
    return open_tab()
