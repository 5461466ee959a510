"""A page's bundle: complete, lasting, of any depth, and within what KV takes."""

import json
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.equality import together
from lib.bundle import page as page_module
from lib.bundle.encoding import encode_block
from lib.bundle.media import Found, settle_block
from lib.bundle.page import Encoded, PageBundle, build_page, encode_page, with_digest
from lib.bundle.values import PageLink
from lib.errors import TooLarge
from lib.model import BUNDLE_VERSION, JSON, Copy, Placement, Tree
from tests.bundle.samples import (
    ADDRESS,
    BLOCKS,
    OTHER_ID,
    PAGE_ID,
    PROPERTIES,
    block,
    deep,
    emoji,
    hosted,
    mention,
    page,
    paragraph,
    plain,
    prop,
)

SYNCED_AT = "2026-11-01T12:00:00.000Z"
MUCH = 8_000_000


def bundle(
    blocks: list[JSON], given: JSON | None = None, place: Placement | None = None
) -> PageBundle:
    return build_page(
        given or page(), Tree(blocks), place or Placement("rye", "pages"), [], ADDRESS
    )


def encoded(blocks: list[JSON], max_value_bytes: int = MUCH) -> Encoded:
    return encode_page(bundle(blocks), SYNCED_AT, max_value_bytes)


def test_meta_has_the_members_of_the_contract_in_their_order() -> None:
    given = page({"Size": prop("number", 3)}, icon=emoji(), cover=hosted("cover.png"))
    children: list[PageLink] = [{"id": "c", "slug": "rye/child", "title": "Child"}]
    place = Placement(slug="rye", source="pages", visibility="members", parent="p")
    meta = build_page(given, Tree([]), place, children, ADDRESS).meta
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


def leading_to(*page_ids: str, **members: Any) -> JSON:
    """A paragraph that mentions pages."""
    items = [mention("page", {"id": page_id}) for page_id in page_ids]
    return block("paragraph", {"rich_text": items}, **members)


def test_the_pages_that_it_leads_to_stand_between_its_meta_and_its_blocks() -> None:
    related = page({"Related": prop("relation", [{"id": OTHER_ID}, {"id": PAGE_ID}])})
    mentioned = "aaaaaaaa-0000-4000-8000-00000000000a"
    blocks = [paragraph(children=[leading_to(mentioned, PAGE_ID)]), leading_to(mentioned)]
    value = json.loads(encode_page(bundle(blocks, related), SYNCED_AT, MUCH).head)
    assert list(value) == ["v", "meta", "refs", "blocks", "syncedAt"]
    assert value["refs"] == [mentioned, OTHER_ID]
    assert json.loads(encoded([paragraph()]).head)["refs"] == []


def test_a_page_in_parts_says_in_its_head_where_it_leads() -> None:
    blocks = [paragraph(str(number), str(number)) for number in range(9)]
    text = encoded([*blocks, leading_to(OTHER_ID, id="last")], 2_000)
    assert list(json.loads(text.head)) == ["v", "meta", "refs", "parts", "digest", "syncedAt"]
    assert json.loads(text.head)["refs"] == [OTHER_ID]
    assert all("refs" not in json.loads(part) for part in text.parts)


def test_a_new_version_of_the_format_makes_every_bundle_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = bundle([paragraph()]).digest
    monkeypatch.setattr(page_module, "BUNDLE_VERSION", BUNDLE_VERSION + 1)
    assert bundle([paragraph()]).digest != before


def test_what_could_not_be_read_keeps_its_reason() -> None:
    [kept] = bundle(
        [block("unsupported", {"block_type": "ai_block"}, unavailable="unsupported: ai_block")]
    ).blocks
    assert kept["unavailable"] == "unsupported: ai_block"


def test_nothing_of_a_page_expires() -> None:
    icon = {"icon": hosted("icon.png"), "cover": hosted("cover.png")}
    properties = {kind: property for kind, (property, _) in PROPERTIES.items() if kind != "title"}
    properties["Photos"] = prop("files", [{"name": "oven", **hosted()}])
    properties["Roll"] = prop(
        "rollup", {"type": "array", "array": [prop("files", [{"name": "o", **hosted()}])]}
    )
    blocks = [
        block(kind, payload, children=[block("image", hosted())])
        for kind, payload in BLOCKS.items()
    ]
    text = encode_page(bundle(blocks, page(properties, **icon)), SYNCED_AT, MUCH).head
    assert "X-Amz" not in text
    assert "expiry_time" not in text


