"""What to say of a run that has ended. Pure: the same words for Slack and for mail."""

import re
from collections import Counter

from lib.model import Outcome, Problem

MOST_PROBLEMS = 5
MOST_NAMES = 5

LONGEST_LINE = 500

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def headline(outcome: Outcome) -> str:
    """Return one line: what happened to which part of the site."""
    if outcome.broke:
        return one_line(f"Sync of {scope(outcome)} failed")
    changes = [
        _counted_things(outcome.written, "bundle", "updated"),
        _counted_things(outcome.deleted, "page", "removed"),
        *_failure_lines(outcome),
    ]
    said = ", ".join(change for change in changes if change)
    return one_line(f"Sync of {scope(outcome)} finished: {said or 'nothing changed'}")


def one_line(text: str) -> str:
    """Return a text without what would end its line, in a mail's head or elsewhere, and no longer
    than is read."""
    line = _BREAKS.sub(" ", text)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def scope(outcome: Outcome) -> str:
    if outcome.page:
        return "one page" if _ID.fullmatch(outcome.page) else f"page {outcome.page}"
    if outcome.window:
        return "edited pages"
    if outcome.scheduled:
        return "pages with a date"
    return f"source {outcome.source}" if outcome.source else "everything"


def facts(outcome: Outcome) -> list[tuple[str, str]]:
    """Name and value of what is worth a table."""
    names = ", ".join(outcome.updated[:MOST_NAMES]) + (
        ", …" if len(outcome.updated) > MOST_NAMES else ""
    )
    return [
        *([("Updated", names)] if names else []),
        ("Pages read", str(outcome.synced)),
        ("Unchanged", str(outcome.unchanged)),
        ("Removed", str(outcome.deleted)),
        ("Failed", str(outcome.failed)),
        ("Time", duration(outcome.seconds)),
        ("Notion requests", str(outcome.notion_requests)),
    ]


def problems(outcome: Outcome) -> list[str]:
    """What could not be read: the first problems, one line each, and how many more there are."""
    lines = [
        one_line(f"{_problem_name(problem)}: {problem.reason}")
        for problem in outcome.problems[:MOST_PROBLEMS]
    ]
    more = outcome.failed - len(lines)
    return [*lines, f"and {more} more"] if lines and more > 0 else lines


def run_address(dashboard: str, outcome: Outcome) -> str:
    """Return where the dashboard shows the run itself."""
    return f"{dashboard}#run={outcome.run_id}"


def _failure_lines(outcome: Outcome) -> list[str]:
    """Count what failed by its kind; what is not listed among the problems, of which a run keeps a
    few, is a page."""
    kinds = Counter(problem.kind for problem in outcome.problems)
    pages = outcome.failed - kinds["source"] - kinds["database"]
    return [
        _counted_things(kinds["source"], "source", "could not be listed"),
        _counted_things(kinds["database"], "database", "could not be read"),
        _counted_things(max(0, pages), "page", "could not be read"),
    ]


def _problem_name(problem: Problem) -> str:
    title = f'"{problem.title}"' if problem.title else ""
    match problem.kind:
        case "source":
            return f"source {problem.title}"
        case "database":
            return f"database {title or problem.page_id}"
    return problem.slug or title or problem.page_id or "a page"


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _counted_things(number: int, thing: str, fate: str) -> str:
    return f"{number} {thing}{'s' if number != 1 else ''} {fate}" if number else ""
