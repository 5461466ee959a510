"""A walk through a built site in a real browser, along its own links."""

from http import HTTPStatus
from typing import NamedTuple

from playwright.sync_api import Browser, Response

from tests.examples.built_site import BuiltSite


class Visited(NamedTuple):
    """A page as a browser shows it: the addresses that it leads to, what it says that it can't
    show, and all its words, folded ones too."""

    hrefs: list[str]
    notes: list[str]
    text: str


def crawl(browser: Browser, site: BuiltSite) -> dict[str, Visited]:
    """Open the front page and all that it leads to on the site, and return them by their paths.
    Whatever a page is made of has to come from this machine, or is left out; none of it may be
    missing."""
    tab, refused = browser.new_page(), list[str]()

    def look_at(answer: Response) -> None:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            refused.append(f"{answer.status} {answer.url}")

    tab.on("response", look_at)
    tab.route(lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.abort())
    visited: dict[str, Visited] = {}
    ahead = ["/"]
    while ahead:
        if (path := ahead.pop()) in visited:
            continue
        tab.goto(site.url + path, wait_until="load")
        hrefs = tab.eval_on_selector_all("a", "links => links.map(link => link.href)")
        notes = tab.eval_on_selector_all(".note", "notes => notes.map(note => note.textContent)")
        visited[path] = Visited(hrefs, notes, tab.text_content("body") or "")
        ahead += [
            href.removeprefix(site.url).partition("#")[0]
            for href in hrefs
            if href.startswith(f"{site.url}/")
        ]
    tab.close()
    assert not refused, refused
    return visited
