"""Addresses that last: what Notion hosts is signed for an hour only, so it gets an address of ours instead.

A file's identity is its address without the query, which is signed anew at every reading:
https://developers.notion.com/reference/file-object.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from lib.model import JSON

Holder = Literal["block", "page"]

NATIVE_ICONS = "https://www.notion.so/icons"


class FileRef(msgspec.Struct, frozen=True):
    """A Notion-hosted file and the object that holds it: reading that again gives a freshly signed address.

    `identity` is "https://host/path", `holder_id` the dashed id of the block or page.
    """

    identity: str
    holder: Holder
    holder_id: str


Address = Callable[[FileRef], str]
"""Gives a Notion-hosted file the address under which a site finds it for ever."""


def address_for(base_url: str) -> Address:
    """Addresses at our own `/api/media`, under a public address without a slash at its end."""

    def address(ref: FileRef) -> str:
        file = sha256(ref.identity.encode("utf-8", "replace")).hexdigest()[:16]
        return f"{base_url}/api/media?{ref.holder}={ref.holder_id}&file={file}"

    return address


def settle_block(block: JSON, address: Address) -> JSON:
    """A copy of one block, without its children, in which nothing expires.

    Hosted files are found wherever they stand in it (its own file, an icon, what Notion may add some day); a
    `request_id` belongs to the answer that brought the block and goes.
    """

    def permanent(url: str) -> str:
        return address(FileRef(_identity(url), "block", block["id"]))

    own = {name: member for name, member in block.items() if name not in ("children", "request_id")}
    return {name: _settled(name, member, permanent) for name, member in own.items()}


def settle_file(file: JSON | None, page_id: str, address: Address) -> str | None:
    """The lasting address of a file object that a page holds (a cover, an item of a files property).

    An external file keeps its own; None for no file and for one that is still being uploaded.
    """
    kind = file.get("type") if file else None
    url = ((file or {}).get(kind) or {}).get("url") if kind in ("file", "external") else None
    if url is None or kind == "external":
        return url
    return address(FileRef(_identity(url), "page", page_id))


def settle_icon(icon: JSON | None, page_id: str, address: Address) -> str | None:
    """A page's icon as emoji text or a lasting address; Notion's native icons are named, not addressed."""
    match icon:
        case {"type": "emoji", "emoji": str(emoji)}:
            return emoji
        case {"type": "custom_emoji", "custom_emoji": {"url": str(url)}}:
            return url
        case {"type": "icon", "icon": {"name": str(name)} as native}:
            file = f"{name}_{native.get('color') or 'gray'}.svg"
            return f"{NATIVE_ICONS}/{quote(file, safe='')}"
    return settle_file(icon, page_id, address)


def _settled(name: str, member: Any, permanent: Callable[[str], str]) -> Any:
    """A member with its hosted files settled; what holds none is given back as it is, not copied."""
    if isinstance(member, list):
        items = [_settled("", item, permanent) for item in member]
        return items if any(new is not old for new, old in zip(items, member, strict=True)) else member
    if not isinstance(member, dict):
        return member
    if isinstance(url := member.get("url"), str) and (name == "file" or "expiry_time" in member):
        return {"url": permanent(url)}
    members = {key: _settled(key, value, permanent) for key, value in member.items()}
    return members if any(members[key] is not value for key, value in member.items()) else member


def _identity(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]
