"""The text of blocks, which stand nested to any depth, and what sums a text up."""

from hashlib import sha256

from lib.json_text import encode, size
from lib.model import JSON

__all__ = ["digest", "encode", "encode_block", "encode_opening", "size"]


def encode_block(block: JSON) -> str:
    """The JSON text of a block with its children, however deep."""
    text: list[str] = []
    ahead: list[JSON | str] = [block]
    while ahead:
        one = ahead.pop()
        if isinstance(one, str):
            text.append(one)
        elif "children" not in one:
            text.append(encode(one))
        else:
            text.append(encode_opening(one))
            ahead.append("]}")
            for child in reversed(one["children"]):
                ahead += (child, ",")
            if one["children"]:
                ahead.pop()
    return "".join(text)


def encode_opening(block: JSON) -> str:
    """The JSON text of a block that holds others up to where they begin: `]}` ends it."""
    own = {name: member for name, member in block.items() if name != "children"}
    return encode({**own, "children": []}).removesuffix("]}")


def digest(*texts: str) -> str:
    """Sixteen hexadecimal digits that sum texts up, in their order."""
    found = sha256()
    for number, text in enumerate(texts):
        found.update(b"\n" * (number > 0))
        found.update(text.encode())
    return found.hexdigest()[:16]
