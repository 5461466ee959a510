"""Nothing in a bundle expires."""

import json
from hashlib import sha256
from typing import Any

import pytest

from lib.bundle.media import (
    FileRef,
    Found,
    Signed,
    address_for,
    hosted_files,
    settle_block,
    settle_file,
    settle_icon,
    with_copies,
    without_signatures,
)
from lib.model import JSON, Copy
from tests.bundle.samples import (
    ADDRESS,
    BLOCK_ID,
    HOST,
    KEY,
    PAGE_ID,
    SIGNED,
    block,
    emoji,
    external,
    hosted,
    page,
    paragraph,
    plain,
    prop,
)


def file_of(name: str) -> str:
    return sha256(f"{HOST}/{name}".encode()).hexdigest()[:16]


def at(name: str, holder: str = f"block={BLOCK_ID}") -> str:
    token = f"{holder}&file={file_of(name)}"
    return f"https://sync.example/api/media?{token}&mac={KEY.mac(token)}"


def test_an_address_names_the_holder_and_the_file_without_its_query_and_is_signed() -> None:
    address = ADDRESS
    assert address(FileRef(f"{HOST}/oven.jpg", "block", BLOCK_ID)) == at("oven.jpg")
    assert address(FileRef(f"{HOST}/oven.jpg", "page", PAGE_ID)) == at(
        "oven.jpg", f"page={PAGE_ID}"
    )


@pytest.mark.parametrize("kind", ["image", "video", "audio", "pdf", "file"])
def test_a_hosted_file_gets_a_lasting_address_and_keeps_its_caption(kind: str) -> None:
    caption = [plain("warm", bold=True)]
    settled = settle_block(
        block(kind, {"caption": caption, **hosted("oven.bin"), "name": "oven"}), ADDRESS
    )
    assert settled[kind] == {
        "caption": caption,
        "type": "file",
        "file": {"url": at("oven.bin")},
        "name": "oven",
    }


def test_an_external_file_stays_as_it_is() -> None:
    given = block("image", {"caption": [], **external()})
    assert settle_block(given, ADDRESS) == given


@pytest.mark.parametrize("kind", ["callout", "paragraph", "a_type_of_tomorrow"])
def test_a_hosted_icon_inside_any_block_is_settled(kind: str) -> None:
    settled = settle_block(
        block(kind, {"rich_text": [plain("Bread")], "icon": hosted("whisk.png")}), ADDRESS
    )
    assert settled[kind]["icon"] == {"type": "file", "file": {"url": at("whisk.png")}}
    assert settled[kind]["rich_text"] == [plain("Bread")]


def test_a_hosted_file_deep_inside_a_block_of_tomorrow_is_settled() -> None:
    settled = settle_block(
        block("gallery", {"shelves": [{"pictures": [hosted("1.png"), emoji()]}]}), ADDRESS
    )
    pictures = settled["gallery"]["shelves"][0]["pictures"]
    assert pictures == [{"type": "file", "file": {"url": at("1.png")}}, emoji()]


def test_a_hosted_file_is_known_by_its_type_or_by_its_expiry() -> None:
    typed = {"type": "file", "file": {"url": f"{HOST}/1.png?X-Amz-Expires=3600"}}
    settled = settle_block(
        block("gallery", {"typed": typed, "cover": hosted("2.png")["file"]}), ADDRESS
    )["gallery"]
    assert settled == {
        "typed": {"type": "file", "file": {"url": at("1.png")}},
        "cover": {"url": at("2.png")},
    }


@pytest.mark.parametrize(
    "named",
    [
        {"file": prop("url", "https://shop.example/item?id=42#buy")},
        {"file": {"url": "https://shop.example/item?id=42"}},
        {"file": prop("select", {"name": "file", "url": "https://shop.example/item?id=42"})},
        {
            "type": prop("select", {"name": "file"}),
            "file": prop("url", "https://shop.example/item?id=42"),
        },
        {
            "expiry_time": prop("date", {"start": "2026-05-01"}),
            "url": prop("url", "https://shop.example/item?id=42"),
        },
        {
            "file": prop(
                "multi_select",
                [{"name": "file", "type": "file", "file": "https://shop.example/item?id=42"}],
            )
        },
    ],
)
def test_what_only_has_the_name_of_a_file_stays_as_it_is(named: JSON) -> None:
    given = page(named)
    assert without_signatures(given) is given
    assert hosted_files(given) == {}
    assert settle_block(block("shop", named), ADDRESS)["shop"] is named


