"""`make picture`: the README's picture, docs/dashboard.png, of a sync under way over the sample
workspace."""

import contextlib
import os
import re
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from dev.stack import Stack
from tests.browser.tab import chromium
from tests.stack.site import NOWHERE, Site

PICTURE = Path(__file__).parent.parent.parent / "docs/dashboard.png"
HOURS_AGO = (122, 98, 74, 55, 50, 26, 20, 3)
PAGES = [f"aaaaaaaa-0000-4000-8000-00000000000{number}" for number in range(1, 7)]
HALFWAY = re.compile("[4-7][0-9]")


def main() -> None:
    path = chromium()
    if path is None:
        raise SystemExit("No Chromium on the PATH: install one, as in apt-get install chromium")
    settings = {"NOTION_REQUESTS_PER_MINUTE": "100000"}
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        Stack(environ={}, settings=settings) as stack,
        sync_playwright() as playwright,
    ):
        site = Site.of(stack)
        site.notion.limit.requests = None
        _live(site)
        site.notion.latency.set(500)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": 1120, "height": 1000},
            color_scheme="light",
            reduced_motion="reduce",  # else the bar is still on its way to what the figures say
            locale="en-US",
            timezone_id="UTC",
        )
        page.goto(stack.url)
        page.get_by_label("Secret").fill(stack.secret)
        page.get_by_role("button", name="Open").click()
        page.get_by_role("button", name="Force").click()
        expect(page.locator("#headline")).to_have_text("Syncing", timeout=30_000)
        expect(page.get_by_role("progressbar")).to_have_attribute(
            "aria-valuenow", HALFWAY, timeout=30_000
        )
        page.mouse.move(0, 0)
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()
        site.notion.latency.set(0)
        site.qstash.drain()
    print(f"{PICTURE} ({PICTURE.stat().st_size // 1000} kB)")


def _live(site: Site) -> None:
    """A few days of ordinary life: edits, and now and then a page that somebody asks for that is not
    shared."""
    for number, hours in enumerate(HOURS_AGO):
        edited = PAGES[: number * 2 % 5]
        for id in edited:
            site.notion.edit.append_blocks(id, [{"paragraph": f"Edit {number}"}])
        site.notion.clock.advance(180)
        site.notion.latency.set(10 + 7 * number % 40)
        run = site.sync(page=NOWHERE) if hours == 55 else site.sync()
        moved = [
            word
            for name in ("triggeredAt", "startedAt", "finishedAt")
            for word in (name, str(int(run[name]) - hours * 3_600_000))
        ]
        site.command("HSET", f"sync:run:{run['runId']}", *moved)


if __name__ == "__main__":
    main()
