"""Blob's API as `@vercel/blob` speaks it: put, copy, head, list, delete; and the public addresses
of the files.

The same commands, headers and error codes as the SDK's own source;
https://vercel.com/docs/vercel-blob.
"""

import asyncio
import base64
import json
import mimetypes
import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import quote, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dev.blob.store import JSON, Store, StoredFile

PUBLIC = "/public/"
LONGEST_PATHNAME = 950
DEFAULT_MAX_AGE = 30 * 86_400
SHORTEST_MAX_AGE = 60
MOST_LISTED = 1000

Answer = Callable[[Request], Awaitable[Response]]


class BlobError(Exception):
    """An error answer: `code` is the SDK's word for it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Api:
    """`home` is the address it is served at. So many answers as `failing` says are 503,
    `latency_seconds` holds every one back; `puts` are the pathnames that were put."""

    def __init__(self, token: str) -> None:
        self.home = ""
        self.store = Store()
        self.failing = 0
        self.latency_seconds = 0.0
        self.puts: list[str] = []
        self._token = token
        self.app = Starlette(
            routes=[
                Route("/", self._guarded(self._put), methods=["PUT"]),
                Route("/", self._guarded(self._look), methods=["GET"]),
                Route("/delete", self._guarded(self._delete), methods=["POST"]),
                Route(PUBLIC + "{pathname:path}", self._public, methods=["GET", "HEAD"]),
            ],
            exception_handlers={BlobError: _refused},
        )

    def reset(self) -> None:
        self.store.clear()
        self.puts.clear()
        self.failing, self.latency_seconds = 0, 0.0

    def _guarded(self, answer: Answer) -> Answer:
        async def guarded(request: Request) -> Response:
            if self.latency_seconds:
                await asyncio.sleep(self.latency_seconds)
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not secrets.compare_digest(given.encode(), self._token.encode()):
                raise BlobError(
                    403,
                    "forbidden",
                    "Access denied, please provide a valid token for this resource.",
                )
            if self.failing:
                self.failing -= 1
                raise BlobError(
                    503, "service_unavailable", "The blob service is currently not available."
                )
            return await answer(request)

        return guarded

    async def _put(self, request: Request) -> Response:
        pathname = request.query_params.get("pathname", "")
        headers = request.headers
        if not pathname or "//" in pathname or len(pathname) > LONGEST_PATHNAME:
            raise BlobError(400, "bad_request", "The pathname is missing, too long, or holds //.")
        if headers.get("x-vercel-blob-access") != "public":
            raise BlobError(400, "bad_request", "Cannot use private access on a public store.")
        if headers.get("x-add-random-suffix") == "1":
            pathname = _with_suffix(pathname)
        existing = self.store.get(pathname)
        if existing and headers.get("x-allow-overwrite") != "1":
            raise BlobError(
                400,
                "bad_request",
                "This blob already exists, use `allowOverwrite: true` to overwrite it.",
            )
        if (wanted := headers.get("x-if-match")) and (existing is None or existing.etag != wanted):
            raise BlobError(412, "precondition_failed", "Precondition failed: ETag mismatch.")
        content, kind = await self._content(request)
        kind = (
            headers.get("x-content-type")
            or kind
            or mimetypes.guess_type(pathname)[0]
            or "application/octet-stream"
        )
        max_age = max(
            SHORTEST_MAX_AGE, int(headers.get("x-cache-control-max-age") or DEFAULT_MAX_AGE)
        )
        file = self.store.put(pathname, content, kind, max_age)
        self.puts.append(pathname)
        return JSONResponse(self._described(file, "contentType", "contentDisposition"))

    async def _content(self, request: Request) -> tuple[bytes, str]:
        """The body, or for a copy the content and type of what is copied."""
        source = request.query_params.get("fromUrl")
        if source is None:
            return await request.body(), ""
        file = self._named(source)
        return file.content, file.media_type

    async def _look(self, request: Request) -> Response:
        query = request.query_params
        if "url" in query:
            file = self._named(query["url"])
            members = ("contentType", "contentDisposition", "cacheControl", "size", "uploadedAt")
            return JSONResponse(self._described(file, *members))
        return JSONResponse(self._listed(dict(query)))

    def _listed(self, query: dict[str, str]) -> JSON:
        prefix = query.get("prefix", "")
        limit = min(int(query.get("limit") or MOST_LISTED), MOST_LISTED)
        after = base64.urlsafe_b64decode(query.get("cursor") or "").decode()
        files = [file for file in self.store.list(prefix) if file.pathname > after]
        folders: list[str] = []
        if query.get("mode") == "folded":
            cut = re.compile(re.escape(prefix) + "[^/]*/")
            folders = sorted({found[0] for file in files if (found := cut.match(file.pathname))})
            files = [file for file in files if not cut.match(file.pathname)]
        shown, more = files[:limit], len(files) > limit
        answer: JSON = {
            "blobs": [self._described(file, "size", "uploadedAt") for file in shown],
            "hasMore": more,
            "folders": folders,
        }
        if more:
            answer["cursor"] = base64.urlsafe_b64encode(shown[-1].pathname.encode()).decode()
        return answer

    async def _delete(self, request: Request) -> Response:
        """What is not there counts as deleted, as in the service."""
        for named in json.loads(await request.body())["urls"]:
            self.store.delete(self._pathname(named))
        return JSONResponse(None)

    async def _public(self, request: Request) -> Response:
        file = self.store.get(request.path_params["pathname"])
        if file is None:
            return Response("Blob not found", 404, media_type="text/plain")
        how = "attachment" if request.query_params.get("download") == "1" else "inline"
        headers = {
            "cache-control": f"public, max-age={file.max_age}",
            "content-disposition": file.disposition(how),
            "content-type": file.media_type,
            "etag": file.etag,
            "x-content-type-options": "nosniff",
        }
        return Response(file.content, headers=headers)

    def _named(self, named: str) -> StoredFile:
        file = self.store.get(self._pathname(named))
        if file is None:
            raise BlobError(404, "not_found", "The requested blob does not exist")
        return file

    def _pathname(self, named: str) -> str:
        """The pathname of a public address, or of a pathname itself."""
        named = named.partition("?")[0]
        home = self.home + PUBLIC
        return unquote(named.removeprefix(home)) if named.startswith(home) else named

    def _described(self, file: StoredFile, *members: str) -> JSON:
        url = f"{self.home}{PUBLIC}{quote(file.pathname)}"
        more = {
            "contentType": file.media_type,
            "contentDisposition": file.disposition(),
            "cacheControl": f"public, max-age={file.max_age}",
            "size": len(file.content),
            "uploadedAt": (
                file.uploaded_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            ),
        }
        about = {
            "url": url,
            "downloadUrl": f"{url}?download=1",
            "pathname": file.pathname,
            "etag": file.etag,
        }
        return about | {name: more[name] for name in members}


def _with_suffix(pathname: str) -> str:
    stem, dot, ending = pathname.rpartition(".")
    suffix = secrets.token_urlsafe(16)
    return f"{stem}-{suffix}.{ending}" if dot and "/" not in ending else f"{pathname}-{suffix}"


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, BlobError)
    return JSONResponse({"error": {"code": error.code, "message": str(error)}}, error.status)
