"""Synced blocks: every copy shows its original, which is read once in a run, wherever it stands."""

import asyncio

import msgspec
import pytest

from lib.errors import Hopeless, TryLater, Unreadable
from lib.model import JSON, Tree
from lib.notion import tree as tree_module
from lib.notion.blocks import Originals, Walk, read_tree
from lib.notion.tree import CYCLE, TOO_MANY
from tests.notion.stage import Stage, client, error, new_id
from tests.notion.trees import bare, count, database, elsewhere, lists, shape, tree_of

ORIGINAL_NOT_SHARED = "synced block whose original is not shared"


async def test_copies_show_their_original_which_is_read_once() -> None:
    stage = Stage()
    text, leaf = stage.block(), stage.block()
    toggle = stage.block("toggle", leaf)
    original = stage.original(text, toggle)
    owner = elsewhere(stage, original)
    page = stage.page(stage.copy(original["id"]), stage.block("quote", stage.copy(original["id"])))
    tree = await tree_of(stage, page)
    content = [text["id"], (toggle["id"], [leaf["id"]])]
    assert shape(tree.blocks[0]["children"]) == content
    assert shape(tree.blocks[1]["children"][0]["children"]) == content
    assert bare(tree.blocks[0]) == stage.lists[page][0]
    assert lists(stage).count(original["id"]) == 1
    assert tree.copied == {original["id"]: owner}
    assert tree.originals == []


async def test_an_original_on_the_page_itself_is_no_dependency() -> None:
    stage = Stage()
    original = stage.original(stage.block())
    page = stage.page(stage.copy(original["id"]), stage.block("toggle", original))
    tree = await tree_of(stage, page)
    assert tree.copied == {}
    assert tree.originals == [original["id"]]
    assert (
        tree.blocks[0]["children"]
        == tree.blocks[1]["children"][0]["children"]
        == stage.lists[original["id"]]
    )
    assert len(stage.asked) == 3


async def test_both_spellings_of_an_original_are_one() -> None:
    stage = Stage()
    original = stage.original(stage.block())
    page = stage.page(original, stage.copy(original["id"].replace("-", "").upper()))
    tree = await tree_of(stage, page)
    assert tree.copied == {}
    assert tree.blocks[1]["children"] == stage.lists[original["id"]]


async def test_the_owner_is_found_up_the_parents_of_the_original() -> None:
    stage = Stage()
    original, column, owner = stage.original(stage.block()), new_id(), new_id()
    stage.objects[f"blocks/{original['id']}"] = {"parent": {"type": "block_id", "block_id": column}}
    stage.objects[f"blocks/{column}"] = {"parent": {"type": "page_id", "page_id": owner}}
    tree = await tree_of(stage, stage.page(stage.copy(original["id"])))
    assert tree.copied == {original["id"]: owner}


@pytest.mark.parametrize("way", ["nowhere", "itself", "workspace"])
async def test_an_owner_that_is_not_to_be_found_is_none(way: str) -> None:
    stage = Stage()
    original = stage.original(stage.block())
    if way == "itself":
        stage.objects[f"blocks/{original['id']}"] = {
            "parent": {"type": "block_id", "block_id": original["id"]}
        }
    if way == "workspace":
        stage.objects[f"blocks/{original['id']}"] = {
            "parent": {"type": "workspace", "workspace": True}
        }
    tree = await tree_of(stage, stage.page(stage.copy(original["id"])))
    assert tree.copied == {original["id"]: None}


async def test_an_original_hidden_on_the_page_itself_is_no_dependency() -> None:
    stage = Stage()
    original, hidden = stage.original(stage.block()), stage.block("toggle", stage.block())
    stage.refused[f"blocks/{hidden['id']}/children"] = error(400, "validation_error")
    page = stage.page(stage.copy(original["id"]), hidden)
    elsewhere(stage, original, page)
    assert (await tree_of(stage, page)).copied == {}


async def test_the_owner_of_an_original_that_can_not_be_read_any_more_is_forgotten() -> None:
    stage = Stage()
    page = stage.page(stage.copy(new_id()))
    copied = stage.lists[page][0]["synced_block"]["synced_from"]["block_id"]
    tree = await tree_of(stage, page, known_owners={copied: "owner"})
    assert tree.copied == {copied: None}


