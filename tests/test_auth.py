import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qstash import Receiver
from qstash.errors import SignatureError

from lib.auth import require_notion, require_secret, sign_notion
from lib.config import Config
from lib.endpoint import Headers, Request
from lib.errors import Refused
from lib.qstash.signature import sign_delivery, verify_delivery
from lib.secret import Secret, bearer, derived_secret, webhook_secret

WORKER = "https://sync.example/api/sync/worker"
BODY = '{"force": false, "title": "Grüße"}'.encode()

Deliver = Callable[..., None]


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    return Config.read(environ)


def asked(url: str = "/api/sync/trigger", **headers: str) -> Request:
    return Request("GET", url, Headers(headers))


def reason(error: pytest.ExceptionInfo[Refused]) -> str:
    assert error.value.status == 401
    return str(error.value)


# The secret.


@pytest.mark.parametrize("secret", ["correct horse battery", "!a&b=c%20+d/?#;,'\"", "x" * 500])
def test_the_secret_opens_as_bearer_and_in_the_query(environ: dict[str, str], secret: str) -> None:
    config = Config.read(environ | {"CRON_SECRET": secret})
    as_received = {
        name: value.encode().decode("latin-1") for name, value in bearer(config.cron_secret).items()
    }
    require_secret(Request("GET", "/", Headers(as_received)), config)
    encoded = "".join(f"%{byte:02X}" for byte in secret.encode())
    require_secret(asked(f"/?secret={encoded}&x=1"), config)


def test_the_scheme_is_read_in_any_case_and_one_right_secret_is_enough(config: Config) -> None:
    secret = config.cron_secret.reveal()
    require_secret(asked(authorization=f"bearer {secret}"), config)
    require_secret(asked("/?secret=wrong", authorization=f"Bearer {secret}"), config)
    require_secret(
        asked("/?secret=correct+horse+battery+staple", authorization="Bearer wrong"), config
    )


@pytest.mark.parametrize(
    "request_",
    [
        asked(),
        asked("/?secret="),
        asked("/?secret=correct"),
        asked("/?secret=%ff%fe"),
        asked("/?Secret=correct+horse+battery+staple"),
        asked(authorization=""),
        asked(authorization="Bearer"),
        asked(authorization="Bearer "),
        asked(authorization="Bearer wr\xf6ng"),
        asked(authorization="Bearer \udcff秘"),
        asked("/?secret=\udcff秘"),
        asked(authorization="correct horse battery staple"),
        asked(authorization="Basic correct horse battery staple"),
    ],
)
def test_a_wrong_or_missing_secret_is_unauthorized_and_nothing_more_is_said(
    config: Config, request_: Request
) -> None:
    with pytest.raises(Refused) as refused:
        require_secret(request_, config)
    assert reason(refused) == "Unauthorized"
    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}


def test_the_derived_secret_is_fixed_by_the_secret_and_does_not_hold_it() -> None:
    expected = "fc2ad60252ce62d8aa0483017842e778b4ddb05bd989b236421db08c8e208eb4"
    assert derived_secret(Secret("correct horse battery staple")) == expected
    assert derived_secret(Secret("correct horse battery stapl")) != expected


# QStash.


@pytest.fixture
def deliver(config: Config) -> Deliver:
    """Hands in a message as it came; what is not given is as it should be."""

    def require(
        body: bytes = BODY, signature: str | None = None, forwarded: str | None = None
    ) -> None:
        headers = {
            "upstash-signature": signed(config) if signature is None else signature,
            "x-sync-secret": derived_secret(config.cron_secret) if forwarded is None else forwarded,
        }
        verify_delivery(Headers(headers), body, config, WORKER)

    return require


def signed(config: Config, body: bytes = BODY, url: str = WORKER, now: float | None = None) -> str:
    return sign_delivery(
        body, url, config.qstash_current_signing_key.reveal(), time.time() if now is None else now
    )


def token(config: Config, algorithm: str = "HS256", **changes: Any) -> str:
    """A token of QStash's with other claims; a claim that is None is left out."""
    claims = jwt.decode(signed(config), options={"verify_signature": False}) | changes
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, config.qstash_current_signing_key.reveal(), algorithm)


def receiver(config: Config) -> Receiver:
    return Receiver(
        config.qstash_current_signing_key.reveal(), config.qstash_next_signing_key.reveal()
    )


def test_a_message_of_qstashs_is_let_through(deliver: Deliver) -> None:
    deliver()


