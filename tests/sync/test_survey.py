"""Looking around: what is asked for, what follows from the answers, and what a listing that lacks
much proves."""

from typing import Any

import httpx
import msgspec
import pytest

import lib.sync.survey.child_watch
import lib.sync.survey.listings
from lib.errors import Hopeless
from lib.model import BUNDLE_VERSION, JSON, DatabaseRecord, Source, SourceRecord, WorkItem
from lib.store.sources import SourceState
from lib.sync.sightings import DAY_SECONDS, child_stamp, row_of
from lib.sync.survey.child_watch import WATCHED_AT_ONCE
from lib.sync.survey.listings import MOST_DOUBTS
from lib.sync.survey.missing_rows import MISSING_ROWS_ASKED
from lib.sync.work.database_work import signature
from tests.bundle.samples import prop
from tests.notion.stage import error
from tests.sync.memory import HOME, LATER_RUN, OTHER_HOME, Workspace, listed, row_id
from tests.sync.records import EARLIER, LATER, RULE, SETTLED, record, row_page, word

ROWS = f"data_sources/{HOME}/query"
BOTH = {"pages": "ref", "posts": "other"}


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


def publish(workspace: Workspace, *numbers: int, **more: Any) -> None:
    """Rows that are published as they are."""
    for number in numbers:
        workspace.memory.remember(
            row_id(number), row_of(listed(number), "pages", SETTLED, RULE).stamp, **more
        )


# Rows that are listed.


async def test_rows_that_bear_the_stamp_they_were_read_with_are_neither_read_nor_written_down(
    workspace: Workspace,
) -> None:
    publish(workspace, 0, 1)
    workspace.rows[HOME] = [listed(0), listed(1)]

    survey = await workspace.look()

    assert (workspace.memory.sightings, workspace.memory.due) == ({}, {})
    assert (survey.progress.listed, survey.progress.unchanged) == (2, 2)
    assert workspace.asked == [ROWS]


async def test_a_new_row_and_an_edited_one_are_due_with_what_the_listing_shows_of_them(
    workspace: Workspace,
) -> None:
    publish(workspace, 0, 1)
    workspace.rows[HOME] = [listed(0), listed(1, last_edited_time=LATER), listed(2)]

    await workspace.look()

    assert set(workspace.memory.due) == {row_id(1), row_id(2)}
    assert all(
        item.page != b"null" and item.read_at == LATER_RUN for item in workspace.memory.due.values()
    )


async def test_a_row_that_a_crashed_run_had_seen_and_nobody_read_is_due_again(
    workspace: Workspace,
) -> None:
    publish(workspace, 0)
    workspace.memory.row_stamps["pages"][row_id(0)] = ""
    workspace.rows[HOME] = [listed(0)]

    await workspace.look()

    assert list(workspace.memory.due) == [row_id(0)]


async def test_a_forced_run_makes_every_row_child_page_and_child_database_due_to_be_written(
    workspace: Workspace,
) -> None:
    publish(workspace, 0)
    workspace.memory.remember("child", child_stamp(child(), RULE), parent=row_id(0))
    workspace.put(child())
    workspace.memory.child_databases["d"] = database()
    workspace.rows[HOME] = [listed(0)]

    await workspace.look(is_forced=True)

    assert set(workspace.memory.due) == {row_id(0), "child", "db:d"}
    assert all(item.rewrite for item in workspace.memory.due.values())
    assert workspace.memory.due["child"].page != b"null"  # it is not asked for twice
    assert sorted(workspace.asked) == [ROWS, "pages/child"]


async def test_a_row_that_shows_something_else_at_the_time_that_is_known_is_asked_for_itself(
    workspace: Workspace,
) -> None:
    publish(workspace, 0, wanted="renamed-since")
    workspace.memory.row_stamps["pages"][row_id(0)] = "another"
    workspace.rows[HOME] = [listed(0)]  # a list that lags behind
    workspace.put(listed(0, title="Renamed since"))

    await workspace.look()

    assert workspace.asked == [ROWS, f"pages/{row_id(0)}"]
    assert workspace.memory.sightings[row_id(0)].observation.wanted == "renamed-since"