files = st.builds(
    hosted,
    st.sampled_from(["a.png", "b.mp4"]),
    st.text("&=abcX-Amz", max_size=9).map("?X-Amz=".__add__),
)
payloads = st.recursive(
    files | st.none() | st.booleans() | st.text("ab", max_size=3) | st.just([plain("warm")]),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["icon", "image", "file", "cover", "items", "rich_text"]),
            inside,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["icon", "caption", "file", "cells"]), payloads), max_size=3
    )
)
def test_nothing_expires_wherever_a_hosted_file_stands(contents: list[JSON]) -> None:
    blocks = [
        block("anything", content, children=[block("anything", content)]) for content in contents
    ]
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
        return bundle(
            [paragraph(children=[image])], page(properties, url=url, request_id=signature, **cover)
        )

    one, two = read("1", "https://www.notion.so/Rye-1"), read("2", "https://app.notion.com/p/1")
    assert one.digest == two.digest
    assert one.meta_digest == two.meta_digest
    assert (
        encode_page(one, SYNCED_AT, MUCH).head
        != encode_page(one, "2026-11-02T12:00:00.000Z", MUCH).head
    )


@pytest.mark.parametrize(
    "other",
    [
        bundle([paragraph("Cake")]),
        bundle([paragraph(), paragraph()]),
        bundle([paragraph(children=[])]),
        bundle([paragraph()], page(last_edited_time="2026-10-01T08:01:00.000Z")),
        bundle([paragraph()], page({"Size": prop("number", 1)})),
        bundle([paragraph()], page(icon=emoji())),
        bundle([paragraph()], place=Placement("rye", "pages", "members")),
    ],
)
def test_any_change_that_a_site_can_see_changes_the_digest(other: PageBundle) -> None:
    assert other.digest != bundle([paragraph()]).digest


def showing(*children: PageLink, slug: str = "rye") -> PageBundle:
    return build_page(
        page(), Tree([paragraph()]), Placement(slug, "pages"), list(children), ADDRESS
    )


def child(title: str = "Child", slug: str = "rye/child", page_id: str = "c") -> PageLink:
    return {"id": page_id, "slug": slug, "title": title}


def test_addresses_change_no_digest_for_they_change_in_kv_without_the_page_being_read() -> None:
    here, moved = showing(child()), showing(child(slug="oats/child"), slug="oats")

    assert (moved.digest, moved.meta_digest) == (here.digest, here.meta_digest)
    assert moved.meta != here.meta


@pytest.mark.parametrize(
    "children",
    [
        [],
        [child("Other")],
        [child(page_id="d")],
        [child(), child(page_id="d")],
        [child("Ch\u00edld")],
    ],
)
def test_which_child_pages_there_are_and_what_they_are_called_changes_the_digest(
    children: list[PageLink],
) -> None:
    assert showing(*children).digest != showing(child()).digest


def test_the_order_of_child_pages_changes_the_digest() -> None:
    pair = (child(), child(page_id="d"))

    assert showing(*pair).meta_digest != showing(*reversed(pair)).meta_digest


def test_blocks_alone_do_not_change_the_digest_of_the_meta() -> None:
    assert bundle([paragraph("Cake")]).meta_digest == bundle([paragraph()]).meta_digest
    assert bundle([], page(icon=emoji())).meta_digest != bundle([]).meta_digest


def test_the_value_of_a_page_is_compact_and_in_the_order_of_the_contract() -> None:
    text = encoded([paragraph("été 🥐")])
    value = json.loads(text.head)
    assert list(value) == ["v", "meta", "refs", "blocks", "syncedAt"]
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
    assert list(head) == ["v", "meta", "refs", "parts", "digest", "syncedAt"]
    assert head["parts"] == len(text.parts) > 1
    assert head["meta"] == bundle([]).meta
    assert len(head["digest"]) == 16
    for part in text.parts:
        assert list(json.loads(part)) == ["digest", "blocks"]
        assert json.loads(part)["digest"] == head["digest"]


any_text = st.text(st.characters(exclude_categories=()), max_size=300)


