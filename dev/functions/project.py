"""What a project tells Vercel: which files are functions, how long they may run, which headers go
out."""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_MAX_DURATION_SECONDS = 300.0


@dataclass(frozen=True)
class FunctionFile:
    """A function: `name` is its dotted module name (`api.sync.index`), `route` its address
    (`/api/sync`)."""

    name: str
    route: str
    path: Path
    max_duration: float


@dataclass(frozen=True)
class HeaderRule:
    """Headers for every answer whose path `source` matches as a whole."""

    source: re.Pattern[str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Project:
    """A folder with `api/`, `public/` and `vercel.json`, each of which may be missing."""

    root: Path
    functions: list[FunctionFile]
    header_rules: list[HeaderRule] = field(default_factory=list)


def read(root: Path) -> Project:
    """Reads a project; a malformed `vercel.json` or function file is an error."""
    config = root / "vercel.json"
    settings = json.loads(config.read_text("utf-8")) if config.is_file() else {}
    return Project(
        root,
        _functions(root, settings.get("functions", {})),
        _header_rules(settings.get("headers", [])),
    )


def _functions(root: Path, settings: dict[str, Any]) -> list[FunctionFile]:
    limits: dict[Path, float] = {}
    for pattern, options in settings.items():
        for path in root.glob(pattern):
            limits.setdefault(path, options.get("maxDuration", DEFAULT_MAX_DURATION_SECONDS))
    return [
        _function(root, path, limits.get(path, DEFAULT_MAX_DURATION_SECONDS))
        for path in sorted((root / "api").rglob("*.py"))
        if _has_handler(path)
    ]


def _function(root: Path, path: Path, max_duration: float) -> FunctionFile:
    parts = path.relative_to(root).with_suffix("").parts
    route = "/" + "/".join(parts).removesuffix("/index")
    return FunctionFile(".".join(parts), route, path, max_duration)


def _has_handler(path: Path) -> bool:
    """Vercel's builder looks for a literal `class handler` at the top level; a file without one is
    no function."""
    module = ast.parse(path.read_bytes(), str(path))
    return any(isinstance(node, ast.ClassDef) and node.name == "handler" for node in module.body)


def _header_rules(settings: list[dict[str, Any]]) -> list[HeaderRule]:
    return [
        HeaderRule(
            _source(rule["source"]), {header["key"]: header["value"] for header in rule["headers"]}
        )
        for rule in settings
    ]


def _source(pattern: str) -> re.Pattern[str]:
    """A `source` of `vercel.json`: plain text with regular expressions in parentheses, such as
    `/(.*)`."""
    if re.search(r":\w|[{}]", pattern):
        raise ValueError(
            f"vercel.json: dev.functions does not read the source {pattern!r}; write it like /(.*)"
        )
    pieces = re.split(r"(\([^()]*\))", pattern)
    return re.compile(
        "".join(piece if piece.startswith("(") else re.escape(piece) for piece in pieces)
    )
