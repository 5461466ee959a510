"""What Notion shows at this moment, and since when: which pages are to be published, and which are
not."""

from collections.abc import Callable, Iterable
from datetime import datetime

from dev.notion import truth
from dev.notion.nodes import Page
from dev.notion.workspace import Workspace

TURN_SECONDS = 5.0
"""Notion's clock can't be read more exactly: so long before and after a date either may be."""


class Standing:
    """`look` takes note of the workspace after an edit, and after a date; all times are true epoch
    seconds, but `notion_now` is Notion's own."""

    def __init__(
        self, workspace: Workspace, now: Callable[[], float], notion_now: Callable[[], datetime]
    ) -> None:
        self._workspace, self._now, self._notion_now = workspace, now, notion_now
        self.published: set[str] = set()
        """Pages that are to be published as they are."""
        self._worthy: dict[str, float] = {}
        self._hidden: dict[str, float] = {}

    def look(self, databases: Iterable[str], paused: Iterable[str]) -> None:
        """`paused` are pages of which nobody can say whether they are to be published."""
        worthy = set(truth.published_pages(self._workspace, databases, self._notion_now()))
        pages = {id for id, node in self._workspace.nodes.items() if isinstance(node, Page)}
        self.published = worthy
        unclear = set(paused) | self._below_paused(pages)
        now = self._now()
        self._worthy = {id: self._worthy.get(id, now) for id in worthy - unclear}
        self._hidden = {id: self._hidden.get(id, now) for id in pages - worthy - unclear}

    def worthy_since(self, page: str) -> float | None:
        return self._worthy.get(page)

    def hidden_since(self, page: str) -> float | None:
        return self._hidden.get(page)

    def _below_paused(self, pages: set[str]) -> set[str]:
        workspace = self._workspace
        paused = {id for id in pages if self.is_paused(workspace.get(id, Page))}
        return {
            id
            for id in pages
            if any(above.id in paused for above in workspace.up(workspace.nodes[id]))
        }

    def is_paused(self, page: Page) -> bool:
        sync = self._workspace.schema_of(page).get("sync")
        return (
            bool(sync)
            and (page.values.get((sync or {}).get("id", "")) or {}).get("name") == "paused"
        )