@pytest.mark.parametrize("body", [b"", BODY, b'{"a": 1}\n', b"\xf0\x9f\x9a\x80".decode().encode()])
def test_what_our_twin_signs_the_sdks_receiver_accepts(
    config: Config, deliver: Deliver, body: bytes
) -> None:
    signature = signed(config, body)
    receiver(config).verify(signature=signature, body=body.decode(), url=WORKER)
    deliver(body, signature)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": urlsafe_b64encode(hashlib.sha256(BODY).digest()).decode()},
        {"nbf": int(time.time()), "iat": None, "jti": None},
        {"aud": ""},
    ],
)
def test_what_the_sdks_receiver_accepts_we_accept(
    config: Config, deliver: Deliver, changes: dict[str, Any]
) -> None:
    signature = token(config, **changes)
    receiver(config).verify(signature=signature, body=BODY.decode(), url=WORKER)
    deliver(signature=signature)


def test_the_next_key_counts_as_well(config: Config, deliver: Deliver) -> None:
    deliver(
        signature=sign_delivery(BODY, WORKER, config.qstash_next_signing_key.reveal(), time.time())
    )


@pytest.mark.parametrize("skew", [-55, 55])
def test_clocks_may_be_a_minute_apart(config: Config, deliver: Deliver, skew: int) -> None:
    now = int(time.time()) + skew
    deliver(signature=token(config, iat=now, nbf=now))
    deliver(signature=token(config, exp=int(time.time()) - 55))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": int(time.time()) - 65}, "has expired"),
        ({"nbf": int(time.time()) + 3_600}, "comes from the future"),
        ({"iat": int(time.time()) + 3_600}, "comes from the future"),
        ({"iss": "Someone"}, "not issued by Upstash"),
        (
            {"sub": WORKER + "/"},
            "for another address than https://sync.example/api/sync/worker: SYNC_BASE_URL",
        ),
        ({"sub": WORKER.replace("https", "http")}, "for another address"),
        ({"sub": WORKER + "?a=1"}, "for another address"),
        ({"exp": None}, "its claim exp is missing"),
        ({"iss": None}, "its claim iss is missing"),
        ({"sub": None}, "its claim sub is missing"),
        ({"body": None}, "its claim body is missing"),
        ({"body": "AAAA"}, "is not the one that was signed"),
        ({"body": ""}, "is not the one that was signed"),
        ({"body": 12}, "is not the one that was signed"),
        ({"body": "ä"}, "is not the one that was signed"),
        ({"body": "\ud800"}, "is not the one that was signed"),
        ({"exp": "soon"}, "no JWT"),
    ],
)
def test_a_signature_that_does_not_hold_is_refused_with_the_true_reason(
    config: Config, deliver: Deliver, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why) as refused:
        deliver(signature=token(config, **changes))
    assert reason(refused).startswith("Unauthorized: Upstash-Signature does not hold: ")
    with pytest.raises((SignatureError, KeyError, AttributeError)):  # the judge refuses it as well
        receiver(config).verify(signature=token(config, **changes), body=BODY.decode(), url=WORKER)


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY.replace(b"false", b"true"), b"\xff\xfe"])
def test_a_tampered_body_is_refused(deliver: Deliver, body: bytes) -> None:
    with pytest.raises(Refused, match="is not the one that was signed"):
        deliver(body)


def test_a_foreign_key_is_refused_and_both_variables_are_named(deliver: Deliver) -> None:
    foreign = sign_delivery(BODY, WORKER, "sig_foreign_0123456789abcdefghij", time.time())
    with pytest.raises(Refused, match="QSTASH_CURRENT_SIGNING_KEY and QSTASH_NEXT_SIGNING_KEY"):
        deliver(signature=foreign)


def test_a_body_that_is_not_utf_8_can_be_signed(config: Config, deliver: Deliver) -> None:
    deliver(b"\xff\x00\xfe", signed(config, b"\xff\x00\xfe"))


@pytest.mark.parametrize("algorithm", ["HS512", "none"])
def test_only_hs256_counts(config: Config, deliver: Deliver, algorithm: str) -> None:
    signature = jwt.encode(
        jwt.decode(signed(config), options={"verify_signature": False}),
        None if algorithm == "none" else "k" * 64,
        algorithm,
    )
    with pytest.raises(Refused, match="not made with HS256") as refused:
        deliver(signature=signature)
    assert reason(refused)


