"""Properties as plain JSON."""

import json
from typing import Any

import pytest

from lib.bundle.properties import fingerprint, flat_properties, property_named, text_of, title_of
from lib.model import JSON
from lib.notion.border.objects import Oddities, page_of
from tests.bundle.samples import (
    ADDRESS,
    EQUATION,
    NAMELESS,
    OTHER_ID,
    PERSON,
    PROPERTIES,
    TIME,
    hosted,
    mention,
    page,
    plain,
    prop,
)

NOT_LISTS = ("number",)
"""Types of which 4711 is a sound value."""


def flat(property: JSON) -> Any:
    return flat_properties(page({"It": property}), ADDRESS)["It"]


@pytest.mark.parametrize("kind", PROPERTIES)
def test_a_property_of_every_type_becomes_plain_json(kind: str) -> None:
    property, expected = PROPERTIES[kind]
    assert flat_properties(page({"It": property}), ADDRESS) == {
        "Name": "Rye & Oats",
        "It": expected,
    }


@pytest.mark.parametrize("kind", PROPERTIES)
def test_an_empty_property_is_null_or_an_empty_list_or_text(kind: str) -> None:
    texts, lists = ("title", "rich_text"), ("multi_select", "people", "relation", "files")
    empties: list[Any] = [None, []] if kind in (*texts, *lists) else [None]
    expected: Any = "" if kind in texts else [] if kind in lists else None
    assert [flat(prop(kind, empty)) for empty in empties] == [expected for _ in empties]


def test_properties_keep_their_names_and_their_order() -> None:
    properties = {
        f"{kind} Ünicode": property for kind, (property, _) in PROPERTIES.items() if kind != "title"
    }
    assert list(flat_properties(page(properties), ADDRESS)) == ["Name", *properties]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ({"type": "string", "string": None}, None),
        ({"type": "number", "number": 0}, 0),
        ({"type": "boolean", "boolean": False}, False),
        ({"type": "date", "date": None}, None),
        (
            {"type": "date", "date": {"start": TIME, "end": None}},
            {"start": TIME, "end": None, "timeZone": None},
        ),
        ({"type": "unsupported", "unsupported": {}}, None),
    ],
)
def test_a_formula_is_its_value(formula: JSON, expected: Any) -> None:
    assert flat(prop("formula", formula)) == expected


@pytest.mark.parametrize(
    ("rollup", "expected"),
    [
        ({"type": "number", "number": None, "function": "sum"}, None),
        (
            {"type": "date", "date": {"start": TIME, "end": None}},
            {"start": TIME, "end": None, "timeZone": None},
        ),
        ({"type": "unsupported", "unsupported": {}, "function": "count"}, None),
        ({"type": "incomplete", "incomplete": {}, "function": "count"}, None),
        ({"type": "array", "array": [], "function": "show_original"}, []),
    ],
)
def test_a_rollup_is_its_value(rollup: JSON, expected: Any) -> None:
    assert flat(prop("rollup", rollup)) == expected


def test_a_rollup_of_many_is_the_list_of_their_values() -> None:
    array = [
        *({"type": kind, kind: property[kind]} for kind, (property, _) in PROPERTIES.items()),
        {"type": "formula", "formula": {"type": "number", "number": 3}},
    ]
    expected = [*(value for _, value in PROPERTIES.values()), 3]
    assert (
        flat(prop("rollup", {"type": "array", "array": array, "function": "show_original"}))
        == expected
    )


@pytest.mark.parametrize(
    ("unique_id", "expected"),
    [
        ({"prefix": None, "number": 12}, "12"),
        ({"prefix": "", "number": 0}, "0"),
        ({"prefix": "A", "number": None}, None),
    ],
)
def test_a_unique_id_reads_as_notion_shows_it(unique_id: JSON, expected: str | None) -> None:
    assert flat(prop("unique_id", unique_id)) == expected


def test_a_page_that_was_never_verified_has_nobody_who_did() -> None:
    unverified = {"state": "unverified", "verified_by": None, "date": None}
    assert flat(prop("verification", unverified)) == {
        "state": "unverified",
        "by": None,
        "date": None,
    }


def test_files_have_lasting_addresses() -> None:
    [file] = flat(prop("files", [{"name": "oven.jpg", **hosted("oven.jpg")}]))
    assert file["name"] == "oven.jpg"
    assert file["url"].startswith("https://sync.example/api/media?page=")


def test_plain_text_stands_alone_when_nothing_of_it_is_lost() -> None:
    assert set(
        flat_properties(page({"Intro": prop("rich_text", [plain("a"), plain("b")])}), ADDRESS)
    ) == {
        "Name",
        "Intro",
    }


@pytest.mark.parametrize(
    "item",
    [
        plain("x", bold=True),
        plain("x", code=True),
        plain("x", color="red_background"),
        {**plain("x"), "href": "https://a.example"},
        {**plain("x"), "text": {"content": "x", "link": {"url": "/p"}}},
        EQUATION,
        mention("page", {"id": OTHER_ID}),
        mention("date", {"start": "2026-05-01", "end": None, "time_zone": None}),
        mention("database", {"id": OTHER_ID}),
        mention("link_preview", {"url": "https://a.example"}),
        mention("link_mention", {"href": "https://a.example"}),
        mention(
            "template_mention", {"type": "template_mention_date", "template_mention_date": "today"}
        ),
        mention("custom_emoji", {"id": "e", "name": "loaf", "url": "https://e.example/l.png"}),
    ],
)
def test_formatted_text_stands_beside_its_plain_text_as_notion_gives_it(item: JSON) -> None:
    items = [plain("so "), item]
    flattened = flat_properties(page({"Intro": prop("rich_text", items)}), ADDRESS)
    assert flattened["Intro"] == f"so {item['plain_text']}"
    assert flattened["Intro__rich"] == items


