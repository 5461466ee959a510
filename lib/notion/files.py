"""Notion-hosted files: which addresses are Notion's own, and reading one, from nowhere else."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import httpx

from lib.errors import NotionAway, Unreadable

PLAIN = {"accept-encoding": "identity"}
"""The bytes themselves, as they were uploaded."""
TIMEOUT = httpx.Timeout(10.0, connect=5.0)

_PLAIN = re.compile(r"[!-\[\]-~]+")
"""Printable ASCII without blanks and backslashes, which browsers take for slashes."""


class FileHosts:
    """The hosts that files may come from: `host`, `host:port` or `host/folder`, each to the letter.

    https only, but for an entry that names this very machine by a loopback address, which a local
    stack does.
    """

    def __init__(self, entries: Sequence[str]) -> None:
        self._entries = [entry.partition("/") for entry in entries]

    def allow(self, url: str) -> bool:
        """Return whether a URL leads to one of them; one that could be read in two ways never
        does."""
        if not _PLAIN.fullmatch(url):
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if parts.fragment or not parts.path.startswith("/"):
            return False
        return any(
            parts.netloc == host
            and parts.scheme in (("http", "https") if _is_loopback(host) else ("https",))
            and _lies_in(parts.path, folder)
            for host, _, folder in self._entries
        )


@asynccontextmanager
async def opened(
    http: httpx.AsyncClient, hosts: FileHosts, url: str
) -> AsyncIterator[httpx.Response]:
    """The answer for a signed address, its body still to be read.

    Raises `Unreadable` where the address is not Notion's, leads elsewhere or is refused (expired:
    403), `NotionAway` where the host gives no answer, also later, while the body is read.
    """
    if not hosts.allow(url):
        raise Unreadable(
            f"{urlsplit(url).hostname or 'its address'} is not among NOTION_FILE_HOSTS", 0
        )
    try:
        async with http.stream(
            "GET", url, headers=PLAIN, follow_redirects=False, timeout=TIMEOUT
        ) as response:
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise NotionAway(f"Notion's file host answered {response.status_code}")
            if response.status_code != HTTPStatus.OK:
                raise Unreadable(
                    f"Notion's file host answered {response.status_code}", response.status_code
                )
            yield response
    except httpx.TransportError as trouble:
        raise NotionAway(f"Notion's file host gave no answer ({type(trouble).__name__})") from None


def _is_loopback(host: str) -> bool:
    name = host.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _lies_in(path: str, folder: str) -> bool:
    steps = unquote(path).split("/")
    return not {".", ".."} & set(steps) and (not folder or path.startswith(f"/{folder}/"))
