"""Speaks Notion's version 2022-06-28 before a stand-in that begins at 2025-09-03, for peers that
know no newer one.

The version in the header is raised; `databases/{id}/query` becomes its data source's; in answers a
data source is the database again. Each request is passed on as one.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dev.notion import NotionStandIn
from dev.notion.ids import resolved
from dev.notion.nodes import Database

VERSION = "2025-09-03"
QUERY = re.compile(r"/v1/databases/([^/]+)/query")


class Edge:
    """An ASGI app that passes everything on to `notion`."""

    def __init__(self, notion: NotionStandIn) -> None:
        self._notion = notion
        self._http = httpx.AsyncClient(
            base_url=notion.url, trust_env=False, timeout=None, verify=False
        )
        self.app = Starlette(
            routes=[Route("/{path:path}", self._pass, methods=["GET", "POST"])], lifespan=self._open
        )

    @asynccontextmanager
    async def _open(self, app: Starlette) -> AsyncIterator[None]:
        async with self._http:
            yield

    async def _pass(self, request: Request) -> Response:
        body = await request.body()
        path = QUERY.sub(
            lambda found: f"/v1/data_sources/{self._source(found[1])}/query", request.url.path
        )
        if path == "/v1/search":
            body = body.replace(b'"database"', b'"data_source"')
        headers = {
            "authorization": request.headers.get("authorization", ""),
            "content-type": request.headers.get("content-type", "application/json"),
            "notion-version": VERSION,
        }
        answer = await self._http.request(
            request.method, path, params=request.query_params, content=body, headers=headers
        )
        kept = {
            name: answer.headers[name]
            for name in ("content-type", "retry-after")
            if name in answer.headers
        }
        return Response(_older(answer), answer.status_code, kept)

    def _source(self, database_id: str) -> str:
        return self._notion.workspace.get(resolved(database_id), Database).children[0]


def _older(answer: httpx.Response) -> bytes:
    """The answer as it was before there were data sources."""
    if "json" not in answer.headers.get("content-type", ""):
        return answer.content
    body = answer.json()
    for item in [body, *body.get("results", [])]:
        _put_back(item)
    return msgspec.json.encode(body)


def _put_back(item: dict[str, Any]) -> None:
    parent = item.get("parent") or {}
    if parent.get("type") == "data_source_id":
        item["parent"] = {"type": "database_id", "database_id": parent["database_id"]}
    if item.get("object") == "data_source":
        item["object"], item["id"] = "database", parent["database_id"]
        item["parent"] = item.pop("database_parent", {"type": "workspace", "workspace": True})
    if item.get("object") == "database":
        item.setdefault("properties", {})
