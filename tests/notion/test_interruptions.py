"""A walk that is interrupted, wherever and however, goes on without asking anything twice."""

import asyncio
import json

import httpx
import msgspec
import pytest

from lib.errors import Hopeless, NotionAway, OutOfTime
from lib.notion.blocks import Originals, Walk, read_tree
from lib.notion.client import NotionClient
from lib.notion.databases import Head, Reading
from tests.notion.stage import (
    Clock,
    Handler,
    Stage,
    client,
    error,
    new_id,
    pacer,
    page_object,
    read_whole,
)
from tests.notion.trees import database, tree_of


def everything(stage: Stage) -> str:
    """A page with one of each thing that costs requests."""
    far = stage.original(stage.block("toggle", stage.block()), stage.block())
    column = new_id()
    stage.objects[f"blocks/{far['id']}"] = {"parent": {"type": "block_id", "block_id": column}}
    stage.objects[f"blocks/{column}"] = {"parent": {"type": "page_id", "page_id": new_id()}}
    near = stage.original(stage.copy(far["id"]), stage.block())
    fallen = stage.copy(new_id())
    stage.put(fallen["id"], stage.block("toggle", stage.block()))
    refused = stage.block("toggle", stage.block())
    stage.refused[f"blocks/{refused['id']}/children"] = error(404, "object_not_found")
    linked = stage.block("child_database", title="Untitled")
    part = stage.put(new_id(), stage.block())
    meeting = stage.block(
        "meeting_notes", children={"summary_block_id": part, "notes_block_id": new_id()}
    )
    long = stage.block("toggle", *(stage.block("toggle", stage.block()) for _ in range(7)))
    child = stage.block("child_page", title="Child")
    stage.objects[f"pages/{child['id']}"] = page_object(child["id"])
    return stage.page(
        *(stage.copy(far["id"]), near, stage.copy(near["id"]), fallen, stage.copy(new_id())),
        *(
            refused,
            linked,
            database(stage),
            meeting,
            long,
            child,
            stage.block("child_page", title="Hidden"),
        ),
    )


def stopping(handler: Handler, requests: int) -> NotionClient:
    """A client whose time is up after so many requests."""
    notion: NotionClient = client(
        handler, pacer=pacer(Clock(), out_of_time=lambda: notion.requests >= requests)
    )
    return notion


def again(walk: Walk) -> Walk:
    return msgspec.json.decode(msgspec.json.encode(walk), type=Walk)


@pytest.fixture
def whole() -> tuple[Stage, str]:
    stage = Stage(page_size=3)
    return stage, everything(stage)


async def test_a_walk_interrupted_after_every_request_asks_nothing_twice(
    whole: tuple[Stage, str],
) -> None:
    stage, page = whole
    uninterrupted = await tree_of(stage, page)
    minimum = sorted(stage.asked)
    assert len(minimum) == len(set(minimum)) > 25
    for most in range(1, len(minimum) + 1):
        stage.asked.clear()
        walk, slices, tree = Walk(page), 0, None
        while tree is None:
            notion = stopping(stage.handle, most)
            try:
                tree = await read_tree(notion, walk, Originals())
            except OutOfTime:
                slices += 1
                walk = again(walk)
        assert sorted(stage.asked) == minimum, f"interrupted after {most} requests"
        assert tree == uninterrupted
        assert slices == (len(minimum) - 1) // most


async def test_a_walk_that_fails_at_every_request_once_asks_no_finished_one_twice(
    whole: tuple[Stage, str],
) -> None:
    stage, page = whole
    uninterrupted = await tree_of(stage, page)
    minimum = sorted(stage.asked)
    for failing in range(len(minimum)):
        stage.asked.clear()
        started = 0
        failed = ""

        async def handler(request: httpx.Request, failing: int = failing) -> httpx.Response:
            nonlocal started, failed
            started += 1
            asked = str(
                request.url.copy_remove_param("page_size")
            )  # what fails is asked for in smaller pages
            if started == failing + 1:
                failed = asked
            if asked == failed:
                return httpx.Response(502, text="<html>")
            return await stage.handle(request)

        walk = Walk(page)
        with pytest.raises(NotionAway):
            await read_tree(client(handler), walk, Originals())
        assert await read_tree(client(stage.handle), again(walk), Originals()) == uninterrupted
        assert sorted(stage.asked) == minimum, f"request {failing + 1} failed"