def test_a_property_of_files_may_have_any_name() -> None:
    given = page({"file": prop("files", [{"name": "oven", **hosted("oven.jpg")}])})
    [item] = without_signatures(given)["properties"]["file"]["files"]
    assert item["file"]["url"] == f"{HOST}/oven.jpg"


@pytest.mark.parametrize("levels", [300, 100_000])
def test_no_depth_of_what_a_block_holds_is_too_deep(levels: int) -> None:
    inside: Any = [hosted("oven.jpg"), external()]
    for level in range(levels):
        inside = [inside] if level % 2 else {"inside": inside}
    given = block("gallery", inside)
    for changed, url in (
        (settle_block(given, ADDRESS), at("oven.jpg")),
        (without_signatures(given), f"{HOST}/oven.jpg"),
    ):
        level = changed["gallery"]
        for _ in range(levels):
            level = level[0] if isinstance(level, list) else level["inside"]
        assert level[0]["file"]["url"] == url
        assert level[1] == external()
    assert list(hosted_files(given)) == [file_of("oven.jpg")]


def test_settling_changes_nothing_of_the_block_it_was_given() -> None:
    given = block("image", {"caption": [], **hosted()})
    settle_block(given, ADDRESS)
    assert given == block("image", {"caption": [], **hosted()})


def test_a_block_is_settled_without_its_children_and_without_the_id_of_the_request() -> None:
    given = paragraph(children=[paragraph("inside")], request_id="r", unavailable="why")
    settled = settle_block(given, ADDRESS)
    assert settled == {
        name: value for name, value in given.items() if name not in ("children", "request_id")
    }


def test_the_parts_of_meeting_notes_are_no_children_of_the_block() -> None:
    payload = {"title": [plain("Monday")], "children": {"notes_block_id": PAGE_ID}}
    assert settle_block(block("meeting_notes", payload), ADDRESS)["meeting_notes"] == payload


def test_a_plain_address_named_url_is_no_hosted_file() -> None:
    given = block("bookmark", {"caption": [], "url": "https://bakery.example/?a=1#top"})
    assert settle_block(given, ADDRESS) == given


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (None, None),
        (external("https://a.example/1.png?x=1"), "https://a.example/1.png?x=1"),
        (hosted("cover.png"), at("cover.png", f"page={PAGE_ID}")),
        (hosted("cover.png", "#part"), at("cover.png", f"page={PAGE_ID}")),
        (hosted("\ud800"), at("?", f"page={PAGE_ID}")),
        ({"type": "file_upload", "file_upload": {"id": "u"}}, None),
        ({"type": "file", "file": None}, None),
        ({"type": "file", "file": "https://a.example/1.png"}, None),
        ({"type": "external", "external": {"url": 7}}, None),
        ({"type": ["file"], "file": {"url": "https://a.example/1.png"}}, None),
        ("https://a.example/1.png", None),
    ],
)
def test_a_file_of_a_page_is_one_address_or_none(file: JSON | None, expected: str | None) -> None:
    assert settle_file(file, PAGE_ID, ADDRESS) == expected


@pytest.mark.parametrize(
    ("icon", "expected"),
    [
        (None, None),
        (emoji("🥐"), "🥐"),
        (
            {"type": "custom_emoji", "custom_emoji": {"id": "e", "url": "https://e.example/l"}},
            "https://e.example/l",
        ),
        (
            {"type": "icon", "icon": {"name": "map-pin", "color": "blue"}},
            "https://www.notion.so/icons/map-pin_blue.svg",
        ),
        (
            {"type": "icon", "icon": {"name": "a/b", "color": None}},
            "https://www.notion.so/icons/a%2Fb_gray.svg",
        ),
        (external("https://a.example/i.svg"), "https://a.example/i.svg"),
        (hosted("icon.png"), at("icon.png", f"page={PAGE_ID}")),
        ({"type": "an_icon_of_tomorrow"}, None),
        ({"type": "emoji", "emoji": None}, None),
        ({"type": "icon", "icon": {"name": None}}, None),
        ({"type": "custom_emoji", "custom_emoji": None}, None),
        (["file"], None),
    ],
)
def test_an_icon_is_emoji_text_or_an_address(icon: JSON | None, expected: str | None) -> None:
    assert settle_icon(icon, PAGE_ID, ADDRESS) == expected


