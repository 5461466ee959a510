"""The block tree: what is asked, how often, and what comes of it."""

import asyncio

import httpx
import msgspec
import pytest

from lib.errors import NotionAway, Unreadable
from lib.model import Tree
from lib.notion.blocks import Originals, Walk, read_tree
from lib.notion.databases import Head
from lib.notion.tree import CYCLE
from lib.times import UNKNOWN
from tests.notion.stage import Stage, client, error, new_id, page_object
from tests.notion.trees import bare, count, database, lists, shape, tree_of

NOT_SHARED = "not shared with the integration"


async def test_a_tree_is_what_notion_gave_with_children_at_any_depth() -> None:
    stage = Stage()
    leaf = stage.block("to_do", rich_text=[], checked=True)
    table = stage.block("table", stage.block("table_row", cells=[]), table_width=1)
    columns = stage.block("column_list", stage.block("column", leaf), stage.block("column", table))
    page = stage.page(stage.block(), columns, stage.block("divider"))
    tree = await tree_of(stage, page)
    assert shape(tree.blocks)[1][1][0] == (stage.lists[columns["id"]][0]["id"], [leaf["id"]])
    assert [bare(block) for block in tree.blocks] == stage.lists[page]
    assert tree.blocks[1]["children"][0]["children"] == [leaf]
    assert sorted(lists(stage)) == sorted(stage.lists), (
        "one request for each block with children, none else"
    )
    assert tree == Tree(blocks=tree.blocks)


async def test_blocks_of_one_level_are_asked_before_the_next_level() -> None:
    stage = Stage()
    deep = [stage.block("toggle", stage.block("toggle", stage.block())) for _ in range(12)]
    page = stage.page(*deep)
    await tree_of(stage, page)
    assert lists(stage)[1:13] == [block["id"] for block in deep]


async def test_children_of_different_blocks_are_asked_at_the_same_time() -> None:
    stage, waiting, gate = Stage(), 0, asyncio.Event()

    async def before(name: str) -> None:
        nonlocal waiting
        if name.split("/")[1] != page:
            waiting += 1
            if waiting == 8:
                gate.set()
            await gate.wait()

    page = stage.page(*(stage.block("toggle", stage.block()) for _ in range(20)))
    stage.before = before
    assert len((await tree_of(stage, page)).blocks) == 20


async def test_an_empty_page_has_no_blocks() -> None:
    stage = Stage()
    assert await tree_of(stage, stage.page()) == Tree(blocks=[])


async def test_has_children_is_trusted_in_both_directions() -> None:
    stage = Stage()
    silent = stage.block("paragraph", stage.block()) | {"has_children": False}
    empty = stage.block("paragraph") | {"has_children": True}
    stage.put(empty["id"])
    page = stage.page(silent, empty)
    tree = await tree_of(stage, page)
    assert tree.blocks == [silent, {**empty, "children": []}]
    assert lists(stage) == [page, empty["id"]]


async def test_more_than_a_hundred_children_come_page_by_page() -> None:
    stage = Stage()
    toggle = stage.block("toggle", *(stage.block() for _ in range(250)))
    page = stage.page(toggle, *(stage.block() for _ in range(100)))
    tree = await tree_of(stage, page)
    assert tree.blocks[0]["children"] == stage.lists[toggle["id"]]
    assert len(tree.blocks) == 101
    path = f"blocks/{toggle['id']}/children"
    assert [name for name in stage.asked if path in name] == [
        path,
        f"{path} at-100",
        f"{path} at-200",
    ]


async def test_a_dead_cursor_reads_the_list_from_its_beginning() -> None:
    stage, died = Stage(page_size=2), False
    page = stage.page(*(stage.block() for _ in range(5)))

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal died
        if "at-4" in str(request.url) and not died:
            died = True
            stage.lists[page].pop(0)
            return error(400, "validation_error", "The start_cursor provided is invalid: ...")
        return await stage.handle(request)

    tree = await read_tree(client(handler), Walk(page), Originals())
    assert tree.blocks == stage.lists[page]
    assert len(tree.blocks) == 4


async def test_a_cursor_that_dies_every_time_interrupts_and_the_walk_begins_that_list_again() -> (
    None
):
    stage = Stage(page_size=2)
    page = stage.page(*(stage.block() for _ in range(3)))
    healed = False

    async def handler(request: httpx.Request) -> httpx.Response:
        if "at-2" in str(request.url) and not healed:
            return error(400, "validation_error")
        return await stage.handle(request)

    walk = Walk(page)
    with pytest.raises(NotionAway):
        await read_tree(client(handler), walk, Originals())
    healed = True
    assert (await read_tree(client(handler), walk, Originals())).blocks == stage.lists[page]


