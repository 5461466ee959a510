"""Addresses in memory: who stands where, as KV remembers it, and pages that are published as the
engine does it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from lib.model import Observation
from lib.store.site import Addresses, Holder, Known
from lib.sync.addresses import AddressBook
from tests.sync.records import record


class Town:
    """`look_up` answers as `Site.look_up` does; a plan is carried out as commit_page.lua and
    move.lua do it."""

    def __init__(self) -> None:
        self.observed: dict[str, Observation] = {}
        self.children: dict[str, list[str]] = {}
        self.places: dict[str, str] = {}
        self.slugs: dict[str, str] = {}
        self.waiting: dict[str, tuple[str, ...]] = {}
        self.warnings: list[str] = []
        self.asked: list[str] = []
        self.still: set[str] = set()

    async def look_up(
        self, page_ids: Collection[str], slugs: Collection[str] = ()
    ) -> tuple[dict[str, Known], dict[str, Holder]]:
        self.asked += page_ids
        known = {page_id: self._known(page_id) for page_id in page_ids}
        return known, {
            slug: Holder(self.slugs.get(slug, ""), self.waiting.get(slug, ())) for slug in slugs
        }

    @property
    def book(self) -> AddressBook:
        site: Any = self
        return AddressBook(site)

    async def publish(
        self,
        page_id: str,
        seen: Observation,
        children: Mapping[str, Observation] | None = None,
        gone: Sequence[str] = (),
    ) -> None:
        """A page was read: its address and those of its child pages are planned and carried out."""
        family, book = dict(children or {}), self.book
        await book.look_up([page_id, *family, *gone])
        book.note_page(page_id, seen, list(family))
        for child, observation in family.items():
            book.note_page(child, observation)
        for child in gone:
            book.forget_page(child)
        await book.place_all(
            page_id, *sorted(family, key=lambda child: (family[child].created, child))
        )
        plan = book.planned_changes()
        self._check(plan)
        freed = [slug for child in gone for slug in self._removed(child)]
        self.observed |= {page_id: seen, **family}
        self.children[page_id] = list(family)
        self._carry_out(plan)
        self.warnings += book.warnings
        await self.give_away(freed)

    async def hide(self, page_id: str) -> None:
        """A row goes, with all that stands below it; what it was at Notion goes on being
        remembered."""
        await self.give_away(self.remove(page_id))

    def remove(self, page_id: str) -> list[str]:
        """The same, but for the slugs that are free now and waited for, which are returned."""
        seen = msgspec.structs.replace(self.observed[page_id], is_published=False)
        freed = self._removed(page_id)
        self.observed[page_id] = seen
        return freed

    async def give_away(self, freed: list[str]) -> None:
        book = self.book
        await book.give_away(freed)
        self._check(book.planned_changes())
        self._carry_out(book.planned_changes())

    def _known(self, page_id: str) -> Known:
        children = self.children.get(page_id)
        read = None if children is None else record(children=children)
        slug, is_still = self.places.get(page_id, ""), page_id in self.still
        return Known(self.observed.get(page_id), read, slug, is_still=is_still)

    def _check(self, plan: Addresses) -> None:
        assert plan.slugs == {slug: self.slugs.get(slug, "") for slug in plan.slugs}
        assert plan.places == {page_id: self.places.get(page_id, "") for page_id in plan.places}
        assert {move.page_id: move.old for move in plan.moves}.items() <= plan.places.items()

    def _carry_out(self, plan: Addresses) -> None:
        for move in plan.moves:
            if self.slugs.get(move.old) == move.page_id:
                del self.slugs[move.old]
        for move in plan.moves:
            assert self.slugs.get(move.new) in (
                None,
                move.page_id,
            ), "somebody else would lose it and stand nowhere"
            self.slugs[move.new], self.places[move.page_id] = move.page_id, move.new
        self.waiting |= {slug: tuple(ids.split()) for slug, ids in plan.waiting.items()}
        self.waiting = {slug: ids for slug, ids in self.waiting.items() if ids}

    def _removed(self, top: str) -> list[str]:
        """Take a page away with all below it; return the slugs that are free now and waited for."""
        freed, ahead = [], [top]
        while ahead:
            page_id = ahead.pop()
            del self.observed[page_id]
            below = self.children.pop(page_id, [])
            slug = self.places.pop(page_id, "")
            if self.slugs.get(slug) == page_id:
                del self.slugs[slug]
            freed += [slug] if slug in self.waiting else []
            ahead += [
                child
                for child in below
                if child in self.observed and self.observed[child].parent == page_id
            ]
        return freed
