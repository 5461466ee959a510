"""What is read before the page that it stands on is published, and when it counts."""

from typing import Any

import msgspec
import pytest

from lib.model import JSON
from lib.notion.blocks import Walk, read_tree
from lib.notion.computed import Schemas
from lib.notion.databases import Head
from lib.sync.work.read_ahead import MOST_AHEAD, ReadAhead
from lib.sync.work.unfinished import Readings
from tests.bundle.samples import paragraph
from tests.notion.stage import Clock, Stage, client, page_object
from tests.notion.trees import lists
from tests.sync.memory import LEASE

ROW, CHILD, BELOW = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc")


class Shelves:
    """What one slice hands on to the next."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def hand_on(self, lease: object, what: str, progress: JSON) -> None:
        self.kept[what] = msgspec.json.encode(progress)

    async def handed_on(self, run_id: str, what: str, kind: Any) -> Any:
        return msgspec.json.decode(self.kept[what], type=kind) if what in self.kept else None


class Slice:
    """A slice that reads ahead from the stage."""

    def __init__(self, stage: Stage, shelves: Shelves) -> None:
        clock, store = Clock(), _any(shelves)
        notion = client(stage.handle, clock)
        self.readings = Readings(notion, store, store, clock.now)
        self.ahead = ReadAhead(notion, self.readings, Schemas(notion), clock.now)

    async def begin(self, *, is_first: bool = True) -> "Slice":
        await self.readings.take_up(LEASE, is_first=is_first)
        return self


def _any(value: Any) -> Any:
    return value


def child_block(page_id: str) -> JSON:
    content = {"object": "block", "type": "child_page", "child_page": {"title": "Below"}}
    return {"id": page_id, "has_children": True, **content}


@pytest.fixture
def stage() -> Stage:
    """A child page, with another one on it."""
    stage = Stage()
    stage.put(CHILD, paragraph(), child_block(BELOW))
    stage.put(BELOW, paragraph())
    stage.objects[f"pages/{BELOW}"] = page_object(BELOW)
    return stage


async def test_what_was_read_ahead_is_used_for_the_work_that_its_page_brought_forth(
    stage: Stage,
) -> None:
    slice_ = await Slice(stage, Shelves()).begin()

    slice_.ahead.begin(ROW, CHILD)
    slice_.ahead.note_published(ROW, {CHILD: 5})
    ahead = slice_.ahead.take_reading(CHILD, 5)
    tree = await slice_.ahead.finish(CHILD)

    assert ahead and ahead.page and tree
    assert [child.id for child in tree.child_pages] == [BELOW]
    assert sorted(stage.asked) == sorted(
        [f"blocks/{CHILD}/children", f"pages/{BELOW}", f"blocks/{BELOW}/children"]
    )


async def test_it_is_not_where_something_became_known_meanwhile(stage: Stage) -> None:
    slice_ = await Slice(stage, Shelves()).begin()

    slice_.ahead.begin(ROW, CHILD)
    slice_.ahead.note_published(ROW, {CHILD: 5})

    assert slice_.ahead.take_reading(CHILD, 6) is None
    assert await slice_.ahead.finish(CHILD) is None


async def test_a_page_that_is_not_published_takes_with_it_what_stands_below_it(
    stage: Stage,
) -> None:
    slice_ = await Slice(stage, Shelves()).begin()
    slice_.ahead.begin(ROW, CHILD)
    await slice_.ahead.under_way[0]
    assert slice_.readings.ahead.keys() == {CHILD, BELOW}

    slice_.ahead.note_published(ROW)

    assert slice_.readings.ahead == {}
    await slice_.ahead.stop()


async def test_no_more_is_read_ahead_than_may_be_kept(stage: Stage) -> None:
    slice_ = await Slice(stage, Shelves()).begin()

    for number in range(MOST_AHEAD + 1):
        slice_.ahead.begin(ROW, f"page {number}")

    assert len(slice_.ahead.under_way) == MOST_AHEAD
    await slice_.ahead.stop()


async def test_the_next_slice_goes_on_with_it_and_asks_nothing_twice(stage: Stage) -> None:
    shelves = Shelves()
    one = await Slice(stage, shelves).begin()
    one.ahead.begin(ROW, CHILD)
    await one.ahead.under_way[0]
    one.ahead.note_published(ROW, {CHILD: 5})
    await one.ahead.stop()
    await one.readings.hand_on_rest()

    other = await Slice(stage, shelves).begin(is_first=False)
    ahead = other.ahead.take_reading(CHILD, 5)

    assert ahead and ahead.page
    assert ahead.page.walk.lists.keys() == {CHILD}
    assert other.readings.ahead.keys() == {BELOW}
    await other.readings.hand_on_rest()
    assert msgspec.json.decode(shelves.kept["originals:0"])["ahead"].keys() == {BELOW}


async def test_a_child_database_is_read_ahead_once(stage: Stage) -> None:
    stage.objects["data_sources/s"] = {"object": "data_source", "id": "s", "properties": {}}
    stage.objects["data_sources/s/query"] = {"results": [], "has_more": False, "next_cursor": None}
    slice_ = await Slice(stage, Shelves()).begin()

    for _ in range(2):
        slice_.ahead.begin(ROW, Head("d", "Data", ["s"]))
    slice_.ahead.note_published(ROW, {"db:d": 3})
    ahead = slice_.ahead.take_reading("db:d", 3)
    await slice_.ahead.finish("db:d")
    slice_.ahead.begin(BELOW, Head("d", "Data", ["s"]))

    assert ahead and ahead.database and ahead.database.rows.schemas == {"s": {}}
    assert sorted(stage.asked) == ["data_sources/s", "data_sources/s/query"]


async def test_a_slice_that_reads_anew_believes_nothing_that_it_has_read_of_an_original() -> None:
    stage = Stage()
    original = stage.original(stage.block())
    slice_ = await Slice(stage, Shelves()).begin()
    page = stage.page(stage.copy(original["id"]))
    notion = client(stage.handle)
    for _ in range(2):
        await read_tree(notion, Walk(page), slice_.readings.originals)
    assert lists(stage).count(original["id"]) == 1

    slice_.readings.read_anew()
    await read_tree(notion, Walk(page), slice_.readings.originals)
    assert lists(stage).count(original["id"]) == 2
