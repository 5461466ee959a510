"""JSON text as it is kept in KV: compact UTF-8, which every site's `JSON.parse` reads."""

import json
from hashlib import sha256
from typing import Any

import msgspec

from lib.model import JSON


def encode(value: Any) -> str:
    """The JSON text of a value that is not nested deeply.

    Half of a surrogate pair, which Notion leaves where it cuts a text, can't be written in UTF-8: it becomes U+FFFD.
    """
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def encode_block(block: JSON) -> str:
    """The JSON text of a block with its children, however deep; encoders of whole values end at some 1,000 levels."""
    text: list[str] = []
    ahead: list[JSON | str] = [block]
    while ahead:
        one = ahead.pop()
        if isinstance(one, str):
            text.append(one)
        elif "children" not in one:
            text.append(encode(one))
        else:
            own = {name: member for name, member in one.items() if name != "children"}
            text.append(encode({**own, "children": []}).removesuffix("]}"))
            ahead.append("]}")
            for child in reversed(one["children"]):
                ahead += (child, ",")
            if one["children"]:
                ahead.pop()
    return "".join(text)


def digest(text: str) -> str:
    """Sixteen hexadecimal digits that sum up a text."""
    return sha256(text.encode()).hexdigest()[:16]


def size(text: str) -> int:
    """Bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())
