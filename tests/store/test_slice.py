"""What becomes of an item of the plan that can't be published as it was meant, over the real store."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from dev.upstash import UpstashStandIn
from lib.bundle import page as page_bundle
from lib.errors import NotionAway, OutOfTime
from lib.log import Log
from lib.model import JSON, Ask, Item
from lib.store.bundles import Bundles
from lib.store.copies import Copies
from lib.store.history import History
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.memory import Memory
from lib.store.runs import Hold, Runs
from lib.sync.slice import PAUSES_SECONDS, Worker
from tests.bundle.samples import TIME, plain
from tests.notion.stage import Stage, client, error, new_id
from tests.store.conftest import Clock

ALIVE = 900.0


class Desk:
    """A run over a workspace; each slice has a worker of its own, as each function call has."""

    def __init__(self, kv: Kv, clock: Clock, keys: Keys) -> None:
        self.kv, self.clock, self.keys, self.stage = kv, clock, keys, Stage()
        self.runs, self.memory = Runs(kv, keys, clock), Memory(kv, keys)
        self.max_value_bytes = 1_000_000
        self.linger_seconds = 8.0
        self._slices = 0

    def page(self, *blocks: JSON, title: str = "Bread") -> Item:
        """A page of the workspace that is to be read."""
        id = self.stage.page(*blocks)
        self.stage.objects[f"pages/{id}"] = {
            "object": "page",
            "id": id,
            "created_time": TIME,
            "last_edited_time": TIME,
            "properties": {"Name": {"id": "title", "type": "title", "title": [plain(title)]}},
        }
        return Item(id=id, source="pages", slug=title.lower(), title=title)

    async def plan(self, *items: Item) -> Hold:
        await self.runs.ask("r1", Ask(), self.clock.time + ALIVE)
        hold = (await self.runs.begin("r1", "0", 0, Ask(), self.clock.time + ALIVE)).hold
        await self.runs.write_plan(hold, items, {"listed": len(items)}, [], {})
        return hold

    async def work(self, hold: Hold, seconds: float = 60.0) -> Any:
        """One slice; answers what stopped it."""
        run = await self.runs.read("r1")
        assert run is not None
        worker = Worker(
            notion=client(self.stage.handle, now=self.clock),
            runs=self.runs,
            bundles=Bundles(self.kv, self.keys),
            memory=self.memory,
            copies=Copies(self.kv, self.keys, "", self.clock),
            note=lambda refs: None,
            address=lambda ref: f"https://sync.example/{ref.file}",
            max_value_bytes=self.max_value_bytes,
            log=Log(now=self.clock),
            linger_seconds=self.linger_seconds,
            now=self.clock,
            now_iso=lambda: TIME,
        )
        return await worker.work(hold, run, None, self.clock.time + seconds)

    async def read(self, slug: str) -> Any:
        text = await self.kv.command("GET", self.keys.page(slug))
        return None if text is None else json.loads(text)

    async def problems(self) -> list[tuple[str, str]]:
        """Title and reason of what was given up."""
        found = await History(self.kv, self.keys).run("r1")
        assert found is not None
        return [(problem.title, problem.reason) for problem in found.problems]

    async def warnings(self) -> list[str]:
        run = await self.runs.read("r1")
        assert run is not None
        return run.warnings


@pytest.fixture
def desk(kv: Kv, clock: Clock, keys: Keys) -> Desk:
    return Desk(kv, clock, keys)


async def test_a_row_that_notion_refuses_is_given_up_at_once_and_the_others_go_on(desk: Desk) -> None:
    refused, bread = desk.page(title="Secret"), desk.page()
    desk.stage.refused[f"pages/{refused.id}"] = error(404, "object_not_found")
    hold = await desk.plan(refused, bread)

    assert await desk.work(hold) is None

    ((title, reason),) = await desk.problems()
    assert (title, reason.startswith("Notion does not show it: ")) == ("Secret", True)
    assert await desk.read("bread")


async def test_a_child_page_that_is_gone_is_no_problem_but_leaves_with_the_run(desk: Desk) -> None:
    child = Item(id=new_id(), source="pages", slug="bread/rye", parent=new_id(), title="Rye")
    hold = await desk.plan(child)

    assert await desk.work(hold) is None

    assert await desk.problems() == []
    assert await desk.kv.command("HKEYS", f"{desk.keys.run('r1')}:drops") == [f"{child.parent}/{child.id}"]


async def test_a_block_larger_than_a_value_may_be_costs_that_block_and_is_named(clock: Clock, keys: Keys) -> None:
    with UpstashStandIn(max_request_bytes=50_000) as upstash:
        async with httpx.AsyncClient(trust_env=False) as http:
            desk = Desk(Kv(upstash.url, upstash.token, http, 40_000), clock, keys)
            desk.max_value_bytes = 40_000
            large = desk.page(desk.stage.block(rich_text=[plain("x" * 60_000)]), desk.stage.block(), title="Large")
            hold = await desk.plan(large)

            assert await desk.work(hold) is None

            assert await desk.problems() == []
            assert [bool(block.get("unavailable")) for block in (await desk.read("large"))["blocks"]] == [True, False]
            assert [("Large" in one, "KV_MAX_VALUE_BYTES" in one) for one in await desk.warnings()] == [(True, True)]


async def test_a_page_whose_properties_are_larger_than_a_value_may_be_is_given_up_and_says_why(
    clock: Clock, keys: Keys
) -> None:
    with UpstashStandIn(max_request_bytes=50_000) as upstash:
        async with httpx.AsyncClient(trust_env=False) as http:
            desk = Desk(Kv(upstash.url, upstash.token, http, 40_000), clock, keys)
            desk.max_value_bytes = 40_000
            large = desk.page(title="Large")
            teaser = {"id": "t", "type": "rich_text", "rich_text": [plain("x" * 60_000)]}
            desk.stage.objects[f"pages/{large.id}"]["properties"]["Teaser"] = teaser
            hold = await desk.plan(large, desk.page())

            assert await desk.work(hold) is None

            ((title, reason),) = await desk.problems()
            assert (title, "Teaser" in reason) == ("Large", True)
            assert (await desk.read("large"), bool(await desk.read("bread"))) == (None, True)


async def test_a_block_whose_children_never_come_is_left_empty_on_the_last_try_and_read_again_by_the_next_run(
    desk: Desk,
) -> None:
    failing, sound = desk.stage.block("toggle", desk.stage.block()), desk.stage.block("toggle", desk.stage.block())
    bread = desk.page(failing, sound)
    path = f"blocks/{failing['id']}/children"
    desk.stage.refused[path] = error(500, "internal_server_error")
    hold = await desk.plan(bread)

    for pause in PAUSES_SECONDS:
        assert await desk.work(hold) is None
        assert await desk.read("bread") is None, "a failed request never becomes a shorter page at once"
        desk.clock.time += pause
    assert await desk.work(hold) is None

    assert await desk.problems() == []
    blocks = (await desk.read("bread"))["blocks"]
    assert [bool(block.get("unavailable")) for block in blocks] == [True, False]
    assert [("Bread" in one, failing["id"] in one) for one in await desk.warnings()] == [(True, True)]
    assert (await desk.memory.kept([bread.id]))[bread.id].is_lacking


async def test_an_error_that_nobody_foresaw_costs_the_page_and_is_reported_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, bread = desk.page(title="Odd"), desk.page()
    build = page_bundle.build

    def failing(page: JSON, *others: Any) -> Any:
        if page["id"] == odd.id:
            raise KeyError("last_edited_time")
        return build(page, *others)

    monkeypatch.setattr(page_bundle, "build", failing)
    hold = await desk.plan(odd, bread)

    assert await desk.work(hold) is None

    assert await desk.problems() == [("Odd", "KeyError: 'last_edited_time'")]
    assert await desk.read("bread")


async def test_while_notion_answers_nothing_at_all_the_slice_itself_fails(desk: Desk) -> None:
    bread, rye = desk.page(), desk.page(title="Rye")
    paths = [path for item in (bread, rye) for path in (f"pages/{item.id}", f"blocks/{item.id}/children")]
    desk.stage.refused = dict.fromkeys(paths, httpx.Response(502, text="<html>"))
    hold = await desk.plan(bread, rye)

    with pytest.raises(NotionAway):
        await desk.work(hold)

    desk.stage.refused.clear()
    desk.clock.time += PAUSES_SECONDS[0]
    assert await desk.work(hold) is None
    assert await desk.read("bread")


async def test_one_page_without_an_answer_stops_no_slice_that_did_something(desk: Desk) -> None:
    away, bread = desk.page(title="Away"), desk.page()
    desk.stage.refused[f"pages/{away.id}"] = httpx.Response(502, text="<html>")
    hold = await desk.plan(away, bread)

    assert await desk.work(hold) is None

    assert (await desk.read("away"), bool(await desk.read("bread"))) == (None, True)
    assert await desk.problems() == []


async def test_a_request_that_hangs_at_the_end_of_a_slice_is_cut_off_and_its_page_left_to_the_next_one(
    desk: Desk,
) -> None:
    desk.linger_seconds = 0.05
    slow, quick = desk.page(title="Slow"), desk.page()

    async def hold_back(name: str) -> None:
        if name == f"blocks/{slow.id}/children":
            await asyncio.sleep(60)

    desk.stage.before = hold_back
    hold = await desk.plan(slow, quick)

    assert isinstance(await desk.work(hold, seconds=0), OutOfTime)
    assert (await desk.read("slow"), bool(await desk.read("bread"))) == (None, True)

    desk.stage.before, desk.stage.asked = None, []
    assert await desk.work(hold) is None
    assert await desk.read("slow")
    assert desk.stage.asked == [f"blocks/{slow.id}/children"]  # the page itself was read before


async def test_a_child_page_whose_slug_another_page_took_meanwhile_is_published_beside_it_and_its_parent_told(
    desk: Desk,
) -> None:
    owner = desk.page(title="Rye")
    hold = await desk.plan(owner)
    await desk.work(hold)
    child = desk.page(title="Rye")
    parent = new_id()
    bare = child.id.replace("-", "")
    moved = Item(id=child.id, source="pages", slug="rye", parent=parent, title="Rye")
    await desk.runs.end("r1", "delivered", {}, "", desk.clock.time)
    await desk.kv.command("DEL", desk.keys.run("r1"))
    hold = await desk.plan(moved)

    assert await desk.work(hold) is None

    assert (await desk.read("rye"))["meta"]["id"] == owner.id
    assert (await desk.read(f"rye-{bare[:8]}"))["meta"]["id"] == child.id
    assert (await desk.memory.everything()).overdue == {parent}
    run = await desk.runs.read("r1")
    assert run is not None
    assert f'it stands at "rye-{bare[:8]}"' in run.warnings[0]
