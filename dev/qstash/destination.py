"""Which addresses the queue delivers to, and the words with which it refuses the others."""

import asyncio
import ipaddress
import socket

import httpx

from dev.qstash.errors import Refusal
from dev.qstash.publication import Publication, read


async def check(publication: Publication, allow_loopback: bool) -> None:
    """Raises `Refusal` where QStash would not take a message: for its destination or for one of its
    callbacks."""
    await _check_url(publication.url, allow_loopback, "destination")
    for which, url in (
        ("callback", publication.callback),
        ("failure-callback", publication.failure_callback),
    ):
        if url:
            await _check_url(url, allow_loopback, which)
            read(url, publication.callback_headers(which), b"")


async def _check_url(url: str, allow_loopback: bool, what: str) -> None:
    """No scheme, no host, a loopback or private address: QStash delivers to none of these."""
    if not url.lower().startswith(("http://", "https://")):
        raise Refusal(f"invalid {what} url: endpoint has invalid scheme, add http:// or https://")
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL as problem:
        raise Refusal(f"invalid {what} url: {problem}") from None
    if not host:
        raise Refusal(f"invalid {what} url: endpoint has no host")
    if not allow_loopback:
        await _refuse_inner_addresses(host, what)


async def _refuse_inner_addresses(host: str, what: str) -> None:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refusal(
            f"invalid {what} url: unable to resolve host: lookup {host}: no such host"
        ) from None
    for *_, address in found:
        ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if ip.is_loopback:
            raise Refusal(f"invalid {what} url: endpoint resolves to a loopback address: {ip}")
        if not ip.is_global:
            raise Refusal(f"invalid {what} url: endpoint resolves to a private address: {ip}")
