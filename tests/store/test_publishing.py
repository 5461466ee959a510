"""From a committed page to what a site reads: bundle, index, redirects, and what is removed."""

import json
from typing import Any

import msgspec
import pytest

from dev.upstash import UpstashStandIn
from lib.errors import TakenOver, TooLarge
from lib.log import Log
from lib.model import BUNDLE_VERSION, Ask, Item, Kept, KeptSource, Rank, Source
from lib.store.bundles import Bundles, Text
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.media import Files
from lib.store.memory import Memory
from lib.store.runs import Hold, Runs
from lib.sync.publish import Publisher
from tests.store.conftest import Clock

ALIVE = 600.0
NOW = "2026-06-01T00:00:00.000Z"
SOURCES = {"pages": KeptSource("ref", Source("pages", "db", "ds"))}


class Site:
    """A store, and runs of given pages over it."""

    def __init__(self, kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> None:
        self.kv, self.keys, self.runs, self.clock = kv, keys, runs, clock
        self.memory, self.bundles = Memory(kv, keys), Bundles(kv, keys)
        self.publisher = self.publishing(8_000_000)
        self._number = 0

    def publishing(self, max_value_bytes: int) -> Publisher:
        files, log = Files(self.kv, self.keys), Log(now=self.clock)
        return Publisher(self.runs, self.bundles, self.memory, files, self.keys, log, max_value_bytes, lambda: NOW)

    async def begin(
        self, *items: Item, moving: tuple[str, ...] = (), drops: tuple[str, ...] = (), of_page: str = ""
    ) -> Hold:
        """A run that has a plan, made now, and holds all of it."""
        self._number += 1
        run_id, ask = f"r{self._number}", Ask(page=of_page)
        await self.runs.ask(run_id, ask, self.clock.time + ALIVE)
        hold = (await self.runs.begin(run_id, "0", 0, ask, self.clock.time + ALIVE)).hold
        facts: dict[str, str | int | float] = {"sources": msgspec.json.encode(SOURCES).decode(), "dropping": len(drops)}
        await self.runs.write_plan(hold, items, facts, moving, dict.fromkeys(drops, self.clock.time))
        await self.runs.claim(hold, 10, [], self.clock.time + 60)
        return hold

    async def commit(self, hold: Hold, id: str, slug: str, **more: Any) -> str:
        self.clock.time += 1
        told: dict[str, Any] = {name: more.pop(name, []) for name in ("found", "leaving", "warnings")}
        kept = page(id, slug, self.clock.time, **more)
        text = Text(
            json.dumps({"meta": {"id": id, "slug": slug}}), more.pop("texts", []), json.dumps({"id": id, "slug": slug})
        )
        return await self.bundles.commit_page(hold, Item(id=id, slug=slug, source="pages"), kept, text, **told)

    async def end(self, hold: Hold) -> None:
        run = await self.runs.read(hold.run_id)
        assert run is not None
        await self.publisher.publish(hold, run)
        await self.runs.end(hold.run_id, "delivered", {}, "", self.clock.time)

    async def run(self, pages: dict[str, str], moving: tuple[str, ...] = (), drops: tuple[str, ...] = ()) -> None:
        hold = await self.begin(*(Item(id=id, slug=slug) for id, slug in pages.items()), moving=moving, drops=drops)
        for id, slug in pages.items():
            await self.commit(hold, id, slug)
        await self.end(hold)

    async def read(self, name: str) -> Any:
        text = await self.kv.command("GET", f"site:{name}")
        return None if text is None else json.loads(text)

    async def index_keys(self) -> list[str]:
        """The keys of the index as a reader follows them; there are no others."""
        pages = (await self.read("pages:index")).get("pages", 1)
        keys = ["pages:index", *(f"pages:index:{number}" for number in range(2, pages + 1))]
        assert sorted(await self.kv.command("KEYS", "site:pages:index*")) == sorted(f"site:{key}" for key in keys)
        return keys

    async def index(self) -> list[str]:
        """The slugs of the index; each has the bundle of the very page that the index names."""
        items = [item for key in await self.index_keys() for item in (await self.read(key))["items"]]
        for item in items:
            assert (await self.read(f"page:{item['slug']}"))["meta"]["id"] == item["id"]
        return [item["slug"] for item in items]


def page(id: str, slug: str, read_at: float, **more: Any) -> Kept:
    created = f"2026-01-01T00:00:0{len(id)}.000Z"
    facts: dict[str, Any] = {
        "slug": slug,
        "source": "pages",
        "title": id,
        "created": created,
        "edited": created,
        "read_at": read_at,
        "began_at": read_at,
        "digest": f"{id}{slug}{read_at}",
        "meta_digest": f"{id}{slug}",
        "version": BUNDLE_VERSION,
        "rank": Rank(id=id, created=created),
    }
    return Kept(**facts | more)


@pytest.fixture
def site(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> Site:
    return Site(kv, keys, runs, clock)


async def test_committed_pages_stand_in_the_index_when_the_run_ends(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})

    assert await site.index() == ["one", "two"]
    index = await site.read("pages:index")
    assert {name: index[name] for name in ("total", "syncedAt")} == {"total": 2, "syncedAt": NOW}
    assert "pages" not in index


async def test_a_source_without_pages_has_an_empty_index(site: Site) -> None:
    await site.run({})

    assert (await site.read("pages:index"))["items"] == []


async def test_a_renamed_page_leaves_a_redirect_and_no_bundle(site: Site) -> None:
    await site.run({"a": "one"})
    await site.run({"a": "new"}, moving=("a",))

    assert await site.index() == ["new"]
    assert await site.read("redirects") == {"one": "new"}
    assert await site.read("page:one") is None


async def test_the_old_address_works_until_the_run_ends(site: Site) -> None:
    await site.run({"a": "one"})
    hold = await site.begin(Item(id="a", slug="new"), moving=("a",))
    await site.commit(hold, "a", "new")

    assert await site.index() == ["one"]
    assert await site.read("page:new") is not None


async def test_a_page_whose_answer_was_lost_is_published_once(site: Site) -> None:
    hold = await site.begin(Item(id="a", slug="one"))

    assert [await site.commit(hold, "a", "one") for _ in range(2)] == ["done", "repeated"]
    run = await site.runs.read(hold.run_id)
    assert run is not None
    assert run.synced == 1


async def test_two_pages_swap_their_addresses_in_one_instant(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})
    hold = await site.begin(Item(id="a"), Item(id="b"), moving=("a", "b"))

    assert await site.commit(hold, "a", "two") == "staged"
    assert await site.commit(hold, "b", "one") == "staged"
    assert await site.index() == ["one", "two"]
    await site.end(hold)

    assert await site.index() == ["two", "one"]
    assert await site.read("redirects") is None


