"""Notion ids, out of what people paste: a bare id or the address of a page or database."""

import re
from urllib.parse import urlsplit

NOTION_DOMAINS = ("notion.so", "notion.site", "notion.com")

_BARE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SEGMENT_END = re.compile(rf"(?:^|-)({_BARE.pattern})$", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?:(?:https?|notion)://)?(?P<rest>[^/\s?#]+\.[^/\s?#]+[/?#].*)", re.IGNORECASE | re.DOTALL
)


def object_id(text: str) -> str:
    """The id in `text`, dashed and in lower case: Notion finds no upper-case id.

    `text` is an id in either spelling, or any Notion address. An address may carry a title before
    the id, a view (`?v=`), a page that is peeked at (`?p=`) and a block (`#`); the id of what the
    address leads to is the path's. Raises ValueError saying what was expected.
    """
    text = text.strip()
    if _BARE.fullmatch(text):
        return dashed(text)
    address = _ADDRESS.fullmatch(text)
    if address is None:
        raise ValueError(
            f"{text!r} is neither a Notion id (32 hexadecimal digits) nor a Notion address"
        )
    parts = urlsplit(f"//{address['rest']}")
    host = (parts.hostname or "").lower()
    if not any(host == domain or host.endswith(f".{domain}") for domain in NOTION_DOMAINS):
        raise ValueError(
            f"{host!r} is not one of Notion's hosts: copy the address with Share → Copy link, or"
            " give the id"
        )
    for segment in reversed(parts.path.split("/")):
        if found := _SEGMENT_END.search(segment):
            return dashed(found[1])
    raise ValueError(
        f"the address {host}{parts.path} holds no id: open the database itself as a page and copy"
        " that address"
    )


def dashed(given: str) -> str:
    """An id of Notion's in the spelling its answers use; the same id may come in both."""
    digits = given.replace("-", "").lower()
    if len(digits) != 32:
        return given
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
