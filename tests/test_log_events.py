"""The table of events in docs/logs.md and the events in the code are the same."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
METHODS = {"event", "warning", "error"}


def test_the_documents_name_every_event_and_no_other() -> None:
    logs = (ROOT / "docs/logs.md").read_text("utf-8")
    named = re.findall(r"^\| `([a-z._]+)` \|", logs, re.MULTILINE)

    assert sorted(named) == sorted(logged())


def logged() -> set[str]:
    """The event of every `log.event("…")`, `.warning` and `.error` in the code."""
    files = [*(ROOT / "lib").rglob("*.py"), *(ROOT / "api").rglob("*.py")]
    calls = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    events = {event for node in calls if (event := _event_of(node))}
    assert events
    return events | {"log.suppressed"}


def _event_of(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=method), args=[ast.Constant(value=str(event)), *_]) if (
            method in METHODS and re.search(r"log$", ast.unparse(owner), re.IGNORECASE)
        ):
            return event
    return None
