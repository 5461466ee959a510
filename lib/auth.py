"""Who may call: the secret's holder, QStash, or Notion. Each check stands beside the twin that
signs for it.

Who is not let in is told of no setting but those by which he would be known.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import jwt
from jwt.exceptions import InvalidSubjectError

from lib.config import NOTION_SETTINGS, OWNER_SETTINGS, QSTASH_SETTINGS, Config
from lib.endpoint import Request
from lib.errors import Misconfigured, Refused
from lib.model import Event, Handshake
from lib.secret import FORWARDED, Secret, derived_secret, handshake_key

LEEWAY_SECONDS = 60
"""How far QStash's clock and ours may lie apart."""
LIFETIME_SECONDS = 300
"""How long a signature of QStash's is good for."""
LONGEST_TOKEN = 4096
WEBHOOK = "/api/sync/webhook"
NOTION_SIGNATURE = "x-notion-signature"


def admit_owner(request: Request) -> Config:
    """Return the settings, to who sends `CRON_SECRET`. Raises `Refused` and `Misconfigured`."""
    require_secret(request, Config.read(only=OWNER_SETTINGS))
    return Config.read()


def admit_qstash(request: Request, path: str) -> Config:
    """Return the settings, to a message of QStash's for this path. Raises `Refused` and
    `Misconfigured`."""
    config = Config.read(only=QSTASH_SETTINGS)
    require_qstash(request, config, config.address(path))
    return Config.read()


def admit_notion(
    request: Request, read: Callable[[Request], Event | Handshake]
) -> tuple[Event | Handshake, Config]:
    """Return what Notion sent, as `read` finds it in a request that is Notion's, and the settings.

    A handshake is one where it is signed, or, while no token is set, came to the address that the
    owner gave away. Raises `Refused` and `Misconfigured`.
    """
    config = Config.read(only=NOTION_SETTINGS)
    if config.notion_webhook_token:
        require_notion(request, config.notion_webhook_token)
    sent = read(request)
    if not config.notion_webhook_token:
        if isinstance(sent, Event):
            raise Misconfigured(
                "NOTION_WEBHOOK_TOKEN is not set: set it to the verification token of the webhook,"
                " which GET /api/sync/status shows for an hour after Notion has sent it (Resend"
                " token sends it again)"
            )
        require_key(request, config.cron_secret)
    return sent, Config.read()


def require_secret(request: Request, config: Config) -> None:
    """Lets through who sends `CRON_SECRET`, as bearer (Vercel's cron does) or as `?secret=`. Raises
    `Refused`."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    # http.server reads header bytes as Latin-1, so this gives back the bytes that were sent.
    sent = (
        bearer.encode("latin-1", "replace"),
        request.query.get("secret", "").encode(errors="replace"),
    )
    expected = config.cron_secret.reveal().encode()
    if not any(hmac.compare_digest(each, expected) for each in sent):
        raise Refused("Unauthorized", 401, {"WWW-Authenticate": "Bearer"})


def bearer(secret: Secret) -> dict[str, str]:
    """The header that `require_secret` lets through."""
    return {"Authorization": f"Bearer {secret.reveal()}"}


def require_qstash(request: Request, config: Config, url: str) -> None:
    """Lets through what QStash signed for the public address `url` and what carries our forwarded
    secret.

    The signature is a JWT over the raw body (https://upstash.com/docs/qstash/features/security).
    Its keys are rolled by making the next one the current one, so both count. Raises `Refused`,
    401, with the true reason.
    """
    token = request.headers.get("upstash-signature", "")
    if not token:
        raise Refused(
            "Unauthorized: Upstash-Signature is missing; only QStash may call this address", 401
        )
    keys = (config.qstash_current_signing_key, config.qstash_next_signing_key)
    claims = _claims(token, keys, url)
    body_hash = claims["body"].rstrip("=") if isinstance(claims["body"], str) else ""
    if not hmac.compare_digest(
        body_hash.encode(errors="replace"), _body_hash(request.body).encode()
    ):
        raise _unsigned("another body was signed than came")
    forwarded = request.headers.get(FORWARDED, "").encode("latin-1", "replace")
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


def sign_qstash(body: bytes, url: str, key: str, now: float) -> str:
    """An `Upstash-Signature` as QStash makes it, at `now` (epoch seconds)."""
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


def require_notion(request: Request, token: Secret) -> None:
    """Lets through what Notion signed with `token`, the verification token of its webhook
    (https://developers.notion.com/reference/webhooks). Raises `Refused`, 401."""
    sent = request.headers.get(NOTION_SIGNATURE, "").encode("latin-1", "replace")
    if not hmac.compare_digest(sent, sign_notion(request.body, token).encode()):
        raise Refused(
            "Unauthorized: X-Notion-Signature is not made with NOTION_WEBHOOK_TOKEN over this body",
            401,
        )


def require_key(request: Request, secret: Secret) -> None:
    """Let through who calls the address that `webhook_address` gives. Raises `Refused`, 401."""
    sent = request.query.get("key", "").encode(errors="replace")
    if not hmac.compare_digest(sent, handshake_key(secret).encode()):
        raise Refused(
            "Unauthorized: a webhook is set up with the whole address, its key included, that the"
            " dashboard and `python -m dev doctor` show",
            401,
        )


def webhook_address(config: Config) -> str:
    """Return the address that the owner gives to Notion's webhook."""
    return f"{config.address(WEBHOOK)}?key={handshake_key(config.cron_secret)}"


def sign_notion(body: bytes, token: Secret) -> str:
    """An `X-Notion-Signature` as Notion makes it."""
    return f"sha256={hmac.digest(token.reveal().encode(), body, 'sha256').hex()}"


def _claims(token: str, keys: tuple[Secret, ...], url: str) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN:
        raise _unsigned("it is no JWT of QStash's")
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
            raise _unsigned(_reason(error, url)) from None
    raise _unsigned(
        "it was made with another key: copy QSTASH_CURRENT_SIGNING_KEY and QSTASH_NEXT_SIGNING_KEY"
        " from https://console.upstash.com/qstash again"
    )


def _reason(error: Exception, url: str) -> str:
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


def _unsigned(reason: str) -> Refused:
    return Refused(f"Unauthorized: Upstash-Signature does not hold: {reason}", 401)


def _body_hash(body: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
