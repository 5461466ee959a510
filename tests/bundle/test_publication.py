"""What an owner publishes."""

from typing import Any

import pytest

from lib.bundle.publication import (
    Publication,
    PublicationRule,
    RuleFault,
    publication_of,
    rule_faults,
)
from lib.bundle.schedule import schedule_of
from lib.model import JSON
from lib.notion.border.objects import Oddities, page_of
from tests.bundle.samples import PAGE_ID, PROPERTIES, TIME, page, plain, prop


def choice(name: str) -> JSON:
    return {"id": "1", "name": name, "color": "gray"}


def test_a_page_that_says_nothing_is_public() -> None:
    assert publication_of(page()) == Publication(published=True, visibility="public", paused=False)


def test_a_page_without_a_title_is_named_by_its_id_in_a_doubt() -> None:
    untitled = page({"Name": prop("title", []), "Visibility": prop("select", None)})
    assert (
        publication_of(untitled).doubt
        == f'"{PAGE_ID}": property "Visibility" says nothing: the page is published'
    )


def test_of_two_properties_that_differ_in_case_the_one_in_small_letters_counts() -> None:
    shouted = {
        "VISIBILITY": prop("select", choice("draft")),
        "SYNC": prop("select", choice("paused")),
    }
    plain = {"visibility": prop("select", choice("members")), "sync": prop("select", choice("on"))}
    assert publication_of(page({**shouted, **plain})) == Publication(
        published=True, visibility="members", paused=False
    )


@pytest.mark.parametrize("kind", ["select", "status"])
@pytest.mark.parametrize("property", ["visibility", "Visibility", "VISIBILITY"])
@pytest.mark.parametrize(
    ("name", "published", "visibility"),
    [
        ("draft", False, "draft"),
        (" Draft\u00a0", False, "Draft"),
        ("Members only", True, "Members only"),
        ("public", True, "public"),
        ("drafty", True, "drafty"),
    ],
)
def test_only_a_draft_is_not_published_and_any_other_word_stands_as_it_is(
    kind: str, property: str, name: str, published: bool, visibility: str
) -> None:
    found = publication_of(page({property: prop(kind, choice(name))}))
    assert (found.published, found.visibility) == (published, visibility)


DOUBT = '"Rye & Oats": property "Visibility" says nothing: the page is published'
HELD = '"Rye & Oats": property "{}" can\'t be read: the page stays as it is'


def rollup(*items: JSON) -> JSON:
    return prop("rollup", {"type": "array", "array": list(items), "function": "show_original"})


def formula(kind: str, value: Any) -> JSON:
    return prop("formula", {"type": kind, kind: value})


@pytest.mark.parametrize(
    ("property", "published", "visibility"),
    [
        (prop("title", [plain("Draft")]), False, "Draft"),
        (prop("rich_text", [plain(" dr"), plain("aft ")]), False, "draft"),
        (prop("rich_text", [plain("Members  only")]), True, "Members only"),
        (formula("string", "DRAFT"), False, "DRAFT"),
        (formula("string", "members"), True, "members"),
        (formula("boolean", True), True, "yes"),
        (formula("number", 3), True, "3"),
        (prop("multi_select", [choice("members"), choice("Draft")]), False, "members, Draft"),
        (prop("multi_select", [choice("members"), choice("vip")]), True, "members, vip"),
        (prop("url", "draft"), False, "draft"),
        (prop("email", "draft"), False, "draft"),
        (prop("phone_number", "draft"), False, "draft"),
        (prop("checkbox", True), True, "yes"),
        (prop("checkbox", False), True, "no"),
        (prop("number", 0), True, "0"),
        (prop("number", 1.5), True, "1.5"),
        (rollup(prop("select", choice("draft"))), False, "draft"),
        (rollup(prop("rich_text", [plain("members")])), True, "members"),
        (
            rollup(prop("select", choice("members")), formula("string", "draft")),
            False,
            "members, draft",
        ),
        (prop("rollup", {"type": "number", "number": 7, "function": "sum"}), True, "7"),
    ],
)
def test_a_visibility_of_any_kind_is_judged_by_its_text(
    property: JSON, published: bool, visibility: str
) -> None:
    assert publication_of(page({"Visibility": property})) == Publication(
        published, visibility, paused=False
    )


