"""Secrets, and what is derived from one: it can be handed out, and gives nothing of the secret
away."""

import hmac
from base64 import b64encode
from collections.abc import Iterable

FORWARDED = "x-sync-secret"
"""The header that QStash forwards, and the label of what is derived for it."""
MAC_DIGITS = 20


class Secret:
    """A value that hides itself wherever it is printed; only `reveal` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"


def derived_secret(secret: Secret) -> str:
    """Return what a message carries in `x-sync-secret`: QStash may see it."""
    return _derive_key(secret, FORWARDED).hex()


def webhook_secret(secret: Secret) -> str:
    """Return the key with which we sign what `NOTIFY_WEBHOOK_URL` is sent, as Standard Webhooks
    writes keys."""
    return "whsec_" + b64encode(_derive_key(secret, "notify-webhook")).decode()


def handshake_key(secret: Secret) -> str:
    """Return the `key` in the address that the owner gives to Notion's webhook."""
    return _derive_key(secret, "notion-webhook").hex()[:32]


def preview_secret(secret: Secret) -> str:
    """Return the key that signs links to previews: the site that shows them has it too."""
    return _derive_key(secret, "preview").hex()


def sign_preview(secret: Secret, slug: str, expires: int) -> str:
    """Return the signature of a link to the preview at a slug, which is good until `expires` (epoch
    seconds)."""
    key = preview_secret(secret).encode()
    return hmac.digest(key, f"{expires}.{slug}".encode(), "sha256").hex()


class AddressKey:
    """Signs the addresses of files, so that a made-up one is known without a look into KV."""

    label = "media"

    def __init__(self, secret: Secret) -> None:
        self._key = _derive_key(secret, self.label)

    def mac(self, token: str) -> str:
        """Return the MAC of what an address asks for."""
        return hmac.digest(self._key, token.encode(), "sha256").hex()[:MAC_DIGITS]


class PreviewKey(AddressKey):
    """Signs the addresses of files of drafts: none of the public's opens one."""

    label = "preview-media"


def with_derived(secrets: Iterable[Secret]) -> tuple[Secret, ...]:
    """Return these secrets, and what is derived from them and must not be seen in a log either."""
    given = tuple(secrets)
    derived = (
        derive(secret)
        for secret in given
        for derive in (derived_secret, webhook_secret, handshake_key, preview_secret)
    )
    return (*given, *map(Secret, derived))


def _derive_key(secret: Secret, label: str) -> bytes:
    return hmac.digest(secret.reveal().encode(), label.encode(), "sha256")


def bearer(secret: Secret) -> dict[str, str]:
    """Return the header by which its holder is known."""
    return {"Authorization": f"Bearer {secret.reveal()}"}
