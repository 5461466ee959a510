"""What becomes of work that can't be published as it was meant, over the real store."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from dev.upstash import UpstashStandIn
from lib.bundle import page as page_bundle
from lib.errors import Hopeless, NotionAway, OutOfTime
from lib.log import Log
from lib.model import JSON, Ask, Observation, Source, WorkItem
from lib.store.copies import Copies
from lib.store.drafts import Drafts
from lib.store.history import History
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs, SliceLease
from lib.store.site import Sighting, Site
from lib.store.work import WorkQueue
from lib.sync.homes import Homes
from lib.sync.sightings import row_of
from lib.sync.work.bundle_form import BundleForm, HostedFiles
from lib.sync.work.slice import SliceStores, Worker
from lib.sync.work.unfinished import PAUSES_SECONDS
from tests.bundle.samples import TIME, plain
from tests.notion.stage import Stage, client, error, new_id
from tests.store.conftest import Clock

ALIVE = 900.0
SOURCE = Source("pages", "db", "ds")


class Desk:
    """A run over a workspace; each slice has a worker of its own, as each function call has."""

    def __init__(self, kv: Kv, clock: Clock, keys: Keys, max_value_bytes: int = 1_000_000) -> None:
        self.kv, self.clock, self.keys, self.stage = kv, clock, keys, Stage()
        self.runs, self.queue = Runs(kv, keys, clock, new_id), WorkQueue(kv, keys, clock)
        self.max_value_bytes = max_value_bytes
        self.site = Site(kv, keys, max_value_bytes, clock, lambda: TIME)
        self.linger_seconds = 8.0
        self.is_shared = True

    def page(self, *blocks: JSON, title: str = "Bread") -> str:
        """A row of the workspace; its id."""
        page_id = self.stage.page(*blocks)
        self.stage.objects[f"pages/{page_id}"] = {
            "object": "page",
            "id": page_id,
            "created_time": TIME,
            "last_edited_time": TIME,
            "parent": {"type": "data_source_id", "data_source_id": SOURCE.data_source_id},
            "properties": {"Name": {"id": "title", "type": "title", "title": [plain(title)]}},
        }
        return page_id

    async def plan(self, *page_ids: str) -> SliceLease:
        """A run that has seen these rows, and has to read them."""
        lease = await self.begin()
        seen = [
            (one, row_of(self.stage.objects[f"pages/{one}"], "pages", self.clock.time).observation)
            for one in page_ids
        ]
        await self.site.observe(
            lease, [Sighting(page_id=one, observation=o, item=WorkItem()) for one, o in seen]
        )
        return lease

    async def begin(self) -> SliceLease:
        await self.runs.ask_for_run("r1", Ask(), self.clock.time + ALIVE)
        lease = (await self.runs.begin_slice("r1", "0", 0, Ask(), self.clock.time + ALIVE)).lease
        await self.runs.note_survey(
            lease, counts={}, sources={}, listings={}, warnings=[], problems=[]
        )
        return lease

    async def find_source(self, name: str, reference: str) -> Source:
        if not self.is_shared:
            raise Hopeless(f"Notion does not show {reference}")
        return SOURCE

    async def work(self, lease: SliceLease, seconds: float = 60.0) -> Any:
        """One slice; answers what stopped it."""
        run = await self.runs.read_run("r1")
        assert run is not None
        worker = Worker(
            notion=client(self.stage.handle, now=self.clock),
            stores=SliceStores(
                runs=self.runs,
                work=self.queue,
                site=self.site,
                drafts=Drafts(self.kv, self.keys, self.site),
                files=HostedFiles(
                    Copies(self.kv, self.keys, "", self.clock, lambda: TIME), lambda refs: None
                ),
            ),
            form=BundleForm(
                address=lambda ref: f"https://sync.example/{ref.file}",
                preview_address=lambda ref: f"https://sync.example/{ref.file}?preview",
                max_value_bytes=self.max_value_bytes,
                docs=False,
                now_iso=lambda: TIME,
            ),
            homes=Homes({"pages": SOURCE}, references={"pages": "ref"}, find=self.find_source),
            log=Log(now=self.clock),
            linger_seconds=self.linger_seconds,
            now=self.clock,
        )
        return await worker.work(lease, run, self.clock.time + seconds)

    async def read(self, slug: str) -> Any:
        text = await self.kv.command("GET", self.keys.page(slug))
        return None if text is None else json.loads(text)

    async def due(self) -> list[str]:
        found: list[str] = await self.kv.command("ZRANGE", self.keys.due, 0, -1)
        return found

    async def problems(self) -> list[tuple[str, str]]:
        """Title and reason of what was given up."""
        found = await History(self.kv, self.keys).entry_of("r1")
        assert found is not None
        return [(problem.title, problem.reason) for problem in found.problems]

    async def warnings(self) -> list[str]:
        run = await self.runs.read_run("r1")
        assert run is not None
        return run.warnings


@pytest.fixture
def desk(kv: Kv, clock: Clock, keys: Keys) -> Desk:
    return Desk(kv, clock, keys)


async def test_a_row_that_notion_refuses_is_given_up_at_once_and_the_others_go_on(
    desk: Desk,
) -> None:
    refused, bread = desk.page(title="Secret"), desk.page()
    desk.stage.refused[f"pages/{refused}"] = error(403, "restricted_resource")
    lease = await desk.plan(refused, bread)

    assert await desk.work(lease) is None

    ((title, reason),) = await desk.problems()
    assert (title, reason.startswith("Notion does not show it: ")) == ("Secret", True)
    assert await desk.read("bread")


async def test_a_row_that_two_questions_call_gone_is_taken_from_the_site_without_a_problem(
    desk: Desk,
) -> None:
    gone, bread = desk.page(title="Gone"), desk.page()
    await desk.work(await desk.plan(gone, bread))
    for path in (f"pages/{gone}", f"blocks/{gone}", f"blocks/{gone}/children"):
        desk.stage.refused[path] = error(404, "object_not_found")
    lease = await desk.plan(gone)

    assert await desk.work(lease) is None

    assert (await desk.problems(), await desk.due()) == ([], [])
    assert (await desk.read("gone"), bool(await desk.read("bread"))) == (None, True)


async def test_a_row_of_a_database_that_is_not_shared_any_more_stays_as_it_is_published(
    desk: Desk,
) -> None:
    page_id = desk.page()
    await desk.work(await desk.plan(page_id))
    for path in (f"pages/{page_id}", f"blocks/{page_id}", f"blocks/{page_id}/children"):
        desk.stage.refused[path] = error(404, "object_not_found")
    desk.is_shared = False

    assert await desk.work(await desk.plan(page_id)) is None

    assert await desk.read("bread")
    assert len(await desk.problems()) == 1


async def test_a_child_page_that_notion_does_not_show_is_no_problem_but_what_holds_it_is_read_again(
    desk: Desk,
) -> None:
    bread, rye = desk.page(), new_id()
    lease = await desk.plan(bread)
    await desk.work(lease)
    seen = Observation(
        source="pages", parent=bread, title="Rye", created=TIME, edited=TIME, wanted="rye"
    )
    await desk.site.observe(lease, [Sighting(page_id=rye, observation=seen, item=WorkItem())])
    desk.stage.asked = []

    assert await desk.work(lease) is None

    assert (await desk.problems(), await desk.due()) == ([], [])
    assert desk.stage.asked == [
        f"pages/{rye}",
        f"blocks/{rye}/children",
        f"pages/{bread}",
        f"blocks/{bread}/children",
    ]


async def test_a_block_larger_than_a_value_may_be_costs_that_block_and_is_named(
    clock: Clock, keys: Keys
) -> None:
    with UpstashStandIn(max_request_bytes=90_000) as upstash:
        async with httpx.AsyncClient(trust_env=False) as http:
            desk = Desk(Kv(upstash.url, upstash.token, http, 40_000), clock, keys, 40_000)
            large = desk.page(
                desk.stage.block(rich_text=[plain("x" * 60_000)]), desk.stage.block(), title="Large"
            )
            lease = await desk.plan(large)

            assert await desk.work(lease) is None

            assert await desk.problems() == []
            assert [
                bool(block.get("unavailable")) for block in (await desk.read("large"))["blocks"]
            ] == [True, False]
            assert [
                ("Large" in one, "KV_MAX_VALUE_BYTES" in one) for one in await desk.warnings()
            ] == [(True, True)]


async def test_a_page_whose_properties_are_larger_than_a_value_may_be_is_given_up_and_says_why(
    clock: Clock, keys: Keys
) -> None:
    with UpstashStandIn(max_request_bytes=90_000) as upstash:
        async with httpx.AsyncClient(trust_env=False) as http:
            desk = Desk(Kv(upstash.url, upstash.token, http, 40_000), clock, keys, 40_000)
            large = desk.page(title="Large")
            teaser = {"id": "t", "type": "rich_text", "rich_text": [plain("x" * 60_000)]}
            desk.stage.objects[f"pages/{large}"]["properties"]["Teaser"] = teaser
            lease = await desk.plan(large, desk.page())

            assert await desk.work(lease) is None

            ((title, reason),) = await desk.problems()
            assert (title, "Teaser" in reason) == ("Large", True)
            assert (await desk.read("large"), bool(await desk.read("bread"))) == (None, True)


async def test_a_block_whose_children_never_come_is_left_empty_on_the_last_try_and_read_again_by_the_next_run(
    desk: Desk,
) -> None:
    failing, sound = (
        desk.stage.block("toggle", desk.stage.block()),
        desk.stage.block("toggle", desk.stage.block()),
    )
    bread = desk.page(failing, sound)
    path = f"blocks/{failing['id']}/children"
    desk.stage.refused[path] = error(500, "internal_server_error")
    lease = await desk.plan(bread)

    for pause in PAUSES_SECONDS:
        assert await desk.work(lease) is None
        assert await desk.read("bread") is None, (
            "a failed request never becomes a shorter page at once"
        )
        desk.clock.time += pause
    assert await desk.work(lease) is None

    assert await desk.problems() == []
    blocks = (await desk.read("bread"))["blocks"]
    assert [bool(block.get("unavailable")) for block in blocks] == [True, False]
    assert [("Bread" in one, failing["id"] in one) for one in await desk.warnings()] == [
        (True, True)
    ]
    record = (await desk.site.look_up([bread]))[0][bread].record
    assert record is not None
    assert record.is_lacking


async def test_an_error_that_nobody_foresaw_costs_the_page_and_is_reported_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, bread = desk.page(title="Odd"), desk.page()
    build = page_bundle.build_page

    def failing(page: JSON, *others: Any) -> Any:
        if page["id"] == odd:
            raise KeyError("last_edited_time")
        return build(page, *others)

    monkeypatch.setattr(page_bundle, "build_page", failing)
    lease = await desk.plan(odd, bread)

    assert await desk.work(lease) is None

    assert await desk.problems() == [("Odd", "KeyError: 'last_edited_time'")]
    assert await desk.read("bread")


async def test_while_notion_answers_nothing_at_all_the_slice_itself_fails(desk: Desk) -> None:
    bread, rye = desk.page(), desk.page(title="Rye")
    paths = [path for item in (bread, rye) for path in (f"pages/{item}", f"blocks/{item}/children")]
    desk.stage.refused = dict.fromkeys(paths, httpx.Response(502, text="<html>"))
    lease = await desk.plan(bread, rye)

    with pytest.raises(NotionAway):
        await desk.work(lease)

    desk.stage.refused.clear()
    desk.clock.time += PAUSES_SECONDS[0]
    assert await desk.work(lease) is None
    assert await desk.read("bread")


async def test_one_page_without_an_answer_stops_no_slice_that_did_something(desk: Desk) -> None:
    away, bread = desk.page(title="Away"), desk.page()
    desk.stage.refused[f"pages/{away}"] = httpx.Response(502, text="<html>")
    lease = await desk.plan(away, bread)

    assert await desk.work(lease) is None

    assert (await desk.read("away"), bool(await desk.read("bread"))) == (None, True)
    assert await desk.problems() == []


async def test_a_request_that_hangs_at_the_end_of_a_slice_is_cut_off_and_its_page_left_to_the_next_one(
    desk: Desk,
) -> None:
    desk.linger_seconds = 0.05
    slow, quick = desk.page(title="Slow"), desk.page()

    async def hold_back(name: str) -> None:
        if name == f"blocks/{slow}/children":
            await asyncio.sleep(60)

    desk.stage.before = hold_back
    lease = await desk.plan(slow, quick)

    assert isinstance(await desk.work(lease, seconds=0), OutOfTime)
    assert (await desk.read("slow"), bool(await desk.read("bread"))) == (None, True)

    desk.stage.before, desk.stage.asked = None, []
    assert await desk.work(lease) is None
    assert await desk.read("slow")
    assert desk.stage.asked == [f"blocks/{slow}/children"]  # the page itself was read before
