"""The types of Notion's API, as its official JavaScript client declares them: read from its `.d.ts`
files.

They are generated from Notion's own description of the API and use a small part of TypeScript only;
anything else in them raises here, so that no type is passed over in silence.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from typing import Any

CLIENT = Path(__file__).parents[1] / "clients/node_modules/@notionhq/client"
FOLDER = CLIENT / "build/src/api-endpoints"


@dataclass(frozen=True)
class Literal:
    """One value."""

    value: str | int | bool | None


@dataclass(frozen=True)
class Plain:
    """Any string, number or boolean."""

    name: str


@dataclass(frozen=True)
class Items:
    """A list."""

    item: "Shape"


@dataclass(frozen=True)
class Names:
    """An object whose members' names are not fixed."""

    member: "Shape"


@dataclass(frozen=True)
class Members:
    """An object: name, shape and whether it has to be there, of each member."""

    members: tuple[tuple[str, "Shape", bool], ...]

    def __iter__(self) -> Iterator[tuple[str, "Shape", bool]]:
        return iter(self.members)


@dataclass(frozen=True)
class OneOf:
    """One of several shapes."""

    options: tuple["Shape", ...]


Shape = Literal | Plain | Items | Names | Members | OneOf

NEVER = OneOf(())

_WORDS: dict[str, Shape] = {
    "null": Literal(None),
    "true": Literal(True),
    "false": Literal(False),
    "string": Plain("string"),
    "number": Plain("number"),
    "boolean": Plain("boolean"),
    "never": NEVER,
}
_FILE_UPLOAD = Members(
    (
        ("type", Literal("file_upload"), True),
        ("file_upload", Members((("id", Plain("string"), True),)), True),
    )
)
_MORE: dict[str, Shape] = {"PageIconResponse": _FILE_UPLOAD, "PageCoverResponse": _FILE_UPLOAD}
"""What answers show and the client's types leave out."""

_DECLARATION = re.compile(
    r"^(?:export )?type (\w+) = (.*?);$(?=\n\s*(?:export |type |//))", re.MULTILINE | re.DOTALL
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DEPRECATED = re.compile(r"/\*\* @deprecated .*?\*/\s*(\w+):")
"""A member that only older versions of the API give."""
_TOKEN = re.compile(r'\s*("[^"]*"|\w+|[{}()<>\[\]|&;:,?])')


@cache
def shape_of(name: str) -> Shape:
    """Return the shape of a declared type, with everything that it refers to."""
    return _Parser(_declarations()[name]).whole()


def names_ending(end: str) -> list[str]:
    """Return the names of the declared types that end so."""
    return [name for name in _declarations() if name.endswith(end)]


def conforms(value: Any, shape: Shape, name: str = "type") -> bool:
    """Return whether a JSON value is of a shape; `name` is that of the member it stands in.

    Members that the shape does not name are allowed, and so are words, but for the `type` that
    tells what to read. A member that is missing counts as null.
    """
    match shape:
        case Literal(str()) if name != "type":
            return isinstance(value, str) and _is_sound(value)
        case Literal(literal):
            return type(value) is type(literal) and bool(value == literal)
        case Plain("string"):
            return isinstance(value, str) and _is_sound(value)
        case Plain("boolean"):
            return isinstance(value, bool)
        case Plain():
            return (
                isinstance(value, int | float) and not isinstance(value, bool) and _is_exact(value)
            )
        case Items(item):
            return isinstance(value, list) and all(conforms(one, item, name) for one in value)
        case Names(member):
            return isinstance(value, dict) and (
                member == NEVER or all(conforms(one, member) for one in value.values())
            )
        case Members():
            return isinstance(value, dict) and all(
                (key not in value and not is_needed) or conforms(value.get(key), member, key)
                for key, member, is_needed in shape
            )
        case OneOf(options):
            return any(conforms(value, option, name) for option in options)


def options_of(shape: Shape) -> list[Shape]:
    """Return the shapes of which a union is, or the one shape that is none."""
    if isinstance(shape, OneOf):
        return [one for option in shape.options for one in options_of(option)]
    return [shape]


def _is_sound(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_exact(number: float) -> bool:
    return -(2**63) <= number < 2**63 if isinstance(number, int) else math.isfinite(number)


@cache
def _declarations() -> dict[str, str]:
    texts = (
        _DEPRECATED.sub(r"\1?:", file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.d.ts"))
    )
    bare = (_COMMENT.sub("", text) + "\n//" for text in texts)
    return {name: body for text in bare for name, body in _DECLARATION.findall(text)}


class _Parser:
    """Of one type's text."""

    def __init__(self, text: str) -> None:
        self._tokens = [found[1] for found in _TOKEN.finditer(text)] + [""]
        self._at = 0

    def whole(self) -> Shape:
        shape = self._union()
        if self._tokens[self._at]:
            raise SyntaxError(f"{self._tokens[self._at :][:9]} is not understood")
        return shape

    def _take(self, *expected: str) -> str:
        """The next token; "" if it is none of those that are expected."""
        token = self._tokens[self._at]
        if expected and token not in expected:
            return ""
        self._at += 1
        return token

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise SyntaxError(f"{self._tokens[self._at :][:9]} instead of {token}")

    def _union(self) -> Shape:
        options = [self._intersection()]
        while self._take("|"):
            options.append(self._intersection())
        return options[0] if len(options) == 1 else OneOf(tuple(options))

    def _intersection(self) -> Shape:
        shapes = [self._one()]
        while self._take("&"):
            shapes.append(self._one())
        return reduce(_both, shapes)

    def _one(self) -> Shape:
        if self._take("{"):
            return self._members()
        if self._take("("):
            shape = self._union()
            self._need(")")
            return shape
        word = self._take()
        if word.startswith('"'):
            return Literal(word[1:-1])
        if word.isdecimal():
            return Literal(int(word))
        if word in ("Array", "Record"):
            return self._generic(word)
        shape = _WORDS[word] if word in _WORDS else shape_of(word)
        return OneOf((shape, _MORE[word])) if word in _MORE else shape

    def _generic(self, word: str) -> Shape:
        self._need("<")
        if word == "Record":
            self._need("string")
            self._need(",")
        inside = self._union()
        self._need(">")
        return Items(inside) if word == "Array" else Names(inside)

    def _members(self) -> Shape:
        members = []
        while not self._take("}"):
            name = self._take()
            is_needed = not self._take("?")
            self._need(":")
            members.append((name, self._union(), is_needed))
            self._need(";")
        return Members(tuple(members))


def _both(left: Shape, right: Shape) -> Shape:
    """The shape of what is of both shapes; unions come to the outside."""
    match left, right:
        case OneOf(options), _:
            return OneOf(tuple(_both(option, right) for option in options))
        case _, OneOf(options):
            return OneOf(tuple(_both(left, option) for option in options))
        case Members(), Members():
            return Members((*left, *right))
    raise SyntaxError(f"{left} & {right} is not understood")
