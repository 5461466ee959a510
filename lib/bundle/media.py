"""Addresses that last: what Notion hosts is signed for an hour only, so it gets an address of ours
instead.

A file's identity is its address without the query, which is signed anew at every reading:
https://developers.notion.com/reference/file-object.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from lib.bundle import encoding
from lib.model import JSON, Copy

Holder = Literal["block", "page"]

NATIVE_ICONS = "https://www.notion.so/icons"

_ADDRESS = re.compile(
    r'(?P<member>"url":)?"https?://[^"\\]*/api/media\?(?:block|page)=[0-9a-f-]{36}&file=(?P<file>[0-9a-f]{16})'
    r'(?:&mac=[0-9a-f]+)?"'
)
"""An address of ours as it stands in a bundle's text, with the name of its member where that is
`url`."""


class FileRef(msgspec.Struct, frozen=True):
    """A Notion-hosted file and the object that holds it: reading that again gives a freshly signed
    address.

    `identity` is "https://host/path", `holder_id` the dashed id of the block or page, `signed` the
    address as it was read: with its signature, or without where it comes from KV.
    """

    identity: str
    holder: Holder
    holder_id: str
    signed: str = ""

    @property
    def file(self) -> str:
        """The identity in short: the same for every reading and every holder."""
        return short(self.identity)

    @property
    def token(self) -> str:
        """The file in this holder; the query of its address."""
        return f"{self.holder}={self.holder_id}&file={self.file}"


class Signed(msgspec.Struct, frozen=True):
    """A file as Notion gave it: its address, and until when that is good (an ISO time; "" where it
    is not known)."""

    url: str
    expires: str = ""


Address = Callable[[FileRef], str]
"""Gives a Notion-hosted file the address under which a site finds it for ever."""


class Found:
    """An `Address` that keeps what it was asked for: `refs` are the files of a bundle by their
    tokens."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.refs: dict[str, FileRef] = {}

    def __call__(self, ref: FileRef) -> str:
        self.refs.setdefault(ref.token, ref)
        return self._address(ref)


def address_for(base_url: str, mac_of: Callable[[str], str]) -> Address:
    """Return what gives addresses at our own `/api/media`, under a public address without a slash
    at its end.

    `mac_of` signs what an address asks for.
    """

    def address(ref: FileRef) -> str:
        return f"{base_url}/api/media?{ref.token}&mac={mac_of(ref.token)}"

    return address


def preview_address_for(base_url: str, mac_of: Callable[[str], str]) -> Address:
    """Return the same for drafts, whose files another key opens."""

    def address(ref: FileRef) -> str:
        return f"{base_url}/api/media?{ref.token}&preview={mac_of(ref.token)}"

    return address


def short(identity: str) -> str:
    return sha256(identity.encode("utf-8", "replace")).hexdigest()[:16]


def with_copies(text: str, copies: Mapping[str, Copy]) -> str:
    """A bundle's text, or a piece of it, with the addresses of copies in place of ours, where there
    are copies.

    A picture's `width` and `height` follow its `url`. `copies` by `FileRef.file`.
    """

    def copied(found: re.Match[str]) -> str:
        copy = copies.get(found["file"])
        if copy is None or not copy.url:
            return found[0]
        size = (
            f',"width":{copy.width},"height":{copy.height}'
            if found["member"] and copy.width
            else ""
        )
        return f"{found['member'] or ''}{encoding.encode(copy.url)}{size}"

    return _ADDRESS.sub(copied, text) if copies else text


def hosted_files(given: JSON) -> dict[str, Signed]:
    """Every hosted file in a block or page as Notion gives it, by `FileRef.file`."""
    files = [spot.value for spot in _file_spots(given) if spot.is_file]
    return {
        short(_file_identity(file["url"])): Signed(file["url"], file.get("expiry_time") or "")
        for file in files
    }