@pytest.mark.parametrize(
    "property",
    [
        prop("select", None),
        prop("status", None),
        prop("select", choice(" ")),
        prop("multi_select", []),
        prop("rich_text", []),
        prop("title", []),
        prop("url", None),
        prop("number", None),
        prop("formula", None),
        formula("string", None),
        rollup(),
        *(
            prop(kind, PROPERTIES[kind][0][kind])
            for kind in ("people", "files", "date", "relation", "button", "place")
        ),
        formula("date", {"start": TIME, "end": None}),
        prop("rollup", {"type": "incomplete", "incomplete": {}, "function": "count"}),
        rollup(prop("people", [])),
    ],
)
def test_a_visibility_that_says_nothing_is_public_and_doubted(property: JSON) -> None:
    assert publication_of(page({"Visibility": property})) == Publication(
        True, "public", False, DOUBT
    )


def test_of_two_properties_that_differ_in_case_the_one_that_says_something_counts() -> None:
    both = {"visibility": prop("select", None), "Visibility": prop("select", choice("draft"))}
    assert not publication_of(page(both)).published


def test_nothing_is_doubted_of_a_page_that_is_not_published_anyway() -> None:
    silent = {"Visibility": prop("select", None)}
    assert publication_of({**page(silent), "in_trash": True}).doubt == ""
    assert publication_of(page({**silent, "Sync": prop("select", choice("paused"))})).doubt == ""
    odd = {
        "Visibility": prop("select", choice("draft")),
        "Sync": {**prop("select", None), "is_odd": True},
    }
    assert publication_of(page(odd)) == Publication(
        published=False, visibility="draft", paused=True
    )


@pytest.mark.parametrize("name", ["Visibility", "SYNC"])
@pytest.mark.parametrize(
    "given",
    [
        None,
        {"id": "x"},
        prop("select", {"id": "1", "color": "gray"}),
        prop("status", {"name": None}),
        prop("multi_select", [choice("members"), {"name": None}]),
        prop("select", choice("dra\ud800ft")),
        prop("hologram", {"name": "draft"}),
        rollup(prop("select", {"name": 7})),
    ],
)
def test_a_page_is_held_back_while_it_can_not_be_read_what_its_owner_says(
    name: str, given: Any
) -> None:
    found = page_of(page({name: given}), Oddities())
    assert found
    state = publication_of(found)
    assert (state.published, state.paused, state.doubt) == (True, True, HELD.format(name))


@pytest.mark.parametrize("flag", ["in_trash", "is_archived", "archived"])
def test_a_page_in_the_trash_or_archived_is_not_published(flag: str) -> None:
    assert not publication_of({**page(), flag: True}).published
    assert publication_of({**page(), flag: None}).published


@pytest.mark.parametrize(
    ("property", "paused"),
    [
        (prop("select", choice("paused")), True),
        (prop("status", choice("Paused")), True),
        (prop("rich_text", [plain(" PAU"), plain("SED ")]), True),
        (prop("select", choice("on")), False),
        (prop("select", None), False),
        (prop("rich_text", []), False),
        (prop("checkbox", True), False),
        (prop("multi_select", [choice("on"), choice("Paused")]), True),
        (prop("formula", {"type": "string", "string": "paused"}), True),
        (prop("people", []), False),
    ],
)
def test_sync_paused_pauses_a_page(property: JSON, paused: Any) -> None:
    assert publication_of(page({"Sync": property})).paused is paused


RULE = PublicationRule("Status", ("Published", "Live now"))
STAYS = '"Rye & Oats": {}: the page stays as it is'


