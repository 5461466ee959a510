"""The dashboard of a deployment whose settings are wrong: a list to work off, and nothing that
can't work yet."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from dev.stack import Stack
from tests.browser.tab import Tab
from tests.stack.site import Site

SOON = 20_000
WRONG = {"NOTION_TOKEN": "", "SYNC_LANES": "9"}


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    before = {name: stack.environ.get(name, "") for name in WRONG}
    for name, value in WRONG.items():
        stack.set(name, value)
    yield site
    for name, value in before.items():
        stack.set(name, value)


def mend(stack: Stack, *names: str) -> None:
    for name in names:
        stack.set(name, stack.environ.get(name, ""))


def test_every_wrong_setting_is_listed_with_its_remedy_and_nothing_else_is_shown(tab: Tab) -> None:
    tab.enter()

    expect(tab.seen("setup-title")).to_have_text("2 settings keep the sync from running")
    expect(tab.seen("setup-title")).to_be_focused()
    items = tab.page.locator("#setup-list li")
    expect(items).to_have_count(2)
    expect(items.nth(0)).to_contain_text("NOTION_TOKEN is not set")
    expect(items.nth(0)).to_contain_text("Create an integration at")
    expect(items.nth(0).get_by_role("link")).to_have_attribute(
        "href", "https://www.notion.so/profile/integrations"
    )
    expect(items.nth(1)).to_contain_text("SYNC_LANES must be a whole number from 1 to 8")
    expect(items.nth(1)).to_contain_text("Correct it, or remove it.")
    expect(tab.seen("setup")).to_contain_text("Environment Variables")
    for hidden in ("door", "now", "runs", "sources", "figures", "trouble"):
        expect(tab.seen(hidden)).to_be_hidden()
    expect(tab.page).to_have_title("2 settings to mend · Notion → KV")


def test_check_again_tells_what_is_left_until_the_board_opens(tab: Tab, stack: Stack) -> None:
    tab.enter()
    expect(tab.page.locator("#setup-list li")).to_have_count(2)

    mend(stack, "SYNC_LANES")
    tab.press("Check again")
    expect(tab.seen("setup-title")).to_have_text("1 setting keeps the sync from running")
    expect(tab.seen("setup-answer")).to_contain_text("1 setting is still wrong")
    expect(tab.page.get_by_role("button", name="Check again")).to_be_focused()

    mend(stack, *WRONG)
    tab.press("Check again")
    expect(tab.seen("headline")).to_have_text("No sync yet")
    expect(tab.seen("headline")).to_be_focused()
    expect(tab.seen("setup")).to_be_hidden()
    expect(tab.page).to_have_title("Notion → KV")
    tab.press("Sync now")
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)


def test_a_setting_that_goes_wrong_is_listed_by_itself_and_goes_by_itself(
    tab: Tab, stack: Stack
) -> None:
    mend(stack, *WRONG)
    tab.page.clock.install()
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")

    stack.set("NOTION_TOKEN", "")
    tab.page.clock.run_for(20_000)
    expect(tab.seen("setup-list")).to_contain_text("NOTION_TOKEN is not set")
    expect(tab.seen("now")).to_be_hidden()

    mend(stack, *WRONG)
    tab.page.clock.run_for(60_000)
    expect(tab.seen("now")).to_be_visible()


def test_a_check_that_gets_no_answer_says_so(tab: Tab) -> None:
    tab.enter()
    expect(tab.page.locator("#setup-list li")).to_have_count(2)
    tab.offline(True)

    tab.press("Check again")

    expect(tab.seen("trouble")).to_contain_text("The deployment is out of reach")
    expect(tab.page.get_by_role("button", name="Check again")).not_to_have_attribute(
        "aria-busy", "true"
    )
