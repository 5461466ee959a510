"""Vercel's own SDK works with the stand-in as it does with the service."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from dev.blob import BlobStandIn

CLIENTS = Path(__file__).parents[2] / "clients"


@pytest.fixture
def blob() -> Iterator[BlobStandIn]:
    with BlobStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def report(blob: BlobStandIn, lacking: Callable[[str, str], NoReturn]) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules/@vercel/blob").is_dir():
        lacking("@vercel/blob", "install node, then `npm ci` in tests/clients")
    environ = os.environ | {"VERCEL_BLOB_API_URL": blob.url, "BLOB_READ_WRITE_TOKEN": blob.token}
    answer = subprocess.run(
        [node, "blob.mjs"], cwd=CLIENTS, env=environ, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_the_official_sdk_puts_reads_lists_and_deletes(
    report: dict[str, Any], blob: BlobStandIn
) -> None:
    assert report["put"]["pathname"] == "a/été 1.txt"
    assert report["read"] == {"status": 200, "type": "text/plain", "text": "hello"}
    assert (report["head"]["size"], report["head"]["contentType"]) == (5, "text/plain")
    assert report["head"]["cacheControl"] == "public, max-age=2592000"
    assert report["again"] == "BlobError"
    assert report["reread"]["text"] == "other"
    assert (
        report["suffixed"]["pathname"].startswith("a/b-")
        and report["suffixed"]["contentType"] == "image/png"
    )
    assert report["streamed"]["text"] == "streamed away"
    assert report["copied"]["contentType"] == "text/plain"
    assert report["first"]["hasMore"] and not report["second"]["hasMore"]
    assert (
        len({one["pathname"] for page in ("first", "second") for one in report[page]["blobs"]}) == 4
    )
    assert report["folded"]["folders"] == ["a/", "c/", "d/"]
    assert report["prefixed"] == ["d/copy.txt"]
    assert report["gone"]["status"] == 404
    assert report["missing"] == "BlobNotFoundError"
    assert report["left"] == [report["suffixed"]["pathname"], "d/copy.txt"]
    assert report["stranger"] == "BlobAccessError"


def test_a_file_is_served_with_what_its_writer_said(blob: BlobStandIn) -> None:
    headers = {
        "authorization": f"Bearer {blob.token}",
        "x-vercel-blob-access": "public",
        "x-content-type": "image/png",
        "x-cache-control-max-age": "600",
    }
    put = httpx.put(
        blob.url, params={"pathname": "x/y.png"}, headers=headers, content=b"1", trust_env=False
    ).json()

    answer = httpx.get(put["downloadUrl"], trust_env=False)
    assert answer.headers["cache-control"] == "public, max-age=600"
    assert answer.headers["content-disposition"] == 'attachment; filename="y.png"'
    assert (answer.headers["content-type"], blob.puts) == ("image/png", ["x/y.png"])


def test_it_fails_and_dawdles_when_told_to(blob: BlobStandIn) -> None:
    blob.fail(1)
    headers = {"authorization": f"Bearer {blob.token}"}
    assert [
        httpx.get(blob.url, headers=headers, trust_env=False).status_code for _ in range(2)
    ] == [503, 200]
    blob.hold_back(0.1)
    assert httpx.get(blob.url, headers=headers, trust_env=False).elapsed.total_seconds() >= 0.1
