"""What goes to Vercel Blob, and what its answers mean."""

from collections.abc import AsyncIterator

import httpx
import pytest
import respx

from dev.blob import BlobStandIn
from lib.errors import Misconfigured, TryLater
from lib.store.blob import Blob

API = "https://blob.example/api"


async def pieces() -> AsyncIterator[bytes]:
    yield b"one "
    yield b"two"


@pytest.mark.parametrize("length", [7, None])
async def test_a_file_is_put_under_its_very_name_and_read_at_its_address(
    length: int | None,
) -> None:
    with BlobStandIn() as store:
        async with httpx.AsyncClient(trust_env=False) as http:
            blob = Blob(http, store.url, store.token)
            url = await blob.put_file("notion/0f/a.txt", pieces(), "text/plain", length)
            assert await blob.put_file("notion/0f/a.txt", pieces(), "text/plain", length) == url
            answer = await http.get(url)
            assert (answer.content, answer.headers["content-type"]) == (b"one two", "text/plain")
            assert answer.headers["cache-control"] == "public, max-age=31536000"
            await blob.delete_files([url])
            await blob.delete_files([url])
            assert (await http.get(url)).status_code == 404


@respx.mock
async def test_the_request_is_the_official_clients() -> None:
    route = respx.put(f"{API}/").respond(json={"url": "https://s.public.blob.example/notion/a.txt"})
    async with httpx.AsyncClient() as http:
        await Blob(http, API, "vercel_blob_rw_s_secret").put_file(
            "notion/a.txt", pieces(), "image/png", 7
        )

    request = route.calls.last.request
    assert dict(request.url.params) == {"pathname": "notion/a.txt"}
    expected = {
        "authorization": "Bearer vercel_blob_rw_s_secret",
        "x-api-version": "12",
        "x-vercel-blob-access": "public",
        "x-add-random-suffix": "0",
        "x-allow-overwrite": "1",
        "x-content-type": "image/png",
        "content-length": "7",
    }
    assert {name: request.headers[name] for name in expected} == expected


@respx.mock
@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (httpx.Response(403), Misconfigured, "BLOB_READ_WRITE_TOKEN"),
        (httpx.Response(404), Misconfigured, "BLOB_READ_WRITE_TOKEN"),
        (httpx.Response(503, json={"error": {"message": "busy"}}), TryLater, "503: busy"),
        (httpx.Response(429, text="<html>"), TryLater, "429: no reason given"),
        (httpx.Response(200, text="<html>"), TryLater, "without an address"),
        (httpx.Response(200, json=[]), TryLater, "without an address"),
        (httpx.ConnectError("down"), TryLater, "ConnectError"),
    ],
)
async def test_a_failure_says_what_it_was(
    answer: httpx.Response | Exception, error: type[Exception], reason: str
) -> None:
    respx.put(f"{API}/").mock(side_effect=[answer])
    async with httpx.AsyncClient() as http:
        with pytest.raises(error, match=reason) as trouble:
            await Blob(http, API, "vercel_blob_rw_s_secret").put_file(
                "a", pieces(), "text/plain", 7
            )
    assert "secret" not in str(trouble.value)