async def test_child_pages_are_named_and_not_entered() -> None:
    stage = Stage()
    child = stage.block("child_page", stage.block(), title="Child")
    inner = stage.block("child_page", title="Inner")
    page = stage.page(child, stage.block("toggle", inner), child)
    stage.objects |= {f"pages/{block['id']}": page_object(block["id"]) for block in (child, inner)}
    tree = await tree_of(stage, page)
    assert [(found.id, found.title) for found in tree.child_pages] == [
        (child["id"], "Child"),
        (inner["id"], "Inner"),
    ]
    assert tree.child_pages[0].created_time == child["created_time"]
    assert child["id"] not in lists(stage)
    assert tree.blocks[0] == child


async def test_a_child_page_without_a_time_is_a_child_page_all_the_same() -> None:
    stage = Stage()
    child = stage.block("child_page", title="Child")
    del child["created_time"]
    page = stage.page(child)
    stage.objects[f"pages/{child['id']}"] = page_object(child["id"])
    tree = await tree_of(stage, page)
    assert [(found.title, found.created_time) for found in tree.child_pages] == [("Child", UNKNOWN)]


async def test_a_child_page_that_is_not_shared_stays_as_a_block_with_the_reason() -> None:
    stage = Stage()
    child, secret = (
        stage.block("child_page", title="Child"),
        stage.block("child_page", title="Secret"),
    )
    stage.objects[f"pages/{child['id']}"] = page_object(child["id"])
    walk = Walk(stage.page(child, secret))
    tree = await read_tree(client(stage.handle), walk, Originals())
    assert [found.id for found in tree.child_pages] == [child["id"]]
    assert tree.hidden_pages == [secret["id"]]
    assert [block.get("unavailable") for block in tree.blocks] == [
        None,
        "not shared with the integration",
    ]
    assert walk.pages == {child["id"]: page_object(child["id"])}


async def test_a_known_child_page_costs_no_request() -> None:
    stage = Stage()
    child = stage.block("child_page", title="Child")
    tree = await tree_of(stage, stage.page(child), known_pages=[child["id"]])
    assert [found.id for found in tree.child_pages] == [child["id"]]
    assert len(stage.asked) == 1


async def test_links_to_pages_are_not_followed() -> None:
    stage = Stage()
    link = stage.block("link_to_page", stage.block(), type="page_id", page_id=new_id())
    page = stage.page(link)
    assert (await tree_of(stage, page)).blocks == [link]
    assert lists(stage) == [page]


async def test_unsupported_blocks_stay_with_their_kind_and_cost_nothing() -> None:
    stage = Stage()
    button = stage.block("unsupported", stage.block(), block_type="button")
    old = stage.block("unsupported")
    page = stage.page(button, old)
    tree = await tree_of(stage, page)
    assert [block["unavailable"] for block in tree.blocks] == [
        "unsupported: button",
        "unsupported: unknown",
    ]
    assert bare(tree.blocks[0]) == button
    assert lists(stage) == [page]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error(404, "object_not_found"), NOT_SHARED),
        (error(400, "validation_error"), "not readable through Notion's API"),
        (error(403, "restricted_resource"), "not permitted to the integration"),
        (error(410, "gone"), "not readable"),
    ],
)
async def test_a_block_that_is_refused_stays_with_the_reason_and_the_rest_goes_on(
    answer: httpx.Response, reason: str
) -> None:
    stage = Stage()
    refused = stage.block("toggle", stage.block())
    fine = stage.block("toggle", stage.block())
    stage.refused[f"blocks/{refused['id']}/children"] = answer
    walk = Walk(stage.page(refused, fine))
    tree = await read_tree(client(stage.handle), walk, Originals())
    assert tree.blocks[0] == {**refused, "unavailable": reason}
    assert len(tree.blocks[1]["children"]) == 1
    assert walk.begun == {}


@pytest.mark.parametrize("answer", [error(404, "object_not_found"), error(400, "validation_error")])
async def test_a_page_that_is_refused_itself_is_unreadable(answer: httpx.Response) -> None:
    stage = Stage()
    page = stage.page(stage.block())
    stage.refused[f"blocks/{page}/children"] = answer
    with pytest.raises(Unreadable) as unreadable:
        await tree_of(stage, page)
    assert unreadable.value.notion_status == answer.status_code


async def test_a_block_that_stands_inside_itself_ends() -> None:
    stage = Stage()
    strange = stage.block("toggle") | {"has_children": True}
    stage.put(strange["id"], strange, stage.block())
    tree = await tree_of(stage, stage.page(strange))
    assert tree.blocks[0]["children"][0] == {**strange, "unavailable": CYCLE}
    assert "unavailable" not in tree.blocks[0]
    assert len(stage.asked) == 2