async def test_a_known_owner_costs_no_request() -> None:
    stage = Stage()
    original = stage.original(stage.block())
    page = stage.page(stage.copy(original["id"]))
    tree = await tree_of(stage, page, known_owners={original["id"]: "owner"})
    assert tree.copied == {original["id"]: "owner"}
    assert len(stage.asked) == 2


async def test_a_page_that_was_read_before_tells_where_its_originals_stand() -> None:
    stage, originals = Stage(), Originals()
    original = stage.original(stage.block())
    owner, page = stage.page(original), stage.page(stage.copy(original["id"]))
    await tree_of(stage, owner, originals)
    assert (await tree_of(stage, page, originals)).copied == {original["id"]: owner}
    assert lists(stage) == [owner, original["id"], page]
    assert len(stage.asked) == 3


async def test_a_page_that_is_being_read_is_waited_for_and_tells_where_its_originals_stand() -> (
    None
):
    stage, originals = Stage(), Originals()
    original, other = stage.original(stage.block()), stage.original(stage.block())
    owner = stage.page(
        stage.block("toggle", stage.block("toggle", original)), stage.copy(other["id"])
    )
    page = stage.page(stage.copy(original["id"]), other)
    async with asyncio.timeout(5):
        shown, owning = await asyncio.gather(
            tree_of(stage, page, originals), tree_of(stage, owner, originals)
        )
    assert (shown.copied, owning.copied) == ({original["id"]: owner}, {other["id"]: page})
    assert all(path.endswith("/children") for path in stage.asked)


async def test_a_page_whose_reading_fails_keeps_nobody_waiting() -> None:
    stage, originals = Stage(), Originals()
    original = stage.original(stage.block())
    broken, owner = stage.page(stage.block("toggle", stage.block())), elsewhere(stage, original)
    stage.refused[f"blocks/{broken}/children"] = error(404, "object_not_found")
    page = stage.page(stage.copy(original["id"]))
    async with asyncio.timeout(5):
        failed, tree = await asyncio.gather(
            tree_of(stage, broken, originals),
            tree_of(stage, page, originals),
            return_exceptions=True,
        )
    assert isinstance(failed, Unreadable)
    assert isinstance(tree, Tree)
    assert tree.copied == {original["id"]: owner}


async def test_a_copy_whose_original_is_not_shared_shows_what_its_own_id_gives() -> None:
    stage = Stage()
    copy, gone = stage.copy(new_id()), stage.copy(new_id())
    hollow = stage.copy(new_id())
    stage.put(copy["id"], stage.block("toggle", stage.block()))
    stage.put(hollow["id"])
    tree = await tree_of(stage, stage.page(copy, gone, hollow))
    assert shape(tree.blocks[0]["children"])[0][1] != []
    assert tree.blocks[1] == {**gone, "unavailable": ORIGINAL_NOT_SHARED}
    assert tree.blocks[2] == {**hollow, "unavailable": ORIGINAL_NOT_SHARED}
    assert set(tree.copied.values()) == {None}
    assert not any(
        name in stage.asked for name in (f"blocks/{original}" for original in tree.copied)
    )


async def test_a_page_reads_its_own_original_where_a_copy_was_refused_it_before() -> None:
    stage, originals = Stage(), Originals()
    block = database(stage)
    original = stage.original(block)
    owner, page = stage.page(original), stage.page(stage.copy(original["id"]))
    paths = (f"blocks/{original['id']}/children", f"databases/{block['id']}")
    for path in paths:
        stage.refused[path] = error(404, "object_not_found")
        await tree_of(stage, page, originals)

        del stage.refused[path]  # the page around it has come back out of the trash
        for reader in (owner, page):
            tree = await tree_of(stage, reader, originals)
            assert tree.blocks[0]["children"] == [block], path


async def test_a_refusal_that_a_copy_waits_for_is_none_for_the_page_of_the_original() -> None:
    stage, originals = Stage(), Originals()
    original = stage.original(stage.block())
    owner, page = stage.page(original), stage.page(stage.copy(original["id"]))
    elsewhere(stage, original, owner)
    path, is_refusing = f"blocks/{original['id']}/children", asyncio.Event()
    stage.refused[path] = error(404, "object_not_found")

    async def refuse_once(name: str) -> None:
        if name == path and is_refusing.is_set():
            stage.refused.pop(path)
        elif name == path:
            is_refusing.set()
            await asyncio.sleep(0.05)

    stage.before = refuse_once
    copying = asyncio.create_task(tree_of(stage, page, originals))
    await is_refusing.wait()
    tree = await tree_of(stage, owner, originals)
    await copying
    assert "unavailable" not in tree.blocks[0]


