"""Real pages of Notion through the bundle builder: whatever was recorded becomes a bundle that
holds nothing that expires."""

from collections.abc import Iterator
from typing import Any

import msgspec

from lib.bundle.page import build_page, encode_page
from lib.model import JSON, Placement, Tree
from tests.bundle.samples import ADDRESS
from tests.kv_schema import misfits
from tests.notion.cassettes import exchanges, needed

pytestmark = needed


def objects(value: Any, kind: str) -> Iterator[JSON]:
    """Every Notion object of a kind in an answer."""
    ahead = [value]
    while ahead:
        value = ahead.pop()
        if isinstance(value, list):
            ahead += value
        elif isinstance(value, dict):
            if value.get("object") == kind and (kind != "page" or "properties" in value):
                yield value
            else:
                ahead += value.values()


def recorded(kind: str) -> list[JSON]:
    return [
        found
        for exchange in exchanges()
        if exchange.status == 200 and exchange.answer.startswith("{")
        for found in objects(exchange.json, kind)
    ]


def bundle_of(page: JSON, blocks: list[JSON]) -> str:
    bundle = build_page(page, Tree(blocks), Placement("slug", "pages"), [], ADDRESS)
    return encode_page(bundle, "2026-06-01T00:00:00.000Z", 8_000_000).head


def test_every_recorded_page_becomes_a_bundle() -> None:
    pages = recorded("page")
    assert len(pages) > 100
    for page in pages:
        text = bundle_of(page, [])
        assert msgspec.json.decode(text)["meta"]["id"] == page["id"]
        assert misfits({"page:slug": msgspec.json.decode(text)}) == []
        assert "X-Amz" not in text
        assert "expiry_time" not in text


def test_every_recorded_block_stands_in_a_bundle() -> None:
    page = recorded("page")[0]
    blocks = [block for block in recorded("block") if "type" in block]
    assert len({block["type"] for block in blocks}) > 20
    text = bundle_of(page, blocks)
    assert [block["id"] for block in msgspec.json.decode(text)["blocks"]] == [
        block["id"] for block in blocks
    ]
    assert misfits({"page:slug": msgspec.json.decode(text)}) == []
    assert "X-Amz" not in text
    assert "expiry_time" not in text


def test_the_same_page_read_twice_has_the_same_digest() -> None:
    for page in recorded("page"):
        again = {**page, "request_id": "other", "url": "https://elsewhere.example"}
        one, two = (
            build_page(each, Tree([]), Placement("slug", "pages"), [], ADDRESS)
            for each in (page, again)
        )
        assert one.digest == two.digest
