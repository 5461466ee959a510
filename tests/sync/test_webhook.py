"""From an event of Notion's to the smallest sync that is right."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model import Ask, Event
from lib.qstash.messages import Message
from lib.store.events import Around, Wish
from lib.sync.webhook import WINDOW_SECONDS, own_message, reached_asks, shared_message, wished_pages

AROUND = Around(
    seen=False,
    pages=frozenset({"row", "child", "original"}),
    databases=frozenset({"inner"}),
    sources={"db": "posts", "ds": "posts"},
)


def asks(
    kind: str, entity: str, parent: str = "", data_source: str = "", around: Around = AROUND
) -> list[Ask]:
    event = Event(id="e", kind=kind, at=0.0, entity=entity, parent=parent, data_source=data_source)
    return reached_asks(event, around, {"posts": "db"})


@pytest.mark.parametrize(
    "what", ["content_updated", "properties_updated", "deleted", "moved", "undeleted", "created"]
)
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


@pytest.mark.parametrize(
    "kind", ["data_source.content_updated", "data_source.deleted", "data_source.undeleted"]
)
def test_an_event_of_a_source_asks_for_the_source(kind: str) -> None:
    assert asks(kind, "ds", "db") == [Ask(source="posts")]


def test_a_changed_schema_asks_for_the_source_whose_rows_show_it() -> None:
    assert asks("data_source.schema_updated", "ds", "db") == [Ask(source="posts")]


def test_a_changed_schema_of_a_child_database_asks_for_it_again_for_no_row_shows_all_of_it() -> (
    None
):
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
    "kind",
    ["page.content_updated", "page.deleted", "data_source.content_updated", "database.moved"],
)
def test_what_is_not_published_asks_for_nothing(kind: str) -> None:
    assert asks(kind, "unknown", "unknown", "unknown") == []


def wish(
    kind: str, entity: str, parent: str = "", data_source: str = "", around: Around = AROUND
) -> list[Wish]:
    event = Event(id="e", kind=kind, at=0.0, entity=entity, parent=parent, data_source=data_source)
    return wished_pages(event, around, {"posts": "db", "pages": "other"})


HOMES = msgspec.structs.replace(AROUND, homes={"row": "posts", "child": "posts"})


@pytest.mark.parametrize("what", ["created", "content_updated", "properties_updated"])
def test_what_a_listing_shows_may_be_left_to_a_run_of_the_source(what: str) -> None:
    assert wish(f"page.{what}", "row", "db", "ds", HOMES) == [Wish("row", "posts")]
    assert wish(f"page.{what}", "child", "row", around=HOMES) == [Wish("child", "posts")]
    assert wish(f"page.{what}", "new", "db") == [Wish("new", "posts")]


@pytest.mark.parametrize("what", ["deleted", "undeleted", "moved"])
def test_what_a_listing_of_changed_rows_does_not_show_is_looked_at_by_itself(what: str) -> None:
    assert wish(f"page.{what}", "row", "db", "ds", HOMES) == [Wish("row")]


def test_a_page_of_which_nobody_knows_where_it_stands_is_looked_at_by_itself() -> None:
    assert wish("page.content_updated", "original", "workspace", around=HOMES) == [Wish("original")]
    assert wish("page.content_updated", "row", "other", around=HOMES) == [Wish("row")]


def test_a_source_that_is_not_synced_any_more_asks_for_nothing() -> None:
    gone = Around(seen=False, pages=frozenset(), databases=frozenset(), sources={"d": "old"})

    assert wish("page.created", "new", "d", around=gone) == []
    assert wish("data_source.content_updated", "d", around=gone) == []


MOMENTS = st.floats(min_value=1_780_000_000, max_value=1_780_000_100)


def shared(moment: float, source: str = "", site: str = "https://a.example") -> Message:
    return shared_message(site, source, int(moment // WINDOW_SECONDS), moment)


@given(first=MOMENTS, second=MOMENTS)
def test_an_event_is_deduplicated_only_before_the_delivery_of_the_other(
    first: float, second: float
) -> None:
    first, second = sorted((first, second))
    one, other = shared(first), shared(second)

    if one.id == other.id:
        assert second < first + one.delay_seconds
    if second - first >= WINDOW_SECONDS:
        assert one.id != other.id


@given(now=MOMENTS)
def test_nobody_waits_longer_than_half_a_minute(now: float) -> None:
    assert 2 < shared(now).delay_seconds <= 30


def test_an_event_that_is_noted_for_the_window_after_its_own_waits_for_the_end_of_that() -> None:
    begins = 71_200_000 * WINDOW_SECONDS

    assert shared_message("", "", 71_200_000, begins - 1.5).delay_seconds == WINDOW_SECONDS + 4
    assert shared_message("", "", 71_200_000, begins + WINDOW_SECONDS + 5.0).delay_seconds == 0


def test_different_wishes_have_different_messages() -> None:
    now, event = 1_780_000_000.0, Event(id="e", kind="page.moved", at=0.0, entity="a")
    own = [own_message("s", event, Wish(page), now) for page in ("a", "b")]
    own.append(own_message("s", msgspec.structs.replace(event, id="f"), Wish("a"), now))
    several = [
        *own,
        shared(now),
        shared(now, "a"),
        shared(now, "b"),
        shared(now, site="https://b.example"),
    ]

    assert len({message.id for message in several}) == len(several)
    assert {message.delay_seconds for message in own} == {0}