async def test_a_cancelled_walk_keeps_what_it_has(whole: tuple[Stage, str]) -> None:
    stage, page = whole
    uninterrupted = await tree_of(stage, page)
    minimum = sorted(stage.asked)
    for most in range(len(minimum)):
        stage.asked.clear()
        started, settled = 0, asyncio.Event()

        async def before(name: str, most: int = most, settled: asyncio.Event = settled) -> None:
            nonlocal started
            started += 1
            if started > most:
                asyncio.get_running_loop().call_later(0.001, settled.set)
                await asyncio.Event().wait()

        stage.before = before
        walk = Walk(page)
        reading = asyncio.create_task(read_tree(client(stage.handle), walk, Originals()))
        await settled.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert len(asyncio.all_tasks()) == 1, "nothing is left running"
        stage.before = None
        assert await read_tree(client(stage.handle), again(walk), Originals()) == uninterrupted
        assert sorted(stage.asked) == minimum, f"cancelled after {most} requests"


async def test_an_interruption_waits_for_what_is_under_way_and_begins_nothing_more() -> None:
    stage = Stage()
    page = stage.page(*(stage.block("toggle", stage.block()) for _ in range(30)))
    failing = stage.lists[page][0]["id"]
    failed, all_under_way, begun = asyncio.Event(), asyncio.Event(), 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal begun
        if failing in str(request.url):
            await all_under_way.wait()
            failed.set()
            return error(401, "unauthorized")
        begun += 1
        if begun == 8:
            all_under_way.set()
        if page not in str(request.url):
            await failed.wait()
            for _ in range(50):
                await asyncio.sleep(0)
        return await stage.handle(request)

    walk = Walk(page)
    with pytest.raises(Hopeless):
        await read_tree(client(handler), walk, Originals())
    assert begun == 1 + 7
    assert len(walk.lists) == 1 + 7


async def test_an_interruption_comes_before_a_probe_that_was_next_in_line() -> None:
    stage = Stage()
    failing = stage.block("toggle", stage.block())
    stage.refused[f"blocks/{failing['id']}/children"] = error(401, "unauthorized")
    with pytest.raises(Hopeless):
        await tree_of(stage, stage.page(failing, database(stage)))
    assert not any(name.startswith("databases/") for name in stage.asked)


async def test_an_interruption_ends_a_long_list_between_its_pages() -> None:
    stage = Stage(page_size=1)
    long = stage.block("toggle", *(stage.block() for _ in range(10)))
    failing = stage.block("toggle") | {"has_children": True}
    page = stage.page(long, failing)
    stage.page_size = 2
    failed = asyncio.Event()

    async def handler(request: httpx.Request) -> httpx.Response:
        if failing["id"] in str(request.url):
            failed.set()
            return error(401, "unauthorized")
        if long["id"] in str(request.url):
            await failed.wait()
            for _ in range(50):
                await asyncio.sleep(0)
        return await stage.handle(request)

    walk = Walk(page)
    with pytest.raises(Hopeless):
        await read_tree(client(handler), walk, Originals())
    assert len(walk.begun[long["id"]].results) == 2


async def test_a_child_database_interrupted_after_every_request_asks_nothing_twice() -> None:
    times = {
        "created_time": "2026-11-20T10:00:00.000Z",
        "last_edited_time": "2026-11-20T10:00:00.000Z",
    }
    cut = {"Crew": {"id": "c", "type": "relation", "relation": [], "has_more": True}}
    rows = [
        {"object": "page", "id": f"row {number}", **times, "properties": cut} for number in range(5)
    ]
    relations = [{"type": "relation", "relation": {"id": f"page {number}"}} for number in range(5)]
    answers = {f"/v1/pages/row {number}/properties/c": relations for number in range(5)}
    answers |= {"/v1/data_sources/first/query": rows[:3], "/v1/data_sources/second/query": rows[3:]}
    asked: list[str] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path not in answers:
            asked.append(path)
            return httpx.Response(200, json={"properties": {"Crew": {"type": "relation"}}})
        at = (
            request.url.params.get("start_cursor")
            or json.loads(request.content or b"{}").get("start_cursor")
            or 0
        )
        asked.append(f"{path} from {at}")
        until = int(at) + 2
        more = until < len(answers[path])
        return httpx.Response(
            200,
            json={
                "results": answers[path][int(at) : until],
                "has_more": more,
                "next_cursor": str(until) if more else None,
            },
        )

    head = Head(new_id(), "Crew", ["first", "second"])
    uninterrupted = await read_whole(client(handler), Reading(head.id, head))
    minimum = sorted(asked)
    assert [len(row["properties"]["Crew"]["relation"]) for row in uninterrupted.rows] == [5] * 5
    for most in range(1, len(minimum)):
        asked.clear()
        reading, found = Reading(head.id, head), None
        while found is None:
            try:
                found = await read_whole(stopping(handler, most), reading)
            except OutOfTime:
                reading = msgspec.json.decode(msgspec.json.encode(reading), type=Reading)
        assert sorted(asked) == minimum, f"interrupted after {most} requests"
        assert found == uninterrupted
