"""A terminal gets a live bar, anything else a line for each change."""

import io

from rich.console import Console

from dev.screen import Bar, Lines, screen
from dev.watch import Budget, RunStatus, Sight, Waiting


def sight(
    synced: int = 0, status: str = "active", to_sync: int = 35, until: str | None = None
) -> Sight:
    waiting = Waiting("Notion said wait", until) if until else None
    run = RunStatus("run_1", status, to_sync=to_sync, synced=synced, waiting=waiting)
    return Sight(run, Budget(60, 180))


def test_where_nobody_watches_only_changes_are_told() -> None:
    printed = io.StringIO()
    with screen(Console(file=printed)) as shown:
        assert isinstance(shown, Lines)
        shown.show(sight(to_sync=0))
        for synced in range(10):
            shown.show(sight(synced))
        shown.say("a line of its own [bold]with brackets[/]", "red")
        for second in (19, 24):
            shown.show(sight(10, until=f"2026-05-28T20:27:{second}.000Z"))
        shown.show(sight(35, status="delivered"))
    assert printed.getvalue().splitlines() == [
        "Listing",
        "Reading: 0 of 35 pages",
        "a line of its own [bold]with brackets[/]",
        "Waiting (Notion said wait): 10 of 35 pages",
        "Delivered: 35 of 35 pages",
    ]


def test_a_terminal_shows_pages_requests_and_what_is_waited_for() -> None:
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, color_system=None, width=80)
    assert isinstance(screen(console), Bar)
    with Bar(console, now=lambda: 1_780_000_000.0) as shown:
        shown.say("killed")
        shown.show(sight(12, until="2026-05-28T20:26:47.000Z"))
    last = printed.getvalue().splitlines()[-4:]
    assert "killed" in printed.getvalue()
    assert any("Reading" in line and "12/35 pages" in line for line in last)
    assert any("Notion requests used or reserved this minute: 60 of 180" in line for line in last)
    assert any("Goes on in 7 s: Notion said wait" in line for line in last)
