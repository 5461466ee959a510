"""Looking at child pages, of which no listing shows anything."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from http import HTTPStatus

import msgspec

from lib.bundle.media import without_signatures
from lib.bundle.publication import PublicationRule, is_trashed
from lib.errors import Unreadable
from lib.model import JSON, Observation, Problem, WorkItem
from lib.notion.together import all_of
from lib.store.site import Known, Sighting, Site
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

GONE = ""
"""In place of the time when a page was edited last that stays published though it is gone."""

_Standing = dict[str, tuple[JSON, Observation]]
"""Child pages that stand where they stood: what they are now, and what was remembered."""


class ChildWatch(msgspec.Struct):
    """Looks for one run. `rows_are_seen` says that the rows have been looked at: what stands below
    a row that is hidden now is not read any more. `is_listed` says by then whether a source could
    be listed; `is_forced`: all pages are read, whatever stamp they bear."""

    site: Site
    rule: PublicationRule
    observer: Observer
    holders: Holders
    rows_are_seen: asyncio.Event
    is_listed: Callable[[str], bool]
    is_forced: bool

    async def watch_pages(self, stamps: dict[str, str]) -> None:
        """Make due the pages that do not bear the stamp they were read with, which is given by the
        page's id."""
        ids = list(stamps)
        for at in range(0, len(ids), WATCHED_AT_ONCE):
            some = ids[at : at + WATCHED_AT_ONCE]
            await all_of(
                self.observer.problems.contain(
                    Problem(page_id=page_id, kind="page"),
                    self._watch_page,
                    page_id,
                    stamps[page_id],
                )
                for page_id in some
                if page_id not in self.observer.progress.children
            )
            await self.rows_are_seen.wait()
            await self._take_changed(frozenset(ids[at + WATCHED_AT_ONCE :]))
            self.observer.progress.done |= set(some) - self.observer.progress.children.keys()

    async def watch_still(self, page_ids: list[str]) -> None:
        """Look at child pages that stay as they are for the sake of others, which show what stands
        on them."""
        known, _ = await self.site.look_up(page_ids) if page_ids else ({}, {})
        sightings: list[Sighting] = []

        async def look(page_id: str, before: Observation) -> None:
            read_at, page = await self.observer.look_at(page_id)
            if sighting := _changed_still(page_id, page, before, read_at):
                sightings.append(sighting)

        await all_of(
            self.observer.problems.contain(
                page_problem(page_id, one), look, page_id, one.observation
            )
            for page_id, one in known.items()
            if one.observation
        )
        await self.observer.observe(sightings)
        self.observer.progress.done |= set(page_ids)

    async def _watch_page(self, page_id: str, stamp: str) -> None:
        """Ask for a child page; note it where it is not as it was read."""
        asked_at, page = self.observer.now(), None
        try:
            read_at, page = await self.observer.retrieve_page(page_id)
        except Unreadable as refusal:
            if refusal.notion_status != HTTPStatus.NOT_FOUND:
                raise
            read_at = self.observer.notion_time(asked_at)
        is_same = stamp and page is not None and child_stamp(page, self.rule) == stamp
        if page and is_same and not is_trashed(page) and not self.is_forced:
            self.observer.progress.unchanged += 1
            self.observer.progress.done.add(page_id)
        else:
            self.observer.progress.children[page_id] = (read_at, page and without_signatures(page))

    async def _take_changed(self, awaited: Collection[str]) -> None:
        """Hold the child pages that are not as they were read against what is remembered of them.

        A child page shares the fate of the pages above. So it is left as it is where one of them
        has left the site, which the page around that one finds out and undoes, where its row has
        been paused meanwhile, and where the source could not be listed. One below a page that is
        `awaited` is taken when that was asked for.
        """
        seen, left = self.observer.progress.children, self.observer.progress.left
        if not seen:
            return
        known, _ = await self.site.look_up(seen)
        sightings = [
            sighting
            for page_id, (read_at, page) in seen.items()
            if (before := known[page_id].observation) and known[page_id].is_still
            if (sighting := _changed_still(page_id, page, before, read_at))
        ]
        work, standing = await self._sort_out(known)
        above = await self._find_above(standing) if left or awaited else {}
        later: dict[str, tuple[float, JSON | None]] = {}
        for page_id, (page, before) in standing.items():
            pages_above = above.get(page_id, [])
            if not left.isdisjoint(pages_above) or not self.is_listed(before.source):
                continue
            if any(one in awaited for one in pages_above):
                later[page_id] = seen[page_id]
            elif sighting := self._changed_page(page_id, page, before, seen[page_id][0]):
                sightings.append(sighting)
        await self.observer.observe(sightings, list(work.items()))
        seen.clear()
        seen.update(later)

    async def _sort_out(self, known: Mapping[str, Known]) -> tuple[dict[str, WorkItem], _Standing]:
        """Return the work on pages that hold, or held, what is not where it was; and the child
        pages that are."""
        work: dict[str, WorkItem] = {}
        standing: _Standing = {}
        for page_id, (_, page) in self.observer.progress.children.items():
            before, is_still = known[page_id].observation, known[page_id].is_still
            if before is None or before.parent is None or is_still:
                continue
            if page is None or is_trashed(page):
                doubted = work[before.parent].doubted if before.parent in work else []
                work[before.parent] = WorkItem(doubted=[*doubted, page_id])
                if page:  # that a page is not to be had once proves nothing
                    self.observer.progress.left.add(page_id)
            elif has_left(page, before.parent):
                work.setdefault(before.parent, WorkItem())
                with suppress(Unreadable):  # the page that it stood in looks for it
                    if holder := await self.holders.find_holder(page):
                        work.setdefault(holder, WorkItem())
                    else:
                        self.observer.progress.left.add(page_id)
            else:
                standing[page_id] = (page, before)
        return work, standing

    async def _find_above(self, standing: _Standing) -> dict[str, list[str]]:
        """Return the pages above each child page, as far as is remembered."""
        parents = {page_id: before.parent for page_id, (_, before) in standing.items()}
        while missing := {one for one in parents.values() if one and one not in parents}:
            known, _ = await self.site.look_up(missing)
            for page_id, one in known.items():
                parents[page_id] = one.observation.parent if one.observation else None
        above: dict[str, list[str]] = {}
        for page_id in standing:
            found, parent = list[str](), parents[page_id]
            while parent and parent not in found:
                found.append(parent)
                parent = parents[parent]
            above[page_id] = found
        return above

    def _changed_page(
        self, page_id: str, page: JSON, before: Observation, read_at: float
    ) -> Sighting | None:
        """Return what follows from a child page that is not as it was read; None: a later edit is
        known."""
        after = child_of(page, before, read_at)
        if is_outdated(after, before):
            return None
        is_sure = is_settled(after.edited_at, read_at)
        stamp = child_stamp(page, self.rule) if is_sure else ""
        item = WorkItem(page=raw(page), read_at=read_at, stamp=stamp, rewrite=self.is_forced)
        return Sighting(page_id=page_id, observation=after, item=item)


def _changed_still(
    page_id: str, page: JSON | None, before: Observation, read_at: float
) -> Sighting | None:
    """Return what follows from a child page (None: it is gone) that stays published as it is: what
    others show of it is read. None where it is as it was."""
    edited = page["last_edited_time"] if page and not is_trashed(page) else GONE
    is_sure = edited == GONE or is_settled(before.edited_at, before.read_at)
    if edited == before.edited and is_sure:
        return None
    # That it went, or came back, moves no time.
    edited_at = 0.0 if GONE in (edited, before.edited) else moment_of(edited)
    seen = msgspec.structs.replace(before, edited=edited, edited_at=edited_at, read_at=read_at)
    return Sighting(page_id=page_id, observation=seen)
