"""Notion's endpoints, those that read: https://developers.notion.com/reference/intro.

    GET   databases/{id}                            GET   blocks/{id}
    GET   data_sources/{id}                         GET   blocks/{id}/children
    POST  data_sources/{id}/query                   GET   users, users/me, users/{id}
    GET   pages/{id}                                POST  search
    GET   pages/{id}/properties/{property_id}

Every handler answers from the workspace as it is at one moment. What else is asked for is
`invalid_request_url`.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dev.notion.asked import body_of, cursor, filter_properties, id_in_path
from dev.notion.errors import (
    NotionError,
    dead_cursor,
    invalid,
    invalid_request_url,
    not_found,
)
from dev.notion.files import SignedFiles
from dev.notion.nodes import JSON, Block, Database, DataSource, Node, Page
from dev.notion.objects import Objects
from dev.notion.odd import Odd
from dev.notion.paging import INCOMPLETE, QueryPages, listed, page_size, slice_of
from dev.notion.properties import LISTED, Properties
from dev.notion.rich_text import plain_text
from dev.notion.workspace import INTEGRATION, INTEGRATION_ID, Workspace

Kind = TypeVar("Kind", bound=Node)
Handler = Callable[[Request, JSON], JSON]

NAMES: dict[type[Node], str] = {
    Page: "page",
    Block: "block",
    Database: "database",
    DataSource: "data_source",
    Node: "block",
}


def json_response(body: JSON, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return _json(msgspec.json.encode(body), status, headers)


def _json(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers, "application/json; charset=utf-8")


class Api:
    """`app` is the ASGI application. A request's `state` carries `request_id`, `version` and
    `fault` ("" for none)."""

    def __init__(self, workspace: Workspace, files: SignedFiles, odd: Odd) -> None:
        self._workspace = workspace
        self._files = files
        self._odd = odd
        self._queries = QueryPages(workspace)
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/v1/databases/{database_id}", self._database),
            ("GET", "/v1/data_sources/{data_source_id}", self._data_source),
            ("POST", "/v1/data_sources/{data_source_id}/query", self._query),
            ("GET", "/v1/pages/{page_id}", self._page),
            ("GET", "/v1/pages/{page_id}/properties/{property_id:path}", self._property),
            ("GET", "/v1/blocks/{block_id}", self._block),
            ("GET", "/v1/blocks/{block_id}/children", self._children),
            ("GET", "/v1/users", self._users),
            ("GET", "/v1/users/me", self._me),
            ("GET", "/v1/users/{user_id}", self._user),
            ("POST", "/v1/search", self._search),
        ]
        self.app = Starlette(
            routes=[
                Route(path, self._endpoint(handler), methods=[method])
                for method, path, handler in routes
            ],
            exception_handlers={NotionError: _refused, HTTPException: _unknown},
        )

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await body_of(request)
            if request.state.fault == "dead-cursor":
                raise dead_cursor(str(cursor(request, body)))
            with self._workspace.lock:
                answer = {**handler(request, body), "request_id": request.state.request_id}
                return _json(self._odd.encoded(request.scope["path"], answer))

        return endpoint

    def _database(self, request: Request, body: JSON) -> JSON:
        return self._objects(request).database(self._readable_database(request))

    def _readable_database(self, request: Request) -> Database:
        database_id = id_in_path(request, "database_id")
        node = self._workspace.nodes.get(database_id)
        if (
            isinstance(node, Block)
            and node.linked_to is not None
            and self._workspace.is_visible(node)
        ):
            shown = self._workspace.find(node.linked_to, Database)
            if shown is None or not self._workspace.is_visible(shown):
                raise NotionError(
                    404,
                    "object_not_found",
                    f"Database with ID {database_id} does not contain any data sources accessible"
                    " by this API bot.",
                )
            raise invalid(
                f"Database with ID {database_id} is a linked database. Database retrievals do not"
                " support linked databases."
            )
        if isinstance(node, Page) and self._workspace.is_visible(node):
            raise invalid(
                f"Provided ID {database_id} is a page, not a database. Use the retrieve page API"
                " instead."
            )
        return self._found(request, "database_id", Database)

    def _data_source(self, request: Request, body: JSON) -> JSON:
        return self._objects(request).data_source(
            self._found(request, "data_source_id", DataSource)
        )

    def _query(self, request: Request, body: JSON) -> JSON:
        source = self._found(request, "data_source_id", DataSource)
        wanted = filter_properties(request, source)
        ids, next_cursor, cut = self._queries.page(source, body)
        if request.state.fault == "empty":
            ids, next_cursor, cut = [], None, False
        if request.state.fault == "incomplete":
            next_cursor, cut = None, True
        objects = self._objects(request)
        rows = [
            _with_properties(objects.page(self._workspace.get(row_id, Page)), wanted)
            for row_id in ids
        ]
        return listed(
            "page_or_data_source",
            rows,
            next_cursor,
            **({"request_status": INCOMPLETE} if cut else {}),
        )

    def _page(self, request: Request, body: JSON) -> JSON:
        page_id = id_in_path(request, "page_id")
        database = self._workspace.find(page_id, Database)
        if database is not None and self._workspace.is_visible(database):
            raise invalid(
                f"Provided ID {page_id} is a database, not a page. Use the retrieve database API"
                " instead."
            )
        page = self._found(request, "page_id", Page)
        return _with_properties(self._objects(request).page(page), filter_properties(request, None))

    def _property(self, request: Request, body: JSON) -> JSON:
        page = self._found(request, "page_id", Page)
        objects, properties = self._objects(request), Properties(self._workspace)
        reference = request.path_params["property_id"]
        column = properties.named(page, reference)
        if column is None:
            raise NotionError(
                404, "object_not_found", f"Could not find property with ID: {reference}."
            )
        kind = column["type"]
        if kind not in LISTED:
            return {
                "object": "property_item",
                **objects.shown(properties.one(page, column, whole=True)),
            }
        return self._property_items(request, page, column, objects)

    def _property_items(self, request: Request, page: Page, column: JSON, objects: Objects) -> JSON:
        """A list whose cursors are positions; the result of a rollup stands beside it."""
        kind = column["type"]
        items = objects.properties.items(page, column)
        positions, next_cursor = slice_of(
            [f"item-{position}" for position in range(len(items))],
            request.query_params.get("start_cursor"),
            page_size(request.query_params.get("page_size")),
        )
        results = [
            objects.shown(items[int(position.removeprefix("item-"))]) for position in positions
        ]
        next_url = (
            f"{request.url.replace(query='')}?start_cursor={next_cursor}" if next_cursor else None
        )
        summary: JSON = {}
        if kind == "rollup":
            summary = objects.shown(
                _summary(objects.properties.value(page, column), next_cursor is None)
            )
        item = {"id": column["id"], "next_url": next_url, "type": kind, kind: summary}
        return listed("property_item", results, next_cursor) | {"property_item": item}

    def _block(self, request: Request, body: JSON) -> JSON:
        return self._objects(request).block(self._found_block(request))

    def _children(self, request: Request, body: JSON) -> JSON:
        node = self._found_block(request)
        if isinstance(node, Block) and node.type == "unsupported":
            raise invalid(f"Block type {node.content['block_type']} is not supported via the API.")
        if isinstance(node, Block) and self._workspace.is_trashed(node):
            raise self._nowhere("block", node.id)
        query = request.query_params
        ids, next_cursor = slice_of(
            [] if request.state.fault == "empty" else self._ids_under(node),
            query.get("start_cursor"),
            page_size(query.get("page_size")),
        )
        objects = self._objects(request)
        return listed(
            "block",
            [objects.block(self._workspace.nodes[block_id]) for block_id in ids],
            next_cursor,
        )

    def _ids_under(self, node: Node) -> list[str]:
        """A synced copy lists its original's children only where that stands on the same page."""
        if isinstance(node, Database):
            return []
        original = self._workspace.nodes.get(self._workspace.original_of(node) or "")
        if original is not None and self._workspace.page_of(original) == self._workspace.page_of(
            node
        ):
            node = original
        return [child.id for child in self._workspace.live_children(node)]

    def _users(self, request: Request, body: JSON) -> JSON:
        query = request.query_params
        ids, next_cursor = slice_of(
            list(self._workspace.users),
            query.get("start_cursor"),
            page_size(query.get("page_size")),
        )
        return listed("user", [self._workspace.users[user_id] for user_id in ids], next_cursor)

    def _me(self, request: Request, body: JSON) -> JSON:
        return self._objects(request).bot()

    def _user(self, request: Request, body: JSON) -> JSON:
        user_id = id_in_path(request, "user_id")
        if user_id not in self._workspace.users:
            raise self._nowhere("user", user_id)
        return self._workspace.users[user_id]

    def _search(self, request: Request, body: JSON) -> JSON:
        """Pages and data sources whose title holds the query, the last edited first."""
        wanted = (body.get("filter") or {}).get("value")
        objects = self._objects(request)
        found = [
            node
            for node in self._workspace.nodes.values()
            if isinstance(node, (Page, DataSource))
            and wanted in (None, NAMES[type(node)])
            and (body.get("query") or "").lower() in _title(node).lower()
            and self._workspace.is_visible(node)
            and not self._workspace.is_trashed(node)
        ]
        ascending = (body.get("sort") or {}).get("direction") == "ascending"
        found.sort(key=lambda node: node.edited, reverse=not ascending)
        ids, next_cursor = slice_of(
            [node.id for node in found], body.get("start_cursor"), page_size(body.get("page_size"))
        )
        shown = {node.id: node for node in found}
        results = [
            objects.page(node)
            if isinstance(node := shown[found_id], Page)
            else objects.data_source(node)
            for found_id in ids
        ]
        return listed("page_or_data_source", results, next_cursor)

    def _objects(self, request: Request) -> Objects:
        return Objects(self._workspace, self._files.address, request.state.version)

    def _found_block(self, request: Request) -> Node:
        node = self._found(request, "block_id", Node)
        if isinstance(node, DataSource):
            raise self._nowhere("block", node.id)
        return node

    def _found(self, request: Request, parameter: str, kind: type[Kind]) -> Kind:
        found_id = id_in_path(request, parameter)
        node = self._workspace.find(found_id, kind)
        if node is None or not self._workspace.is_visible(node):
            raise self._nowhere(NAMES[kind], found_id)
        return node

    def _nowhere(self, kind: str, asked_id: str) -> NotionError:
        return not_found(kind, asked_id, INTEGRATION, INTEGRATION_ID)


def _with_properties(page: JSON, wanted: list[str] | None) -> JSON:
    if wanted is None:
        return page
    kept = {
        name: member
        for name, member in page["properties"].items()
        if name in wanted or unquote(member["id"]) in wanted
    }
    return {**page, "properties": kept}


def _summary(rollup: JSON, is_last: bool) -> JSON:
    """What stands beside the items of a rollup: its result on the last page, but of a list the
    items are the result."""
    if not is_last:
        return {"type": "incomplete", "incomplete": {}, "function": rollup["function"]}
    return {**rollup, "array": []} if rollup["type"] == "array" else rollup


def _title(node: Page | DataSource) -> str:
    return plain_text(node.title if isinstance(node, DataSource) else node.values.get("title", []))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotionError)
    return json_response(error.body(request.state.request_id), error.status, error.headers)


async def _unknown(request: Request, error: Exception) -> Response:
    return await _refused(request, invalid_request_url())
