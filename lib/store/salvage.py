"""Reading what stands in KV, also where it has another form than this version writes: what is sound of it is kept."""

import json
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from lib.store.json_text import sound_value

S = TypeVar("S", bound=msgspec.Struct)


def read_record(text: str, kind: type[S]) -> S | None:
    """Return the record that a text holds, or None where it doesn't hold exactly that."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def sound_members(text: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return those members of a record that are what they should be, by their names in `kind`.

    Of a list or an object the sound members are kept. A text that holds no JSON object has no members.
    """
    try:
        found = sound_value(json.loads(text))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    members: dict[str, Any] = {}
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
