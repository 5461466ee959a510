"""A browser tab with the dashboard, and what a person does and sees in it."""

import json
import re
import shutil
from collections.abc import Callable
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Literal, cast

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Route

from lib.model import JSON
from tests.browser.states import NOW, drafts

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parent.parent / "clients/node_modules/axe-core/axe.min.js"
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    window.shifts.push([entry.value, ...entry.sources.map((source) => source.node?.outerHTML?.slice(0, 120))]);
}).observe({ type: "layout-shift", buffered: true });
"""


def chromium() -> str | None:
    """The path of a browser that Playwright can drive."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def answer_status(page: Page, told: Callable[[], JSON]) -> None:
    """Let the deployment tell what `told` gives, in place of how it stands; of one run too."""

    def answer(route: Route) -> None:
        status = told()
        if name := re.search(r"[?&]run=([\w-]+)", route.request.url):
            found = [one for one in status["runs"] if one["runId"] == name[1]]
            status = found[0] if found else {"error": "No such run is known"}
        if route.request.url.endswith("?drafts=1"):
            status = drafts()
        date = format_datetime(NOW, usegmt=True)
        route.fulfill(
            status=404 if isinstance(status, dict) and "error" in status else 200,
            body=json.dumps(status),
            headers={"Content-Type": "application/json", "Date": date},
        )

    # Of two routes the later one counts. Without any, a look on its way would reach the functions.
    page.route("**/api/sync/status*", answer)


class Tab:
    def __init__(self, browser: Browser, url: str, secret: str, width: int, scheme: str) -> None:
        self.secret = secret
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        self._context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=cast(Literal["light", "dark"], scheme),
            locale="en-US",
            timezone_id="UTC",
        )
        self.page = self._context.new_page()
        self.page.add_init_script(WATCH_SHIFTS)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request))
        self.url = url

    def open(self) -> None:
        self.page.goto(self.url)

    def enter(self, secret: str | None = None) -> None:
        """Types the secret and opens the dashboard."""
        self.page.get_by_label("Secret").fill(self.secret if secret is None else secret)
        self.page.get_by_role("button", name="Open").click()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def seen(self, id: str) -> Locator:
        return self.page.locator(f"#{id}")

    def row(self, number: int = 1) -> Locator:
        """The `number`th run, the newest being the first."""
        return self.page.locator("#runs tr.run").nth(number - 1)

    def cell(self, name: str, number: int = 1) -> Locator:
        names = ["Result", "When", "Asked by", "What", "Took", "Notion", "Details"]
        return self.row(number).get_by_role("cell").nth(names.index(name))

    def open_run(self, number: int = 1) -> Locator:
        """Open the `number`th run; give what stands in it then."""
        self.row(number).get_by_role("button", name="Details").click()
        return self.page.locator("#runs tr.view .card")

    def offline(self, cut: bool) -> None:
        self._context.set_offline(cut)

    def status_calls(self) -> int:
        return sum("/api/sync/status" in request.url for request in self.requests)

    def shifts(self) -> list[list[Any]]:
        """Everything that moved by itself, how far and what."""
        moved: list[list[Any]] = self.page.evaluate("window.shifts")
        return moved

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return wider

    def violations(self) -> list[tuple[str, list[str]]]:
        """What axe-core finds wrong with the page as it is now."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run().then((results) => results.violations)")
        return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]

    def close(self) -> None:
        self._context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium notes every answer that is an error; those the tests bring about themselves.
        if message.type in ("error", "warning") and not message.text.startswith(
            "Failed to load resource"
        ):
            self.complaints.append(message.text)
