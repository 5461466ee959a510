"""`Upstash-Signature`: the JWT by which a destination knows that a request came from the queue.

Source: https://upstash.com/docs/qstash/features/security. Times in it are the real ones, whatever
the queue's clock says, because the destination compares them with its own.
"""

import base64
import hashlib
import secrets
import time

import jwt
import msgspec

PUBLIC_TOKEN = "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0="  # noqa: S105
PUBLIC_CURRENT_SIGNING_KEY = "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r"
PUBLIC_NEXT_SIGNING_KEY = "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs"
"""The public credentials of Upstash's own dev server; the JavaScript client's dev mode expects
exactly these."""

LIFETIME_SECONDS = 300


class SigningKeys(msgspec.Struct):
    """The key in use and the one that follows it."""

    current: str = PUBLIC_CURRENT_SIGNING_KEY
    next: str = PUBLIC_NEXT_SIGNING_KEY

    def rotate(self) -> None:
        self.current = self.next
        self.next = "sig_" + secrets.token_hex(14)


def sign(key: str, url: str, body: bytes, shifted_seconds: float = 0.0) -> str:
    """The signature of a delivery to `url`, issued now, or by a clock that is off by
    `shifted_seconds`."""
    issued = int(time.time() + shifted_seconds)
    claims = {
        "iss": "Upstash",
        "sub": url,
        "iat": issued,
        "exp": issued + LIFETIME_SECONDS,
        "nbf": 0,
        "jti": "jwt_" + secrets.token_urlsafe(21),
        "body": base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode(),
    }
    return jwt.encode(claims, key, algorithm="HS256")