async def test_a_row_of_which_notion_gives_the_id_only_stays_and_is_told(
    workspace: Workspace,
) -> None:
    publish(workspace, 0)
    workspace.rows[HOME] = [
        {"object": "page", "id": row_id(0)},
        {"object": "page", "id": row_id(1)},
    ]

    survey = await workspace.look()

    assert (workspace.memory.gone, workspace.memory.due) == (set(), {})
    assert [problem.page_id for problem in survey.progress.problems.values()] == [row_id(0)]
    assert any(f"{row_id(1)} is passed over" in warning for warning in survey.warnings())


async def test_of_rows_that_do_not_say_what_is_wanted_some_are_named_and_the_others_counted(
    workspace: Workspace,
) -> None:
    silent = {"visibility": prop("select", None)}
    workspace.rows[HOME] = [listed(number, properties=silent) for number in range(MOST_DOUBTS + 3)]

    warnings = (await workspace.look()).warnings()

    assert (len(warnings), warnings[-1]) == (
        MOST_DOUBTS + 1,
        "source pages: the same is true of 3 more rows",
    )


async def test_the_run_after_the_first_one_asks_a_big_source_for_changed_rows_only(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lib.sync.survey.listings, "BIG_SOURCE_ROWS", 2)
    publish(workspace, 0, 1)
    workspace.rows[HOME] = [listed(0), listed(1)]
    sources, listings = (await workspace.look()).records()
    workspace.memory.state = SourceState(sources, listings, {}, [])
    workspace.rows[HOME] = [listed(1)]

    second = await workspace.look(now=LATER_RUN + 600)

    schema = f"data_sources/{HOME}"
    assert workspace.asked == [ROWS, schema, schema, ROWS]
    assert second.progress.listings["pages"].since is not None
    assert workspace.memory.gone == set(), "a list of changes misses nothing"
    assert second.records()[1]["pages"].listed_at == listings["pages"].listed_at


# Rows that are missing.


async def test_a_listing_without_a_row_where_much_was_published_is_not_believed(
    workspace: Workspace,
) -> None:
    publish(workspace, *range(MISSING_ROWS_ASKED + 1))

    survey = await workspace.look()

    assert workspace.memory.gone == set()
    [warning] = survey.warnings()
    assert "no rows at all" in warning
    assert workspace.asked == [ROWS]


async def test_where_few_rows_are_missing_each_is_asked_for(workspace: Workspace) -> None:
    publish(workspace, *range(MISSING_ROWS_ASKED))
    for page in (listed(1), listed(2, home="elsewhere"), listed(3, in_trash=True)):
        workspace.put(page)

    survey = await workspace.look()

    assert workspace.memory.gone == {row_id(number) for number in range(MISSING_ROWS_ASKED)} - {
        row_id(1)
    }
    assert survey.warnings() == []


async def test_where_many_rows_are_missing_a_sample_is_asked_for_and_speaks_for_all(
    workspace: Workspace,
) -> None:
    publish(workspace, *range(2 * MISSING_ROWS_ASKED))
    workspace.rows[HOME] = [listed(0)]

    survey = await workspace.look()

    assert workspace.memory.gone == {row_id(number) for number in range(1, 2 * MISSING_ROWS_ASKED)}
    assert (len(workspace.asked), survey.warnings()) == (
        1 + 2 * MISSING_ROWS_ASKED,
        [],
    )  # two questions prove that one is gone


async def test_a_row_that_one_answer_alone_calls_gone_stays(workspace: Workspace) -> None:
    """It may be missing from the list because it was moved into a page, and the one answer may be a
    slip."""
    publish(workspace, 0)
    workspace.rows[HOME] = []
    workspace.objects[f"blocks/{row_id(0)}"] = {"object": "block", "id": row_id(0)}

    await workspace.look()

    assert workspace.memory.gone == set()


