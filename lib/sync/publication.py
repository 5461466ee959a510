"""What stands published when a run ends: pure. Facts in, the new state and what has to be removed out."""

from collections.abc import Mapping, Sequence
from math import inf

import msgspec

from lib.bundle.encoding import digest
from lib.bundle.index import sort_key
from lib.model import Kept, KeptDatabase


class Outcome(msgspec.Struct, frozen=True):
    """What a run left to be published: `staged` pages wait for their slug, `moved` maps a slug that a page left to
    (page id, parts of the old bundle), `drops` are pages to unpublish, as `drop_of` names them, with the time (ours)
    when they were seen to be gone."""

    staged: Mapping[str, Kept]
    moved: Mapping[str, tuple[str, int]]
    drops: Mapping[str, float]


class State(msgspec.Struct, frozen=True):
    """The pages that are published from now on, and what changes for that.

    `placed` are the staged pages that get their slug, `refused` those that don't (the page that has it could not be
    read, or no page that is published shows them) and `overtaken` those of which a newer reading is known, each with
    the parts of their bundle; `left` maps a slug nobody owns any more to the parts of its old bundle, `spare` a slug
    with a new owner to the numbers of old parts that its own bundle does not replace; `redirects` old to new.
    """

    kept: dict[str, Kept]
    placed: dict[str, Kept]
    refused: dict[str, int]
    overtaken: dict[str, int]
    dropped: list[str]
    left: dict[str, int]
    spare: dict[str, range]
    redirects: dict[str, str]
    databases: list[str]
    """Child databases that no published page shows any more."""


def settle(kept: Mapping[str, Kept], databases: Mapping[str, KeptDatabase], outcome: Outcome) -> State:
    """The state after a run: staged pages at their slugs, dropped rows and orphaned child pages gone."""
    after = {id: page for id, page in kept.items() if not _is_dropped(id, page, outcome.drops)}
    staged = {id: page for id, page in outcome.staged.items() if not _is_overtaken(id, page, kept, outcome.drops)}
    placed = _placed(after, staged)
    before = {id: after[id] for id in placed if id in after}
    after |= placed
    _drop_orphans(after)
    placed = {id: page for id, page in placed.items() if id in after}

    owned = {page.slug: page.parts for page in after.values()}
    dropped = sorted(set(kept) - set(after))
    left = {kept[id].slug: kept[id].parts for id in dropped}
    left |= {page.slug: page.parts for page in before.values()}
    left |= {slug: parts for slug, (_, parts) in outcome.moved.items()}
    redirects = {slug: after[id].slug for slug, (id, _) in outcome.moved.items() if id in after}
    redirects |= {page.slug: after[id].slug for id, page in before.items() if id in after}
    shown = {database for page in after.values() for database in page.databases}
    return State(
        kept=after,
        placed=placed,
        refused={id: page.parts for id, page in staged.items() if id not in placed},
        overtaken={id: page.parts for id, page in outcome.staged.items() if id not in staged},
        dropped=dropped,
        left={slug: parts for slug, parts in left.items() if slug not in owned},
        spare={
            slug: range(owned[slug] + 1, parts + 1)
            for slug, parts in left.items()
            if slug in owned and parts > owned[slug]
        },
        redirects={old: new for old, new in redirects.items() if old not in owned and old != new},
        databases=sorted(set(databases) - shown),
    )


def drop_of(id: str, page: Kept) -> str:
    """A page that is to be unpublished, by the place it stands in: a row that became a child page is not meant."""
    return id if page.parent is None else f"{page.parent}/{id}"


def _is_dropped(id: str, page: Kept, drops: Mapping[str, float]) -> bool:
    """A page that was read after it was seen to be gone is back again, and stays."""
    return drops.get(drop_of(id, page), -inf) >= page.began_at


def _is_overtaken(id: str, page: Kept, kept: Mapping[str, Kept], drops: Mapping[str, float]) -> bool:
    return _is_dropped(id, page, drops) or (id in kept and kept[id].began_at > page.began_at)


def index_pages(kept: Mapping[str, Kept], source: str, per_page: int) -> list[list[str]]:
    """Ids of a source's rows in the order of its index, so many on a page; one empty page where there is none."""
    rows = [page.rank for page in kept.values() if page.source == source and page.rank is not None]
    ids = [rank.id for rank in sorted(rows, key=sort_key)]
    return [ids[at : at + per_page] for at in range(0, len(ids), per_page)] or [[]]


def signature(kept: Mapping[str, Kept], ids: Sequence[str], total: int) -> str:
    """Sums up one page of an index: it is written again only when this changes."""
    items = (f"{id}:{kept[id].meta_digest}" for id in ids)
    return digest("\n".join([str(total), *items]))


def _placed(after: Mapping[str, Kept], staged: Mapping[str, Kept]) -> dict[str, Kept]:
    """The staged pages whose slugs are free once all of them moved and orphans are gone; one that is not keeps its page
    where it was, which may keep another one from moving in turn."""
    placed = dict(staged)
    while True:
        standing = {**after, **placed}
        _drop_orphans(standing)
        owners = {page.slug: id for id, page in standing.items() if id not in placed}
        stuck = [id for id, page in placed.items() if owners.get(page.slug, id) != id]
        if not stuck:
            return placed
        for id in stuck:
            del placed[id]


def _drop_orphans(kept: dict[str, Kept]) -> None:
    """Removes child pages that their parent does not show (any more), and what stands under them."""
    while orphans := [
        id
        for id, page in kept.items()
        if page.parent is not None and (page.parent not in kept or id not in kept[page.parent].children)
    ]:
        for id in orphans:
            del kept[id]
