"""Notion's paginated lists: one answer, and how far a list has been read.

A page that is short or empty is not the end, only `has_more` says:
https://developers.notion.com/reference/intro.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec

from lib.errors import NotionAway, Unreadable
from lib.model import JSON

PAGE_SIZE = 100
RESTARTS = 3


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a list endpoint, its results as Notion gave them."""

    results: list[Any]
    next_cursor: str | None
    is_capped: bool
    """Notion stopped at its limit of results: there is more to find."""
    is_torn: bool
    """Notion says that the list goes on, but not where."""
    property_item: JSON


class Cursor(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far a list has been read. `restarts`: how often its cursor was dead."""

    cursor: str | None = None
    restarts: int = 0

    async def next_page(self, ask: Callable[[JSON], Awaitable[JSON]]) -> ListPage | None:
        """One request: the next page, or None where the cursor was dead and the list has to begin
        again.

        `ask` sends the request with the paging parameters it is given. Raises Unreadable and
        NotionAway.
        """
        try:
            answer = await ask(
                {"page_size": PAGE_SIZE} | ({"start_cursor": self.cursor} if self.cursor else {})
            )
        except Unreadable as error:
            # A page came before, so it isn't the request that is wrong: what the cursor named is
            # gone.
            if self.cursor is None or error.notion_status != HTTPStatus.BAD_REQUEST:
                raise
            self.begin_again()
            return None
        page = list_page(answer, self.cursor)
        self.cursor = page.next_cursor
        return page

    def begin_again(self) -> None:
        """Forget the cursor. Raises NotionAway when that happens too often in one reading."""
        self.cursor = None
        self.restarts += 1
        if self.restarts > RESTARTS:
            self.restarts = 0
            raise NotionAway(
                f"a list of Notion's changed under the reading {RESTARTS + 1} times (its cursor was"
                " gone)"
            )


class Whole(Cursor):
    """A list that is kept together until it has been read to its end."""

    results: list[JSON] = []

    async def read_on(
        self, ask: Callable[[JSON], Awaitable[JSON]], sound: Callable[[list[Any]], list[JSON]]
    ) -> ListPage | None:
        """Send one request; return the last page once `results` are complete. `sound` takes results
        over the border.

        Raises Unreadable where the list goes on and Notion does not say where: it would be a
        shorter one.
        """
        page = await self.next_page(ask)
        if page is None:
            return None
        if page.is_torn:
            raise Unreadable("Notion said that a list goes on, but not where", HTTPStatus.OK)
        self.results.extend(sound(page.results))
        return page if page.next_cursor is None else None

    def begin_again(self) -> None:
        self.results = []
        super().begin_again()


def list_page(answer: JSON, cursor: str | None) -> ListPage:
    """Return an answer to a request that went on from `cursor`. Raises Unreadable where it is no
    list."""
    results, next_cursor = answer.get("results"), answer.get("next_cursor")
    if not isinstance(results, list):
        raise Unreadable("Notion gave a list without results", HTTPStatus.OK)
    goes_on = bool(answer.get("has_more"))
    is_torn = goes_on and (
        not isinstance(next_cursor, str) or not next_cursor or next_cursor == cursor
    )
    request_status, property_item = answer.get("request_status"), answer.get("property_item")
    return ListPage(
        results=results,
        next_cursor=next_cursor if goes_on and not is_torn else None,
        is_capped=isinstance(request_status, dict) and request_status.get("type") == "incomplete",
        is_torn=is_torn,
        property_item=property_item if isinstance(property_item, dict) else {},
    )
