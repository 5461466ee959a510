"""Who may call: the secret's holder, QStash, or Notion. Each check stands beside the function that
signs for it. A caller who is refused learns of no setting but those that he would be known by."""

import hmac
from collections.abc import Callable

from lib.config import NOTION_SETTINGS, OWNER_SETTINGS, QSTASH_SETTINGS, Config
from lib.endpoint import Request
from lib.errors import Misconfigured, Refused
from lib.model import Event, Handshake
from lib.secret import Secret, handshake_key

WEBHOOK = "/api/sync/webhook"
NOTION_SIGNATURE = "x-notion-signature"


def admit_owner(request: Request) -> Config:
    """Return the settings, if the caller sends `CRON_SECRET`. Raises `Refused` and
    `Misconfigured`."""
    require_secret(request, Config.read(only=OWNER_SETTINGS))
    return Config.read()


def admit_qstash(request: Request, path: str) -> Config:
    """Return the settings, to a message of QStash's for this path. Raises `Refused` and
    `Misconfigured`."""
    from lib.qstash.signature import verify_delivery  # a trigger starts without it

    config = Config.read(only=QSTASH_SETTINGS)
    verify_delivery(request.headers, request.body, config, config.address(path))
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
    """Let a caller through that sends `CRON_SECRET`, as bearer (Vercel's cron does) or as
    `?secret=`. Raises `Refused`."""
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


def require_notion(request: Request, token: Secret) -> None:
    """Let through what Notion signed with `token`, the verification token of its webhook
    (https://developers.notion.com/reference/webhooks). Raises `Refused`, 401."""
    sent = request.headers.get(NOTION_SIGNATURE, "").encode("latin-1", "replace")
    if not hmac.compare_digest(sent, sign_notion(request.body, token).encode()):
        raise Refused(
            "Unauthorized: X-Notion-Signature is not made with NOTION_WEBHOOK_TOKEN over this body",
            401,
        )


def require_key(request: Request, secret: Secret) -> None:
    """Let a caller through that uses the address which `webhook_address` gives. Raises `Refused`,
    401."""
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
