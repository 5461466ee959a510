"""A page's bundle: what a site reads under `page:{slug}`."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256

import msgspec

from lib.bundle import encoding
from lib.bundle.media import Address, settle_block, settle_file, settle_icon, with_copies
from lib.bundle.parts import BlockRun, Node, lay_out, share_out, shown
from lib.bundle.properties import flat_properties, title_of
from lib.bundle.refs import refs_of
from lib.bundle.values import Meta, PageLink
from lib.errors import TooLarge
from lib.model import BUNDLE_VERSION, JSON, Copy, Placement, Tree
from lib.times import first_known

_NO_DIGEST = "0" * len(encoding.digest(""))
_PART_BEGINS = len(f'{{"digest":"{_NO_DIGEST}"')


class PageBundle(msgspec.Struct, frozen=True):
    """A page ready to be published. Two readings of an unchanged page have the same `digest`.

    `blocks` are nested under `children` to any depth; `meta_digest` is that of `meta` alone, which
    is what a source's index shows of the page. `refs` are the ids of the pages that it leads to, as
    `lib.bundle.refs` finds them.
    """

    slug: str
    meta: Meta
    blocks: list[JSON]
    digest: str
    meta_digest: str
    refs: list[str] = []


class Encoded(msgspec.Struct, frozen=True):
    """A bundle as JSON texts: the value of its key, those of its parts if it is too large for one,
    and its meta.

    `oversized` are warnings for people, one for each block that is too large for any value and was
    left out.
    """

    head: str
    parts: list[str]
    meta: str
    oversized: list[str] = []


def build_page(
    page: JSON, tree: Tree, place: Placement, child_pages: list[PageLink], address: Address
) -> PageBundle:
    """Turn a page that was read whole into its bundle; `child_pages` as `slugs.children` gives
    them."""
    meta: Meta = {
        "id": page["id"],
        "slug": place.slug,
        "title": title_of(page),
        "source": place.source,
        "visibility": place.visibility,
        "lastEdited": first_known(page["last_edited_time"], page["created_time"]),
        "createdTime": first_known(page["created_time"], page["last_edited_time"]),
        "icon": settle_icon(page.get("icon"), page["id"], address),
        "cover": settle_file(page.get("cover"), page["id"], address),
        "url": page.get("url"),
        "properties": flat_properties(page, address),
        "childPages": child_pages,
        "parent": place.parent,
    }
    blocks = _settled_blocks(tree.blocks, address)
    refs = refs_of(page["properties"], blocks, page["id"])
    meta_digest = _bundle_digest([encoding.encode(_without_addresses(meta))])
    digest = _bundle_digest(
        [
            str(BUNDLE_VERSION),
            meta_digest,
            encoding.encode(refs),
            *map(encoding.encode_block, blocks),
        ]
    )
    return PageBundle(place.slug, meta, blocks, digest, meta_digest, refs)


def encode_page(
    bundle: PageBundle,
    synced_at: str,
    max_value_bytes: int,
    copies: Mapping[str, Copy] | None = None,
) -> Encoded:
    """The texts to be kept, none larger than `max_value_bytes`, counted in UTF-8; `copies` as
    `with_copies` takes them.

    Blocks that don't fit into the head are shared out, in order, among parts (see
    `lib.bundle.parts`). The digest in the head and in each part is that of the texts themselves, so
    a reader who meets two knows that they are no pair. A block too large for any value is left out
    and named. Raises `TooLarge` if what stands beside the blocks is.
    """

    def settled(text: str) -> str:
        return with_copies(text, copies or {})

    meta = settled(encoding.encode(bundle.meta))
    begin = f'{{"v":{BUNDLE_VERSION},"meta":{meta},"refs":{encoding.encode(bundle.refs)},'
    end = f',"syncedAt":{encoding.encode(synced_at)}}}'
    blocks = ",".join(settled(encoding.encode_block(block)) for block in bundle.blocks)
    whole = f'{begin}"blocks":[{blocks}]{end}'
    if encoding.size(whole) <= max_value_bytes:
        return Encoded(whole, [], meta)

    @cache
    def room(continues: str) -> int:
        return max_value_bytes - encoding.size(_part_json(BlockRun(continues, "")))

    nodes = lay_out(bundle.blocks, room, settled)
    oversized = [
        _oversized_warning(node, bundle.meta, max_value_bytes)
        for _, node in shown(nodes)
        if node.lost
    ]
    if oversized:
        [run] = share_out(nodes, lambda _: sys.maxsize)
        whole = f'{begin}"blocks":[{run.blocks}]{end}'
        if encoding.size(whole) <= max_value_bytes:
            return Encoded(whole, [], meta, oversized)
    runs = share_out(nodes, room)
    head = f'{begin}"parts":{len(runs)},"digest":"{_NO_DIGEST}"{end}'
    if encoding.size(head) > max_value_bytes:
        raise _head_too_large(bundle, encoding.size(head), max_value_bytes)
    head, *parts = with_digest([head, *map(_part_json, runs)])
    return Encoded(head, parts, meta, oversized)


def with_digest(texts: Sequence[str]) -> list[str]:
    """The head and the parts of a bundle under the digest of all that they say but `syncedAt`, as
    it has to be after a change in any of them. A bundle without parts has none."""
    head, *parts = texts
    if not parts:
        return [head]
    begin, member, rest = head.rpartition(',"digest":"')
    digest = encoding.digest(begin, *(part[_PART_BEGINS:] for part in parts))
    return [
        f"{begin}{member}{digest}{rest[len(digest) :]}",
        *(f'{{"digest":"{digest}"{part[_PART_BEGINS:]}' for part in parts),
    ]


def _without_addresses(meta: Meta) -> JSON:
    """What of a meta is the page's own: addresses change in KV, without the page being read."""
    own = {
        name: member for name, member in meta.items() if name not in ("url", "slug", "childPages")
    }
    return {**own, "childPages": [(child["id"], child["title"]) for child in meta["childPages"]]}


