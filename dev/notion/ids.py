"""Ids: the spellings Notion accepts, and ids that can be read in a sample."""

import re
import uuid

NAMESPACE = uuid.UUID("5b7d2a3c-6d1e-4c58-9a0f-3f1f6a1c0a11")

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def named_id(name: str) -> str:
    """The id that belongs to a name, the same in every process."""
    return str(uuid.uuid5(NAMESPACE, name))


def new_id() -> str:
    return str(uuid.uuid4())


def dashed(text: str) -> str:
    """An id in the spelling of Notion's answers; anything else comes back as it is."""
    if len(text) != 32 or "-" in text:
        return text
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def is_uuid(text: str) -> bool:
    """Whether Notion takes the (dashed) text for an id; the version and variant digits count."""
    return _UUID.fullmatch(text.lower()) is not None


def resolved(text: str) -> str:
    """An id as samples write it: `@name`, or the id itself in either spelling."""
    return named_id(text[1:]) if text.startswith("@") else dashed(text)