async def test_what_a_broken_run_left_is_published_by_the_next_one(site: Site) -> None:
    await site.run({"a": "one", "b": "two", "c": "three"})
    broken = await site.begin(Item(id="a"), Item(id="b"), Item(id="c"), moving=("a", "b", "c"))
    await site.commit(broken, "a", "two")
    await site.commit(broken, "b", "one")
    await site.commit(broken, "c", "new")
    await site.runs.end(broken.run_id, "failed", {}, "", site.clock.time)

    await site.run({})

    assert sorted(await site.index()) == ["new", "one", "two"]
    assert await site.read("redirects") == {"three": "new"}
    assert await site.read("page:three") is None


async def test_what_a_broken_run_left_waiting_does_not_replace_what_was_read_since(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})
    broken = await site.begin(Item(id="a"), Item(id="b"), moving=("a", "b"))
    assert await site.commit(broken, "a", "two") == "staged"
    await site.runs.end(broken.run_id, "failed", {}, "", site.clock.time)

    await site.run({"a": "three", "b": "four"}, moving=("a", "b"))

    assert await site.index() == ["three", "four"]
    assert await site.kv.command("KEYS", "site:sync:staged*") == []


async def test_nothing_takes_the_address_of_a_page_that_stays(site: Site) -> None:
    await site.run({"a": "one"})
    hold = await site.begin(Item(id="b"))

    assert await site.commit(hold, "b", "one") == "taken"
    assert (await site.read("page:one"))["meta"]["id"] == "a"
    assert await site.commit(hold, "b", "one-b") == "done"


async def test_a_slug_is_reserved_for_a_child_page_until_its_run_has_come_to_it(site: Site) -> None:
    hold = await site.begin(Item(id="a"), Item(id="b"))
    child = Item(id="c", slug="one/c", source="pages", parent="a")
    assert await site.commit(hold, "a", "one", found=[child]) == "done"

    assert await site.commit(hold, "b", "one/c") == "taken"
    await site.runs.end(hold.run_id, "failed", {}, "", site.clock.time)

    hold = await site.begin(Item(id="b"))
    assert await site.commit(hold, "b", "one/c") == "done"


