"""An index is a row of pages that split and merge: in order at every instant, and only what changed
is written anew."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lib.store.site
from lib import json_text
from lib.bundle.index import sort_text as sort_of
from lib.errors import TakenOver
from lib.model import BUNDLE_VERSION, Ask, PageRecord, Rank
from lib.store.site import Sighting
from lib.times import instant
from tests.store.scene import ALIVE, NOW, Scene, bundle, sort_text

ROW = PageRecord(edited=NOW, read_at=1.0, digest="d", version=BUNDLE_VERSION)


def words(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [word for pair in pairs for word in pair]


async def fill(scene: Scene, count: int, source: str = "pages") -> None:
    """Publish rows `0000`, `0001`, … all at once; a test below proves that publications leave the
    same."""
    ids = [f"{number:04}" for number in range(count)]
    record, seen = json_text.encode(ROW), json_text.encode(scene.seen("", source=source))
    keys = scene.keys
    fields: dict[str, Callable[[str], str]] = {
        keys.observed: lambda one: seen,
        keys.pages: lambda one: record,
        keys.places: lambda one: f"row-{one}",
        keys.metas: lambda one: bundle(one, f"row-{one}").meta,
        keys.ranks: lambda one: f"{sort_text(one)} {source}",
        keys.paths: lambda one: f"row-{one}",
        keys.stamps(source): lambda one: f"stamp-of-{one}",
    }
    await scene.kv.pipeline(
        [
            *(
                ["HSET", key, *words((one, value(one)) for one in ids)]
                for key, value in fields.items()
            ),
            ["HSET", keys.slugs, *words((f"row-{one}", one) for one in ids)],
            [
                "ZADD",
                f"{keys.prefix}sync:order:{source}",
                *words(("0", sort_text(one)) for one in ids),
            ],
            [
                "MSET",
                *words((keys.page(f"row-{one}"), bundle(one, f"row-{one}").head) for one in ids),
            ],
        ]
    )
    await scene.site.close_indexes(scene.lease, [source], [], [source])


async def publish(scene: Scene, number: float) -> None:
    """Publish a row; `1.5` is one between two others."""
    page_id = f"{number:04}" if isinstance(number, int) else f"{int(number):04}x"
    assert await scene.publish(page_id, f"row-{page_id}") == "done"


async def hide(scene: Scene, *numbers: int) -> None:
    for number in numbers:
        await scene.hide(f"{number:04}")


def hidden(scene: Scene, number: int) -> Sighting:
    seen = scene.seen(f"{number:04}", is_published=False)
    return Sighting(page_id=f"{number:04}", observation=seen, is_hidden=True)


async def sizes(scene: Scene) -> list[int]:
    return [len(page["items"]) for page in await scene.index_pages()]


async def written(scene: Scene, change: Callable[[], Any]) -> list[int]:
    """Which pages of the index a change writes anew, and not only how they end."""
    pages = await scene.index_pages()
    names = [scene.keys.index("pages", number) for number in range(1, len(pages) + 1)]
    for name in names:  # a blank that JSON does not mind
        text = await scene.kv.command("GET", name)
        await scene.kv.command("SET", name, text.replace('{"items":[', '{"items":[ ', 1))
    await change()
    texts = [await scene.kv.command("GET", name) for name in names]
    return [
        number
        for number, text in enumerate(texts, 1)
        if text and not text.startswith('{"items":[ ')
    ]


async def test_rows_that_are_filled_in_are_what_publications_leave(scene: Scene) -> None:
    await fill(scene, 3)
    filled = await scene.snapshot()
    await scene.kv.command("FLUSHDB")
    await scene.begin()
    for number in range(3):
        await publish(scene, number)

    published = await scene.snapshot()
    same = {"observed", "pages", "revisions"}
    for name in same:
        assert filled.pop(f"site:sync:{name}").keys() == published.pop(f"site:sync:{name}").keys()
    passing = ("site:sync:run", "site:sync:sequence")
    assert {key: value for key, value in filled.items() if not key.startswith(passing)} == {
        key: value for key, value in published.items() if not key.startswith(passing)
    }


async def test_a_source_without_rows_has_an_empty_index_after_its_first_sync(scene: Scene) -> None:
    assert await scene.read("pages:index") is None

    await scene.site.close_indexes(scene.lease, ["pages"], ["pages"], [])

    assert await scene.read("pages:index") == {"items": [], "syncedAt": NOW, "total": 0}


async def test_an_index_of_one_row_is_one_page(scene: Scene) -> None:
    await publish(scene, 0)

    assert (await sizes(scene), "revision" in await scene.read("pages:index")) == ([1], False)


async def test_five_hundred_rows_are_one_page_and_one_more_are_two(scene: Scene) -> None:
    await fill(scene, 499)
    await publish(scene, 499)
    assert await sizes(scene) == [500]

    await publish(scene, 500)
    assert (sum(await sizes(scene)), len(await sizes(scene))) == (501, 2)
    assert await scene.index() == [f"row-{number:04}" for number in range(501)]

    await hide(scene, 7)
    assert await sizes(scene) == [500]


async def test_thirteen_hundred_rows_stand_in_order_on_pages_of_one_revision(scene: Scene) -> None:
    await fill(scene, 1_300)
    await publish(scene, 600.5)

    slugs = await scene.index()
    assert (len(slugs), slugs == sorted(slugs)) == (1_301, True)
    first, *others = await scene.index_pages()
    assert (first["total"], first["pages"]) == (1_301, len(others) + 1)
    assert [set(page) for page in others] == [{"items", "syncedAt", "revision"}] * len(others)
    assert {page["revision"] for page in others} == {first["revision"]}
    assert max(await sizes(scene)) <= 500


async def test_a_new_row_rewrites_its_own_page_and_how_the_first_ends(scene: Scene) -> None:
    await fill(scene, 1_300)

    assert await written(scene, lambda: publish(scene, 1_000.5)) == [4]
    assert (await scene.read("pages:index"))["total"] == 1_301
    assert await written(scene, lambda: publish(scene, 0.5)) == [1]
    assert await written(scene, lambda: hide(scene, 400)) == [2]
    assert (await scene.read("pages:index"))["total"] == 1_301
    changed = await scene.kv.command("SMEMBERS", f"{scene.keys.run(scene.lease.run_id)}:changed")
    assert set(changed) >= {"pages:index", "pages:index:2", "pages:index:4"}


async def test_the_first_page_of_an_index_is_written_anew_where_its_end_takes_fewer_bytes(
    scene: Scene,
) -> None:
    await fill(scene, 1_000)
    await hide(scene, 900)

    first = await scene.read("pages:index")
    assert (first["total"], first["pages"], len(first["items"])) == (999, 2, 500)


@pytest.mark.parametrize("foreign", ["", "[]", '{"items":[],"syncedAt":"today"', "x" * 300])
async def test_the_first_page_of_an_index_is_whole_whatever_stood_there(
    scene: Scene, foreign: str
) -> None:
    await fill(scene, 1_000)
    before = await scene.read("pages:index")
    await scene.kv.command("SET", scene.keys.index("pages", 1), foreign)

    await publish(scene, 900)

    assert await scene.read("pages:index") == before


async def test_a_row_that_changed_rewrites_its_own_page_of_the_index(scene: Scene) -> None:
    await fill(scene, 1_300)
    before = await scene.read("pages:index")

    assert await written(scene, lambda: publish(scene, 1_000)) == [4]

    assert (await scene.read("pages:index"))["revision"] == before["revision"]


async def test_a_row_whose_index_shows_nothing_new_leaves_the_index_as_it_is(scene: Scene) -> None:
    await scene.publish("a", "one", digest="same")

    assert await written(scene, lambda: scene.publish("a", "one", digest="same", text=None)) == []


async def test_a_row_that_moves_to_another_page_gives_all_pages_another_revision(
    scene: Scene,
) -> None:
    await fill(scene, 1_300)
    before = (await scene.read("pages:index"))["revision"]
    await scene.see("0001")
    moved = await scene.reading(await scene.take("0001"), "row-0001", sort="1" * 48 + "0001")

    assert await written(scene, lambda: scene.site.commit_page(scene.lease, moved)) == [1, 4]
    assert (await scene.index())[-1] == "row-0001"
    revisions = {page["revision"] for page in await scene.index_pages()}
    assert (len(revisions), before in revisions) == (1, False)


async def test_a_page_of_the_index_that_is_full_splits_and_the_others_are_told(
    scene: Scene,
) -> None:
    await fill(scene, 1_000)
    before = await sizes(scene)
    revision = (await scene.read("pages:index"))["revision"]

    await publish(scene, 3.5)

    assert (before, await sizes(scene)) == ([500, 500], [250, 251, 500])
    assert {page["revision"] for page in await scene.index_pages()} != {revision}


async def test_a_page_of_the_index_that_splits_leaves_those_before_it_as_they_are(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lib.store.site, "ITEMS_PER_PAGE", 3)
    for number in range(7):
        await publish(scene, number)
    assert await sizes(scene) == [2, 2, 3]

    assert await written(scene, lambda: publish(scene, 7)) == [3]
    assert await sizes(scene) == [2, 2, 2, 2]
    assert len({page["revision"] for page in await scene.index_pages()}) == 1


async def test_short_neighbours_become_one_page(scene: Scene) -> None:
    await fill(scene, 600)
    assert await sizes(scene) == [300, 300]

    await scene.site.observe(scene.lease, [hidden(scene, number) for number in range(99)])
    assert await sizes(scene) == [201, 300]

    await hide(scene, 99)
    assert await sizes(scene) == [500]


async def test_an_index_page_that_loses_most_of_its_rows_joins_its_neighbour(scene: Scene) -> None:
    await fill(scene, 1_000)

    await scene.site.observe(scene.lease, [hidden(scene, number) for number in range(500, 900)])
    assert await sizes(scene) == [500, 100]
    await scene.site.observe(scene.lease, [hidden(scene, number) for number in range(50, 450)])

    assert await sizes(scene) == [200]


async def test_each_source_has_an_index_of_its_own(scene: Scene) -> None:
    await scene.publish("a", "one")
    await scene.publish("b", "two", source="posts")

    assert (await scene.index("pages"), await scene.index("posts")) == (["one"], ["two"])


async def test_a_row_that_moves_to_another_source_stands_in_one_index_at_every_instant(
    scene: Scene,
) -> None:
    await scene.publish_all(a="one", b="two")

    await scene.publish("a", "one", source="posts")

    assert (await scene.index("pages"), await scene.index("posts")) == (["two"], ["one"])
    assert (await scene.sources.stamps("pages")).keys() == {"b"}


async def test_a_publication_touches_no_other_sources_index(scene: Scene) -> None:
    await scene.publish("a", "one")

    assert await written(scene, lambda: scene.publish("b", "two", source="posts")) == []


async def test_the_index_of_a_source_that_is_no_more_goes_when_nothing_stands_in_it(
    scene: Scene,
) -> None:
    await scene.publish("a", "one", source="posts")
    await scene.site.close_indexes(scene.lease, ["pages"], ["pages"], [])
    assert (await scene.index("posts"), set((await scene.sources.read_state()).names)) == (
        ["one"],
        {"pages", "posts"},
    )

    await scene.hide("a", source="posts")
    await scene.site.close_indexes(scene.lease, ["pages"], ["pages"], [])

    assert (await scene.read("posts:index"), (await scene.sources.read_state()).names) == (
        None,
        ["pages"],
    )


async def test_a_zombie_closes_no_index(scene: Scene) -> None:
    await scene.runs.begin_slice("r1", "0", 0, Ask(), scene.clock.time + ALIVE)

    with pytest.raises(TakenOver):
        await scene.site.close_indexes(scene.lease, ["pages"], ["pages"], [])
    assert await scene.read("pages:index") is None


# Values of a bounded size.


@pytest.fixture
def small(scene: Scene) -> Scene:
    """A site whose values hold two rows at most."""
    return bounded(scene, 280)


def bounded(scene: Scene, max_value_bytes: int) -> Scene:
    other = Scene(scene.kv, scene.keys, scene.runs, scene.clock, max_value_bytes=max_value_bytes)
    other.lease = scene.lease
    return other


async def texts(scene: Scene, source: str = "pages") -> list[str]:
    """The pages of an index as they stand in KV."""
    count = len(await scene.index_pages(source))
    names = [scene.keys.index(source, number) for number in range(1, count + 1)]
    found: list[str] = await scene.kv.command("MGET", *names)
    return found


async def test_a_page_of_the_index_that_is_too_large_for_one_value_gets_fewer_rows(
    small: Scene,
) -> None:
    for number in range(10):
        await publish(small, number)

    assert await small.index() == [f"row-{number:04}" for number in range(10)]
    found = await texts(small)
    assert (len(found) > 3, max(map(len, found)) <= 280) == (True, True)
    first, *others = await small.index_pages()
    assert (first["total"], first["pages"], {page["revision"] for page in others}) == (
        *(10, len(found)),
        {first["revision"]},
    )


async def test_a_row_that_is_too_large_for_any_page_of_the_index_stands_on_one_by_itself(
    small: Scene,
) -> None:
    await small.publish("a", "one")
    await small.publish("b", "two", title="t" * 500)
    await small.publish("c", "three")

    assert (await small.index(), await sizes(small)) == (["one", "two", "three"], [1, 1, 1])


async def test_one_large_row_divides_its_own_page_of_the_index_and_no_other(scene: Scene) -> None:
    scene = bounded(scene, 90_000)
    await fill(scene, 1_000)
    revision = (await scene.read("pages:index"))["revision"]

    change = partial(scene.publish, "0700", "row-0700", title="t" * 70_000)
    assert await written(scene, change) == [2]

    assert (await sizes(scene), len(await scene.index())) == ([500, 200, 300], 1_000)
    assert {page["revision"] for page in await scene.index_pages()} != {revision}
    assert max(map(len, await texts(scene))) <= 90_000


async def test_pages_of_the_index_that_a_large_row_divided_join_once_it_is_small_again(
    scene: Scene,
) -> None:
    scene = bounded(scene, 90_000)
    await fill(scene, 300)
    await scene.publish("0100", "row-0100", title="t" * 85_000)
    assert await sizes(scene) == [100, 1, 199]

    await publish(scene, 100)
    await publish(scene, 100)  # what stands there has to be known to be small

    assert await sizes(scene) == [300]


async def test_an_index_whose_rows_are_all_large_is_shared_out_in_one_script(scene: Scene) -> None:
    await fill(scene, 1_000)
    scene = bounded(scene, 9_000)

    await scene.site.close_indexes(scene.lease, ["pages"], [], ["pages"])

    assert len(await scene.index()) == 1_000
    sizes_bytes = [len(text) for text in await texts(scene)]
    assert (max(sizes_bytes) <= 9_000, min(sizes_bytes) >= 3_500) == (True, True)
    pages = await scene.index_pages()
    assert ({page["revision"] for page in pages}, pages[0]["pages"]) == (
        {pages[0]["revision"]},
        len(pages),
    )


large_rows = st.tuples(st.sampled_from("abcdefghij"), st.sampled_from([0, 40, 150, 400, 700]))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | large_rows, min_size=5, max_size=20))
async def test_no_page_of_the_index_is_too_large_whatever_rows_grow_shrink_and_go(
    scene: Scene, steps: list[tuple[str, int] | None]
) -> None:
    most = 900
    scene = bounded(scene, most)
    await scene.kv.command("FLUSHDB")
    await scene.begin()
    rows: dict[str, int] = {}
    for step in steps:
        if step is None and rows:
            await scene.hide(next(iter(rows)))
            rows.pop(next(iter(rows)))
        elif step is not None:
            await scene.publish(step[0], step[0], title="t" * step[1])
            rows[step[0]] = step[1]
        if await scene.read("pages:index"):
            assert await scene.index() == sorted(rows)
            assert max(map(len, await texts(scene))) <= most
            first, *others = await scene.index_pages()
            assert {page["revision"] for page in others} <= {first.get("revision")}
            assert all(page["items"] for page in others)
    for one in sorted(rows):
        await scene.hide(one)
        await scene.publish(one, one)
    assert not rows or await sizes(scene) == [len(rows)]


# What another did to it.


@pytest.mark.parametrize(
    "value", [["DEL"], ["SET", "no index"], ["SET", "x" * 40], ["RPUSH", "x"], ["HSET", "a", "b"]]
)
@pytest.mark.parametrize("number", [1, 2])
async def test_a_page_of_the_index_that_was_lost_or_written_over_comes_back(
    scene: Scene, number: int, value: list[str]
) -> None:
    await fill(scene, 510)
    before = await scene.index_pages()
    key = scene.keys.index("pages", number)
    await scene.kv.pipeline([["DEL", key], [value[0], key, *value[1:]]])

    assert await scene.site.find_lost(scene.lease) == ([], [key])

    assert await scene.index_pages() == before
    assert await scene.site.find_lost(scene.lease) == ([], [])


@pytest.mark.parametrize("value", [["DEL"], ["SET", "short"], ["RPUSH", "x"]])
async def test_a_lost_page_of_the_index_is_no_trouble_to_a_publication_that_shifts_the_others(
    scene: Scene, value: list[str]
) -> None:
    await fill(scene, 1_010)
    key = scene.keys.index("pages", 2)
    await scene.kv.pipeline([["DEL", key], [value[0], key, *value[1:]]])
    await scene.see("1000")

    reading = await scene.reading(await scene.take("1000"), "row-1000", sort="/" * 48 + "1000")
    assert (await scene.site.commit_page(scene.lease, reading))[0] == "done"

    await scene.site.find_lost(scene.lease)
    assert sorted(await scene.index()) == [f"row-{one:04}" for one in range(1_010)]
    assert len({page["revision"] for page in await scene.index_pages()}) == 1


@pytest.mark.parametrize("counts", ["", "7", "x", "300,300", "0,0,0", "9999"])
async def test_an_index_whose_pages_are_miscounted_is_written_anew(
    scene: Scene, counts: str
) -> None:
    await fill(scene, 510)
    await scene.kv.command("HSET", scene.keys.leaves, "pages", counts)

    await publish(scene, 510)

    assert await scene.index() == [f"row-{number:04}" for number in range(511)]


async def test_an_index_can_be_written_as_it_is_remembered(scene: Scene) -> None:
    await fill(scene, 510)
    before = [page["items"] for page in await scene.index_pages()]
    await scene.kv.command("SET", "site:pages:index:2", '{"items":[]}')

    await scene.site.close_indexes(scene.lease, ["pages"], [], ["pages"])

    assert [page["items"] for page in await scene.index_pages()] == before


# Any order of publications.


ranks = st.builds(
    Rank,
    id=st.sampled_from("abcdefgh"),
    created=st.sampled_from(["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"]),
    order=st.none() | st.sampled_from([-1.5, 0.0, 1.0, 10.0]),
    date=st.none() | st.sampled_from(["2026-01-01", "2025-06-01T10:00:00+02:00", "2026-01-03"]),
)


def place(rank: Rank) -> tuple[Any, ...]:
    """Where the contract wants a row to stand."""
    by_order = (rank.order is None, rank.order or 0.0)
    by_date = (rank.date is None, -instant(rank.date) if rank.date else 0.0)
    return (*by_order, *by_date, -instant(rank.created), rank.id)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(ranks, st.sampled_from(["publish", "publish", "publish", "hide"])), max_size=12
    )
)
async def test_rows_stand_in_order_whatever_is_published_moved_and_hidden(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[Rank, str]]
) -> None:
    monkeypatch.setattr(lib.store.site, "ITEMS_PER_PAGE", 3)
    await scene.kv.command("FLUSHDB")
    await scene.begin()
    rows: dict[str, Rank] = {}
    for rank, step in steps:
        if step == "hide":
            await scene.hide(rank.id)
            rows.pop(rank.id, None)
        else:
            await scene.publish(rank.id, rank.id, sort=sort_of(rank))
            rows[rank.id] = rank
        if step == "publish" or await scene.read("pages:index"):
            assert await scene.index() == [row.id for row in sorted(rows.values(), key=place)]
            first, *others = await scene.index_pages()
            assert (first["total"], max(await sizes(scene)) <= 3) == (len(rows), True)
            assert {page["revision"] for page in others} <= {first.get("revision")}