async def test_where_one_of_the_sample_is_still_there_only_what_was_asked_for_goes(
    workspace: Workspace,
) -> None:
    publish(workspace, *range(2 * MISSING_ROWS_ASKED))
    workspace.rows[HOME] = [listed(0)]
    workspace.put(listed(1))

    [warning] = (await workspace.look()).warnings()

    assert workspace.memory.gone == {row_id(number) for number in range(2, MISSING_ROWS_ASKED + 1)}
    assert f"{2 * MISSING_ROWS_ASKED - 1} published rows were missing" in warning
    assert f"1 of {MISSING_ROWS_ASKED} are still there" in warning


async def test_a_listing_that_notion_cut_short_misses_nothing_and_says_so(
    workspace: Workspace,
) -> None:
    publish(workspace, 0, 1)
    workspace.objects[ROWS] = {"results": [listed(0)], "has_more": True, "next_cursor": None}

    [warning] = (await workspace.look()).warnings()

    assert (workspace.memory.gone, workspace.asked) == (set(), [ROWS])
    assert "rows may be missing" in warning


@pytest.mark.parametrize(
    "answer", [error(403, "restricted_resource"), error(500, "internal_server_error")]
)
async def test_a_missing_row_that_is_not_known_to_be_gone_stays(
    workspace: Workspace, answer: httpx.Response
) -> None:
    publish(workspace, 0, 1)
    workspace.rows[HOME] = [listed(0)]
    workspace.objects[f"pages/{row_id(1)}"] = answer

    await workspace.look()

    assert (workspace.memory.sightings, workspace.memory.due) == ({}, {})


async def test_a_missing_row_that_is_in_another_source_now_is_read_there(
    workspace: Workspace,
) -> None:
    publish(workspace, 0)
    workspace.rows = {HOME: [], OTHER_HOME: []}
    workspace.put(listed(0, home=OTHER_HOME, last_edited_time=LATER))

    await workspace.look(references=BOTH)

    assert workspace.memory.gone == set()
    assert workspace.memory.sightings[row_id(0)].observation.source == "posts"
    assert row_id(0) in workspace.memory.due


async def test_a_missing_row_that_stands_in_a_published_page_now_makes_that_page_due(
    workspace: Workspace,
) -> None:
    publish(workspace, 0, 1)
    workspace.rows[HOME] = [workspace.put(listed(0))]
    workspace.put(row_page(row_id(1), parent={"type": "page_id", "page_id": row_id(0)}))

    await workspace.look()

    assert (workspace.memory.gone, workspace.memory.due) == (set(), {row_id(0): WorkItem()})


async def test_a_row_that_is_found_to_hide_what_moved_below_it_is_hidden_itself(
    workspace: Workspace,
) -> None:
    """Its listing showed it before that: what is read of it since must not publish it again, with
    what has gone."""
    publish(workspace, 0, 1)
    workspace.rows[HOME] = [listed(0)]
    workspace.put(listed(0, last_edited_time=LATER, properties={"visibility": word("draft")}))
    workspace.put(row_page(row_id(1), parent={"type": "page_id", "page_id": row_id(0)}))

    await workspace.look()

    seen = workspace.memory.sightings
    assert row_id(1) in workspace.memory.gone
    assert not seen[row_id(0)].observation.is_published


async def test_a_row_that_was_never_published_and_is_missing_is_forgotten_without_a_question(
    workspace: Workspace,
) -> None:
    workspace.memory.row_stamps["pages"][row_id(0)] = ""

    await workspace.look()

    assert (workspace.memory.gone, workspace.asked) == ({row_id(0)}, [ROWS])


async def test_what_a_source_published_that_is_configured_no_more_goes_but_for_rows_listed_elsewhere(
    workspace: Workspace,
) -> None:
    for number in (0, 1):
        workspace.memory.remember(row_id(number), source="old")
    old = SourceRecord("gone", Source("old", "db", "another"))
    workspace.memory.state = SourceState({"old": old}, {}, {}, ["old"])
    workspace.rows[HOME] = [listed(0)]

    await workspace.look()

    assert workspace.memory.gone == {row_id(1)}


