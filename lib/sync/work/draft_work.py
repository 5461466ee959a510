"""One draft that is due: read whole and written under `preview:`, its child pages below it.

The public's side of a page is not its affair: what turns out to be no draft any more is handed to
who reads it for the public.
"""

import re
from collections.abc import Callable, Collection
from itertools import chain

import msgspec

from lib.bundle import page as page_bundle
from lib.bundle.media import Found
from lib.bundle.publication import is_trashed
from lib.bundle.slugs import slug_segment, told_apart
from lib.bundle.values import PageLink
from lib.log import Log
from lib.model import (
    BUNDLE_VERSION,
    JSON,
    ChildPage,
    Claim,
    Observation,
    PageRecord,
    Placement,
    Tree,
    WorkItem,
)
from lib.notion.border.objects import name_of
from lib.store.drafts import DraftChild, DraftCommit, Drafts
from lib.store.runs import SliceLease
from lib.store.site import Text
from lib.store.work import WorkQueue
from lib.sync.homes import Homes
from lib.sync.sightings import child_of, has_left, is_draft, raw, row_of
from lib.sync.work.bundle_form import BundleForm
from lib.sync.work.page_reader import PageReader, database_item
from lib.sync.work.unfinished import PageReading, Readings

RESERVED = re.compile(r"paths|db:[0-9a-f-]{36}")
"""Slugs whose key under `preview:` is something else."""
COMMIT_TRIES = 20
"""How often slugs are chosen anew because others have them."""


class DraftWork:
    """Writes previews for one slice. `was_read` as for pages."""

    def __init__(
        self,
        reader: PageReader,
        work: WorkQueue,
        drafts: Drafts,
        form: BundleForm,
        log: Log,
        homes: Homes,
        readings: Readings,
        was_read: Callable[[Claim], None],
    ) -> None:
        self._reader, self._work, self._drafts = reader, work, drafts
        self._form, self._log, self._homes, self._readings = form, log, homes, readings
        self._was_read = was_read

    async def sync(self, lease: SliceLease, claim: Claim) -> bool:
        """Read a draft and write its preview; return whether something became due."""
        if claim.observation is None or not self._homes.rule.previews:
            await self._work.pass_on(lease, claim, [])
            return False
        async with self._readings.reading_of(claim, self._reader.begin_reading(claim)) as reading:
            page, tree = await self._reader.read(claim, reading)
        self._was_read(claim)
        read_at = reading.page_read_at or claim.item.read_at
        seen = await self._observe(claim.observation, page, read_at)
        if seen is None or (seen.parent and not claim.slug):
            await self.doubt(lease, claim)
            return True
        return await self._write(lease, claim, seen, page, tree, reading)

    async def doubt(self, lease: SliceLease, claim: Claim) -> None:
        """It is not where it was known to be: the draft around it is read again, and a row by who
        reads it for the public."""
        parent = claim.observation.parent if claim.observation else None
        around = (f"draft:{parent}", WorkItem(doubted=[claim.id])) if parent else None
        await self._work.pass_on(lease, claim, [around or (claim.id, WorkItem())])

    async def _observe(self, known: Observation, page: JSON, read_at: float) -> Observation | None:
        """Return what the page object says of a draft; None: it is none any more, or stands
        elsewhere."""
        if is_trashed(page):
            return None
        if known.parent is not None:
            return None if has_left(page, known.parent) else child_of(page, known, read_at)
        if await self._homes.home_of(page) != known.source:
            return None
        seen = row_of(page, known.source, read_at, self._homes.rule).observation
        if not is_draft(seen):
            return None
        # A paused page has the slug that is published.
        return msgspec.structs.replace(seen, wanted=known.wanted) if seen.is_published else seen

    async def _write(
        self,
        lease: SliceLease,
        claim: Claim,
        seen: Observation,
        page: JSON,
        tree: Tree,
        reading: PageReading,
    ) -> bool:
        taken, outcome = set[str](), "taken"
        children: dict[str, DraftChild] = {}
        for _ in range(COMMIT_TRIES):
            slug = claim.slug if seen.parent else free_slug(seen.wanted, claim.id, taken)
            children = _children(claim, seen, tree, reading, slug, taken)
            commit = self._commit(claim, seen, page, tree, reading, slug, children)
            outcome, others = await self._drafts.commit_draft(lease, commit)
            if outcome not in ("taken", "send"):
                break
            taken |= set(others)
        self._log.event("draft.synced", pageId=claim.id, outcome=outcome)
        return bool(children or tree.databases) or outcome == "older"

    def _commit(
        self,
        claim: Claim,
        seen: Observation,
        page: JSON,
        tree: Tree,
        reading: PageReading,
        slug: str,
        children: dict[str, DraftChild],
    ) -> DraftCommit:
        files = Found(self._form.preview_address)
        links: list[PageLink] = [
            {
                "id": child.id,
                "slug": children[child.id].slug,
                "title": " ".join(child.title.split()),
            }
            for child in tree.child_pages
        ]
        place = Placement(slug, seen.source, seen.visibility, seen.parent)
        bundle = page_bundle.build_page(page, tree, place, links, files)
        encoded = page_bundle.encode_page(bundle, self._form.now_iso(), self._form.max_value_bytes)
        record = PageRecord(
            edited=seen.edited,
            edited_at=seen.edited_at,
            read_at=reading.read_at,
            digest=bundle.digest,
            version=BUNDLE_VERSION,
            visibility=seen.visibility,
            parts=len(encoded.parts),
            children=[child.id for child in tree.child_pages],
            things=[f"db:{database_id}" for database_id in tree.databases],
            copied=tree.copied,
            is_lacking=reading.is_lacking,
        )
        return DraftCommit(
            page_id=claim.id,
            number=claim.number,
            slug=slug,
            observation=seen,
            record=record,
            text=Text(encoded.head, encoded.parts, files=list(files.refs)),
            children=children,
            databases={
                database_id: database_item(claim, reading, database_id)
                for database_id in tree.databases
            },
            warnings=[*reading.warnings(name_of(page)), *encoded.oversized],
        )


def free_slug(wanted: str, page_id: str, taken: Collection[str], path: str = "") -> str:
    """Return the first slug of those that a page may have which nobody has."""
    slugs = chain([wanted], told_apart(wanted, page_id, path))
    return next(slug for slug in slugs if slug not in taken and not RESERVED.fullmatch(slug))


def _children(
    claim: Claim,
    seen: Observation,
    tree: Tree,
    reading: PageReading,
    slug: str,
    taken: Collection[str],
) -> dict[str, DraftChild]:
    """Return the child pages of a draft by their ids, the older of two of one name at its slug."""
    children: dict[str, DraftChild] = {}
    given = set(taken)
    for child in sorted(tree.child_pages, key=lambda child: (child.created_time, child.id)):
        path = f"{slug}/"
        own = free_slug(path + slug_segment(child.title, child.id), child.id, given, path)
        given.add(own)
        page = reading.walk.pages.get(child.id)
        item = WorkItem(is_doubted=child.id in claim.item.doubted)
        if page:
            item = msgspec.structs.replace(item, page=raw(page), read_at=reading.read_at)
        children[child.id] = DraftChild(_child_seen(child, claim.id, seen, reading), own, item)
    return children


def _child_seen(
    child: ChildPage, page_id: str, seen: Observation, reading: PageReading
) -> Observation:
    return Observation(
        source=seen.source,
        parent=page_id,
        visibility=seen.visibility,
        title=child.title,
        created=child.created_time,
        edited=child.created_time,
        placed_at=reading.read_at,
        wanted=slug_segment(child.title, child.id),
    )
