"""Looking at one page: how it is found, what proves that it is gone, and what a change of it
reaches."""

from collections.abc import Collection
from typing import Any

import httpx
import msgspec
import pytest

from lib.errors import Hopeless
from lib.model import BUNDLE_VERSION, JSON, DatabaseRecord, WorkItem
from lib.sync.sightings import child_stamp, row_of
from tests.notion.stage import error
from tests.sync.memory import HOME, OTHER_HOME, Workspace, listed, row_id
from tests.sync.records import EARLIER, LATER, RULE, SETTLED, record, row_page, word

ROW, CHILD, OTHER = row_id(0), row_id(10), row_id(11)
BOTH = {"pages": "ref", "posts": "other"}
DATABASE = "dbdbdbdb-0000-4000-8000-000000000001"
READ = DatabaseRecord(
    title="D", data_source_ids=["ds"], read_at=SETTLED, digest="d", version=BUNDLE_VERSION
)


def child(**members: Any) -> JSON:
    return row_page(CHILD, **{"parent": {"type": "page_id", "page_id": ROW}, **members})


@pytest.fixture
def workspace() -> Workspace:
    """A row with a child page, both published as they are."""
    workspace = Workspace()
    workspace.memory.remember(ROW, read=record(children=[CHILD], things=[f"db:{DATABASE}"]))
    workspace.memory.remember(CHILD, parent=ROW)
    workspace.put(listed(0))
    workspace.put(child())
    return workspace


# How it is found.


@pytest.mark.parametrize(
    "wanted", [f"at-{ROW}", f"/at-{ROW}/", ROW, ROW.replace("-", ""), "old-slug"]
)
async def test_a_page_is_found_by_its_slug_an_old_one_and_its_id(
    workspace: Workspace, wanted: str
) -> None:
    workspace.memory.redirects["old-slug"] = ROW
    workspace.put(listed(0, last_edited_time=LATER))

    await workspace.look_at(wanted)

    assert ROW in workspace.memory.due


async def test_what_is_no_slug_and_no_id_names_no_page(workspace: Workspace) -> None:
    with pytest.raises(
        Hopeless, match="no page is published under this slug, and it is no Notion page id"
    ):
        await workspace.look_at("nowhere")


async def test_a_page_that_stands_nowhere_in_a_source_is_no_page_to_publish(
    workspace: Workspace,
) -> None:
    workspace.put(row_page(OTHER, parent={"type": "workspace", "workspace": True}))

    with pytest.raises(Hopeless, match="no row of a source that is synced"):
        await workspace.look_at(OTHER)


async def test_a_new_row_is_due(workspace: Workspace) -> None:
    workspace.put(listed(1))

    await workspace.look_at(row_id(1))

    assert list(workspace.memory.due) == [row_id(1)]


async def test_a_page_that_nobody_knows_makes_the_published_one_due_that_it_stands_in(
    workspace: Workspace,
) -> None:
    workspace.put(row_page(OTHER, parent={"type": "block_id", "block_id": "b"}))
    workspace.objects["blocks/b"] = {
        "object": "block",
        "id": "b",
        "parent": {"type": "page_id", "page_id": CHILD},
    }

    await workspace.look_at(OTHER)

    assert workspace.memory.due == {CHILD: WorkItem()}


async def test_a_page_that_holds_originals_makes_those_due_that_show_them(
    workspace: Workspace,
) -> None:
    workspace.put(row_page(OTHER, parent={"type": "workspace", "workspace": True}))
    workspace.memory.shows[f"page:{OTHER}"] = [ROW]

    await workspace.look_at(OTHER)

    assert workspace.memory.due == {ROW: WorkItem(asks_owners=True)}


# What follows.


async def test_a_forced_look_has_the_page_written_though_nothing_changed(
    workspace: Workspace,
) -> None:
    await workspace.look_at(ROW, is_forced=True)

    assert workspace.memory.due[ROW].rewrite


async def test_a_page_that_is_as_it_was_read_is_not_due_but_where_it_is_asked_for_by_force_or_was_due_before(
    workspace: Workspace,
) -> None:
    memory = workspace.memory
    memory.remember(ROW, stamp=row_of(listed(0), "pages", SETTLED).stamp)
    memory.remember(CHILD, stamp=child_stamp(child(), RULE), parent=ROW)

    survey = await workspace.look_at(ROW)
    await workspace.look_at(CHILD)
    assert (memory.due, survey.progress.unchanged) == ({}, 1)

    for page_id in (ROW, CHILD):
        memory.known[page_id] = msgspec.structs.replace(memory.known[page_id], is_due=True)
        await workspace.look_at(page_id)
    assert set(memory.due) == {ROW, CHILD}
    memory.due.clear()
    await workspace.look_at(CHILD, is_forced=True)
    assert list(memory.due) == [CHILD]