async def test_nothing_of_a_source_that_is_configured_no_more_goes_while_another_can_not_be_listed(
    workspace: Workspace,
) -> None:
    workspace.memory.remember(row_id(1), source="old")
    old = SourceRecord("gone", Source("old", "db", "another"))
    workspace.memory.state = SourceState({"old": old}, {}, {}, ["old"])

    await workspace.look(references=BOTH)  # its rows may be in the one that can't

    assert workspace.memory.sightings == {}


async def test_a_run_of_one_source_takes_nothing_of_others_away(workspace: Workspace) -> None:
    workspace.memory.remember(row_id(1), source="old")
    old = SourceRecord("gone", Source("old", "db", "another"))
    workspace.memory.state = SourceState({"old": old}, {}, {}, ["old"])

    await workspace.look(is_whole=False)

    assert workspace.memory.sightings == {}


# Sources that can't be listed.


async def test_a_source_that_notion_does_not_show_is_a_problem_of_that_one(
    workspace: Workspace,
) -> None:
    workspace.rows = {HOME: [listed(0)]}
    workspace.memory.remember(row_id(1), source="posts")

    survey = await workspace.look(references=BOTH)

    assert survey.listed_names == list(survey.records()[0]) == ["pages"]
    assert (list(workspace.memory.due), workspace.memory.gone) == ([row_id(0)], set())
    [problem] = survey.progress.problems.values()
    assert (problem.kind, problem.title, "Share the database" in problem.reason) == (
        "source",
        "posts",
        True,
    )


async def test_where_no_source_can_be_listed_the_run_has_failed(workspace: Workspace) -> None:
    workspace.rows = {}

    with pytest.raises(Hopeless, match="source pages: Notion does not show its rows"):
        await workspace.look()


# Child pages.


def child(page_id: str = "child", **members: Any) -> JSON:
    return row_page(page_id, parent={"type": "page_id", "page_id": row_id(0)}, **members)


@pytest.fixture
def family(workspace: Workspace) -> Workspace:
    """A row with a child page, both published as they are."""
    publish(workspace, 0, read=record(children=["child"]))
    workspace.rows[HOME] = [workspace.put(listed(0))]
    workspace.memory.remember("child", child_stamp(child(), RULE), parent=row_id(0))
    workspace.put(child())
    return workspace


async def test_a_child_page_that_is_as_it_was_read_is_asked_for_and_nothing_more(
    family: Workspace,
) -> None:
    survey = await family.look()

    assert (family.memory.sightings, family.memory.due) == ({}, {})
    assert family.asked.count("pages/child") == 1
    assert survey.progress.unchanged == 2


async def test_an_edited_child_page_is_due_with_what_the_look_has_shown(family: Workspace) -> None:
    family.put(child(last_edited_time=LATER))

    await family.look()

    assert list(family.memory.due) == ["child"]
    assert family.memory.due["child"].page != b"null"


async def test_a_renamed_child_page_is_seen_under_its_new_title(family: Workspace) -> None:
    family.put(child(title="Renamed", last_edited_time=LATER))

    await family.look()

    seen = family.memory.sightings["child"].observation
    assert (seen.title, seen.wanted) == ("Renamed", "renamed")


@pytest.mark.parametrize("found", [None, child(in_trash=True)])
async def test_a_child_page_that_is_not_to_be_had_is_looked_for_by_the_page_around_it(
    family: Workspace, found: JSON | None
) -> None:
    if found is None:
        del family.objects["pages/child"]
    else:
        family.put(found)

    await family.look()

    assert family.memory.due == {row_id(0): WorkItem(doubted=["child"])}
    assert family.memory.gone == set()


async def test_a_child_page_that_is_refused_is_a_problem_of_that_one_and_stays(
    family: Workspace,
) -> None:
    family.objects["pages/child"] = error(403, "restricted_resource")

    survey = await family.look()

    assert family.memory.due == {}
    assert [problem.page_id for problem in survey.progress.problems.values()] == ["child"]