async def test_two_copies_of_an_unshared_original_ask_for_it_once() -> None:
    stage, original = Stage(), new_id()
    await tree_of(stage, stage.page(stage.copy(original), stage.copy(original)))
    assert lists(stage).count(original) == 1


async def test_a_copy_in_a_copy_is_a_dependency_too() -> None:
    stage = Stage()
    inner = stage.original(stage.block())
    outer = stage.original(stage.copy(inner["id"]))
    owners = {inner["id"]: elsewhere(stage, inner), outer["id"]: elsewhere(stage, outer)}
    tree = await tree_of(stage, stage.page(stage.copy(outer["id"])))
    assert tree.copied == owners
    assert tree.blocks[0]["children"][0]["children"] == stage.lists[inner["id"]]


async def test_pages_inside_a_copy_belong_to_the_page_of_the_original() -> None:
    stage = Stage()
    child, nested = stage.block("child_page", title="Child"), stage.original()
    original = stage.original(child, nested)
    elsewhere(stage, original)
    tree = await tree_of(stage, stage.page(stage.copy(original["id"])))
    assert tree.child_pages == []
    assert tree.originals == []
    assert tree.blocks[0]["children"][0] == child


async def test_whatever_stands_under_an_original_is_read_once_for_all_its_copies() -> None:
    stage, originals = Stage(), Originals()
    part = stage.put(new_id(), stage.block("toggle", stage.block()))
    meeting = stage.block("meeting_notes", title=[], children={"notes_block_id": part}) | {
        "has_children": True
    }
    fallen = stage.copy(new_id())
    stage.put(fallen["id"], stage.block("toggle", stage.block("toggle", stage.block())))
    original = stage.original(
        stage.block("toggle", stage.block("toggle", stage.block())), meeting, fallen
    )
    elsewhere(stage, original)
    pages = [stage.page(stage.copy(original["id"])) for _ in range(2)]
    first = await tree_of(stage, pages[0], originals)
    stage.asked.clear()
    second = await tree_of(stage, pages[1], originals)
    assert lists(stage) == [pages[1]]
    assert second.blocks[0]["children"] == first.blocks[0]["children"]


async def test_two_pages_that_copy_one_original_at_the_same_time_wait_for_one_reading() -> None:
    stage, originals = Stage(), Originals()
    original = stage.original(stage.block("toggle", stage.block()))
    elsewhere(stage, original)
    pages = [stage.page(stage.copy(original["id"])) for _ in range(5)]
    notion = client(stage.handle)
    trees = await asyncio.gather(*(read_tree(notion, Walk(page), originals) for page in pages))
    assert len({msgspec.json.encode(tree.blocks[0]["children"]) for tree in trees}) == 1
    assert len(stage.asked) == 5 + 2 + 1


async def test_whoever_waits_takes_over_when_the_first_asker_is_cancelled() -> None:
    stage, originals, asked, following = Stage(), Originals(), asyncio.Event(), asyncio.Event()
    original = stage.original(stage.block())
    first, second = (stage.page(stage.copy(original["id"])) for _ in range(2))
    hold = True

    async def before(name: str) -> None:
        if hold and original["id"] in name:
            asked.set()
            await asyncio.Event().wait()
        if second in name:
            asyncio.get_running_loop().call_later(0.01, following.set)

    stage.before = before
    notion = client(stage.handle)
    owners = {original["id"]: "owner"}
    leader = asyncio.create_task(read_tree(notion, Walk(first), originals, known_owners=owners))
    await asked.wait()
    follower = asyncio.create_task(read_tree(notion, Walk(second), originals, known_owners=owners))
    await following.wait()
    hold = False
    leader.cancel()
    tree = await follower
    assert tree.blocks[0]["children"] == stage.lists[original["id"]]
    with pytest.raises(asyncio.CancelledError):
        await leader


