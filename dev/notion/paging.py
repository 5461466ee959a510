"""Lists that Notion gives in pages: sizes, cursors, and where a cursor leads."""

import threading
from typing import Any

from dev.notion.errors import dead_cursor, invalid
from dev.notion.ids import dashed, new_id
from dev.notion.nodes import JSON, DataSource, Page
from dev.notion.query import Query
from dev.notion.workspace import Workspace

PAGE_SIZE = 100

INCOMPLETE: JSON = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}


def page_size(given: Any) -> int:
    """A size as a request gives it; 0 and more than 100 are read as 100. Raises
    validation_error."""
    if given is None:
        return PAGE_SIZE
    try:
        size = int(given)
    except (TypeError, ValueError):
        raise invalid(f"page_size should be a number, instead was `{given!r}`.") from None
    return size if 0 < size <= PAGE_SIZE else PAGE_SIZE


def slice_of(ids: list[str], cursor: str | None, size: int) -> tuple[list[str], str | None]:
    """One page of a list whose cursors are the ids of its items: the ids on it, and the next page's
    cursor."""
    start = 0
    if cursor is not None:
        if dashed(cursor) not in ids:
            raise dead_cursor(cursor)
        start = ids.index(dashed(cursor))
    end = start + size
    return ids[start:end], ids[end] if end < len(ids) else None


def listed(kind: str, results: list[JSON], next_cursor: str | None, **more: Any) -> JSON:
    """A list object; `kind` is the type of what is in it."""
    return {
        "object": "list",
        "results": results,
        "next_cursor": next_cursor,
        "has_more": next_cursor is not None,
        "type": kind,
        kind: {},
        **more,
    }


class QueryPages:
    """The pages of queries. A cursor is `s:<session>:<id of the next row>`; it is dead when that
    row is no result.

    Results are looked up again for every page, so that rows which move meanwhile are met twice or
    missed as they would be at Notion. What a query led to is remembered as long as nothing in the
    workspace changes.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._sessions: set[str] = set()
        self._found: dict[str, list[str]] = {}
        self._found_at = -1

    def page(self, source: DataSource, body: JSON) -> tuple[list[str], str | None, bool]:
        """The ids of the rows, the next cursor, and whether Notion's limit of results cuts the
        query short."""
        ids = self._results(source, body)
        limit = self._workspace.query_limit
        within = ids[:limit]
        cursor = body.get("start_cursor")
        session, row = self._parsed(cursor) if cursor is not None else (new_id(), None)
        if row is not None and row not in within:
            raise dead_cursor(str(cursor))
        found, following = slice_of(within, row, page_size(body.get("page_size")))
        with self._lock:
            self._sessions.add(session)
        return found, f"s:{session}:{following}" if following else None, len(ids) > limit

    def _parsed(self, cursor: Any) -> tuple[str, str]:
        word, _, rest = str(cursor).partition(":")
        session, _, row = rest.partition(":")
        with self._lock:
            known = session in self._sessions
        if word != "s" or not known:
            raise dead_cursor(str(cursor))
        return session, row

    def _results(self, source: DataSource, body: JSON) -> list[str]:
        asked = {
            name: body.get(name)
            for name in ("filter", "sorts", "in_trash", "archived", "is_archived")
        }
        key = f"{source.id} {asked} {self._workspace.choices}"
        with self._lock:
            if self._found_at != self._workspace.revision:
                self._found, self._found_at = {}, self._workspace.revision
            if key not in self._found:
                query = Query(self._workspace, source, asked["filter"], asked["sorts"] or [])
                self._found[key] = query.ids(self._rows(source, asked))
            return self._found[key]

    def _rows(self, source: DataSource, asked: JSON) -> list[Page]:
        """The rows a query looks at: those that are there, or only the trashed or the archived
        ones."""
        rows = [self._workspace.get(row_id, Page) for row_id in source.children]
        if asked["in_trash"] or asked["archived"]:
            rows = [row for row in rows if row.in_trash]
        else:
            rows = [
                row
                for row in rows
                if not row.in_trash and row.archived == bool(asked["is_archived"])
            ]
        return [row for row in rows if self._workspace.is_visible(row)]
