"""The deployment: whether its worker can be reached, refuses strangers, and knows QStash's
signature.

What is sent is no message (its body is not JSON), so the worker answers it and does nothing.
"""

import ipaddress
import time
import warnings
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
from jwt.warnings import InsecureKeyLengthWarning

from dev.doctor.finding import Finding, mend, ok
from lib.config import Config
from lib.qstash.messages import WORKER
from lib.qstash.signature import sign_delivery
from lib.secret import FORWARDED, Secret, derived_secret

PROBE = b"no message: a probe that does nothing"
IN_VERCEL = "in Vercel under Settings → Environment Variables, and deploy again"


async def examine(http: httpx.AsyncClient, config: Config) -> AsyncIterator[Finding]:
    """Knocks without a signature, then with one by each of the two keys."""
    address = config.address(WORKER)
    if _is_of_this_machine(config.base_url) and not _is_of_this_machine(config.qstash_url):
        yield mend(f"QStash can't reach {address}: set SYNC_BASE_URL to a public address")
    try:
        unsigned = await http.post(address, content=PROBE, headers=_bypass(config))
    except httpx.HTTPError as error:
        yield mend(
            f"nothing answers at {address} ({type(error).__name__}): deploy, or set SYNC_BASE_URL"
            " to the address of the deployment; then run this again"
        )
        return
    if problem := _not_our_worker(unsigned, config, address):
        yield mend(problem)
        return
    if unsigned.status_code != HTTPStatus.UNAUTHORIZED:
        yield mend(
            f"{address} takes messages that nobody signed ({unsigned.status_code}): it must run"
            " this project"
        )
        return
    yield ok(f"{address} refuses what is not signed")
    keys = {"current": config.qstash_current_signing_key, "next": config.qstash_next_signing_key}
    answers: dict[str, httpx.Response] = {}
    for which, key in keys.items():
        headers = _bypass(config) | _signed(config, address, key)
        try:
            answers[which] = await http.post(address, content=PROBE, headers=headers)
        except httpx.HTTPError as error:
            yield mend(
                f"{address} did not answer a signed message ({type(error).__name__}): run this"
                " again"
            )
            return
    for finding in _judged(answers):
        yield finding


def _judged(answers: Mapping[str, httpx.Response]) -> list[Finding]:
    """Judge the answers to both keys: what is wrong with both in the same way is told once."""
    faults = {which: fault for which, one in answers.items() if (fault := _fault(one))}
    found = [
        ok(f"it knows QStash's signature, made with the {which} key")
        for which in answers
        if which not in faults
    ]
    for fault in dict.fromkeys(faults.values()):
        keys = [which for which, its in faults.items() if its == fault]
        found.append(mend(fault.format(keys=f"the {' or the '.join(keys)} key")))
    return found


def _fault(answer: httpx.Response) -> str:
    """Return what is wrong with the answer to a signed message, with `{keys}` for those that it
    concerns; "" where nothing is."""
    if answer.status_code == HTTPStatus.BAD_REQUEST:
        return ""
    said = str(_said(answer) or answer.status_code).replace("{", "{{").replace("}", "}}")
    if answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"the deployment says: {said}. Mend it {IN_VERCEL}"  # it tells no stranger of it
    if FORWARDED in said:
        return (
            f"its CRON_SECRET is another one than here, so it takes none of QStash's messages: set"
            f" the same one {IN_VERCEL}"
        )
    return (
        f"it refuses what QStash signs with {{keys}}: {said}. Set CRON_SECRET, SYNC_BASE_URL and"
        f" the QSTASH_…_SIGNING_KEYs as they are here {IN_VERCEL}"
    )


def _signed(config: Config, address: str, key: Secret) -> dict[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", InsecureKeyLengthWarning
        )  # a key cut short in copying: the worker's to refuse
        signature = sign_delivery(PROBE, address, key.reveal(), time.time())
    return {"Upstash-Signature": signature, FORWARDED: derived_secret(config.cron_secret)}


def _bypass(config: Config) -> dict[str, str]:
    return (
        {"x-vercel-protection-bypass": config.protection_bypass.reveal()}
        if config.protection_bypass
        else {}
    )


def _not_our_worker(answer: httpx.Response, config: Config, address: str) -> str | None:
    """What stands in the worker's place, and how to get rid of it; None: the worker itself has
    answered."""
    said = _said(answer)
    host = urlsplit(answer.headers.get("location", "")).hostname or ""
    # https://vercel.com/docs/deployment-protection: a redirect to the log-in, or a page of Vercel's
    # own.
    if host == "vercel.com" or (
        said is None and answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    ):
        bypass = "VERCEL_AUTOMATION_BYPASS_SECRET"
        remedy = (
            f"copy {bypass} from Vercel again"
            if config.protection_bypass
            else f"set {bypass} (Vercel makes one)"
        )
        return (
            f"Vercel's deployment protection answers at {address}, and keeps QStash out too: set"
            f" SYNC_BASE_URL to the production domain, or {remedy} under Settings → Deployment"
            " Protection and deploy again"
        )
    if answer.is_redirect:
        return (
            f"{address} redirects to {host or 'elsewhere'}, where QStash doesn't follow: set"
            " SYNC_BASE_URL to that"
        )
    if said is not None and answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"the deployment says: {said}. Mend it {IN_VERCEL}"
    if said is None:
        return (
            f"{address} answered {answer.status_code}, but not as this project's worker does:"
            " deploy it there, or set SYNC_BASE_URL to where it is; Vercel's logs tell more"
        )
    return None


def _said(answer: httpx.Response) -> str | None:
    """The worker's own word for an error."""
    try:
        error = answer.json()["error"]
    except (ValueError, TypeError, KeyError):
        return None
    return error[:300] if isinstance(error, str) else None


def _is_of_this_machine(address: str) -> bool:
    """Whether only this machine or its network can reach an address."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local"))
