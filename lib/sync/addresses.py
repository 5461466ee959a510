"""Addresses: which page gets which slug. They follow from what pages ask for, where they stand, and
how old they are.

A slug belongs to the oldest page that asks for it; the others have their id added. When a page
takes or leaves a slug, three kinds of pages move: those below it, the page that had the slug, and
those that wait for it. No others do.
"""

from collections import deque
from collections.abc import Sequence

from lib.bundle.slugs import told_apart
from lib.model import Observation, PageRecord
from lib.store.runs import SliceLease
from lib.store.site import Addresses, Holder, Known, Move, Site
from lib.times import instant

MOST_STEPS = 100_000
"""Decisions for one publication; more mean that two pages push each other about without end."""
HIGHEST_CLIMB = 100
COMMIT_TRIES = 20
"""How often addresses are planned anew because another publication changed them meanwhile."""


async def give_away(site: Site, lease: SliceLease, freed: Sequence[str]) -> None:
    """Give slugs that became free to pages that wait for them. Raises `TakenOver`."""
    for _ in range(COMMIT_TRIES if freed else 0):
        book = AddressBook(site)
        await book.give_away(list(freed))
        if await site.move(lease, book.planned_changes(), freed):
            return


class AddressBook:
    """Plans the addresses of one publication. What is known is looked up as it is needed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, Known] = {}
        self._holders: dict[str, Holder] = {}
        self._observed: dict[str, Observation] = {}
        self._children: dict[str, list[str]] = {}
        self._slugs: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._waiting: dict[str, list[str]] = {}
        self._ahead: deque[str] = deque()
        self._left: list[str] = []
        self._assumed: list[str] = []
        self._steps = 0
        self._sure: set[str] = set()
        self.warnings: list[str] = []

    def assume_known(self, page_id: str, known: Known) -> None:
        """Take over what was looked up of a page before."""
        self._known[page_id] = known

    def assume_free(self, slug: str) -> None:
        """Assume that a slug is free; the publication checks it."""
        self._holders[slug] = Holder()
        self._assumed.append(slug)

    async def look_up(
        self, page_ids: list[str], slugs: list[str] | None = None
    ) -> dict[str, Known]:
        """Return what is remembered of pages."""
        ids = [one for one in page_ids if one not in self._known]
        names = [one for one in slugs or [] if one not in self._holders]
        if ids or names:
            known, holders = await self._site.look_up(ids, names)
            self._known |= known
            self._holders |= holders
        return {page_id: self._known[page_id] for page_id in page_ids}

    def note_page(self, page_id: str, seen: Observation, children: list[str] | None = None) -> None:
        """Take note of where a page stands now, and of the child pages it has."""
        self._observed[page_id] = seen
        if children is not None:
            self._children[page_id] = children

    def forget_page(self, page_id: str) -> None:
        """A page is to be unpublished: what it had is free."""
        known = self._known.get(page_id, Known())
        if known.slug:
            self._slugs[page_id] = ""
            if self._owners.get(known.slug, page_id) == page_id:
                self._owners[known.slug] = ""
                self._left.append(known.slug)

    async def place_all(self, *page_ids: str) -> None:
        """Give pages their slugs, and move the pages that this concerns."""
        self._ahead.extend(page_ids)
        while True:
            while self._ahead:
                await self._place_page(self._ahead.popleft())
            if not self._left:
                return
            slugs, self._left = list(dict.fromkeys(self._left)), []
            for slug in slugs:
                await self._give_away(slug)

    async def give_away(self, slugs: list[str]) -> None:
        """Give slugs that are free to the pages that wait for them."""
        self._left += slugs
        await self.place_all()

    def slug_of(self, page_id: str) -> str:
        """Return the slug that a page has from now on."""
        if page_id in self._slugs:
            return self._slugs[page_id]
        return self._known[page_id].slug if page_id in self._known else ""

    def planned_changes(self) -> Addresses:
        """Return what changes, and what was known when that was decided."""
        moves = [
            Move(page_id, self._known[page_id].slug, slug)
            for page_id, slug in self._slugs.items()
            if slug and slug != self._known[page_id].slug
        ]
        waiting = {
            slug: " ".join(ids)
            for slug, ids in self._waiting.items()
            if tuple(ids) != self._holders[slug].waiting
        }
        concerned = {move.page_id for move in moves} | self._sure
        slugs = {slug for move in moves for slug in (move.old, move.new) if slug} | waiting.keys()
        left = {move.old for move in moves if move.old and not self._owners.get(move.old)}
        return Addresses(
            moves=moves,
            slugs={slug: self._holders[slug].page_id for slug in slugs if slug in self._holders},
            places={page_id: self._known[page_id].slug for page_id in concerned},
            waiting=waiting,
            waited={slug: " ".join(self._holders[slug].waiting) for slug in waiting.keys() | left},
        )

    async def _place_page(self, page_id: str) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise RuntimeError("addresses depend on each other without end")
        await self.look_up([page_id])
        seen = self._observation_of(page_id)
        if seen is None:
            return
        self._sure.add(page_id)
        wanted = await self._wanted_slug(page_id, seen)
        if not wanted or self.slug_of(page_id) == wanted:
            return
        owner = await self._owner_of(wanted)
        await self.look_up([owner] if owner else [])
        other = self._observation_of(owner) if owner != page_id else None
        if other is None or not await self._holds_by_right(owner, other, wanted, page_id):
            first = await self._oldest_asking(wanted, [page_id], besides=owner if other else "")
            await self._take_slug(first, wanted)
            if first != page_id:
                self._ahead.append(page_id)
            if other:
                self._ahead.append(owner)
        elif not self._is_still(owner, other) and _precedence_of(page_id, seen) < _precedence_of(
            owner, other
        ):
            await self._take_slug(page_id, wanted)
            self._ahead.append(owner)
        else:
            await self._tell_apart(page_id, seen, wanted, other)

    async def _holds_by_right(self, owner: str, seen: Observation, slug: str, rival: str) -> bool:
        """Return whether the page that has a slug asks for it, and goes on asking for it when a
        rival gets it."""
        if self._is_still(owner, seen):
            return True
        return await self._wanted_slug(owner, seen) == slug and not await self._is_below(
            owner, rival
        )

    async def _wanted_slug(self, page_id: str, seen: Observation) -> str:
        """Return the slug that a page asks for; "" where its parent has none."""
        if self._is_still(page_id, seen):
            return self.slug_of(page_id) or seen.wanted
        if seen.parent is None:
            return seen.wanted
        await self.look_up([seen.parent])
        path = self.slug_of(seen.parent)
        return f"{path}/{seen.wanted}" if path else ""

    async def _owner_of(self, slug: str) -> str:
        await self.look_up([], [slug])
        return self._owners.get(slug, self._holders[slug].page_id)

    async def _is_below(self, page_id: str, top: str) -> bool:
        for _ in range(HIGHEST_CLIMB):
            await self.look_up([page_id])
            seen = self._observation_of(page_id)
            if seen is None or seen.parent is None:
                return False
            if seen.parent == top:
                return True
            page_id = seen.parent
        return False

    async def _take_slug(self, page_id: str, slug: str) -> None:
        before, owner = self.slug_of(page_id), await self._owner_of(slug)
        if owner not in ("", page_id):
            self._slugs[owner] = ""  # until it is placed in turn
        if before and await self._owner_of(before) == page_id:
            self._owners[before] = ""
            self._left.append(before)
        self._owners[slug] = page_id
        self._slugs[page_id] = slug
        if page_id in self._waiting_line(slug):
            self._waiting[slug] = [one for one in self._waiting_line(slug) if one != page_id]
        children = self._children.get(page_id)
        if children is None:
            record = self._record_of(page_id)
            children = record.children if record else []
        if children:
            await self.look_up(children)
        for child in children:
            seen = self._observation_of(child)
            if seen is not None and seen.parent == page_id:
                self._ahead.append(child)

    async def _tell_apart(
        self, page_id: str, seen: Observation, wanted: str, owner: Observation
    ) -> None:
        path = wanted.removesuffix(seen.wanted) if seen.parent else ""
        if page_id not in self._waiting_line(wanted):
            self._waiting[wanted] = [*self._waiting_line(wanted), page_id]
        for slug in told_apart(wanted, page_id, path):
            if self.slug_of(page_id) == slug:
                break
            if await self._owner_of(slug) in ("", page_id):
                await self._take_slug(page_id, slug)
                break
        self.warnings.append(
            f'"{owner.title}" and "{seen.title}" ask for the same slug "{wanted}": the older page'
            f' keeps it, "{seen.title}" is published as "{self.slug_of(page_id)}"'
        )

    async def _give_away(self, slug: str) -> None:
        if not await self._owner_of(slug) and (first := await self._oldest_asking(slug, [])):
            self._ahead.append(first)

    async def _oldest_asking(self, slug: str, others: list[str], besides: str = "") -> str:
        """Return the oldest page of those that wait for a slug, and of others, that asks for it
        now, `besides` the one that has to leave it; "" for none."""
        ids = list(dict.fromkeys([*self._waiting_line(slug), *others]))
        await self.look_up(ids)
        asking = {
            page_id: _precedence_of(page_id, seen)
            for page_id in ids
            if (seen := self._observation_of(page_id))
            and page_id != besides
            and await self._wanted_slug(page_id, seen) == slug
        }
        self._waiting[slug] = [page_id for page_id in self._waiting_line(slug) if page_id in asking]
        return min(asking, key=asking.__getitem__, default="")

    def _waiting_line(self, slug: str) -> list[str]:
        """Return the pages that wait for a slug."""
        if slug in self._waiting:
            return self._waiting[slug]
        return list(self._holders[slug].waiting) if slug in self._holders else []

    def _observation_of(self, page_id: str) -> Observation | None:
        if page_id in self._observed:
            return self._observed[page_id]
        known = self._known.get(page_id)
        seen = known.observation if known else None
        is_placed = bool(known and known.slug)
        return seen if seen and is_placed else None

    def _is_still(self, page_id: str, seen: Observation) -> bool:
        """Return whether a page stays as it is, and so keeps its slug: it is paused, or stands
        below one that is, and has not moved."""
        known = self._known.get(page_id)
        before = known.observation if known and known.is_still else None
        return seen.is_paused or (before is not None and before.parent == seen.parent)

    def _record_of(self, page_id: str) -> PageRecord | None:
        known = self._known.get(page_id)
        return known.record if known else None


def _precedence_of(page_id: str, seen: Observation) -> tuple[float, str]:
    return instant(seen.created), page_id