def _part_json(run: BlockRun) -> str:
    continues = f'"continues":{encoding.encode(run.continues)},' if run.continues else ""
    return f'{{"digest":"{_NO_DIGEST}",{continues}"blocks":[{run.blocks}]}}'


def _oversized_warning(node: Node, meta: Meta, max_value_bytes: int) -> str:
    return (
        f'"{meta["title"]}" ({meta["slug"]}) lacks its block {node.id} ({node.kind}), whose'
        f" {node.lost} bytes are more than one KV value may have ({max_value_bytes}): split it in"
        " Notion, or raise KV_MAX_VALUE_BYTES"
    )


def _head_too_large(bundle: PageBundle, size: int, max_value_bytes: int) -> TooLarge:
    meta = bundle.meta
    members = {f'its property "{name[:100]}"': value for name, value in meta["properties"].items()}
    sizes = {name: encoding.size(encoding.encode(value)) for name, value in members.items()}
    sizes["its child pages"] = encoding.size(encoding.encode(meta["childPages"]))
    sizes["the pages it leads to"] = encoding.size(encoding.encode(bundle.refs))
    largest = max(sizes, key=lambda name: sizes[name])
    return TooLarge(
        f'"{meta["title"]}" ({meta["id"]}) has {size} bytes beside its blocks, more than one KV'
        f" value may have ({max_value_bytes}): {sizes[largest]} in {largest}. Shorten it in Notion,"
        " or raise KV_MAX_VALUE_BYTES"
    )


def _settled_blocks(blocks: list[JSON], address: Address) -> list[JSON]:
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


def _bundle_digest(texts: Iterable[str]) -> str:
    digest = sha256()
    for one in texts:
        digest.update(one.encode())
        digest.update(b"\n")
    return digest.hexdigest()
