"""Looking at things outside of all sources that published pages show: pages, originals of synced
blocks, and what could not be read."""

import re
from collections.abc import Mapping
from typing import Self

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
from lib.times import LAG_SECONDS

SURE_AFTER_SECONDS = 2 * LAG_SECONDS
"""So long after a change was first seen that has no date, its lists show it: they lag behind, and
the clocks of two instances may differ as much."""


class ThingKnown(msgspec.Struct, frozen=True):
    """What is remembered of a thing: `{stamp}`, or `since {epoch seconds} {stamp}` while the pages
    that show it may have been read from lists that lagged behind."""

    stamp: str
    since: float = 0.0
    """When a look, or its removal, showed it so first; 0 where no list lags behind it."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Return what a text of KV says."""
        if unsure := re.fullmatch(r"since (\d+\.\d+) (.*)", text):
            return cls(unsure[2], float(unsure[1]))
        return cls(text)

    def __str__(self) -> str:
        return f"since {self.since:.3f} {self.stamp}" if self.since else self.stamp


class ThingSeen(msgspec.Struct, frozen=True):
    """What a look shows of a thing."""

    stamp: str
    edited_at: float = 0.0
    """When it was edited last (epoch seconds, Notion's clock); 0 where what it shows has no
    date."""
    read_at: float = 0.0
    """When it was asked for, by the same clock."""
    in_trash: bool = False
    """What is there can't be read: who shows it, has read lists that lag behind."""

    def may_be_later_than(self, read_at: float, known: ThingKnown) -> bool:
        """Return whether a page that was read then may not show it as it is now."""
        if self.edited_at:
            return not is_settled(self.edited_at, read_at)
        return self.stamp != known.stamp or read_at < known.since + SURE_AFTER_SECONDS


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
        known, asked_at = ThingKnown.of(stamp), self.observer.now()
        seen = await self._look_at(kind, thing_id)
        if known.since or seen.stamp != known.stamp:
            await self._take_changed(thing, seen, known, _known_after(kind, seen, known, asked_at))
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
        if page.get("in_trash"):  # that it went there moves no time
            return ThingSeen(f"trashed {edited}", in_trash=True)
        if is_trashed(page):
            return ThingSeen(f"archived {edited}")
        return ThingSeen(edited, edited_at=moment_of(edited), read_at=read_at)

    async def _take_changed(
        self, thing: str, seen: ThingSeen, known: ThingKnown, after: ThingKnown
    ) -> None:
        """Make the pages due that show a thing which has changed, and may have been read before
        that; where there is none, what was seen is remembered alone."""
        showing = await self.site.showing(thing)
        due = [
            page_id
            for page_id, one in showing.items()
            if one.record is None or seen.may_be_later_than(one.record.read_at, known)
        ]
        if due:
            item = WorkItem(asks_owners=True, doubted=[thing.partition(":")[2]])
            await self.observer.observe(
                [], [(page_id, item) for page_id in due], {thing: str(after)}
            )
        elif after != known:
            self.observer.progress.outside[thing] = str(after)

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


def _known_after(kind: str, seen: ThingSeen, known: ThingKnown, asked_at: float) -> ThingKnown:
    """Return what is remembered of a thing after a look at `asked_at` (epoch seconds)."""
    if seen.edited_at:
        is_sure = is_settled(seen.edited_at, seen.read_at)
        return ThingKnown(seen.stamp, 0.0 if is_sure else asked_at)
    is_first = kind == "page" and known == ThingKnown("")
    if is_first and not seen.in_trash:  # nobody has looked at it before: nothing has changed
        return ThingKnown(seen.stamp)
    is_same = known.since > 0 and known.stamp in ("", seen.stamp)
    since = known.since if is_same else asked_at
    return ThingKnown(seen.stamp, 0.0 if asked_at >= since + SURE_AFTER_SECONDS else since)