async def test_the_slug_of_a_child_page_that_was_given_up_is_free_for_the_next_one(site: Site) -> None:
    hold = await site.begin(Item(id="a"), Item(id="b"))
    child = Item(id="c", slug="one/c", source="pages", parent="a")
    await site.commit(hold, "a", "one", found=[child])
    await site.runs.claim(hold, 10, ["a", "b"], site.clock.time + 60)
    await site.runs.give_up(hold, child, "why")

    assert await site.commit(hold, "b", "one/c") == "done"


async def test_the_slug_of_a_child_page_that_its_parent_gives_up_is_free_when_the_run_ends(site: Site) -> None:
    await site.run({"a": "one", "c": "one/c"})
    hold = await site.begin(Item(id="a"), Item(id="b"))

    assert await site.commit(hold, "b", "one/c") == "taken"
    await site.commit(hold, "a", "one", leaving=["c"])
    assert await site.commit(hold, "b", "one/c") == "staged"


async def test_what_is_to_be_told_of_slugs_stands_among_the_warnings_of_the_run(site: Site) -> None:
    hold = await site.begin(Item(id="a"), Item(id="b"))
    await site.commit(hold, "a", "one", warnings=['"A" is published as "one"', "and more"])
    await site.commit(hold, "b", "two", warnings=["else"])

    run = await site.runs.read(hold.run_id)
    assert run is not None
    assert run.warnings == ['"A" is published as "one"', "and more", "else"]


async def test_of_very_many_warnings_the_first_are_kept_and_the_others_counted(site: Site) -> None:
    hold = await site.begin(Item(id="a"), Item(id="b"))
    await site.commit(hold, "a", "one", warnings=[f"warning {number}" for number in range(30)])
    await site.commit(hold, "b", "two", warnings=[*(f"warning {number}" for number in range(30, 70)), "last"])

    run = await site.runs.read(hold.run_id)
    assert run is not None
    assert run.warnings == [f"warning {number}" for number in range(50)]
    assert run.told_warnings[50:] == ["… and 21 more"]


async def test_a_warning_about_a_very_long_title_is_shortened(site: Site) -> None:
    hold = await site.begin(Item(id="a"))
    await site.commit(hold, "a", "one", warnings=["x" * 500, "y" * 501])

    run = await site.runs.read(hold.run_id)
    assert run is not None
    assert run.told_warnings == ["x" * 500, "y" * 499 + "…"]


async def test_a_dropped_page_leaves_the_index_and_then_goes(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})
    await site.run({}, drops=("a",))

    assert await site.index() == ["two"]
    assert await site.read("page:one") is None
    assert list((await site.memory.everything()).kept) == ["b"]


async def test_an_older_reading_never_replaces_a_newer_one(site: Site) -> None:
    await site.run({"a": "one"})
    newest = await site.read("page:one")
    hold = await site.begin(Item(id="a"))
    site.clock.time -= 1000

    assert await site.commit(hold, "a", "one") == "older"
    assert await site.read("page:one") == newest


async def test_a_page_that_a_newer_run_found_hidden_is_not_published_by_an_older_reading(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})
    full = await site.begin(Item(id="a"), Item(id="b"))
    site.clock.time += 60
    await site.end(await site.begin(drops=("a",), of_page="a"))

    site.clock.time -= 30
    assert await site.commit(full, "a", "one") == "older"
    await site.end(full)

    assert await site.index() == ["two"]
    assert await site.read("page:one") is None


async def test_a_new_page_that_a_newer_run_found_hidden_is_not_published_by_an_older_reading(site: Site) -> None:
    full = await site.begin(Item(id="a"))
    site.clock.time += 60
    await site.end(await site.begin(drops=("a",), of_page="a"))

    site.clock.time -= 30
    assert await site.commit(full, "a", "one") == "older"


async def test_a_page_that_was_hidden_is_published_by_a_newer_reading(site: Site) -> None:
    await site.run({"a": "one"})
    await site.run({}, drops=("a",))
    await site.run({"a": "one"})

    assert await site.index() == ["one"]


async def test_a_page_that_was_read_after_it_was_seen_hidden_stays(site: Site) -> None:
    await site.run({"a": "one"})
    full = await site.begin(drops=("a",))
    alone = await site.begin(Item(id="a"), of_page="a")
    await site.commit(alone, "a", "one")
    await site.end(alone)
    await site.end(full)

    assert await site.index() == ["one"]


async def test_which_pages_were_hidden_is_forgotten_with_the_runs_of_the_time(site: Site, kv: Kv) -> None:
    await site.run({}, drops=("a",))
    site.clock.time += 3 * 86_400 + 1
    await site.run({}, drops=("b",))

    assert await kv.command("ZRANGE", site.keys.hidden, 0, -1) == ["b"]


