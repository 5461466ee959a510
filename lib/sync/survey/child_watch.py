"""Looking at child pages, of which no listing shows anything."""

import asyncio
from contextlib import suppress
from http import HTTPStatus

import msgspec

from lib.bundle.media import without_signatures
from lib.bundle.publication import PublicationRule, is_trashed
from lib.errors import Unreadable
from lib.model import JSON, Observation, Problem, WorkItem
from lib.notion.together import all_of
from lib.store.site import Sighting, Site
from lib.sync.holders import Holders
from lib.sync.problems import page_problem
from lib.sync.sightings import (
    child_of,
    child_stamp,
    has_left,
    is_outdated,
    is_settled,
    moment_of,
    raw,
)
from lib.sync.survey.observer import Observer

WATCHED_AT_ONCE = 200
"""Child pages whose changes are remembered together."""


class ChildWatch:
    """Looks for one run. `rows_are_seen` says that the rows have been looked at: what stands below
    a row that is hidden now is not read any more."""

    def __init__(
        self,
        site: Site,
        rule: PublicationRule,
        observer: Observer,
        holders: Holders,
        rows_are_seen: asyncio.Event,
    ) -> None:
        self._site = site
        self._rule = rule
        self._observer = observer
        self._progress = observer.progress
        self._problems = observer.problems
        self._holders = holders
        self._rows_are_seen = rows_are_seen

    async def watch_pages(self, stamps: dict[str, str]) -> None:
        """Make due the pages that do not bear the stamp they were read with, which is given by the
        page's id."""
        ids = list(stamps)
        for at in range(0, len(ids), WATCHED_AT_ONCE):
            some = ids[at : at + WATCHED_AT_ONCE]
            await all_of(
                self._problems.contain(
                    Problem(page_id=page_id, kind="page"),
                    self._watch_page,
                    page_id,
                    stamps[page_id],
                )
                for page_id in some
                if page_id not in self._progress.children
            )
            await self._rows_are_seen.wait()
            await self._take_changed()
            self._progress.done |= set(some)

    async def watch_still(self, page_ids: list[str]) -> None:
        """Look at child pages that stay as they are for the sake of others, which show what stands
        on them."""
        known, _ = await self._site.look_up(page_ids) if page_ids else ({}, {})
        sightings: list[Sighting] = []

        async def look(page_id: str, before: Observation) -> None:
            read_at, page = await self._observer.look_at(page_id)
            edited = page["last_edited_time"] if page else before.edited
            if edited == before.edited and is_settled(before.edited_at, before.read_at):
                return
            seen = msgspec.structs.replace(
                before, edited=edited, edited_at=moment_of(edited), read_at=read_at
            )
            sightings.append(Sighting(page_id=page_id, observation=seen))

        await all_of(
            self._problems.contain(page_problem(page_id, one), look, page_id, one.observation)
            for page_id, one in known.items()
            if one.observation
        )
        await self._observer.observe(sightings)
        self._progress.done |= set(page_ids)

    async def _watch_page(self, page_id: str, stamp: str) -> None:
        """Ask for a child page; note it where it is not as it was read."""
        read_at, page = 0.0, None
        try:
            read_at, page = await self._observer.retrieve_page(page_id)
        except Unreadable as refusal:
            if refusal.notion_status != HTTPStatus.NOT_FOUND:
                raise
        if page and stamp and child_stamp(page, self._rule) == stamp and not is_trashed(page):
            self._progress.unchanged += 1
            self._progress.done.add(page_id)
        else:
            self._progress.children[page_id] = (read_at, page and without_signatures(page))

    async def _take_changed(self) -> None:
        """Hold the child pages that are not as they were read against what is remembered of
        them."""
        seen = self._progress.children
        if not seen:
            return
        known, _ = await self._site.look_up(seen)
        sightings: list[Sighting] = []
        work: dict[str, WorkItem] = {}
        for page_id, (read_at, page) in seen.items():
            before = known[page_id].observation
            if before is None or before.parent is None:
                continue
            if page is None or is_trashed(page):
                doubted = work[before.parent].doubted if before.parent in work else []
                work[before.parent] = WorkItem(doubted=[*doubted, page_id])
            elif has_left(page, before.parent):
                work.setdefault(before.parent, WorkItem())
                with suppress(Unreadable):  # the page that it stood in looks for it
                    if holder := await self._holders.find_holder(page):
                        work.setdefault(holder, WorkItem())
            elif sighting := _changed_page(page_id, page, before, read_at, self._rule):
                sightings.append(sighting)
        await self._observer.observe(sightings, list(work.items()))
        seen.clear()


def _changed_page(
    page_id: str, page: JSON, before: Observation, read_at: float, rule: PublicationRule
) -> Sighting | None:
    """Return what follows from a child page that is not as it was read; None: a later edit is
    known."""
    after = child_of(page, before, read_at)
    if is_outdated(after, before):
        return None
    stamp = child_stamp(page, rule) if is_settled(after.edited_at, read_at) else ""
    item = WorkItem(page=raw(page), read_at=read_at, stamp=stamp)
    return Sighting(page_id=page_id, observation=after, item=item)