async def test_a_look_that_shows_an_earlier_edit_of_a_child_page_than_is_known_tells_nothing(
    family: Workspace,
) -> None:
    family.put(child(title="Long ago", last_edited_time=EARLIER))

    await family.look()

    assert "child" not in family.memory.sightings


async def test_an_edited_child_page_below_a_row_that_is_hidden_now_is_not_read(
    family: Workspace,
) -> None:
    family.rows[HOME] = [
        listed(0, last_edited_time=LATER, properties={"visibility": word("draft")})
    ]
    family.put(child(last_edited_time=LATER))
    family.slow = {ROWS}

    await family.look()

    assert (list(family.memory.sightings), family.memory.due) == ([row_id(0)], {})


@pytest.mark.parametrize("is_forced", [False, True])
@pytest.mark.parametrize("at_once", [WATCHED_AT_ONCE, 1])
@pytest.mark.parametrize("order", [["child", "below"], ["below", "child"]])
@pytest.mark.parametrize(
    "now",
    [
        row_page("child", parent={"type": "page_id", "page_id": "attic"}),  # its time stays
        child(in_trash=True),
    ],
)
async def test_an_edited_page_below_one_that_has_left_the_site_is_not_read(
    family: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    now: JSON,
    order: list[str],
    at_once: int,
    is_forced: bool,
) -> None:
    """Whichever of the two is asked for first."""
    monkeypatch.setattr(lib.sync.survey.child_watch, "WATCHED_AT_ONCE", at_once)
    family.memory.remember("below", "stamp", parent="child")
    family.memory.children = {page_id: family.memory.children[page_id] for page_id in order}
    family.put(now)
    family.put(row_page("attic", parent={"type": "workspace"}))
    family.put(row_page("below", parent={"type": "page_id", "page_id": "child"}))

    await family.look(is_forced=is_forced)

    assert set(family.memory.due) == {row_id(0)}


async def test_an_edited_page_below_one_that_is_answered_once_as_not_there_is_read(
    family: Workspace,
) -> None:
    family.memory.remember("below", "stamp", parent="child")
    del family.objects["pages/child"]
    family.put(row_page("below", parent={"type": "page_id", "page_id": "child"}))

    await family.look()

    assert set(family.memory.due) == {row_id(0), "below"}


@pytest.mark.parametrize("is_forced", [False, True])
async def test_an_edited_child_page_in_a_source_that_cannot_be_listed_is_not_read(
    family: Workspace, is_forced: bool
) -> None:
    """Its row may be hidden by now."""
    family.memory.remember("other", "stamp", parent=row_id(5), source="posts")
    family.put(row_page("other", parent={"type": "page_id", "page_id": row_id(5)}))
    family.put(child(last_edited_time=LATER))
    family.objects[f"data_sources/{OTHER_HOME}/query"] = error(404, "object_not_found")

    await family.look(references=BOTH, is_forced=is_forced)

    assert {"child", "other"} & set(family.memory.due) == {"child"}


async def test_a_child_page_that_stands_in_another_published_page_now_makes_both_due(
    family: Workspace,
) -> None:
    publish(family, 1)
    family.rows[HOME].append(family.put(listed(1)))
    family.put(
        row_page("child", parent={"type": "page_id", "page_id": row_id(1)}, last_edited_time=LATER)
    )

    await family.look()

    assert family.memory.due == {row_id(0): WorkItem(), row_id(1): WorkItem()}


async def test_a_page_below_a_row_that_goes_which_stands_elsewhere_by_now_is_read_there(
    family: Workspace,
) -> None:
    publish(family, 1)
    family.rows[HOME] = [
        listed(0, last_edited_time=LATER, properties={"visibility": word("draft")}),
        listed(1),
    ]
    family.put(listed(1))
    family.put(row_page("child", parent={"type": "page_id", "page_id": row_id(1)}))

    await family.look()

    assert family.memory.sightings["child"].observation.parent == row_id(1)
    assert {"child", row_id(1)} <= set(family.memory.due)


