"""What makes a page or a child database due, reason by reason, and what does not."""

from typing import Any

import pytest

from lib.model import JSON, KeptDatabase
from lib.sync.facts import Watched
from lib.sync.plan import make
from tests.sync.test_plan import AFTER_THE_MINUTE, LATER, MINUTE, due, kept, known, listed, row

EARLIER = "2026-05-01T09:50:00.000Z"
LONG_AFTER = AFTER_THE_MINUTE + 3_600


def child(**more: Any) -> JSON:
    """A child page as Notion shows it when it is asked for by itself."""
    title = {"id": "title", "type": "title", "title": [{"type": "text", "plain_text": "c"}]}
    return {"id": "c", "created_time": MINUTE, "last_edited_time": MINUTE, "properties": {"title": title}} | more


def database(**more: Any) -> KeptDatabase:
    facts: dict[str, Any] = {
        "data_source_ids": ["s"],
        "read_at": AFTER_THE_MINUTE,
        "began_at": AFTER_THE_MINUTE,
        "digest": "x",
    }
    return KeptDatabase("D", **facts | more)


@pytest.mark.parametrize("edited", [EARLIER, LATER])
def test_a_page_with_another_time_than_the_one_that_was_read_is_due_however_long_ago_that_was(edited: str) -> None:
    memory = known({"a": kept("a", read_at=LONG_AFTER)})

    assert due(make(listed(row("a", edited=edited)), memory, Watched())) == ["a"]


def test_a_child_page_that_became_a_row_is_due() -> None:
    assert due(make(listed(row("a")), known({"a": kept("a", parent="b")}), Watched())) == ["a"]


def test_a_page_whose_visibility_moved_no_time_is_due() -> None:
    assert due(make(listed(row("a")), known({"a": kept("a", visibility="members")}), Watched())) == ["a"]


@pytest.mark.parametrize(
    ("before", "page"),
    [
        ({"read_at": LONG_AFTER}, child(last_edited_time=LATER)),
        ({"read_at": AFTER_THE_MINUTE - 60}, child()),
        ({"version": 0}, child()),
    ],
)
def test_a_child_page_is_due_by_itself_for_its_time_its_minute_or_its_format(
    before: dict[str, Any], page: JSON
) -> None:
    pages = {"a": kept("a", children=["c"]), "c": kept("c", **{"parent": "a", "slug": "a/c", **before})}

    assert due(make(listed(row("a")), known(pages), Watched(read_at=LONG_AFTER, pages={"c": page}))) == ["c"]


def test_a_child_page_that_nobody_looked_at_is_due_for_what_is_known_of_it() -> None:
    pages = {"a": kept("a", began_at=LONG_AFTER, children=["c"]), "c": kept("c", parent="a", slug="a/c")}

    assert due(make(listed(row("a")), known(pages), Watched(), forced_at=LONG_AFTER)) == ["c"]
    assert due(make(listed(row("a")), known(pages), Watched())) == []


def test_a_child_page_in_the_trash_is_not_read_and_the_page_around_it_is() -> None:
    pages = {"a": kept("a", children=["b", "c"])}
    pages |= {id: kept(id, parent="a", slug=f"a/{id}") for id in ("b", "c")}

    [item] = make(listed(row("a")), known(pages), Watched(pages={"c": child(in_trash=True)})).items

    assert (item.id, item.due_children) == ("a", [])


def test_a_child_page_that_nobody_looked_for_makes_nothing_due() -> None:
    assert due(make(listed(row("a")), known({"a": kept("a", children=["c"])}), Watched())) == []


def test_a_page_is_due_in_the_run_that_finds_its_child_database_lost() -> None:
    memory = known({"a": kept("a", databases=["d"])}, databases={"d": database()})

    assert due(make(listed(row("a")), memory, Watched(lost_databases={"d"}))) == ["a"]
    assert due(make(listed(row("a")), memory, Watched())) == []


def test_a_forced_run_reads_the_child_databases_that_were_read_before_it_was_asked_for() -> None:
    pages = {"a": kept("a", began_at=LONG_AFTER, databases=["d", "e"])}
    memory = known(pages, databases={"d": database(), "e": database(began_at=LONG_AFTER)})

    assert due(make(listed(row("a")), memory, Watched(), forced_at=LONG_AFTER)) == ["d"]


def test_a_run_of_one_source_reads_no_child_database_of_another() -> None:
    pages = {"a": kept("a"), "b": kept("b", source="posts", databases=["d"])}

    assert due(make(listed(row("a")), known(pages), Watched())) == []


def test_a_run_of_one_page_reads_no_other() -> None:
    pages = {"a": kept("a", children=["b", "c"]), "z": kept("z", databases=["never read"])}
    pages["b"] = kept("b", parent="a", slug="a/b", children=["lost"])
    pages["c"] = kept("c", parent="a", slug="a/c")
    memory = known(pages, overdue=("a", "b", "c", "z"))

    [item] = make(listed(row("a")), memory, Watched(pages={"lost": None}), focus={"a"}).items

    assert (item.id, item.due_children) == ("a", [])
    assert make(listed(row("a")), known({"a": kept("a")}), Watched(), focus={"a"}).items == []


def test_a_run_of_one_child_page_reads_it_alone() -> None:
    pages = {"a": kept("a", children=["b", "c"])}
    pages |= {id: kept(id, parent="a", slug=f"a/{id}") for id in ("b", "c")}

    assert due(make(listed(), known(pages, overdue=("a", "b", "c")), Watched(), focus={"c"})) == ["c"]


def test_a_run_of_one_child_database_reads_it_whatever_shows_it() -> None:
    memory = known({"a": kept("a", source="posts")}, databases={"d": database(), "e": database()})

    assert due(make([], memory, Watched(changed_databases={"d"}), focus={"d"})) == ["d"]


def test_copies_are_due_by_the_time_of_the_page_that_holds_their_original() -> None:
    pages = {"a": kept("a", copied={"o": "b"}), "b": kept("b", source="posts", originals=["o"])}
    elsewhere = {"a": kept("a", copied={"o": "e"})}

    assert due(make(listed(row("a")), known(pages), Watched())) == []
    pages["b"] = kept("b", source="posts", originals=["o"], edited=LATER)
    assert due(make(listed(row("a")), known(pages), Watched())) == ["a"]
    assert due(make(listed(row("a")), known(elsewhere), Watched(pages={"e": child()}))) == []
    assert due(make(listed(row("a")), known(elsewhere), Watched())) == []  # nobody could say


def test_a_copy_whose_original_could_not_be_read_is_due_when_it_can() -> None:
    memory = known({"a": kept("a", copied={"o": None})})

    assert due(make(listed(row("a")), memory, Watched())) == []
    assert due(make(listed(row("a")), memory, Watched(found_originals={"o"}))) == ["a"]
