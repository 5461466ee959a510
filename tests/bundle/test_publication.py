"""What an owner publishes."""

from typing import Any

import pytest

from lib.bundle.publication import Publication, publication
from lib.model import JSON
from tests.bundle.samples import page, plain, prop


def choice(name: str) -> JSON:
    return {"id": "1", "name": name, "color": "gray"}


def test_a_page_that_says_nothing_is_public() -> None:
    assert publication(page()) == Publication(published=True, visibility="public", paused=False)


def test_of_two_properties_that_differ_in_case_the_one_in_small_letters_counts() -> None:
    shouted = {"VISIBILITY": prop("select", choice("draft")), "SYNC": prop("select", choice("paused"))}
    plain = {"visibility": prop("select", choice("members")), "sync": prop("select", choice("on"))}
    assert publication(page({**shouted, **plain})) == Publication(published=True, visibility="members", paused=False)


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
    found = publication(page({property: prop(kind, choice(name))}))
    assert (found.published, found.visibility) == (published, visibility)


@pytest.mark.parametrize("property", [prop("select", None), prop("status", None), prop("select", choice(" "))])
def test_an_empty_visibility_is_public(property: JSON) -> None:
    assert publication(page({"visibility": property})).visibility == "public"


def test_a_visibility_that_is_no_choice_says_nothing() -> None:
    for property in (prop("checkbox", True), prop("rich_text", [plain("draft")])):
        assert publication(page({"visibility": property})) == publication(page())


@pytest.mark.parametrize("flag", ["in_trash", "is_archived", "archived"])
def test_a_page_in_the_trash_or_archived_is_not_published(flag: str) -> None:
    assert not publication({**page(), flag: True}).published
    assert publication({**page(), flag: None}).published


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
    ],
)
def test_sync_paused_pauses_a_page(property: JSON, paused: Any) -> None:
    assert publication(page({"Sync": property})).paused is paused
