"""From an event of Notion's to the smallest sync that is right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model import Ask, Event
from lib.store.events import Around
from lib.sync.webhook import WINDOW_SECONDS, message, reached

AROUND = Around(
    seen=False,
    pages=frozenset({"row", "child", "original"}),
    databases=frozenset({"inner"}),
    sources={"db": "posts", "ds": "posts"},
)


def asks(kind: str, entity: str, parent: str = "", data_source: str = "", around: Around = AROUND) -> list[Ask]:
    event = Event(id="e", kind=kind, at=0.0, entity=entity, parent=parent, data_source=data_source)
    return reached(event, around, {"posts": "db"})


@pytest.mark.parametrize("what", ["content_updated", "properties_updated", "deleted", "moved", "undeleted", "created"])
def test_an_event_of_a_published_page_asks_for_that_page(what: str) -> None:
    assert asks(f"page.{what}", "child", "elsewhere") == [Ask(page="child")]


def test_an_edit_of_a_page_that_holds_originals_asks_for_it() -> None:
    assert asks("page.content_updated", "original", "workspace") == [Ask(page="original")]


@pytest.mark.parametrize(("parent", "data_source"), [("db", "ds"), ("db", ""), ("another", "ds")])
def test_a_new_row_asks_for_itself(parent: str, data_source: str) -> None:
    assert asks("page.created", "new", parent, data_source) == [Ask(page="new")]


def test_a_new_row_is_known_before_anything_was_synced() -> None:
    nothing = Around(seen=False, pages=frozenset(), databases=frozenset(), sources={})

    assert asks("page.created", "new", "db", "ds", nothing) == [Ask(page="new")]


def test_a_new_child_page_asks_for_the_page_around_it() -> None:
    assert asks("page.created", "new", "row") == [Ask(page="row")]


def test_a_page_that_moved_asks_for_itself_and_for_where_it_is_now() -> None:
    assert asks("page.moved", "child", "row") == [Ask(page="child"), Ask(page="row")]
    assert asks("page.moved", "unknown", "row") == [Ask(page="row")]


def test_a_row_of_a_child_database_asks_for_the_database() -> None:
    assert asks("page.properties_updated", "unknown", "inner", "unknown") == [Ask(page="inner")]


@pytest.mark.parametrize("kind", ["data_source.content_updated", "data_source.deleted", "data_source.undeleted"])
def test_an_event_of_a_source_asks_for_the_source(kind: str) -> None:
    assert asks(kind, "ds", "db") == [Ask(source="posts")]


def test_a_changed_schema_asks_for_the_source_whose_rows_show_it() -> None:
    assert asks("data_source.schema_updated", "ds", "db") == [Ask(source="posts")]


def test_a_changed_schema_of_a_child_database_asks_for_it_again_for_no_row_shows_all_of_it() -> None:
    assert asks("data_source.schema_updated", "unknown", "inner") == [Ask(page="inner", force=True)]
    assert asks("data_source.schema_updated", "unknown", "row") == [Ask(page="row")]


def test_an_event_of_the_older_kind_asks_for_the_source() -> None:
    assert asks("database.content_updated", "db", "row") == [Ask(source="posts")]


def test_an_event_of_a_child_database_asks_for_it() -> None:
    assert asks("data_source.content_updated", "unknown", "inner") == [Ask(page="inner")]
    assert asks("database.deleted", "inner", "row") == [Ask(page="inner")]


def test_a_new_database_on_a_published_page_asks_for_the_page() -> None:
    assert asks("database.created", "unknown", "row") == [Ask(page="row")]


@pytest.mark.parametrize(
    "kind", ["page.content_updated", "page.deleted", "data_source.content_updated", "database.moved"]
)
def test_what_is_not_published_asks_for_nothing(kind: str) -> None:
    assert asks(kind, "unknown", "unknown", "unknown") == []


MOMENTS = st.floats(min_value=1_780_000_000, max_value=1_780_000_100)


@given(first=MOMENTS, second=MOMENTS)
def test_an_event_is_deduplicated_only_before_the_delivery_of_the_other(first: float, second: float) -> None:
    first, second = sorted((first, second))
    one, other = message(Ask(page="a"), first), message(Ask(page="a"), second)

    if one.id == other.id:
        assert second < first + one.delay_seconds
    if second - first >= WINDOW_SECONDS:
        assert one.id != other.id


@given(now=MOMENTS)
def test_nobody_waits_longer_than_half_a_minute(now: float) -> None:
    assert 2 < message(Ask(page="a"), now).delay_seconds <= 30


def test_different_wishes_have_different_messages() -> None:
    wishes = [Ask(page="a"), Ask(page="b"), Ask(source="a"), Ask(source="a", force=True)]

    assert len({message(wish, 1_780_000_000.0).id for wish in wishes}) == 4