async def test_a_row_goes_although_what_stood_below_it_gets_no_usable_answer(
    family: Workspace,
) -> None:
    family.rows[HOME] = []
    family.put(listed(0, in_trash=True))
    family.objects["pages/child"] = error(500, "internal_server_error")

    await family.look()

    assert family.memory.gone == {row_id(0)}


async def test_a_child_page_that_stays_as_it_is_is_not_asked_for(family: Workspace) -> None:
    family.memory.still = {"child"}

    await family.look()

    assert "pages/child" not in family.asked


@pytest.mark.parametrize(
    ("found", "is_seen"),
    [
        (None, True),
        ({"in_trash": True}, True),
        ({"last_edited_time": LATER}, True),
        ({}, False),
    ],
    ids=["gone", "in the trash", "edited", "as it was"],
)
async def test_what_others_show_of_a_child_page_is_read_also_in_the_run_that_sees_its_row_paused(
    family: Workspace, found: JSON | None, *, is_seen: bool
) -> None:
    family.memory.known["child"] = msgspec.structs.replace(
        family.memory.known["child"], is_still=True
    )
    if found is None:
        del family.objects["pages/child"]
    else:
        family.put(row_page("child", parent={"type": "page_id", "page_id": row_id(0)}, **found))

    await family.look()

    assert list(family.memory.sightings) == (["child"] if is_seen else [])
    assert family.memory.due == {}


async def test_a_run_of_one_source_asks_for_its_own_child_pages_only(family: Workspace) -> None:
    family.memory.remember("other", parent="p", source="posts")

    await family.look(is_whole=False)

    assert [path for path in family.asked if path.startswith("pages/")] == ["pages/child"]


# Child databases.


def database(**more: Any) -> DatabaseRecord:
    facts: dict[str, Any] = {
        "title": "D",
        "data_source_ids": ["ds"],
        "read_at": SETTLED,
        "digest": "d",
        "version": BUNDLE_VERSION,
        "signature": signature([listed(1), listed(2)]),
        "sources": ["pages"],
    }
    return DatabaseRecord(**facts | more)


async def is_read(
    workspace: Workspace, known: DatabaseRecord | None, rows: list[JSON], later: float = 600
) -> bool:
    """Whether a run reads the child database again whose rows are these now."""
    workspace.memory.child_databases["d"] = known
    workspace.rows["ds"] = rows
    await workspace.look(now=SETTLED + later)
    return "db:d" in workspace.memory.due


@pytest.mark.parametrize(
    ("rows", "later", "expected"),
    [
        ([listed(1), listed(2)], 600.0, False),
        ([listed(2), listed(1)], 600.0, False),
        ([listed(1)], 600.0, True),
        ([listed(1), listed(2), listed(3)], 600.0, True),
        ([listed(1), listed(2, last_edited_time=EARLIER)], 600.0, True),
        ([listed(1), listed(2, title="By a rename that moves no time")], 600.0, True),
        ([listed(1), listed(2)], DAY_SECONDS - 1, False),
        ([listed(1), listed(2)], DAY_SECONDS, True),
    ],
)
async def test_a_child_database_is_read_again_when_its_rows_show_something_else_and_once_a_day(
    workspace: Workspace, rows: list[JSON], later: float, expected: bool
) -> None:
    assert await is_read(workspace, database(), rows, later) is expected


@pytest.mark.parametrize("newest", [{}, {"last_edited_time": LATER}])
async def test_of_more_rows_than_an_answer_shows_the_newest_tells(
    workspace: Workspace, newest: JSON
) -> None:
    rows = [listed(0, **newest), *(listed(number) for number in range(1, 101))]

    assert await is_read(workspace, database(signature=""), rows) is bool(newest)


@pytest.mark.parametrize(
    "known",
    [
        None,
        database(data_source_ids=[]),
        database(is_lacking=True),
        database(version=BUNDLE_VERSION - 1),
    ],
)
async def test_a_child_database_that_lacks_something_is_read_without_a_question(
    workspace: Workspace, known: DatabaseRecord | None
) -> None:
    assert await is_read(workspace, known, [])
    assert workspace.asked == [ROWS]


