"""A page's bundle: complete, lasting, of any depth, and within what KV takes."""

import json
import threading
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle import page as page_module
from lib.bundle.page import Encoded, PageBundle, build, encode
from lib.bundle.values import PageLink
from lib.model import BUNDLE_VERSION, JSON, Place, Tree
from tests.bundle.samples import (
    ADDRESS,
    BLOCKS,
    PAGE_ID,
    PROPERTIES,
    block,
    deep,
    emoji,
    hosted,
    page,
    paragraph,
    plain,
    prop,
)

SYNCED_AT = "2026-11-01T12:00:00.000Z"
MUCH = 8_000_000


def bundle(blocks: list[JSON], given: JSON | None = None, place: Place | None = None) -> PageBundle:
    return build(given or page(), Tree(blocks), place or Place("rye", "pages"), [], ADDRESS)


def encoded(blocks: list[JSON], max_value_bytes: int = MUCH) -> Encoded:
    return encode(bundle(blocks), SYNCED_AT, max_value_bytes)


def test_meta_has_the_members_of_the_contract_in_their_order() -> None:
    given = page({"Size": prop("number", 3)}, icon=emoji(), cover=hosted("cover.png"))
    children: list[PageLink] = [{"id": "c", "slug": "rye/child", "title": "Child"}]
    place = Place(slug="rye", source="pages", visibility="members", parent="p")
    meta = build(given, Tree([]), place, children, ADDRESS).meta
    cover = meta["cover"]
    assert cover is not None
    assert cover.startswith(f"https://sync.example/api/media?page={PAGE_ID}&file=")
    assert list(meta.items()) == [
        ("id", PAGE_ID),
        ("slug", "rye"),
        ("title", "Rye & Oats"),
        ("source", "pages"),
        ("visibility", "members"),
        ("lastEdited", "2026-10-01T08:00:00.000Z"),
        ("createdTime", "2026-05-01T10:00:00.000Z"),
        ("icon", "🥐"),
        ("cover", cover),
        ("url", "https://app.notion.com/p/Rye-Oats-1c0ffee0"),
        ("properties", {"Name": "Rye & Oats", "Size": 3}),
        ("childPages", children),
        ("parent", "p"),
    ]


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_of_every_type_is_kept_whole_with_its_children(kind: str) -> None:
    given = block(kind, BLOCKS[kind], children=[paragraph("inside", "i1"), paragraph("too", "i2")])
    [kept] = json.loads(encoded([given]).head)["blocks"]
    assert list(kept) == list(given)
    assert kept["children"] == given["children"]
    assert set(kept[kind]) == set(BLOCKS[kind])
    if "expiry_time" not in json.dumps(BLOCKS[kind]):
        assert kept == given


def test_a_new_version_of_the_format_makes_every_bundle_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bundle([paragraph()]).digest
    monkeypatch.setattr(page_module, "BUNDLE_VERSION", BUNDLE_VERSION + 1)
    assert bundle([paragraph()]).digest != before


def test_what_could_not_be_read_keeps_its_reason() -> None:
    [kept] = bundle([block("unsupported", {"block_type": "ai_block"}, unavailable="unsupported: ai_block")]).blocks
    assert kept["unavailable"] == "unsupported: ai_block"


def test_nothing_of_a_page_expires() -> None:
    icon = {"icon": hosted("icon.png"), "cover": hosted("cover.png")}
    properties = {kind: property for kind, (property, _) in PROPERTIES.items() if kind != "title"}
    properties["Photos"] = prop("files", [{"name": "oven", **hosted()}])
    properties["Roll"] = prop("rollup", {"type": "array", "array": [prop("files", [{"name": "o", **hosted()}])]})
    blocks = [block(kind, payload, children=[block("image", hosted())]) for kind, payload in BLOCKS.items()]
    text = encode(bundle(blocks, page(properties, **icon)), SYNCED_AT, MUCH).head
    assert "X-Amz" not in text
    assert "expiry_time" not in text


files = st.builds(hosted, st.sampled_from(["a.png", "b.mp4"]), st.text("&=abcX-Amz", max_size=9).map("?X-Amz=".__add__))
payloads = st.recursive(
    files | st.none() | st.booleans() | st.text("ab", max_size=3) | st.just([plain("warm")]),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["icon", "image", "file", "cover", "items", "rich_text"]), inside, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(["icon", "caption", "file", "cells"]), payloads), max_size=3))
def test_nothing_expires_wherever_a_hosted_file_stands(contents: list[JSON]) -> None:
    blocks = [block("anything", content, children=[block("anything", content)]) for content in contents]
    text = encoded(blocks).head
    assert "X-Amz" not in text
    assert "expiry_time" not in text


def test_building_changes_nothing_that_it_was_given() -> None:
    given = [paragraph("a", children=[block("image", hosted())])]
    bundle(given)
    assert given == [paragraph("a", children=[block("image", hosted())])]


def test_two_readings_of_an_unchanged_page_have_one_digest() -> None:
    def read(signature: str, url: str) -> PageBundle:
        query = f"?X-Amz-Signature={signature}"
        properties = {"Photos": prop("files", [{"name": "oven", **hosted(query=query)}])}
        image = block("image", hosted(query=query), request_id=signature)
        cover = {"cover": hosted("c.png", query), "icon": hosted("i.png", query)}
        return bundle([paragraph(children=[image])], page(properties, url=url, request_id=signature, **cover))

    one, two = read("1", "https://www.notion.so/Rye-1"), read("2", "https://app.notion.com/p/1")
    assert one.digest == two.digest
    assert one.meta_digest == two.meta_digest
    assert encode(one, SYNCED_AT, MUCH).head != encode(one, "2026-11-02T12:00:00.000Z", MUCH).head