async def test_a_staged_page_never_replaces_a_newer_reading(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})
    full = await site.begin(Item(id="a"), Item(id="b"), moving=("a", "b"))
    assert await site.commit(full, "a", "two") == "staged"
    alone = await site.begin(Item(id="a"), of_page="a")
    await site.commit(alone, "a", "one")
    newest = await site.read("page:one")
    await site.end(alone)
    await site.commit(full, "b", "three")
    await site.end(full)

    assert sorted(await site.index()) == ["one", "three"]
    assert await site.read("page:one") == newest
    assert await site.kv.command("KEYS", "site:sync:staged*") == []


async def test_a_zombie_publishes_nothing(site: Site) -> None:
    hold = await site.begin(Item(id="a"))
    await site.runs.begin(hold.run_id, "0", 0, Ask(), site.clock.time + ALIVE)

    with pytest.raises(TakenOver):
        await site.commit(hold, "a", "one")
    assert await site.read("page:one") is None


async def test_the_parts_of_a_large_bundle_appear_with_it_and_go_with_it(site: Site) -> None:
    hold = await site.begin(Item(id="a"))
    text = Text('{"meta":{"id":"a"},"parts":2}', ['{"blocks":[1]}', '{"blocks":[2]}'], '{"id":"a","slug":"one"}')
    item = Item(id="a", slug="one", source="pages")
    await site.bundles.commit_page(hold, item, page("a", "one", site.clock.time, parts=2), text, [])
    await site.end(hold)
    assert [await site.read(f"page:one:part:{n}") for n in (1, 2)] == [{"blocks": [1]}, {"blocks": [2]}]
    assert [await site.kv.command("TTL", f"site:page:one:part:{n}") for n in (1, 2)] == [-1, -1]

    hold = await site.begin(Item(id="a"))
    site.clock.time += 1
    text = Text('{"meta":{"id":"a"},"parts":1}', ['{"blocks":[3]}'], '{"id":"a","slug":"one"}')
    await site.bundles.commit_page(hold, item, page("a", "one", site.clock.time, parts=1), text, [])
    await site.end(hold)
    assert [await site.read(f"page:one:part:{n}") for n in (1, 2)] == [{"blocks": [3]}, None]

    await site.run({}, drops=("a",))
    assert await site.read("page:one:part:1") is None


def large(id: str, slug: str, *parts: str) -> Text:
    return Text(f'{{"meta":{{"id":"{id}"}},"parts":{len(parts)}}}', list(parts), f'{{"id":"{id}","slug":"{slug}"}}')


async def test_nothing_that_a_site_reads_expires(site: Site) -> None:
    await site.run({"b": "two"})
    hold = await site.begin(Item(id="a"), Item(id="b"), Item(id="c"), moving=("b",))
    for id, slug in (("a", "one"), ("b", "other"), ("c", "two")):
        text, kept = large(id, slug, '{"blocks":[1]}'), page(id, slug, site.clock.time + 1, parts=1)
        await site.bundles.commit_page(hold, Item(id=id, slug=slug, source="pages"), kept, text, [])
    assert await site.kv.command("TTL", site.keys.staged("c") + ":part:1") == -1
    await site.end(hold)

    read = [key for key in await site.kv.command("KEYS", "site:*") if not key.startswith("site:sync:")]
    assert {"site:page:one:part:1", "site:page:two:part:1", "site:pages:index"} <= set(read)
    assert {await site.kv.command("TTL", key) for key in read} == {-1}


async def test_a_staged_bundle_whose_slug_is_not_given_up_is_forgotten_with_its_parts(site: Site) -> None:
    await site.run({"a": "one"})
    hold = await site.begin(Item(id="b"), moving=("a",))
    kept = page("b", "one", site.clock.time + 1, parts=1)
    await site.bundles.commit_page(hold, Item(id="b", slug="one"), kept, large("b", "one", '{"blocks":[1]}'), [])
    await site.end(hold)

    assert (await site.read("page:one"))["meta"]["id"] == "a"
    assert await site.kv.command("KEYS", "site:sync:staged*") == []
    assert (await site.memory.everything()).overdue == {"b"}