async def test_a_page_shown_inside_itself_ends() -> None:
    stage, page = Stage(), new_id()
    stage.put(page, stage.block() | {"id": page, "has_children": True})
    tree = await tree_of(stage, page)
    assert [block["unavailable"] for block in tree.blocks] == [CYCLE]


async def test_a_thousand_levels_are_no_deeper_than_one() -> None:
    stage = Stage()
    block = stage.block()
    for _ in range(999):
        block = stage.block("toggle", block)
    walk = Walk(stage.page(block))
    tree = await read_tree(client(stage.handle), walk, Originals())
    assert count(tree.blocks) == 1000
    assert msgspec.json.decode(msgspec.json.encode(walk), type=Walk) == walk


async def test_child_databases_are_probed_once_and_named() -> None:
    stage = Stage()
    block = database(stage)
    walk = Walk(stage.page(block, block))
    tree = await read_tree(client(stage.handle), walk, Originals())
    assert tree.blocks == [block, block]
    assert tree.databases == [block["id"]]
    assert walk.heads == {block["id"]: Head(block["id"], "", ["source"])}
    assert stage.asked[1:] == [f"databases/{block['id']}"]


async def test_a_known_database_is_taken_for_readable() -> None:
    stage = Stage()
    block = stage.block("child_database", title="Tasks")
    tree = await tree_of(stage, stage.page(block), known_databases={block["id"]})
    assert (tree.blocks, tree.databases, len(stage.asked)) == ([block], [block["id"]], 1)


@pytest.mark.parametrize(
    ("title", "answer", "reason"),
    [
        ("Tasks", error(404, "object_not_found"), "database not shared"),
        ("Tasks", error(400, "validation_error"), "linked database view"),
        ("Untitled", error(404, "object_not_found"), "linked database view"),
        ("", error(404, "object_not_found"), "linked database view"),
        (
            "Tasks",
            httpx.Response(200, json={"title": [], "data_sources": []}),
            "linked database view",
        ),
    ],
)
async def test_a_database_that_cannot_be_read_stays_with_the_reason(
    title: str, answer: httpx.Response, reason: str
) -> None:
    stage = Stage()
    block = database(stage, title)
    stage.refused[f"databases/{block['id']}"] = answer
    tree = await tree_of(stage, stage.page(block))
    assert tree.blocks == [{**block, "unavailable": reason}]
    assert tree.databases == []
    assert tree.unreadable == ([] if "linked" in reason else [block["id"]])


async def test_a_database_inside_a_copy_is_shown_and_probed_once_for_all_pages() -> None:
    stage, originals = Stage(), Originals()
    block = database(stage)
    original = stage.original(block)
    owner = stage.page(original)
    for page in (owner, stage.page(stage.copy(original["id"]))):
        assert (await tree_of(stage, page, originals)).databases == [block["id"]]
    assert stage.asked.count(f"databases/{block['id']}") == 1


@pytest.mark.parametrize("kind", ["meeting_notes", "transcription"])
async def test_meeting_notes_show_the_parts_that_notion_names(kind: str) -> None:
    stage = Stage()
    summary, notes = stage.put(new_id(), stage.block("toggle", stage.block())), new_id()
    parts = {"summary_block_id": summary, "notes_block_id": notes, "transcript_block_id": None}
    meeting = stage.block(kind, title=[], children=parts) | {"has_children": True}
    tree = await tree_of(stage, stage.page(meeting))
    assert bare(tree.blocks[0]) == meeting
    first, second = tree.blocks[0]["children"]
    assert (first["id"], first["type"], len(first["children"])) == (summary, f"{kind}_summary", 1)
    assert first["children"][0]["children"] != []
    assert (second["id"], second["type"], second["unavailable"]) == (
        notes,
        f"{kind}_notes",
        NOT_SHARED,
    )
    assert meeting["id"] not in lists(stage)


async def test_meeting_notes_without_parts_are_a_block_like_any_other() -> None:
    stage = Stage()
    early = stage.block("meeting_notes", title=[])
    with_list = stage.block("meeting_notes", stage.block(), title=[], children={})
    tree = await tree_of(stage, stage.page(early, with_list))
    assert tree.blocks[0] == early
    assert len(tree.blocks[1]["children"]) == 1


async def test_a_block_that_notion_shows_only_in_part_stays_with_the_reason() -> None:
    stage = Stage()
    partial = {"object": "block", "id": new_id()}
    tree = await tree_of(stage, stage.page(partial, stage.block()))
    assert tree.blocks[0] == {**partial, "unavailable": "not permitted to the integration"}
