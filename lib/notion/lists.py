"""Notion's paginated lists: one answer, and how far a list has been read.

A page that is short or empty is not the end, only `has_more` says: https://developers.notion.com/reference/intro.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec

from lib.errors import NotionAway, Unreadable
from lib.model import JSON

PAGE_SIZE = 100
RESTARTS = 3


class ListPage(msgspec.Struct, frozen=True):
    """One answer of a list endpoint. `capped`: Notion stopped at its limit of results, there is more to find."""

    results: list[JSON]
    next_cursor: str | None
    capped: bool
    property_item: JSON


class Progress(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far a list has been read. `restarts`: how often its cursor was dead."""

    cursor: str | None = None
    restarts: int = 0

    async def next_page(self, ask: Callable[[JSON], Awaitable[JSON]]) -> ListPage | None:
        """One request: the next page, or None where the cursor was dead and the list has to begin again.

        `ask` sends the request with the paging parameters it is given. Raises Unreadable and NotionAway.
        """
        try:
            answer = await ask({"page_size": PAGE_SIZE} | ({"start_cursor": self.cursor} if self.cursor else {}))
        except Unreadable as error:
            # A page came before, so it isn't the request that is wrong: what the cursor named is gone.
            if self.cursor is None or error.notion_status != HTTPStatus.BAD_REQUEST:
                raise
            self.begin_again()
            return None
        page = _list_page(answer, self.cursor)
        self.cursor = page.next_cursor
        return page

    def begin_again(self) -> None:
        """Forgets the cursor. Raises NotionAway when that happens too often in one reading."""
        self.cursor = None
        self.restarts += 1
        if self.restarts > RESTARTS:
            self.restarts = 0
            raise NotionAway(f"a list of Notion's changed under the reading {RESTARTS + 1} times (its cursor was gone)")


class Whole(Progress):
    """A list that is kept together until it has been read to its end."""

    results: list[JSON] = []

    async def read_on(self, ask: Callable[[JSON], Awaitable[JSON]]) -> ListPage | None:
        """One request; gives the last page once `results` are complete."""
        page = await self.next_page(ask)
        if page is None:
            return None
        self.results.extend(page.results)
        return page if page.next_cursor is None else None

    def begin_again(self) -> None:
        self.results = []
        super().begin_again()


def _list_page(answer: JSON, cursor: str | None) -> ListPage:
    results, next_cursor = answer.get("results"), answer.get("next_cursor")
    if not isinstance(results, list):
        raise NotionAway("Notion gave a list without results")
    if not answer.get("has_more"):
        next_cursor = None
    elif not isinstance(next_cursor, str) or next_cursor == cursor:
        raise NotionAway("Notion said that a list goes on, but not where")
    capped = (answer.get("request_status") or {}).get("type") == "incomplete"
    return ListPage(results, next_cursor, capped, answer.get("property_item") or {})