@given(st.lists(st.builds(paragraph, any_text), min_size=1, max_size=9), st.integers(1_500, 4_500))
def test_blocks_that_fit_are_not_cut_and_parts_are_filled(blocks: list[JSON], limit: int) -> None:
    text = encoded(blocks, limit)
    whole = json.loads(encoded(blocks).head)["blocks"]
    values = [json.loads(part) for part in text.parts] or [json.loads(text.head)]
    assert [block for value in values for block in value["blocks"]] == whole
    for part in text.parts:
        assert len(part.encode()) <= limit
    for one, next_one in pairwise(text.parts):
        [first, *_] = json.loads(next_one)["blocks"]
        larger = (
            len(one.encode())
            + len(json.dumps(first, ensure_ascii=False, separators=(",", ":")).encode())
            + 1
        )
        assert larger > limit


def small(text: str, children: list[JSON] | None = None) -> JSON:
    return {"object": "block", "id": "", "type": "toggle", "toggle": text} | (
        {} if children is None else {"children": children}
    )


def numbered(blocks: list[JSON], names: Callable[[int], str] = str) -> list[JSON]:
    """The blocks with an id each, in the order of the document."""
    for number, one in enumerate(flat(blocks)):
        one["id"] = names(number)
    return blocks


def flat(blocks: list[JSON]) -> Iterator[JSON]:
    ahead = blocks[::-1]
    while ahead:
        block = ahead.pop()
        yield block
        ahead += block.get("children", [])[::-1]


def text_of(blocks: list[JSON]) -> str:
    """Of blocks however deep, which Python can't compare."""
    return ",".join(map(encode_block, blocks))


trees = st.recursive(
    st.builds(small, st.text('aé🥐"', max_size=200), st.none() | st.just([])),
    lambda inside: st.builds(small, st.text("aé", max_size=200), st.lists(inside, max_size=12)),
    max_leaves=80,
)


@given(st.lists(trees, max_size=8), st.integers(1_100, 3_000))
def test_parts_of_any_tree_give_back_exactly_its_blocks(
    given_blocks: list[JSON], limit: int
) -> None:
    blocks = numbered(deepcopy(given_blocks))
    text = encoded(blocks, limit)
    assert text.oversized == []
    assert len(text.head.encode()) <= limit
    assert all(len(part.encode()) <= limit for part in text.parts)
    head, parts = json.loads(text.head), list(map(json.loads, text.parts))
    assert {part["digest"] for part in parts} <= {head.get("digest")}
    assert (together(parts) if parts else head["blocks"]) == blocks


@given(st.lists(trees, min_size=3, max_size=8), st.integers(1_100, 2_000), st.integers(1, 5))
def test_ids_that_come_twice_lead_no_reader_astray(
    given_blocks: list[JSON], limit: int, different: int
) -> None:
    blocks = numbered(deepcopy(given_blocks), lambda number: str(number % different))
    text = encoded(blocks, limit)
    assert all(len(part.encode()) <= limit for part in (*text.parts, text.head))
    read = together(map(json.loads, text.parts)) if text.parts else json.loads(text.head)["blocks"]
    if not text.oversized:
        assert read == blocks
    assert len(text.oversized) == sum("unavailable" in block for block in flat(read))


heavy = st.recursive(
    st.builds(small, st.integers(0, 4_000).map("a".__mul__)),
    lambda inside: st.builds(
        small, st.integers(0, 4_000).map("a".__mul__), st.lists(inside, max_size=5)
    ),
    max_leaves=20,
)


@given(st.lists(heavy, min_size=1, max_size=5), st.integers(1_100, 2_500))
def test_what_is_too_large_for_any_value_costs_itself_and_is_named(
    given_blocks: list[JSON], limit: int
) -> None:
    blocks = numbered(deepcopy(given_blocks))
    text = encoded(blocks, limit)
    assert all(len(value.encode()) <= limit for value in (text.head, *text.parts))
    read = together(map(json.loads, text.parts)) if text.parts else json.loads(text.head)["blocks"]
    originals = {one["id"]: one for one in flat(blocks)}
    lost = [one for one in flat(read) if "unavailable" in one]
    for one, warning in zip(lost, text.oversized, strict=True):
        original = originals[one["id"]] | ({"children": []} if "children" in one else {})
        assert f" {one['id']} (toggle), whose {len(encode_block(original))} bytes " in warning
        assert len(encode_block(original)) > limit - 100
        assert list(one) == [
            "object",
            "id",
            "type",
            "unavailable",
            *(["children"] if "children" in one else []),
        ]
        one["toggle"] = originals[one["id"]]["toggle"]
        del one["unavailable"]
    assert read == blocks


