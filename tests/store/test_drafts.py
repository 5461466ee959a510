"""Drafts in KV: what stands under `preview:`, whoever was quicker, and what the public sees of it."""

from typing import Any

import pytest

from lib.model import JSON, DatabaseRecord, Observation, PageRecord, WorkItem
from lib.store.drafts import DraftChild, DraftCommit, DraftDatabaseCommit, Drafts
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs
from lib.store.site import Sighting, Site, Text
from tests.store.conftest import Clock
from tests.store.scene import NOW, READ, Scene, bundle


class Studio(Scene):
    """A scene in which drafts have previews."""

    def __init__(self, kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> None:
        super().__init__(kv, keys, runs, clock)
        self.site = Site(kv, keys, 8_000_000, clock, lambda: NOW, previews=True)
        self.drafts = Drafts(kv, keys, self.site)

    async def draft(self, page_id: str, **more: Any) -> None:
        """See that a row is a draft."""
        await self.hide(page_id, draft=READ, **more)

    async def write(
        self,
        page_id: str,
        slug: str,
        *children: str,
        parts: tuple[str, ...] = (),
        databases: tuple[str, ...] = (),
        seen: Observation | None = None,
    ) -> tuple[str, list[str]]:
        """Read a draft that is due, and write it; return the outcome and the slugs that others
        have."""
        claim = await self.take(f"draft:{page_id}")
        return await self.put(
            claim.number, page_id, slug, *children, parts=parts, databases=databases, seen=seen
        )

    async def put(
        self,
        number: int,
        page_id: str,
        slug: str,
        *children: str,
        parts: tuple[str, ...] = (),
        databases: tuple[str, ...] = (),
        seen: Observation | None = None,
    ) -> tuple[str, list[str]]:
        """Write a draft that was claimed."""
        self.clock.time += 1
        seen = seen or self.seen(page_id)
        below = {
            one: DraftChild(self.seen(one, parent=page_id), f"{slug}/{one}", WorkItem())
            for one in children
        }
        record = PageRecord(
            edited=NOW,
            read_at=self.clock.time,
            digest="d",
            parts=len(parts),
            children=list(children),
            things=[f"db:{one}" for one in databases],
            visibility=seen.visibility,
        )
        head = bundle(page_id, slug).head
        commit = DraftCommit(
            page_id=page_id,
            number=number,
            slug=slug,
            observation=seen,
            record=record,
            text=Text(head, list(parts), files=[f"page={page_id}&file=f"]),
            children=below,
            databases=dict.fromkeys(databases, WorkItem()),
        )
        return await self.drafts.commit_draft(self.lease, commit)

    async def write_database(self, database_id: str, **more: Any) -> str:
        """Read a child database of drafts that is due, and write it; return the outcome."""
        claim = await self.take(f"draft:db:{database_id}")
        return await self.put_database(claim.number, database_id, **more)

    async def put_database(
        self,
        number: int,
        database_id: str,
        title: str = "",
        read_at: float = 0.0,
        shown_by: dict[str, Observation | None] | None = None,
    ) -> str:
        """Write a child database that was claimed."""
        self.clock.time += 1
        record = DatabaseRecord(
            title=title, data_source_ids=["s"], read_at=read_at or self.clock.time, digest="d"
        )
        commit = DraftDatabaseCommit(
            database_id=database_id,
            number=number,
            record=record,
            text=Text(f'{{"id":"{database_id}"}}', files=[f"page={database_id}&file=f"]),
            shown_by=await self.drafts.showing(database_id) if shown_by is None else shown_by,
        )
        return await self.drafts.commit_database(self.lease, commit)

    async def databases(self) -> list[str]:
        """The child databases that previews show; nothing else is remembered of any."""
        keys = await self.kv.command("KEYS", "site:preview:db:*")
        found = sorted(key.removeprefix("site:preview:db:") for key in keys)
        assert sorted(await self.kv.command("HKEYS", self.keys.draft_databases)) == found
        files = await self.kv.command("HKEYS", self.keys.files)
        named = [one.removeprefix("draft:db:") for one in files if one.startswith("draft:db:")]
        assert sorted(named) == found
        return found

    async def previews(self) -> dict[str, str]:
        paths: dict[str, str] = await self.kv.command("HGETALL", self.keys.preview_paths)
        for page_id, slug in paths.items():
            assert (await self.read(f"preview:{slug}"))["meta"]["id"] == page_id
        keys = await self.kv.command("KEYS", "site:preview:*")
        whole = [key for key in keys if ":part:" not in key and ":preview:db:" not in key]
        assert len(whole) == len(paths) + bool(paths)
        return paths


@pytest.fixture
async def studio(kv: Kv, keys: Keys, runs: Runs, clock: Clock) -> Studio:
    studio = Studio(kv, keys, runs, clock)
    await studio.begin()
    return studio


async def family(studio: Studio) -> None:
    """A draft and a child page of it."""
    await studio.draft("a")
    assert (await studio.write("a", "one", "b"))[0] == "done"
    assert (await studio.write("b", "one/b", seen=studio.seen("b", parent="a")))[0] == "done"


async def test_a_draft_stands_with_its_child_page_and_nothing_public_does(studio: Studio) -> None:
    await family(studio)

    assert await studio.previews() == {"a": "one", "b": "one/b"}
    assert (await studio.paths(), await studio.due()) == ({}, [])
    assert await studio.kv.command("KEYS", "site:page:*") == []


async def test_without_the_setting_a_draft_is_due_for_nobody(scene: Scene) -> None:
    sighting = Sighting(
        page_id="a",
        observation=scene.seen("a", is_published=False),
        is_hidden=True,
        draft=WorkItem(),
    )
    await scene.site.observe(scene.lease, [sighting])

    assert await scene.due() == []


async def test_who_was_published_while_it_was_read_gets_no_preview(studio: Studio) -> None:
    await studio.draft("a")
    claim = await studio.take("draft:a")
    await studio.see("a")

    assert (await studio.put(claim.number, "a", "one"))[0] == "gone"
    assert (await studio.previews(), await studio.due()) == ({}, ["a"])


async def test_publishing_takes_the_preview_and_all_below_it_in_one_step(studio: Studio) -> None:
    await family(studio)

    await studio.publish_all(a="one")

    assert (await studio.previews(), await studio.paths()) == ({}, {"a": "one"})
    assert await studio.kv.command("KEYS", "site:sync:drafts*") == []
    assert await studio.kv.command("HGET", studio.keys.files, "draft:a") is None


async def test_a_page_that_stays_as_it_is_published_keeps_its_preview(studio: Studio) -> None:
    await studio.publish_all(a="one")
    await studio.see("a", item=None, is_paused=True, draft=READ)
    assert (await studio.write("a", "one"))[0] == "done"

    await studio.site.observe(studio.lease, [], [("a", WorkItem(rewrite=True))])
    paused = studio.seen("a", is_paused=True)
    assert await studio.commit(await studio.take("a"), "one", observation=paused) == "done"

    assert (await studio.previews(), await studio.paths()) == ({"a": "one"}, {"a": "one"})


async def test_two_drafts_never_stand_at_one_slug(studio: Studio) -> None:
    await family(studio)
    await studio.draft("c")

    assert await studio.write("c", "one") == ("taken", ["one"])
    assert await studio.write("c", "one/b") == ("taken", ["one/b"])
    assert (await studio.write("c", "two"))[0] == "done"
    assert await studio.previews() == {"a": "one", "b": "one/b", "c": "two"}


async def test_a_draft_that_moves_takes_what_is_below_it_along(studio: Studio) -> None:
    await family(studio)
    await studio.draft("a")

    assert (await studio.write("a", "other", "b"))[0] == "done"
    assert await studio.previews() == {"a": "other"}
    assert await studio.due() == ["draft:b"]
    moved = studio.seen("b", parent="a")
    assert (await studio.write("b", "one/b", seen=moved))[0] == "older"
    assert (await studio.write("b", "other/b", seen=moved))[0] == "done"
    assert await studio.previews() == {"a": "other", "b": "other/b"}


async def test_a_child_page_that_left_its_draft_leaves_its_preview(studio: Studio) -> None:
    await family(studio)
    await studio.draft("a")

    assert (await studio.write("a", "one"))[0] == "done"

    assert (await studio.previews(), await studio.due()) == ({"a": "one"}, [])


@pytest.mark.parametrize("what", [{"is_gone": True, "is_published": False}, {}])
async def test_what_never_was_read_is_no_work_any_more(studio: Studio, what: JSON) -> None:
    await studio.draft("a")
    assert await studio.due() == ["draft:a"]

    if what:
        await studio.see("a", item=None, **what)
    else:
        await studio.publish_all(a="one")

    assert await studio.due() == []


async def test_a_shorter_bundle_leaves_no_part_behind(studio: Studio) -> None:
    await studio.draft("a")
    await studio.write("a", "one", parts=("{1}", "{2}", "{3}"))
    await studio.draft("a")
    await studio.write("a", "one", parts=("{4}",))
    assert await studio.kv.command("KEYS", "site:preview:one:part:*") == ["site:preview:one:part:1"]

    await studio.see("a", item=None, is_gone=True, is_published=False)

    assert await studio.kv.command("KEYS", "site:preview:*") == []


async def test_switched_off_the_end_of_a_run_removes_all_of_it(studio: Studio) -> None:
    await family(studio)
    await studio.draft("d")
    await studio.write("d", "four", databases=("x", "y"))
    await studio.write_database("x")
    await studio.draft("c")
    off = Site(studio.kv, studio.keys, 8_000_000, studio.clock, lambda: NOW)

    await studio.site.close_indexes(studio.lease, ["pages"], ["pages"], [])
    assert (len(await studio.previews()), await studio.databases()) == (3, ["x"])
    await off.close_indexes(studio.lease, ["pages"], ["pages"], [])

    assert (await studio.previews(), await studio.databases()) == ({}, [])
    assert await studio.kv.command("KEYS", "site:sync:drafts*") == []
    assert await studio.due() == ["draft:c"]


async def test_a_child_database_stands_as_long_as_a_draft_shows_it(studio: Studio) -> None:
    await studio.draft("a")
    await studio.draft("b")
    await studio.write("a", "one", databases=("x", "y"))
    await studio.write("b", "two", databases=("x",))
    assert await studio.write_database("x") == "done"
    assert await studio.write_database("y") == "done"
    assert await studio.databases() == ["x", "y"]

    await studio.publish_all(a="one")

    assert (await studio.databases(), await studio.due()) == (["x"], [])
    await studio.draft("b")
    await studio.write("b", "two")
    assert await studio.databases() == []
    assert await studio.kv.command("ZCARD", studio.keys.shows) == 0
    assert await studio.kv.command("KEYS", "site:db:*") == []


async def test_a_child_database_that_drafts_show_no_more_is_not_written(studio: Studio) -> None:
    await studio.draft("a")
    await studio.write("a", "one", databases=("x",))
    claim = await studio.take("draft:db:x")
    shown_by = await studio.drafts.showing("x")
    await studio.publish_all(a="one")

    outcome = await studio.put_database(claim.number, "x", shown_by=shown_by)

    assert (outcome, await studio.databases()) == ("repeated", [])


async def test_another_draft_that_shows_a_child_database_has_it_built_anew(studio: Studio) -> None:
    await studio.draft("a")
    await studio.draft("b", visibility="members")
    await studio.write("a", "one", databases=("x",))
    claim = await studio.take("draft:db:x")
    shown_by = await studio.drafts.showing("x")
    seen = studio.seen("b", visibility="members")
    await studio.write("b", "two", databases=("x",), seen=seen)

    assert await studio.put_database(claim.number, "x", shown_by=shown_by) == "changed"
    shown_by = await studio.drafts.showing("x")
    assert {one.visibility for one in shown_by.values() if one} == {"public", "members"}
    assert await studio.put_database(claim.number, "x") == "done"


async def test_the_last_reading_of_a_child_database_counts_whatever_its_date(
    studio: Studio,
) -> None:
    await studio.draft("a")
    await studio.write("a", "one", databases=("x",))
    await studio.write_database("x", read_at=studio.clock.time + 0.9)
    await studio.site.observe(studio.lease, [], [("draft:db:x", WorkItem())])

    assert await studio.write_database("x", title="Last") == "done"

    [record] = (await studio.sources.draft_databases(["x"])).values()
    assert (record.title if record else None, await studio.due()) == ("Last", ["draft:a"])


async def test_a_child_database_of_another_title_has_its_drafts_read(studio: Studio) -> None:
    await studio.draft("a")
    await studio.write("a", "one", databases=("x",))
    await studio.write_database("x", title="Crew")
    await studio.site.observe(studio.lease, [], [("draft:db:x", WorkItem())])

    await studio.write_database("x", title="The crew")

    assert await studio.due() == ["draft:a"]


async def test_what_kv_lost_of_drafts_is_found(studio: Studio) -> None:
    await studio.draft("a")
    await studio.draft("b")
    await studio.write("a", "one", databases=("x", "y"))
    await studio.write("b", "two", databases=("y",))
    await studio.write_database("x")
    await studio.write_database("y")
    watched = await studio.sources.watched_drafts()
    assert (watched.lost, set(watched.databases)) == (set(), {"x", "y"})
    assert None not in watched.databases.values()

    await studio.kv.command("SET", studio.keys.preview_database("x"), "foreign")
    await studio.kv.command("HDEL", studio.keys.draft_databases, "y")
    await studio.kv.command("ZREM", studio.keys.shows, "draft:db:y b")

    watched = await studio.sources.watched_drafts()
    assert (watched.lost, watched.databases) == ({"b"}, {"x": None, "y": None})
