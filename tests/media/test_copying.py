"""What becomes of each file when it can't simply be copied, over the real store."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from dev.upstash import Fault, UpstashStandIn
from lib.bundle import picture
from lib.bundle.media import FileRef, short
from lib.errors import TryLater
from lib.log import Log
from lib.media import copying
from lib.media.copying import Copied, Copier, NotionFiles
from lib.model import Copy, DatabaseRecord, PageRecord
from lib.notion.files import FileHosts
from lib.store.blob import Blob
from lib.store.copies import LONGEST_PUT_OFF_SECONDS, PUT_OFF_SECONDS, Copies
from lib.store.keys import Keys
from lib.store.kv import Kv
from tests.notion.stage import Stage, client, error, new_id

HOST = "files.example"
BLOB = "https://blob.example"
TYPED = {"content-type": "application/octet-stream"}


class Slow(Exception):
    """A piece that takes its time."""


class Body(httpx.AsyncByteStream):
    """A file that comes in pieces, without a length; an exception among them breaks the connection
    off."""

    def __init__(self, *pieces: bytes | BaseException) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Slow):
                await asyncio.sleep(5)
            elif isinstance(piece, BaseException):
                raise piece
            else:
                yield piece


class Quay:
    """A published page with pictures, Notion behind it, the file host and the Blob store.

    `served` are the host's answers by address without a query, `put` what the store holds by
    pathname.
    """

    def __init__(self, kv: Kv) -> None:
        self.kv, self.keys, self.now = kv, Keys(), 1_780_000_000.0
        self.stage = Stage()
        self.served: dict[str, httpx.Response | Exception] = {}
        self.asked: list[str] = []
        self.put: dict[str, bytes] = {}
        self.store_answers: list[httpx.Response] = []
        self.copies = Copies(
            kv, self.keys, "s", lambda: self.now, lambda: "2026-05-28T20:26:40.000Z"
        )
        self._http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def copier(self) -> Copier:
        """What one slice copies with."""
        return Copier(
            self.copies,
            Blob(self._http, BLOB, "vercel_blob_rw_s_secret"),
            NotionFiles(client(self.stage.handle), self._http, FileHosts([HOST]), lambda: self.now),
            Log(now=lambda: self.now),
            prefix="",
            max_value_bytes=1_000_000,
            now=lambda: self.now,
        )

    async def work(self, copier: Copier | None = None) -> Copied:
        async def interrupted() -> bool:
            return False

        return await (copier or self.copier()).copy_due("r1", self.now + 60, interrupted)

    def picture(self, name: str, *pieces: bytes | BaseException, **headers: str) -> FileRef:
        """A picture on the page, as the host serves it: in pieces, its length untold unless
        `headers` tell it."""
        identity, id = f"https://{HOST}/{name}", new_id()
        ref = FileRef(identity, "block", id, f"{identity}?signed=1")
        file = {"url": ref.signed, "expiry_time": "2026-11-20T11:00:00.000Z"}
        self.stage.objects[f"blocks/{id}"] = self.stage.block(
            "image", id=id, type="file", file=file
        )
        self.serve(ref, *pieces, **headers)
        return ref

    def serve(self, ref: FileRef, *pieces: bytes | BaseException, **headers: str) -> None:
        """What the host gives for a file the next time."""
        answer_headers = TYPED | {name.replace("_", "-"): value for name, value in headers.items()}
        self.served[ref.identity] = httpx.Response(
            200, headers=answer_headers, stream=Body(*pieces)
        )

    async def publish(self, *refs: FileRef) -> str:
        """A page that shows these files; answers its id."""
        id = new_id()
        slug, record = f"at-{id}", PageRecord(edited="", read_at=0.0, digest="")
        await self._name(f"page:{id}", refs)
        await self.kv.command("HSET", self.keys.pages, id, msgspec.json.encode(record).decode())
        await self.kv.command("HSET", self.keys.paths, id, slug)
        await self.kv.command("SET", self.keys.page(slug), _text(refs))
        return id

    async def publish_database(self, *refs: FileRef) -> str:
        id = new_id()
        record = DatabaseRecord(title="", data_source_ids=[], read_at=0.0, digest="")
        await self._name(f"db:{id}", refs)
        await self.kv.command("HSET", self.keys.databases, id, msgspec.json.encode(record).decode())
        await self.kv.command("SET", self.keys.database(id), _text(refs))
        return id

    async def addresses(self, page: str) -> list[str]:
        return [
            file["url"]
            for file in json.loads(await self.kv.command("GET", self.keys.page(f"at-{page}")))
        ]

    async def due_in(self, bundle: str) -> float | None:
        """After how many seconds the files of a bundle are tried again; None: not at all."""
        score = await self.kv.command("ZSCORE", self.keys.uncopied, bundle)
        return None if score is None else float(score) / 1000 - self.now

    async def _name(self, bundle: str, refs: tuple[FileRef, ...]) -> None:
        await self.kv.command("HSET", self.keys.files, bundle, " ".join(ref.token for ref in refs))
        await self.kv.command("ZADD", self.keys.uncopied, 0, bundle)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == HOST:
            self.asked.append(str(request.url))
            answer = self.served[str(request.url).partition("?")[0]]
            if isinstance(answer, Exception):
                raise answer
            return answer
        if self.store_answers:
            return self.store_answers.pop(0)
        if request.method == "POST":
            return httpx.Response(200, json=None)
        pathname = request.url.params["pathname"]
        assert isinstance(request.stream, httpx.AsyncByteStream)
        self.put[pathname] = b"".join([piece async for piece in request.stream])
        return httpx.Response(200, json={"url": f"{BLOB}/{pathname}"})


def _text(refs: tuple[FileRef, ...]) -> str:
    return json.dumps([{"url": ours(ref)} for ref in refs], separators=(",", ":"))


def ours(ref: FileRef) -> str:
    return f"https://sync.example/api/media?{ref.token}&mac={'0' * 20}"


@pytest.fixture
def quay(kv: Kv) -> Quay:
    return Quay(kv)


async def test_a_file_arrives_whole_in_however_many_pieces_it_comes(quay: Quay) -> None:
    pieces = [bytes([number]) * 40_000 for number in range(9)]
    ref = quay.picture("large.bin", *pieces)
    page = await quay.publish(ref)

    copied = await quay.work()

    assert (copied.made, copied.changed, list(quay.put.values())) == (1, True, [b"".join(pieces)])
    assert await quay.addresses(page) == [f"{BLOB}/notion/{ref.file}/large.bin"]
    assert await quay.due_in(f"page:{page}") is None


async def test_a_file_that_says_it_is_too_large_is_not_even_read(quay: Quay) -> None:
    ref = quay.picture(
        "film.mp4", AssertionError("it was read"), content_length=str(copying.MOST_BYTES + 1)
    )
    page = await quay.publish(ref)

    copied = await quay.work()

    assert (copied.made, quay.put, copied.warning) == (0, {}, "")
    assert await quay.addresses(page) == [ours(ref)]
    assert await quay.due_in(f"page:{page}") is None  # no later run tries it either


async def test_a_file_that_turns_out_too_large_is_cut_off_and_stays_where_it_is(
    quay: Quay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "MOST_BYTES", 300_000)
    ref = quay.picture("film.mp4", b"\0" * 299_999, b"\0", b"\0", AssertionError("it was read on"))
    page = await quay.publish(ref)

    copied = await quay.work()

    assert (copied.made, quay.put, copied.warning) == (0, {}, "")
    assert await quay.addresses(page) == [ours(ref)]
    assert await quay.due_in(f"page:{page}") is None


async def test_a_host_that_breaks_off_is_not_taken_for_the_store(
    quay: Quay, capsys: pytest.CaptureFixture[str]
) -> None:
    page = await quay.publish(
        quay.picture("a.bin", b"\0" * picture.HEAD_BYTES, httpx.ReadError("reset"))
    )

    copied = await quay.work()

    assert (copied.made, quay.put) == (0, {})
    failed = event(capsys, "file.failed")
    assert failed["reason"] == "Notion's file host broke off (ReadError)"
    assert await quay.due_in(f"page:{page}") == 0  # at once in the next run


async def test_a_file_that_notion_has_no_more_is_left_alone_for_a_day(
    quay: Quay, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, there = quay.picture("gone.png", b"gone"), quay.picture("there.png", b"there")
    quay.stage.objects[f"blocks/{gone.holder_id}"] = quay.stage.block("image", id=gone.holder_id)
    page = await quay.publish(gone, there)

    copied = await quay.work()

    assert (copied.made, copied.warning) == (1, "")
    assert await quay.addresses(page) == [ours(gone), f"{BLOB}/notion/{there.file}/there.png"]
    assert event(capsys, "file.refused")["reason"] == "Notion does not have it any more"
    assert await quay.due_in(f"page:{page}") == 86_400


async def test_an_address_that_was_just_read_costs_no_request(quay: Quay) -> None:
    ref = quay.picture("a.png", b"a")
    await quay.publish(ref)
    copier = quay.copier()
    copier.files.note_signed([ref])

    assert (await quay.work(copier)).made == 1
    assert quay.stage.asked == []


async def test_an_address_that_expired_early_is_asked_for_again(quay: Quay) -> None:
    ref = quay.picture("a.png", b"a")
    await quay.publish(ref)
    fresh = quay.served[ref.identity]
    assert isinstance(fresh, httpx.Response)
    quay.served[ref.identity] = httpx.Response(403)
    quay.stage.before = lambda name: _serve(quay, ref, fresh)
    copier = quay.copier()
    copier.files.note_signed([ref])

    copied = await quay.work(copier)

    assert (copied.made, copied.requests, len(quay.asked)) == (1, 1, 2)


async def _serve(quay: Quay, ref: FileRef, answer: httpx.Response) -> None:
    quay.served[ref.identity] = answer


@pytest.mark.parametrize("status", [404, 302])
async def test_a_file_that_its_host_refuses_is_not_asked_for_twice(quay: Quay, status: int) -> None:
    ref = quay.picture("a.png", b"a")
    quay.served[ref.identity] = httpx.Response(status)
    page = await quay.publish(ref)
    copier = quay.copier()
    copier.files.note_signed([ref])

    copied = await quay.work(copier)

    assert (copied.made, copied.requests, len(quay.asked)) == (0, 0, 1)
    assert await quay.due_in(f"page:{page}") == 86_400


async def test_when_notion_says_wait_the_next_slice_begins_after_the_wait(quay: Quay) -> None:
    ref = quay.picture("a.png", b"a")
    page = await quay.publish(ref)
    quay.stage.refused[f"blocks/{ref.holder_id}"] = error(429, "rate_limited")
    quay.stage.refused[f"blocks/{ref.holder_id}"].headers["Retry-After"] = "42"

    copied = await quay.work()

    assert (copied.made, copied.wait_seconds, copied.warning) == (0, 42.0, "")
    assert await quay.due_in(f"page:{page}") == 0
    del quay.stage.refused[f"blocks/{ref.holder_id}"]
    assert (await quay.work()).made == 1


async def test_an_error_that_nobody_foresaw_stops_neither_the_other_files_nor_the_run(
    quay: Quay, capsys: pytest.CaptureFixture[str]
) -> None:
    odd, there = quay.picture("odd.png", b"odd"), quay.picture("there.png", b"there")
    quay.served[odd.identity] = ZeroDivisionError("odd")
    page = await quay.publish(odd, there)

    copied = await quay.work()

    assert (copied.made, copied.warning) == (1, "")
    assert await quay.addresses(page) == [ours(odd), f"{BLOB}/notion/{there.file}/there.png"]
    assert "ZeroDivisionError" in event(capsys, "file.error")["traceback"]


class Killed(BaseException):
    """The function dies in the midst of a file."""


async def test_a_file_that_kills_the_function_is_not_met_again_before_all_others(
    quay: Quay,
) -> None:
    deadly, there = quay.picture("deadly.svg", Killed()), quay.picture("there.png", b"there")
    page = await quay.publish(deadly, there)
    with pytest.raises(Killed):
        await quay.work()

    copied = await quay.work()

    assert (copied.made, copied.warning) == (1, "")
    assert await quay.addresses(page) == [ours(deadly), f"{BLOB}/notion/{there.file}/there.png"]
    assert [url for url in quay.asked if "deadly" in url] == [deadly.signed]
    due_in = await quay.due_in(f"page:{page}")
    assert due_in is not None
    assert PUT_OFF_SECONDS <= due_in <= 2 * PUT_OFF_SECONDS


async def test_a_file_that_always_kills_is_tried_ever_more_rarely_and_once_a_day_at_last(
    quay: Quay,
) -> None:
    deadly = quay.picture("deadly.svg", Killed())
    page = await quay.publish(deadly)
    pauses = []
    for _ in range(14):
        with pytest.raises(Killed):
            await quay.work()
        await quay.work()  # which finds it put off
        due_in = await quay.due_in(f"page:{page}")
        assert due_in is not None
        pauses.append(round(due_in, 3))
        quay.now += due_in
        quay.serve(deadly, Killed())

    assert pauses == sorted(pauses)
    assert pauses[-1] == pauses[-2]
    assert pauses[-1] <= 2 * LONGEST_PUT_OFF_SECONDS
    assert len(quay.asked) == 14


async def test_files_that_died_together_are_not_tried_again_together(quay: Quay) -> None:
    pages = [await quay.publish(quay.picture(f"{number}.png", Killed())) for number in range(3)]
    with pytest.raises(Killed):
        await quay.work()
    await quay.work()

    due = [await quay.due_in(f"page:{page}") for page in pages]
    assert len(set(due)) == 3


async def test_a_file_that_takes_too_long_is_put_off_and_holds_up_no_other(
    quay: Quay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "FILE_SECONDS", 0.05)
    slow = [quay.picture(f"slow{number}.png", Slow()) for number in range(copying.FAILURES + 2)]
    there = quay.picture("there.png", b"there")
    await quay.publish(*slow, there)

    copied = await quay.work()

    assert (copied.made, copied.warning) == (1, "")
    asked = list(quay.asked)
    await quay.work()
    assert quay.asked == asked  # they are put off, whatever run comes next


async def test_a_file_that_was_put_off_and_then_copied_is_forgotten(quay: Quay) -> None:
    ref = quay.picture("deadly.svg", Killed())
    page = await quay.publish(ref)
    with pytest.raises(Killed):
        await quay.work()
    quay.serve(ref, b"well")
    quay.now += 2 * PUT_OFF_SECONDS

    assert (await quay.work()).made == 1
    assert await quay.addresses(page) == [f"{BLOB}/notion/{ref.file}/deadly.svg"]
    assert await quay.kv.command("HGETALL", f"{quay.keys.copies('s')}:tried") == {}


async def test_a_file_costs_two_kv_commands_beside_those_of_its_page(quay: Quay) -> None:
    await quay.work()  # the daily sweep
    costs = []
    for count in (1, 11):
        await quay.publish(
            *(quay.picture(f"{count}-{number}.png", b"a") for number in range(count))
        )
        before = quay.kv.commands
        assert (await quay.work()).made == count
        costs.append(quay.kv.commands - before)

    assert costs[1] - costs[0] == 2 * 10


async def test_a_page_that_cannot_be_changed_stops_neither_the_others_nor_the_run(
    quay: Quay, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = await quay.publish(quay.picture("a.png", b"a"))
    there = quay.picture("there.png", b"there")
    page = await quay.publish(there)
    put_into = quay.copies.put_into

    async def failing(run_id: str, bundle: str, *more: Any) -> bool:
        if bundle == f"page:{odd}":
            raise ZeroDivisionError("odd")
        return await put_into(run_id, bundle, *more)

    monkeypatch.setattr(quay.copies, "put_into", failing)

    copied = await quay.work()

    assert copied.made == 2
    assert await quay.addresses(page) == [f"{BLOB}/notion/{there.file}/there.png"]
    assert event(capsys, "files.error")["bundle"] == f"page:{odd}"
    assert await quay.due_in(f"page:{odd}") == 86_400


async def test_while_kv_is_away_nothing_is_taken_for_copied_and_the_run_hears_of_it(
    quay: Quay, upstash: UpstashStandIn
) -> None:
    page = await quay.publish(quay.picture("a.png", b"a"))
    upstash.fail(Fault("error", matching="HGET", times=0))

    with pytest.raises(TryLater, match="KV"):
        await quay.work()

    upstash.heal()
    assert await quay.due_in(f"page:{page}") is not None
    assert (await quay.work()).made == 1  # nobody holds the lock


async def test_only_one_slice_copies_at_a_time(quay: Quay) -> None:
    await quay.publish(quay.picture("a.png", b"a"))
    assert await quay.copies.lock_copying("another run", 60)

    assert await quay.work() == Copied()
    assert quay.put == {}

    await quay.copies.unlock_copying()
    assert (await quay.work()).made == 1


async def test_a_database_inside_a_page_gets_the_copies_too(quay: Quay) -> None:
    ref = quay.picture("a.png", b"a")
    id = await quay.publish_database(ref)

    assert (await quay.work()).changed

    (row,) = json.loads(await quay.kv.command("GET", quay.keys.database(id)))
    assert row["url"] == f"{BLOB}/notion/{ref.file}/a.png"
    assert await quay.kv.command("SMEMBERS", f"{quay.keys.run('r1')}:changed") == [f"db:{id}"]


async def test_a_page_that_was_unpublished_meanwhile_is_not_written(quay: Quay) -> None:
    page = await quay.publish(quay.picture("a.png", b"a"))
    await quay.kv.command("HDEL", quay.keys.pages, page)
    await quay.kv.command("DEL", quay.keys.page(f"at-{page}"))

    copied = await quay.work()

    assert copied.changed is False
    assert await quay.kv.command("EXISTS", quay.keys.page(f"at-{page}")) == 0
    assert await quay.due_in(f"page:{page}") is None


async def test_copies_that_cannot_be_removed_now_are_removed_another_time(
    quay: Quay, capsys: pytest.CaptureFixture[str]
) -> None:
    await quay.copies.keep_copy(short("https://x"), Copy(f"{BLOB}/notion/x"))
    await quay.work()  # it is seen to be unnamed
    next_day = 86_401
    quay.now += next_day
    await quay.kv.command("DEL", f"{quay.keys.copies('s')}:swept")
    quay.store_answers.append(httpx.Response(503))
    await quay.work()
    assert "503" in event(capsys, "files.not_removed")["reason"]

    await quay.kv.command("DEL", f"{quay.keys.copies('s')}:swept")
    await quay.work()

    assert event(capsys, "files.removed")["count"] == 1
    assert await quay.copies.unnamed_urls() == []


def event(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, Any]:
    """The one line of this name that was logged since the last look."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (found,) = [line for line in lines if line["event"] == name]
    return dict(found)
