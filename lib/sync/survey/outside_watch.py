"""Looking at things outside of all sources that published pages show: pages, originals of synced
blocks, and what could not be read."""

from collections.abc import Mapping

import msgspec

from lib.bundle.publication import is_trashed
from lib.errors import Unreadable
from lib.model import Problem, WorkItem
from lib.notion.client import NotionClient
from lib.notion.databases import probe_database
from lib.notion.together import all_of
from lib.store.site import Site
from lib.sync.sightings import is_settled, moment_of
from lib.sync.survey.observer import Observer


class ThingSeen(msgspec.Struct, frozen=True):
    """What a look shows of a thing."""

    stamp: str
    edited_at: float = 0.0
    """When it was edited last (epoch seconds, Notion's clock); 0 where it does not say."""
    read_at: float = 0.0
    """When it was asked for, by the same clock."""
    is_dated: bool = True
    """Every change of it moves its time."""

    @property
    def is_sure(self) -> bool:
        """Whether no edit hides behind its stamp."""
        return not self.edited_at or is_settled(self.edited_at, self.read_at)

    def may_be_later_than(self, read_at: float) -> bool:
        """Return whether a page that was read then may not show it as it is now."""
        return not self.is_dated or not is_settled(self.edited_at, read_at)


class OutsideWatch(msgspec.Struct):
    """Looks for one run."""

    notion: NotionClient
    site: Site
    observer: Observer

    async def watch_things(self, stamps: Mapping[str, str]) -> None:
        """Look at each thing; what is wrong with one is a problem of that one."""
        await all_of(
            self.observer.problems.contain(
                Problem(kind="page", title=f"{thing}, which published pages show"),
                self._watch_thing,
                thing,
                stamp,
            )
            for thing, stamp in stamps.items()
        )

    async def _watch_thing(self, thing: str, stamp: str) -> None:
        kind, _, thing_id = thing.partition(":")
        seen = await self._look_at(kind, thing_id)
        if seen.stamp != stamp:
            await self._take_changed(thing, stamp, seen)
        self.observer.progress.done.add(thing)

    async def _look_at(self, kind: str, thing_id: str) -> ThingSeen:
        match kind:
            case "page":
                return await self._look_at_page(thing_id)
            case "original":  # it could be read when its page was
                return ThingSeen("" if await self._can_be_read(kind, thing_id) else "no")
            case _:
                return ThingSeen("yes" if await self._can_be_read(kind, thing_id) else "")

    async def _look_at_page(self, page_id: str) -> ThingSeen:
        try:
            read_at, page = await self.observer.retrieve_page(page_id)
        except Unreadable as refusal:
            return ThingSeen(f"refused {refusal.notion_status}")
        edited = page["last_edited_time"]
        in_trash = is_trashed(page)
        return ThingSeen(
            f"trashed {edited}" if in_trash else edited,
            edited_at=moment_of(edited),
            read_at=read_at,
            is_dated=not in_trash,  # that it went there moves no time
        )

    async def _take_changed(self, thing: str, stamp: str, seen: ThingSeen) -> None:
        """Make the pages due that show a thing which has another stamp, and may have been read
        before that; where there is none, the stamp alone is remembered."""
        showing = await self.site.showing(thing)
        due = [
            page_id
            for page_id, one in showing.items()
            if one.record is None or seen.may_be_later_than(one.record.read_at)
        ]
        after = seen.stamp if seen.is_sure else ""
        if due:
            item = WorkItem(asks_owners=True, doubted=[thing.partition(":")[2]])
            await self.observer.observe([], [(page_id, item) for page_id in due], {thing: after})
        elif after != stamp:
            self.observer.progress.outside[thing] = after

    async def _can_be_read(self, kind: str, thing_id: str) -> bool:
        try:
            match kind:
                case "hidden":
                    return not is_trashed((await self.observer.retrieve_page(thing_id))[1])
                case "unreadable":
                    await probe_database(self.notion, thing_id)
                case _:
                    # What a reader of its copies would ask: a block in the trash is still to be
                    # had, its children not.
                    await self.notion.get(f"blocks/{thing_id}/children", {"page_size": 1})
        except Unreadable:
            return False
        return True
