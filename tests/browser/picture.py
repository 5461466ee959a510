"""`make picture`: every state of the dashboard, in light and dark, wide and narrow, into
`.cache/pictures`; three of them into `docs`."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect, sync_playwright

from dev.stack import Stack
from tests.browser.states import NOW, STATES
from tests.browser.tab import answer_status, chromium

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / ".cache/pictures"
SHOWN = {"current": "dashboard", "problems": "dashboard-problems", "waiting": "dashboard-waiting"}
"""Which stand in the README, and as which file."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHTS = {1200: 840, 360: 780}


def main() -> None:
    path = chromium()
    if path is None:
        raise SystemExit("No Chromium on the PATH: install one, as in apt-get install chromium")
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        Stack(environ={}) as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for scheme in SCHEMES:
            for width in HEIGHTS:
                take(browser, stack, scheme, width)
        browser.close()
    for state, name in SHOWN.items():
        shutil.copyfile(PICTURES / f"{state}-1200-light.png", ROOT / f"docs/{name}.png")
    print(f"{PICTURES}: {len(list(PICTURES.glob('*.png')))} pictures, {len(SHOWN)} of them in docs")


def take(browser: Browser, stack: Stack, scheme: Literal["light", "dark"], width: int) -> None:
    """Take the pictures of one window."""
    page = browser.new_page(
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme=scheme,
        reduced_motion="reduce",  # else the bar is still on its way to what the figures say
        locale="en-GB",
        timezone_id="UTC",
    )
    page.clock.set_fixed_time(NOW)
    for state, told in STATES.items():
        answer_status(page, told)
        page.goto(stack.url)
        if page.get_by_label("Secret").is_visible():
            page.get_by_label("Secret").fill(stack.secret)
            page.get_by_role("button", name="Open").click()
        expect(
            page.locator("#setup-title" if state == "settings" else "#updated")
        ).not_to_be_empty()
        page.evaluate("document.getElementById('host').textContent = 'sync.skerrylight.example'")
        if state == "problems":
            page.get_by_role("button", name="Details").first.click()
            page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        if state == "drafts":
            page.get_by_role("button", name="Show", exact=True).click()
            page.evaluate("document.activeElement.blur()")
            page.locator("#drafts").scroll_into_view_if_needed()
        page.mouse.move(0, 0)
        name = PICTURES / f"{state}-{width}-{scheme}.png"
        page.screenshot(path=name, full_page=width == min(HEIGHTS))
    page.close()


if __name__ == "__main__":
    main()
