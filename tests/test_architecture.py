"""The direction of imports: what keeps each room a room."""

import ast
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "model": set(),
    "errors": {"model"},
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
MOST_FLOORS = 9
FILES = sorted((ROOT / "lib").rglob("*.py"))


@cache
def imported(path: Path) -> frozenset[str]:
    """Dotted names of what a file imports, type-checking imports included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    room = path.relative_to(ROOT / "lib").with_suffix("").parts[0]
    if room in ("wiring", "slice_wiring"):
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


def modules() -> dict[str, Path]:
    """Each module of what runs on Vercel, by its dotted name."""
    files = [*FILES, *sorted((ROOT / "api").rglob("*.py"))]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files}


def floors(above: Mapping[str, AbstractSet[str]]) -> dict[str, int]:
    """Return how many floors stand below and with each. Raises `CycleError` for a circle."""
    found: dict[str, int] = {}
    for name in TopologicalSorter(above).static_order():
        found[name] = 1 + max((found[below] for below in above.get(name, ())), default=0)
    return found


def room_of(module: str) -> str:
    first, second = module.split(".")[:2]
    return second if first == "lib" else first


def test_no_import_goes_in_a_circle_and_the_house_has_nine_floors_at_most() -> None:
    """Imports for the type checker count as well."""
    paths = modules()
    imports = {name: (imported(path) & paths.keys()) - {name} for name, path in paths.items()}
    rooms: dict[str, set[str]] = {}
    for name, below in imports.items():
        others = {room_of(one) for one in below} - {room_of(name)}
        rooms.setdefault(room_of(name), set()).update(others)

    assert len(floors(imports)) == len(paths)
    assert max(floors(rooms).values()) <= MOST_FLOORS


def test_a_class_has_a_name_of_its_own() -> None:
    """One word, one meaning. Left out: `handler`, which Vercel asks for in each file."""
    files = [*FILES, *sorted((ROOT / "api").rglob("*.py"))]
    places: dict[str, list[str]] = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name != "handler":
                places.setdefault(node.name.lstrip("_"), []).append(path.name)

    assert len(places) > 100
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


LONGEST_FUNCTION, MOST_COLLABORATORS, MOST_ONE_WORD = 50, 8, 0.5
WIDEST_LINE = 100
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def functions() -> list[tuple[str, Function]]:
    """Each function of what runs on Vercel, with where it stands."""
    files = [*FILES, *sorted((ROOT / "api").rglob("*.py"))]
    return [
        (f"{path.relative_to(ROOT).as_posix()}:{node.name}", node)
        for path in files
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, Function)
    ]


def parameters(function: Function) -> int:
    given = function.args
    return len(given.posonlyargs + given.args + given.kwonlyargs)


def too_large(sizes: dict[str, int], most: int) -> dict[str, int]:
    return {where: size for where, size in sizes.items() if size > most}


def test_no_function_is_longer_than_a_page_of_a_screen() -> None:
    lengths = {where: (node.end_lineno or 0) - node.lineno + 1 for where, node in functions()}

    assert len(lengths) > 1_000
    assert too_large(lengths, LONGEST_FUNCTION) == {}


def test_no_line_of_a_script_is_wider_than_one_of_python() -> None:
    """The linter holds the width of Python, and reads no Lua."""
    widths = {
        f"{path.name}:{number}": len(line)
        for path in (ROOT / "lib/store/lua").glob("*.lua")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    }

    assert len(widths) > 2_000
    assert too_large(widths, WIDEST_LINE) == {}


def collaborators(node: ast.ClassDef) -> int | None:
    """Return how many things a class is handed that works with them; None for a plain value. It
    has a constructor, or is a struct with work to wait for."""
    methods = [one for one in node.body if isinstance(one, Function)]
    for method in methods:
        if method.name == "__init__":
            return parameters(method) - 1
    if not any(isinstance(method, ast.AsyncFunctionDef) for method in methods):
        return None
    return sum(isinstance(one, ast.AnnAssign) and one.value is None for one in node.body)


def test_no_class_is_handed_more_than_eight_collaborators() -> None:
    handed = {
        f"{path.relative_to(ROOT).as_posix()}:{node.name}": count
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and (count := collaborators(node)) is not None
    }

    assert len(handed) > 80
    assert too_large(handed, MOST_COLLABORATORS) == {}


def test_most_functions_have_names_of_two_words_or_more() -> None:
    """One word seldom says at the call what is done."""
    names = [node.name for _, node in functions()]
    of_one_word = [name for name in names if len(name.strip("_").split("_")) == 1]

    assert len(of_one_word) / len(names) < MOST_ONE_WORD


@pytest.mark.parametrize(
    "path", [*FILES, *sorted((ROOT / "api").rglob("*.py"))], ids=lambda path: path.name
)
def test_what_runs_on_vercel_never_imports_the_local_stack(path: Path) -> None:
    assert {
        name for name in imported(path) if name.partition(".")[0] in ("dev", "tests", "bench")
    } == set()