@pytest.mark.parametrize("name", ["Status", "status", " STATUS "])
@pytest.mark.parametrize(
    ("property", "published"),
    [
        *((prop(kind, choice("Published")), True) for kind in ("select", "status")),
        *((prop(kind, choice(" live\u00a0NOW")), True) for kind in ("select", "status")),
        *((prop(kind, choice("Not published")), False) for kind in ("select", "status")),
        *((prop(kind, None), False) for kind in ("select", "status", "url", "number", "formula")),
        (prop("multi_select", [choice("Draft"), choice("published")]), True),
        (prop("multi_select", [choice("Draft")]), False),
        (prop("multi_select", []), False),
        (prop("rich_text", [plain("Publ"), plain("ished ")]), True),
        (prop("rich_text", [plain("Published, soon")]), False),
        (prop("rich_text", []), False),
        (formula("string", "PUBLISHED"), True),
        (formula("string", ""), False),
        (rollup(prop("status", choice("Draft")), prop("status", choice("Published"))), True),
        (rollup(), False),
    ],
)
def test_by_a_rule_of_ones_own_only_its_words_are_published_and_as_public(
    name: str, property: JSON, published: bool
) -> None:
    found = publication_of(
        page({name: property, "Visibility": prop("select", choice("draft"))}), RULE
    )
    assert found == Publication(published, "public", paused=False)


@pytest.mark.parametrize(
    ("property", "word", "published"),
    [
        (prop("checkbox", True), "yes", True),
        (prop("checkbox", False), "yes", False),
        (prop("checkbox", True), "No", False),
        (prop("checkbox", False), "No", True),
        (formula("boolean", True), "Yes", True),
        (formula("boolean", False), "Yes", False),
        (formula("number", 3), "3", True),
        (prop("select", choice("Veröffentlicht")), "vero\u0308ffentlicht", True),
        (prop("select", choice("STRASSE")), "Straße", True),
    ],
)
def test_a_checkbox_says_yes_or_no_and_words_are_the_same_however_they_are_typed(
    property: JSON, word: str, published: bool
) -> None:
    assert (
        publication_of(page({"Public": property}), PublicationRule("public", (word,))).published
        is published
    )


@pytest.mark.parametrize(
    ("properties", "doubt"),
    [
        (
            {"State": prop("select", choice("Published"))},
            'it has no property "Status", which NOTION_PUBLISHED names',
        ),
        *(
            ({"Status": property}, 'property "Status", which NOTION_PUBLISHED names, has no words')
            for property in (
                *(
                    prop(kind, PROPERTIES[kind][0][kind])
                    for kind in ("people", "date", "relation", "button")
                ),
                prop("rollup", {"type": "incomplete", "incomplete": {}, "function": "count"}),
                formula("date", {"start": TIME, "end": None}),
                rollup(prop("people", [])),
            )
        ),
        ({"Status": None}, 'property "Status" can\'t be read'),
        ({"Status": prop("status", {"name": 7})}, 'property "Status" can\'t be read'),
        (
            {"Status": prop("multi_select", [choice("Draft"), {"name": None}])},
            'property "Status" can\'t be read',
        ),
    ],
)
def test_a_page_stays_as_it_is_while_a_rule_can_not_judge_it(properties: JSON, doubt: str) -> None:
    found = page_of(page(properties), Oddities())
    assert found
    assert publication_of(found, RULE) == Publication(
        True, "public", paused=True, doubt=STAYS.format(doubt)
    )


def test_a_word_of_the_rule_counts_although_another_one_can_not_be_read() -> None:
    found = page_of(
        page({"Status": prop("multi_select", [choice("Published"), {"name": None}])}), Oddities()
    )
    assert found
    assert publication_of(found, RULE) == Publication(True, "public", paused=False)


def test_what_is_paused_archived_or_in_the_trash_is_so_by_every_rule() -> None:
    status = {"Status": prop("status", choice("Published"))}
    assert publication_of(page({**status, "Sync": prop("select", choice("paused"))}), RULE).paused
    assert not publication_of({**page(status), "in_trash": True}, RULE).published
    assert publication_of({**page(), "is_archived": True}, RULE) == Publication(
        False, "public", True
    )