async def test_a_draft_is_hidden_without_being_read(workspace: Workspace) -> None:
    workspace.put(listed(0, last_edited_time=LATER, properties={"visibility": word("draft")}))

    await workspace.look_at(ROW)

    assert (workspace.memory.sightings[ROW].is_hidden, workspace.memory.due) == (True, {})


@pytest.mark.parametrize("is_gone", [False, True])
async def test_a_page_below_a_row_that_goes_which_stands_elsewhere_by_now_is_read_there(
    workspace: Workspace, is_gone: bool
) -> None:
    if is_gone:
        del workspace.objects[f"pages/{ROW}"]
    else:
        draft = {"visibility": word("draft")}
        workspace.put(listed(0, last_edited_time=LATER, properties=draft))
    workspace.put(listed(10))

    await workspace.look_at(ROW)

    assert list(workspace.memory.sightings) == [CHILD, ROW]
    assert CHILD in workspace.memory.due


async def test_an_edited_child_page_is_due_alone_and_with_the_page_around_it_when_it_was_renamed(
    workspace: Workspace,
) -> None:
    workspace.put(child(last_edited_time=LATER))
    await workspace.look_at(CHILD)
    assert list(workspace.memory.due) == [CHILD]

    workspace.put(child(title="Renamed", last_edited_time=LATER))
    await workspace.look_at(CHILD)
    assert set(workspace.memory.due) == {CHILD, ROW}


async def test_an_earlier_edit_than_is_known_tells_nothing(workspace: Workspace) -> None:
    workspace.put(child(last_edited_time=EARLIER))
    workspace.put(listed(0, last_edited_time=EARLIER))

    await workspace.look_at(CHILD)
    await workspace.look_at(ROW)

    assert (workspace.memory.sightings, workspace.memory.due) == ({}, {})


async def test_a_child_page_goes_with_the_row_that_it_stands_below(workspace: Workspace) -> None:
    workspace.put(listed(0, last_edited_time=LATER, properties={"visibility": word("draft")}))

    await workspace.look_at(CHILD)

    assert workspace.memory.sightings[ROW].is_hidden
    assert CHILD not in workspace.memory.due


async def test_a_child_page_is_shown_to_those_whom_its_row_is_shown_to(
    workspace: Workspace,
) -> None:
    workspace.put(listed(0, last_edited_time=LATER, properties={"visibility": word("members")}))

    await workspace.look_at(CHILD)

    assert ROW in workspace.memory.due


@pytest.mark.parametrize("home", [HOME, OTHER_HOME])
async def test_a_page_goes_with_the_child_page_around_it_that_has_become_a_row(
    workspace: Workspace, home: str
) -> None:
    """In the source of the row that it stood below, or in another one."""
    below = row_id(12)
    workspace.memory.remember(below, parent=CHILD)
    workspace.put(row_page(below, parent={"type": "page_id", "page_id": CHILD}))
    workspace.put(listed(10, home))

    await workspace.look_at(below, references=BOTH)

    assert workspace.memory.due[CHILD] == WorkItem()


async def test_a_page_below_a_row_that_is_paused_since_stays_as_it_is(
    workspace: Workspace,
) -> None:
    workspace.put(listed(0, last_edited_time=LATER, properties={"sync": word("paused")}))
    workspace.put(child(last_edited_time=LATER))

    await workspace.look_at(CHILD)

    assert workspace.memory.sightings[ROW].observation.is_paused
    assert CHILD not in workspace.memory.due


async def test_the_child_databases_of_a_page_are_looked_at_with_it(workspace: Workspace) -> None:
    workspace.memory.child_databases[DATABASE] = READ
    workspace.rows["ds"] = [listed(5, home="ds", last_edited_time=LATER)]

    await workspace.look_at(ROW)

    assert f"db:{DATABASE}" in workspace.memory.due


async def test_a_child_database_is_looked_at_by_its_own_id_and_written_when_it_is_forced(
    workspace: Workspace,
) -> None:
    workspace.memory.child_databases[DATABASE] = READ
    workspace.rows["ds"] = [listed(5, home="ds", last_edited_time=LATER)]

    await workspace.look_at(DATABASE)
    assert workspace.memory.due == {f"db:{DATABASE}": WorkItem(title="D")}

    await workspace.look_at(DATABASE, is_forced=True)
    assert workspace.memory.due == {f"db:{DATABASE}": WorkItem(rewrite=True)}


