"""What people do in the dashboard: start syncs, watch them, and learn what failed and what to
do."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from lib.model import JSON
from lib.secret import Secret, handshake_key
from tests.browser.states import behind
from tests.browser.tab import Tab
from tests.stack.site import NOWHERE, Site

HOME = "aaaaaaaa-0000-4000-8000-000000000001"
NASTY = "<img src=x onerror=\"document.body.dataset.harmed='yes'\">"
SOON = 20_000


@pytest.fixture
def slow(site: Site) -> Iterator[None]:
    """A Notion that takes its time, so that there is something to watch."""
    site.notion.latency.set(250)
    yield
    site.notion.latency.set(0)


def with_unreadable_child(site: Site, title: str) -> str:
    """A child page that Notion lists, and whose blocks it does not show."""
    id = site.notion.edit.create_page(HOME, title)
    site.notion.faults.add("403", path=f"/blocks/{id}/children", times=1_000)
    return id


@pytest.mark.usefixtures("slow")
def test_a_sync_is_watched_from_the_button_to_its_end(tab: Tab, site: Site) -> None:
    site.notion.latency.set(1_000)
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")

    tab.press("Sync now")

    expect(tab.seen("answer")).to_have_text("Sync job started in background.")
    expect(tab.row()).to_have_attribute("data-status", "active")
    expect(tab.seen("headline")).to_have_text(re.compile(r"Publishing: \d+ of \d+ pages"))
    expect(tab.seen("subline")).to_contain_text(re.compile(r"Asked for by hand .*[\d.]+ pages / s"))
    expect(tab.seen("subline")).to_contain_text(re.compile(r"about [\d.]+ s to go"))
    shares = set[str | None]()
    while tab.row().get_attribute("data-status") == "active":
        shares |= {tab.seen("progress").get_attribute("aria-valuenow")} - {None, "0", "100"}
        if len(shares) > 1:
            site.notion.latency.set(0)
        tab.page.wait_for_timeout(100)
    expect(tab.row()).to_have_attribute("data-status", "delivered")
    assert len(shares) > 1
    expect(tab.seen("headline")).to_have_text("Your site is up to date")
    synced = site.run(site.command("ZRANGE", "sync:runs", "0", "0")[0])["synced"]
    expect(tab.cell("Result")).to_have_text(f"{synced} pages changed")
    expect(tab.seen("figures")).to_contain_text(f"{synced} pages")
    expect(tab.seen("progress")).to_be_hidden()
    expect(tab.seen("news")).to_have_text(f"The sync has ended. {synced} pages changed.")


@pytest.mark.usefixtures("slow")
def test_a_sync_is_cancelled_at_the_press_of_a_button(tab: Tab, site: Site) -> None:
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")
    expect(tab.seen("cancel")).to_be_hidden()
    site.notion.latency.set(500)
    tab.press("Sync now")
    expect(tab.row()).to_have_attribute("data-status", "active", timeout=SOON)
    expect(tab.seen("cancel")).to_be_visible()
    moved = tab.shifts()

    tab.press("Cancel")

    expect(tab.seen("answer")).to_contain_text("The sync is cancelled", timeout=SOON)
    expect(tab.row()).to_have_attribute("data-status", "cancelled")
    expect(tab.seen("cancel")).to_be_hidden()
    expect(tab.seen("headline")).to_be_focused()
    assert tab.shifts() == moved
    site.notion.latency.set(0)
    tab.press("Sync now")
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)
    site.check()


@pytest.mark.usefixtures("slow")
def test_nothing_moves_while_a_sync_is_watched(tab: Tab) -> None:
    tab.enter()
    tab.press("Sync now")
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)

    tab.press("Sync now")
    expect(tab.page.locator("#runs tr.run")).to_have_count(2)
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)

    assert sum(value for value, *_ in tab.shifts()) < 0.005, tab.shifts()


def test_a_page_that_could_not_be_read_is_told_with_what_to_do(tab: Tab, site: Site) -> None:
    id = with_unreadable_child(site, "Opening hours")
    tab.enter()
    tab.press("Sync now")

    expect(tab.seen("headline")).to_have_text("1 page is not up to date on your site", timeout=SOON)
    problem = tab.seen("overdue").locator("li").first
    expect(problem.get_by_role("heading")).to_contain_text("Opening hours home/opening-hours")
    expect(problem).to_contain_text("never published")
    expect(problem).to_contain_text("Notion does not show it: restricted_resource")
    expect(problem).to_contain_text("••• → Connections → add the integration")
    address = problem.get_by_role("link", name="Open in Notion").get_attribute("href")
    assert address == f"https://www.notion.so/{id.replace('-', '')}"
    expect(tab.cell("Result")).to_have_text("1 page failed")
    assert shape_of(site.stack.get("/api/sync/status").json()) == shape_of(behind())

    site.notion.faults.clear()
    tab.press("Try this again")
    expect(tab.cell("What")).to_have_text(id)
    expect(tab.seen("headline")).to_have_text("Your site is up to date", timeout=SOON)
    expect(tab.cell("Result")).to_have_text("1 page changed")
    expect(tab.seen("overdue")).to_be_hidden()
    expect(tab.open_run(2)).to_contain_text("Opening hours")


def shape_of(status: JSON) -> dict[str, Any]:
    """The members of a status, and of the first of everything that stands in it more than once."""
    site, run = status["site"], next(one for one in status["runs"] if one["errors"])
    parts = {"": status, "site": site, "run": run, "budget": site["budget"]}
    parts |= {"freshness": site["freshness"], "overdue": site["overdue"][0]}
    parts |= {"error": run["errors"][0], "timeline": run["timeline"][-1]}
    parts |= {"source": status["sources"][0], "cron": status["cron"], "webhook": status["webhook"]}
    return {name: sorted(part) for name, part in parts.items()}


def test_a_row_that_could_not_be_read_is_tried_alone_from_its_run(tab: Tab, site: Site) -> None:
    run = site.sync()
    problem = {
        "pageId": HOME,
        "slug": "home",
        "title": "Home",
        "reason": "Notion gave no usable answer",
    }
    site.command("RPUSH", f"sync:run:{run['runId']}:errors", json.dumps(problem))
    tab.enter()
    view = tab.open_run()
    expect(view).to_contain_text("Every sync tries again")

    view.get_by_role("button", name="Try again").click()

    expect(tab.cell("What")).to_have_text(HOME)
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)
    expect(tab.seen("headline")).to_have_text("Your site is up to date")


def test_a_source_that_could_not_be_listed_is_named_with_what_to_do(tab: Tab, site: Site) -> None:
    run = site.sync()
    problem = {
        "pageId": None,
        "slug": None,
        "title": "posts",
        "kind": "source",
        "reason": "Notion is away",
    }
    site.command("RPUSH", f"sync:run:{run['runId']}:errors", json.dumps(problem))
    site.command("HSET", f"sync:run:{run['runId']}", "failed", "1")
    site.command("HSET", "sync:overdue", "source:posts", f"1780000000000 {json.dumps(problem)}")
    tab.enter()

    expect(tab.seen("headline")).to_have_text("1 source is not up to date on your site")
    shown = tab.seen("overdue").locator("li").first
    expect(shown.get_by_role("heading")).to_contain_text("Source posts since")
    expect(shown).to_contain_text("Notion is away. Its pages stay as they were published")
    expect(shown.get_by_role("link", name="Open in Notion")).to_have_count(0)
    tab.press("Try again: Source posts")
    expect(tab.cell("What")).to_have_text("all posts")


def test_what_stands_in_notion_never_becomes_markup(tab: Tab, site: Site) -> None:
    with_unreadable_child(site, NASTY)
    tab.enter()
    tab.press("Sync now")

    expect(tab.seen("overdue")).to_contain_text(NASTY, timeout=SOON)
    expect(tab.open_run()).to_contain_text(NASTY)
    assert tab.page.locator("main img").count() == 0
    assert tab.page.locator("body").get_attribute("data-harmed") is None


def test_one_page_is_synced_by_its_slug(tab: Tab, site: Site) -> None:
    site.sync()
    tab.enter()
    site.notion.edit.append_blocks(HOME, [{"paragraph": "New"}])

    tab.page.get_by_label("Slug or page id").fill("home")
    tab.press("Sync one page")

    expect(tab.cell("What")).to_have_text("home")
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)
    expect(tab.cell("Result")).to_have_text("1 page changed")


def test_a_page_that_can_not_be_one_is_refused_with_the_reason(tab: Tab) -> None:
    tab.enter()
    tab.page.get_by_label("Slug or page id").fill("nope")
    tab.page.keyboard.press("Enter")

    expect(tab.seen("answer")).to_contain_text("neither the slug of a published page")
    expect(tab.seen("page")).to_have_attribute("aria-invalid", "true")
    expect(tab.seen("page")).to_be_focused()
    tab.page.keyboard.type("!")
    expect(tab.seen("page")).not_to_have_attribute("aria-invalid", "true")
    expect(tab.seen("headline")).to_have_text("No sync yet")


def test_a_page_that_nobody_knows_fails_with_the_reason(tab: Tab) -> None:
    tab.enter()
    tab.page.get_by_label("Slug or page id").fill(NOWHERE)
    tab.page.keyboard.press("Enter")

    expect(tab.row()).to_have_attribute("data-status", "failed", timeout=SOON)
    expect(tab.seen("headline")).to_have_text("No sync yet")  # a run of one page judges no site
    expect(tab.cell("Result")).to_have_text("Failed")
    expect(tab.open_run()).to_contain_text("Notion does not show it (object_not_found)")


def test_force_reads_everything_again(tab: Tab, site: Site) -> None:
    before = site.sync()
    tab.enter()

    tab.press("Force")

    expect(tab.cell("What")).to_have_text("everything, forced")
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)
    expect(tab.cell("Result")).to_have_text("Nothing changed")
    expect(tab.open_run()).to_contain_text(f"{before['synced']} read, 0 unchanged")


@pytest.mark.usefixtures("slow")
def test_who_presses_twice_is_told_that_another_sync_follows(tab: Tab) -> None:
    tab.enter()
    tab.press("Sync now")
    expect(tab.row()).to_have_attribute("data-status", "active")
    tab.press("Sync now")

    expect(tab.seen("answer")).to_have_text("A sync is under way; another one follows it.")


def test_a_job_leads_to_qstashs_console(tab: Tab, site: Site) -> None:
    site.sync()
    job_id = site.qstash.messages[0].message_id
    tab.enter()

    job = tab.open_run().get_by_role("link", name=f"Job {job_id} in QStash’s console")

    expect(job).to_have_text(job_id)
    assert job.get_attribute("href") == f"https://console.upstash.com/qstash?messageId={job_id}"


def test_sources_tell_their_last_sync_and_the_next_cron(tab: Tab, site: Site) -> None:
    site.sync()
    tab.enter()

    expect(tab.seen("sources").get_by_role("row")).to_have_count(3)
    expect(tab.seen("sources")).to_contain_text("just now")
    expect(tab.seen("cron")).to_contain_text(re.compile(r"Next by cron .* 5:00 AM"))


def test_the_webhooks_token_is_shown_with_what_to_do(tab: Tab, site: Site) -> None:
    site.command("SET", "sync:webhook:token", "secret_4711")
    tab.enter()

    expect(tab.seen("webhook")).to_contain_text("secret_4711")
    expect(tab.seen("webhook")).to_contain_text("NOTION_WEBHOOK_TOKEN")
    expect(tab.seen("webhook-unset")).to_be_hidden()


def test_the_webhooks_address_is_shown_until_it_is_set_up(tab: Tab, site: Site) -> None:
    tab.enter()

    address = f"{site.stack.url}/api/sync/webhook?key={handshake_key(Secret(site.stack.secret))}"
    expect(tab.seen("webhook-address")).to_have_text(address)
    expect(tab.seen("webhook")).to_be_hidden()
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy = tab.seen("webhook-unset").get_by_role("button")
    copy.click()
    expect(copy).to_have_text("Copied")
    assert tab.page.evaluate("navigator.clipboard.readText()") == address
    expect(copy).to_have_text("Copy")  # ready for another press


def test_more_runs_are_a_press_away(tab: Tab, site: Site) -> None:
    for _ in range(10):
        site.sync(page=NOWHERE)
    tab.enter()
    expect(tab.page.locator("#runs tr.run")).to_have_count(8)

    tab.press("Show all 10")

    expect(tab.page.locator("#runs tr.run")).to_have_count(10)
    tab.press("Show fewer")
    expect(tab.page.locator("#runs tr.run")).to_have_count(8)


def test_of_many_problems_the_first_are_shown_and_the_others_are_a_press_away(
    tab: Tab, site: Site
) -> None:
    run = site.sync()
    for number in range(50):
        problem = {
            "pageId": HOME,
            "slug": f"page-{number}",
            "title": "",
            "reason": "Notion gave no usable answer",
        }
        site.command("RPUSH", f"sync:run:{run['runId']}:errors", json.dumps(problem))
    tab.enter()
    view = tab.open_run()
    shown = view.locator(".problem")
    expect(shown).to_have_count(5)

    tab.press("Show all 50")

    expect(shown).to_have_count(50)


def test_everything_is_reached_by_keyboard(tab: Tab) -> None:
    expect(tab.page.get_by_label("Secret")).to_be_focused()
    tab.page.keyboard.type(tab.secret)
    tab.page.keyboard.press("Enter")
    expect(tab.seen("headline")).to_have_text("No sync yet")

    reached = []
    for _ in range(4):
        tab.page.keyboard.press("Tab")
        reached.append(
            tab.page.evaluate("document.activeElement.textContent || document.activeElement.id")
        )
    assert reached == ["Sync now", "page", "Sync one page", "Force"]
    tab.page.keyboard.press("Shift+Tab")
    tab.page.keyboard.press("Enter")
    expect(
        tab.page.get_by_label("Slug or page id")
    ).to_be_focused()  # it is empty, so there is nothing to ask for
