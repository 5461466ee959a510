"""A store with a run over it: pages that are seen, claimed and published as the engine does it,
with small bundles."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lib.model import (
    BUNDLE_VERSION,
    JSON,
    Ask,
    Claim,
    DatabaseRecord,
    Observation,
    PageRecord,
    WorkItem,
)
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Run, Runs, SliceLease
from lib.store.site import Addresses, Move, PageCommit, Retry, Sighting, Site, Text
from lib.store.sources import Sources
from lib.store.work import WorkQueue

ALIVE = 600.0
NOW = "2026-06-01T00:00:00.000Z"
CREATED = "2026-01-01T00:00:01.000Z"
EDITED_AT = 1_779_990_000.0
"""When every page was edited last, unless a test says otherwise (epoch seconds)."""


READ = WorkItem()


class Ticking(Protocol):
    time: float

    def __call__(self) -> float: ...


class Scene:
    """`lease` is the slice at work."""

    lease: SliceLease

    def __init__(
        self, kv: Kv, keys: Keys, runs: Runs, clock: Ticking, max_value_bytes: int = 8_000_000
    ) -> None:
        self.kv, self.keys, self.runs, self.clock = kv, keys, runs, clock
        self.site = Site(kv, keys, max_value_bytes, clock, lambda: NOW)
        self.queue, self.sources = WorkQueue(kv, keys, clock), Sources(kv, keys)

    # Runs.

    async def begin(self, run_id: str = "r1", *, page: str = "", **survey: Any) -> SliceLease:
        """Begin a run that has looked around at once: all that is due may be claimed."""
        ask = Ask(page=page)
        await self.runs.ask_for_run(run_id, ask, self.clock.time + ALIVE)
        self.lease = (
            await self.runs.begin_slice(run_id, "0", 0, ask, self.clock.time + ALIVE)
        ).lease
        await self.look_around(self.lease, **survey)
        return self.lease

    async def look_around(self, lease: SliceLease, **more: Any) -> None:
        nothing: dict[str, Any] = {
            "counts": {},
            "sources": {},
            "listings": {},
            "warnings": [],
            "problems": [],
        }
        await self.runs.note_survey(lease, **nothing | more)

    async def end(self, status: str = "delivered") -> None:
        await self.runs.end_run(self.lease.run_id, status, {}, "", self.clock.time + ALIVE)

    async def begin_next(self) -> SliceLease:
        """End the run under way, and begin the one after it."""
        await self.end()
        return await self.begin(f"r{int(self.lease.run_id[1:]) + 1}")

    async def record(self) -> Run:
        run = await self.runs.read_run(self.lease.run_id)
        assert run is not None
        return run

    # Pages.

    def seen(self, page_id: str, **more: Any) -> Observation:
        """What is seen of a page at this moment."""
        facts: JSON = {
            "source": "pages",
            "title": page_id,
            "created": CREATED,
            "edited": NOW,
            "edited_at": EDITED_AT,
            "read_at": self.clock.time,
            "placed_at": self.clock.time,
            "wanted": page_id,
        }
        return Observation(**facts | more)

    async def see(self, page_id: str, *, item: WorkItem | None = READ, **more: Any) -> list[str]:
        """Look at a page a second later, which makes it due; return the slugs that became free."""
        self.clock.time += 1
        names = ("stamp", "is_hidden", "is_gone", "draft")
        facts = {name: more.pop(name) for name in names if name in more}
        sighting = Sighting(
            page_id=page_id, observation=self.seen(page_id, **more), item=item, **facts
        )
        return await self.site.observe(self.lease, [sighting])

    async def hide(self, page_id: str, **more: Any) -> list[str]:
        """See that a row is a draft now."""
        return await self.see(page_id, item=None, is_hidden=True, is_published=False, **more)

    async def take(self, key: str, lease: SliceLease | None = None) -> Claim:
        """Claim all that is due, and pick one."""
        return (await self.claims(lease))[key]

    async def claims(self, lease: SliceLease | None = None) -> dict[str, Claim]:
        """All that the slice holds, after it has claimed what is due."""
        batch = await self.queue.claim_due(lease or self.lease, 1_000, [], self.clock.time + 60)
        return {claim.key: claim for claim in batch.claims}

    async def due(self) -> list[str]:
        """What may be claimed now or later."""
        return sorted(await self.kv.command("ZRANGE", self.keys.due, 0, -1))

    async def addresses(
        self, *moves: tuple[str, str], waiting: Mapping[str, str] | None = None
    ) -> Addresses:
        """Give pages these slugs, whatever each had before."""
        known, _ = await self.site.look_up([page_id for page_id, _ in moves])
        changed = [
            (page_id, known[page_id].slug, slug)
            for page_id, slug in moves
            if known[page_id].slug != slug
        ]
        names = {name for _, old, new in changed for name in (old, new) if name}
        _, holders = await self.site.look_up([], names)
        return Addresses(
            moves=[Move(*move) for move in changed],
            slugs={name: holder.page_id for name, holder in holders.items()},
            places={page_id: one.slug for page_id, one in known.items()},
            waiting=dict(waiting or {}),
        )

    async def reading(self, claim: Claim, slug: str, **more: Any) -> PageCommit:
        """A page that was read a second later, with what the engine would publish of it."""
        self.clock.time += 1
        before = more.pop("before", None) or claim.observation or self.seen(claim.id)
        read_at, digest = self.clock.time, more.pop("digest", f"{claim.id} at {self.clock.time}")
        children: Mapping[str, Observation] = more.get("children", {})
        record = PageRecord(
            edited=NOW,
            edited_at=more.pop("edited_at", before.edited_at),
            read_at=more.pop("read_at", read_at),
            digest=digest,
            version=BUNDLE_VERSION,
            visibility=more.get("observation", before).visibility,
            parts=len(more.get("parts", [])),
            children=more.pop("kept", list(children)),
            things=more.pop("things", []),
        )
        text = bundle(claim.id, slug, {one: f"{slug}/{one}" for one in children}, **_of_text(more))
        is_row = before.parent is None
        facts: JSON = {
            "page_id": claim.id,
            "retry": Retry(claim.number, more.pop("again", WorkItem()), insists=False),
            "slug": slug,
            "observation": before,
            "page_read_at": read_at,
            "before": before,
            "record": record,
            "stamp": f"stamp-of-{claim.id}" if is_row else f"stamp-of-{claim.id} {before.source}",
            "sort": sort_text(claim.id) if is_row else "",
            "text": text,
            "addresses": more.pop("addresses", None) or await self.addresses((claim.id, slug)),
        }
        return PageCommit(**facts | more)

    async def commit(self, claim: Claim, slug: str, **more: Any) -> str:
        """Publish a page that was claimed; return the outcome."""
        committed = await self.site.commit_page(self.lease, await self.reading(claim, slug, **more))
        return committed.outcome

    async def publish(self, page_id: str, slug: str, *, source: str = "pages", **more: Any) -> str:
        """See a row, claim it and publish it; return the outcome."""
        await self.see(page_id, source=source)
        return await self.commit(await self.take(page_id), slug, **more)

    async def publish_all(self, **slugs: str) -> None:
        for page_id, slug in slugs.items():
            assert await self.publish(page_id, slug) == "done"

    async def publish_family(
        self, parent: str, slug: str, *children: str, source: str = "pages"
    ) -> None:
        """Publish a row and its child pages."""
        known, _ = await self.site.look_up([parent])
        if not known[parent].observation:
            await self.see(parent, source=source)
        await self.commit_family(await self.take(parent), slug, *children)

    async def commit_family(self, claim: Claim, slug: str, *children: str) -> None:
        """Publish a page that was claimed, and child pages that nobody has seen yet."""
        source = claim.observation.source if claim.observation else "pages"
        seen = {one: self.seen(one, parent=claim.id, source=source) for one in children}
        moves = await self.addresses(
            (claim.id, slug), *((one, f"{slug}/{one}") for one in children)
        )
        work = [(one, WorkItem()) for one in children]
        assert await self.commit(claim, slug, children=seen, addresses=moves, work=work) == "done"
        for one in children:
            assert await self.commit(await self.take(one), f"{slug}/{one}") == "done"

    async def publish_database(self, database_id: str, *, title: str = "Tasks", **more: Any) -> str:
        """Publish a child database that is claimed; return the outcome."""
        self.clock.time += 1
        claim = (await self.claims())[f"db:{database_id}"]
        text = more.pop("text", Text(f'{{"id":"{database_id}","at":{self.clock.time}}}'))
        record = database(title, self.clock.time, **more)
        return await self.site.commit_database(self.lease, database_id, claim.number, record, text)

    # What a site reads.

    async def read(self, name: str) -> Any:
        text = await self.kv.command("GET", f"site:{name}")
        return None if text is None else json.loads(text)

    async def paths(self) -> dict[str, str]:
        paths: dict[str, str] = await self.kv.command("HGETALL", self.keys.paths)
        return paths

    async def index_pages(self, source: str = "pages") -> list[JSON]:
        """The pages of an index as a reader follows them; there are no others."""
        first = await self.read(f"{source}:index")
        numbers = range(2, first.get("pages", 1) + 1)
        names = [f"{source}:index", *(f"{source}:index:{number}" for number in numbers)]
        assert sorted(await self.kv.command("KEYS", f"site:{source}:index*")) == sorted(
            f"site:{one}" for one in names
        )
        return [first, *[await self.read(name) for name in names[1:]]]

    async def index(self, source: str = "pages") -> list[str]:
        """The slugs of an index; each has the bundle of the very page that the index names."""
        items = [item for page in await self.index_pages(source) for item in page["items"]]
        texts = (
            await self.kv.command("MGET", *(self.keys.page(item["slug"]) for item in items))
            if items
            else []
        )
        assert [json.loads(text)["meta"]["id"] for text in texts] == [item["id"] for item in items]
        return [item["slug"] for item in items]

    async def snapshot(self) -> dict[str, Any]:
        """All that stands in KV, read with one command; hashes as dicts."""
        found = await self.kv.command("EVAL", _ALL_VALUES, 0)
        return {
            key: dict(zip(value[::2], value[1::2], strict=True)) if kind == "hash" else value
            for key, kind, value in found
        }


_ALL_VALUES = """
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind, value = redis.call('TYPE', key).ok, nil
  if kind == 'hash' then value = redis.call('HGETALL', key)
  elseif kind == 'set' then value = redis.call('SMEMBERS', key)
  elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif kind == 'list' then value = redis.call('LRANGE', key, 0, -1)
  else value = redis.call('GET', key) end
  found[#found + 1] = {key, kind, value}
end
return found
"""


def sort_text(page_id: str) -> str:
    """A place in the index that follows from the id alone."""
    return "0" * 48 + page_id


def database(title: str, read_at: float, **more: Any) -> DatabaseRecord:
    facts: JSON = {
        "title": title,
        "data_source_ids": ["s"],
        "read_at": read_at,
        "digest": f"{title} at {read_at}",
    }
    return DatabaseRecord(**facts | more)


def bundle(
    page_id: str,
    slug: str,
    children: Mapping[str, str] = {},
    *,
    parts: Sequence[str] = (),
    files: Sequence[str] = (),
    lacking: bool = False,
    title: str = "",
    document: str = "",
    refs: Sequence[str] = (),
) -> Text:
    """A bundle as a site reads it, so far as the store knows of it."""
    links = [{"id": one, "slug": where, "title": one} for one, where in children.items()]
    meta = _compact({"id": page_id, "slug": slug, "title": title or page_id, "childPages": links})
    head = f'{{"v":{BUNDLE_VERSION},"meta":{meta},"refs":{_compact(refs)},"blocks":[]}}'
    return Text(head, list(parts), meta, document, files, "1" if lacking else "0")


def _of_text(more: JSON) -> JSON:
    names = ("parts", "files", "lacking", "title", "document", "refs")
    return {name: more.pop(name) for name in names if name in more}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
