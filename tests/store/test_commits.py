"""What a commit changes beside the bundle: what is counted, remembered, reserved, and whose index is out of date."""

import pytest

from lib.errors import TakenOver
from lib.model import Ask, Item, KeptDatabase
from lib.store.bundles import Text
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.media import Files
from lib.store.runs import Hold, Run, Runs
from tests.store.conftest import Clock
from tests.store.test_publishing import ALIVE, Site, page

FILE = "block=b1&file=f1"
OTHER = "block=b2&file=f2"


@pytest.fixture
def site(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> Site:
    return Site(kv, keys, runs, clock)


async def record(site: Site, hold: Hold) -> Run:
    run = await site.runs.read(hold.run_id)
    assert run is not None
    return run


async def commit(site: Site, hold: Hold, id: str, slug: str, text: Text | None, began_at: float) -> str:
    item = Item(id=id, slug=slug, source="pages")
    return await site.bundles.commit_page(hold, item, page(id, slug, began_at), text, [])


async def named(site: Site, file: str = FILE) -> bool:
    """Whether anybody may ask for the file; the answer's lock is given back."""
    holder, _, name = file.partition("&file=")
    files = Files(site.kv, site.keys)
    place = await files.find(holder, name, "lock", site.clock.time, 1)
    if place.errand:
        await files.keep_fresh(place.errand, "lock", {file: "address"}, site.clock.time, site.clock.time)
    return place.outcome != "unknown"


async def uncopied(site: Site) -> list[str]:
    bundles: list[str] = await site.kv.command("ZRANGE", site.keys.uncopied, 0, -1)
    return bundles


async def test_a_published_page_counts_as_written_and_is_named_among_what_changed(site: Site) -> None:
    hold = await site.begin(Item(id="a"), Item(id="b"))
    await site.commit(hold, "a", "one")

    run = await record(site, hold)
    assert (run.written, run.synced, run.remaining) == (1, 1, 1)
    assert await site.bundles.changed(hold.run_id) == ["page:one"]
    assert (await site.runs.claim(hold, 10, [], site.clock.time + 60)).left == 1


async def test_a_page_that_is_the_same_as_before_is_remembered_as_read_and_not_as_written(site: Site) -> None:
    await site.run({"a": "one"})
    before = await site.kv.command("GET", "site:page:one"), await site.memory.revisions()
    hold = await site.begin(Item(id="a"))
    read_at = site.clock.time + 10

    assert await commit(site, hold, "a", "one", None, read_at) == "done"

    assert (await site.kv.command("GET", "site:page:one"), await site.memory.revisions()) == before
    assert (await site.memory.kept(["a"]))["a"].began_at == read_at
    assert (await record(site, hold)).written == 0
    assert await site.bundles.changed(hold.run_id) == []


async def test_an_older_reading_changes_nothing_but_the_plan(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})
    before = (await site.memory.everything()).kept, await site.kv.command("GET", "site:page:one")
    hold = await site.begin(Item(id="a"))

    assert await commit(site, hold, "a", "two", Text("{}"), site.clock.time - 100) == "older"

    assert ((await site.memory.everything()).kept, await site.kv.command("GET", "site:page:one")) == before
    run = await record(site, hold)
    assert (run.written, run.synced) == (0, 1)
    assert await site.bundles.changed(hold.run_id) == []


async def test_no_index_is_written_from_pages_that_changed_since_they_were_read(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})
    hold = await site.begin(Item(id="a"), Item(id="b"), Item(id="c"), moving=("b",))
    for id, slug, source, outcome in (
        ("a", "one", "pages", "done"),
        ("c", "two", "pages", "staged"),
        ("b", "three", "posts", "done"),  # it moved to another source
    ):
        known = await site.memory.revisions()
        kept = page(id, slug, site.clock.time + 1, source=source)
        item = Item(id=id, slug=slug, source=source)
        assert await site.bundles.commit_page(hold, item, kept, Text("{}"), []) == outcome
        assert not await site.bundles.publish(hold, {"pages": known["pages"]}, [])
    assert await site.bundles.publish(hold, await site.memory.revisions(), [])
    assert (await site.memory.revisions())["posts"] == 1