async def test_a_child_database_that_another_run_forgets_meanwhile_ends_no_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.rows["ds"] = [listed(5, home="ds", last_edited_time=LATER)]
    answers: list[dict[str, DatabaseRecord | None]] = [{DATABASE: READ}, {}]

    async def databases(database_ids: Collection[str]) -> dict[str, DatabaseRecord | None]:
        return answers.pop(0)

    monkeypatch.setattr(workspace.memory, "databases", databases)

    await workspace.look_at(DATABASE)

    assert workspace.memory.due == {f"db:{DATABASE}": WorkItem(title="D")}


# What proves that it is gone.


async def test_a_row_that_notion_knows_neither_as_page_nor_as_block_is_gone(
    workspace: Workspace,
) -> None:
    del workspace.objects[f"pages/{ROW}"]

    await workspace.look_at(f"at-{ROW}")

    assert workspace.memory.gone == {ROW}
    assert workspace.asked == [f"pages/{ROW}", f"blocks/{ROW}", f"pages/{CHILD}"]


async def test_a_row_of_a_database_that_is_not_shared_any_more_is_not_gone(
    workspace: Workspace,
) -> None:
    del workspace.objects[f"pages/{ROW}"]
    workspace.unshared = {"pages"}

    with pytest.raises(Hopeless, match="Notion shows neither it nor the database of source pages"):
        await workspace.look_at(f"at-{ROW}")

    assert workspace.memory.gone == set()


async def test_a_child_page_that_is_gone_is_looked_for_by_the_page_around_it(
    workspace: Workspace,
) -> None:
    del workspace.objects[f"pages/{CHILD}"]

    await workspace.look_at(CHILD)

    assert (workspace.memory.gone, workspace.memory.due) == (
        set(),
        {ROW: WorkItem(doubted=[CHILD])},
    )


async def test_a_child_page_in_the_trash_is_looked_for_by_the_page_around_it(
    workspace: Workspace,
) -> None:
    workspace.put(child(in_trash=True))

    await workspace.look_at(CHILD)

    assert workspace.memory.due == {ROW: WorkItem(doubted=[CHILD])}


async def test_a_child_page_below_one_that_has_moved_is_read_with_the_pages_around_that(
    workspace: Workspace,
) -> None:
    below, there = row_id(12), row_id(1)
    workspace.memory.remember(below, parent=CHILD)
    workspace.memory.remember(there, read=record())
    workspace.put(row_page(below, parent={"type": "page_id", "page_id": CHILD}))
    workspace.put(child(parent={"type": "page_id", "page_id": there}))
    workspace.put(listed(1))

    await workspace.look_at(below, is_forced=True)

    assert workspace.memory.due == {
        ROW: WorkItem(),
        there: WorkItem(),
        below: WorkItem(rewrite=True),
    }


@pytest.mark.parametrize("change", [{"in_trash": True}, {"archived": True}, None])
async def test_the_page_around_one_that_is_gone_is_not_read_where_its_row_is_gone_too(
    workspace: Workspace, change: JSON | None
) -> None:
    """It would be published anew below a row that is to be published no more."""
    workspace.put(child(in_trash=True))
    if change is None:
        del workspace.objects[f"pages/{ROW}"]
    else:
        workspace.put(listed(0, **change))

    await workspace.look_at(CHILD)

    sightings = workspace.memory.sightings
    assert workspace.memory.due == {}
    assert {page_id for page_id, one in sightings.items() if one.is_hidden or one.is_gone} == {ROW}


@pytest.mark.parametrize(
    "answers",
    [
        {
            f"pages/{ROW}": error(404, "object_not_found"),
            f"blocks/{ROW}": {"object": "block", "id": ROW},
        },
        {
            f"pages/{ROW}": error(404, "object_not_found"),
            f"blocks/{ROW}": error(403, "restricted_resource"),
        },
        {f"pages/{ROW}": error(403, "restricted_resource")},
    ],
)
async def test_one_refusal_alone_drops_nothing(
    workspace: Workspace, answers: dict[str, JSON | httpx.Response]
) -> None:
    workspace.objects |= answers

    with pytest.raises(Hopeless, match="does not show it"):
        await workspace.look_at(ROW)
    assert workspace.memory.sightings == {}


async def test_a_page_that_nobody_knows_is_no_page_to_drop(workspace: Workspace) -> None:
    with pytest.raises(Hopeless, match="does not show it"):
        await workspace.look_at(OTHER)


async def test_a_look_at_one_page_lists_no_source(workspace: Workspace) -> None:
    await workspace.look_at(ROW)
    await workspace.look_at(CHILD)

    assert f"data_sources/{HOME}/query" not in workspace.asked
