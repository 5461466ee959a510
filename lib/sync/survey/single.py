"""Looking at one page before a run of it alone: a row, a child page, or a database inside a page,
by slug or id.

Besides the page itself only what a change of it reaches becomes due: pages that show its synced
blocks, the page around one that was renamed or is gone, and its child databases where they changed.
"""

from collections.abc import Mapping
from contextlib import suppress

from lib.bundle.publication import is_trashed
from lib.errors import NoSuchPage, Unreadable
from lib.model import JSON, DatabaseRecord, WorkItem
from lib.notion.border.objects import parent_of
from lib.notion.client import NotionClient
from lib.notion.ids import object_id
from lib.notion.together import all_of
from lib.store.site import Known, Sighting, Site
from lib.store.sources import Sources
from lib.sync.holders import Holders
from lib.sync.homes import Homes
from lib.sync.sightings import (
    Row,
    child_of,
    child_stamp,
    has_left,
    is_outdated,
    judge_row,
    raw,
    row_of,
)
from lib.sync.survey.survey import Survey

HIGHEST_CLIMB = 20
"""Steps from an unknown page up to a published one."""


class PageSurvey:
    """Looks at one page for one run; `survey` holds the progress, and looks at databases."""

    def __init__(
        self,
        *,
        notion: NotionClient,
        site: Site,
        sources: Sources,
        homes: Homes,
        references: Mapping[str, str],
        survey: Survey,
        wanted: str,
        is_forced: bool,
    ) -> None:
        self._notion, self._site, self._sources = notion, site, sources
        self._homes, self._references, self._survey = homes, references, survey
        self._wanted, self._is_forced = wanted, is_forced
        self._observer = survey.observer
        self._progress = survey.progress
        self._holders = Holders(notion, site, homes, self._look_at)

    async def look_at_wanted(self) -> None:
        """Look at the page. Raises `NoSuchPage` (there is no such page to publish), `NotionWait`,
        `NotionAway`, `OutOfTime`, `TakenOver`."""
        page_id = await self._wanted_id()
        known = (await self._site.look_up([page_id]))[0][page_id]
        things = known.record.things if known.record else [f"db:{page_id}"]
        databases = await self._sources.databases(
            [thing.removeprefix("db:") for thing in things if thing.startswith("db:")]
        )
        is_forced = self._is_forced
        in_draft = await self._survey.drafts.look_at_databases_of(page_id, is_forced=is_forced)
        if page_id in databases:
            await self._look_at_database(page_id, databases[page_id])
        if page_id in databases or in_draft:
            return
        await all_of(
            [
                self._look_at_page(page_id, known),
                *(
                    self._survey.databases.watch_database(one, record)
                    for one, record in databases.items()
                ),
            ]
        )

    async def _wanted_id(self) -> str:
        """Return the id of the page that is asked for by its slug, an old slug of it, or an id."""
        if found := await self._site.page_at(self._wanted.strip("/")):
            return found
        try:
            return object_id(self._wanted)
        except ValueError:
            raise NoSuchPage(
                f"page {self._wanted}: no page is published under this slug, and it is no Notion"
                " page id; sync everything once, or give the page's id"
            ) from None

    async def _look_at_page(self, page_id: str, known: Known) -> None:
        read_at, page = await self._find_page(page_id, known)
        before = known.observation
        if page is None:
            if before and before.parent is not None:
                await self._still_stands(page_id, None, known)
            else:
                await self._take_gone(page_id, known)
            return
        home = await self._home_of(page)
        if home is not None:
            await self._judge_row(row_of(page, home, read_at, self._homes.rule), known)
        elif before and before.parent is not None:
            await self._judge_child(page_id, page, known, read_at)
        elif before and known.record:
            # Its reading sees where it went.
            await self._observer.make_due(WorkItem(rewrite=self._is_forced), page_id)
        elif showing := await self._site.showing(f"page:{page_id}"):
            await self._observer.make_due(WorkItem(asks_owners=True), *showing)
        elif not await self._survey.drafts.look_at(page_id):
            await self._climb_to_published(page)

    async def _judge_row(self, row: Row, known: Known) -> None:
        if row.doubt:
            self._progress.warnings.append(row.doubt)
        before = known.observation
        if is_outdated(row.observation, before):
            return
        source = row.observation.source
        stamps = await self._sources.stamps_of(source, [row.page_id])
        if self._is_unchanged(known, row.stamp, stamps.get(row.page_id, "")):
            return
        sighting = judge_row(row, known, is_forced=self._is_forced)
        if sighting and sighting.is_hidden:
            await self._survey.judge.unpublish_row(sighting, known)
        elif sighting:
            await self._observer.observe([sighting])

    async def _judge_child(self, page_id: str, page: JSON, known: Known, read_at: float) -> None:
        before = known.observation
        if before is None or before.parent is None:
            return
        above = (await self._site.look_up([before.parent]))[0][before.parent]
        if above.record is None:
            raise NoSuchPage(f"page {self._wanted} stands in a page that is not published")
        if not await self._still_stands(page_id, page, known):
            return
        after = child_of(page, before, read_at)
        if is_outdated(after, before):
            return
        if self._is_unchanged(
            known, child_stamp(page, self._homes.rule), known.stamp.partition(" ")[0]
        ):
            return
        is_renamed = (after.title, after.created) != (before.title, before.created)
        item = WorkItem(page=raw(page), read_at=read_at, rewrite=self._is_forced)
        sighting = Sighting(page_id=page_id, observation=after, item=item)
        await self._observer.observe(
            [sighting], [(before.parent, WorkItem())] if is_renamed else []
        )

    def _is_unchanged(self, known: Known, stamp: str, read_with: str) -> bool:
        """Return whether a page bears the stamp that it was read with, and nothing else makes it
        due."""
        is_unchanged = stamp == read_with and not known.is_due and not self._is_forced
        self._progress.unchanged += is_unchanged
        return is_unchanged

    async def _still_stands(self, page_id: str, page: JSON | None, known: Known) -> bool:
        """Return whether a child page (None: it is gone), and all that it stands in up to its row,
        is still there and published.

        Where one of them is not, the page around it decides what becomes of it. That page is due,
        unless the row around all of them is to be published no more or stays as it is; so is the
        child page itself, where only what it stands in has moved.
        """
        own = (
            [(page_id, WorkItem(rewrite=self._is_forced))] if _stands_as_known(page, known) else []
        )
        found, read_at, deciding = page, 0.0, list[tuple[str, WorkItem]]()
        while known.observation and (parent := known.observation.parent):
            if found is None or is_trashed(found):
                deciding.append((parent, WorkItem(doubted=[page_id])))
            elif has_left(found, parent):
                deciding.append((parent, WorkItem()))
                with suppress(Unreadable):  # the page that it stood in looks for it
                    if holder := await self._holders.find_holder(found):
                        await self._observer.make_due(WorkItem(), holder)
            page_id, known = parent, (await self._site.look_up([parent]))[0][parent]
            read_at, found = await self._find_page(page_id, known)
            if found is not None and await self._home_of(found) is not None:
                break  # it is the row, whatever it stood in
        if found is None:
            await self._take_gone(page_id, known)
            return False
        is_live = known.observation is None or await self._is_live(page_id, found, known, read_at)
        if is_live and deciding:
            await self._observer.observe([], [*deciding, *own])
        return is_live and not deciding

    async def _is_live(self, row_id: str, page: JSON, known: Known, read_at: float) -> bool:
        """Return whether the row that a page stands below, whose fate and visibility it shares, is
        published and not paused."""
        before, source = known.observation, await self._home_of(page)
        has_moved = before and (source, None) != (before.source, before.parent)
        if has_moved and not is_trashed(page):
            # Its reading sees where it went.
            await self._observer.make_due(WorkItem(), row_id)
        source = source or (before.source if before else "")
        row = row_of(page, source, read_at, self._homes.rule)
        seen = row.observation
        is_as_it_was = before is None or (seen.visibility, seen.is_paused) == (
            before.visibility,
            before.is_paused,
        )
        if not (seen.is_published and is_as_it_was):
            await self._judge_row(row, known)
        return seen.is_published and not seen.is_paused

    async def _take_gone(self, page_id: str, known: Known) -> None:
        """The row is published, and two different questions say that it is gone."""
        before = known.observation
        if before and await self._homes.is_shown(before.source):
            await self._survey.judge.unpublish_row(self._observer.gone_row(page_id, known), known)
        elif before:
            raise NoSuchPage(
                f"page {self._wanted}: Notion shows neither it nor the database of source"
                f" {before.source}"
            )

    async def _find_page(self, page_id: str, known: Known) -> tuple[float, JSON | None]:
        """Return when a page was asked for (Notion's clock) and its object; None for a published
        page that is gone. Raises `NoSuchPage`."""
        try:
            read_at, page = await self._observer.look_at(page_id)
        except Unreadable as refusal:
            raise NoSuchPage(
                f"page {self._wanted}: Notion does not show it ({refusal.reason})"
            ) from None
        if page is None and known.record is None:
            raise NoSuchPage(f"page {self._wanted}: Notion does not show it (object_not_found)")
        return read_at, page

    async def _look_at(self, page_id: str) -> JSON | None:
        return (await self._observer.look_at(page_id))[1]

    async def _home_of(self, page: JSON) -> str | None:
        try:
            return await self._homes.home_of(page)
        except Unreadable as refusal:
            raise NoSuchPage(f"page {self._wanted}: {refusal.reason}") from None

    async def _climb_to_published(self, page: JSON) -> None:
        """A page that is not published: whatever published thing it stands in shows it."""
        above = parent_of(page)
        for _ in range(HIGHEST_CLIMB):
            holder_id: str = above.get("page_id") or above.get("block_id") or ""
            if home := above.get("data_source_id"):
                if await self._look_at_database_of(home):
                    return
                break
            if not holder_id:
                break
            if (await self._site.look_up([holder_id]))[0][holder_id].record:
                await self._observer.make_due(WorkItem(), holder_id)
                return
            try:
                is_page = "page_id" in above
                holder = await (
                    self._look_at(holder_id) if is_page else self._notion.get(f"blocks/{holder_id}")
                )
            except Unreadable:
                break
            if holder is None:
                break
            above = parent_of(holder)
        raise NoSuchPage(
            f"page {self._wanted} is no row of a source that is synced"
            f" ({', '.join(self._references)}), and stands on no published page"
        )

    async def _look_at_database_of(self, data_source_id: str) -> bool:
        """Look at the child database that holds a data source; False: no published page and no
        draft shows it."""
        try:
            found = await self._notion.get(f"data_sources/{data_source_id}")
        except Unreadable:
            return False
        above = found.get("parent")
        database_id = above.get("database_id") if isinstance(above, dict) else None
        if not isinstance(database_id, str):
            return False
        known = await self._sources.databases([database_id])
        for one, record in known.items():
            await self._look_at_database(one, record)
        is_forced = self._is_forced
        shown = await self._survey.drafts.look_at_databases([database_id], is_forced=is_forced)
        return bool(known or shown)

    async def _look_at_database(self, database_id: str, record: DatabaseRecord | None) -> None:
        if self._is_forced:
            await self._observer.make_due(WorkItem(rewrite=True), f"db:{database_id}")
            return
        await self._survey.databases.watch_database(database_id, record)


def _stands_as_known(page: JSON | None, known: Known) -> bool:
    """Return whether a child page is there, directly in the page that it is known to stand in."""
    parent = known.observation.parent if known.observation else None
    return not (page is None or parent is None or is_trashed(page) or has_left(page, parent))
