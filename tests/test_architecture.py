"""The direction of imports: what keeps each room a room."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "model": set(),
    "errors": set(),
    "times": set(),
    "json_text": set(),
    "secret": set(),
    "config": {"errors", "notion.ids", "secret"},
    "log": {"config", "secret"},
    "endpoint": {"config", "errors", "log", "model"},
    "auth": {"config", "endpoint", "errors", "model", "qstash", "secret"},
    "requests": {
        "config",
        "endpoint",
        "errors",
        "model",
        "notion.ids",
        "qstash",
        "sync.trigger",
    },
    "qstash": {"config", "errors", "model", "qstash", "secret"},
    "notion": {"model", "errors", "notion", "times"},
    "bundle": {"model", "errors", "bundle", "times"},
    "store": {"model", "errors", "store", "times"},
    "media": {"bundle", "errors", "log", "media", "model", "notion", "secret", "store"},
    "notify": {"config", "errors", "model", "notify", "secret", "times"},
    "sync": {
        "auth",
        "bundle",
        "config",
        "errors",
        "log",
        "media",
        "model",
        "notion",
        "qstash",
        "secret",
        "store",
        "sync",
        "times",
    },
}
EVERYWHERE = {"json_text"}
FILES = sorted((ROOT / "lib").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names of what a file imports, type-checking imports included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    room = path.relative_to(ROOT / "lib").with_suffix("").parts[0]
    if room == "wiring":
        return
    allowed_rooms = ALLOWED[room] | EVERYWHERE
    ours = {name.removeprefix("lib.") for name in imported(path) if name.startswith("lib.")}
    strangers = {
        name
        for name in ours
        if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in allowed_rooms)
        and not any(allowed.startswith(f"{name}.") for allowed in allowed_rooms)
    }
    assert strangers == set()


def test_a_class_has_a_name_of_its_own() -> None:
    """One word, one meaning. Left out: `handler`, which Vercel asks for in each file, and the types
    of what a site reads, whose names are those of the published schema."""
    files = [*FILES, *sorted((ROOT / "api").rglob("*.py"))]
    places: dict[str, list[str]] = {}
    for path in files:
        if path == ROOT / "lib/bundle/values.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name != "handler":
                places.setdefault(node.name.lstrip("_"), []).append(path.name)

    assert len(places) > 100
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize(
    "path", [*FILES, *sorted((ROOT / "api").rglob("*.py"))], ids=lambda path: path.name
)
def test_what_runs_on_vercel_never_imports_the_local_stack(path: Path) -> None:
    assert {
        name for name in imported(path) if name.partition(".")[0] in ("dev", "tests", "bench")
    } == set()
