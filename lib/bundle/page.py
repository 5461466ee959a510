"""A page's bundle: what a site reads under `page:{slug}`."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from lib.bundle import encoding
from lib.bundle.media import Address, settle_block, settle_file, settle_icon, with_copies
from lib.bundle.properties import flatten, title
from lib.bundle.values import Meta, PageLink
from lib.model import BUNDLE_VERSION, JSON, Copy, Place, Tree

_PART = '{{"blocks":[{}]}}'
_PART_BYTES = len(_PART.format(""))


class PageBundle(msgspec.Struct, frozen=True):
    """A page ready to be published. Two readings of an unchanged page have the same `digest`.

    `blocks` are nested under `children` to any depth; `meta_digest` is that of `meta` alone, which is what a source's
    index shows of the page.
    """

    slug: str
    meta: Meta
    blocks: list[JSON]
    digest: str
    meta_digest: str


class Encoded(msgspec.Struct, frozen=True):
    """A bundle as JSON texts: the value of its key, those of its parts if it is too large for one, and its meta."""

    head: str
    parts: list[str]
    meta: str


def build(page: JSON, tree: Tree, place: Place, child_pages: list[PageLink], address: Address) -> PageBundle:
    """Turns a page that was read whole into its bundle; `child_pages` as `slugs.children` gives them."""
    meta: Meta = {
        "id": page["id"],
        "slug": place.slug,
        "title": title(page),
        "source": place.source,
        "visibility": place.visibility,
        "lastEdited": page["last_edited_time"],
        "createdTime": page["created_time"],
        "icon": settle_icon(page.get("icon"), page["id"], address),
        "cover": settle_file(page.get("cover"), page["id"], address),
        "url": page.get("url"),
        "properties": flatten(page, address),
        "childPages": child_pages,
        "parent": place.parent,
    }
    blocks = _settled(tree.blocks, address)
    meta_digest = _digest([encoding.encode({name: member for name, member in meta.items() if name != "url"})])
    digest = _digest([str(BUNDLE_VERSION), meta_digest, *map(encoding.encode_block, blocks)])
    return PageBundle(place.slug, meta, blocks, digest, meta_digest)


def encode(
    bundle: PageBundle, synced_at: str, max_value_bytes: int, copies: Mapping[str, Copy] | None = None
) -> Encoded:
    """The texts to be kept, none larger than `max_value_bytes`, counted in UTF-8; `copies` as `with_copies` takes them.

    Blocks that don't fit into the head are shared out, in order, among parts `{"blocks": [...]}`. Blocks are not torn:
    a meta or a block at the top of the page that is larger by itself is for the store to refuse.
    """
    blocks = [with_copies(encoding.encode_block(block), copies or {}) for block in bundle.blocks]
    meta = with_copies(encoding.encode(bundle.meta), copies or {})
    begin = f'{{"v":{BUNDLE_VERSION},"meta":{meta},'
    end = f',"syncedAt":{encoding.encode(synced_at)}}}'
    whole = f'{begin}"blocks":[{",".join(blocks)}]{end}'
    if encoding.size(whole) <= max_value_bytes or not blocks:
        return Encoded(whole, [], meta)
    parts = [_PART.format(",".join(part)) for part in _shared_out(blocks, max_value_bytes - _PART_BYTES)]
    return Encoded(f'{begin}"parts":{len(parts)}{end}', parts, meta)


def _settled(blocks: list[JSON], address: Address) -> list[JSON]:
    settled: list[JSON] = []
    ahead = [(blocks, settled)]
    while ahead:
        given, copies = ahead.pop()
        for block in given:
            copy = settle_block(block, address)
            copies.append(copy)
            if "children" in block:
                copy["children"] = []
                ahead.append((block["children"], copy["children"]))
    return settled


def _shared_out(blocks: list[str], most_bytes: int) -> list[list[str]]:
    """Runs of blocks, each as long as fits into so many bytes with the commas between them."""
    runs: list[list[str]] = []
    room = 0
    for block in blocks:
        needed = encoding.size(block) + len(",")
        if not runs or needed > room:
            runs.append([])
            room = most_bytes + len(",")
        runs[-1].append(block)
        room -= needed
    return runs


def _digest(texts: Iterable[str]) -> str:
    digest = sha256()
    for one in texts:
        digest.update(one.encode())
        digest.update(b"\n")
    return digest.hexdigest()