def without_signatures(given: JSON) -> JSON:
    """A copy of a Notion object in which no address of a hosted file is signed; all else is as it
    was."""
    return _with_changed_files(given, lambda file: {**file, "url": _file_identity(file["url"])})


def settle_block(block: JSON, address: Address) -> JSON:
    """A copy of one block, without its children, in which nothing expires.

    Hosted files are found wherever they stand in it (its own file, an icon, what Notion may add
    some day); a `request_id` belongs to the answer that brought the block and goes.
    """

    def settled(file: JSON) -> JSON:
        return {
            "url": address(
                FileRef(_file_identity(file["url"]), "block", block.get("id") or "", file["url"])
            )
        }

    return _with_changed_files(
        {name: member for name, member in block.items() if name not in ("children", "request_id")},
        settled,
    )


def settle_file(file: JSON | None, page_id: str, address: Address) -> str | None:
    """The lasting address of a file object that a page holds (a cover, an item of a files
    property).

    An external file keeps its own; None for no file and for one that is still being uploaded.
    """
    match file:
        case {"type": "external", "external": {"url": str(url)}}:
            return url
        case {"type": "file", "file": {"url": str(url)}}:
            return address(FileRef(_file_identity(url), "page", page_id, url))
    return None


def settle_icon(icon: JSON | None, page_id: str, address: Address) -> str | None:
    """A page's icon as emoji text or a lasting address; Notion's native icons are named, not
    addressed."""
    match icon:
        case {"type": "emoji", "emoji": str(emoji)}:
            return emoji
        case {"type": "custom_emoji", "custom_emoji": {"url": str(url)}}:
            return url
        case {"type": "icon", "icon": {"name": str(name)} as native}:
            file = f"{name}_{native.get('color') or 'gray'}.svg"
            return f"{NATIVE_ICONS}/{quote(file, safe='', errors='replace')}"
    return settle_file(icon, page_id, address)


class _Spot(NamedTuple):
    """A list, an object or a hosted file, and where it stands: `key` of the spot number `holder`
    (-1: of none)."""

    value: Any
    holder: int
    key: Any
    is_file: bool


def _file_spots(whole: JSON) -> list[_Spot]:
    """Everything in a Notion object that may hold a file, and the files, each after what holds
    it."""
    spots = [_Spot(whole, -1, "", is_file=False)]
    for number, (value, _, _, is_file) in enumerate(spots):  # which grows meanwhile
        if is_file:
            continue
        members = enumerate(value) if isinstance(value, list) else value.items()
        spots += [
            _Spot(member, number, key, _is_hosted(value, key, member))
            for key, member in members
            if isinstance(member, (dict, list))
        ]
    return spots


def _is_hosted(holder: Any, key: Any, member: Any) -> bool:
    """Return whether a member is what Notion says of a file that it hosts; a name proves nothing,
    for people give names."""
    if not isinstance(member, dict) or not isinstance(member.get("url"), str):
        return False
    return "expiry_time" in member or (key == "file" and holder.get("type") == "file")


def _with_changed_files(whole: JSON, change: Callable[[JSON], JSON]) -> JSON:
    """An object with its hosted files changed; what holds none is given back as it is, not
    copied."""
    spots = _file_spots(whole)
    copies: dict[int, Any] = {}
    for number, spot in enumerate(spots):
        if spot.is_file:
            _put_at_spot(change(spot.value), number, spots, copies)
    changed: JSON = copies.get(0, whole)
    return changed


def _put_at_spot(new: Any, number: int, spots: list[_Spot], copies: dict[int, Any]) -> None:
    """Put a value at a spot; what stands above is copied when something in it changes for the first
    time."""
    while number not in copies:
        copies[number] = new
        _, holder, key, _ = spots[number]
        if holder < 0:
            return
        above = copies.get(holder) or spots[holder].value.copy()
        above[key] = new
        number, new = holder, above


def _file_identity(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]
