"""Where two JSON values differ, and what is allowed to."""

import re
from collections.abc import Iterator
from typing import Any

OWN_AFFAIRS = ("has_children", "last_edited_time", "last_edited_by")
"""Of a page or database that stands among blocks: when and by whom it was edited, and whether it is
empty."""
OF_EVERY_BLOCK = {"id", "object", "type", "has_children", "children", "unavailable"}
MEETING_PARTS = {
    f"{kind}_{part}"
    for kind in ("meeting_notes", "transcription")
    for part in ("summary", "notes", "transcript")
}


_SEAL = re.compile(r"(?<=&file=[0-9a-f]{16})&mac=[0-9a-f]{20}$")


def differences(where: str, given: Any, expected: Any) -> Iterator[str]:
    """Each place in which two JSON values differ, in words."""
    if given == expected or (isinstance(given, str) and unsealed(given) == expected):
        return
    if isinstance(given, dict) and isinstance(expected, dict):
        for name in {**given, **expected}:
            yield from differences(
                f"{where}.{name}", given.get(name, "missing"), expected.get(name, "missing")
            )
    elif isinstance(given, list) and isinstance(expected, list) and len(given) == len(expected):
        for number, (one, other) in enumerate(zip(given, expected, strict=True)):
            yield from differences(f"{where}[{number}]", one, other)
    else:
        yield f"{where} is {given!r}, not {expected!r}"


def comparable(value: Any) -> Any:
    """Blocks without what legitimately differs: the words for what can't be read, the own affairs
    of a page or database that stands among them, and what a part of meeting notes says of
    itself."""
    if isinstance(value, list):
        return [comparable(one) for one in value]
    if not isinstance(value, dict):
        return unsealed(value) if isinstance(value, str) else value
    members = {name: comparable(one) for name, one in value.items() if name != "unavailable"}
    if (
        members.get("children") == []
    ):  # a copy of an empty original says nothing else than one without children
        del members["children"]
    if value.get("type") in ("child_page", "child_database"):
        members = {name: one for name, one in members.items() if name not in OWN_AFFAIRS}
    if "id" in value and set(value) - OF_EVERY_BLOCK <= MEETING_PARTS:
        members = {name: one for name, one in members.items() if name in ("id", "children")}
    return members | ({"unavailable": True} if "unavailable" in value else {})


def unsealed(text: str) -> str:
    """An address of a file without its MAC, which only the deployment can make."""
    return _SEAL.sub("", text)


def unsized(value: Any) -> Any:
    """Without the sizes of copied pictures, which Notion does not know."""
    if isinstance(value, list):
        return [unsized(one) for one in value]
    if not isinstance(value, dict):
        return value
    sized = {"url", "width", "height"} <= set(value)
    return {
        name: unsized(one)
        for name, one in value.items()
        if not (sized and name in ("width", "height"))
    }
