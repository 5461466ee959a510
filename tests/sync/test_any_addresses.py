"""Addresses after any edits: what is planned step by step is what follows from the pages as they
are."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import islice

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.bundle.slugs import told_apart
from lib.model import Observation
from lib.times import instant
from tests.sync.records import seen
from tests.sync.town import Town

IDS = [f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abcdefg"]
TWINS = [
    f"{letter * 8}-0000-4000-8000-00000000000{number}" for letter in "ab" for number in range(3)
]
"""Of which some begin with the same digits."""
NAMES = ["x", "y"]
MOST_EXAMPLES = 300
"""Rivals that stand below each other are drawn rarely."""
WISHES = [*NAMES, "x/x", "x/y", "y/x", "x/y/x"]


class Spot(msgspec.Struct, frozen=True):
    """Where a page stands at Notion, and what it is called there: a row by its slug, a child page
    by its title."""

    parent: str | None
    name: str


class Edit(msgspec.Struct, frozen=True):
    """What an author does with a page: `spot` None, it is deleted."""

    page_id: str
    spot: Spot | None


class World:
    """Pages at Notion and in town. `sync` publishes what is due, in any order."""

    def __init__(self, ages: Mapping[str, int], chance: random.Random) -> None:
        self.pages: dict[str, Spot] = {}
        self.town = Town()
        self._ages, self._chance = ages, chance
        self._due: set[str] = set()

    def observed(self, page_id: str) -> Observation:
        spot = self.pages[page_id]
        created = f"2026-05-{self._ages[page_id] + 1:02}T10:00:00.000Z"
        return seen(spot.name, title=page_id[:1], created=created, parent=spot.parent)

    def above(self, page_id: str) -> set[str]:
        """A page and all that it stands in."""
        found, at = set[str](), page_id if page_id in self.pages else None
        while at is not None:
            found.add(at)
            at = self.pages[at].parent
        return found

    async def edit(self, edit: Edit) -> None:
        """Carry an edit out at Notion, if there it can be; what a listing and the watch see of it
        is observed."""
        page_id, spot = edit.page_id, edit.spot
        if spot is None:
            await self._delete(page_id)
        elif spot.parent is None or (
            spot.parent in self.pages and page_id not in self.above(spot.parent)
        ):
            self._due |= {
                one for one in (page_id, spot.parent, *self._known_parent(page_id)) if one
            }
            self.pages[page_id] = spot
            known = self.town.observed.get(page_id)
            if spot.parent is None or (known and known.parent == spot.parent):
                self.town.observed[page_id] = self.observed(page_id)

    async def sync(self) -> None:
        while self._due:
            page_id = self._chance.choice(sorted(self._due))
            self._due.discard(page_id)
            if page_id in self.pages:
                await self._publish(page_id)

    async def _publish(self, page_id: str) -> None:
        spot, town = self.pages[page_id], self.town
        if spot.parent and (
            page_id not in town.observed or town.observed[page_id].parent != spot.parent
        ):
            self._due.add(spot.parent)  # which adopts it
            return
        self._due |= set(self._known_parent(page_id)) if spot.parent is None else set()
        children = {
            one: self.observed(one) for one, its in self.pages.items() if its.parent == page_id
        }
        self._due |= {
            one
            for one in children
            if town.observed.get(one) != children[one] or one not in town.children
        }
        gone = [
            one
            for one in town.children.get(page_id, [])
            if one not in self.pages and self._is_child(one, page_id)
        ]
        await town.publish(page_id, self.observed(page_id), children, gone)

    async def _delete(self, top: str) -> None:
        for page_id in [one for one in self.pages if top in self.above(one)]:
            self._due |= set(self._known_parent(page_id))
            self.pages = {one: spot for one, spot in self.pages.items() if one != page_id}
            if page_id in self.town.observed and self.town.observed[page_id].parent is None:
                await self.town.hide(page_id)

    def _known_parent(self, page_id: str) -> list[str]:
        known = self.town.observed.get(page_id)
        return [known.parent] if known and known.parent else []

    def _is_child(self, page_id: str, parent: str) -> bool:
        known = self.town.observed.get(page_id)
        return known is not None and known.parent == parent


def by_the_book(world: World) -> dict[str, str]:
    """Every slug worked out from what pages ask for, the shortest first: none depends on a longer
    one."""
    slugs: dict[str, str] = {}
    asking: dict[str, list[tuple[bool, float, str]]] = defaultdict(list)
    apart: dict[str, Callable[[], str]] = {}

    def ask(page_id: str, path: str) -> None:
        one = world.observed(page_id)
        asking[path + one.wanted].append((False, instant(one.created), page_id))
        apart[page_id] = iter(told_apart(path + one.wanted, page_id, path)).__next__

    for page_id, spot in world.pages.items():
        if spot.parent is None:
            ask(page_id, "")
    while asking:
        slug = min(asking, key=lambda slug: (len(slug), slug))
        winner, *others = sorted(asking.pop(slug))
        slugs[winner[2]] = slug
        for _, age, page_id in others:
            asking[apart[page_id]()].append((True, age, page_id))
        for page_id, spot in world.pages.items():
            if spot.parent == winner[2]:
                ask(page_id, f"{slug}/")
    return slugs


def wanted(world: World, page_id: str) -> str:
    spot = world.pages[page_id]
    return f"{world.town.places[spot.parent]}/{spot.name}" if spot.parent else spot.name


def edits_of(ids: list[str], wishes: list[str]) -> st.SearchStrategy[list[Edit | None]]:
    """Edits, with syncs (None) among them."""
    row = st.builds(Spot, st.none(), st.sampled_from(wishes))
    child = st.builds(Spot, st.sampled_from(ids), st.sampled_from(NAMES))
    edit = st.builds(Edit, st.sampled_from(ids), row | child | st.none())
    return st.lists(edit | st.none(), max_size=24)


def ages_of(ids: list[str]) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({page_id: st.integers(0, 3) for page_id in ids})


def after(edits: list[Edit | None], ages: Mapping[str, int], chance: random.Random) -> World:
    world = World(ages, chance)

    async def live() -> None:
        for edit in edits:
            await (world.sync() if edit is None else world.edit(edit))
        await world.sync()

    asyncio.run(live())
    return world


@settings(max_examples=MOST_EXAMPLES)
@given(edits_of(IDS, WISHES), ages_of(IDS), st.randoms(use_true_random=False))
def test_after_any_edits_every_page_stands_where_it_would_if_nothing_had_been_there_before(
    edits: list[Edit | None], ages: dict[str, int], chance: random.Random
) -> None:
    world = after(edits, ages, chance)

    assert world.town.places == by_the_book(world)


@settings(max_examples=MOST_EXAMPLES)
@given(
    edits_of(TWINS, [*WISHES, "x-aaaaaaaa", "x-aaaaaaaa0", "x-bbbbbbbb", "x/x-aaaaaaaa"]),
    ages_of(TWINS),
    st.randoms(use_true_random=False),
)
def test_whatever_pages_ask_for_no_slug_is_given_twice_and_only_an_older_page_keeps_one_from_them(
    edits: list[Edit | None], ages: dict[str, int], chance: random.Random
) -> None:
    world = after(edits, ages, chance)
    town = world.town

    assert town.slugs == {slug: page_id for page_id, slug in town.places.items()}
    assert len(town.slugs) == len(town.places) == len(world.pages)
    for page_id, slug in town.places.items():
        asked = wanted(world, page_id)
        if slug != asked:
            owner = town.slugs[asked]
            assert wanted(world, owner) == asked
            assert (ages[owner], owner) < (ages[page_id], page_id)
            assert slug in islice(told_apart(asked, page_id), 8)
            assert page_id in town.waiting[asked]
