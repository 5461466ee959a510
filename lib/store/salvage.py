"""Reading what stands in KV, also where it has another form than this version writes: what is sound
of it is kept."""

import json
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from lib.json_text import encode
from lib.model import JSON

LATEST_MS = 1e14
"""Far from any time that a record may hold."""
DIGITS = 19
"""Redis counts no further."""

S = TypeVar("S", bound=msgspec.Struct)


def read_record(text: str, kind: type[S]) -> S | None:
    """Return the record that a text holds, or None where it doesn't hold exactly that."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def read_json(text: str) -> Any:
    """Return the value that a text holds, its texts sound; None where it holds none."""
    try:
        return json.loads(encode(json.loads(text)))
    except (ValueError, RecursionError):
        return None


def read_object(text: str | None) -> JSON:
    """Return the JSON object that a text holds, its texts sound; an empty one where it holds
    none."""
    found = read_json(text or "")
    return found if isinstance(found, dict) else {}


def read_count(text: str | None) -> int | None:
    """Return a whole number that counts something; None for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < DIGITS else None


def read_number(text: str | int | None) -> float | None:
    """Return a number that may be a time, in seconds or milliseconds; None for what is none, or
    can't be one."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < LATEST_MS else None


def sound_members(found: JSON, kind: type[msgspec.Struct]) -> JSON:
    """Return those members of an object that are what a record of this kind holds, by their names
    in it.

    Of a list or an object the sound members are kept.
    """
    members: JSON = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name in found:
            sound = _sound_part(found[field.encode_name], field.type)
            if sound is not msgspec.UNSET:
                members[field.name] = sound
    return members


def _sound_part(value: Any, kind: Any) -> Any:
    """Return what is sound of a member, or `msgspec.UNSET`."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, TypeError, OverflowError):
        pass
    inner = get_args(kind)
    if isinstance(value, list) and get_origin(kind) is list:
        parts = [_sound_part(part, inner[0]) for part in value]
        return [part for part in parts if part is not msgspec.UNSET]
    if isinstance(value, dict) and get_origin(kind) is dict:
        pairs = {key: _sound_part(part, inner[1]) for key, part in value.items()}
        return {key: part for key, part in pairs.items() if part is not msgspec.UNSET}
    return msgspec.UNSET
