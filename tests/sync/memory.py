"""What KV remembers, in memory, for looks at Notion; and a workspace that they look at."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import httpx

from lib.errors import Hopeless
from lib.model import JSON, DatabaseRecord, PageRecord, Source, WorkItem
from lib.store.runs import SliceLease
from lib.store.site import Holder, Known, Sighting
from lib.store.sources import SourceState, Watched
from lib.sync.homes import Homes
from lib.sync.survey.observer import Observer
from lib.sync.survey.progress import Progress, RunScope
from lib.sync.survey.single import PageSurvey
from lib.sync.survey.survey import Survey
from tests.notion.stage import Clock, client, not_found
from tests.sync.records import RULE, SETTLED, record, row_page, seen

HOME, OTHER_HOME = "d5000000-0000-4000-8000-000000000001", "d5000000-0000-4000-8000-000000000002"
REFERENCES = {"pages": "ref"}
LEASE = SliceLease("run_1", "0", 0, "token")
LATER_RUN = SETTLED + 600


def row_id(number: int) -> str:
    return f"aaaaaaaa-0000-4000-8000-{number:012}"


def listed(number: int, home: str = HOME, **members: Any) -> JSON:
    """A row as a listing shows it."""
    return row_page(
        row_id(number), parent={"type": "data_source_id", "data_source_id": home}, **members
    )


class Memory:
    """Answers as `Site` and `Sources` do. What a look remembers is in `sightings`, what it makes
    due in `due`."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.row_stamps: dict[str, dict[str, str]] = {"pages": {}}
        self.children: dict[str, tuple[str, str]] = {}
        self.child_databases: dict[str, DatabaseRecord | None] = {}
        self.outside: dict[str, str] = {}
        self.still: set[str] = set()
        self.shows: dict[str, list[str]] = {}
        self.lost: tuple[list[str], list[str]] = ([], [])
        self.redirects: dict[str, str] = {}
        self.state = SourceState({}, {}, {}, [])
        self.sightings: dict[str, Sighting] = {}
        self.due: dict[str, WorkItem] = {}

    def remember(
        self, page_id: str, stamp: str = "stamp", read: PageRecord | None = None, **more: Any
    ) -> None:
        """A page that is published: a row, or with a `parent` a child page."""
        observation = seen(**more)
        self.known[page_id] = Known(observation, read or record(), f"at-{page_id}", stamp)
        if observation.parent:
            self.children[page_id] = (stamp, observation.source)
        else:
            self.row_stamps.setdefault(observation.source, {})[page_id] = stamp

    @property
    def gone(self) -> set[str]:
        return {page_id for page_id, sighting in self.sightings.items() if sighting.is_gone}

    # As Site does.

    async def look_up(
        self, page_ids: Collection[str], slugs: Collection[str] = ()
    ) -> tuple[dict[str, Known], dict[str, Holder]]:
        return {page_id: self.known.get(page_id, Known()) for page_id in page_ids}, {
            slug: Holder() for slug in slugs
        }

    async def observe(
        self,
        lease: SliceLease,
        sightings: Sequence[Sighting],
        work: Sequence[tuple[str, WorkItem]] = (),
        outside: Mapping[str, str] = {},
        slack_seconds: float = 0.0,
    ) -> list[str]:
        for sighting in sightings:
            self.sightings[sighting.page_id] = sighting
            if sighting.item:
                self.due[sighting.page_id] = sighting.item
            if sighting.is_hidden or sighting.is_gone:
                self._forget_below(sighting.page_id)
        self.due |= dict(work)
        self.outside |= outside
        return []

    def _forget_below(self, page_id: str) -> None:
        for child in [
            one
            for one, known in self.known.items()
            if known.observation and known.observation.parent == page_id
        ]:
            del self.known[child]
            self._forget_below(child)

    async def page_at(self, slug: str) -> str:
        return next(
            (page_id for page_id, one in self.known.items() if one.slug == slug),
            self.redirects.get(slug, ""),
        )

    async def showing(self, thing: str) -> dict[str, Known]:
        return {page_id: self.known[page_id] for page_id in self.shows.get(thing, [])}

    async def find_lost(self, lease: SliceLease) -> tuple[list[str], list[str]]:
        return self.lost

    # As Sources does.

    async def watched(self) -> Watched:
        return Watched(
            dict(self.children),
            dict(self.child_databases),
            dict(self.outside),
            frozenset(self.still),
        )

    async def stamps(self, source: str) -> dict[str, str]:
        return dict(self.row_stamps.get(source, {}))

    async def stamps_of(self, source: str, page_ids: Collection[str]) -> dict[str, str]:
        stamps = self.row_stamps.get(source, {})
        return {page_id: stamps[page_id] for page_id in page_ids if page_id in stamps}

    async def databases(self, database_ids: Collection[str]) -> dict[str, DatabaseRecord | None]:
        return {
            one: self.child_databases[one] for one in database_ids if one in self.child_databases
        }


