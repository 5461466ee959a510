"""The text of pages that show a child database, made anew of what is published, without the pages
being read."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from lib import json_text
from lib.bundle.text.document import document_of
from lib.errors import TooLarge
from lib.model import BUNDLE_VERSION, JSON
from lib.store.site import Known, PageText, Site, Table

MOST_BYTES = 1_000_000
"""Of bundles whose texts are made anew at once: one script takes them all. The other pages are read
again."""


def tables_for(visibility: str, tables: Mapping[str, Table]) -> Callable[[str], Any]:
    """Return what gives a page of this visibility the tables that it may show: rows of a database
    that another page shows to fewer people stay with it."""

    def table(database_id: str) -> Any:
        found = tables[database_id].value if database_id in tables else {}
        return found if found.get("visibility") in ("public", visibility) else None

    return table


def databases_in(things: Collection[str]) -> list[str]:
    """Return the ids of the child databases among what a page shows."""
    return [thing.removeprefix("db:") for thing in things if thing.startswith("db:")]


class PageTexts(msgspec.Struct):
    """`now_iso` gives the time as a site reads it."""

    site: Site
    max_value_bytes: int
    now_iso: Callable[[], str]

    async def texts_of(
        self, pages: Mapping[str, Known], tables: Mapping[str, Table]
    ) -> list[PageText]:
        """Return the texts of the pages that are published, do not stay as they are, and have room
        for tables."""
        texts = []
        room = MOST_BYTES
        for page_id, known in pages.items():
            record = known.record
            if record is None or record.parts or known.is_still or not known.slug:
                continue
            made = PageText(
                page_id=page_id,
                slug=known.slug,
                digest=record.digest,
                read_at=record.read_at,
                is_read=True,
            )
            if room > 0:
                head = await self.site.bundle_at(known.slug)
                made = self._page_text(made, head, tables)
                room -= made.bytes
            texts.append(made)
        return texts

    def _page_text(self, page: PageText, head: str, tables: Mapping[str, Table]) -> PageText:
        bundle = _bundle_of(page.page_id, head)
        if bundle is None:
            return page
        shown = tables_for(bundle["meta"]["visibility"], tables)
        try:
            made = document_of(
                *(bundle["meta"], bundle["blocks"], self.now_iso(), self.max_value_bytes),
                database=shown,
            ).value
        except TooLarge:  # as when the page was read, which warned of it
            made = ""
        return msgspec.structs.replace(page, text=made, bytes=len(head.encode()), is_read=False)


def _bundle_of(page_id: str, head: str) -> JSON | None:
    """Return the bundle of a page; None for another text, or one of an older format."""
    if not head.startswith(f'{{"v":{BUNDLE_VERSION},"meta":{{"id":"{page_id}"'):
        return None
    try:
        bundle: JSON = json_text.decode(head)
    except (ValueError, RecursionError):
        return None
    return bundle