def test_the_files_of_a_bundle_are_found_with_the_addresses_they_were_read_at() -> None:
    found = Found(ADDRESS)
    settle_block(block("image", hosted("oven.jpg")), found)
    settle_block(block("image", hosted("oven.jpg")), found)
    settle_block(block("image", external()), found)
    assert settle_file(hosted("cover.png"), PAGE_ID, found) == at("cover.png", f"page={PAGE_ID}")
    tokens = [
        f"block={BLOCK_ID}&file={file_of('oven.jpg')}",
        f"page={PAGE_ID}&file={file_of('cover.png')}",
    ]
    assert list(found.refs) == tokens
    assert [ref.signed for ref in found.refs.values()] == [
        f"{HOST}/oven.jpg{SIGNED}",
        f"{HOST}/cover.png{SIGNED}",
    ]


def test_an_object_without_signatures_is_the_same_in_all_else() -> None:
    given = block(
        "image", {"caption": [plain("warm")], **hosted("oven.jpg"), "icon": hosted("whisk.png")}
    )
    bare = without_signatures(given)
    assert "X-Amz" not in repr(bare)
    assert settle_block(bare, ADDRESS) == settle_block(given, ADDRESS)
    assert set(hosted_files(bare)) == set(hosted_files(given))
    assert given == block(
        "image", {"caption": [plain("warm")], **hosted("oven.jpg"), "icon": hosted("whisk.png")}
    )


def test_every_file_that_gets_an_address_is_found_again_with_a_fresh_one() -> None:
    gallery = {
        "pictures": [hosted("1.png"), {"inside": [hosted("2.png")]}],
        "more": [hosted("3.png")],
        **hosted("4.png"),
    }
    given, found = block("gallery", gallery, icon=hosted("5.png")), Found(ADDRESS)
    settle_block(given, found)
    assert len(found.refs) == 5
    assert {ref.file: ref.signed for ref in found.refs.values()} == {
        file: signed.url for file, signed in hosted_files(given).items()
    }


def test_what_holds_no_file_is_not_copied() -> None:
    given = block(
        "gallery", {"pictures": [external(), {"inside": [emoji()]}], "caption": [plain("warm")]}
    )
    assert without_signatures(given) is given
    assert settle_block(given, ADDRESS)["gallery"] is given["gallery"]


def test_a_link_that_somebody_wrote_keeps_its_signature() -> None:
    given = block("paragraph", {"rich_text": [{**plain("see"), "href": f"{HOST}/1.png{SIGNED}"}]})
    assert without_signatures(given) == given


def test_hosted_files_come_with_their_end() -> None:
    found = hosted_files(block("image", hosted("oven.jpg")))
    assert list(found.values()) == [Signed(f"{HOST}/oven.jpg{SIGNED}", "2026-10-01T09:00:00.000Z")]


def test_copies_take_the_places_of_our_addresses_with_the_size_of_pictures() -> None:
    text = json.dumps(
        {"cover": at("a.png"), "file": {"url": at("a.png")}, "other": {"url": at("b.pdf")}}
    )
    text = text.replace('": ', '":')
    file = file_of("a.png")
    copied = json.loads(with_copies(text, {file: Copy("https://s.blob.example/a.png", 320, 200)}))
    assert copied == {
        "cover": "https://s.blob.example/a.png",
        "file": {"url": "https://s.blob.example/a.png", "width": 320, "height": 200},
        "other": {"url": at("b.pdf")},
    }


def test_the_addresses_of_a_local_stack_give_way_to_copies_too() -> None:
    address = address_for("http://127.0.0.1:3000", KEY.mac)(
        FileRef(f"{HOST}/a.png", "page", PAGE_ID)
    )
    copied = with_copies(
        f'{{"cover":"{address}"}}', {file_of("a.png"): Copy("https://s.blob.example/a.png")}
    )
    assert copied == '{"cover":"https://s.blob.example/a.png"}'


def test_the_addresses_of_formats_before_3_give_way_to_copies_too() -> None:
    address = at("a.png").partition("&mac=")[0]
    copied = with_copies(
        f'{{"cover":"{address}"}}', {file_of("a.png"): Copy("https://s.blob.example/a.png")}
    )
    assert copied == '{"cover":"https://s.blob.example/a.png"}'


def test_what_has_no_copy_or_only_speaks_of_an_address_stays() -> None:
    file = file_of("a.png")
    for text in (
        f'{{"url":"{at("a.png")}"}}',
        json.dumps({"plain_text": f"see {at('a.png')} there"}),
    ):
        assert with_copies(text, {}) == text
        assert with_copies(text, {file: Copy("")}) == text
    spoken = json.dumps({"plain_text": f'he wrote "{at("a.png")}"'})
    assert with_copies(spoken, {file: Copy("https://s.blob.example/a.png")}) == spoken
