"""What another hand wrote over the engine's own records: named, put right so far as it is sound, and read again."""

import json
from typing import Any

import msgspec
import pytest

from lib.model import BUNDLE_VERSION, Item, Kept, KeptDatabase
from lib.store.bundles import Text
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Hold, Runs
from tests.store.conftest import Clock
from tests.store.test_commits import begin_again
from tests.store.test_publishing import Site, page

CREATED = "2026-01-01T00:00:01.000Z"
NO_RECORDS = ["", "not JSON", "7", "null", "[]", '"text"', '{"slug"', '{"slug":"\\ud83d"}', "[" * 9_999, '{"a":1e999}']


def odd_records() -> list[str]:
    """A sound record with one member that is not what it should be, or is not there."""
    sound: dict[str, Any] = msgspec.to_builtins(page("a", "one", 1.0, children=["c", "d"], copied={"o": "h"}))
    odd_members = [(name, odd) for name in sound for odd in (None, {"x": [1]}, 2**70)]
    odd_members.remove(("version", 2**70))  # of a newer version of the project, for all we know
    return [
        *(json.dumps({**sound, name: odd}) for name, odd in odd_members),
        *(json.dumps({name: sound[name] for name in sound if name != gone}) for gone in ("slug", "edited", "rank")),
        *(json.dumps({**sound, name: "yesterday"}) for name in ("created", "edited")),
        *(json.dumps({**sound, "parts": odd}) for odd in (-1, 2**40)),
        json.dumps({**sound, "rank": {"id": "a", "created": CREATED, "date": "soon"}}),
        json.dumps({**sound, "fingerprint": "half a pair: \ud83d"}),
    ]


