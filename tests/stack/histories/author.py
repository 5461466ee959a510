"""Somebody who writes in the workspace: every edit that people make, each a method of two numbers.

The first picks what is edited among what there is, the second says how. An edit that finds nothing
to do does nothing.
"""

from typing import Any, Protocol

from dev.notion.edits import Edits
from dev.notion.nodes import Block, Database, DataSource, Page
from dev.notion.workspace import Workspace
from tests.stack.histories.workspace import HOURS, SOURCES

TITLES = ("Home", "Storm", "Storm ahead", "About", "Ada", "Übersicht")
SLUGS = ("", "home", "storm", "visit", "home/about", "home/team/ada", "seals", "new")
VISIBILITIES = (None, "draft", "public", "members")
DATES = (None, "2026-05-02", "2026-05-04", "2026-05-05T10:00:00.000+02:00")


class Notion(Protocol):
    """A stand-in, on a port or not."""

    @property
    def workspace(self) -> Workspace: ...

    @property
    def edit(self) -> Edits: ...


class Author:
    """`paused` are the rows that have `sync` = paused; `touched` those of them that were hidden or
    moved since then."""

    def __init__(self, notion: Notion) -> None:
        self._notion = notion
        self._edit = notion.edit
        self._written = 0
        self.touched: set[str] = set()

    def do(self, name: str, pick: int, how: int) -> None:
        """Makes the edit of this name, one of `EDITS`."""
        getattr(self, name)(pick, how)

    # Content.

    def rewrite(self, pick: int, how: int) -> None:
        paragraphs = [block for block in self._blocks() if block.type == "paragraph"]
        if block := _picked(paragraphs, pick):
            self._edit.edit_block(block.id, self._words())

    def append(self, pick: int, how: int) -> None:
        copies = ("@hours", "@news", "@address", "@bio")
        written: list[dict[str, Any]] = [
            {"paragraph": self._words()},
            {"toggle": self._words(), "children": [{"paragraph": self._words()}]},
            {"image": {"file": "map.png"}},
            {"synced_block": {"from": copies[how % len(copies)]}},
            {"callout": {"text": self._words(), "icon": {"file": "bell.png"}}},
        ]
        if page := _picked(self._pages(), pick):
            self._edit.append_blocks(page.id, [written[how % len(written)]])

    def remove_or_bring_back_a_block(self, pick: int, how: int) -> None:
        if block := _picked(
            [node for node in self._nodes(Block) if not self._is_trashed(node.parent)], pick
        ):
            (self._edit.restore if block.in_trash else self._edit.trash)(block.id)

    def write_into_an_original(self, pick: int, how: int) -> None:
        originals = [
            block
            for block in self._blocks()
            if block.type == "synced_block" and not self._shows(block)
        ]
        if original := _picked(originals, pick):
            self._edit.append_blocks(original.id, [{"paragraph": self._words()}])

    def decorate(self, pick: int, how: int) -> None:
        if page := _picked(self._pages(), pick):
            if how % 2:
                self._edit.set_icon(page.id, (None, "⚓", {"file": "icon.png"})[how % 3])
            else:
                self._edit.set_cover(
                    page.id, (None, {"file": "sea.jpg"}, {"external": "/external/a.png"})[how % 3]
                )

    # Rows and their properties.

    def add_row(self, pick: int, how: int) -> None:
        properties = {"Name": TITLES[how % len(TITLES)]}
        self._edit.create_row(self._source(pick), properties, [{"paragraph": self._words()}])

    def name(self, pick: int, how: int) -> None:
        if page := _picked(self._pages(), pick):
            self._edit.set_title(page.id, TITLES[how % len(TITLES)])

    def set_slug(self, pick: int, how: int) -> None:
        if row := _picked(self.rows(), pick):
            self._edit.set_property(row.id, "slug", SLUGS[how % len(SLUGS)])

    def swap_slugs(self, pick: int, how: int) -> None:
        rows = self.rows()
        one, other = _picked(rows, pick), _picked(rows, pick + 1 + how % 3)
        if one and other and one is not other:
            for row, slug in ((one, self._slug(other)), (other, self._slug(one))):
                self._edit.set_property(row.id, "slug", slug)

    def show_or_hide(self, pick: int, how: int) -> None:
        if row := _picked(self.rows(), pick):
            self.touched.add(row.id)
            self._edit.set_property(row.id, "visibility", VISIBILITIES[how % len(VISIBILITIES)])

    def reorder(self, pick: int, how: int) -> None:
        if row := _picked(self.rows(), pick):
            self._edit.set_property(row.id, "order", (None, 3, 1, -2.5)[how % 4])
            self._edit.set_property(row.id, "date", DATES[how // 4 % len(DATES)])

    # Where pages stand.

    def trash_or_restore(self, pick: int, how: int) -> None:
        pages = [
            page for page in self._nodes(Page) if page.parent and not self._is_trashed(page.parent)
        ]
        if page := _picked(pages, pick):
            self._touch(page)
            (self._edit.restore if page.in_trash else self._edit.trash)(page.id)

    def archive_or_unarchive(self, pick: int, how: int) -> None:
        rows = [
            page for page in self._nodes(Page) if page.parent in self._homes() and not page.in_trash
        ]
        if row := _picked(rows, pick):
            self._touch(row)
            (self._edit.unarchive if row.archived else self._edit.archive)(row.id)

    def unshare_or_share(self, pick: int, how: int) -> None:
        if page := _picked([page for page in self._pages() if page.parent], pick):
            self._touch(page)
            (
                self._edit.share
                if page.id in self._notion.workspace.unshared
                else self._edit.unshare
            )(page.id)

    def move(self, pick: int, how: int) -> None:
        """Into the other source, the attic, or another page."""
        page = _picked([page for page in self._pages() if page.parent and not page.archived], pick)
        if page is None or self._is_paused(page):
            return
        inside = {
            node.id
            for node in self._notion.workspace.nodes.values()
            if page in self._notion.workspace.up(node)
        }
        below = [
            one.id for one in self._pages() if one.id not in inside and not self._is_paused(one)
        ]
        targets = [*self._homes(), *below]
        target = targets[how % len(targets)]
        if target not in inside and target != page.parent:
            self._touch(page)
            self._edit.move(page.id, target)

    def add_child_page(self, pick: int, how: int) -> None:
        if page := _picked(self._pages(), pick):
            children = [{"paragraph": self._words()}]
            self._edit.create_page(page.id, TITLES[how % len(TITLES)], children)

    # The child database.

    def edit_database_row(self, pick: int, how: int) -> None:
        if row := _picked(self._database_rows(), pick):
            self._edit.set_property(row.id, "From", how)

    def add_database_row(self, pick: int, how: int) -> None:
        source = self._notion.workspace.nodes[HOURS].children[0]
        self._edit.create_row(source, {"Day": self._words(), "From": how})

    def trash_or_restore_database(self, pick: int, how: int) -> None:
        database = self._notion.workspace.get(HOURS, Database)
        (self._edit.restore if database.in_trash else self._edit.trash)(HOURS)

    def unshare_or_share_database(self, pick: int, how: int) -> None:
        unshared = HOURS in self._notion.workspace.unshared
        (self._edit.share if unshared else self._edit.unshare)(HOURS)

    # Used by the machine.

    def pause(self, row: Page, paused: bool) -> None:
        self.touched.discard(row.id)
        self._edit.set_property(row.id, "sync", "paused" if paused else "live")

    def rows(self) -> list[Page]:
        """Rows of the sources that are neither in the trash nor archived."""
        return [
            page for page in self._pages() if page.parent in self._homes() and not page.archived
        ]

    def _words(self) -> str:
        self._written += 1
        return f"Line {self._written}"

    def _slug(self, row: Page) -> str:
        properties = self._notion.workspace.schema_of(row)
        texts = row.values.get(properties["slug"]["id"]) or row.values.get("title") or []
        return "".join(text["plain_text"] for text in texts).lower()

    def _touch(self, page: Page) -> None:
        self.touched |= {above.id for above in self._notion.workspace.up(page)}

    def _is_paused(self, page: Page) -> bool:
        """Whether a page, or one that it stands on, is paused."""
        workspace = self._notion.workspace
        for above in workspace.up(page):
            sync = workspace.schema_of(above).get("sync") if isinstance(above, Page) else None
            if (
                sync
                and isinstance(above, Page)
                and (above.values.get(sync["id"]) or {}).get("name") == "paused"
            ):
                return True
        return False

    def _homes(self) -> list[str]:
        return [self._notion.workspace.nodes[id].children[0] for id in SOURCES.values()]

    def _source(self, pick: int) -> str:
        homes = self._homes()
        return homes[pick % len(homes)]

    def _shows(self, block: Block) -> str | None:
        return self._notion.workspace.original_of(block)

    def _is_trashed(self, id: str | None) -> bool:
        return id is not None and self._notion.workspace.is_trashed(
            self._notion.workspace.nodes[id]
        )

    def _nodes(self, kind: type[Any]) -> list[Any]:
        return [node for node in self._notion.workspace.nodes.values() if isinstance(node, kind)]

    def _live(self, kind: type[Any]) -> list[Any]:
        return [node for node in self._nodes(kind) if not self._notion.workspace.is_trashed(node)]

    def _blocks(self) -> list[Block]:
        return self._live(Block)

    def _pages(self) -> list[Page]:
        """All pages but the rows of the child database."""
        hours = set(self._notion.workspace.nodes[HOURS].children)
        return [page for page in self._live(Page) if page.parent not in hours]

    def _database_rows(self) -> list[Page]:
        hours = self._notion.workspace.get(
            self._notion.workspace.nodes[HOURS].children[0], DataSource
        )
        return [] if self._is_trashed(hours.id) else self._notion.workspace.rows(hours)


def _picked(found: list[Any], pick: int) -> Any:
    return found[pick % len(found)] if found else None


EDITS = sorted(
    name
    for name in vars(Author)
    if not name.startswith("_") and name not in ("do", "pause", "rows")
)
