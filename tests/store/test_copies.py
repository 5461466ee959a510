"""Which copies of files nobody names any more, however many there are."""

from collections.abc import Sequence

import msgspec
import pytest

from lib.model import Copy
from lib.store import kv as kv_module
from lib.store.copies import GRACE_SECONDS, Copies
from lib.store.keys import Keys
from lib.store.kv import Kv, Value
from lib.store.site import Text
from tests.store.conftest import Clock
from tests.store.scene import NOW, READ, Scene


async def test_of_more_files_than_one_answer_holds_only_the_unnamed_go(
    kv: Kv, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kv_module, "SCAN_COUNT", 10)
    files = [f"{number:016x}" for number in range(25)]
    for file in files:
        text = msgspec.json.encode(Copy(f"https://blob.example/{file}")).decode()
        await kv.command("HSET", keys.copies("s"), file, text)
        if file != files[7]:
            await kv.command("HSET", keys.files, f"page:{file}", f"block=b&file={file}")
    copies = Copies(kv, keys, "s", clock, lambda: NOW)

    assert await copies.unnamed_urls() == []
    clock.time += GRACE_SECONDS
    assert await copies.unnamed_urls() == [f"https://blob.example/{files[7]}"]
    assert set(await copies.copies_of(files)) == {*files} - {files[7]}


FILE = "block=b&file=f"


def copies_of(scene: Scene) -> Copies:
    return Copies(scene.kv, scene.keys, "s", scene.clock, lambda: NOW)


async def publish(scene: Scene) -> None:
    """A page in two parts; its files have no copies yet."""
    meta = '{"id":"a","slug":"one","icon":"old"}'
    text = Text(f'{{"v":3,"meta":{meta}}}', ['"old 1"', '"old 2"'], meta, files=[FILE], copying="1")
    await scene.publish("a", "one", text=text, parts=text.parts)


def new(texts: Sequence[str]) -> list[str]:
    return [text.replace("old", "new") for text in texts]


async def test_copies_are_put_into_a_bundle_its_parts_and_its_index_which_stay_for_ever(
    scene: Scene,
) -> None:
    await publish(scene)
    before = (await scene.site.look_up(["a"]))[0]
    await scene.begin_next()

    assert await copies_of(scene).put_into("r2", "page:a", new, str, 1_000, None)

    names = ["page:one", "page:one:part:1", "page:one:part:2", "pages:index"]
    texts = [await scene.kv.command("GET", f"site:{name}") for name in names]
    assert [("old" in text, "new" in text) for text in texts] == [(False, True)] * 4
    assert [await scene.kv.command("TTL", f"site:{name}") for name in names] == [-1] * 4
    assert set(await scene.kv.command("SMEMBERS", f"{scene.keys.run('r2')}:changed")) == {
        "page:one",
        "pages:index",
    }
    assert (await scene.record()).written == 1
    assert (await copies_of(scene).due_bundles(10), (await scene.site.look_up(["a"]))[0]) == (
        [],
        before,
    )
    assert not await copies_of(scene).put_into("r2", "page:a", new, str, 1_000, None)


async def test_copies_are_put_in_again_without_harm_where_the_answer_was_lost(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(scene)
    once = scene.kv.script

    async def twice(name: str, keys: Sequence[str], args: Sequence[Value]) -> object:
        await once(name, keys, args)
        return await once(name, keys, args)

    monkeypatch.setattr(scene.kv, "script", twice)

    assert await copies_of(scene).put_into("r1", "page:a", new, str, 1_000, None)

    assert [await scene.read(f"page:one:part:{number}") for number in (1, 2)] == ["new 1", "new 2"]


@pytest.mark.parametrize("slug", ["one", "two"])
async def test_a_page_that_is_published_anew_meanwhile_keeps_what_it_has(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, slug: str
) -> None:
    await publish(scene)
    once = scene.kv.script

    async def after_a_publication(name: str, keys: Sequence[str], args: Sequence[Value]) -> object:
        monkeypatch.undo()
        await scene.publish("a", slug, files=[FILE], lacking=True, title="newest")
        return await once(name, keys, args)

    monkeypatch.setattr(scene.kv, "script", after_a_publication)

    assert not await copies_of(scene).put_into("r1", "page:a", new, str, 1_000, None)
    assert (await scene.read(f"page:{slug}"))["meta"]["title"] == "newest"
    assert await copies_of(scene).due_bundles(10) == ["page:a"]


async def test_a_bundle_that_grows_too_large_with_its_copies_stays_as_it_is(scene: Scene) -> None:
    await publish(scene)

    assert not await copies_of(scene).put_into(
        "r1", "page:a", lambda texts: ["x" * 99 for _ in texts], str, 60, None
    )
    assert await scene.read("page:one:part:1") == "old 1"


async def test_copies_that_are_still_to_come_are_put_in_later(scene: Scene) -> None:
    await publish(scene)

    await copies_of(scene).put_into("r1", "page:a", new, str, 1_000, scene.clock.time + 60)

    assert await copies_of(scene).due_bundles(10) == []
    scene.clock.time += 60
    assert await copies_of(scene).due_bundles(10) == ["page:a"]


async def test_copies_are_put_into_a_child_database(scene: Scene) -> None:
    await scene.publish("a", "one", things=["db:d"], work=[("db:d", READ)])
    await scene.publish_database("d", text=Text('"old"', files=[FILE], copying="1"))

    assert await copies_of(scene).put_into("r1", "db:d", new, str, 1_000, None)
    assert (await scene.read("db:d"), await copies_of(scene).due_bundles(10)) == ("new", [])


@pytest.mark.parametrize("odd", ["no record", '{"slug":"one"}'])
async def test_copies_wait_for_a_page_whose_record_can_not_be_read(scene: Scene, odd: str) -> None:
    await publish(scene)
    await scene.kv.command("HSET", scene.keys.pages, "a", odd)

    assert not await copies_of(scene).put_into("r1", "page:a", new, str, 1_000, None)
    assert await copies_of(scene).due_bundles(9) == []


async def test_copies_leave_a_bundle_of_another_type_alone(scene: Scene) -> None:
    await publish(scene)
    await scene.kv.pipeline(
        [["DEL", scene.keys.page("one")], ["RPUSH", scene.keys.page("one"), "x"]]
    )

    assert not await copies_of(scene).put_into("r1", "page:a", list, str, 1_000, None)
    assert await scene.kv.command("LLEN", scene.keys.page("one")) == 1
