"""Which copies of files nobody names any more, however many there are."""

from collections.abc import Sequence

import msgspec
import pytest

from lib.model import Copy, Item
from lib.store import copies as copies_module
from lib.store.bundles import Text
from lib.store.copies import GRACE_SECONDS, Copies
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs
from tests.store.conftest import Clock
from tests.store.test_publishing import Site, page


async def test_of_more_files_than_one_answer_holds_only_the_unnamed_go(
    kv: Kv, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies_module, "SCAN_COUNT", 10)
    files = [f"{number:016x}" for number in range(25)]
    for file in files:
        text = msgspec.json.encode(Copy(f"https://blob.example/{file}")).decode()
        await kv.command("HSET", keys.copies("s"), file, text)
        if file != files[7]:
            await kv.command("HSET", keys.files, f"page:{file}", f"block=b&file={file}")
    copies = Copies(kv, keys, "s", clock)

    assert await copies.unnamed() == []
    clock.time += GRACE_SECONDS
    assert await copies.unnamed() == [f"https://blob.example/{files[7]}"]
    assert set(await copies.of(files)) == {*files} - {files[7]}


async def published(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> Site:
    """A page in two parts; its files have no copies yet."""
    site = Site(kv, keys, runs, clock)
    hold = await site.begin(Item(id="a"))
    text = Text('"head"', ['"old 1"', '"old 2"'], '"meta"', files=["block=b&file=f"], lacking=True)
    kept = page("a", "one", clock.time, parts=2)
    await site.bundles.commit_page(hold, Item(id="a", slug="one", source="pages"), kept, text, [])
    return site


def new(texts: Sequence[str]) -> list[str]:
    return [text.replace("old", "new") for text in texts]


async def test_a_bundle_into_which_copies_are_put_stays_for_ever_with_all_its_parts(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    site = await published(kv, keys, runs, clock)
    copies = Copies(kv, keys, "s", clock)
    before = await site.memory.kept(["a"])

    assert await copies.put_into("r1", "page:a", new, 1_000, None)

    names = ["page:one", "page:one:part:1", "page:one:part:2"]
    assert [await site.read(name) for name in names] == ["head", "new 1", "new 2"]
    assert [await kv.command("TTL", f"site:{name}") for name in names] == [-1, -1, -1]
    assert await site.bundles.changed("r1") == ["page:one"]
    run = await runs.read("r1")
    assert run is not None
    assert run.written == 2
    assert (await copies.due(10), await site.memory.kept(["a"])) == ([], before)
    assert not await copies.put_into("r1", "page:a", new, 1_000, None)


async def test_copies_are_put_in_again_without_harm_where_the_answer_was_lost(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await published(kv, keys, runs, clock)
    once = kv.script

    async def twice(name: str, keys: list[str], args: list[str | int | float]) -> str:
        await once(name, keys, args)
        answer: str = await once(name, keys, args)
        return answer

    monkeypatch.setattr(kv, "script", twice)

    assert await Copies(kv, keys, "s", clock).put_into("r1", "page:a", new, 1_000, None)

    assert [await site.read(f"page:one:part:{number}") for number in (1, 2)] == ["new 1", "new 2"]


async def test_a_page_that_is_published_anew_meanwhile_keeps_what_it_has(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    site = await published(kv, keys, runs, clock)
    newest = Text('"newest"', files=["block=b&file=f"], lacking=True)

    await site.runs.end("r1", "delivered", {}, "", clock.time)
    hold = await site.begin(Item(id="a"))
    memory: str = await kv.command("HGET", keys.kept, "a")
    kept = page("a", "one", clock.time + 1)
    await site.bundles.commit_page(hold, Item(id="a", slug="one", source="pages"), kept, newest, [])
    words: list[str | int | float] = [
        "page:a",
        "a",
        memory,
        memory,
        '"stale"',
        "",
        "pages",
        "",
        0,
        "staged",
        "page:one",
        60,
    ]
    names = [keys.kept, keys.page("one"), keys.uncopied, keys.metas, keys.revisions, keys.run("r2")]

    assert await kv.script("put_copies", names, words) == "changed"
    assert await site.read("page:one") == "newest"
    assert await kv.command("ZRANGE", keys.uncopied, 0, -1) == ["page:a"]


async def test_a_changed_meta_makes_the_index_be_written_again(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> None:
    site = await published(kv, keys, runs, clock)
    before, kept = await site.memory.revisions(), (await site.memory.kept(["a"]))["a"]

    await Copies(kv, keys, "s", clock).put_into(
        "r1", "page:a", lambda texts: [f"{text} " for text in texts], 1_000, clock.time + 60
    )

    assert await site.memory.revisions() == {"pages": before["pages"] + 1}
    assert await site.memory.metas(["a"]) == {"a": '"meta" '}
    assert (await site.memory.kept(["a"]))["a"].meta_digest != kept.meta_digest
    assert await Copies(kv, keys, "s", clock).due(10) == []
    clock.time += 60
    assert await Copies(kv, keys, "s", clock).due(10) == ["page:a"]
