"""Each state of a deployment as the dashboard shows it, in every window, from prepared answers of the server
(`tests/browser/states.py`)."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, Route, expect

from dev.stack import Stack
from lib.model import JSON
from tests.browser.states import (
    LAST,
    NOW,
    PROBLEMS,
    STATES,
    WARNINGS,
    behind,
    blocked,
    current,
    earlier,
    odd,
    run,
    silent,
    status,
    syncing,
    waiting,
)
from tests.browser.tab import AXE, Tab, answer_status

WIDTHS = (360, 768, 1280, 1600)
SCHEMES = ("light", "dark")
TARGET = 44
OLD = run("old", -2_000_000, 2.0, changed=["about"], askedBy="schedule")
HEADLINES = {
    "current": "Your site is up to date",
    "problems": "3 pages are not up to date on your site",
    "syncing": "Publishing: 178 of 300 pages",
    "waiting": "Publishing: 178 of 300 pages",
    "stale": "Not checked for 9 days",
    "blocked": "Nothing can be published: Notion refuses the token. Copy it anew from the integration"
    " into NOTION_TOKEN",
    "empty": "No sync yet",
    "silent": "Your site is up to date",
    "odd": "3 pages are not up to date on your site",
    "drafts": "Your site is up to date",
    "settings": "2 settings keep the sync from running",
    "door": "How is the sync doing?",
    "trouble": "Your site is up to date",
}
"""What stands first in each state, and in two more of the page's own."""
FIRST = {"settings": "#setup-title", "door": "#door h2"}
CUT = """() => [...document.querySelectorAll(
  'main :is(h2, h3, dt, dd, summary, figcaption, button, .button, .tag, .fate, .since, .status),' +
  'main p:not(.names), main :is(.problem, .view, .notes, .timeline) :is(p, dd, li), .trouble,' +
  '.runs tr.run td:not(:nth-child(4)), .sources td')]
  .filter((one) => one.checkVisibility() && !one.closest('.unseen'))
  .filter((one) => getComputedStyle(one).overflow !== 'visible')
  .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
  .map((one) => one.outerHTML.slice(0, 200))"""
"""What is cut off of what people have to read. The fourth cell of a run says the rest in its title."""
TARGETS = """() => [...document.querySelectorAll('button, summary, a.button, input')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .map((one) => [one.textContent || one.id, one.getBoundingClientRect().height])"""
OUTSIDE = """() => [...document.querySelectorAll('main :is(p, h2, h3, td, dd, li, input, .button)')]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 200))"""
HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