class Workspace:
    """Rows of data sources (each list in one answer) and all else by its path. `asked` are the
    paths in order; those that are `slow` are answered later than others. `unshared` are sources
    that are not found any more."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.rows: dict[str, list[JSON]] = {HOME: []}
        self.objects: dict[str, JSON | httpx.Response] = {}
        self.asked: list[str] = []
        self.slow: set[str] = set()
        self.unshared: set[str] = set()

    def put(self, page: JSON) -> JSON:
        self.objects[f"pages/{page['id']}"] = page
        return page

    async def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        self.asked.append(path)
        if path in self.slow:
            await asyncio.sleep(0.02)
        found = self.objects.get(path)
        if found is not None:
            return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)
        kind, thing_id, *_ = path.split("/")
        if kind == "data_sources" and request.method == "GET":
            return httpx.Response(
                200, json={"object": "data_source", "id": thing_id, "properties": {}}
            )
        if kind == "data_sources" and thing_id in self.rows:
            rows = self.rows[thing_id][: json.loads(request.content)["page_size"]]
            more = "more" if len(rows) < len(self.rows[thing_id]) else None
            return httpx.Response(
                200, json={"results": rows, "has_more": more is not None, "next_cursor": more}
            )
        return not_found(thing_id)

    async def look(
        self,
        *,
        now: float = LATER_RUN,
        references: dict[str, str] = REFERENCES,
        is_whole: bool = True,
        is_forced: bool = False,
        progress: Progress | None = None,
    ) -> Survey:
        """A run looks around."""
        survey, _ = self._survey(now, references, is_whole, is_forced, progress)
        await survey.look_around()
        return survey

    async def look_at(
        self, wanted: str, *, references: dict[str, str] = REFERENCES, is_forced: bool = False
    ) -> Survey:
        """A run of one page looks at it."""
        survey, homes = self._survey(LATER_RUN, references, True, is_forced, None)
        store: Any = self.memory
        page = PageSurvey(
            notion=client(self.answer, Clock(LATER_RUN)),
            site=store,
            sources=store,
            homes=homes,
            references=references,
            survey=survey,
            wanted=wanted,
            is_forced=is_forced,
        )
        await page.look_at_wanted()
        return survey

    def _survey(
        self,
        now: float,
        references: dict[str, str],
        is_whole: bool,
        is_forced: bool,
        progress: Progress | None,
    ) -> tuple[Survey, Homes]:
        store: Any = self.memory
        clock = Clock(now)
        progress = progress or Progress()
        for number, name in enumerate(references, 1):
            source = Source(name, f"db{number}", f"{HOME[:-1]}{number}")
            progress.sources.setdefault(name, source)

        async def find(name: str, reference: str) -> Source:
            if name in self.unshared:
                raise Hopeless(f"Notion does not show {reference}")
            return progress.sources[name]

        homes = Homes(progress.sources, RULE, references, find)
        notion = client(self.answer, clock)
        observer = Observer(
            notion,
            store,
            LEASE,
            progress,
            tell=lambda: None,
            now=clock.now,
        )
        scope = RunScope(references=references, is_whole=is_whole, is_forced=is_forced)
        survey = Survey(notion, store, store, self.memory.state, homes, scope, observer)
        return survey, homes