def test_a_page_has_the_window_that_its_date_says_in_the_zone_of_the_rule() -> None:
    date = {"Publish": prop("date", {"start": "2026-12-24", "end": None, "time_zone": None})}
    for rule in (
        PublicationRule(time_zone="Asia/Tokyo"),
        PublicationRule("Name", ("Rye & Oats",), "Asia/Tokyo"),
    ):
        found = publication_of(page(date), rule)
        assert (found.published, found.paused, found.doubt) == (True, False, "")
        assert (
            found.window
            == schedule_of(page(date), "Asia/Tokyo").window
            != schedule_of(page(date), "UTC").window
        )


def test_a_page_stays_as_it_is_while_its_date_can_not_be_read() -> None:
    date = {"Publish": prop("date", {"start": "soon", "end": None, "time_zone": None})}
    doubt = STAYS.format('property "Publish" is no date that can be read')
    assert publication_of(page(date)) == Publication(True, "public", paused=True, doubt=doubt)
    draft = page({**date, "Visibility": prop("select", choice("draft"))})
    assert publication_of(draft) == Publication(False, "draft", paused=True)


def test_the_fingerprint_of_a_rule_changes_with_what_it_says_and_only_then() -> None:
    same = [RULE, PublicationRule("status", ("live  now", "PUBLISHED", "published"))]
    others = [
        PublicationRule(),
        PublicationRule(time_zone="Asia/Tokyo"),
        PublicationRule("Status", ("Published",)),
        PublicationRule("Stage", RULE.words),
        PublicationRule("Status", RULE.words, "Asia/Tokyo"),
        PublicationRule("Status", ("Published, Live now",)),
    ]
    assert len({rule.fingerprint for rule in same}) == 1
    assert len({rule.fingerprint for rule in [*same, *others]}) == 1 + len(others)
    assert PublicationRule().fingerprint == ""


def schema(kind: str, *options: str) -> JSON:
    return {
        "Status": {
            "id": "1",
            "name": "Status",
            "type": kind,
            kind: {"options": [choice(one) for one in options]},
        }
    }


@pytest.mark.parametrize(
    ("properties", "faults"),
    [
        (schema("status", "Draft", "published", "Live  now"), []),
        (schema("rich_text"), []),
        (schema("formula"), []),
        ({"STATUS ": schema("rollup")["Status"]}, []),
        (
            {"Stage": schema("status")["Status"]},
            [RuleFault('no property is named "Status"', is_whole=True)],
        ),
        (
            schema("people"),
            [
                RuleFault(
                    'the property "Status" is of the type people, which has no words', is_whole=True
                )
            ],
        ),
        (
            schema("multi_select", "Draft", "Published"),
            [
                RuleFault(
                    'the property "Status" never says "Live now"; what it can say: "Draft",'
                    ' "Published"',
                    False,
                )
            ],
        ),
        (
            schema("select"),
            [
                RuleFault(
                    'the property "Status" never says "Published"; what it can say: nothing',
                    is_whole=True,
                ),
                RuleFault(
                    'the property "Status" never says "Live now"; what it can say: nothing',
                    is_whole=True,
                ),
            ],
        ),
        (
            schema("checkbox"),
            [
                RuleFault(
                    'the property "Status" never says "Published"; what it can say: "yes", "no"',
                    is_whole=True,
                ),
                RuleFault(
                    'the property "Status" never says "Live now"; what it can say: "yes", "no"',
                    is_whole=True,
                ),
            ],
        ),
        ({"status": schema("people")["Status"], **schema("select", "Published", "Live now")}, []),
    ],
)
def test_a_rule_names_a_property_and_words_that_are_there(
    properties: JSON, faults: list[RuleFault]
) -> None:
    assert rule_faults(RULE, properties) == faults
    assert rule_faults(PublicationRule(), properties) == []
