"""The child pages of a page that is being published: what they are called, and which of them leave their slugs."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import msgspec

from lib.bundle import slugs
from lib.bundle.values import PageLink
from lib.model import ChildPage, Item, Kept
from lib.store.memory import Memory
from lib.store.runs import Runs


class Family(msgspec.Struct, frozen=True):
    """`children` as the bundle names them, `before` what is published of them; `leaving` are the pages whose slugs
    become free when the run is published: renamed and vanished child pages, and what stands below them."""

    children: list[PageLink] = []
    before: dict[str, Kept] = {}
    leaving: list[str] = []
    warnings: list[str] = []


async def family_of(
    item: Item, slug: str, child_pages: Sequence[ChildPage], memory: Memory, runs: Runs, run_id: str
) -> Family:
    """The family of a page at `slug`. A slug that a page outside the family has, and does not leave in this run, is
    not given to a child page: who has a slug keeps it."""
    if not child_pages and not item.children:
        return Family()
    children, warnings = slugs.children(slug, child_pages)
    before, owners = await asyncio.gather(
        memory.kept({*item.children, *(child.id for child in child_pages)}),
        memory.owners([child["slug"] for child in children]),
    )
    leaving = await _leaving(item.id, children, before, memory)
    taken = await _taken(children, owners, leaving, memory, runs, run_id)
    if taken:
        children, warnings = slugs.children(slug, child_pages, taken)
        leaving = await _leaving(item.id, children, before, memory)
    return Family(children, before, leaving, warnings)


async def _leaving(id: str, children: Sequence[PageLink], before: Mapping[str, Kept], memory: Memory) -> list[str]:
    slugs_now = {child["id"]: child["slug"] for child in children}
    ahead = {child: kept for child, kept in before.items() if kept.parent == id and kept.slug != slugs_now.get(child)}
    found: dict[str, None] = {}
    while ahead:
        found |= dict.fromkeys(ahead)
        below = [child for kept in ahead.values() for child in kept.children if child not in found]
        ahead = await memory.kept(below) if below else {}
    return list(found)


async def _taken(
    children: Sequence[PageLink],
    owners: Mapping[str, str],
    leaving: Collection[str],
    memory: Memory,
    runs: Runs,
    run_id: str,
) -> set[str]:
    """Those of the children's slugs under which another page stands, and stays."""
    wanted = {child["slug"]: child["id"] for child in children}
    strangers = {slug: owner for slug, owner in owners.items() if owner not in (wanted[slug], *leaving)}
    if not strangers:
        return set()
    kept = await memory.kept(set(strangers.values()))
    there = {slug: owner for slug, owner in strangers.items() if owner in kept and kept[owner].slug == slug}
    moving = await runs.vacating(run_id, set(there.values())) if there else set()
    return {slug for slug, owner in there.items() if owner not in moving}
