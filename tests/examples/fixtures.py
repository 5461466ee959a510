"""Pages as the sync writes them, by hand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from upstash_redis import Redis

from dev.upstash import UpstashStandIn
from lib.bundle.refs import refs_of
from lib.bundle.text.document import document_of
from lib.bundle.values import Meta

JSON = dict[str, Any]

SYNCED_AT = "2026-11-01T12:00:00.000Z"


def meta(slug: str, **more: Any) -> JSON:
    known = {
        "id": f"id of {slug}",
        "slug": slug,
        "title": slug,
        "source": "pages",
        "visibility": "public",
    }
    return known | {"childPages": [], "cover": None, "parent": None, "properties": {}} | more


def paragraph(words: str, children: Sequence[JSON] = (), block_id: str = "") -> JSON:
    text = {"type": "text", "plain_text": words, "href": None}
    block: JSON = {"id": block_id or words, "type": "paragraph", "paragraph": {"rich_text": [text]}}
    return block | ({"children": list(children)} if children else {})


def whole_page(slug: str, *blocks: JSON, **about: Any) -> JSON:
    """One value: the page and all its blocks."""
    return {
        f"page:{slug}": {
            "v": 1,
            "meta": meta(slug, **about),
            "blocks": list(blocks),
            "syncedAt": SYNCED_AT,
        }
    }


def published(
    kv: UpstashStandIn, slug: str, *blocks: JSON, page_id: str, prefix: str = "", **about: Any
) -> None:
    """Writes a page, what it leads to, its text and its place in `paths`, all at once, as the sync
    does."""
    known = cast(Meta, meta(slug, id=page_id, lastEdited=SYNCED_AT, **about))
    refs = refs_of({}, blocks, page_id)
    page = {"v": 3, "meta": known, "refs": refs, "blocks": list(blocks), "syncedAt": SYNCED_AT}
    doc = json.loads(document_of(known, blocks, SYNCED_AT, 8_000_000).value)
    put(kv, {f"page:{slug}": page, f"doc:{slug}": doc}, paths={page_id: slug}, prefix=prefix)


def page_in_parts(slug: str, *parts: JSON, digest: str | None = "d1", **about: Any) -> JSON:
    """A head and its parts, all with the digest; None: as they were before there were digests."""
    stamp = {} if digest is None else {"digest": digest}
    head = {
        "v": 1,
        "meta": meta(slug, **about),
        "parts": len(parts),
        "syncedAt": SYNCED_AT,
        **stamp,
    }
    numbered = {
        f"page:{slug}:part:{number}": {**stamp, **part} for number, part in enumerate(parts, 1)
    }
    return {f"page:{slug}": head} | numbered


def put(
    kv: UpstashStandIn,
    values: Mapping[str, Any],
    gone: Iterable[str] = (),
    paths: Mapping[str, str] | None = None,
    prefix: str = "",
) -> None:
    """Writes values and slugs of pages and removes keys, all at once, as a sync does."""
    with Redis(kv.url, kv.token) as redis:
        together = redis.multi()
        if values:
            together.mset(
                {
                    prefix + key: json.dumps(value, ensure_ascii=False)
                    for key, value in values.items()
                }
            )
        if paths:
            together.hset(f"{prefix}paths", values=dict(paths))
        if gone := list(gone):
            together.delete(*gone)
        together.exec()


def drop(kv: UpstashStandIn, *keys: str) -> None:
    with Redis(kv.url, kv.token) as redis:
        redis.delete(*keys)