async def test_what_a_page_shows_is_added_to_the_plan_once(site: Site) -> None:
    hold = await site.begin(Item(id="a"), Item(id="b"))
    found = [Item(id="c", slug="one/c", source="pages", parent="a"), Item(id="d", kind="database")]
    await site.commit(hold, "a", "one", found=found)

    claimed = await site.runs.claim(hold, 10, ["b"], site.clock.time + 60)
    assert sorted(claimed.items, key=lambda item: item.id) == found
    assert (await record(site, hold)).to_sync == 3  # databases are not counted
    await site.commit(hold, "c", "one/c")
    await site.commit(hold, "b", "two", found=found)

    assert (await site.runs.claim(hold, 10, ["db:d"], site.clock.time + 60)).left == 1
    run = await record(site, hold)
    assert (run.to_sync, run.synced, run.remaining) == (3, 3, 0)


async def test_a_page_that_was_given_up_is_not_added_again_by_the_page_around_it(site: Site) -> None:
    hold = await site.begin(Item(id="a"), Item(id="c"))
    await site.runs.give_up(hold, Item(id="c"), "why")

    await site.commit(hold, "a", "one", found=[Item(id="c", slug="one/c")])

    assert (await site.runs.claim(hold, 10, [], site.clock.time + 60)).left == 0


async def test_a_page_that_could_not_be_read_is_overdue_until_it_is(site: Site) -> None:
    hold = await site.begin(Item(id="a"))
    await site.runs.give_up(hold, Item(id="a"), "why")
    await site.runs.end(hold.run_id, "delivered", {}, "", site.clock.time)
    assert (await site.memory.everything()).overdue == {"a"}

    await site.run({"a": "one"})

    assert (await site.memory.everything()).overdue == set()


async def test_the_address_that_a_page_left_in_a_run_that_broke_waits_for_the_next_index(site: Site) -> None:
    await site.run({"a": "one"})
    broken = await site.begin(Item(id="a"), moving=("a",))
    await site.commit(broken, "a", "new")
    await site.runs.end(broken.run_id, "failed", {}, "", site.clock.time)
    hold = await site.begin(Item(id="b"))

    assert await site.commit(hold, "b", "one") == "staged"
    await site.end(hold)
    assert sorted(await site.index()) == ["new", "one"]


async def test_a_page_with_nothing_to_tell_leaves_the_warnings_of_the_others(site: Site) -> None:
    hold = await site.begin(Item(id="a"), Item(id="b"))
    await site.commit(hold, "a", "one", warnings=["beware"])
    await site.commit(hold, "b", "two")

    assert (await record(site, hold)).warnings == ["beware"]


async def test_only_the_files_of_the_bundle_that_is_published_may_be_asked_for(site: Site) -> None:
    hold = await site.begin(Item(id="a"))
    await commit(site, hold, "a", "one", Text("{}", files=[FILE], lacking=True), site.clock.time)
    assert (await named(site), await named(site, OTHER), await uncopied(site)) == (True, False, ["page:a"])

    hold = await begin_again(site, hold, Item(id="a"))
    await commit(site, hold, "a", "one", Text("{}", files=[OTHER]), site.clock.time + 1)
    assert (await named(site), await named(site, OTHER), await uncopied(site)) == (False, True, [])

    hold = await begin_again(site, hold, Item(id="a"))
    await commit(site, hold, "a", "one", Text("{}"), site.clock.time + 2)
    assert await named(site, OTHER) is False
    assert await site.kv.command("HLEN", site.keys.files) == 0


async def test_the_files_of_a_bundle_that_waits_for_its_slug_are_named_beside_those_of_the_published_one(
    site: Site,
) -> None:
    await site.run({"a": "one"})
    hold = await site.begin(Item(id="b"), moving=("a",))
    staged = await commit(site, hold, "b", "one", Text("{}", files=[FILE], lacking=True), site.clock.time + 1)

    assert (staged, await named(site), await uncopied(site)) == ("staged", True, [])


async def begin_again(site: Site, hold: Hold, *items: Item) -> Hold:
    await site.runs.end(hold.run_id, "delivered", {}, "", site.clock.time)
    return await site.begin(*items)


def kept_database(began_at: float) -> KeptDatabase:
    return KeptDatabase("D", ["s"], began_at, began_at, f"digest of {began_at}")


DATABASE = Item(id="d", kind="database")


