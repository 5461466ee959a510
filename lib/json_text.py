"""JSON text: the one encoder for all that reaches KV, a log, a notice or an answer. Every
`JSON.parse` reads it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec


def encode(value: Any) -> str:
    """The JSON text of a value, compact and in UTF-8, however odd the value is and however deeply
    it is nested.

    What JSON can't say is replaced: half of a surrogate pair, which Notion leaves where it cuts a
    text, by U+FFFD; NaN, an infinity, and a number with more digits than Python writes by null.
    Raises TypeError for what is no JSON at all.
    """
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, RecursionError):  # of which UnicodeEncodeError is one
        return _encode_slowly(value)


def decode(text: str) -> Any:
    """The value of a JSON text, U+FFFD in place of each half of a surrogate pair. Raises
    ValueError, RecursionError."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:  # Python's own takes halves of surrogate pairs, which Notion sends
        return json.loads(encode(json.loads(text, parse_constant=_refuse_constant)))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def sound_text(text: str) -> str:
    """The text with U+FFFD in place of each half of a surrogate pair, which UTF-8 can't spell."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def size(text: str) -> int:
    """Return the bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def _encode_slowly(value: Any) -> str:
    """Piece by piece and without recursion, so that an odd piece costs itself only."""
    text: list[str] = []
    open_ones: list[tuple[Iterator[tuple[str, Any]], str]] = [(iter([("", value)]), "")]
    while open_ones:
        members, end = open_ones[-1]
        for before, member in members:
            text.append(before)
            match member:
                case Mapping():
                    open_ones.append((_named_members(member.items()), "}"))
                case msgspec.Struct():
                    open_ones.append((_named_members(_struct_members(member)), "}"))
                case list() | tuple() | set() | frozenset():
                    open_ones.append((_listed_items(member), "]"))
                case _:
                    text.append(_encode_one(member))
                    continue
            text.append("[" if open_ones[-1][1] == "]" else "{")
            break
        else:
            text.append(end)
            open_ones.pop()
    return "".join(text)


def _named_members(members: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    for number, (name, member) in enumerate(members):
        yield f"{',' if number else ''}{_encode_one(str(name))}:", member


def _listed_items(items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for number, item in enumerate(items):
        yield "," if number else "", item


def _struct_members(struct: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """The members of one of our nouns as msgspec writes them."""
    for field in msgspec.structs.fields(struct):
        member = getattr(struct, field.name)
        default = (
            field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        )
        is_omitted = struct.__struct_config__.omit_defaults and member == default
        if member is not msgspec.UNSET and not is_omitted:
            yield field.encode_name, member


def _encode_one(value: Any) -> str:
    """What holds nothing else."""
    if isinstance(value, str):
        value = sound_text(value)
    try:
        return msgspec.json.encode(value).decode()
    except ValueError:
        return "null"
