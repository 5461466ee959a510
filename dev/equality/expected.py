"""What stands in a workspace, as a site must find it."""

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from slugify import slugify

from dev.equality.addresses import Addresses
from dev.equality.properties import flat, named, title
from dev.notion import truth
from dev.notion.nodes import JSON, Database, DataSource, Page
from dev.notion.rich_text import plain_text
from dev.notion.workspace import Workspace


class Expected:
    """Slugs are not told here but taken from what is published: who has which one depends on what
    was there before.

    `sources` are the databases' ids by the sources' names.
    """

    def __init__(
        self, workspace: Workspace, sources: Mapping[str, str], addresses: Addresses
    ) -> None:
        self._workspace, self._addresses = workspace, addresses
        self._homes = {
            workspace.nodes[database].children[0]: name for name, database in sources.items()
        }

    def meta(self, page_id: str, given: JSON, slugs: Mapping[str, str]) -> JSON:
        """A page's `meta`. `given` is what is published, of which the slugs are taken over; `slugs`
        are those of all published pages, by id."""
        page = truth.expected_page(self._workspace, page_id)
        row, source = self._row_of(page_id)
        visibility = named(truth.expected_page(self._workspace, row)["properties"], "visibility")
        return {
            "id": page_id,
            "slug": given["slug"],
            "title": title(page),
            "source": source,
            "visibility": (visibility and visibility["name"]) or "public",
            "lastEdited": page["last_edited_time"],
            "createdTime": page["created_time"],
            "icon": self._addresses.of_icon(page["icon"], page_id),
            "cover": self._addresses.of_file(page["cover"], page_id),
            "url": page["url"],
            "properties": self._properties(page),
            "childPages": self._child_pages(page_id, given, slugs),
            "parent": self.parent(page_id),
        }

    def blocks(self, page_id: str) -> list[JSON]:
        """A page's blocks with the lasting addresses of their files, and of people their names and
        ids only."""
        settled: list[JSON] = self._addresses.settled(truth.tree(self._workspace, page_id))
        return [_without_contacts(block) for block in settled]

    def database(self, database_id: str) -> JSON:
        """A database that stands on a page, with its rows by id; all but `syncedAt`."""
        database = self._workspace.get(database_id, Database)
        sources = [self._workspace.get(source, DataSource) for source in database.children]
        rows = [
            row for source in sources for row in truth.expected_rows(self._workspace, source.id)
        ]
        return {
            "id": database_id,
            "title": plain_text(database.title),
            "properties": {
                name: column for source in sources for name, column in source.schema.items()
            },
            "items": [
                {
                    "id": row["id"],
                    "lastEdited": row["last_edited_time"],
                    "icon": self._addresses.of_icon(row["icon"], row["id"]),
                    "cover": self._addresses.of_file(row["cover"], row["id"]),
                    "properties": self._properties(row),
                }
                for row in sorted(rows, key=lambda row: str(row["id"]))
            ],
        }

    def slug(self, page_id: str, slugs: Mapping[str, str]) -> str:
        """The one that a page asks for, whoever has it; `slugs` are those of the published pages,
        by id."""
        page = truth.expected_page(self._workspace, page_id)
        bare = page_id.replace("-", "")
        if (parent := self.parent(page_id)) is not None:
            return f"{slugs.get(parent, '?')}/{slugify(title(page)) or bare}"
        written = plain_text(named(page["properties"], "slug") or [])
        segments = ("-".join(segment.split()) for segment in normalize("NFC", written).split("/"))
        return "/".join(filter(None, segments)) or slugify(title(page)) or bare

    def age(self, page_id: str) -> tuple[str, str]:
        """Orders pages: of two that ask for one slug, the one that comes first has it."""
        return self.created(page_id), page_id

    def created(self, page_id: str) -> str:
        time: str = truth.expected_page(self._workspace, page_id)["created_time"]
        return time

    def parent(self, page_id: str) -> str | None:
        """The page that a child page stands on; None for a row."""
        parent = self._workspace.nodes[self._workspace.nodes[page_id].parent or ""]
        page = self._workspace.page_of(parent)
        return None if isinstance(parent, DataSource) or page is None else page.id

    def name(self, page_id: str) -> str:
        """For people who look for the page."""
        node = self._workspace.nodes[page_id]
        return f"{_title_of(node)} ({page_id})" if isinstance(node, Page) else page_id

    def _properties(self, page: JSON) -> JSON:
        return flat(page, lambda file: self._addresses.of_file(file, page["id"]))

    def _child_pages(self, page_id: str, given: JSON, slugs: Mapping[str, str]) -> list[JSON]:
        """The slug of one that is not published is what was taken down."""
        known = {child["id"]: child["slug"] for child in given["childPages"]} | dict(slugs)
        page = self._workspace.get(page_id, Page)
        children = filter(self._workspace.is_visible, truth.child_pages(self._workspace, page))
        return [
            {"id": child.id, "slug": known.get(child.id), "title": _title_of(child)}
            for child in children
        ]

    def _row_of(self, page_id: str) -> tuple[str, str]:
        """The row that a page stands below (itself, mostly) and the name of its source."""
        pages = [
            node
            for node in self._workspace.up(self._workspace.nodes[page_id])
            if isinstance(node, Page)
        ]
        return next(
            (page.id, self._homes[page.parent]) for page in pages if page.parent in self._homes
        )


def _title_of(page: Page) -> str:
    return " ".join(plain_text(page.values.get("title", [])).split())


def _without_contacts(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_contacts(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = ("object", "id", "name")
    shown = (
        {name: value[name] for name in known if name in value}
        if value.get("object") == "user"
        else value
    )
    return {name: _without_contacts(member) for name, member in shown.items()}
