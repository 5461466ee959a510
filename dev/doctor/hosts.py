"""Hosts: whether there is still one behind each address. The name of an Upstash database that was
deleted goes with it, and then no answer says why."""

import asyncio
import socket
import urllib.request
from collections.abc import Awaitable, Callable, Collection, Mapping
from urllib.parse import urlsplit

from dev.doctor.finding import Finding, mend
from lib.config import Config

Resolve = Callable[[str], Awaitable[object]]
TIMEOUT_SECONDS = 10.0
GONE = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
"""What a name server says of an unknown name; anything else is trouble on the way to the server."""

_REMEDIES = {
    "KV_REST_API_URL": "connect a store to the project in Vercel, or copy a database's address",
    "NOTION_API_URL": "correct it, or remove it",
    "QSTASH_URL": "copy it from https://console.upstash.com/qstash, or remove it",
    "SYNC_BASE_URL": "set it to a domain of the deployment",
    "SLACK_WEBHOOK_URL": "copy it from Slack again, or remove it",
    "NOTIFY_WEBHOOK_URL": "correct it, or remove it",
    "REVALIDATE_URL": "set it to your site's route, or remove it",
}
_REMEDIES["UPSTASH_REDIS_REST_URL"] = _REMEDIES["KV_REST_API_URL"]


async def find_gone(
    config: Config, environ: Mapping[str, str], unusable: Collection[str], resolve: Resolve
) -> dict[str, Finding]:
    """Return what is wrong with the settings whose hosts are not there any more, by their names;
    of those that are `unusable` anyway nothing.

    Behind a proxy it is the proxy that knows the hosts, so none is looked for.
    """
    if urllib.request.getproxies():
        return {}
    addresses = {
        name: address
        for name, address in _addresses(config, environ)
        if address and name not in unusable
    }
    gone = await asyncio.gather(*(_is_gone(address, resolve) for address in addresses.values()))
    return {
        name: mend(f"{name} names a host that does not exist (any more): {_REMEDIES[name]}")
        for name, is_gone in zip(addresses, gone, strict=True)
        if is_gone
    }


async def resolve_host(host: str) -> object:
    """Ask this machine's name server. Raises OSError."""
    lookup = asyncio.get_running_loop().getaddrinfo(host, None)
    return await asyncio.wait_for(lookup, TIMEOUT_SECONDS)


def _addresses(config: Config, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and addresses of what is set. An owner's address may be a secret: it is never shown."""
    kv_name = "KV_REST_API_URL" if environ.get("KV_REST_API_URL") else "UPSTASH_REDIS_REST_URL"
    slack, webhook = config.slack_webhook_url, config.notify_webhook_url
    return [
        (kv_name, config.kv_url),
        ("NOTION_API_URL", config.notion_api_url),
        ("QSTASH_URL", config.qstash_url),
        ("SYNC_BASE_URL", config.base_url if environ.get("SYNC_BASE_URL") else ""),
        ("SLACK_WEBHOOK_URL", slack.reveal() if slack else ""),
        ("NOTIFY_WEBHOOK_URL", webhook.reveal() if webhook else ""),
        ("REVALIDATE_URL", config.revalidate_url),
    ]


async def _is_gone(address: str, resolve: Resolve) -> bool:
    try:
        await resolve(urlsplit(address).hostname or "")
    except OSError as trouble:
        return trouble.errno in GONE
    return False
