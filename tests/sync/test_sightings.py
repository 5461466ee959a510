"""What Notion shows of a page, held against what is remembered of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lib.sync.sightings
from lib.bundle.media import without_signatures
from lib.bundle.publication import PublicationRule
from lib.model import JSON, Observation, WorkItem
from lib.store.site import Known, Sighting
from lib.sync.sightings import (
    Row,
    child_of,
    is_doubtful,
    is_outdated,
    is_settled,
    judge_row,
    moment_of,
    raw,
    row_of,
    stamp_of,
)
from lib.times import UNKNOWN, instant
from tests.bundle.samples import SIGNED, hosted, plain, prop
from tests.sync.records import (
    EARLIER,
    LATER,
    MINUTE,
    RULE,
    SETTLED,
    SOURCE,
    WITHIN_THE_MINUTE,
    record,
    row_page,
    seen,
    word,
)

T0 = instant(MINUTE)


def row(read_at: float = SETTLED, **members: Any) -> Row:
    return row_of(row_page(**members), SOURCE, read_at, RULE)


def stamp(page: JSON, rule: PublicationRule = RULE) -> str:
    return row_of(page, SOURCE, SETTLED, rule).stamp


def child_stamp(page: JSON, rule: PublicationRule = RULE) -> str:
    return stamp_of(page, seen(parent="p"), rule)


def judged(
    one: Row, before: Observation | None = None, *, is_forced: bool = False, **known: Any
) -> Sighting | None:
    return judge_row(one, Known(before, **known), is_forced=is_forced)


# What is remembered of a page object.


def test_a_row_is_reduced_to_what_is_remembered_of_it() -> None:
    found = row(
        properties={"Visibility": word("members"), "slug": prop("rich_text", [plain("/us/")])}
    )

    assert found.page_id == "a"
    assert found.observation == seen("us", visibility="members")
    assert found.doubt == ""


@pytest.mark.parametrize(
    ("properties", "members", "is_published", "is_paused"),
    [
        ({"visibility": word("draft")}, {}, False, False),
        ({}, {"in_trash": True}, False, False),
        ({"sync": word("paused")}, {}, True, True),
    ],
)
def test_a_row_says_whether_it_is_published_and_whether_it_stays_as_it_is(
    properties: JSON, members: JSON, is_published: bool, is_paused: bool
) -> None:
    found = row(properties=properties, **members).observation

    assert (found.is_published, found.is_paused) == (is_published, is_paused)


def test_a_row_that_does_not_say_what_its_owner_wants_is_doubted() -> None:
    assert "says nothing" in row(properties={"visibility": prop("select", None)}).doubt


def test_a_time_that_can_not_be_read_is_the_moment_zero() -> None:
    assert moment_of(UNKNOWN) == row(last_edited_time=UNKNOWN).observation.edited_at == 0


def test_a_row_is_kept_as_notion_gave_it_but_for_what_expires() -> None:
    page = row_page(
        cover=hosted(), properties={"Photos": prop("files", [{"name": "oven", **hosted()}])}
    )

    kept = row_of(page, SOURCE, SETTLED, RULE).page

    assert b"X-Amz" in msgspec.json.encode(page)
    assert b"X-Amz" not in bytes(kept)
    assert msgspec.json.decode(kept) == without_signatures(page)
    assert msgspec.json.decode(raw(row_page())) == row_page()


def test_of_a_child_page_its_own_object_tells_all_but_where_it_stands() -> None:
    before = seen(
        "old", parent="p", source="posts", visibility="members", title="Old", placed_at=1.0
    )

    after = child_of(row_page(title="New name", last_edited_time=LATER), before, SETTLED)

    facts = {
        "title": "New name",
        "wanted": "new-name",
        "edited": LATER,
        "edited_at": instant(LATER),
    }
    assert after == msgspec.structs.replace(before, read_at=SETTLED, **facts)


# Stamps.

SAME = [
    row_page(
        icon={"type": "emoji", "emoji": "🥐"}, request_id="1", url="https://app.notion.com/p/other"
    ),
    row_page(properties={"Days": prop("formula", {"type": "number", "number": 1})}),
]
OTHERS: dict[str, JSON] = {
    "an edit": row_page(last_edited_time=LATER),
    "another creation": row_page(created_time=EARLIER),
    "a title": row_page(title="Contact"),
    "a slug": row_page(properties={"slug": prop("rich_text", [plain("us")])}),
    "the visibility": row_page(properties={"visibility": word("members")}),
    "a draft": row_page(properties={"visibility": word("draft")}),
    "a pause": row_page(properties={"sync": word("paused")}),
    "the trash": row_page(in_trash=True),
    "a value": row_page(properties={"Size": prop("number", 4)}),
    "another value": row_page(properties={"Size": prop("number", 5)}),
    "the name of a property": row_page(properties={"Width": prop("number", 4)}),
}
MOVED = row_page(parent={"type": "page_id", "page_id": "another"})


@pytest.mark.parametrize("what", OTHERS)
def test_whatever_a_listing_shows_of_a_row_changes_its_stamp(what: str) -> None:
    others = [page for name, page in OTHERS.items() if name != what]

    assert stamp(OTHERS[what]) not in [stamp(page) for page in [row_page(), *others]]


@pytest.mark.parametrize(
    "what", ["an edit", "another creation", "a title", "a value", "the name of a property"]
)
def test_whatever_its_own_object_says_changes_the_stamp_of_a_child_page(what: str) -> None:
    assert child_stamp(OTHERS[what]) != child_stamp(row_page())


def test_a_child_page_that_moves_bears_another_stamp_though_no_time_says_so() -> None:
    assert child_stamp(MOVED) != child_stamp(row_page())


def test_what_is_computed_shows_in_a_stamp_by_its_name_only() -> None:
    now, later = (
        row_page(properties={"D": prop("formula", {"type": "number", "number": n})}) for n in (1, 2)
    )

    assert stamp(now) == stamp(later) != stamp(row_page())


def test_what_is_computed_shows_in_a_stamp_where_it_is_the_slug_or_the_visibility() -> None:
    def computed(name: str, text: str) -> str:
        return stamp(
            row_page(properties={name: prop("formula", {"type": "string", "string": text})})
        )

    assert computed("slug", "one") != computed("slug", "two")
    assert computed("visibility", "members") != computed("visibility", "staff")


@pytest.mark.parametrize("stamped", [stamp, child_stamp])
def test_the_rule_and_the_format_of_bundles_change_every_stamp(
    stamped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stamped(row_page())

    assert stamped(row_page(), PublicationRule("Status", ("Live",))) != before
    monkeypatch.setattr(lib.sync.sightings, "BUNDLE_VERSION", -1)
    assert stamped(row_page()) != before


def test_a_page_bears_the_stamp_of_its_listing_after_it_was_read_without_signatures() -> None:
    pages = [
        row_page(
            cover=hosted(query=query),
            properties={"Photos": prop("files", [{"name": "o", **hosted(query=query)}])},
        )
        for query in (SIGNED, "?X-Amz-Signature=other")
    ]

    assert {stamp(page) for page in [*pages, *map(without_signatures, pages)]} == {stamp(pages[0])}
    assert stamp_of(
        without_signatures(pages[0]), row_of(pages[0], SOURCE, 0.0, RULE).observation, RULE
    ) == stamp(pages[0])


def test_what_no_reader_sees_of_a_listing_leaves_the_stamp_as_it_is() -> None:
    assert stamp(SAME[0]) == stamp(row_page())


def test_a_stamp_does_not_tell_when_the_row_was_looked_at() -> None:
    assert row(read_at=SETTLED).stamp == row(read_at=SETTLED + 9_000).stamp


# Times.


@pytest.mark.parametrize(
    ("edited_at", "read_at", "expected"),
    [
        (
            T0,
            T0 + 119.9,
            False,
        ),  # within the minute after the minute of the edit, a list may lag behind
        (T0, T0 + 120, True),
        (T0 + 59, T0 + 119.9, False),  # should Notion ever give seconds: the whole minute counts
        (T0 + 59, T0 + 120, True),
        (T0, T0 - 1, False),
        (0.0, 1e10, False),  # a time that can't be read
    ],
)
def test_an_edit_has_settled_a_minute_after_its_minute(
    edited_at: float, read_at: float, expected: bool
) -> None:
    assert is_settled(edited_at, read_at) is expected


@given(st.floats(1.7e9, 1.8e9), st.floats(0, 1e4))
def test_what_has_settled_stays_so(edited_at: float, later: float) -> None:
    first = edited_at // 60 * 60 + 120

    assert is_settled(edited_at, first)
    assert is_settled(edited_at, first + later)


@pytest.mark.parametrize(
    ("edited", "expected"), [(EARLIER, True), (MINUTE, False), (LATER, False), (UNKNOWN, False)]
)
def test_a_look_that_shows_an_earlier_edit_than_is_known_is_outdated(
    edited: str, expected: bool
) -> None:
    look = seen(edited=edited, edited_at=moment_of(edited))

    assert is_outdated(look, seen()) is expected
    assert not is_outdated(look, None)


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Contact"},
        {"created": EARLIER},
        {"wanted": "us"},
        {"source": "posts"},
        {"parent": "p"},
        {"visibility": "members"},
        {"is_published": False},
        {"is_paused": True},
    ],
)
def test_two_looks_at_one_edit_that_show_different_things_are_doubtful(
    other: dict[str, Any],
) -> None:
    assert is_doubtful(seen(**other), seen())
    assert not is_doubtful(seen(edited=LATER, edited_at=instant(LATER), **other), seen())


def test_two_looks_that_show_the_same_are_not_doubtful_whenever_they_were() -> None:
    assert not is_doubtful(seen(read_at=SETTLED + 900, placed_at=SETTLED + 900), seen())


def test_a_paused_page_is_no_reason_to_doubt_for_it_kept_what_it_asked_for() -> None:
    assert not is_doubtful(seen("new"), seen("old", is_paused=True))


def test_a_page_without_a_time_is_never_doubted_for_it_is_read_each_time() -> None:
    unknown = {"edited": UNKNOWN, "edited_at": 0.0}

    assert not is_doubtful(seen("new", **unknown), seen("old", **unknown))


# What follows from a row.


def test_a_new_row_is_read_with_the_page_object_at_hand() -> None:
    one = row()

    assert judged(one) == Sighting(
        page_id="a",
        observation=one.observation,
        item=WorkItem(page=one.page, read_at=SETTLED, stamp=one.stamp),
    )


def test_a_forced_run_writes_what_it_reads() -> None:
    sighting = judged(row(), seen(), is_forced=True, record=record())

    assert sighting and sighting.item and sighting.item.rewrite


def test_a_row_of_which_a_later_edit_is_known_tells_nothing() -> None:
    later = seen(edited=LATER, edited_at=instant(LATER))

    assert judged(row(), later) is None
    assert judged(row(properties={"visibility": word("draft")}), later) is None


@pytest.mark.parametrize(
    "properties",
    [{"visibility": word("draft")}, {"visibility": word("draft"), "sync": word("paused")}],
)
def test_an_edited_row_that_is_a_draft_now_is_hidden_and_not_read(properties: JSON) -> None:
    sighting = judged(
        row(last_edited_time=LATER, read_at=SETTLED + 300, properties=properties),
        seen(),
        record=record(),
    )

    assert sighting and (sighting.is_hidden, sighting.is_gone, sighting.item) == (True, False, None)
    assert sighting.stamp == stamp(row_page(last_edited_time=LATER, properties=properties))


@pytest.mark.parametrize("how", ["in_trash", "archived"])
def test_a_row_in_the_trash_is_gone_by_its_own_word(how: str) -> None:
    sighting = judged(row(**{how: True}))

    assert sighting is not None
    assert (sighting.is_hidden, sighting.is_gone, sighting.draft) == (True, True, None)


@pytest.mark.parametrize("properties", [{"visibility": word("draft")}, {"sync": word("paused")}])
def test_what_is_not_read_bears_no_stamp_while_an_edit_may_hide_in_its_minute(
    properties: JSON,
) -> None:
    early, late = (
        judged(row(read_at=at, properties=properties)) for at in (WITHIN_THE_MINUTE, SETTLED)
    )

    assert early and early.stamp == ""
    assert late and late.stamp != ""


def test_a_paused_page_keeps_its_slug_and_is_not_read() -> None:
    one = row(
        last_edited_time=LATER,
        properties={"sync": word("paused"), "slug": prop("rich_text", [plain("new")])},
    )

    sighting = judged(one, seen("old"), record=record(), slug="old")

    assert sighting and (sighting.observation.wanted, sighting.item) == ("old", None)


def test_a_paused_page_that_was_never_published_is_not_read() -> None:
    sighting = judged(row(properties={"sync": word("paused")}))

    assert sighting and (sighting.observation.wanted, sighting.item) == ("about", None)


def test_a_page_that_is_paused_no_more_is_read() -> None:
    sighting = judged(
        row(last_edited_time=LATER), seen(is_paused=True), record=record(), slug="about"
    )

    assert sighting and sighting.item and not sighting.observation.is_paused


def test_a_page_whose_pause_ended_without_a_time_is_read_all_the_same() -> None:
    sighting = judged(row(), seen("old", is_paused=True), record=record(), slug="old")

    assert sighting and sighting.item and sighting.observation.wanted == "about"


def test_a_page_that_moved_from_another_source_or_was_a_child_page_is_read() -> None:
    for before in (seen(source="posts"), seen(parent="p")):
        sighting = judged(
            row(last_edited_time=LATER, read_at=SETTLED + 300), before, record=record()
        )

        assert sighting and sighting.item and sighting.observation.source == SOURCE
        assert sighting.observation.parent is None


rows = st.builds(
    lambda edited, read_at, words: row(
        read_at=read_at,
        last_edited_time=edited,
        properties={name: word(text) for name, text in words.items()},
    ),
    st.sampled_from([EARLIER, MINUTE, LATER, UNKNOWN]),
    st.sampled_from([WITHIN_THE_MINUTE, SETTLED, SETTLED + 600]),
    st.dictionaries(
        st.sampled_from(["visibility", "sync", "slug"]),
        st.sampled_from(["draft", "paused", "members"]),
        max_size=3,
    ),
)


@given(rows, rows, st.booleans(), st.booleans())
def test_whatever_two_looks_show_the_later_edit_is_remembered_and_a_stamp_is_given_only_to_what_has_settled(
    one: Row, other: Row, is_read: bool, is_forced: bool
) -> None:
    before = other.observation
    sighting = judged(
        one, before, is_forced=is_forced, record=record() if is_read else None, slug="x"
    )

    if sighting is None:
        assert 0 < one.observation.edited_at < before.edited_at
    else:
        assert sighting.observation.edited_at in (
            0,
            max(one.observation.edited_at, before.edited_at),
        )
        assert sighting.stamp == "" or is_settled(
            one.observation.edited_at, one.observation.read_at
        )
        assert not (sighting.stamp and sighting.item), (
            "what is to be read is stamped when it has been read"
        )
