"""JSON text as it stands in KV."""

from typing import Any

import msgspec


def encode(value: Any) -> str:
    """Return the JSON text of a value.

    Half of a surrogate pair, which UTF-8 can't spell, becomes U+FFFD.
    """
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(sound_value(value)).decode()


def sound_text(text: str) -> str:
    """Return the text with U+FFFD for each half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def sound_value(value: Any) -> Any:
    """Return the value with sound texts, at any depth."""
    match value:
        case str():
            return sound_text(value)
        case dict():
            return {sound_value(key): sound_value(member) for key, member in value.items()}
        case list() | tuple() | set() | frozenset():
            return [sound_value(member) for member in value]
        case msgspec.Struct():
            members = {name: sound_value(getattr(value, name)) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **members)
    return value