class Shelf:
    """What a run keeps of originals between its slices, as JSON."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.saves: list[str] = []
        self.loads: list[str] = []

    async def load(self, original: str) -> dict[str, list[JSON]] | None:
        self.loads.append(original)
        if original not in self.kept:
            return None
        kept: dict[str, list[JSON]] = msgspec.json.decode(self.kept[original])
        return kept

    async def save(self, original: str, lists: dict[str, list[JSON]]) -> None:
        self.saves.append(original)
        self.kept[original] = msgspec.json.encode(lists)

    def originals(self) -> Originals:
        return Originals(self.load, self.save)


async def test_an_original_is_read_once_in_a_run_of_several_slices() -> None:
    stage, shelf = Stage(), Shelf()
    refused = stage.block("toggle", stage.block())
    stage.refused[f"blocks/{refused['id']}/children"] = error(400, "validation_error")
    inner = stage.original(stage.block())
    original = stage.original(
        stage.block("toggle", stage.block()), refused, stage.copy(inner["id"])
    )
    owners = {original["id"]: "owner", inner["id"]: "owner"}
    first, second = (stage.page(stage.copy(original["id"]), stage.block()) for _ in range(2))
    before = await tree_of(stage, first, shelf.originals(), known_owners=owners)
    assert sorted(shelf.saves) == sorted(owners)
    stage.asked.clear()
    again = shelf.originals()
    after = await tree_of(stage, second, again, known_owners=owners)
    assert lists(stage) == [second]
    assert after.blocks[0]["children"] == before.blocks[0]["children"]
    assert len(shelf.saves) == 2, "what was loaded is not saved again"
    assert len(shelf.loads) == 4


async def test_an_original_that_cannot_be_read_is_asked_for_once_in_a_run() -> None:
    stage, shelf, original = Stage(), Shelf(), new_id()
    copies = [stage.copy(original) for _ in range(2)]
    for copy in copies:
        tree = await tree_of(stage, stage.page(copy), shelf.originals())
        assert tree.blocks == [{**copy, "unavailable": ORIGINAL_NOT_SHARED}]
        assert tree.copied == {original: None}
    assert lists(stage).count(original) == 1


async def test_the_original_on_its_own_page_comes_from_the_same_reading() -> None:
    stage, shelf = Stage(), Shelf()
    original = stage.original(stage.block())
    owner, page = stage.page(original), stage.page(stage.copy(original["id"]))
    await tree_of(stage, page, shelf.originals(), known_owners={original["id"]: owner})
    tree = await tree_of(stage, owner, shelf.originals())
    assert tree.blocks[0]["children"] == stage.lists[original["id"]]
    assert lists(stage).count(original["id"]) == 1


async def test_an_original_that_a_copy_was_refused_is_read_and_kept_by_its_own_page() -> None:
    stage, shelf = Stage(), Shelf()
    original = stage.original(stage.block())
    owner, page = stage.page(original), stage.page(stage.copy(original["id"]))
    path = f"blocks/{original['id']}/children"
    stage.refused[path] = error(404, "object_not_found")
    await tree_of(stage, page, shelf.originals())
    del stage.refused[path]

    later = shelf.originals()
    own, copied = await tree_of(stage, owner, later), await tree_of(stage, page, later)
    kept = await tree_of(stage, page, shelf.originals(), known_owners={original["id"]: owner})

    for tree in (own, copied, kept):
        assert tree.blocks[0]["children"] == stage.lists[original["id"]]
    assert lists(stage).count(original["id"]) == 2


async def test_what_a_page_marks_in_an_original_is_not_what_others_see() -> None:
    stage, shelf = Stage(), Shelf()
    toggle = stage.block("toggle", stage.block())
    original = stage.original(toggle)
    owner, page = stage.page(original), stage.page(stage.copy(original["id"]))
    path = f"blocks/{toggle['id']}/children"
    stage.refused[path] = error(500, "internal_server_error")
    walk, originals = Walk(page), shelf.originals()
    known = {original["id"]: owner}
    tree = await read_tree(
        client(stage.handle), walk, originals, known_owners=known, is_last_try=True
    )
    assert (tree.blocks[0]["children"][0]["unavailable"] != "", walk.is_lacking) == (True, True)
    assert shelf.saves == []

    del stage.refused[path]
    for reader in (page, owner):
        tree = await tree_of(stage, reader, originals, known_owners=known)
        assert tree.blocks[0]["children"][0]["children"] == stage.lists[toggle["id"]]


async def test_a_part_that_a_copy_was_refused_in_an_earlier_slice_is_read_by_its_own_page() -> None:
    stage, shelf = Stage(), Shelf()
    toggle = stage.block("toggle", stage.block())
    original = stage.original(toggle)
    owner, page = stage.page(original), stage.page(stage.copy(original["id"]))
    path = f"blocks/{toggle['id']}/children"
    stage.refused[path] = error(404, "object_not_found")
    await tree_of(stage, page, shelf.originals(), known_owners={original["id"]: owner})
    del stage.refused[path]

    tree = await tree_of(stage, owner, shelf.originals())
    assert tree.blocks[0]["children"][0]["children"] == stage.lists[toggle["id"]]


async def test_an_original_read_on_its_own_page_is_kept_for_its_copies() -> None:
    stage, shelf = Stage(), Shelf()
    original = stage.original(stage.block())
    owner, page = stage.page(original), stage.page(stage.copy(original["id"]))
    await tree_of(stage, owner, shelf.originals())
    tree = await tree_of(stage, page, shelf.originals(), known_owners={original["id"]: owner})
    assert tree.blocks[0]["children"] == stage.lists[original["id"]]
    assert lists(stage).count(original["id"]) == 1


async def test_an_interruption_leaves_the_shelf_alone() -> None:
    stage, shelf = Stage(), Shelf()
    failing = stage.block("toggle", stage.block())
    stage.refused[f"blocks/{failing['id']}/children"] = error(401, "unauthorized")
    page = stage.page(failing, *(stage.copy(new_id()) for _ in range(30)))
    with pytest.raises(Hopeless):
        await tree_of(stage, page, shelf.originals())
    assert len(shelf.loads) < 8, "only those that were under way"
    assert shelf.saves == []


async def test_trouble_with_the_shelf_is_not_taken_for_an_unshared_original() -> None:
    async def load(original: str) -> None:
        raise TryLater("KV is away")

    stage = Stage()
    original = stage.original(stage.block())
    walk = Walk(stage.page(stage.copy(original["id"])))
    with pytest.raises(TryLater, match="KV is away"):
        await read_tree(client(stage.handle), walk, Originals(load))
    assert walk.unavailable == {}


async def test_a_copy_inside_its_own_original_ends() -> None:
    stage = Stage()
    original = stage.original(id=new_id()) | {"has_children": True}
    copy = stage.copy(original["id"])
    stage.put(original["id"], stage.block(), copy)
    tree = await tree_of(stage, stage.page(original))
    assert tree.blocks[0]["children"][1] == {**copy, "unavailable": CYCLE}
    assert len(stage.asked) == 2


async def test_originals_that_copy_each_other_end() -> None:
    stage, first, second = Stage(), new_id(), new_id()
    stage.put(first, stage.copy(second))
    stage.put(second, stage.copy(first))
    tree = await tree_of(
        stage, stage.page(stage.copy(first)), known_owners={first: "a", second: "b"}
    )
    assert tree.blocks[0]["children"][0]["children"][0]["unavailable"] == CYCLE
    assert len(stage.asked) == 3


async def test_copies_of_copies_stop_multiplying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MOST_BLOCKS", 1000)
    stage = Stage()
    last = stage.original(stage.block())
    chain = [last]
    for _ in range(30):
        copied = chain[-1]["id"]
        chain.append(stage.original(stage.copy(copied), stage.copy(copied)))
    page = stage.page(stage.copy(chain[-1]["id"]), stage.block("toggle", stage.block()))
    tree = await tree_of(stage, page, known_owners={original["id"]: "owner" for original in chain})
    blocks = count(tree.blocks)
    assert 1000 < blocks < 1100
    assert len(tree.blocks[1]["children"]) == 1, "what is no copy is never left out"
    assert f'"unavailable":"{TOO_MANY}"' in msgspec.json.encode(tree.blocks).decode()
    assert len(stage.asked) == 33


async def test_a17_a_copy_of_an_unshared_original_is_unavailable_though_it_says_that_it_has_no_children() -> (
    None
):
    stage = Stage()
    copy = stage.copy(new_id()) | {"has_children": False}
    tree = await tree_of(stage, stage.page(copy))
    assert [block["unavailable"] for block in tree.blocks] == [ORIGINAL_NOT_SHARED]


async def test_a17_a_copy_of_an_empty_original_is_empty() -> None:
    stage = Stage()
    original = stage.original(id=new_id())
    stage.put(original["id"])
    tree = await tree_of(stage, stage.page(stage.copy(original["id"]) | {"has_children": False}))
    assert [(block.get("unavailable"), block["children"]) for block in tree.blocks] == [(None, [])]
