"""The dashboard when something is wrong: each trouble has its own plain message, and the secret
stays where it is."""

import re
from typing import cast
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from dev.stack import Stack
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.stack.site import Site
from tests.waiting import until

SOON = 20_000
NOTE_PAUSES = """() => {
  const wait = window.setTimeout;
  window.pauses = [];
  window.setTimeout = (look, pause) => (window.pauses.push(pause), wait(look, pause));
}"""
"""Keeps the pauses after which the page wants to ask again, in ms."""


def test_a_wrong_secret_is_told_at_the_door(tab: Tab) -> None:
    expect(tab.seen("door")).to_contain_text("the value of CRON_SECRET")
    expect(tab.seen("door")).not_to_contain_text(re.compile("notion|token", re.I))
    tab.enter("wrong")

    expect(tab.seen("door-trouble")).to_contain_text("That is not this deployment’s secret")
    expect(tab.seen("door-trouble")).to_contain_text("CRON_SECRET")
    expect(tab.seen("board")).to_be_hidden()
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")


def test_a_secret_that_fits_into_no_header_is_told_at_the_door(tab: Tab) -> None:
    tab.enter("пароль")

    expect(tab.seen("door-trouble")).to_contain_text("characters that fit in a header")


def test_a_secret_that_changed_leads_back_to_the_door(tab: Tab, stack: Stack) -> None:
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")
    stack.set("CRON_SECRET", "another secret than before")
    try:
        tab.press("Sync now")
        expect(tab.seen("door-trouble")).to_contain_text("That is not this deployment’s secret")
        expect(tab.seen("board")).to_be_hidden()
    finally:
        stack.set("CRON_SECRET", stack.secret)


def test_a_function_that_fails_speaks_for_itself_and_heals(
    tab: Tab, stack: Stack, site: Site
) -> None:
    tab.page.clock.install()
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")
    stack.set("KV_REST_API_TOKEN", "another")
    try:
        tab.page.clock.fast_forward(SOON)
        expect(tab.seen("trouble")).to_contain_text("KV refused the token", timeout=SOON)
    finally:
        stack.set("KV_REST_API_TOKEN", site.kv.token)
    tab.page.clock.fast_forward(60_000)
    expect(tab.seen("trouble")).to_be_hidden(timeout=SOON)


def test_an_action_that_is_refused_says_why_beside_it(tab: Tab, stack: Stack, site: Site) -> None:
    tab.page.clock.install()
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")
    stack.set("QSTASH_TOKEN", "")
    try:
        tab.press("Sync now")
        expect(tab.seen("answer")).to_contain_text("QSTASH_TOKEN is not set")
        tab.page.clock.fast_forward(SOON)
        expect(tab.seen("setup-list")).to_contain_text("QSTASH_TOKEN is not set", timeout=SOON)
    finally:
        stack.set("QSTASH_TOKEN", site.qstash.token)
    tab.press("Check again")
    expect(tab.seen("headline")).to_have_text("No sync yet")


def test_a_function_that_breaks_without_a_word_is_told_with_its_status(tab: Tab) -> None:
    tab.page.route(
        "**/api/sync/status",
        lambda route: route.fulfill(status=500, body="FUNCTION_INVOCATION_FAILED"),
    )
    tab.enter()

    expect(tab.seen("trouble")).to_have_text(
        "The function broke without a word (HTTP 500). The deployment’s logs say why."
    )


def test_being_offline_is_told_and_ends_by_itself(tab: Tab) -> None:
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")
    tab.offline(True)

    tab.press("Sync now")

    expect(tab.seen("answer")).to_contain_text("The deployment is out of reach")
    tab.offline(False)
    expect(tab.seen("trouble")).to_be_hidden(timeout=SOON)
    tab.press("Sync now")
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)


def test_the_secret_travels_only_in_a_header_and_stays_in_the_tab(
    tab: Tab, open_tab: OpenTab
) -> None:
    tab.enter()
    tab.press("Sync now")
    expect(tab.row()).to_have_attribute("data-status", "delivered", timeout=SOON)

    calls = [request for request in tab.requests if "/api/" in request.url]
    assert {request.headers["authorization"] for request in calls} == {f"Bearer {tab.secret}"}
    assert not [request.url for request in tab.requests if tab.secret in request.url]
    assert tab.secret not in tab.page.url
    stored = tab.page.evaluate("[{...sessionStorage}, {...localStorage}, document.cookie]")
    assert stored == [{"secret": tab.secret}, {}, ""]
    expect(open_tab().page.get_by_label("Secret")).to_be_visible()

    tab.page.reload()
    expect(tab.seen("headline")).to_be_visible()
    tab.press("Lock")
    expect(tab.page.get_by_label("Secret")).to_be_visible()
    assert tab.page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("before", ["about:blank", "/"])
def test_a_link_opens_the_dashboard_and_keeps_its_secret_out_of_the_address(
    tab: Tab, stack: Stack, before: str
) -> None:
    tab.page.goto(before if before != "/" else stack.url)

    tab.page.goto(f"{stack.url}/#secret={quote(stack.secret, safe='')}&of=mine")

    expect(tab.seen("headline")).to_have_text("No sync yet")
    assert tab.page.url == f"{stack.url}/#of=mine"
    assert tab.page.evaluate("[{...sessionStorage}, {...localStorage}, document.cookie]") == [
        {"secret": stack.secret},
        {},
        "",
    ]
    tab.page.go_back()
    assert stack.secret not in tab.page.url


def test_nobody_is_asked_while_nobody_looks(tab: Tab) -> None:
    tab.page.clock.install()
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")
    hide = (
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable:"
        " true});         document.dispatchEvent(new Event('visibilitychange')); }"
    )

    tab.page.evaluate(hide, True)
    asked = tab.status_calls()
    tab.page.clock.fast_forward(3_600_000)
    assert tab.status_calls() == asked

    with tab.page.expect_request("**/api/sync/status"):
        tab.page.evaluate(hide, False)


def pauses_after(tab: Tab, looks: int) -> list[int]:
    until(lambda: len(tab.page.evaluate("pauses")) >= looks)
    return cast(list[int], tab.page.evaluate("pauses"))


def test_an_idle_deployment_is_asked_less_and_less(tab: Tab) -> None:
    tab.page.clock.install()
    tab.page.evaluate(NOTE_PAUSES)
    tab.enter()
    expect(tab.seen("headline")).to_have_text("No sync yet")
    asked, pauses = tab.status_calls(), list[int]()
    for looks in range(1, 6):
        # Time goes on only when an answer has come: it might run out for a request on its way.
        pauses = pauses_after(tab, looks)
        tab.page.clock.run_for(pauses[-1])

    assert pauses == sorted(set(pauses))
    assert 5000 <= pauses[0] < pauses[-1] <= 60_000
    assert sum(pauses[2:4]) > 1.3 * sum(pauses[:2])
    assert tab.status_calls() >= asked + 4
