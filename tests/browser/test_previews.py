"""Links to previews, made on the dashboard."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Route, expect

from dev.notion.generate import PAGES
from dev.stack import Stack
from tests.browser.states import NOW, current, previewing
from tests.browser.tab import Tab, answer_status
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


def test_drafts_are_listed_once_they_are_to_be_seen_each_with_a_link(
    tab: Tab, site: Site, stack: Stack
) -> None:
    stack.set("SYNC_PREVIEW", "on")
    stack.set("PREVIEW_URL", "https://site.example/preview")
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    [pages] = site.notion.workspace.nodes[PAGES].children
    site.notion.edit.create_row(pages, {"Name": "Storm season", "visibility": "draft"}, [])
    try:
        site.sync(source="pages")
        site.load_scripts()
        tab.enter()
        expect(tab.seen("drafts")).to_be_visible()
        expect(tab.seen("draft-list")).to_be_hidden()
        assert not [one for one in tab.requests if "drafts=1" in one.url]
        site.kv.commands.clear()
        answer = stack.get("/api/sync/status", drafts="1").json()
        assert (site.kv.commands.total(), answer["total"]) == (1, len(answer["drafts"]))

        tab.press("Show")
        storm = tab.seen("draft-list").locator("li", has_text="Storm season")
        expect(storm).to_contain_text("Storm season storm-season draft")
        preview = storm.get_by_role("link", name="Preview: Storm season")
        address = "https://site.example/preview?slug=storm-season&expires="
        expect(preview).to_have_attribute("href", _beginning(address))
        storm.get_by_role("button", name="Copy link: Storm season").click()
        expect(storm.get_by_role("button")).to_have_text("Copied")
        expect(tab.seen("news")).to_have_text("Copied.")
        copied = tab.page.evaluate("navigator.clipboard.readText()")
        assert copied == preview.get_attribute("href")

        tab.press("Lock")
        assert tab.page.locator("#draft-list a").count() == 0
    finally:
        stack.set("SYNC_PREVIEW", "")
        stack.set("PREVIEW_URL", "")


def test_why_a_draft_is_none_of_the_publics_is_said_in_words(tab: Tab) -> None:
    answer_status(tab.page, previewing)
    tab.page.clock.set_fixed_time(NOW)
    tab.enter()
    tab.press("Show")

    shown = tab.seen("draft-list").locator("li")
    expect(shown.locator(".fate")).to_have_text(
        [
            "published tomorrow 8:00 AM",
            "draft",
            "draft",
            "its date is over",
            "paused: the last version stays",
        ]
    )
    expect(tab.seen("drafts-told")).to_have_text(
        "5 pages with a preview. The links are good until Nov 30, 2026, 3:27 PM."
    )
    expect(tab.seen("webhook-expiry")).to_contain_text("It is shown for 58 minutes yet")
    tab.page.route("**/api/sync/status?drafts=1", lambda route: route.fulfill(status=500, body=""))
    tab.press("Hide")
    expect(tab.seen("draft-list")).to_be_hidden()
    tab.press("Show")
    expect(tab.seen("drafts-told")).to_contain_text("The function broke without a word")


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
