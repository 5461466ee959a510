"""The pages that can be seen with a link: drafts in their previews, and what is published."""

import msgspec

from lib.model import Observation
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.records import observation

MOST_LISTED = 200
"""So many drafts are listed: all of nearly every site's."""


class Previewed(msgspec.Struct, frozen=True):
    """A page that has a preview, what is remembered of it, and of the row that it is or stands
    in."""

    page_id: str
    slug: str
    seen: Observation | None
    row: Observation | None


class Previews:
    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv, self._keys = kv, keys

    async def slug_of(self, slug: str, page_id: str = "") -> str:
        """Return the slug of a page that is asked for by its slug, or by its id where it has one;
        "" where there is no such page."""
        keys = self._keys
        names = [keys.preview_paths, keys.paths, keys.preview(slug), keys.page(slug)]
        found: str = await self._kv.script("find_preview", names, [slug, page_id])
        return found

    async def list_previewed(self) -> tuple[int, list[Previewed]]:
        """Return how many pages have a preview, and the first of them by slug; of very many,
        some. One command."""
        keys = self._keys
        names = [keys.preview_paths, keys.draft_children, keys.observed]
        total, *found = await self._kv.script("list_drafts", names, [MOST_LISTED])
        listed = [
            Previewed(page_id, slug, observation(own), observation(row))
            for page_id, slug, own, row in found
        ]
        return total, sorted(listed, key=lambda one: one.slug)