async def test_an_edit_in_the_minute_of_the_reading_of_a_child_database_may_hide(
    workspace: Workspace,
) -> None:
    assert await is_read(workspace, database(read_at=SETTLED - 1), [listed(1), listed(2)])


async def test_a_child_database_that_is_not_to_be_had_is_doubted_by_the_pages_that_show_it(
    workspace: Workspace,
) -> None:
    publish(workspace, 0)
    workspace.rows[HOME] = [listed(0)]
    workspace.memory.child_databases["d"] = database()
    workspace.memory.shows["db:d"] = [row_id(0)]
    workspace.objects["data_sources/ds/query"] = error(404, "object_not_found")

    await workspace.look()

    assert workspace.memory.due == {row_id(0): WorkItem(doubted=["d"])}


async def test_a_run_of_one_source_watches_the_child_databases_that_it_shows(
    workspace: Workspace,
) -> None:
    workspace.memory.child_databases |= {
        "d": database(is_lacking=True),
        "e": database(is_lacking=True, sources=["x"]),
    }

    await workspace.look(is_whole=False)

    assert list(workspace.memory.due) == ["db:d"]


# Things outside of all listings.

EMPTY: JSON = {"object": "list", "results": [], "has_more": False, "next_cursor": None}


@pytest.fixture
def showing(workspace: Workspace) -> Workspace:
    """A published row that shows things that stand elsewhere."""
    publish(workspace, 0)
    workspace.rows[HOME] = [listed(0)]
    things = ("page:e", "hidden:h", "unreadable:u", "missing:o", "original:r")
    for thing in things:
        workspace.memory.outside[thing] = LATER if thing == "page:e" else ""
        workspace.memory.shows[thing] = [row_id(0)]
    workspace.objects["blocks/r/children"] = EMPTY
    workspace.put(row_page("e", last_edited_time=LATER))
    return workspace


async def test_what_is_as_it_was_seen_makes_nothing_due(showing: Workspace) -> None:
    await showing.look()

    assert showing.memory.due == {}
    assert {"pages/e", "pages/h", "blocks/o/children", "blocks/r/children"} <= set(showing.asked)


async def test_what_was_looked_at_first_after_its_readers_were_read_makes_nothing_due(
    showing: Workspace,
) -> None:
    showing.memory.outside["page:e"] = ""
    showing.put(row_page("e"))

    survey = await showing.look()

    assert showing.memory.due == {}
    assert survey.progress.outside == {"page:e": row_page("e")["last_edited_time"]}


@pytest.mark.parametrize(
    ("thing", "path", "found"),
    [
        ("h", "pages/h", row_page("h")),
        ("o", "blocks/o/children", EMPTY),
        ("r", "blocks/r/children", error(404, "object_not_found")),
        ("e", "pages/e", row_page("e", last_edited_time="2026-05-01T10:06:00.000Z")),
        ("e", "pages/e", row_page("e", in_trash=True, last_edited_time=LATER)),
        ("e", "pages/e", error(404, "object_not_found")),
    ],
)
async def test_what_changed_elsewhere_makes_the_pages_due_that_show_it(
    showing: Workspace, thing: str, path: str, found: JSON | httpx.Response
) -> None:
    showing.objects[path] = found

    await showing.look()

    assert showing.memory.due == {row_id(0): WorkItem(asks_owners=True, doubted=[thing])}


async def test_what_went_into_the_trash_makes_the_pages_due_that_were_read_long_after_its_last_edit(
    showing: Workspace,
) -> None:
    showing.put(row_page("e", in_trash=True))

    await showing.look()

    assert list(showing.memory.due) == [row_id(0)]