async def test_the_index_names_a_page_whose_new_slug_was_not_given_up_where_it_stands(site: Site) -> None:
    await site.run({"a": "one", "b": "two"})
    hold = await site.begin(Item(id="b"), Item(id="c"), moving=("a",))

    assert await site.commit(hold, "b", "one") == "staged"
    await site.commit(hold, "c", "three")
    await site.end(hold)

    assert await site.index() == ["one", "two", "three"]


async def test_a_publication_larger_than_a_request_moves_and_removes_all_the_same(site: Site) -> None:
    await site.run({"a": "one", "b": "two", "c": "three"})
    site.kv.max_request_bytes = 300
    await site.run({"a": "new"}, moving=("a",), drops=("b",))

    assert sorted(await site.index()) == ["new", "three"]
    assert await site.read("redirects") == {"one": "new"}
    assert [await site.read(f"page:{slug}") for slug in ("one", "two")] == [None, None]
    assert sorted((await site.memory.everything()).kept) == ["a", "c"]


async def test_an_index_larger_than_a_request_is_published_in_one_instant_all_the_same(
    site: Site, upstash: UpstashStandIn
) -> None:
    pages = {f"{number:03}": f"page-{number}" for number in range(10)}
    site.kv.max_request_bytes = 300
    await site.run(pages)

    assert len(await site.index()) == 10
    assert await site.kv.command("TTL", "site:pages:index") == -1
    assert await site.kv.command("KEYS", "*carried*") == []


async def test_an_index_page_that_is_too_large_for_one_value_gets_fewer_rows(site: Site) -> None:
    site.publisher = site.publishing(200)
    pages = {f"{number:03}": f"page-{number}" for number in range(10)}
    await site.run(pages)

    keys = await site.index_keys()
    texts = [await site.kv.command("GET", f"site:{key}") for key in keys]
    assert max(len(text) for text in texts) <= 200
    assert await site.index() == list(pages.values())
    assert [len(json.loads(text)["items"]) for text in texts] == [3, 3, 3, 1]
    assert {json.loads(text)["total"] for text in texts} == {10}


async def test_only_the_page_of_a_cut_index_that_changed_is_written_again(site: Site) -> None:
    site.publisher = site.publishing(200)
    await site.run({f"{number:03}": f"page-{number}" for number in range(10)})
    await site.kv.command("SET", "site:pages:index:2", '{"items":[],"untouched":true}')
    await site.run({"009": "page-nine"}, moving=("009",))

    assert "untouched" in await site.read("pages:index:2")
    assert [item["slug"] for item in (await site.read("pages:index:4"))["items"]] == ["page-nine"]


async def test_a_row_that_is_too_large_for_any_index_page_stands_on_one_by_itself(site: Site) -> None:
    site.publisher = site.publishing(50)
    await site.run({"a": "one", "b": "two"})

    assert len(await site.index_keys()) == 2
    assert await site.index() == ["one", "two"]


async def test_a_zombie_publishes_no_index(site: Site) -> None:
    hold = await site.begin(Item(id="a", slug="one"))
    await site.commit(hold, "a", "one")
    await site.runs.begin(hold.run_id, "0", 0, Ask(), site.clock.time + ALIVE)

    with pytest.raises(TakenOver):
        await site.end(hold)
    assert await site.read("pages:index") is None


async def test_a_bundle_that_kv_takes_in_no_request_is_refused_as_too_large(
    site: Site, upstash: UpstashStandIn
) -> None:
    hold = await site.begin(Item(id="a"))
    text = Text(json.dumps("x" * 10_000_000), [], "{}")
    with pytest.raises(TooLarge, match="larger than KV takes"):
        await site.bundles.commit_page(hold, Item(id="a", slug="one"), page("a", "one", site.clock.time), text, [])


async def test_a_shorter_bundle_that_takes_over_a_slug_leaves_none_of_the_longer_ones_parts(site: Site) -> None:
    hold = await site.begin(Item(id="a"))
    text = large("a", "one", '{"blocks":[1]}', '{"blocks":[2]}', '{"blocks":[3]}')
    await site.bundles.commit_page(hold, Item(id="a", slug="one"), page("a", "one", site.clock.time, parts=3), text, [])
    await site.end(hold)
    hold = await site.begin(Item(id="a"), Item(id="b"), moving=("a",))
    text, kept = large("b", "one", '{"blocks":[4]}'), page("b", "one", site.clock.time + 1, parts=1)
    await site.bundles.commit_page(hold, Item(id="b", slug="one"), kept, text, [])
    await site.commit(hold, "a", "two")
    await site.end(hold)

    assert [await site.read(f"page:one:part:{n}") for n in (1, 2, 3)] == [{"blocks": [4]}, None, None]
