"""One page that is due: what is committed of it, and what becomes of its child pages."""

from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest

from lib.bundle.media import address_for
from lib.log import Log
from lib.model import JSON, Claim, Observation, PageRecord, Source, WorkItem
from lib.notion.computed import Schemas
from lib.store.copies import Copies
from lib.store.keys import Keys
from lib.store.runs import SliceLease
from lib.store.site import Committed, Known, PageCommit
from lib.sync.homes import Homes
from lib.sync.sightings import child_stamp, raw, row_of
from lib.sync.work.bundle_form import BundleForm, HostedFiles
from lib.sync.work.page_family import Families
from lib.sync.work.page_publication import PagePublication
from lib.sync.work.page_reader import PageReader
from lib.sync.work.page_work import PageWork
from lib.sync.work.read_ahead import ReadAhead
from lib.sync.work.unfinished import Readings
from tests.bundle.samples import paragraph
from tests.notion.stage import Clock, Stage, client, error
from tests.sync.memory import HOME, LEASE, Memory
from tests.sync.records import LATER, MINUTE, RULE, SETTLED, record, row_page, seen, word

ROW, CHILD, OTHER = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc")


class Store(Memory):
    """Takes commits too, each answered with the next of `outcomes`. `passed_on` is work that ended
    without one."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[PageCommit] = []
        self.outcomes: list[str] = []
        self.passed_on: list[tuple[str, dict[str, WorkItem]]] = []

    async def commit_page(self, lease: SliceLease, commit: PageCommit) -> Committed:
        self.commits.append(commit)
        return Committed(self.outcomes.pop(0) if self.outcomes else "done", [], {})

    async def pass_on(
        self, lease: SliceLease, claim: Claim, others: Sequence[tuple[str, WorkItem]]
    ) -> None:
        self.passed_on.append((claim.key, dict(others)))


class Desk:
    """Pages at Notion, what is remembered of them, and one page at a time that is worked on."""

    def __init__(self) -> None:
        self.stage, self.store, self.now = Stage(), Store(), SETTLED

    def put(self, page: JSON, *blocks: JSON) -> JSON:
        self.stage.objects[f"pages/{page['id']}"] = page
        self.stage.put(page["id"], *blocks)
        return page

    def remember(
        self, page_id: str, observation: Observation, read: PageRecord | None = None
    ) -> None:
        self.store.known[page_id] = Known(observation, read, f"at-{page_id[:1]}" if read else "")

    async def work(self, page_id: str, item: WorkItem | None = None) -> None:
        clock, store = Clock(self.now), self.store
        notion, any_store = client(self.stage.handle, clock), _any(store)
        readings = Readings(notion, any_store, any_store, clock.now)
        await readings.take_up(LEASE, is_first=True)
        schemas = Schemas(notion)
        ahead = ReadAhead(notion, readings, schemas, clock.now)
        homes = Homes({"pages": Source("pages", "db", HOME)}, RULE)
        form = BundleForm(
            address=address_for("https://sync.example", lambda token: "mac"),
            preview_address=lambda ref: "",
            max_value_bytes=1_000_000,
            docs=False,
            now_iso=lambda: MINUTE,
        )
        copies = Copies(any_store, Keys(), "", clock.now, lambda: MINUTE)
        files = HostedFiles(copies, lambda refs: None)
        families, log = Families(notion, any_store, homes, readings), Log(now=clock.now)
        publication = PagePublication(any_store, files, form, families, homes, readings, ahead, log)
        pages = PageWork(
            *(notion, any_store, any_store, homes, readings),
            *(PageReader(notion, readings, schemas, ahead, clock.now), publication),
            lambda claim: None,
        )
        known = store.known.get(page_id, Known())
        facts: dict[str, Any] = {
            "observation": known.observation,
            "record": known.record,
            "slug": known.slug,
        }
        await pages.sync(LEASE, Claim(key=page_id, number=1, item=item or WorkItem(), **facts))

    @property
    def commit(self) -> PageCommit:
        return self.store.commits[-1]


def _any(value: Any) -> Any:
    return value


def row(page_id: str = ROW, **members: Any) -> JSON:
    return row_page(
        page_id, **{"parent": {"type": "data_source_id", "data_source_id": HOME}, **members}
    )


def below(parent: str, page_id: str = CHILD, **members: Any) -> JSON:
    return row_page(page_id, **{"parent": {"type": "page_id", "page_id": parent}, **members})


@pytest.fixture
def desk() -> Desk:
    """A row that was listed and is to be read."""
    desk = Desk()
    desk.put(row(), paragraph())
    desk.remember(ROW, seen())
    return desk


@pytest.fixture
def family(desk: Desk) -> Desk:
    """A row that is published with a child page, which its list of blocks does not show any
    more."""
    desk.remember(ROW, seen(), record(children=[CHILD]))
    desk.remember(CHILD, seen(parent=ROW), record())
    return desk


def child_block(title: str = "Team", page_id: str = CHILD) -> JSON:
    content = {"object": "block", "type": "child_page", "child_page": {"title": title}}
    return {"id": page_id, "created_time": MINUTE, "has_children": True, **content}


# What is committed.


async def test_a_page_is_stamped_as_the_listing_that_shows_it_unchanged(desk: Desk) -> None:
    await desk.work(ROW)

    assert desk.commit.stamp == row_of(row(), "pages", SETTLED, RULE).stamp
    assert (desk.commit.slug, desk.commit.record.edited, desk.commit.record.read_at) == (
        "about",
        MINUTE,
        SETTLED,
    )


async def test_a_child_page_is_stamped_as_the_look_that_shows_it_unchanged(family: Desk) -> None:
    family.put(below(ROW))

    await family.work(CHILD)

    assert family.commit.stamp == f"{child_stamp(below(ROW), RULE)} pages"
    assert family.commit.sort == ""


async def test_a_page_that_was_read_within_the_minute_of_its_edit_bears_no_stamp(
    desk: Desk,
) -> None:
    desk.now = SETTLED - 1

    await desk.work(ROW)

    assert desk.commit.stamp == ""


def toggle(block_id: str = OTHER) -> JSON:
    return {"object": "block", "id": block_id, "type": "toggle", "has_children": True} | {
        "toggle": {"rich_text": [], "color": "default"}
    }


async def test_what_is_denied_of_a_page_is_read_again_where_the_page_is_not_in_the_trash(
    desk: Desk,
) -> None:
    desk.put(row(), toggle())
    desk.stage.put(OTHER, child_block())
    desk.put(below(ROW))
    listed, path = msgspec.Raw(msgspec.json.encode(row())), f"blocks/{OTHER}/children"
    desk.stage.refused[path] = error(404, "object_not_found")

    async def come_back(name: str) -> None:
        if name == f"pages/{ROW}":
            desk.stage.refused.pop(path)

    desk.stage.before = come_back

    await desk.work(ROW, WorkItem(page=listed, read_at=SETTLED - 30))

    assert list(desk.commit.children) == [CHILD]
    assert desk.stage.asked.count(f"blocks/{ROW}/children") == 1


async def test_a_page_that_is_in_the_trash_by_now_is_not_published_without_what_is_denied(
    desk: Desk,
) -> None:
    desk.put(row(in_trash=True), toggle())
    listed = msgspec.Raw(msgspec.json.encode(row()))
    desk.stage.refused[f"blocks/{OTHER}/children"] = error(404, "object_not_found")

    await desk.work(ROW, WorkItem(page=listed, read_at=SETTLED - 30))

    assert desk.store.commits == []
    assert desk.store.sightings[ROW].is_gone


async def test_what_stays_denied_is_asked_for_twice_and_no_more(desk: Desk) -> None:
    desk.put(row(), toggle())
    desk.stage.refused[f"blocks/{OTHER}/children"] = error(404, "object_not_found")

    await desk.work(ROW)

    assert desk.stage.asked.count(f"blocks/{OTHER}/children") == 2
    assert desk.commit.record.is_lacking is False


async def test_what_a_listing_has_shown_is_not_asked_for_again(desk: Desk) -> None:
    page = msgspec.Raw(msgspec.json.encode(row()))

    await desk.work(ROW, WorkItem(page=page, read_at=SETTLED - 30))

    assert f"pages/{ROW}" not in desk.stage.asked
    assert (desk.commit.page_read_at, desk.commit.record.read_at) == (SETTLED - 30, SETTLED - 30)


async def test_a_bundle_that_says_the_same_is_sent_only_where_it_has_to_be_written(
    desk: Desk,
) -> None:
    await desk.work(ROW)
    assert desk.commit.text is not None
    desk.remember(ROW, seen(), desk.commit.record)

    await desk.work(ROW)
    assert desk.commit.text is None
    await desk.work(ROW, WorkItem(rewrite=True))
    assert desk.commit.text is not None


async def test_a_bundle_that_is_lost_in_kv_after_all_is_sent_in_the_same_breath(desk: Desk) -> None:
    await desk.work(ROW)
    desk.remember(ROW, seen(), desk.commit.record)
    desk.store.outcomes = ["send", "done"]
    requests = len(desk.stage.asked)

    await desk.work(ROW)

    assert [commit.text is None for commit in desk.store.commits] == [False, True, False]
    assert len(desk.stage.asked) == requests + 2, "the page was read once"


async def test_addresses_that_changed_meanwhile_are_planned_anew_without_another_reading(
    desk: Desk,
) -> None:
    desk.store.outcomes = ["changed", "changed", "done"]

    await desk.work(ROW)

    assert len(desk.store.commits) == 3
    assert len(desk.stage.asked) == 2


# Pages that are not published.


async def test_a_page_that_is_found_to_be_a_draft_when_it_is_read_is_hidden(desk: Desk) -> None:
    desk.put(row(properties={"visibility": word("draft")}, last_edited_time=LATER))

    await desk.work(ROW)

    assert (desk.store.commits, desk.store.sightings[ROW].is_hidden) == ([], True)


async def test_a_page_that_is_found_to_be_paused_when_it_is_read_keeps_its_slug(
    family: Desk,
) -> None:
    family.put(row(properties={"sync": word("paused")}, title="Renamed", last_edited_time=LATER))

    await family.work(ROW)

    assert family.store.commits == []
    sighting = family.store.sightings[ROW]
    assert (sighting.observation.is_paused, sighting.observation.wanted) == (True, "at-a")


async def test_a_page_of_which_nothing_is_remembered_is_no_work(desk: Desk) -> None:
    await desk.work(OTHER)

    assert (desk.store.passed_on, desk.stage.asked) == ([(OTHER, {})], [])


async def test_a_row_that_stands_in_no_source_any_more_goes(desk: Desk) -> None:
    desk.put(row(parent={"type": "workspace", "workspace": True}))

    await desk.work(ROW)

    assert desk.store.sightings[ROW].is_gone


# Child pages.


async def test_a_new_child_page_gets_its_slug_at_once_and_is_due(desk: Desk) -> None:
    desk.put(row(), child_block())
    desk.put(below(ROW))

    await desk.work(ROW)

    assert {move.page_id: move.new for move in desk.commit.addresses.moves} == {
        ROW: "about",
        CHILD: "about/team",
    }
    assert desk.commit.record.children == [CHILD]
    assert dict(desk.commit.work).keys() == {CHILD}


async def test_a_child_page_that_is_there_as_it_was_is_not_read_with_the_page_around_it(
    family: Desk,
) -> None:
    family.put(row(), child_block("About"))

    await family.work(ROW)

    assert (family.commit.record.children, family.commit.work, family.commit.gone) == (
        [CHILD],
        [],
        [],
    )


@pytest.mark.parametrize(("parts", "is_sent"), [(0, False), (2, True)])
async def test_a_page_that_has_not_changed_is_sent_where_it_has_another_number_of_parts(
    desk: Desk, parts: int, *, is_sent: bool
) -> None:
    """Another KV_MAX_VALUE_BYTES divides it anew."""
    await desk.work(ROW)
    known = msgspec.structs.replace(desk.commit.record, parts=parts)
    desk.remember(ROW, seen(), known)

    await desk.work(ROW)

    assert (desk.commit.text is not None) == is_sent


async def test_a_renamed_child_page_is_published_under_its_new_title(family: Desk) -> None:
    family.put(below(ROW, title="Renamed", last_edited_time=LATER))

    await family.work(CHILD)

    assert (family.commit.observation.title, dict(family.commit.work)) == ("Renamed", {})


async def test_a_row_that_was_listed_after_a_page_stands_in_it_where_its_list_shows_it_later(
    desk: Desk,
) -> None:
    """The page object of a work may be much older than the lists of blocks that are read for it."""
    page = raw(desk.put(row(), child_block()))
    desk.put(below(ROW))
    desk.remember(CHILD, seen(placed_at=desk.now - 5))

    await desk.work(ROW, WorkItem(page=page, read_at=desk.now - 10))

    assert desk.commit.children[CHILD].parent == ROW
    assert desk.commit.record.read_at == desk.now - 10


@pytest.mark.parametrize(("seconds", "is_asked"), [(30, True), (240, False)])
async def test_of_two_titles_of_a_child_page_that_was_edited_a_moment_ago_its_own_object_tells(
    desk: Desk, seconds: float, is_asked: bool
) -> None:
    """Lists of blocks may lag behind: which of the two is the newer is not known."""
    desk.put(row(), child_block("Crew"))
    desk.remember(ROW, seen(), record(children=[CHILD]))
    desk.remember(CHILD, seen(parent=ROW, title="Team", edited_at=desk.now - seconds), record())

    await desk.work(ROW)

    child = desk.commit.children[CHILD]
    assert (child.title, list(dict(desk.commit.work))) == (
        ("Team", [CHILD]) if is_asked else ("Crew", [])
    )


@pytest.mark.parametrize(("seconds", "is_sure"), [(30, False), (240, True)])
async def test_a_page_is_read_again_where_a_child_page_went_that_was_edited_a_moment_ago(
    family: Desk, seconds: float, is_sure: bool
) -> None:
    """Lists of blocks may lag behind, and show the child page as it was called before."""
    family.put(below(ROW, in_trash=True))
    family.remember(CHILD, seen(parent=ROW, edited_at=family.now - seconds), record())

    await family.work(ROW)

    assert family.commit.gone == [CHILD]
    assert bool(family.commit.stamp) == is_sure


@pytest.mark.parametrize("found", [error(404, "object_not_found"), below(ROW, in_trash=True)])
async def test_a_child_page_that_notion_does_not_have_any_more_is_gone(
    family: Desk, found: JSON | httpx.Response
) -> None:
    family.stage.objects.pop(f"pages/{CHILD}", None)
    if isinstance(found, httpx.Response):
        family.stage.refused[f"pages/{CHILD}"] = found
    else:
        family.put(found)

    await family.work(ROW)

    assert (family.commit.gone, family.commit.record.children) == ([CHILD], [])


async def test_a_child_page_of_which_nobody_knows_where_it_is_moves_with_its_page(
    family: Desk,
) -> None:
    family.put(row(title="Renamed", last_edited_time=LATER))
    family.stage.refused[f"pages/{CHILD}"] = error(403, "restricted_resource")

    await family.work(ROW)

    moves = {move.page_id: move.new for move in family.commit.addresses.moves}
    assert moves == {ROW: "renamed", CHILD: "renamed/about"}
    assert family.commit.record.children == [CHILD]


@pytest.mark.parametrize(
    "gone",
    [
        below(ROW, in_trash=True),
        row(properties={"visibility": word("draft")}, last_edited_time=LATER),
        row(parent={"type": "workspace", "workspace": True}),
    ],
    ids=["its child page is in the trash", "it is a draft", "it stands in no source"],
)
async def test_what_stood_below_a_page_that_goes_and_stands_elsewhere_is_read_there(
    family: Desk, gone: JSON
) -> None:
    family.put(below(ROW))
    family.put(gone)
    family.remember(CHILD, seen(parent=ROW), record(children=[OTHER]))
    family.remember(OTHER, seen(parent=CHILD), record())
    family.put(row(OTHER))

    await family.work(ROW)

    assert next(iter(family.store.sightings)) == OTHER  # before what it stood in goes
    assert family.store.sightings[OTHER].observation.parent is None
    assert list(family.store.due) == [OTHER]


async def test_a_page_goes_also_where_there_is_no_time_to_ask_for_what_stood_below_it(
    family: Desk,
) -> None:
    family.put(row(properties={"visibility": word("draft")}, last_edited_time=LATER))
    family.stage.refused[f"pages/{CHILD}"] = error(429, "rate_limited", retry_after="60")

    await family.work(ROW)

    assert family.store.sightings[ROW].is_hidden


async def test_a_child_page_that_notion_refuses_stays_until_it_is_known_what_became_of_it(
    family: Desk,
) -> None:
    family.stage.refused[f"pages/{CHILD}"] = error(403, "restricted_resource")

    await family.work(ROW)

    assert (family.commit.gone, family.commit.record.children) == ([], [CHILD])
    assert family.commit.record.is_lacking
    assert family.commit.stamp == ""


async def test_a_child_page_that_says_that_it_stands_there_still_stays_for_the_list_may_lag(
    family: Desk,
) -> None:
    family.put(below(ROW))

    await family.work(ROW)

    assert (family.commit.gone, family.commit.record.children) == ([], [CHILD])
    assert family.commit.record.is_lacking


async def test_a_child_page_that_stands_in_another_published_page_makes_that_page_due(
    family: Desk,
) -> None:
    family.put(row(OTHER))
    family.remember(OTHER, seen(), record())
    family.put(below(OTHER))

    await family.work(ROW)

    assert (family.commit.gone, dict(family.commit.work)) == ([], {OTHER: WorkItem()})


async def test_a_child_page_that_moved_is_looked_after_by_its_old_page_until_the_other_has_taken_it(
    family: Desk,
) -> None:
    family.put(row(OTHER))
    family.remember(OTHER, seen(), record())
    family.put(below(OTHER))

    await family.work(ROW)

    assert CHILD in family.commit.record.children, "the other page may be hidden before it is read"


async def test_a_child_page_that_another_page_has_taken_is_let_go(family: Desk) -> None:
    family.remember(CHILD, seen(parent=OTHER), record())

    await family.work(ROW)

    assert (family.commit.gone, family.commit.work, family.commit.record.children) == ([], [], [])
    assert not family.commit.record.is_lacking


async def test_a_child_page_that_is_a_row_now_is_due_as_one_and_let_go_when_it_has_been_read(
    family: Desk,
) -> None:
    family.put(row(CHILD))

    await family.work(ROW)

    assert (family.commit.gone, family.commit.record.children) == ([], [CHILD])
    assert list(dict(family.commit.work)) == [CHILD]


async def test_a_child_page_in_the_trash_is_left_to_the_page_around_it(family: Desk) -> None:
    family.put(below(ROW, in_trash=True))

    await family.work(CHILD)

    assert family.store.passed_on == [(CHILD, {ROW: WorkItem(doubted=[CHILD])})]


async def test_what_was_doubted_of_a_row_that_moved_into_a_page_is_handed_on_to_that_page(
    desk: Desk,
) -> None:
    desk.put(below(OTHER, ROW))
    desk.put(row(OTHER))
    desk.remember(OTHER, seen(), record())

    await desk.work(ROW, WorkItem(doubted=["d"], asks_owners=True))

    handed_on = WorkItem(doubted=["d"], asks_owners=True)
    assert desk.store.passed_on == [(ROW, {OTHER: handed_on})]


async def test_what_was_doubted_of_a_child_page_that_went_is_handed_on_to_both_pages(
    family: Desk,
) -> None:
    family.put(row(OTHER))
    family.remember(OTHER, seen(), record())
    family.put(below(OTHER))

    await family.work(CHILD, WorkItem(doubted=["d"]))

    handed_on = WorkItem(doubted=["d"])
    assert family.store.passed_on == [(CHILD, {ROW: handed_on, OTHER: handed_on})]


async def test_a_page_that_moved_in_is_read_with_what_was_doubted_of_it(desk: Desk) -> None:
    desk.put(row(), child_block("About"))
    desk.put(below(ROW))
    desk.remember(CHILD, seen(), record(things=["db:d"], children=["c"]))

    await desk.work(ROW, WorkItem(doubted=["c", "d", "e"], asks_owners=True))

    item = dict(desk.commit.work)[CHILD]
    assert (item.doubted, item.asks_owners) == (["c", "d"], True)