@pytest.mark.parametrize(
    "other",
    [
        bundle([paragraph("Cake")]),
        bundle([paragraph(), paragraph()]),
        bundle([paragraph(children=[])]),
        bundle([paragraph()], page(last_edited_time="2026-10-01T08:01:00.000Z")),
        bundle([paragraph()], page({"Size": prop("number", 1)})),
        bundle([paragraph()], page(icon=emoji())),
        bundle([paragraph()], place=Place("rye", "pages", "members")),
        bundle([paragraph()], place=Place("rye-2", "pages")),
    ],
)
def test_any_change_that_a_site_can_see_changes_the_digest(other: PageBundle) -> None:
    assert other.digest != bundle([paragraph()]).digest


def test_blocks_alone_do_not_change_the_digest_of_the_meta() -> None:
    assert bundle([paragraph("Cake")]).meta_digest == bundle([paragraph()]).meta_digest
    assert bundle([], page(icon=emoji())).meta_digest != bundle([]).meta_digest


def test_the_value_of_a_page_is_compact_and_in_the_order_of_the_contract() -> None:
    text = encoded([paragraph("été 🥐")])
    value = json.loads(text.head)
    assert list(value) == ["v", "meta", "blocks", "syncedAt"]
    assert (value["v"], value["syncedAt"]) == (BUNDLE_VERSION, SYNCED_AT)
    assert value["blocks"] == [paragraph("été 🥐")]
    assert text.head == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert text.parts == []
    assert json.loads(text.meta) == value["meta"]


def test_a_bundle_of_exactly_the_size_allowed_is_one_value() -> None:
    blocks = [paragraph("é" * 50), paragraph("🥐" * 50)]
    exact = len(encoded(blocks).head.encode())
    assert encoded(blocks, exact).parts == []
    assert encoded(blocks, exact - 1).parts != []


def test_the_head_of_a_large_bundle_has_its_meta_and_says_how_many_parts_follow() -> None:
    text = encoded([paragraph(str(number)) for number in range(20)], 2_000)
    head = json.loads(text.head)
    assert list(head) == ["v", "meta", "parts", "syncedAt"]
    assert head["parts"] == len(text.parts) > 1
    assert head["meta"] == bundle([]).meta


@given(
    st.lists(st.builds(paragraph, st.text(st.characters(exclude_categories=()), max_size=300)), min_size=1, max_size=9),
    st.integers(1_500, 4_500),
)
def test_parts_are_within_the_size_allowed_and_hold_all_blocks_in_order(blocks: list[JSON], limit: int) -> None:
    text = encoded(blocks, limit)
    whole = json.loads(encoded(blocks).head)["blocks"]
    values = [json.loads(part) for part in text.parts] or [json.loads(text.head)]
    assert [block for value in values for block in value["blocks"]] == whole
    for part in text.parts:
        assert list(json.loads(part)) == ["blocks"]
        assert len(part.encode()) <= limit or len(json.loads(part)["blocks"]) == 1
    for one, next_one in pairwise(text.parts):
        [first, *_] = json.loads(next_one)["blocks"]
        larger = len(one.encode()) + len(json.dumps(first, ensure_ascii=False, separators=(",", ":")).encode()) + 1
        assert larger > limit


def test_a_part_is_filled_to_the_last_byte_and_not_beyond() -> None:
    blocks = [paragraph("é" * number, str(number)) for number in range(8)]
    full = len(json.dumps({"blocks": blocks[:3]}, ensure_ascii=False, separators=(",", ":")).encode())
    firsts = [json.loads(encoded(blocks, limit).parts[0])["blocks"] for limit in (full - 1, full, full + 1)]
    assert firsts == [blocks[:2], blocks[:3], blocks[:3]]


def test_a_block_too_large_for_any_value_stands_alone_in_its_part() -> None:
    blocks = [paragraph("a", "a"), paragraph("x" * 5_000, "b"), paragraph("c", "c")]
    parts = [json.loads(part)["blocks"] for part in encoded(blocks, 2_000).parts]
    assert [[block["id"] for block in part] for part in parts] == [["a"], ["b"], ["c"]]


def test_a_page_without_blocks_has_no_parts_however_large_its_meta() -> None:
    text = encoded([], 10)
    assert text.parts == []
    assert json.loads(text.head)["blocks"] == []


def test_a_thousand_levels_are_built_and_encoded_also_inside_a_thread() -> None:
    found: list[Any] = []

    def work() -> None:
        built = bundle(deep(1_000))
        found.append((built, encode(built, SYNCED_AT, MUCH), encode(built, SYNCED_AT, 1_000)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    [(built, text, shared_out)] = found
    level, levels = built.blocks[0], 1
    while "children" in level:
        [level] = level["children"]
        levels += 1
    assert levels == 1_000
    assert text.head.count('"down ') == 2_000
    assert text.head.count('"children":[') == 999
    assert text.head.endswith("}" + "]}" * 999 + f'],"syncedAt":"{SYNCED_AT}"}}')
    assert len(shared_out.parts) == 1


def test_a_change_at_the_bottom_of_a_thousand_levels_changes_the_digest() -> None:
    one, other = deep(1_000), deep(1_000)
    level = other[0]
    while "children" in level:
        [level] = level["children"]
    level["toggle"]["rich_text"] = [plain("changed")]
    assert bundle(one).digest != bundle(other).digest
