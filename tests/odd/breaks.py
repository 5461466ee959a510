"""Breaking one value inside a JSON value, in every way that was ever seen and some more."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st

Path = tuple[str | int, ...]

HALF = "\ud83d"
"""Half of a surrogate pair."""
DEEP = 300
LONG = 100_000

EXTRA: dict[str, Any] = {
    "children": 4711,
    "unavailable": {"odd": 1},
    "is_odd": True,
    "rich_text": 4711,
    "title": [None],
    "url": 4711,
    "file": {"url": None},
    "expiry_time": None,
    "person": "odd",
    "properties": None,
}
"""Members that are ours, or mean something elsewhere, where nobody expects them."""


def _nested(levels: int, around: Callable[[Any], Any]) -> Any:
    value: Any = "at the bottom"
    for _ in range(levels):
        value = around(value)
    return value


def _halved(value: Any) -> Any:
    return f"{value[:3]}{HALF}{value[3:]}" if isinstance(value, str) else HALF


WAYS: dict[str, Callable[[Any], Any]] = {
    "null": lambda value: None,
    "a text": lambda value: "odd",
    "an empty text": lambda value: "",
    "a number": lambda value: 4711,
    "zero": lambda value: 0,
    "true": lambda value: True,
    "false": lambda value: False,
    "an empty list": lambda value: [],
    "a list of null": lambda value: [None],
    "a list of itself": lambda value: [value],
    "an empty object": lambda value: {},
    "an object": lambda value: {"odd": 1},
    "itself in an object": lambda value: {"type": "hologram", "hologram": value},
    "an unknown kind": lambda value: "hologram",
    "another kind": lambda value: "rich_text",
    "half a surrogate": _halved,
    "deep lists": lambda value: _nested(DEEP, lambda inside: [inside]),
    "deep objects": lambda value: _nested(
        DEEP, lambda inside: {"type": "array", "array": [inside]}
    ),
    "2**70": lambda value: 2**70,
    "-2**70": lambda value: -(2**70),
    "400 digits": lambda value: 10**400,
    "-1e999": lambda value: float("-inf"),
    "NaN": lambda value: float("nan"),
    "a very long text": lambda value: "long " * (LONG // 5),
    "a time of no calendar": lambda value: "2026-13-41T99:00:00.000Z",
    "the end of time": lambda value: "9999-12-31T23:59:59.999-23:59",
}
"""What takes the value's place."""

MISSING, DOUBLED, RENAMED = "missing", "twice", "renamed"
MORE = "more: "
ALL_WAYS = (*WAYS, MISSING, DOUBLED, RENAMED, *(f"{MORE}{name}" for name in EXTRA))


class Break(msgspec.Struct, frozen=True):
    """One value of a subject, and the way it is broken."""

    path: Path
    way: str


def breaks(subject: Any) -> st.SearchStrategy[Break]:
    """Return what draws breaks of a subject: each block, property, item and object of it is as
    likely as any other.

    The subject's own members are arguments, the parts below are Notion's; but a page may be
    anything.
    """
    places: dict[Path, list[Path]] = {}
    for path in _paths(subject, ()):
        if len(path) > 1 or path == ("page",):
            places.setdefault(_place(path), []).append(path)
    drawn = st.sampled_from(list(places.values())).flatmap(st.sampled_from)
    every = st.builds(Break, drawn, st.sampled_from(ALL_WAYS))
    return every.filter(lambda one: len(one.path) > 1 or one.way not in (MISSING, DOUBLED, RENAMED))


def broken(subject: Any, one: Break) -> Any:
    """Return the subject with one value broken; all else is shared with it."""
    if not one.path:
        return _replaced(subject, one.way)
    *around, last = one.path
    parts = [subject]
    for step in around:
        parts.append(parts[-1][step])
    value = _with_broken_member(parts.pop(), last, one.way)
    for step, part in zip(reversed(around), reversed(parts), strict=True):
        copy = part.copy()
        copy[step] = value
        value = copy
    return value


def struck(subject: Any, one: Break) -> Path:
    """Return where the break is seen: at a member more, where one was added."""
    value = subject
    for step in one.path:
        value = value[step]
    return (
        (*one.path, one.way.removeprefix(MORE))
        if one.way.startswith(MORE) and isinstance(value, dict)
        else one.path
    )


def new_name(one: Break, depth: int) -> str:
    """The name under which the member at this depth is found now, if it was renamed; "" if it was
    not."""
    name = one.path[-1]
    return (
        _halved(name)
        if one.way == RENAMED and len(one.path) == depth and isinstance(name, str)
        else ""
    )


def _place(path: Path) -> Path:
    """The block, property, item or object that a path leads into."""
    if "properties" in path[:-1][:3]:
        return path[: path.index("properties") + 2]
    return path[:2] if len(path) > 1 and isinstance(path[1], int) else path[:1]


def _paths(value: Any, path: Path) -> list[Path]:
    """Where something stands that can be broken: each part of a value."""
    steps = (
        value.keys()
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    return [path] * bool(path) + [
        one for step in steps for one in _paths(value[step], (*path, step))
    ]


def _with_broken_member(part: Any, name: str | int, way: str) -> Any:
    value = part[name]
    if isinstance(part, list):
        assert isinstance(name, int)
        instead = {MISSING: [], DOUBLED: [value, value]}.get(way, [_replaced(value, way)])
        return [*part[:name], *instead, *part[name + 1 :]]
    if way == MISSING:
        return {key: member for key, member in part.items() if key != name}
    if way == RENAMED:
        return {_halved(key) if key == name else key: member for key, member in part.items()}
    return {**part, name: _replaced(value, way)}


def _replaced(value: Any, way: str) -> Any:
    if way.startswith(MORE):
        name = way.removeprefix(MORE)
        return {**(value if isinstance(value, dict) else {}), name: EXTRA[name]}
    return WAYS[way](value) if way in WAYS else [value, value]
