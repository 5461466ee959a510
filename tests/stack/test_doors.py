"""Attacks on every address, over HTTP and against the stack's real servers: what a stranger gets,
and what it costs."""

import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

import httpx
import pytest

from dev.stack import Stack
from dev.upstash import Fault
from lib.media.guard import UNSIGNED_AT_ONCE, Allowance
from lib.secret import Secret, derived_secret, handshake_key
from tests.stack.site import Site, unlimited
from tests.stack.test_media import ask, cover, opened, picture

MADE_UP = 100
"""Addresses that a stranger makes up."""
NEXT_SECRET = "the secret that comes after it"
OWNERS = ("/api/sync/trigger", "/api/sync", "/api/sync/status")
QUEUES = ("/api/sync/worker", "/api/sync/notify")


@pytest.fixture(autouse=True)
def no_limit(site: Site, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Notion takes any number of requests, and nobody has used up the allowance of this process."""
    monkeypatch.setattr("lib.media.guard.UNSIGNED", Allowance(UNSIGNED_AT_ONCE, 0.001))
    with unlimited(stack):
        yield


@contextmanager
def setting(stack: Stack, **values: str) -> Iterator[None]:
    """Other settings for a while."""
    before = {name: stack.environ.get(name, "") for name in values}
    for name, value in values.items():
        stack.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            stack.set(name, value)


@contextmanager
def free_of_charge(site: Site) -> Iterator[None]:
    """What is done meanwhile costs no KV command, no message and no request to Notion."""
    before = price(site)
    yield
    assert price(site) == before


def price(site: Site) -> tuple[int, int, int]:
    return site.kv.commands.total(), len(site.qstash.messages), len(site.notion.log.requests)


def handshake(site: Site, token: str, **query: str) -> httpx.Response:
    return httpx.post(
        f"{site.stack.url}/api/sync/webhook",
        params=query,
        json={"verification_token": token},
        trust_env=False,
    )


def as_owner(site: Site, path: str, secret: str, **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.get(
        f"{site.stack.url}{path}", params=query, headers=headers, trust_env=False, timeout=60
    )


def made_up(site: Site, mac: str = "") -> str:
    return f"{site.stack.url}/api/media?block={uuid4()}&file={uuid4().hex[:16]}{mac}"


def without_mac(address: str) -> str:
    return address.partition("&mac=")[0]


# C1: the webhook's set-up.


def test_c1_nobody_can_put_a_token_of_his_on_the_dashboard(site: Site) -> None:
    with free_of_charge(site):
        for query in (
            {},
            {"key": ""},
            {"key": "0" * 32},
            {"key": site.stack.secret},
            {"secret": site.stack.secret},
        ):
            answer = handshake(site, "secret_of_a_stranger", **query)
            assert answer.status_code == 401
            assert "key" in answer.json()["error"]

    assert "token" not in site.stack.get("/api/sync/status").json()["webhook"]


def test_c1_the_address_that_the_status_shows_sets_the_webhook_up(site: Site, stack: Stack) -> None:
    def told() -> dict[str, str]:
        webhook: dict[str, str] = site.stack.get("/api/sync/status").json()["webhook"]
        return webhook

    address = f"{site.stack.url}/api/sync/webhook?key={handshake_key(Secret(site.stack.secret))}"
    assert told() == {"address": address, "state": "unset"}

    answer = site.notion.webhooks.subscribe(told()["address"])
    assert answer.json()["outcome"] == "kept"
    pending = told()
    left = datetime.fromisoformat(pending.pop("expiresAt")).timestamp() - time.time()
    assert 3_500 < left <= 3_601
    assert pending == {"address": address, "state": "pending", "token": site.notion.webhooks.token}

    with setting(stack, NOTION_WEBHOOK_TOKEN=site.notion.webhooks.token):
        assert told() == {"address": address, "state": "live"}
        assert site.notion.webhooks.subscribe(told()["address"]).json()["outcome"] == "verified"
        assert (
            handshake(
                site, "secret_of_a_stranger", key=handshake_key(Secret(stack.secret))
            ).status_code
            == 401
        )


# C2: the price of a file's address.


def test_c2_made_up_addresses_cost_nothing(site: Site) -> None:
    site.sync()
    with free_of_charge(site):
        for number in range(MADE_UP):
            answer = ask(made_up(site, f"&mac={number:020x}"))
            assert (answer.status_code, answer.headers["Cache-Control"]) == (
                404,
                "public, max-age=60",
            )
            assert answer.headers["CDN-Cache-Control"] == "max-age=60"


def test_c2_made_up_addresses_of_an_older_format_cost_no_more_than_their_allowance(
    site: Site,
) -> None:
    site.sync()
    site.load_scripts()
    before = price(site)

    answers = [ask(made_up(site)) for _ in range(MADE_UP)]

    assert [answer.status_code for answer in answers] == [404] * UNSIGNED_AT_ONCE + [503] * (
        MADE_UP - UNSIGNED_AT_ONCE
    )
    assert int(answers[-1].headers["Retry-After"]) >= 1
    commands, messages, requests = price(site)
    assert (commands - before[0], messages - before[1], requests - before[2]) == (
        UNSIGNED_AT_ONCE,
        0,
        0,
    )
    assert ask(picture(site)).status_code == 302, "what is signed is served all the same"


def test_c2_addresses_of_an_older_format_open_what_is_published(site: Site) -> None:
    site.sync()

    for address in (picture(site), cover(site)):
        assert opened(without_mac(address)).status_code == 200


def test_c2_the_mac_of_one_address_opens_no_other(site: Site) -> None:
    site.sync()
    forged = f"{without_mac(picture(site))}&mac={cover(site).partition('&mac=')[2]}"
    with free_of_charge(site):
        assert ask(forged).status_code == 404


def test_c2_a_new_format_writes_every_address_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an update from format 2 does: every page is due once, and its addresses are signed."""
    for module in ("lib.bundle.page", "lib.sync.sightings", "lib.sync.work.page_publication"):
        monkeypatch.setattr(f"{module}.BUNDLE_VERSION", 2)
    monkeypatch.setattr("lib.wiring.AddressKey.mac", lambda self, token: "")
    site.sync()
    assert cover(site).endswith("&mac=")
    monkeypatch.undo()

    site.sync()

    assert opened(cover(site)).status_code == 200


# Rotation of CRON_SECRET.


def test_c2_pictures_outlive_a_change_of_the_secret(site: Site, stack: Stack) -> None:
    site.sync()
    old = cover(site)
    with setting(stack, CRON_SECRET=NEXT_SECRET):
        with free_of_charge(site):
            assert ask(old).status_code == 404

        with setting(stack, CRON_SECRET_PREVIOUS=stack.secret):
            assert opened(old).status_code == 200
            run = as_owner(site, "/api/sync/trigger", NEXT_SECRET, force="1").json()
            site.ended(run["runId"])

        assert cover(site) != old
        assert opened(cover(site)).status_code == 200


def test_c10_a_run_goes_on_when_the_secret_changes_meanwhile(site: Site, stack: Stack) -> None:
    site.notion.latency.set(100)
    with setting(stack, SYNC_SLICE_SECONDS="1"):
        run = site.stack.get("/api/sync/trigger").json()
        with setting(stack, CRON_SECRET=NEXT_SECRET, CRON_SECRET_PREVIOUS=stack.secret):
            assert site.ended(run["runId"])["status"] == "delivered"
            site.check()
            with free_of_charge(site):
                for path in OWNERS:
                    assert as_owner(site, path, stack.secret).status_code == 401, (
                        "the previous secret opens nothing"
                    )


# C3: what QStash shows.


def test_c3_the_token_of_qstash_does_not_show_what_calls_the_worker(
    site: Site, stack: Stack
) -> None:
    """Whoever has it may list every message and its log, and ask for the signing keys."""
    bypass = "bypass-4711-of-the-protection"
    with setting(
        stack, VERCEL_AUTOMATION_BYPASS_SECRET=bypass, SYNC_RETRIES="0", NOTIFY_ON="always"
    ):
        site.kv.fail(Fault("error", times=0))
        try:
            run = site.stack.get("/api/sync/trigger").json()
            site.qstash.drain()
            listed = everything_listed(site)
        finally:
            site.kv.heal()
        site.qstash.advance(600)
        site.qstash.drain()
        assert site.sync()["status"] == "delivered"
        listed += everything_listed(site)

    assert run["runId"] in listed
    assert "REDACTED:" in listed
    assert bypass not in listed
    assert derived_secret(Secret(stack.secret)) not in listed


def everything_listed(site: Site) -> str:
    """All that QStash's API tells of messages, bodies in base64 decoded."""
    headers = {"Authorization": f"Bearer {site.qstash.token}"}
    text = ""
    for path in ("/v2/logs", "/v2/events", "/v2/dlq"):
        answer = httpx.get(f"{site.qstash.url}{path}", headers=headers, trust_env=False)
        text += answer.text
        for entry in (
            one for found in answer.json().values() if isinstance(found, list) for one in found
        ):
            text += b64decode(entry["body"]).decode() if path != "/v2/dlq" else ""
    for message in site.qstash.messages:
        text += httpx.get(
            f"{site.qstash.url}/v2/messages/{message.message_id}", headers=headers, trust_env=False
        ).text
    return text


# C6: a secret that can be guessed is none.


@pytest.mark.parametrize("secret", ["a", "fifteen letters"])
def test_c6_a_short_secret_opens_nothing(site: Site, stack: Stack, secret: str) -> None:
    with setting(stack, CRON_SECRET=secret), free_of_charge(site):
        for path in OWNERS:
            answer = as_owner(site, path, secret)
            assert answer.status_code == 500
            assert answer.json()["error"].startswith("CRON_SECRET must be 16 or more")
        for path in (*QUEUES, "/api/sync/webhook"):
            assert (
                httpx.post(f"{site.stack.url}{path}", json={}, trust_env=False).status_code == 500
            )


# C7: what is wrong with one setting.


def test_c7_a_wrong_setting_of_a_notifier_keeps_no_picture_from_anybody(
    site: Site, stack: Stack
) -> None:
    site.sync()
    with setting(stack, SLACK_WEBHOOK_URL="no address", RESEND_API_KEY="re_alone", SYNC_LANES="99"):
        assert opened(cover(site)).status_code == 200


def test_c7_strangers_are_told_of_no_setting(
    site: Site, stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    site.sync()
    with setting(stack, SLACK_WEBHOOK_URL="no address"), free_of_charge(site):
        calls = [httpx.get(f"{site.stack.url}{path}", trust_env=False) for path in OWNERS]
        calls += [
            httpx.post(f"{site.stack.url}{path}", json={}, trust_env=False) for path in QUEUES
        ]
        calls.append(handshake(site, "secret_of_a_stranger"))
        assert {call.status_code for call in calls} == {401}
        assert not [call.text for call in calls if "SLACK" in call.text]
        told = site.stack.get("/api/sync/status")
        assert told.status_code == 200
        assert [problem["name"] for problem in told.json()["setup"]] == ["SLACK_WEBHOOK_URL"]
    address = cover(site)
    capfd.readouterr()
    with setting(stack, KV_REST_API_TOKEN="two words"), free_of_charge(site):
        answer = ask(address)
        assert answer.status_code == 500
        assert "KV" not in answer.text
        assert "set-up" in answer.json()["error"]
    assert "KV_REST_API_TOKEN must be plain ASCII" in capfd.readouterr().out


def test_c7_a_picture_that_the_token_can_not_read_tells_strangers_of_no_token(
    site: Site, stack: Stack
) -> None:
    site.sync()
    with setting(stack, NOTION_TOKEN="ntn_of_somebody_else"):
        answer = ask(cover(site))

    assert answer.status_code == 503
    assert "TOKEN" not in answer.text


# C8: KV hangs.


def test_c8_nobody_waits_long_for_a_kv_that_hangs(site: Site, stack: Stack) -> None:
    key = handshake_key(Secret(stack.secret))
    calls: dict[str, Callable[[], httpx.Response]] = {
        "handshake": lambda: handshake(site, "secret_of_the_owner", key=key),
        "status": lambda: site.stack.get("/api/sync/status"),
        "run": lambda: site.stack.get("/api/sync/status", run="run_1"),
        "trigger": lambda: site.stack.get("/api/sync/trigger"),
    }
    site.kv.fail(Fault("timeout", times=0))
    try:
        statuses = {}
        for name, call in calls.items():
            began = time.monotonic()
            statuses[name] = call().status_code
            assert time.monotonic() - began < 5, name
    finally:
        site.kv.heal()

    assert statuses == {"handshake": 503, "status": 503, "run": 503, "trigger": 202}
    site.qstash.drain()


# C9: what is too long.


def test_c9_what_is_longer_than_it_can_be_is_refused_for_nothing(site: Site) -> None:
    with free_of_charge(site):
        for page in (
            "x" * 2001,
            "x" * 14_000,
            "a\r\nBcc: stranger@example.com",
            "a\x00b",
            "a\u2028b",
        ):
            for path in ("/api/sync/trigger", "/api/sync"):
                answer = site.stack.get(path, page=page)
                assert answer.status_code == 400
                assert answer.json()["error"].startswith("page must be")
