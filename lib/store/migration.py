"""Brings what an older version of this project keeps in KV into the present layout.

What a site reads stays as it is meanwhile. The older version finds a sentence where its records
were, and stops at it.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from lib import json_text
from lib.errors import Hopeless
from lib.model import Observation, PageRecord, Rank
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import SliceLease
from lib.store.salvage import read_count, read_object, read_record
from lib.store.site import Site
from lib.times import UNKNOWN, instant, is_time

LAYOUT = 3
"""The version of the layout of the engine's keys; 2 and older ones kept all that is known of a page
in `sync:kept`."""
AT_ONCE = 200
_MOVED_ON = (
    "a newer version of notion-kv-sync keeps its records elsewhere: deploy the same version"
    " everywhere"
)


class _Kept(msgspec.Struct):
    """What layout 2 remembered of a published page."""

    slug: str
    source: str
    title: str
    created: str
    edited: str
    read_at: float
    version: int = 1
    visibility: str = "public"
    rank: Rank | None = None
    parent: str | None = None
    children: list[str] = []
    hidden: list[str] = []
    copied: dict[str, str | None] = {}
    databases: list[str] = []
    unreadable: list[str] = []
    parts: int = 0


class Migration:
    """Changes the layout of the engine's keys in KV. `sort_text` gives a row's place in its
    index."""

    def __init__(self, kv: Kv, keys: Keys, site: Site, sort_text: Callable[[Rank], str]) -> None:
        self._kv, self._keys, self._site, self._sort_text = kv, keys, site, sort_text

    async def migrate_layout(self, lease: SliceLease, layout: str) -> None:
        """Bring KV into the present layout, where it is of an older one; a run that was cut off
        goes on.

        Raises `Hopeless` where KV is of a newer one, and `TakenOver`.
        """
        version = read_count(layout) or 0
        if version > LAYOUT:
            raise Hopeless(
                f"KV is kept by a newer version of this project (layout {version}, this one knows"
                f" {LAYOUT}): deploy the newer version here too"
            )
        if version == LAYOUT:
            return
        await self._kv.script(
            "set_aside", [self._old_key("kept"), self._old_key("migrating")], [_MOVED_ON]
        )
        while pages := await self._kv.script("some_of", [self._old_key("migrating")], [AT_ONCE]):
            texts = dict(zip(pages[::2], pages[1::2], strict=True))
            await self._site.adopt(
                lease, [self._adopted_page(page_id, text) for page_id, text in texts.items()]
            )
            await self._kv.command("HDEL", self._old_key("migrating"), *texts)
        await self._finish_migration(lease)

    async def _finish_migration(self, lease: SliceLease) -> None:
        keys = self._keys
        sources = await self._kv.command("HKEYS", keys.sources)
        redirects = read_object(await self._kv.command("GET", keys.redirects))
        await self._site.end_adoption(
            lease,
            list(sources),
            {old: new for old, new in redirects.items() if isinstance(new, str)},
        )
        await self._kv.command("SET", keys.layout, LAYOUT)

    def _adopted_page(self, page_id: str, text: str) -> dict[str, Any]:
        """Return what is known of a page, in the present form; where its record can't be read, its
        id alone."""
        kept = read_record(text, _Kept)
        if kept is None or not (kept.slug and is_time(kept.created) and is_time(kept.edited)):
            return {"id": page_id, "slug": ""}
        at = 0.0 if kept.edited == UNKNOWN else instant(kept.edited)
        seen = Observation(
            source=kept.source,
            parent=kept.parent,
            title=kept.title,
            created=kept.created,
            edited=kept.edited,
            edited_at=at,
            read_at=kept.read_at,
            placed_at=kept.read_at,
            wanted=kept.slug.rpartition("/")[2] if kept.parent else kept.slug,
            visibility=kept.visibility,
        )
        record = PageRecord(
            edited=kept.edited,
            edited_at=at,
            read_at=kept.read_at,
            digest="",
            version=kept.version,
            visibility=kept.visibility,
            parts=kept.parts,
            children=kept.children,
            things=[
                *(
                    f"page:{holder}" if holder else f"original:{one}"
                    for one, holder in kept.copied.items()
                ),
                *(f"db:{one}" for one in kept.databases),
                *(f"hidden:{one}" for one in kept.hidden),
                *(f"unreadable:{one}" for one in kept.unreadable),
            ],
            copied=kept.copied,
        )
        return {
            "id": page_id,
            "slug": kept.slug,
            "source": kept.source,
            "is_row": kept.parent is None,
            "sort": self._sort_text(kept.rank) if kept.rank and kept.parent is None else "",
            "things": record.things,
            "observed": json_text.encode(seen),
            "record": json_text.encode(record),
        }

    def _old_key(self, name: str) -> str:
        return f"{self._keys.prefix}sync:{name}"