def test_a_block_that_is_too_large_is_named_with_what_to_do() -> None:
    blocks = [
        paragraph("a", "a"),
        paragraph("x" * 5_000, "b", children=[paragraph("c", "c")]),
        paragraph("d", "d"),
    ]
    text = encoded(blocks, 2_500)
    [first, odd, last] = json.loads(text.head)["blocks"]
    size = len(encode_block(paragraph("x" * 5_000, "b", children=[])))
    unavailable = f"larger than one KV value ({size} bytes)"
    child = paragraph("c", "c")
    assert odd == {
        "object": "block",
        "id": "b",
        "type": "paragraph",
        "unavailable": unavailable,
        "children": [child],
    }
    assert (first, last) == (blocks[0], blocks[2])
    assert text.parts == []
    assert text.oversized == [
        f'"Rye & Oats" (rye) lacks its block b (paragraph), whose {size} bytes are more than one KV'
        " value may have (2500): split it in Notion, or raise KV_MAX_VALUE_BYTES"
    ]


def test_a_note_that_fits_nowhere_is_named() -> None:
    with pytest.raises(TooLarge, match="KV_MAX_VALUE_BYTES"):
        encoded([paragraph("x" * 5_000, "b" * 5_000)], 2_500)


def test_a_meta_that_is_too_large_is_named_with_its_largest_property() -> None:
    given = page(
        {
            "Notes": prop("rich_text", [plain("x" * 2_000)]),
            "Short": prop("rich_text", [plain("x" * 900)]),
        }
    )
    for blocks in ([], [paragraph()], [paragraph()] * 9):
        with pytest.raises(TooLarge) as refusal:
            encode_page(bundle(blocks, given), SYNCED_AT, 2_000)
        for word in ("Rye & Oats", PAGE_ID, 'property "Notes"', "2002 ", "KV_MAX_VALUE_BYTES"):
            assert word in str(refusal.value)


def test_a_part_is_filled_to_the_last_byte_and_not_beyond() -> None:
    blocks = [paragraph("é" * number, str(number)) for number in range(8)]
    part = {"digest": "0123456789abcdef", "blocks": blocks[:3]}
    full = len(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode())
    firsts = [
        json.loads(encoded(blocks, limit).parts[0])["blocks"]
        for limit in (full - 1, full, full + 1)
    ]
    assert firsts == [blocks[:2], blocks[:3], blocks[:3]]


def test_one_block_with_many_children_takes_no_more_parts_than_it_needs() -> None:
    paragraphs = [paragraph("Our daily bread", f"{number:036}") for number in range(5_600)]
    blocks = [
        paragraph("before", "b"),
        paragraph("menu", "m" * 36, children=paragraphs),
        paragraph("after", "a"),
    ]
    text = encoded(blocks, 100_000)
    parts = list(map(json.loads, text.parts))
    assert together(deepcopy(parts)) == blocks
    assert [part.get("continues") for part in parts] == [None, *["m" * 36] * (len(parts) - 2), None]
    assert [len(part["blocks"]) for part in parts[:2]] == [2, len(parts[1]["blocks"])]
    assert [block["id"] for block in parts[-1]["blocks"]] == ["a"]
    whole = len(text_of(blocks))
    assert len(parts) <= whole // 99_000 + 2
    assert all(len(part) > 98_000 for part in text.parts[:-2])


def test_a_block_that_fits_into_the_next_part_is_not_cut() -> None:
    family = paragraph("menu", "m", children=[paragraph("dish", "d")] * 3)
    text = encoded([paragraph("x" * 300, "x"), family, paragraph("y", "y")], 3_000)
    assert [[one["id"] for one in json.loads(part)["blocks"]] for part in text.parts] == [
        ["x"],
        ["m"],
        ["y"],
    ]


