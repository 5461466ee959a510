"""A terminal gets a live bar, anything else a line for each change."""

import io

from rich.console import Console

from dev.screen import Bar, Lines, screen
from dev.watch import Budget, Sight, Waiting
from lib.store.runs import run_of


def sight(
    synced: int = 0, status: str = "active", phase: str = "work", waiting: Waiting | None = None
) -> Sight:
    run = run_of({"status": status, "phase": phase, "synced": str(synced), "toSync": "35"})
    return Sight(run, Budget(180, 60), waiting=waiting)


def test_where_nobody_watches_only_changes_are_told() -> None:
    printed = io.StringIO()
    with screen(Console(file=printed)) as shown:
        assert isinstance(shown, Lines)
        shown.show(sight(phase="plan"))
        for synced in range(10):
            shown.show(sight(synced))
        shown.say("a line of its own [bold]with brackets[/]", "red")
        for left in (9.5, 4.5):
            shown.show(sight(10, waiting=Waiting("Notion, which said wait", left)))
        shown.show(sight(35, status="delivered"))
    assert printed.getvalue().splitlines() == [
        "Listing: 0 of 35 pages",
        "Reading: 0 of 35 pages",
        "a line of its own [bold]with brackets[/]",
        "Waiting for Notion, which said wait: 10 of 35 pages",
        "Delivered: 35 of 35 pages",
    ]


def test_a_terminal_shows_pages_requests_and_what_is_waited_for() -> None:
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, color_system=None, width=80)
    assert isinstance(screen(console), Bar)
    with Bar(console, now=lambda: 100.0) as shown:
        shown.say("killed")
        shown.show(sight(12, waiting=Waiting("Notion, which said wait", 107.0)))
    last = printed.getvalue().splitlines()[-4:]
    assert "killed" in printed.getvalue()
    assert any("Reading" in line and "12/35 pages" in line for line in last)
    assert any("Notion requests used or reserved this minute: 60 of 180" in line for line in last)
    assert any("Waiting for Notion, which said wait (7 s)" in line for line in last)
