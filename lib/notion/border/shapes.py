"""Shapes: what a value of Notion's has to be, and what takes its place where it is something else.

A shape returns the sound value or raises Odd. What holds the value decides what stands in its
place: a list leaves the item out, a record puts null or a default, a page publishes the property as
null. So an odd value costs itself only.
"""

import math
from collections.abc import Callable
from typing import Any

from lib import json_text
from lib.times import is_time

Note = Callable[[str], None]
"""Takes a sentence about what was odd, without the place where it stood."""

Shape = Callable[[Any, Note], Any]

DEEPEST = 40
"""Levels inside one property or block. Notion's own end at about twelve."""

LARGEST_INTEGER = 2**63
"""Encoders of JSON take no larger ones."""

PERSON = ("object", "id", "name")
"""What is read of people and bots, so that nothing else of them can reach KV."""


class Odd(Exception):
    """The value is not what belongs in its place; the message says what it is."""


class Member:
    """A member of a record. `is_required`: without a sound one the whole record is odd; else
    `default` takes its place.

    `may_be_missing`: its absence, or null, is nothing odd.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        is_required: bool = False,
        may_be_missing: bool = False,
        default: Callable[[], Any] = lambda: None,
    ) -> None:
        self.shape = shape
        self.is_required = is_required
        self.may_be_missing = may_be_missing
        self.default = default


def required(shape: Shape) -> Member:
    """Without this member the record can't be used."""
    return Member(shape, is_required=True)


def optional(shape: Shape) -> Member:
    """This member may be missing or null; an odd one becomes null."""
    return Member(shape, may_be_missing=True)


def defaulted(shape: Shape, default: Callable[[], Any]) -> Member:
    """Where this member is odd, null or missing, `default()` takes its place."""
    return Member(shape, default=default)


def record(**members: Member) -> Shape:
    """The shape of an object with these members; others pass as they are."""

    def shaped(value: Any, note: Note) -> Any:
        if not isinstance(value, dict):
            raise Odd(f"{kind_of(value)} instead of an object")
        sound = dict(value)
        for name, member in members.items():
            given = value.get(name)
            if given is None and member.may_be_missing:
                continue
            within = beneath(name, note)
            try:
                sound[name] = member.shape(given, within)
            except Odd as odd:
                if member.is_required:
                    raise Odd(f"{name}: {odd}") from None
                within(str(odd))
                sound[name] = member.default()
        return sound

    return shaped


def beneath(name: str, note: Note) -> Note:
    """Return what notes something odd in the member of this name."""
    return lambda what: note(f"{name}: {what}")


def list_of(shape: Shape) -> Shape:
    """The shape of a list; an odd item is left out."""

    def shaped(value: Any, note: Note) -> Any:
        if not isinstance(value, list):
            raise Odd(f"{kind_of(value)} instead of a list")
        sound = []
        for item in value:
            try:
                sound.append(shape(item, note))
            except Odd as odd:
                note(f"an item is left out: {odd}")
        return sound

    return shaped


def nullable(shape: Shape) -> Shape:
    """The shape of a value that may be null."""
    return lambda value, note: None if value is None else shape(value, note)


def text(value: Any, note: Note) -> Any:
    if not isinstance(value, str):
        raise Odd(f"{kind_of(value)} instead of a text")
    return value


def number(value: Any, note: Note) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Odd(f"{kind_of(value)} instead of a number")
    return value


def flag(value: Any, note: Note) -> Any:
    if not isinstance(value, bool):
        raise Odd(f"{kind_of(value)} instead of true or false")
    return value


def moment(value: Any, note: Note) -> Any:
    """A time as Notion writes it, in ISO 8601."""
    if not is_time(value):
        found = kind_of(value) if not isinstance(value, str) else f'"{value[:40]}"'
        raise Odd(f"{found} instead of a time")
    return value


def plain(value: Any, note: Note, depth: int = 0) -> Any:
    """Any JSON value, as JSON text in UTF-8 can carry it and KV may hold it.

    Half of a surrogate pair becomes U+FFFD; what is nested too deeply and numbers that JSON lacks
    become null. Of people and bots only names and ids are left.
    """
    match value:
        case str():
            return sound_text(value, note)
        case dict():
            if depth == DEEPEST:
                note(f"what is nested more than {DEEPEST} levels deep is left out")
                return None
            members = person_of(value) if is_person(value) else value
            return {
                plain(name, note): plain(member, note, depth + 1)
                for name, member in members.items()
            }
        case list():
            if depth == DEEPEST:
                note(f"what is nested more than {DEEPEST} levels deep is left out")
                return None
            return [plain(item, note, depth + 1) for item in value]
        case bool() | None:
            return value
        case float() if not math.isfinite(value):
            note("a number that JSON lacks becomes null")
            return None
        case int() if not -LARGEST_INTEGER <= value < LARGEST_INTEGER:
            return _large_number(value, note)
    return value


def sound_text(value: str, note: Note) -> str:
    """The text, with U+FFFD in place of each half of a surrogate pair."""
    sound = json_text.sound_text(value)
    if sound is not value:
        note("half of a surrogate pair becomes U+FFFD")
    return sound


def is_person(value: dict[str, Any]) -> bool:
    """Return whether an object is a person or a bot, in whatever place it stands."""
    return (
        value.get("object") == "user"
        or "avatar_url" in value
        or any(isinstance(value.get(name), dict) for name in ("person", "bot"))
    )


def person_of(value: dict[str, Any]) -> dict[str, Any]:
    """What may be known of a person."""
    return {name: value[name] for name in PERSON if name in value}


def kind_of(value: Any) -> str:
    """What a value is, in a word."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "an object"
    return type(value).__name__


def _large_number(value: int, note: Note) -> float | None:
    try:
        rounded = float(value)
    except OverflowError:
        note("a number of more than 308 digits becomes null")
        return None
    note("a whole number of more than 18 digits is taken for a decimal one")
    return rounded