async def test_an_edit_of_what_lies_in_the_trash_makes_the_pages_due_that_show_it(
    showing: Workspace,
) -> None:
    showing.put(row_page("e", in_trash=True, last_edited_time=LATER))
    for seconds in (0, 130):
        await showing.look(now=LATER_RUN + seconds)
        showing.memory.due.clear()

    await showing.look(now=LATER_RUN + 140)
    assert showing.memory.due == {}

    showing.put(row_page("e", in_trash=True, last_edited_time="2026-05-01T10:06:00.000Z"))
    await showing.look(now=LATER_RUN + 150)
    assert list(showing.memory.due) == [row_id(0)]


async def test_an_edit_elsewhere_is_settled_only_when_no_other_can_hide_behind_its_time(
    showing: Workspace,
) -> None:
    recent = "2026-05-01T10:12:00.000Z"  # half a minute before the run looks
    showing.put(row_page("e", last_edited_time=recent))

    await showing.look()

    assert showing.memory.outside["page:e"] == f"since {LATER_RUN:.3f} {recent}"


async def test_what_went_into_the_trash_is_read_again_when_no_list_lags_behind_any_more(
    showing: Workspace,
) -> None:
    """That it went there moves no time: a copy of it that was read at once may show it as it was."""
    showing.put(row_page("e", in_trash=True, last_edited_time=LATER))
    for seconds, is_due in ((0, True), (70, True), (130, True), (131, False)):
        showing.memory.due.clear()
        await showing.look(now=LATER_RUN + seconds)
        assert bool(showing.memory.due) == is_due, seconds


async def test_what_was_removed_long_ago_is_read_again_once(showing: Workspace) -> None:
    showing.put(row_page("e", in_trash=True, last_edited_time=LATER))
    showing.memory.outside["page:e"] = f"since {LATER_RUN - 125:.3f} "

    await showing.look()
    assert list(showing.memory.due) == [row_id(0)]
    showing.memory.due.clear()
    await showing.look()
    assert showing.memory.due == {}


async def test_what_is_shown_although_it_was_in_the_trash_already_is_read_again(
    showing: Workspace,
) -> None:
    """Lists that lag behind have shown it."""
    showing.memory.outside["page:e"] = ""
    showing.put(row_page("e", in_trash=True, last_edited_time=LATER))
    for seconds, is_due in ((0, True), (130, True), (131, False)):
        showing.memory.due.clear()
        await showing.look(now=LATER_RUN + seconds)
        assert bool(showing.memory.due) == is_due, seconds


async def test_what_was_archived_and_goes_into_the_trash_has_changed(showing: Workspace) -> None:
    """What is archived can be read by its id, what is in the trash can't."""
    showing.memory.outside["page:e"] = f"archived {LATER}"
    showing.put(row_page("e", archived=True, last_edited_time=LATER))
    await showing.look()
    assert showing.memory.due == {}

    showing.put(row_page("e", archived=True, in_trash=True, last_edited_time=LATER))
    await showing.look()
    assert list(showing.memory.due) == [row_id(0)]


async def test_a_page_that_was_read_long_after_a_removal_was_seen_shows_it(
    showing: Workspace,
) -> None:
    showing.put(row_page("e", in_trash=True, last_edited_time=LATER))
    showing.memory.outside["page:e"] = f"since {SETTLED - 125:.3f} trashed {LATER}"

    survey = await showing.look()

    assert showing.memory.due == {}
    assert survey.progress.outside == {"page:e": f"trashed {LATER}"}


# What is lost, and what goes on.


async def test_what_is_gone_from_kv_is_due_to_be_written_and_told(workspace: Workspace) -> None:
    workspace.memory.lost = (["a", "db:d"], ["page:about", "db:d"])

    survey = await workspace.look()

    assert workspace.memory.due == {"a": WorkItem(rewrite=True), "db:d": WorkItem(rewrite=True)}
    [warning] = survey.warnings()
    assert "page:about, db:d" in warning


async def test_a_slice_that_goes_on_asks_nothing_twice(family: Workspace) -> None:
    family.memory.child_databases["d"] = database()
    family.memory.outside["page:e"] = ""
    family.rows["ds"] = [listed(1), listed(2)]
    progress = (await family.look()).progress
    asked = len(family.asked)

    await family.look(progress=progress)

    assert family.asked[asked:] == []
