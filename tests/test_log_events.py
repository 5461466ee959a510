"""The table of events in docs/logs.md and the events in the code are the same."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
METHODS = {"event", "warning", "error"}
EVERYWHERE = {"runId", "lane", "slice"}
OF_AN_ERROR = {"error", "traceback"}


def test_the_documents_name_every_event_and_no_other() -> None:
    assert sorted(told()) == sorted(logged())


def test_the_documents_name_what_each_event_says() -> None:
    in_code, in_table = logged(), told()

    for event, members in in_table.items():
        assert members - EVERYWHERE - OF_AN_ERROR == in_code[event] - EVERYWHERE - OF_AN_ERROR, (
            event
        )


def test_each_recipe_searches_for_what_lines_have() -> None:
    text = (ROOT / "docs/logs.md").read_text("utf-8")
    recipes = re.findall(r"^npx vercel logs .* --query '(.*)'$", text, re.MULTILINE)

    assert len(recipes) == 3
    fields = {name for recipe in recipes for name in re.findall(r"(\w+):", recipe)}
    assert fields == {"level", "requestPath"}  # Vercel's own


def told() -> dict[str, set[str]]:
    """Each event in the table, with what it says besides."""
    rows = re.findall(
        r"^\| `([a-z._]+)` \| .*? \|(.*)\|$",
        (ROOT / "docs/logs.md").read_text("utf-8"),
        re.MULTILINE,
    )
    return {event: set(re.findall(r"`(\w+)`", says)) for event, says in rows}


def logged() -> dict[str, set[str]]:
    """The event of every `log.event("…")`, `.warning` and `.error` in the code, with its fields."""
    found: dict[str, set[str]] = {"log.suppressed": {"lines", "byEvent"}}
    for file in [*(ROOT / "lib").rglob("*.py"), *(ROOT / "api").rglob("*.py")]:
        for event, fields in _events(ast.parse(file.read_text("utf-8"))):
            found.setdefault(event, set()).update(fields)
    assert len(found) > 1
    found["request"] |= {"reason", "cause"}  # of a refusal only, so they are put in as a dictionary
    return found


def _events(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=owner, attr=method),
                args=[ast.Constant(value=str(event)), *_],
                keywords=fields,
            ) if method in METHODS and re.search(r"log$", ast.unparse(owner), re.IGNORECASE):
                yield event, {field.arg for field in fields if field.arg}
