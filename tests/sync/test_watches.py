"""What has to be asked one by one, and what is known without a question."""

from typing import Any

import pytest

from lib.model import Kept, KeptDatabase
from lib.sync.facts import Watched
from lib.sync.plan import make
from lib.sync.watches import doubtful_originals, missing, watches
from tests.sync.test_plan import AFTER_THE_MINUTE, kept, known, listed, row


def family(**top: Any) -> dict[str, Kept]:
    """A row with a child page that has one too."""
    pages = {"a": kept("a", children=["c"], **top), "c": kept("c", parent="a", slug="a/c", children=["d"])}
    return pages | {"d": kept("d", parent="c", slug="a/c/d")}


def test_only_rows_of_a_listed_source_can_be_missing() -> None:
    pages = family() | {"b": kept("b", source="posts"), "z": kept("z")}

    assert missing(listed(row("a")), known(pages)) == {"pages": ["z"]}


def test_every_child_page_is_watched_to_any_depth() -> None:
    assert watches(listed(row("a")), known(family()), None).pages == ["c", "d"]


@pytest.mark.parametrize("state", [{"paused": True}, {"published": False}, {"paused": True, "published": False}])
def test_nothing_is_watched_or_read_under_a_row_that_is_paused_or_a_draft(state: dict[str, bool]) -> None:
    listing = listed(row("a", **state))

    assert watches(listing, known(family()), None).pages == []
    assert make(listing, known(family(), overdue=("a", "c", "d")), Watched()).items == []


def test_nothing_that_a_paused_row_shows_is_watched() -> None:
    pages = family(hidden=["h"], unreadable=["u"], copied={"o": None})

    asked = watches(listed(row("a", paused=True)), known(pages), None)

    assert (asked.pages, asked.unreadable, asked.originals) == ([], [], [])


def test_nothing_of_another_source_is_watched() -> None:
    pages = {id: kept(id, source="posts", hidden=[f"h-{id}"]) for id in ("b", "z")}

    assert watches(listed(row("a")), known({"a": kept("a")} | pages), None).pages == []


def test_a_child_page_that_became_a_row_is_not_asked_for() -> None:
    pages = {"a": kept("a", children=["b", "n"]), "b": kept("b")}

    assert watches(listed(row("a"), row("b"), row("n")), known(pages), None).pages == []


def test_a_lost_original_is_asked_for_by_itself() -> None:
    asked = watches(listed(row("a")), known({"a": kept("a", copied={"o": None})}), None)

    assert (asked.originals, asked.pages) == (["o"], [])


def test_an_original_on_a_row_is_known_without_a_question_and_one_on_a_child_page_is_asked_for() -> None:
    pages = {"a": kept("a", copied={"o": "b", "p": "post", "q": "c"})}
    pages |= {"b": kept("b"), "post": kept("post", source="posts"), "c": kept("c", parent="post", source="posts")}

    assert watches(listed(row("a"), row("b")), known(pages), None).pages == ["c"]
    assert watches(listed(row("a"), row("new")), known({"a": kept("a", copied={"o": "new"})}), None).pages == []


def test_a_child_database_is_watched_once_it_was_read_and_until_it_is_lost() -> None:
    read = KeptDatabase("D", ["s"], AFTER_THE_MINUTE, AFTER_THE_MINUTE, "x")
    lost = KeptDatabase("L", ["s"], AFTER_THE_MINUTE, AFTER_THE_MINUTE, "x", lost=True)
    memory = known({"a": kept("a", databases=["read", "lost", "new"])}, databases={"read": read, "lost": lost})

    assert watches(listed(row("a")), memory, None).databases == ["read"]


def test_an_original_whose_page_is_well_is_not_asked_for() -> None:
    memory = known({"a": kept("a", copied={"o": "e", "p": "f"})})

    assert doubtful_originals({"e": {"id": "e", "in_trash": False}, "f": None}, memory) == ["p"]