def test_a_page_that_changed_anything_has_parts_of_another_digest() -> None:
    picture = block("image", hosted("oven.jpg"))
    blocks = [paragraph(str(number), str(number)) for number in range(9)]

    def digest(
        limit: int = 2_000, copy: str = "", given: JSON | None = None, **changes: list[JSON]
    ) -> str:
        file = Found(ADDRESS)
        settle_block(picture, file)
        copies = {ref.file: Copy(copy) for ref in file.refs.values()}
        text = encode_page(
            bundle(changes.get("blocks", [*blocks, picture]), given), SYNCED_AT, limit, copies
        )
        return str(json.loads(text.head)["digest"])

    digests = [
        digest(),
        digest(copy="https://blob.example/a"),
        digest(copy="https://blob.example/b"),
        digest(limit=2_700),
        digest(given=page(icon=emoji())),
        digest(blocks=[*blocks[1:], picture]),
        digest(blocks=[*blocks[:8], paragraph("8", "9"), picture]),
        digest(blocks=[*blocks[:8], paragraph("8", "8", children=[picture])]),
    ]
    assert len(set(digests)) == len(digests)
    assert digest() == digest()
    two = [
        encode_page(bundle([*blocks, picture]), time, 2_000)
        for time in (SYNCED_AT, "2026-11-02T12:00:00.000Z")
    ]
    assert two[0].parts == two[1].parts


def test_the_digest_follows_when_texts_are_changed_afterwards() -> None:
    text = encoded([paragraph(str(number), str(number)) for number in range(9)], 2_000)
    texts = [text.head, *text.parts]
    assert with_digest(texts) == texts
    changed = [*texts[:-1], texts[-1].replace('"8"', '"9"')]
    head, *parts = map(json.loads, with_digest(changed))
    assert {head["digest"], *(part["digest"] for part in parts)} == {head["digest"]}
    assert head["digest"] != json.loads(text.head)["digest"]
    assert {**head, "digest": ""} == {**json.loads(text.head), "digest": ""}
    assert [part["blocks"] for part in parts] == [
        json.loads(part)["blocks"] for part in changed[1:]
    ]
    whole = encoded([paragraph()]).head
    assert with_digest([whole]) == [whole]


def caterpillar(levels: int) -> list[JSON]:
    """Blocks in blocks, with a block before and one after each."""
    blocks: list[JSON] = []
    for level in range(levels):
        blocks = [small(f"before {level}"), small(f"down {level}", blocks), small(f"after {level}")]
    return numbered(blocks)


def test_five_thousand_levels_are_shared_out_and_come_together_again() -> None:
    for blocks in (numbered(deep(5_000)), caterpillar(5_000)):
        text = encoded(blocks, 20_000)
        assert all(len(part.encode()) <= 20_000 for part in text.parts)
        assert text_of(together(map(json.loads, text.parts))) == text_of(blocks)


def test_a_page_of_very_many_blocks_is_shared_out_and_comes_together_again() -> None:
    rows = [small(f"row {number}", [small("x" * 20) for _ in range(99)]) for number in range(2_000)]
    blocks = numbered([small("table", rows)])
    text = encode_page(PageBundle("rye", bundle([]).meta, blocks, "", ""), SYNCED_AT, 1_000_000)
    assert all(len(part.encode()) <= 1_000_000 for part in text.parts)
    assert len(text.parts) <= len(text_of(blocks)) // 980_000 + 1
    assert text_of(together(map(json.loads, text.parts))) == text_of(blocks)


def test_a_thousand_levels_are_built_and_encoded_also_inside_a_thread() -> None:
    found: list[Any] = []

    def work() -> None:
        built = bundle(deep(1_000))
        found.append(
            (built, encode_page(built, SYNCED_AT, MUCH), encode_page(built, SYNCED_AT, 100_000))
        )

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
    assert len(shared_out.parts) > 1
    assert text_of(together(map(json.loads, shared_out.parts))) == text_of(built.blocks)


def test_a_change_at_the_bottom_of_a_thousand_levels_changes_the_digest() -> None:
    one, other = deep(1_000), deep(1_000)
    level = other[0]
    while "children" in level:
        [level] = level["children"]
    level["toggle"]["rich_text"] = [plain("changed")]
    assert bundle(one).digest != bundle(other).digest
