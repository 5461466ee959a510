"""A terminal gets a live bar, anything else a line for each change."""

import io

from rich.console import Console

from dev.screen import Bar, Lines, screen
from dev.watch import Budget, RunStatus, Sight, Waiting


def sight(
    synced: int = 0,
    status: str = "active",
    to_sync: int = 35,
    until: str | None = None,
    cause: str = "",
) -> Sight:
    waiting = Waiting("Another lane looks around", until, cause) if until else None
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
        for cause in ("", "", "rate_limited", "rate_limited"):
            shown.show(sight(10, until="2026-05-28T20:27:19.000Z", cause=cause))
        shown.show(sight(35, status="delivered"))
    assert printed.getvalue().splitlines() == [
        "Listing",
        "Reading: 0 of 35 pages",
        "a line of its own [bold]with brackets[/]",
        "Waiting (Another lane looks around): 10 of 35 pages",
        "Waiting for Notion's next minute: 10 of 35 pages",
        "Delivered: 35 of 35 pages",
    ]


def last_lines(seen: Sight) -> list[str]:
    """What a terminal shows in the end."""
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, color_system=None, width=80)
    assert isinstance(screen(console), Bar)
    with Bar(console, now=lambda: 1_780_000_000.0) as shown:
        shown.say("killed")
        shown.show(seen)
    assert "killed" in printed.getvalue()
    return printed.getvalue().splitlines()[-4:]


def test_a_terminal_shows_pages_requests_and_what_is_waited_for() -> None:
    soon = "2026-05-28T20:26:47.000Z"
    last = last_lines(sight(12, until=soon))
    assert any("Reading" in line and "12/35 pages" in line for line in last)
    assert any("Notion requests used or reserved this minute: 60 of 180" in line for line in last)
    assert any("Goes on in 7 s: Another lane looks around" in line for line in last)
    last = last_lines(sight(12, until=soon, cause="rate_limited"))
    assert any("Waiting for Notion's next minute: goes on in 7 s" in line for line in last)
