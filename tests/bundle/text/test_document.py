"""A page as text, as a site reads it: what sums it up, and its size."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.media import FileRef
from lib.bundle.page import build_page
from lib.bundle.text.document import Document, document_of, with_copies
from lib.bundle.text.summary import number_of_words
from lib.bundle.values import Meta, PageLink
from lib.errors import TooLarge
from lib.model import BUNDLE_VERSION, JSON, Copy, Placement, Tree
from tests.bundle.samples import (
    ADDRESS,
    BLOCK_ID,
    BLOCKS,
    OTHER_ID,
    block,
    hosted,
    page,
    paragraph,
    plain,
    prop,
)
from tests.bundle.text.reading import headings_in, links_in, text_in, words_in
from tests.kv_schema import misfits
from tests.notion.cassettes import exchanges, needed

SYNCED_AT = "2026-11-01T12:00:00.000Z"
MUCH = 8_000_000


def meta_of(**properties: JSON) -> Meta:
    links = [PageLink(id="c", slug="rye/child", title="Child")]
    return build_page(
        page(properties), Tree([]), Placement("rye", "pages", "members"), links, ADDRESS
    ).meta


def made(
    *blocks: JSON, most: int = MUCH, copies: dict[str, Copy] | None = None, **properties: JSON
) -> Document:
    return document_of(meta_of(**properties), blocks, SYNCED_AT, most, copies=copies)


def value(*blocks: JSON, most: int = MUCH, **properties: JSON) -> JSON:
    found: JSON = json.loads(made(*blocks, most=most, **properties).value)
    return found


def heading(text: str) -> JSON:
    return block("heading_2", {"rich_text": [plain(text)]})


def test_it_has_the_members_of_the_contract_in_their_order() -> None:
    found = value(heading("Flour & water"), paragraph("So good."))
    assert list(found.items()) == [
        ("v", BUNDLE_VERSION),
        ("id", page()["id"]),
        ("slug", "rye"),
        ("title", "Rye & Oats"),
        ("visibility", "members"),
        ("date", None),
        ("tags", []),
        ("excerpt", "So good."),
        ("outline", [{"level": 2, "text": "Flour & water", "id": BLOCK_ID}]),
        ("words", 4),
        ("text", "Flour & water\nSo good."),
        ("markdown", "## Flour & water\n\nSo good."),
        ("syncedAt", SYNCED_AT),
    ]


def test_it_fits_the_schema_whatever_stands_in_it() -> None:
    blocks = [block(kind, payload) for kind, payload in BLOCKS.items()]
    assert misfits({"doc:rye": value(*blocks), "doc:index": value(*blocks, most=1_200)}) == []


@pytest.mark.parametrize(
    ("properties", "member", "expected"),
    [
        (
            {"Date": prop("date", {"start": "2026-05-01", "end": "2026-05-03"})},
            "date",
            "2026-05-01",
        ),
        (
            {"date": prop("created_time", "2026-05-01T10:00:00.000Z")},
            "date",
            "2026-05-01T10:00:00.000Z",
        ),
        ({"date": prop("rich_text", [plain("soon")])}, "date", None),
        ({"date": prop("date", None)}, "date", None),
        (
            {"Tags": prop("multi_select", [{"name": "rye"}, {"name": "oats"}, {"name": "rye"}])},
            "tags",
            ["rye", "oats"],
        ),
        ({"tags": prop("select", {"name": "rye"})}, "tags", ["rye"]),
        ({"TAGS": prop("rich_text", [plain(" rye , day bread,")])}, "tags", ["rye", "day bread"]),
        ({"tags": prop("relation", [{"id": OTHER_ID}])}, "tags", []),
        ({"tags": prop("number", 5)}, "tags", []),
        ({"Excerpt": prop("rich_text", [plain("In\nshort. ")])}, "excerpt", "In short."),
        (
            {"description": prop("formula", {"type": "string", "string": "In short."})},
            "excerpt",
            "In short.",
        ),
        (
            {"excerpt": prop("rich_text", []), "Description": prop("rich_text", [plain("b")])},
            "excerpt",
            "b",
        ),
        ({"excerpt": prop("checkbox", True)}, "excerpt", "Bread"),
    ],
)
def test_properties_say_what_sums_it_up(
    properties: dict[str, JSON], member: str, expected: Any
) -> None:
    found = document_of(meta_of(**properties), [paragraph()], SYNCED_AT, MUCH).value
    assert json.loads(found)[member] == expected


def test_an_excerpt_is_the_beginning_of_the_prose_and_ends_with_a_word() -> None:
    code = block("code", {"rich_text": [plain("lamp.on()")], "language": "python"})
    excerpt = value(
        heading("No prose"), code, paragraph("bread " * 20), paragraph("and more " * 30)
    )["excerpt"]
    assert excerpt.startswith("bread bread ")
    assert excerpt.endswith(("and…", "more…"))
    assert 150 < len(excerpt) <= 200
    assert len(value(paragraph("é" * 300))["excerpt"]) == 200
    assert value(paragraph("é" * 200))["excerpt"] == "é" * 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("— … !", 0),
        ("It's a well-known fact: 3.14 > 3", 6),
        ("naïve cafe\u0301 हिन्दी में", 4),
        ("日本語です", 5),
        ("我爱 bread 和 oats", 5),
        ("한국어 문장", 2),
        ("one\ntwo\tthree\u00a0four", 4),
    ],
)
def test_words_are_counted_in_every_script(text: str, words: int) -> None:
    assert number_of_words(text) == words


@given(
    st.integers(900, 6_000),
    st.lists(
        st.text('a日\\"\n🥐 ', min_size=1, max_size=400).map(paragraph), min_size=1, max_size=9
    ),
)
def test_a_document_is_never_larger_than_one_value(most: int, blocks: list[JSON]) -> None:
    whole, found = made(*blocks).value, made(*blocks, most=most).value
    assert len(found.encode()) <= most
    cut, given_whole = json.loads(found), json.loads(whole)
    assert ("truncated" in cut) == (len(whole.encode()) > most)
    for name in ("text", "markdown"):
        assert given_whole[name].startswith(cut[name])
    assert {**cut, "text": "", "markdown": "", "truncated": 1} == {
        **given_whole,
        "text": "",
        "markdown": "",
        "truncated": 1,
    }


def test_a_document_is_cut_between_blocks_and_uses_what_room_there_is() -> None:
    found = value(
        *(paragraph(f"Line {number} of the page.") for number in range(2_000)), most=40_000
    )
    size = len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode())
    assert 39_500 < size <= 40_000
    assert found["truncated"] is True
    assert list(found)[-2:] == ["truncated", "syncedAt"]
    assert found["markdown"].endswith(" of the page.")
    assert found["text"].endswith(" of the page.")
    assert found["words"] == 10_000
    assert 0.9 < found["text"].count("Line") / found["markdown"].count("Line") < 1.1


def test_where_there_is_no_room_the_outline_goes_and_then_the_rest() -> None:
    headings = [heading(f"Heading number {number}") for number in range(500)]
    assert 0 < len(value(*headings, most=9_000)["outline"]) < 500
    long = {"Excerpt": prop("rich_text", [plain("so good " * 200)])}
    assert value(*headings, most=1_000, **long)["excerpt"] == ""
    with pytest.raises(TooLarge, match="raise KV_MAX_VALUE_BYTES"):
        made(paragraph(), most=100)


def test_files_are_linked_where_they_are_found_for_ever() -> None:
    picture = block("image", hosted("oven.jpg"))
    settled = build_page(page(), Tree([picture]), Placement("rye", "pages"), [], ADDRESS).blocks
    ref = FileRef(hosted("oven.jpg", "")["file"]["url"], "block", BLOCK_ID)
    ours = ADDRESS(ref)
    whole = made(*settled).value
    assert links_in(json.loads(whole)["markdown"]) == [ours]
    copies = {ref.file: Copy("https://blob.example/oven (1).jpg"), "other": Copy("")}
    copied = made(*settled, copies=copies).value
    assert links_in(json.loads(copied)["markdown"]) == ["https://blob.example/oven%20%281%29.jpg"]
    assert with_copies(whole, copies) == copied
    assert with_copies(whole, {ref.file: Copy("")}) == whole


def test_child_pages_bear_the_titles_that_they_are_published_under() -> None:
    assert value(block("child_page", {"title": "Old"}, id="c"))["markdown"] == "[Child](page:c)"


def test_unknown_kinds_are_counted_for_the_run() -> None:
    assert made(block("hologram", {}), paragraph()).unknown == {"hologram": 1}


@needed
def test_every_recorded_block_is_read_and_no_kind_is_unknown() -> None:
    answers = [
        exchange.json
        for exchange in exchanges()
        if exchange.status == 200 and exchange.answer.startswith("{")
    ]
    results = [result for answer in answers for result in answer.get("results", [])]
    blocks = [result for result in results if result.get("object") == "block" and "type" in result]
    assert len(blocks) > 100
    for found in blocks:
        made_of = made(found)
        read = json.loads(made_of.value)
        assert made_of.unknown == {}
        assert words_in(text_in(read["markdown"])) == words_in(read["text"]), found["type"]


@needed
def test_headings_and_words_are_those_of_notions_own_markdown() -> None:
    """What was sent to Notion as Markdown, as blocks through this code, against what Notion
    answered of it."""
    answers = [
        (exchange.body["insert_content"]["content"], exchange.json["markdown"])
        for exchange in exchanges()
        if exchange.path.endswith("/markdown")
        and exchange.status == 200
        and "insert_content" in exchange.body
    ]
    assert answers
    for sent, answered in answers:
        paragraphs = filter(None, sent.split("\n"))
        blocks = [
            heading(text.removeprefix("## ")) if text.startswith("## ") else paragraph(text)
            for text in paragraphs
        ]
        read = value(*blocks)
        assert headings_in(read["markdown"]) == headings_in(answered)
        assert words_in(text_in(read["markdown"])) == words_in(text_in(answered))
