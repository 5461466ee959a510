"""Vercel Blob over plain HTTPS: the SDK would cost every cold start a quarter of a second for one
request.

https://vercel.com/docs/vercel-blob; headers as in the official clients.
"""

from collections.abc import AsyncIterable, Collection
from http import HTTPStatus
from typing import Any

import httpx

from lib.errors import Misconfigured, TryLater

API_VERSION = "12"
MAX_AGE_SECONDS = 31_536_000
"""A copy never changes: its name is made of the file's identity."""


class Blob:
    """A store with public access, within one event loop."""

    def __init__(self, http: httpx.AsyncClient, api_url: str, token: str) -> None:
        self._http = http
        self._api_url = api_url
        self._headers = {"authorization": f"Bearer {token}", "x-api-version": API_VERSION}

    async def put_file(
        self, pathname: str, content: AsyncIterable[bytes], media_type: str, length: int | None
    ) -> str:
        """Keep a file under this very name and gives its public address. Raises `TryLater` and
        `Misconfigured`."""
        headers = {
            "x-vercel-blob-access": "public",
            "x-add-random-suffix": "0",
            "x-allow-overwrite": "1",
            "x-content-type": media_type,
            "x-cache-control-max-age": str(MAX_AGE_SECONDS),
        }
        if length is not None:
            headers["content-length"] = str(length)
        answer = await self._ask_store(
            "PUT", "/", params={"pathname": pathname}, headers=headers, content=content
        )
        try:
            url: str = answer.json()["url"]
        except (ValueError, KeyError, TypeError):
            raise TryLater("Vercel Blob gave an answer without an address") from None
        return url

    async def delete_files(self, urls: Collection[str]) -> None:
        """Delete files by their addresses; one that is not there counts as deleted."""
        await self._ask_store("POST", "/delete", json={"urls": list(urls)})

    async def _ask_store(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        try:
            answer = await self._http.request(
                method, f"{self._api_url}{path}", headers=self._headers | (headers or {}), **more
            )
        except httpx.HTTPError as trouble:
            raise TryLater(f"Vercel Blob gave no answer ({type(trouble).__name__})") from trouble
        if answer.status_code in (
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.NOT_FOUND,
        ):
            raise Misconfigured(
                f"Vercel Blob refused the token ({answer.status_code}): set BLOB_READ_WRITE_TOKEN"
                " to that of a store with public access"
            )
        if not answer.is_success:
            raise TryLater(f"Vercel Blob answered {answer.status_code}: {_reason_of(answer)}")
        return answer


def _reason_of(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
