"""One delivery: the HTTP request that reaches a destination.

Source: https://upstash.com/docs/qstash/howto/receiving.
"""

import asyncio
import functools
import ssl

import httpx

from dev.qstash.account import Account
from dev.qstash.message import CALLER_IP, Answer, Message
from dev.qstash.publication import canonical
from dev.qstash.signature import sign

MAX_SECONDS = 900.0
"""The free plan's longest HTTP response; `Upstash-Timeout` can only shorten it."""

_EXPIRED_SECONDS = -900.0
_WRONG_SUB = "https://another.example/"


@functools.cache
def tls_context() -> ssl.SSLContext:
    """One for the process: making one takes longer than a delivery."""
    return httpx.create_ssl_context(trust_env=False)


def new_client() -> httpx.AsyncClient:
    """Redirects are not followed, and no connection outlives its request: destinations come and
    go."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncClient(verify=tls_context(), limits=limits, timeout=None, trust_env=False)


async def deliver(http: httpx.AsyncClient, account: Account, message: Message) -> Answer:
    """Signs and sends a message as it stands. Never raises for what a destination does."""
    asked = message.publication
    seconds = min(asked.timeout_seconds or MAX_SECONDS, MAX_SECONDS)
    try:
        async with asyncio.timeout(seconds):
            response = await http.request(
                asked.method, asked.url, content=asked.body, headers=_headers(account, message)
            )
    except TimeoutError:
        return Answer(error=f"no answer within {seconds:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        return Answer(error=str(problem) or type(problem).__name__)
    header: dict[str, list[str]] = {}
    for name, value in response.headers.multi_items():
        header.setdefault(canonical(name), []).append(value)
    return Answer(response.status_code, header, response.content)


def _headers(account: Account, message: Message) -> list[tuple[bytes, bytes]]:
    asked = message.publication
    own = {
        "Upstash-Signature": _signature(account, message),
        "Upstash-Message-Id": message.message_id,
        "Upstash-Retried": str(message.retried),
        "Upstash-Caller-Ip": CALLER_IP,
        "Upstash-Region": "EU-CENTRAL-1",
    }
    if asked.schedule_id:
        own["Upstash-Schedule-Id"] = asked.schedule_id
    sent = {
        "User-Agent": ["Upstash-QStash"],
        **asked.header,
        **{name: [value] for name, value in own.items()},
    }
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, values in sent.items()
        for value in values
    ]


def _signature(account: Account, message: Message) -> str:
    url, strike = message.url, account.faults.strike
    key = account.keys.next if strike("next_key", url) else account.keys.current
    shift = _EXPIRED_SECONDS if strike("expired", url) else 0.0
    if skew := strike("skew", url):
        shift += skew.seconds
    subject = _WRONG_SUB if strike("wrong_sub", url) else url
    return sign(key, subject, message.publication.body, shift)
