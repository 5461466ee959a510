"""Links to previews, made on the dashboard."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Route, expect

from dev.stack import Stack
from tests.browser.states import current
from tests.browser.tab import Tab
from tests.stack.site import Site


def test_a_link_is_made_for_the_page_in_the_box_where_there_are_previews(
    tab: Tab, site: Site, stack: Stack
) -> None:
    site.sync(source="posts")
    tab.enter()
    expect(tab.seen("headline")).not_to_have_text("Looking …")
    expect(tab.seen("preview")).to_be_hidden()
    stack.set("SYNC_PREVIEW", "on")
    stack.set("PREVIEW_URL", "https://site.example/preview")
    try:
        slug = site.read("posts:index")["items"][0]["slug"]
        tab.page.reload()
        expect(tab.seen("preview")).to_be_visible()
        tab.seen("page").fill(slug)
        tab.press("Preview link")
        address = f"https://site.example/preview?slug={slug}&expires="
        expect(tab.seen("answer").get_by_role("link")).to_have_attribute(
            "href", _beginning(address)
        )
        tab.seen("page").fill("no-such-page")
        tab.press("Preview link")
        expect(tab.seen("answer")).to_contain_text("No draft or page is known")
    finally:
        stack.set("SYNC_PREVIEW", "")
        stack.set("PREVIEW_URL", "")


def test_a_second_link_is_made_while_the_status_is_still_on_its_way(tab: Tab) -> None:
    held: list[Route] = []
    tab.page.route(
        "**/api/sync/status", lambda route: route.fulfill(json=current() | {"previews": True})
    )
    tab.page.route("**/api/sync/status?preview=*", _link)
    tab.enter()
    expect(tab.seen("preview")).to_be_visible()

    tab.page.route("**/api/sync/status", lambda route: held.append(route))
    for slug in ("first", "second"):
        tab.seen("page").fill(slug)
        with tab.page.expect_request("**/api/sync/status"):
            tab.press("Preview link")
        expect(tab.seen("answer").get_by_role("link")).to_have_text(f"Preview of {slug}")
    for route in held:
        route.fulfill(json=current() | {"previews": True})


def _link(route: Route) -> None:
    [slug] = parse_qs(urlsplit(route.request.url).query)["preview"]
    route.fulfill(json={"preview": {"url": f"https://site.example/{slug}", "slug": slug}})


def _beginning(text: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(text)}\d+&signature=[0-9a-f]{{64}}$")