async def test_a_child_database_is_published_counted_and_done(site: Site) -> None:
    hold = await site.begin(DATABASE)
    kept = kept_database(site.clock.time)
    text = Text('{"id":"d"}', files=[FILE], lacking=True)

    outcomes = [await site.bundles.commit_database(hold, DATABASE, kept, text) for _ in range(2)]

    assert outcomes == ["done", "repeated"]
    assert await site.read("db:d") == {"id": "d"}
    assert await site.memory.databases() == {"d": kept}
    assert await site.bundles.changed(hold.run_id) == ["db:d"]
    assert (await record(site, hold)).written == 1
    assert (await named(site), await uncopied(site)) == (True, ["db:d"])
    assert (await site.runs.claim(hold, 10, [], site.clock.time + 60)).left == 0
    assert await site.kv.command("EXISTS", f"{site.keys.run(hold.run_id)}:plan") == 0


async def test_a_child_database_that_was_read_is_not_added_again_by_a_page_that_shows_it(site: Site) -> None:
    hold = await site.begin(Item(id="a"), DATABASE)
    await site.bundles.commit_database(hold, DATABASE, kept_database(site.clock.time), Text("{}"))

    await site.commit(hold, "a", "one", found=[DATABASE])

    assert (await site.runs.claim(hold, 10, [], site.clock.time + 60)).left == 0


async def test_an_older_reading_of_a_child_database_changes_nothing(site: Site) -> None:
    newest = kept_database(site.clock.time)
    hold = await site.begin(DATABASE)
    await site.bundles.commit_database(hold, DATABASE, newest, Text('"new"'))
    hold = await begin_again(site, hold, DATABASE)

    older = kept_database(site.clock.time - 1)
    assert await site.bundles.commit_database(hold, DATABASE, older, Text('"old"')) == "older"
    assert (await site.read("db:d"), await site.memory.databases()) == ("new", {"d": newest})
    assert (await record(site, hold)).written == 0


async def test_a_child_database_that_is_the_same_as_before_is_remembered_and_not_written(site: Site) -> None:
    hold = await site.begin(DATABASE)
    kept = kept_database(site.clock.time)

    assert await site.bundles.commit_database(hold, DATABASE, kept, None) == "done"

    assert (await site.memory.databases(), await site.read("db:d")) == ({"d": kept}, None)
    assert (await record(site, hold)).written == 0


async def test_a_child_database_that_could_not_be_read_is_overdue_until_it_is(site: Site) -> None:
    hold = await site.begin(Item(id="a"), DATABASE)
    await site.runs.give_up(hold, DATABASE, "why")
    run = await record(site, hold)
    assert (run.failed, run.to_sync, run.remaining) == (1, 2, 1)
    assert (await site.memory.everything()).overdue == {"db:d"}

    hold = await begin_again(site, hold, DATABASE)
    await site.bundles.commit_database(hold, DATABASE, kept_database(site.clock.time), None)

    assert (await site.memory.everything()).overdue == set()


async def test_a_child_database_that_nobody_shows_any_more_is_not_overdue(site: Site) -> None:
    hold = await site.begin(DATABASE)
    await site.bundles.commit_database(hold, DATABASE, kept_database(site.clock.time), Text("{}"))
    await site.kv.command("SADD", site.keys.overdue, "db:d", "db:e")

    await site.end(hold)

    assert await site.memory.databases() == {}
    assert (await site.memory.everything()).overdue == {"db:e"}


async def test_a_zombie_publishes_no_child_database(site: Site) -> None:
    hold = await site.begin(DATABASE)
    await site.runs.begin(hold.run_id, "0", 0, Ask(), site.clock.time + ALIVE)

    with pytest.raises(TakenOver):
        await site.bundles.commit_database(hold, DATABASE, kept_database(site.clock.time), Text("{}"))
    assert await site.read("db:d") is None


async def test_nothing_that_a_commit_leaves_of_a_run_stays_for_ever(site: Site) -> None:
    hold = await site.begin(Item(id="a"), DATABASE)
    await site.commit(hold, "a", "one", leaving=["x"])
    names = [f"{site.keys.run(hold.run_id)}:{part}" for part in ("changed", "done", "vacating")]
    assert all([await site.kv.command("TTL", name) > 0 for name in names])

    await site.kv.command("DEL", *names)
    await site.bundles.commit_database(hold, DATABASE, kept_database(site.clock.time), Text("{}"))
    assert all([await site.kv.command("TTL", name) > 0 for name in names[:2]])