@pytest.mark.parametrize(
    "forwarded", ["", "wrong", "\xe4", "\udcff秘", "correct horse battery staple"]
)
def test_the_forwarded_secret_is_checked_besides_the_signature(
    deliver: Deliver, forwarded: str
) -> None:
    with pytest.raises(Refused, match="x-sync-secret") as refused:
        deliver(forwarded=forwarded)
    assert "doctor" in reason(refused)


def test_the_right_secret_does_not_replace_the_signature(config: Config) -> None:
    headers = {"x-sync-secret": derived_secret(config.cron_secret)} | bearer(config.cron_secret)
    request = Request("POST", "/?secret=correct+horse+battery+staple", Headers(headers), BODY)
    with pytest.raises(Refused, match="Upstash-Signature is missing"):
        verify_delivery(request.headers, request.body, config, WORKER)


HEADER = {"alg": "HS256", "typ": "JWT"}


@given(st.text() | st.builds(lambda a, b, c: f"{a}.{b}.{c}", *[st.text(max_size=30)] * 3))
def test_no_hostile_signature_is_anything_but_refused(text: str) -> None:
    hostile(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 60_000,
        ".." * 2000,
        urlsafe_b64encode(b"[" * 3000).decode() + ".e30.e30",
        urlsafe_b64encode(json.dumps(HEADER).encode()).decode()
        + "."
        + urlsafe_b64encode(b"[" * 2000).decode()
        + ".x",
        urlsafe_b64encode(json.dumps(HEADER | {"crit": ["b64"], "b64": False}).encode()).decode()
        + ".e30.e30",
        urlsafe_b64encode(json.dumps(HEADER | {"kid": 7}).encode()).decode() + ".e30.e30",
        "\x00",
        "ä.ö.ü",
    ],
)
def test_no_malformed_signature_is_anything_but_refused(text: str) -> None:
    hostile(text)


def hostile(text: str) -> None:
    environ = {
        "NOTION_TOKEN": "t",
        "NOTION_SOURCES": "pages=11111111222233334444555555555555",
        "CRON_SECRET": "c" * 16,
        "QSTASH_TOKEN": "q",
        "QSTASH_CURRENT_SIGNING_KEY": "sig_current_0123456789abcdefghij",
        "QSTASH_NEXT_SIGNING_KEY": "sig_next_0123456789abcdefghijklm",
        "KV_REST_API_URL": "https://kv.example",
        "KV_REST_API_TOKEN": "k",
        "SYNC_BASE_URL": "https://sync.example",
    }
    request = Request("POST", "/", Headers({"upstash-signature": text}), BODY)
    with pytest.raises(Refused, match="Upstash-Signature") as refused:
        verify_delivery(request.headers, request.body, Config.read(environ), WORKER)
    assert refused.value.status == 401


# Notion's webhook.

NOTION_TOKEN = Secret("secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl")
NOTION_BODY = b'{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}'
NOTION_SIGNATURE = "sha256=461e8cbcba8a75c3edd866f0e71280f5a85cbf21eff040ebd10fe266df38a735"


def test_notions_own_example_of_a_signature_holds() -> None:
    assert sign_notion(NOTION_BODY, NOTION_TOKEN) == NOTION_SIGNATURE
    require_notion(
        Request("POST", "/", Headers({"X-Notion-Signature": NOTION_SIGNATURE}), NOTION_BODY),
        NOTION_TOKEN,
    )


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        ("", NOTION_BODY),
        (NOTION_SIGNATURE.removeprefix("sha256="), NOTION_BODY),
        (NOTION_SIGNATURE.upper(), NOTION_BODY),
        ("sha256=\udcff\xfc秘", NOTION_BODY),
        (NOTION_SIGNATURE, NOTION_BODY + b" "),
        (sign_notion(NOTION_BODY, Secret("another token")), NOTION_BODY),
    ],
)
def test_what_notion_did_not_sign_is_refused(signature: str, body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        require_notion(
            Request("POST", "/", Headers({"X-Notion-Signature": signature}), body), NOTION_TOKEN
        )
    assert refused.value.status == 401
    assert NOTION_TOKEN.reveal() not in str(refused.value)


def test_the_webhooks_key_is_fixed_by_the_secret_and_shows_nothing_of_it() -> None:
    key = webhook_secret(Secret("correct horse battery staple"))

    assert key == "whsec_mtcKfajWIuDdSxmTQlYeBS0WyTuChWDLOvjWnaACrDY="
    assert key != webhook_secret(Secret("another"))
    assert derived_secret(Secret("correct horse battery staple")) not in key