def test_a_property_of_the_owner_is_never_hidden_by_formatted_text() -> None:
    own = {"Intro__rich": prop("number", 1), "Intro": prop("rich_text", [plain("x", bold=True)])}
    assert flat_properties(page(own), ADDRESS)["Intro__rich"] == 1


def test_no_address_and_no_portrait_of_a_person_is_published() -> None:
    people = {
        "Team": prop("people", [PERSON]),
        "By": prop("created_by", PERSON),
        "Check": prop("verification", {"state": "verified", "verified_by": PERSON, "date": None}),
        "Intro": prop(
            "rich_text", [mention("user", PERSON, "@Ada"), mention("user", NAMELESS, "@?")]
        ),
        "Roll": prop("rollup", {"type": "array", "array": [prop("people", [PERSON])]}),
    }
    found = page_of(page(people), Oddities())
    assert found
    flattened = flat_properties(found, ADDRESS)
    published = json.dumps(flattened)
    assert "people.example" not in published
    assert "portraits" not in published
    user = {"object": "user", "id": OTHER_ID, "name": "Ada"}
    assert json.loads(published)["Intro__rich"][0]["mention"] == {"type": "user", "user": user}
    assert flattened["Roll"] == [["Ada"]]


@pytest.mark.parametrize("kind", [*PROPERTIES, "hologram"])
def test_an_odd_property_is_null_whatever_its_type(kind: str) -> None:
    found = page_of(
        page({"It": {"id": "1", "type": kind, kind: ["?"] if kind in NOT_LISTS else 4711}}),
        Oddities(),
    )
    assert found
    assert found["properties"]["It"]["is_odd"] is True
    assert flat_properties(found, ADDRESS) == {"Name": "Rye & Oats", "It": None}


def test_a_member_that_is_not_of_the_propertys_type_is_not_read() -> None:
    assert flat_properties(page({"It": {**prop("number", 1), "rich_text": 4711}}), ADDRESS) == {
        "Name": "Rye & Oats",
        "It": 1,
    }


def test_the_title_is_found_by_its_type() -> None:
    assert title_of({"properties": {"Überschrift": prop("title", [plain("Rye")])}}) == "Rye"
    assert title_of({"properties": {"title": prop("rich_text", [plain("Rye")])}}) == ""
    assert title_of({"properties": {"Name": prop("title", [])}}) == ""


def test_a_title_is_one_line_without_invisible_characters() -> None:
    written = [plain(" Rye\u00a0\u00a0and\n"), plain("\u200bOa\u2060ts\ufeff \ud83d 👩\u200d🍳 ")]
    assert title_of({"properties": {"Name": prop("title", written)}}) == "Rye and Oats 👩\u200d🍳"


def test_a_property_is_found_by_its_name_in_any_case() -> None:
    found = page({"SLUG ": prop("number", 1), "Slug": prop("number", 2), "slug": prop("number", 3)})
    assert property_named(found, "slug") == prop("number", 3)
    assert property_named(found, "Slug") == prop("number", 2)
    assert property_named(page({"SLUG": prop("number", 1)}), "slug") == prop("number", 1)
    assert property_named(page(), "slug") is None


@pytest.mark.parametrize("kind", ["title", "rich_text", "select", "status", "url", "formula"])
def test_the_text_of_a_property_is_read_from_the_types_asked_for_only(kind: str) -> None:
    property, expected = PROPERTIES[kind]
    assert text_of(page({"It": property}), "it", (kind,)) == expected
    assert text_of(page({"It": property}), "it", ("number",)) == ""
    assert text_of(page({"It": prop(kind, None)}), "it", (kind,)) == ""


def test_a_property_of_another_type_does_not_hide_the_one_asked_for() -> None:
    both = page({"slug": prop("number", 1), "Slug": prop("rich_text", [plain("rye")])})
    assert text_of(both, "slug", ("rich_text",)) == "rye"


def test_a_fingerprint_tells_names_and_values_apart() -> None:
    wind = prop("number", 3)
    pages = [
        {"Wind": wind},
        {"Beaufort": wind},
        {"Wind": prop("number", 4)},
        {"Wind": wind, "Sea": prop("number", None)},
    ]
    assert len({fingerprint(page(properties)) for properties in pages}) == len(pages)


def test_a_fingerprint_is_the_same_in_any_order_and_with_any_signature() -> None:
    one = page({"A": prop("number", 1), "B": prop("files", [hosted("map.png", "?signed=1")])})
    other = page({"B": prop("files", [hosted("map.png", "?signed=2")]), "A": prop("number", 1)})
    assert one != other
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("kind", ["formula", "rollup"])
def test_a_fingerprint_counts_what_is_computed_by_its_name_only(kind: str) -> None:
    now, later = (
        page({"Days left": prop(kind, {"type": "number", "number": days})}) for days in (2, 1)
    )
    assert fingerprint(now) == fingerprint(later)
    assert fingerprint(now) != fingerprint(
        page({"Days": prop(kind, {"type": "number", "number": 2})})
    )


def test_a_fingerprint_is_the_same_before_and_after_a_list_is_completed() -> None:
    cut, whole, short = (
        page({"Seen": prop("relation", [{"id": str(n)} for n in range(of)])}) for of in (25, 30, 24)
    )
    assert fingerprint(cut) == fingerprint(whole) != fingerprint(short)
