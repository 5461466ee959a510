"""The signature of QStash's deliveries, and its twin that signs."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
from jwt.exceptions import InvalidSubjectError

from lib.config import Config
from lib.errors import Refused
from lib.secret import FORWARDED, Secret, derived_secret

LEEWAY_SECONDS = 60
"""How far QStash's clock and ours may lie apart."""
LIFETIME_SECONDS = 300
"""How long a signature of QStash's is good for."""
LONGEST_TOKEN = 4096


def verify_delivery(headers: Mapping[str, str], body: bytes, config: Config, url: str) -> None:
    """Let through what QStash signed for the public address `url` and what carries our forwarded
    secret.

    The signature is a JWT over the raw body (https://upstash.com/docs/qstash/features/security).
    Its keys are rolled by making the next one the current one, so both count. Raises `Refused`,
    401, with the true reason.
    """
    token = headers.get("upstash-signature", "")
    if not token:
        raise Refused(
            "Unauthorized: Upstash-Signature is missing; only QStash may call this address", 401
        )
    keys = (config.qstash_current_signing_key, config.qstash_next_signing_key)
    claims = _verified_claims(token, keys, url)
    body_hash = claims["body"].rstrip("=") if isinstance(claims["body"], str) else ""
    if not hmac.compare_digest(body_hash.encode(errors="replace"), _body_hash(body).encode()):
        raise _unsigned_refusal("the body that came is not the one that was signed")
    forwarded = headers.get(FORWARDED, "").encode("latin-1", "replace")
    secrets = [secret for secret in (config.cron_secret, config.previous_secret) if secret]
    if not any(
        hmac.compare_digest(forwarded, derived_secret(secret).encode()) for secret in secrets
    ):
        raise Refused(
            f"the message must forward {FORWARDED} with the value that `python -m dev doctor`"
            " prints (a message published before CRON_SECRET changed carries the old one:"
            " CRON_SECRET_PREVIOUS lets it in)",
            401,
        )


def sign_delivery(body: bytes, url: str, key: str, now: float) -> str:
    """Return an `Upstash-Signature` as QStash makes it, at `now` (epoch seconds)."""
    claims = {
        "iss": "Upstash",
        "sub": url,
        "exp": int(now) + LIFETIME_SECONDS,
        "nbf": 0,
        "iat": int(now),
        "jti": f"jwt_{hashlib.sha256(body + str(now).encode()).hexdigest()[:28]}",
        "body": _body_hash(body),
    }
    return jwt.encode(claims, key, algorithm="HS256")


def _verified_claims(token: str, keys: tuple[Secret, ...], url: str) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN:
        raise _unsigned_refusal("it is no JWT of QStash's")
    for key in keys:
        try:
            return jwt.decode(
                token,
                key.reveal(),
                algorithms=["HS256"],
                issuer="Upstash",
                subject=url,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "sub", "body"]},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.InvalidTokenError as error:
            raise _unsigned_refusal(_refusal_reason(error, url)) from None
    raise _unsigned_refusal(
        "it was made with another key: copy QSTASH_CURRENT_SIGNING_KEY and QSTASH_NEXT_SIGNING_KEY"
        " from https://console.upstash.com/qstash again"
    )


def _refusal_reason(error: Exception, url: str) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "it has expired: the message came too late, or this clock is ahead of QStash's"
        case jwt.ImmatureSignatureError():
            return "it comes from the future: this clock is behind QStash's"
        case InvalidSubjectError():
            return (
                f"it is for another address than {url}: SYNC_BASE_URL must be the address that"
                " QStash calls"
            )
        case jwt.InvalidIssuerError():
            return "it was not issued by Upstash"
        case jwt.InvalidAlgorithmError():
            return "it is not made with HS256"
        case jwt.MissingRequiredClaimError():
            return f"its claim {error.claim} is missing"
        case _:
            return "it is no JWT of QStash's"


def _unsigned_refusal(reason: str) -> Refused:
    return Refused(f"Unauthorized: Upstash-Signature does not hold: {reason}", 401)


def _body_hash(body: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
