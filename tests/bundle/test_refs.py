"""The pages that a page leads to: which are found, in which order, and which are none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.refs import Target, refs_of, target_of
from lib.model import JSON
from tests.bundle.samples import PAGE_ID, block, deep, mention, page, paragraph, plain, prop

A = "aaaaaaaa-0000-4000-8000-00000000000a"
B = "bbbbbbbb-0000-4000-8000-00000000000b"
C = "cccccccc-0000-4000-8000-00000000000c"
BARE = A.replace("-", "")
ANCHOR = "d" * 32


def refs(*blocks: Any, **properties: JSON) -> list[str]:
    return refs_of(page(properties)["properties"], list(blocks), PAGE_ID)


def linked(address: str, text: str = "there") -> JSON:
    return {**plain(text), "text": {"content": text, "link": {"url": address}}, "href": address}


def says(*items: JSON, kind: str = "paragraph") -> JSON:
    return block(kind, {"rich_text": list(items)})


def page_mention(page_id: str) -> JSON:
    item = mention("page", {"id": page_id})
    return {**item, "href": f"https://app.notion.com/p/{page_id.replace('-', '')}"}


@pytest.mark.parametrize(
    "address",
    [
        f"https://www.notion.so/{BARE}",
        f"https://www.notion.so/Rye-Oats-{BARE}",
        f"https://notion.so/bakery/Rye-Oats-{BARE}?pvs=4",
        f"http://www.notion.so/{A}",
        f"notion://www.notion.so/bakery/{BARE}",
        f"https://app.notion.com/p/{BARE}",
        f"https://APP.notion.com/p/Rye-{BARE.upper()}/",
        f"https://app.notion.com/p/bakery/Rye-{BARE}?source=copy_link",
        f"https://bakery.notion.site/Rye-{BARE}",
        f"https://bakery.notion.site:443/{BARE}",
        f"/{BARE}",
        f"/{BARE}?pvs=25",
        f"/Rye-{BARE}",
        f"/{A}",
        f"  https://www.notion.so/{BARE}\n",
    ],
)
def test_an_address_of_a_page_leads_to_it(address: str) -> None:
    assert target_of(address) == Target(A)
    assert refs(says(linked(address))) == [A]


@pytest.mark.parametrize(
    ("address", "target"),
    [
        (f"/{BARE}#{ANCHOR}", Target(A, ANCHOR)),
        (f"https://www.notion.so/Rye-{BARE}?pvs=4#{ANCHOR}", Target(A, ANCHOR)),
        (
            f"https://www.notion.so/Rye-{BARE}#dddddddd-dddd-dddd-dddd-dddddddddddd",
            Target(A, ANCHOR),
        ),
        (f"https://www.notion.so/Rye-{BARE}#prices", Target(A)),
        (f"https://www.notion.so/{C.replace('-', '')}?v={ANCHOR}&p={BARE}&pm=s", Target(A)),
        (f"https://www.notion.so/{C.replace('-', '')}?p={BARE}", Target(A)),
        (f"https://app.notion.com/?p={BARE}", Target(A)),
        (f"https://www.notion.so/{BARE}?p=none", Target(A)),
    ],
)
def test_an_anchor_is_kept_and_a_page_that_is_peeked_at_goes_before_what_is_behind_it(
    address: str, target: Target
) -> None:
    assert target_of(address) == target


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/",
        "/about",
        "#" + ANCHOR,
        f"#{BARE}",
        BARE,
        f"/blog/2026/{BARE}",
        f"//bakery.example/{BARE}",
        f"https://bakery.example/{BARE}",
        f"https://notion.so.example/{BARE}",
        f"https://notnotion.so/{BARE}",
        f"https://notion.site/{BARE}",
        f"https://www.notion.com/{BARE}",
        f"https://www.notion.so/{BARE}?v={ANCHOR}",
        f"https://www.notion.so/{BARE}0",
        f"https://www.notion.so/x{BARE}",
        "https://www.notion.so/icons/bread_brown.svg",
        "https://[half",
        f"mailto:{BARE}@notion.so",
        f"javascript:alert('notion.so/{BARE}')",
        "https://www.notion.so/" + "a" * 100_000,
    ],
)
def test_another_address_leads_to_no_page(address: str) -> None:
    assert target_of(address) is None
    assert refs(says(linked(address))) == []


def test_a_view_of_a_database_is_no_page_wherever_a_database_is_meant() -> None:
    database = {**mention("database", {"id": A}), "href": f"https://app.notion.com/p/{BARE}"}
    assert refs(says(database)) == []
    assert refs(block("link_to_page", {"type": "database_id", "database_id": A})) == []
    assert refs(block("link_to_page", {"type": "comment_id", "comment_id": A})) == []
    assert refs(block("child_page", {"title": "Child"}, id=A)) == []


def test_each_page_is_named_once_in_the_order_of_the_document_and_the_page_itself_not() -> None:
    found = refs(
        says(page_mention(B), plain(" and "), page_mention(PAGE_ID), page_mention(B)),
        block(
            "toggle",
            {"rich_text": []},
            children=[block("link_to_page", {"type": "page_id", "page_id": C})],
        ),
        says(linked(f"/{BARE}"), page_mention(C)),
        block("link_to_page", {"type": "page_id", "page_id": PAGE_ID}),
        Related=prop("relation", [{"id": B}, {"id": "eeeeeeee-0000-4000-8000-00000000000e"}]),
    )
    assert found == [B, C, A, "eeeeeeee-0000-4000-8000-00000000000e"]


@pytest.mark.parametrize(
    "given_block",
    [
        says(page_mention(A), kind="callout"),
        block(
            "image",
            {"caption": [page_mention(A)], "type": "external", "external": {"url": f"/{B}"}},
        ),
        block(
            "code",
            {"caption": [page_mention(A)], "rich_text": [plain(f"https://www.notion.so/{B}")]},
        ),
        block("table_row", {"cells": [[plain("Rye")], [page_mention(A)]]}),
        block("meeting_notes", {"title": [page_mention(A)], "calendar_event": {"attendees": [B]}}),
        block("hologram", {"layers": [{"rich_text": [page_mention(A)]}]}),
        block("bookmark", {"caption": [], "url": f"https://www.notion.so/{BARE}"}),
        block("embed", {"caption": [], "url": f"https://bakery.notion.site/{BARE}"}),
        block("link_preview", {"url": f"https://app.notion.com/p/{BARE}"}),
        says({**mention("link_mention", {"href": f"https://www.notion.so/{BARE}"}), "href": None}),
        says({**mention("link_preview", {"url": f"https://www.notion.so/{BARE}"}), "href": None}),
        says({**linked(f"/{BARE}"), "href": None}),
        block("synced_block", {"synced_from": {"block_id": B}}, children=[says(page_mention(A))]),
    ],
)
def test_a_reference_is_found_wherever_it_stands_in_a_block(given_block: JSON) -> None:
    assert refs(given_block) == [A]


@pytest.mark.parametrize(
    "given_property",
    [
        prop("relation", [{"id": A}, {"id": BARE.upper()}]),
        prop("rich_text", [plain("see "), page_mention(A)]),
        prop("title", [page_mention(A)]),
        prop("url", f"https://www.notion.so/{BARE}"),
        prop("formula", {"type": "string", "string": f"https://www.notion.so/{BARE}"}),
        prop("rollup", {"type": "array", "array": [{"type": "relation", "relation": [{"id": A}]}]}),
        prop(
            "rollup",
            {"type": "array", "array": [{"type": "rich_text", "rich_text": [page_mention(A)]}]},
        ),
    ],
)
def test_a_reference_is_found_in_a_property(given_property: JSON) -> None:
    assert refs(Property=given_property) == [A]


def test_people_databases_and_words_in_properties_are_no_pages() -> None:
    found = refs(
        People=prop("people", [{"object": "user", "id": A}]),
        By=prop("created_by", {"object": "user", "id": A}),
        Words=prop("rich_text", [plain(f"https://www.notion.so/{BARE}")]),
        Choice=prop("select", {"id": A, "name": f"/{BARE}"}),
        Odd=prop("relation", None) | {"is_odd": True},
    )
    assert found == []


@pytest.mark.parametrize(
    "odd_block", [None, 7, "odd", [], {}, {"type": None}, {"type": "paragraph", "children": None}]
)
def test_what_follows_an_odd_block_is_found(odd_block: Any) -> None:
    assert refs(odd_block, says(page_mention(A))) == [A]


def test_five_thousand_levels_are_walked() -> None:
    blocks = deep(5_000)
    innermost = blocks[0]
    while "children" in innermost:
        [innermost] = innermost["children"]
    innermost["toggle"]["rich_text"] = [page_mention(A)]
    assert refs(*blocks) == [A]


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just(A),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "paragraph",
                    "rich_text",
                    "mention",
                    "page",
                    "id",
                    "href",
                    "children",
                    "url",
                ]
            ),
            inside,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(odd, max_size=3), odd)
def test_nothing_odd_raises(blocks: list[Any], value: Any) -> None:
    found = refs_of(
        {"Odd": value, "Sound": prop("relation", [{"id": B}])}, [*blocks, paragraph()], PAGE_ID
    )
    assert found.count(B) == 1
    assert set(found) <= {A, B}
