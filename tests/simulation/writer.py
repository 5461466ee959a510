"""Somebody who writes in the workspace, as the author of the process tier does, and does some
more."""

from dev.notion.nodes import Database, DataSource, Page
from tests.stack.histories.author import TITLES, Author
from tests.stack.histories.workspace import HOURS

MORE_SLUGS = (
    "two words",
    " home ",
    "Home",
    "home/about",
    "home/team/ada",
    "a/b/",
    "seals",
    "storm",
)


class Writer(Author):
    """Knows of sources, and of pages that stand below others."""

    def published(self) -> list[Page]:
        """Pages that stand in a source, or below a row of one."""
        homes = set(self._homes())
        workspace = self._notion.workspace
        return [
            page
            for page in self._pages()
            if any(above.parent in homes for above in workspace.up(page))
        ]

    def depth(self, page: Page) -> int:
        """0 for a row, 1 for its child page, …"""
        number = 0
        for above in self._notion.workspace.up(page):
            if above.parent in self._homes():
                return number
            number += isinstance(above, Page)
        return 0

    def name(self, pick: int, how: int) -> None:
        """Only what is shared: the title of a child page that isn't stands on its parent alone,
        which no time tells."""
        pages = [page for page in self._pages() if self._notion.workspace.is_visible(page)]
        if pages:
            self._edit.set_title(pages[pick % len(pages)].id, TITLES[how % len(TITLES)])

    def set_odd_slug(self, pick: int, how: int) -> None:
        """White space, slashes at the ends, the slug of a descendant."""
        if (rows := self.rows()) and (row := rows[pick % len(rows)]):
            self._edit.set_property(row.id, "slug", MORE_SLUGS[how % len(MORE_SLUGS)])

    def move_to_the_other_source(self, pick: int, how: int) -> None:
        if rows := self.rows():
            row = rows[pick % len(rows)]
            homes = [home for home in self._homes() if home != row.parent]
            self._touch(row)
            self._edit.move(row.id, homes[how % len(homes)])

    def move_into_a_row(self, pick: int, how: int) -> None:
        """A row becomes a child page of another one."""
        rows = self.rows()
        others = [row for row in rows if not self._is_paused(row)]
        if row := rows[pick % len(rows)] if rows else None:
            others = [other for other in others if other.id != row.id]
        if row and others:
            self._touch(row)
            if self._is_paused(row):  # a child page has no property that says so
                self.pause(row, paused=False)
            self._edit.move(row.id, others[how % len(others)].id)

    def move_out_to_a_source(self, pick: int, how: int) -> None:
        """A child page becomes a row."""
        children = [page for page in self.published() if page.parent not in self._homes()]
        if children:
            page = children[pick % len(children)]
            homes = self._homes()
            self._touch(page)
            self._edit.move(page.id, homes[how % len(homes)])

    def edit_a_grandchild(self, pick: int, how: int) -> None:
        pages = [page for page in self.published() if self.depth(page) >= 2]
        if pages:
            self._edit.append_blocks(pages[pick % len(pages)].id, [{"paragraph": self._words()}])

    def lead_to_a_page(self, pick: int, how: int) -> None:
        """A link to another page, which may be published or not; rewriting the paragraph takes it
        away."""
        pages, all_pages = self.published(), self._pages()
        if pages:
            target = all_pages[how % len(all_pages)]
            link = {"text": self._words(), "link": f"/{target.id.replace('-', '')}"}
            self._edit.append_blocks(pages[pick % len(pages)].id, [{"paragraph": [link]}])

    def edit_a_family(self, pick: int, how: int) -> None:
        """A row and everything below it, in one go."""
        rows = self.rows()
        if rows:
            row = rows[pick % len(rows)]
            workspace = self._notion.workspace
            for page in self.published():
                if any(above.id == row.id for above in workspace.up(page)):
                    self._edit.append_blocks(page.id, [{"paragraph": self._words()}])

    def edit_everything(self, pick: int, how: int) -> None:
        """Every page of the site, within a moment."""
        for page in self.published():
            self._edit.append_blocks(page.id, [{"paragraph": self._words()}])

    def add_many_rows(self, pick: int, how: int) -> None:
        """An import: more rows than the queue delivers at once."""
        for number in range(16):
            self._edit.create_row(
                self._source(pick), {"Name": f"Row {how}-{number}"}, [{"paragraph": self._words()}]
            )

    def rename_database(self, pick: int, how: int) -> None:
        """Only where it is shared: else its title stands on its page alone, which no time and no
        watching tells."""
        workspace = self._notion.workspace
        database = workspace.get(HOURS, Database)
        if workspace.is_visible(database) and not database.in_trash:
            self._edit.set_title(HOURS, f"Hours {how}")

    def rename_a_column(self, pick: int, how: int) -> None:
        """Of a child database without rows, which no listing of rows shows."""
        plans = [node for node in self._live(Database) if node.title[0]["plain_text"] == "Plans"]
        if plans:
            source = self._notion.workspace.get(plans[0].children[0], DataSource)
            name = next(
                name for name, column in source.schema.items() if column["type"] == "number"
            )
            self._edit.rename_property(source.id, name, f"Amount {how}")
        elif rows := self.rows():
            row = rows[pick % len(rows)]
            self._edit.create_database(row.id, "Plans", {"Name": "title", "Amount": "number"})

    def rename_and_edit_below(self, pick: int, how: int) -> None:
        """A row gets another slug, and a page below one of its child pages is edited."""
        pages = [page for page in self.published() if self.depth(page) >= 2]
        if pages:
            page = pages[pick % len(pages)]
            row = next(
                above for above in self._notion.workspace.up(page) if above.parent in self._homes()
            )
            self._edit.set_property(row.id, "slug", f"moved-{how % 3}")
            self._edit.append_blocks(page.id, [{"paragraph": self._words()}])

    def plant_unshared_databases(self, pick: int, how: int) -> None:
        """A row shows a dozen databases that are not shared."""
        if rows := self.rows():
            row = rows[pick % len(rows)]
            for number in range(12):
                id = self._edit.create_database(row.id, f"Closed {number}", {"Name": "title"})
                self._edit.unshare(id)

    def ask_for_a_slug_below(self, pick: int, how: int) -> None:
        """A row asks for the address at which one of its own child pages stands."""
        workspace, rows = self._notion.workspace, {row.id: row for row in self.rows()}
        pairs = [
            (rows[above[1].id], page)
            for page in self.published()
            if len(above := [one for one in workspace.up(page) if isinstance(one, Page)]) > 1
            and above[1].id in rows
        ]
        if pairs:
            row, page = pairs[pick % len(pairs)]
            title = "".join(text["plain_text"] for text in page.values["title"]).lower()
            self._edit.set_property(row.id, "slug", f"{self._slug(row)}/{title}")
