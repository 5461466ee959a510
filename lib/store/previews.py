"""The pages that can be seen with a link: drafts in their previews, and what is published."""

from lib.store.keys import Keys
from lib.store.kv import Kv


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