class Board(Tab):
    """The dashboard, before a deployment that tells what the test says, at a moment that stands still."""

    def __init__(self, browser: Browser, stack: Stack, width: int, scheme: str) -> None:
        super().__init__(browser, stack.url, stack.secret, width, scheme)
        self.page.clock.set_fixed_time(NOW)
        self.page.add_init_script("if (origin !== 'null') sessionStorage.secret ??= 'any'")
        self.asked: list[str] = []

    def tell(self, told: Callable[[], JSON]) -> None:
        """The deployment's next answer, and all that follow."""
        answer_status(self.page, told)
        self.page.route("**/api/sync/trigger*", self._trigger)

    def look(self, told: Callable[[], JSON]) -> None:
        """Let the page ask now; it asks at once when it is online again."""
        self.tell(told)
        with self.page.expect_response("**/api/sync/status"):
            self.page.evaluate("dispatchEvent(new Event('online'))")

    def fresh(self, told: Callable[[], JSON], fragment: str = "") -> None:
        """The page as somebody opens it who has been here before."""
        self.tell(told)
        self.page.goto(f"{self.url}/{fragment}")
        expect(self.seen("board")).to_be_visible()

    def moved(self) -> list[list[Any]]:
        """What has moved by itself since the last question. It is told a frame later."""
        self.page.evaluate("new Promise((go) => requestAnimationFrame(() => setTimeout(go, 50)))")
        found: list[list[Any]] = self.page.evaluate("window.shifts.splice(0)")
        return found

    def expect_asked(self, since: int, queries: list[str]) -> None:
        """The trigger has been called with these queries, after so many others; soon, at least."""
        self.wait_until(lambda: len(self.asked) >= since + len(queries))
        assert self.asked[since:] == queries

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Let the page work until this holds, for half a minute at most."""
        for _ in range(600):
            if condition():
                break
            self.page.wait_for_timeout(50)

    def _trigger(self, route: Route) -> None:
        self.asked.append(route.request.url.partition("?")[2])
        told = {"ok": True, "message": "Sync job started in background"}
        route.fulfill(status=202, json=told, headers={"Date": NOW.strftime("%a, %d %b %Y %T GMT")})


OpenBoard = Callable[..., Board]


@pytest.fixture
def open_board(browser: Browser, stack: Stack) -> Iterator[OpenBoard]:
    boards: list[Board] = []

    def open_one(width: int = 1280, scheme: str = "light") -> Board:
        boards.append(Board(browser, stack, width, scheme))
        return boards[-1]

    yield open_one
    complaints = [complaint for board in boards for complaint in board.complaints]
    for board in boards:
        board.close()
    assert complaints == []


@pytest.fixture
def board(open_board: OpenBoard) -> Board:
    return open_board()


def arrive(board: Board, name: str) -> None:
    """Load the page in a state."""
    board.fresh(STATES.get(name, current))
    if name == "door":
        board.press("Lock")
    if name == "drafts":
        board.press("Show")
        expect(board.seen("draft-list").get_by_role("listitem")).to_have_count(5)
        board.moved()
    if name == "trouble":
        board.look(lambda: {"error": "KV refused the token"})
        expect(board.seen("trouble")).to_be_visible()
    expect(board.page.locator(FIRST.get(name, "#headline"))).to_have_text(HEADLINES[name])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", HEADLINES)
def test_every_state_fits_every_window_and_can_be_read_by_everybody(
    open_board: OpenBoard, lacking: Callable[[str, str], NoReturn], name: str, scheme: str
) -> None:
    if not AXE.exists():
        lacking(
            "accessibility of the dashboard", "needs axe-core; `make test` installs it where npm is"
        )
    turn = list(HEADLINES).index(name) + SCHEMES.index(scheme)
    board = open_board(WIDTHS[turn % len(WIDTHS)], scheme)
    arrive(board, name)
    assert board.moved() == []
    if board.row().is_visible():
        board.open_run()
    for at, width in enumerate(WIDTHS):
        board.page.set_viewport_size({"width": width, "height": 900})
        assert_legible(board, f"{name}, {width} px")
        if at % 2 == turn % 2:  # the other half with the other scheme: axe takes the most time here
            assert board.violations() == [], width
    board.page.emulate_media(forced_colors="active")
    assert board.violations() == [], "forced colours"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_moves_from_one_state_to_the_next(open_board: OpenBoard, width: int) -> None:
    board = open_board(width)
    board.fresh(current)
    board.moved()
    for told in (syncing, waiting, syncing, current):
        board.look(told)
        assert board.moved() == []


def assert_legible(board: Board, name: str) -> None:
    """Everything is inside the window, nothing is cut off, what is pressed is large enough."""
    assert board.overflow() <= 0, name
    assert board.page.evaluate(OUTSIDE) == [], name
    assert board.page.evaluate(CUT) == [], name
    assert [one for one in board.page.evaluate(TARGETS) if one[1] < TARGET] == [], name


def test_without_the_pages_colours_and_motion_a_run_is_still_seen(board: Board) -> None:
    board.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    board.fresh(waiting)
    bar = board.page.locator("#bar").evaluate("one => getComputedStyle(one).backgroundImage")
    assert "gradient" in bar
    assert board.page.evaluate("document.getAnimations().length") == 0
    board.look(lambda: status("current", [run("d1", -5, 0, status="active", finishedAt=None)]))
    expect(board.seen("headline")).to_have_text("Looking for changes")
    assert board.page.evaluate("document.getAnimations().length") == 0
    board.page.emulate_media(reduced_motion="no-preference")
    assert board.page.evaluate("document.getAnimations().length") > 0


def test_an_idle_page_leaves_the_processor_alone(board: Board) -> None:
    board.fresh(lambda: status("current", [run(f"r{at}", -600.0 * at, 2) for at in range(1, 51)]))
    board.press("Show all 50")
    session = board.page.context.new_cdp_session(board.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    before = worked()
    board.page.wait_for_timeout(3000)
    assert worked() - before < 0.01 * 3


def test_the_verdict_says_what_visitors_see(board: Board) -> None:
    board.fresh(current)
    expect(board.seen("subline")).to_have_text(
        "Checked 25 min ago. 2 pages changed, and that is published."
    )
    expect(board.seen("detail")).to_have_text("Last change 25 min ago: opening-hours, visit")
    expect(board.seen("figures")).to_contain_text("37 pages30 rows, 7 child pages")
    expect(board.seen("figures")).to_contain_text("68 of 180requests · resets in 21 s")
    expect(board.seen("figures")).to_contain_text("by cron · last event 3 min ago")
    expect(board.seen("progress")).to_be_hidden()
    board.look(behind)
    expect(board.seen("subline")).to_have_text(
        "35 others are. Visitors see the last good version of 2. “Visit” was never published."
    )
    rows = board.seen("overdue").get_by_role("listitem")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Opening hours home/opening-hours last version stays")
    expect(rows.nth(0)).to_contain_text("In Notion: ••• → Connections → add the integration.")
    expect(rows.nth(1)).to_contain_text("Visit visit never published since 5:58 AM")
    expect(rows.nth(1)).to_contain_text(
        "Notion answered 502, 4 times in a row. Every sync tries again"
    )
    for row in rows.all():
        expect(row.get_by_role("link", name="Open in Notion")).to_be_visible()
        expect(row.get_by_role("button", name="Try again")).to_be_visible()
    expect(board.page.locator("#now .head .primary:visible")).to_have_text("Try these 3 again")
    notes = board.seen("notices")
    expect(notes.locator("summary")).to_contain_text("2 notices")
    expect(notes.locator("li").first).to_be_hidden()
    notes.locator("summary").click()
    expect(notes.locator("li")).to_have_text(WARNINGS)
    board.look(silent)
    expect(notes.locator("summary")).to_contain_text("1 noticeNotion's webhook has been silent")
    board.look(blocked)
    expect(board.seen("subline")).to_contain_text("37 pages on your site stay as published")


def test_what_failed_is_tried_again_and_the_keyboard_stays(board: Board) -> None:
    board.fresh(behind)
    board.press("Try these 3 again")
    expect(board.seen("answer")).to_have_text("Sync job started in background.")
    board.expect_asked(0, [f"page={one['pageId']}" for one in PROBLEMS])
    again = [
        board.page.get_by_role("button", name=f"Try again: {one['title']}") for one in PROBLEMS
    ]

    again[0].press("Enter")
    expect(again[0]).to_be_focused()
    board.expect_asked(3, [f"page={PROBLEMS[0]['pageId']}"])
    rest = behind()
    rest["site"]["overdue"] = rest["site"]["overdue"][1:]
    board.look(lambda: rest)
    expect(again[1]).to_be_focused()
    board.look(current)
    expect(board.seen("headline")).to_be_focused()

    many = behind()
    many["site"]["overdue"] = [
        {**rest["site"]["overdue"][0], "pageId": f"aaaaaaaa-0000-4000-8000-{at:012}"}
        for at in range(6)
    ]
    board.look(lambda: many)
    expect(board.seen("overdue").get_by_role("listitem")).to_have_count(5)
    board.press("Show all 6")
    expect(board.seen("overdue").get_by_role("listitem")).to_have_count(6)
    board.press("Try these 6 again")
    board.expect_asked(4, [""])  # one sync takes up all that failed


def test_a_wait_is_told_with_its_end_and_counts_for_the_time_left(board: Board) -> None:
    board.fresh(waiting)
    expect(board.seen("detail")).to_have_text(
        "Waiting for Notion’s next minute: goes on in 37 s. 180 of 180 requests are used up; nothing"
        " is lost."
    )
    expect(board.seen("subline")).to_contain_text("about 2 min 38 s to go")
    expect(board.seen("progress")).to_have_attribute("aria-valuenow", "59")
    board.page.clock.set_fixed_time(NOW.replace(second=40))
    board.page.evaluate("document.dispatchEvent(new Event('shown'))")
    expect(board.seen("detail")).to_contain_text("goes on in 7 s")
    expect(board.seen("subline")).to_contain_text("about 2 min 8 s to go")


def reworded(told: JSON) -> JSON:
    """The same, with other words wherever a reason stands."""
    text = re.sub(r'"reason": "[^"]*"', '"reason": "Galaxy 4711"', json.dumps(told))
    found: JSON = json.loads(text)
    return found


def test_what_is_done_about_something_hangs_on_its_cause_and_never_on_words(board: Board) -> None:
    told = reworded(behind())
    late = told["site"]["overdue"]
    board.fresh(lambda: told)
    rows = board.seen("overdue").locator("p")
    expect(rows).to_have_text(
        [
            "Galaxy 4711. In Notion: ••• → Connections → add the integration.",
            "Galaxy 4711. Every sync tries again.",
            "Galaxy 4711. Trying again is of no use before.",
        ]
    )
    view = board.open_run()
    expect(view.locator(".timeline li").nth(1)).to_contain_text("Notion’s limit")
    late[0] |= {"kind": "source", "title": "posts"}
    late[1] |= {"cause": "fault"}
    late[2] |= {"cause": "constructor"}  # no cause that this page knows
    board.look(lambda: told)
    expect(rows.nth(0)).to_contain_text("Its pages stay as they were published")
    expect(rows.nth(1)).to_contain_text("That is a fault of this project")
    expect(rows.nth(2)).to_have_text(
        "Galaxy 4711. Every sync tries again; the function’s log has the details."
    )

    waits = reworded(waiting())
    board.look(lambda: waits)
    expect(board.seen("detail")).to_contain_text(
        "Waiting for Notion’s next minute: goes on in 37 s"
    )
    del waits["active"]["waiting"]["cause"]
    board.look(lambda: waits)
    expect(board.seen("detail")).to_have_text("Waiting: goes on in 37 s. Galaxy 4711")
    note = {"cause": "undelivered", "reason": "Galaxy 4712"}
    pending = run("d2", -60, 0, status="pending", startedAt=None, finishedAt=None, notes=[note])
    board.look(lambda: status("current", [pending | {"warnings": ["QStash is a word of ours"]}]))
    expect(board.seen("detail")).to_have_text("Galaxy 4712")


def test_a_run_opens_and_tells_its_course(board: Board) -> None:
    board.fresh(behind)
    view = board.open_run()

    expect(view).to_contain_text("34 pages changed: crayfish, home")
    course = view.locator(".timeline li")
    expect(course).to_have_text(
        [
            "slice 158 s",
            "Notion’s limit1 min 6 s",
            "slice 225 s",
            "slice 2 (2nd try)41 s",
            "slice 348 s",
        ]
    )
    bars = course.locator(".part").evaluate_all("all => all.map((one) => one.offsetLeft)")
    assert bars == sorted(bars)
    assert bars[-1] > bars[1] > bars[0] == 0
    expect(view).to_contain_text("by Notion’s webhook")
    expect(view.locator(".notes li")).to_have_text(WARNINGS)
    expect(view.get_by_role("link", name=re.compile("^Job msg_c5"))).to_have_attribute(
        "href", "https://console.upstash.com/qstash?messageId=msg_c5"
    )
    assert board.page.url.endswith("#run=run_c5")
    board.press("Show all 34")
    expect(view).to_contain_text("post-27")
    board.row().get_by_role("button", name="Details").press("Enter")
    expect(view).to_be_hidden()
    assert "#" not in board.page.url


def test_results_are_words_and_runs_are_filtered_by_them(board: Board) -> None:
    board.fresh(current)
    results = board.page.locator("#runs tr.run td:first-child")
    expect(results).to_have_text(
        [
            "2 pages changed",
            "2 pages changed",
            "Nothing changed",
            "1 page changed, 1 removed",
            "34 pages changed",
            "Nothing changed",
            "Failed",
            "Nothing changed",
        ]
    )
    expect(board.cell("Asked by", 4)).to_have_text("button")
    board.page.get_by_role("button", name="Changed something 4").click()
    expect(results).to_have_count(4)
    board.page.get_by_role("button", name="With problems 1").click()
    expect(results).to_have_text(["Failed"])
    board.page.get_by_role("button", name="All 13").click()
    expect(results).to_have_count(8)


def test_a_link_leads_to_a_run_wherever_it_stands(board: Board) -> None:
    board.fresh(current, "#run=run_a5")  # the last of the list, which shows eight
    view = board.page.locator("#runs tr.view .card")
    expect(view).to_be_focused()
    expect(view).to_be_in_viewport()
    expect(view).to_contain_text("It changed nothing on the site")

    calls = []

    def answer(route: Route) -> None:
        calls.append(route.request.url)
        told = OLD if "run_old" in route.request.url else {"error": "No such run is known"}
        route.fulfill(status=200 if told is OLD else 404, json=told)

    board.page.route("**/api/sync/status?run=*", answer)
    board.page.evaluate("location.hash = '#run=run_old'")
    expect(view).to_contain_text("1 page changed: about")
    expect(view).to_contain_text("by a schedule")
    board.page.evaluate("location.hash = '#run=run_gone'")
    expect(board.seen("no-such-run")).to_have_text("No such run is known")
    expect(view).to_be_hidden()
    assert len(calls) == 2


def test_the_box_suggests_what_it_knows(board: Board) -> None:
    board.fresh(behind)
    options = board.page.locator("#suggestions option").evaluate_all(
        "all => all.map((one) => one.value)"
    )
    assert options[:3] == ["home/opening-hours", "visit", "map"]
    assert "lighthouse/the-tower" in options
    assert "about" in options  # nothing has happened to it for long
    assert len(options) == len(set(options))
    assert "cray" not in options  # a run removed it


def test_a_title_from_right_to_left_moves_nothing_around_it(board: Board) -> None:
    board.fresh(odd)
    heading = board.seen("overdue").get_by_role("heading").nth(1)
    title, slug = heading.locator("bdi").bounding_box(), heading.locator("code").bounding_box()
    assert title
    assert slug
    assert title["x"] < slug["x"]
    expect(board.seen("subline").locator("bdi")).to_have_count(1)


def test_a_hidden_tab_leaves_its_title_alone(board: Board) -> None:
    board.fresh(syncing)
    expect(board.page).to_have_title("59% · Notion → KV")
    release: list[Route] = []
    board.page.route("**/api/sync/status", lambda route: release.append(route))
    with board.page.expect_request("**/api/sync/status"):
        board.page.evaluate("dispatchEvent(new Event('online'))")
    board.page.evaluate(HIDE, True)
    expect(board.page).to_have_title("Notion → KV")
    with board.page.expect_response("**/api/sync/status"):
        release[0].fulfill(json=syncing())
    board.page.wait_for_timeout(100)
    assert board.page.title() == "Notion → KV"
    board.tell(syncing)
    board.page.evaluate(HIDE, False)
    expect(board.page).to_have_title("59% · Notion → KV")


def test_an_answer_that_comes_after_a_newer_one_is_not_shown(board: Board) -> None:
    board.fresh(current)
    held: list[Route] = []
    board.page.route("**/api/sync/status", lambda route: held.append(route))
    board.page.evaluate("dispatchEvent(new Event('online'))")
    board.wait_until(lambda: len(held) == 1)
    board.page.evaluate("dispatchEvent(new Event('online'))")
    board.wait_until(lambda: len(held) == 2)
    older, newer = held

    newer.fulfill(json=behind())
    expect(board.seen("headline")).to_have_text(HEADLINES["problems"])
    with board.page.expect_response("**/api/sync/status"):
        older.fulfill(json=current())
    board.page.evaluate("new Promise((go) => setTimeout(go))")
    expect(board.seen("headline")).to_have_text(HEADLINES["problems"])


def without(*names: str) -> JSON:
    """The status of a deployment that is older than this page."""
    told: dict[str, Any] = json.loads(json.dumps(current()))
    for part in (told, told["site"], *told["runs"]):
        for name in names:
            part.pop(name, None)
    return told


def test_an_answer_of_an_unexpected_shape_breaks_nothing(board: Board) -> None:
    board.fresh(current)
    answers: list[Any] = [[], {"runs": []}, {"site": {}, "runs": 3}, "text", None]
    for odd_answer in answers:
        board.look(partial(json.loads, json.dumps(odd_answer)))
        expect(board.seen("trouble")).to_be_visible()
        expect(board.seen("headline")).to_have_text("Your site is up to date")
    old = without(
        "timeline", "changed", "removed", "budget", "overdue", "freshness", "cron", "errors"
    )
    old["runs"] += [None, {}, {"runId": 7}]
    board.look(lambda: old)
    expect(board.seen("trouble")).to_be_hidden()
    expect(board.cell("Result")).to_have_text("Nothing changed")
    expect(board.open_run()).to_contain_text("QStash job")
    board.look(lambda: {**current(), "site": {"state": "a new one"}})
    expect(board.seen("headline")).to_have_text("It is not known whether your site is up to date")


def test_one_long_run_flattens_no_chart(board: Board) -> None:
    board.fresh(lambda: status("current", [LAST, *earlier()]))
    heights = board.page.locator("#chart-duration rect").evaluate_all(
        "all => all.map((one) => Number(one.getAttribute('height')))"
    )
    assert max(heights) == 72
    assert sorted(heights)[len(heights) // 2] >= 18
    expect(board.page.locator("#chart-duration .cut")).to_have_count(1)
