"""Which pages and child databases must be read, and why. Pure."""

from collections.abc import Collection, Mapping

from lib.bundle.properties import title as title_of
from lib.bundle.publication import trashed
from lib.model import BUNDLE_VERSION, JSON, Kept, Known
from lib.sync.facts import Row, Watched, forced, unsettled


class Due:
    """Answers whether a page must be read; remembers in `pages` those that must."""

    def __init__(
        self,
        rows: Mapping[str, Row],
        known: Known,
        watched: Watched,
        slugs: Mapping[str, str],
        gone: Collection[str],
        forced_at: float | None,
        focus: Collection[str] | None,
    ) -> None:
        self._rows, self._known, self._watched = rows, known, watched
        self._slugs, self._gone, self._forced_at, self._focus = slugs, gone, forced_at, focus
        self._holders = known.holders
        self._children = {id: kept for id, kept in known.kept.items() if kept.parent is not None}
        self.pages = {
            id for id, kept in known.kept.items() if self.may_be(id) and any(map(self._is_lost, kept.children))
        }
        for id in self._children:
            if self.may_be(id) and self._child_is_due(id):
                self.pages.add(id)

    def may_be(self, id: str) -> bool:
        return self._focus is None or id in self._focus

    def row(self, row: Row) -> bool:
        kept = self._known.kept.get(row.id)
        if (
            kept is None
            or kept.edited != row.edited
            or kept.created != row.created
            or unsettled(row.edited, kept.read_at)
            or kept.source != row.source
            or kept.parent is not None
            or kept.visibility != row.visibility
            or kept.fingerprint != row.fingerprint
            or self._changed(row.id, kept)
        ):
            self.pages.add(row.id)
        return row.id in self.pages

    def memory(self, id: str) -> JSON:
        """What an item brings along of the page's last publication, and of what was seen of its child pages since.

        Those that are due themselves get their slugs from the due page.
        """
        kept = self._known.kept.get(id)
        if kept is None:
            return {}
        here = [child for child in kept.children if self._watched.pages.get(child, {}) is not None]
        return {
            "digest": "" if id in self._known.lost else kept.digest,
            "owners": kept.copied,
            "children": kept.children,
            "seen": [] if forced(kept, self._forced_at) else here,
            "due_children": [child for child in kept.children if child in self.pages],
            "is_lacking": kept.is_lacking,
        }

    def databases(self, scope: Collection[str]) -> list[str]:
        """Child databases that changed, are forced, or were never read because the run that found them broke."""
        pages = (kept for id, kept in self._known.kept.items() if kept.source in scope and self.may_be(id))
        shown = dict.fromkeys(database for kept in pages for database in kept.databases)
        shown |= dict.fromkeys(id for id in self._focus or () if id in self._known.databases)
        return [
            id
            for id in shown
            if (kept := self._known.databases.get(id)) is None
            or kept.is_lacking
            or id in self._known.lost
            or f"db:{id}" in self._known.overdue
            or id in self._watched.changed_databases
            or forced(kept, self._forced_at)
        ]

    def _is_lost(self, child: str) -> bool:
        """Whether a page that its parent shows is not published: a run broke before it came to it, it could not be
        read, or it is not shared any more. Only the parent's own reading tells."""
        return child in self._watched.pages and child not in self._known.kept

    def _child_is_due(self, id: str) -> bool:
        kept = self._children[id]
        parent = self._known.kept.get(kept.parent or "")
        if parent and not is_in_step(kept, parent):
            self.pages.add(kept.parent or "")
            return True
        page = self._watched.pages.get(id, {})
        if page == {}:
            return self._changed(id, kept)
        if page is None or trashed(page):
            self.pages.add(kept.parent or "")
            return False
        if title_of(page) != kept.title or page["created_time"] != kept.created:  # both decide its slug
            self.pages.add(kept.parent or "")
        edited: str = page["last_edited_time"]
        is_same = kept.edited == edited and kept.created == page["created_time"]
        return not is_same or unsettled(edited, kept.read_at) or self._changed(id, kept)

    def _changed(self, id: str, kept: Kept) -> bool:
        """What a page's own time does not tell."""
        return (
            kept.version != BUNDLE_VERSION
            or id in self._known.lost
            or id in self._known.overdue
            or id in self.pages
            or kept.is_lacking
            or forced(kept, self._forced_at)
            or kept.slug != self._slugs.get(id, kept.slug)
            or any(self._watched.pages.get(child) for child in kept.hidden)
            or any(self._is_lost_database(id) for id in kept.databases)
            or any(id in self._watched.found_databases for id in kept.unreadable)
            or any(self._original_moved(original, holder, kept) for original, holder in kept.copied.items())
        )

    def _is_lost_database(self, id: str) -> bool:
        kept = self._known.databases.get(id)
        return id in self._watched.lost_databases or (kept is not None and kept.lost)

    def _original_moved(self, original: str, holder: str | None, kept: Kept) -> bool:
        if holder is None and (original in self._holders or original in self._watched.found_originals):
            return True
        if original in self._watched.lost_originals:
            return holder is not None
        holder = self._holders.get(original, holder)
        if holder is None:
            return False
        if holder in self._rows:
            edited = self._rows[holder].edited
        elif holder in self._gone:
            return True
        elif holder in self._watched.pages:
            page = self._watched.pages[holder]
            if page is None:
                return False
            edited = page["last_edited_time"]
        elif holder in self._known.kept:
            edited = self._known.kept[holder].edited
        else:
            return False
        return unsettled(edited, kept.read_at)


def is_in_step(child: Kept, parent: Kept) -> bool:
    """Whether a child page is published where its parent is; else a run broke between the two."""
    place = (child.slug.rpartition("/")[0], child.source, child.visibility)
    return place == (parent.slug, parent.source, parent.visibility)