@pytest.fixture
def site(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> Site:
    return Site(kv, keys, runs, clock)


def bundle(id: str, slug: str, *, parent: str | None = None, children: list[str] | None = None, parts: int = 0) -> Text:
    """A bundle as a site reads it, so far as an index shows it."""
    meta = {"id": id, "slug": slug, "title": id, "source": "pages", "visibility": "public"}
    times = {"lastEdited": CREATED, "createdTime": CREATED}
    links = [{"id": child, "slug": f"{slug}/{child}", "title": child} for child in children or []]
    text = json.dumps({**meta, **times, "parent": parent, "childPages": links})
    return Text(f'{{"v":1,"meta":{text},"blocks":[]}}', ["{}"] * parts, text)


async def publish(site: Site, **slugs: str) -> None:
    """A run of these rows."""
    hold = await site.begin(*(Item(id=id, slug=slug) for id, slug in slugs.items()))
    for id, slug in slugs.items():
        site.clock.time += 1
        kept = page(id, slug, site.clock.time)
        await site.bundles.commit_page(hold, Item(id=id, slug=slug, source="pages"), kept, bundle(id, slug), [])
    await site.end(hold)


def named(id: str) -> str:
    return f'what KV remembers of page "{id}" could not be read; it is read again'


@pytest.mark.parametrize("text", NO_RECORDS + odd_records())
async def test_a_page_whose_record_is_no_more_is_due_at_its_slug_and_written_anew(site: Site, text: str) -> None:
    await publish(site, a="one", b="two")
    sound = (await site.memory.everything()).kept["b"]
    await site.kv.command("HSET", site.keys.kept, "a", text)

    known = await site.memory.everything()

    kept = known.kept["a"]
    assert (known.broken, (await site.memory.everything()).broken) == ([named("a")], [])
    assert (kept.slug, kept.source, kept.parent, kept.version, kept.digest) == ("one", "pages", None, 0, "")
    assert (kept.began_at, kept.rank is None) == (0.0, False)
    assert known.kept["b"] == sound
    await publish(site, a="one")
    assert (await site.memory.everything()).kept["a"].version == BUNDLE_VERSION
    assert await site.index() == ["one", "two"]


async def test_bytes_that_are_no_text_are_put_right_too(site: Site) -> None:
    await publish(site, a="one")
    write = "return redis.call('HSET', KEYS[1], 'a', string.char(123, 255, 254) .. ARGV[1])"
    await site.kv.command("EVAL", write, 1, site.keys.kept, "x")

    assert [(await site.memory.everything()).broken for _ in range(2)] == [[named("a")], []]


async def test_a_record_that_was_written_since_it_was_read_stays(site: Site) -> None:
    await publish(site, a="one", b="two")
    sound = await site.kv.command("HGET", site.keys.kept, "a")
    keys = [site.keys.kept, site.keys.sources, site.keys.revisions]

    assert await site.kv.script("mend", keys, ["a", "no record", "", "gone", "text", "{}"]) == 0

    assert await site.kv.command("HGET", site.keys.kept, "a") == sound
    assert await site.kv.command("HEXISTS", site.keys.kept, "gone") == 0


async def test_a_page_whose_meta_is_lost_too_is_found_by_the_slug_that_it_owns(site: Site) -> None:
    await publish(site, a="one", b="two")
    await site.kv.command("HSET", site.keys.kept, "a", "no record")
    await site.kv.command("HSET", site.keys.metas, "a", '{"id":"b","slug":"two"}')

    kept = (await site.memory.everything()).kept["a"]

    assert (kept.slug, kept.source, kept.title, kept.created) == ("one", "pages", "a", CREATED)


async def test_a_child_page_is_put_right_under_the_page_that_shows_it(site: Site) -> None:
    await publish(site, a="one")
    hold = await site.begin(Item(id="a"), Item(id="c"))
    parent = page("a", "one", site.clock.time + 1, children=["c"])
    await site.bundles.commit_page(hold, Item(id="a", slug="one"), parent, bundle("a", "one", children=["c"]), [])
    child = page("c", "one/c", site.clock.time + 1, parent="a", rank=None)
    await site.bundles.commit_page(hold, Item(id="c", slug="one/c"), child, bundle("c", "one/c", parent="a"), [])
    await site.end(hold)
    await site.kv.command("HSET", site.keys.kept, "c", '{"slug":"one/c","source":null,"parent":7}')
    await site.kv.command("HSET", site.keys.metas, "c", "no meta")
    await site.kv.command("SET", site.keys.page("one/c"), "no bundle")

    kept = (await site.memory.everything()).kept["c"]

    assert (kept.slug, kept.source, kept.parent, kept.rank) == ("one/c", "pages", "a", None)


async def large_page(site: Site) -> None:
    hold = await site.begin(Item(id="a"))
    kept = page("a", "one", site.clock.time, parts=3)
    await site.bundles.commit_page(hold, Item(id="a", slug="one"), kept, bundle("a", "one", parts=3), [])
    await site.end(hold)


async def parts(site: Site, slug: str = "one") -> int:
    keys: list[str] = await site.kv.command("KEYS", f"{site.keys.page(slug)}:part:*")
    return len(keys)


async def test_a_page_that_was_put_right_leaves_none_of_its_parts(site: Site) -> None:
    await large_page(site)
    await site.kv.command("HSET", site.keys.kept, "a", '{"slug":"one","source":"pages","parts":"many"}')
    assert (await site.memory.everything()).kept["a"].parts == 3

    await publish(site, a="one")

    assert await parts(site) == 0


async def test_a_page_of_which_only_the_slug_is_known_goes_unless_it_is_read_again(site: Site) -> None:
    await large_page(site)
    await publish(site, b="two")
    for key in (site.keys.kept, site.keys.metas):
        await site.kv.command("HSET", key, "a", "no record")
        await site.kv.command("HSET", key, "b", "no record")
    for slug in ("one", "two"):
        await site.kv.command("SET", site.keys.page(slug), "no bundle")

    assert (await site.memory.everything()).kept == {}
    await publish(site, b="two")

    assert await site.index() == ["two"]
    assert (await site.read("page:one"), await parts(site)) == (None, 0)
    assert await site.memory.owners(["one", "two"]) == {"two": "b"}
    assert await site.memory.metas(["a", "b"]) == {"b": bundle("b", "two").meta}


async def test_a_page_of_which_nothing_is_known_was_never_published(site: Site) -> None:
    await publish(site, a="one")
    await site.kv.command("HSET", site.keys.kept, "x", "no record")

    known = await site.memory.everything()

    assert (list(known.kept), known.broken) == (["a"], [named("x")])
    assert (await site.memory.everything()).broken == []


async def test_a_record_that_is_broken_while_pages_are_read_costs_its_slug_at_most(site: Site) -> None:
    await publish(site, a="one", b="two")
    await site.kv.command("HSET", site.keys.kept, "a", "no record", "b", '{"slug":"two","edited":null}')

    assert {id: kept.slug for id, kept in (await site.memory.kept(["a", "b", "c"])).items()} == {"b": "two"}


async def test_a_child_database_whose_record_is_no_more_is_looked_up_and_read_again(site: Site) -> None:
    words = ["d", "no record", "e", '{"title":"Tasks","data_source_ids":[null,"s"],"read_at":"x"}']
    sound = KeptDatabase("F", ["s"], 1.0, 1.0, "digest")
    await site.kv.command("HSET", site.keys.databases, *words, "f", msgspec.json.encode(sound).decode())
    while_working = await site.memory.databases()

    known = await site.memory.everything()

    unread = KeptDatabase("", [], 0.0, 0.0, "", lost=True)
    put_right = {"d": unread, "e": msgspec.structs.replace(unread, title="Tasks"), "f": sound}
    assert while_working == known.databases == (await site.memory.everything()).databases == put_right
    assert sorted(known.broken) == [
        'what KV remembers of database "Tasks" could not be read; it is read again',
        'what KV remembers of database "d" could not be read; it is read again',
    ]


async def test_a_source_whose_record_is_no_more_was_never_seen_and_its_index_is_written_anew(site: Site) -> None:
    site.publisher = site.publishing(1_000)
    await publish(site, **{f"p{number}": f"page-{number}" for number in range(10)})
    assert len(await site.index_keys()) > 2
    await site.kv.command("HSET", site.keys.sources, "pages", '{"reference":"ref","source":null}', "x", "no record")

    known = await site.memory.everything()

    assert sorted(known.broken) == [
        "what KV remembers of source pages could not be read; it is listed in full",
        "what KV remembers of source x could not be read; it is listed in full",
    ]
    assert list(known.sources) == ["pages"]
    assert (known.sources["pages"].reference, known.sources["pages"].watermark) == ("", 0.0)
    assert len(known.sources["pages"].signatures) == len(await site.index_keys())
    site.publisher = site.publishing(8_000_000)
    hold = await site.begin(drops=tuple(f"p{number}" for number in range(2, 10)))
    await site.end(hold)
    assert await site.index() == ["page-0", "page-1"]
    assert (await site.memory.everything()).sources["pages"].reference == "ref"


async def test_a_revision_that_is_no_number_is_counted_anew(site: Site) -> None:
    await publish(site, a="one")
    await site.kv.command("HSET", site.keys.revisions, "pages", "many")
    assert await site.memory.revisions() == {}

    assert (await site.memory.everything()).broken == []
    await publish(site, a="one", b="two")

    assert await site.index() == ["one", "two"]


@pytest.mark.parametrize(
    "odd", [{"items_per_page": 0}, {"watermark": 2**70}, {"listed_at": -1}, {"forced_at": 1e20}, {"signatures": [7]}]
)
async def test_a_source_is_put_right_whatever_is_odd_of_it(site: Site, odd: dict[str, Any]) -> None:
    await publish(site, a="one")
    sound = json.loads(await site.kv.command("HGET", site.keys.sources, "pages"))
    await site.kv.command("HSET", site.keys.sources, "pages", json.dumps(sound | odd))

    assert [len((await site.memory.everything()).broken) for _ in range(2)] == [1, 0]
    await publish(site, b="two")
    assert await site.index() == ["one", "two"]


@pytest.mark.parametrize("text", ["no record", '{"began_at":"x"}', '{"slug":"a\\ud8","source":"pages"}'])
async def test_no_foreign_record_keeps_a_page_or_database_from_being_published(site: Site, text: str) -> None:
    await large_page(site)
    hold = await site.begin(Item(id="a"), Item(id="b"), Item(id="d", kind="database"))
    await site.kv.command("HSET", site.keys.kept, "a", text)
    await site.kv.command("HSET", site.keys.databases, "d", text)

    assert await site.commit(hold, "b", "one") == "taken"
    assert await site.commit(hold, "a", "one") == "done"
    database = KeptDatabase("D", ["s"], 5.0, 5.0, "digest")
    assert await site.bundles.commit_database(hold, Item(id="d", kind="database"), database, Text("{}")) == "done"

    assert await parts(site) == 0
    assert (await site.memory.databases())["d"] == database


@pytest.mark.parametrize("slug", ['a"b', 'x","source":"y', "ü/\\u002f/é", "parts:1}"])
async def test_the_scripts_find_slug_source_parts_and_time_in_every_record(site: Site, slug: str) -> None:
    """They look for them as text, wherever a member is added to the record."""
    members = {field.name for field in msgspec.structs.fields(Kept)}
    full: dict[str, Any] = {
        "visibility": "internal",
        "meta_digest": "m",
        "fingerprint": "f",
        "hidden": ["h"],
        "originals": ["o"],
        "children": ["c"],
        "copied": {"o": None},
        "databases": ["d"],
        "unreadable": ["u"],
        "version": 7,
        "is_lacking": True,
    }
    assert members - {*full, "parent", "parts", "rank"} == {
        *("slug", "source", "title", "created", "edited", "read_at", "began_at", "digest")
    }
    hold = await site.begin(Item(id="a"), Item(id="b"))
    kept = page("a", slug, site.clock.time, parts=3, source="posts", **full)
    text = bundle("a", slug, parts=3)
    assert await site.bundles.commit_page(hold, Item(id="a", slug=slug, source="posts"), kept, text, []) == "done"
    assert await site.commit(hold, "b", slug) == "taken"

    hold = await begin_again(site, hold, Item(id="a"))
    older = msgspec.structs.replace(kept, began_at=kept.began_at - 0.5)
    assert await site.bundles.commit_page(hold, Item(id="a", slug=slug), older, text, []) == "older"
    hold = await begin_again(site, hold, Item(id="a"))
    assert await site.commit(hold, "a", "new") == "done"
    assert await site.kv.command("HGET", site.keys.moved, slug) == "a:3"
    assert (await site.memory.revisions())["posts"] == 2


async def warnings(site: Site, hold: Hold) -> list[str]:
    run = await site.runs.read(hold.run_id)
    assert run is not None
    return run.warnings


@pytest.mark.parametrize("odd", ["no meta", "[]", '{"id":"b","slug":"two"}', '{"id":"a","slug":"two"}', "gone"])
async def test_a_meta_that_is_no_more_is_taken_from_the_bundle(site: Site, odd: str) -> None:
    await publish(site, a="one", b="two")
    await site.kv.command(*(("HDEL", site.keys.metas, "a") if odd == "gone" else ("HSET", site.keys.metas, "a", odd)))

    await publish(site, c="three")

    assert await site.index() == ["one", "two", "three"]
    assert await site.memory.metas(["a"]) == {"a": bundle("a", "one").meta}


@pytest.mark.parametrize("odd", ["no bundle", '{"v":1,"meta":{"id":"b","slug":"two"},"blocks":[]}'])
async def test_a_page_whose_meta_and_bundle_are_no_more_leaves_the_index_until_it_is_read_again(
    site: Site, odd: str
) -> None:
    await publish(site, a="one", b="two")
    await site.kv.command("HSET", site.keys.metas, "a", "no meta")
    await site.kv.command("SET", site.keys.page("one"), odd)
    hold = await site.begin(Item(id="c"))
    await site.commit(hold, "c", "three")
    await site.end(hold)

    index = await site.read("pages:index")
    assert ([item["slug"] for item in index["items"]], index["total"]) == (["two", "three"], 2)
    known = await site.memory.everything()
    assert (known.kept["a"].version, known.kept["a"].digest, known.overdue) == (0, "", {"a"})
    assert await warnings(site, hold) == [named("a")]
    await publish(site, a="one")
    assert await site.index() == ["one", "two", "three"]


async def test_an_index_page_that_holds_another_value_is_written_over(site: Site) -> None:
    await publish(site, a="one")
    await site.kv.pipeline([["DEL", "site:pages:index"], ["RPUSH", "site:pages:index", "x"]])

    await publish(site, b="two")

    assert await site.index() == ["one", "two"]


@pytest.mark.parametrize(
    ("odd", "kept", "said"),
    [
        ('{"x":{"to":"/b"},"old":"one","y":7}', {"old": "new"}, ['"x": {"to":"/b"}', '"y": 7']),
        ('["old"]', {}, ['["old"]']),
        ("no JSON", {}, ["no JSON"]),
        ('{"old":"one","x":"\\ud83d"}', {"old": "new"}, []),
    ],
)
async def test_of_redirects_that_another_wrote_those_that_are_some_stay_and_the_others_are_named(
    site: Site, odd: str, kept: dict[str, str], said: list[str]
) -> None:
    await publish(site, a="one")
    await site.kv.command("SET", site.keys.redirects, odd)
    hold = await site.begin(Item(id="a"), moving=("a",))
    await site.commit(hold, "a", "new")
    await site.end(hold)

    assert await site.read("redirects") == {"one": "new", **kept}
    told = await warnings(site, hold)
    assert told == [
        f"KV key redirects held what is no redirect, and was written anew without it: {one}" for one in said
    ]


async def test_redirects_that_hold_another_type_are_written_anew(site: Site) -> None:
    await publish(site, a="one")
    await site.kv.command("RPUSH", site.keys.redirects, "x")
    hold = await site.begin(drops=("a",))
    await site.end(hold)

    assert await site.read("redirects") == {}
    assert await warnings(site, hold) == [
        "KV key redirects held what is no redirect, and was written anew without it: a value of another type"
    ]


async def staged(site: Site) -> Hold:
    """`b` waits for the slug that `a` leaves, in two parts."""
    await publish(site, a="one", b="two")
    hold = await site.begin(Item(id="a"), Item(id="b"), moving=("a", "b"))
    kept = page("b", "one", site.clock.time + 1, parts=2)
    text = bundle("b", "one", parts=2)
    assert await site.bundles.commit_page(hold, Item(id="b", slug="one"), kept, text, []) == "staged"
    await site.commit(hold, "a", "three")
    return hold


@pytest.mark.parametrize("odd", ["no record", '{"slug":"one"}'])
@pytest.mark.parametrize("what", ["record", "meta"])
async def test_a_page_that_waits_for_its_slug_and_can_not_be_told_any_more_is_read_again(
    site: Site, odd: str, what: str
) -> None:
    hold = await staged(site)
    await site.kv.command("HSET", site.keys.staged_pages if what == "record" else site.keys.staged_metas, "b", odd)

    await site.end(hold)

    assert sorted(await site.index()) == ["three", "two"]
    assert await site.kv.command("KEYS", "site:sync:staged*") == []
    assert (await site.memory.everything()).overdue == {"b"}
    assert await warnings(site, hold) == [named("b")]


async def test_the_parts_at_a_slug_that_was_left_go_also_where_nobody_knows_how_many(site: Site) -> None:
    await large_page(site)
    hold = await site.begin(Item(id="a"), moving=("a",))
    await site.commit(hold, "a", "new")
    await site.kv.command("HSET", site.keys.moved, "one", "somewhere")

    await site.end(hold)

    assert (await site.index(), await site.read("page:one"), await parts(site)) == (["new"], None, 0)
    assert await site.kv.command("EXISTS", site.keys.moved) == 0


async def test_a_drop_without_its_time_drops_nothing(site: Site) -> None:
    await publish(site, a="one")
    hold = await site.begin(drops=("a",))
    await site.kv.command("HSET", f"{site.keys.run(hold.run_id)}:drops", "a", "long ago")

    await site.end(hold)

    assert await site.index() == ["one"]
