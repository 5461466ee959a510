"""The pages that a page leads to, found in its blocks and properties.

A reference is a mention of a page, a `link_to_page`, a relation, or a link whose address is that of
a page in Notion: `notion.so`, `app.notion.com`, `*.notion.site` or `/<id>`, the id alone or behind
a title. Of an address:

* what follows `#` names a block of the page: the page is what it leads to, the block is its
  `anchor`;
* `?p=<id>` opens that page over another one: it goes before the page in the path;
* `?v=<id>` without `?p=` shows a database, which is no page.

Mentions of databases and links to one, to a comment or to a person are left out, and so are child
pages: a bundle names those in `childPages`. A link to a database without `?v=` can't be told from
one to a page; `paths` does not name it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from lib.model import JSON

LONGEST_ADDRESS = 2_000
"""Characters: https://developers.notion.com/reference/request-limits."""

ADDRESS_KINDS = ("bookmark", "embed", "link_preview")
"""Kinds of blocks that show what stands at an address."""

DEEPEST = 40
"""Levels inside one block or property, as `lib.notion.border` leaves them."""

_ID = r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BARE = re.compile(_ID, re.IGNORECASE | re.ASCII)
_SEGMENT_END = re.compile(rf"(?:^|-)({_ID})$", re.IGNORECASE | re.ASCII)
_HOST = re.compile(r"(?:.+\.)?notion\.so|app\.notion\.com|.+\.notion\.site")
_SCHEMES = ("http", "https", "notion")


class Target(NamedTuple):
    """A page's dashed id, and the id without dashes of the block in it that a link leads to ("":
    the page)."""

    page_id: str
    anchor: str = ""


def refs_of(properties: Mapping[str, Any], blocks: Iterable[Any], own_id: str) -> list[str]:
    """Return the dashed ids of the pages that a page leads to, each once, without `own_id`.

    Those of its blocks come first, in the order of the document, then those of its properties.
    `properties` and `blocks` are Notion's own, children under `children`; what is odd in them leads
    nowhere.
    """
    found = dict.fromkeys(_of_blocks(blocks))
    found |= dict.fromkeys(ref for one in properties.values() for ref in _of_property(one))
    found.pop(dashed_id(own_id) or own_id, None)
    return list(found)


def target_of(address: str) -> Target | None:
    """Return what an address leads to; None where it is not that of a page in Notion."""
    address = address.strip()
    if not address or len(address) > LONGEST_ADDRESS:
        return None
    try:
        parts = urlsplit(address)
        segments = parts.path.rstrip("/").split("/")
        if not _is_notions(parts.scheme, parts.hostname, segments):
            return None
    except ValueError:  # half of an IPv6 address, say
        return None
    query = parse_qs(parts.query)
    page_id = next((dashed for one in query.get("p", []) if (dashed := dashed_id(one))), "")
    if not page_id and "v" not in query:
        ends = (_SEGMENT_END.search(segment) for segment in reversed(segments))
        page_id = next((dashed_id(end[1]) for end in ends if end), "")
    return Target(page_id, dashed_id(parts.fragment).replace("-", "")) if page_id else None


def target_of_item(item: JSON) -> Target | None:
    """Return what an item of a rich text leads to; None where that is no page."""
    if item.get("type") == "mention":
        mention = item.get("mention")
        match mention:
            case {"type": "page", "page": {"id": str(page_id)}}:
                return Target(dashed_id(page_id)) if dashed_id(page_id) else None
            case {"type": "database"}:
                return None
    return target_of(address_of_item(item))


def address_of_item(item: JSON) -> str:
    """Return the address that an item of a rich text leads to, as Notion gives it; "" for none."""
    match item:
        case {"href": str(address)} if address:
            return address
        case {"text": {"link": {"url": str(address)}}}:
            return address
        case {
            "mention": (
                {"link_mention": {"href": str(address)}} | {"link_preview": {"url": str(address)}}
            )
        }:
            return address
    return ""


def dashed_id(text: str) -> str:
    """Return an id of Notion's in either spelling as its answers spell it; "" for what is none."""
    if not _BARE.fullmatch(text):
        return ""
    digits = text.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _is_notions(scheme: str, host: str | None, segments: Sequence[str]) -> bool:
    """Return whether an address is one of Notion's; one without a host is where it has no more than
    the page in its path."""
    if host is None:
        return not scheme and len(segments) == 2 and not segments[0]
    return scheme in _SCHEMES and _HOST.fullmatch(host) is not None


def _of_blocks(blocks: Iterable[Any]) -> Iterator[str]:
    ahead = [iter(blocks)]
    while ahead:
        for block in ahead[-1]:
            if isinstance(block, dict):
                yield from _of_block(block)
                children = block.get("children")
                ahead.append(iter(children if isinstance(children, list) else ()))
                break
        else:
            ahead.pop()


def _of_block(block: JSON) -> Iterator[str]:
    kind = block.get("type")
    own = block.get(kind) if isinstance(kind, str) else None
    match own:
        case {"type": "page_id", "page_id": str(page_id)} if kind == "link_to_page":
            yield from filter(None, [dashed_id(page_id)])
        case {"url": str(address)} if kind in ADDRESS_KINDS:
            yield from _of_address(address)
    yield from _of_texts(own)


def _of_property(value: Any) -> Iterator[str]:
    """The references of a property, or of the result of a formula or a rollup and its items."""
    for _ in range(DEEPEST):
        match value:
            case {"type": "formula" | "rollup" as kind}:
                value = value.get(kind)
            case {"type": "array", "array": [*items]}:
                for item in items:
                    yield from _of_single_property(item)
                return
            case _:
                yield from _of_single_property(value)
                return


def _of_single_property(value: Any) -> Iterator[str]:
    match value:
        case {"type": "relation", "relation": [*pages]}:
            for page in pages:
                match page:
                    case {"id": str(page_id)}:
                        yield from filter(None, [dashed_id(page_id)])
        case {"type": "title" | "rich_text" as kind}:
            yield from _of_texts(value.get(kind))
        case {"type": "url", "url": str(address)} | {"type": "string", "string": str(address)}:
            yield from _of_address(address)


def _of_address(address: str) -> Iterator[str]:
    target = target_of(address)
    if target is not None:
        yield target.page_id


def _of_texts(value: Any) -> Iterator[str]:
    """The references of all items of rich text in a value, however it holds them."""
    ahead = [(value, 0)]
    while ahead:
        one, depth = ahead.pop()
        if isinstance(one, dict) and "plain_text" in one:
            target = target_of_item(one)
            if target is not None:
                yield target.page_id
        elif isinstance(one, dict | list) and depth < DEEPEST:
            members = one if isinstance(one, list) else one.values()
            ahead += [(member, depth + 1) for member in reversed(list(members))]
