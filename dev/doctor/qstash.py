"""QStash: whether the token works, and the signing keys are the account's."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx

from dev.doctor.finding import Finding, mend, ok
from lib.config import Config

CONSOLE = "https://console.upstash.com/qstash"
NAMES = {"current": "QSTASH_CURRENT_SIGNING_KEY", "next": "QSTASH_NEXT_SIGNING_KEY"}


async def examine(http: httpx.AsyncClient, config: Config) -> AsyncIterator[Finding]:
    """Asks for the account's keys:
    https://upstash.com/docs/qstash/api-refence/signing-keys/get-signing-keys."""
    headers = {"Authorization": f"Bearer {config.qstash_token.reveal()}"}
    try:
        answer = await http.get(f"{config.qstash_url}/v2/keys", headers=headers)
        keys = answer.json() if answer.is_success else {}
    except (httpx.HTTPError, ValueError) as error:
        yield mend(
            f"QStash gave no answer at {config.qstash_url} ({type(error).__name__}): check"
            " QSTASH_URL"
        )
        return
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        yield mend(
            f"QStash at {config.qstash_url} refused QSTASH_TOKEN: copy it from {CONSOLE} again; for"
            " an account in the US, QSTASH_URL is https://qstash-us-east-1.upstash.io"
        )
        return
    if not isinstance(keys, dict) or not all(isinstance(keys.get(which), str) for which in NAMES):
        yield mend(
            f"{config.qstash_url} answered {answer.status_code}, not as QStash does: check"
            " QSTASH_URL"
        )
        return
    yield ok("QSTASH_TOKEN is accepted")
    yield _compared(config, keys)


def _compared(config: Config, account: dict[str, str]) -> Finding:
    ours = {
        "current": config.qstash_current_signing_key.reveal(),
        "next": config.qstash_next_signing_key.reveal(),
    }
    wrong = [NAMES[which] for which in NAMES if ours[which] != account[which]]
    if not wrong:
        return ok("both signing keys are the account's")
    what = "are not the account's keys" if len(wrong) > 1 else "is not the account's key"
    if ours["current"] == account["next"] and ours["next"] == account["current"]:
        why = "they are the wrong way round"
    elif ours["next"] == account["current"]:
        why = "the keys were rolled since"
    else:
        why = "they may be another account's, or another region's"
    return mend(f"{' and '.join(wrong)} {what} ({why}): copy both from {CONSOLE} again")
