"""What each call costs in KV commands, messages and requests to Notion, and that SECURITY.md says
so.

After a change, `pytest tests/stack/test_prices.py` shows the row that is to be written.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from dev.qstash import Fault
from dev.stack import ROOT, Stack
from lib.auth import sign_notion
from lib.media.guard import UNSIGNED_AT_ONCE, Allowance
from lib.qstash.signature import sign_delivery
from lib.secret import Secret, derived_secret, handshake_key
from tests.stack.site import Site, unlimited
from tests.stack.test_media import VISIT, ask, cover, picture

Price = tuple[int, int, int]
Call = Callable[[Site], tuple[httpx.Response, int]]
"""Makes a call, and says which status it must get."""

TOKEN = "secret_of_the_owners_webhook"
WINDOW = 3_000_000
"""A window that takes minutes."""


@pytest.fixture(scope="module")
def synced(stack: Stack) -> Iterator[Site]:
    """A site that has been synced, whose webhook is live, and whose KV has met every script
    before."""
    stack.reset()
    site = Site.of(stack)
    site.load_scripts()
    with unlimited(stack):
        site.sync()
        yield site


@pytest.fixture
def site(synced: Site, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("lib.media.guard.UNSIGNED", Allowance(UNSIGNED_AT_ONCE, 0.001))
    monkeypatch.setattr(
        "lib.sync.webhook.WINDOW_SECONDS", time.time() / WINDOW
    )  # it has just begun
    for key in synced.command("KEYS", "sync:webhook:*"):
        synced.command("DEL", key)
    for key in synced.command("KEYS", "sync:files:fresh:*"):
        synced.command("DEL", key)
    stack.set("NOTION_WEBHOOK_TOKEN", TOKEN)
    stack.set("SYNC_PREVIEW", "on")
    stack.set("PREVIEW_URL", "https://site.example/api/preview")
    return synced


def owner(path: str, secret: str = "") -> Call:
    def call(site: Site) -> tuple[httpx.Response, int]:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return httpx.get(f"{site.stack.url}{path}", headers=headers, trust_env=False), 401

    return call


def status_with_the_secret(site: Site) -> tuple[httpx.Response, int]:
    return site.stack.get("/api/sync/status"), 200


def link_with_the_secret(site: Site) -> tuple[httpx.Response, int]:
    return site.stack.get("/api/sync/status", preview="visit"), 200


def drafts_with_the_secret(site: Site) -> tuple[httpx.Response, int]:
    return site.stack.get("/api/sync/status", drafts="1"), 200


def trigger_with_the_secret(site: Site) -> tuple[httpx.Response, int]:
    site.qstash.fail(Fault("drop"))  # else the run begins before its price is known
    return site.stack.get("/api/sync/trigger", page="visit"), 202


def cancel_with(secret: str = "") -> Call:
    def call(site: Site) -> tuple[httpx.Response, int]:
        run_id = f"run_{uuid4().hex}"
        site.command("HSET", f"sync:run:{run_id}", "runId", run_id, "status", "active")
        address = f"{site.stack.url}/api/sync/cancel"
        headers = {"Authorization": f"Bearer {secret or site.stack.secret}"}
        site.kv.commands["HSET"] -= 1  # no command of the call's
        answer = httpx.post(address, params={"run": run_id}, headers=headers, trust_env=False)
        return answer, 401 if secret else 200

    return call


def queue(path: str, **changes: str) -> Call:
    """A message as QStash signs it, but for `changes`."""

    def call(site: Site) -> tuple[httpx.Response, int]:
        address = f"{site.stack.url}{path}"
        headers = {
            "upstash-signature": sign_delivery(
                b"{}", address, site.qstash.current_signing_key, time.time()
            ),
            "x-sync-secret": derived_secret(Secret(site.stack.secret)),
        } | {name.replace("_", "-"): value for name, value in changes.items()}
        return httpx.post(address, content=b"{}", headers=headers, trust_env=False), 401

    return call


def posted(site: Site, body: object, token: str = TOKEN, **query: str) -> httpx.Response:
    content = json.dumps(body).encode()
    headers = {"X-Notion-Signature": sign_notion(content, Secret(token))}
    return httpx.post(
        f"{site.stack.url}/api/sync/webhook",
        content=content,
        headers=headers,
        params=query,
        trust_env=False,
    )


def event(entity: str, id: str = "") -> dict[str, object]:
    return {
        "id": id or str(uuid4()),
        "type": "page.content_updated",
        "timestamp": datetime.now(UTC).isoformat(),
        "entity": {"id": entity, "type": "page"},
        "data": {},
    }


def signed_event(site: Site) -> tuple[httpx.Response, int]:
    return posted(site, event(VISIT)), 200


def event_that_comes_again(site: Site) -> tuple[httpx.Response, int]:
    return posted(site, event(VISIT, REPEATED)), 200


def event_of_nothing_published(site: Site) -> tuple[httpx.Response, int]:
    return posted(site, event(str(uuid4()))), 200


def forged_event(site: Site) -> tuple[httpx.Response, int]:
    return posted(site, event(VISIT), token="another"), 401


def handshake(**query: str) -> Call:
    def call(site: Site) -> tuple[httpx.Response, int]:
        assert isinstance(site.stack, Stack)
        site.stack.set("NOTION_WEBHOOK_TOKEN", "")
        sent = {
            name: value or handshake_key(Secret(site.stack.secret)) for name, value in query.items()
        }
        answer = posted(site, {"verification_token": "secret_of_somebody"}, **sent)
        return answer, 401 if query.get("key", "x") else 200

    return call


def made_up_file(mac: str) -> Call:
    def call(site: Site) -> tuple[httpx.Response, int]:
        return ask(f"{site.stack.url}/api/media?block={uuid4()}&file={uuid4().hex[:16]}{mac}"), 404

    return call


def malformed_file(site: Site) -> tuple[httpx.Response, int]:
    return ask(f"{site.stack.url}/api/media?block=1&file=2"), 400


def published_file(site: Site) -> tuple[httpx.Response, int]:
    return ask(ADDRESSES[site.stack.url]), 302


def front_page(site: Site) -> tuple[httpx.Response, int]:
    return httpx.get(site.stack.url, trust_env=False), 200


REPEATED = str(uuid4())
EVENTS_BEFORE = {
    "another one of it, as the first of its window that waits for the end": 1,
    "any more of it in that window": 2,
}
"""So many events came in the same window."""
ADDRESSES: dict[str, str] = {}
CALLS: dict[tuple[str, str], Call] = {
    ("`/api/sync/trigger`", "without or with a wrong secret"): owner("/api/sync/trigger", "wrong"),
    ("`/api/sync/trigger`", "with it"): trigger_with_the_secret,
    ("`/api/sync`", "without or with a wrong secret"): owner("/api/sync"),
    ("`/api/sync/status`", "without or with a wrong secret"): owner("/api/sync/status", "wrong"),
    ("`/api/sync/status`", "with it"): status_with_the_secret,
    ("`/api/sync/status`", "with it, for a link to a preview"): link_with_the_secret,
    ("`/api/sync/status`", "with it, for all drafts"): drafts_with_the_secret,
    ("`/api/sync/cancel`", "without or with a wrong secret"): cancel_with("wrong"),
    ("`/api/sync/cancel`", "with it, for a run under way that changed nothing yet"): cancel_with(),
    ("`/api/sync/worker`", "unsigned, or without `x-sync-secret`"): queue(
        "/api/sync/worker", x_sync_secret=""
    ),
    ("`/api/sync/notify`", "unsigned, or without `x-sync-secret`"): queue(
        "/api/sync/notify", upstash_signature=""
    ),
    ("`/api/sync/webhook`", "an event that is not signed"): forged_event,
    ("`/api/sync/webhook`", "a signed event of a published page"): signed_event,
    (
        "`/api/sync/webhook`",
        "another one of it, as the first of its window that waits for the end",
    ): signed_event,
    ("`/api/sync/webhook`", "any more of it in that window"): signed_event,
    ("`/api/sync/webhook`", "one that comes again"): event_that_comes_again,
    ("`/api/sync/webhook`", "one of a page that is not published"): event_of_nothing_published,
    ("`/api/sync/webhook`", "a handshake without the key"): handshake(),
    ("`/api/sync/webhook`", "a handshake with it"): handshake(key=""),
    ("`/api/media`", "what is no address of a file"): malformed_file,
    ("`/api/media`", "a made-up address"): made_up_file("&mac=" + "0" * 20),
    (
        "`/api/media`",
        "a made-up address of an older format, while its allowance lasts",
    ): made_up_file(""),
    ("`/api/media`", "a published file, looked at within the hour"): published_file,
    ("`/api/media`", "one that nobody looked at lately"): published_file,
    ("`/`", "anything"): front_page,
}


def price(site: Site) -> Price:
    return site.kv.commands.total(), len(site.qstash.messages), len(site.notion.log.requests)


@pytest.fixture(scope="module")
def table() -> dict[tuple[str, str], Price]:
    """The table of SECURITY.md."""
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    rows = re.findall(r"^\| (`/\S*`) \| (.+?) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return {
        (address, call): (int(kv), int(messages), int(notion))
        for address, call, kv, messages, notion in rows
    }


@pytest.mark.parametrize("row", CALLS, ids=" ".join)
def test_a_call_costs_what_the_table_says(
    site: Site, stack: Stack, table: dict[tuple[str, str], Price], row: tuple[str, str]
) -> None:
    ADDRESSES[stack.url] = picture(site)
    if "within the hour" in row[1]:
        assert published_file(site)[0].status_code == 302
    for number in range(EVENTS_BEFORE.get(row[1], 0)):
        assert signed_event(site)[0].json()["outcome"] == "asked", number
    if row[1] == "one that comes again":
        assert event_that_comes_again(site)[0].json()["outcome"] == "asked"
    before = price(site)

    answer, status = CALLS[row](site)

    cost = tuple(after - earlier for after, earlier in zip(price(site), before, strict=True))
    site.qstash.drain()
    assert answer.status_code == status, answer.text
    assert table.get(row) == cost, f"| {row[0]} | {row[1]} | {cost[0]} | {cost[1]} | {cost[2]} |"


def test_the_table_has_no_other_rows(table: dict[tuple[str, str], Price]) -> None:
    assert list(table) == list(CALLS)


def test_the_limit_for_the_edge_leaves_room_for_a_page_of_pictures(site: Site) -> None:
    """The figure stands where the owner reads it, and is more than any page of the sample asks for
    at once."""
    [limit] = re.findall(
        r"\*\*(\d+) requests in 60 seconds\*\*", (ROOT / "SECURITY.md").read_text("utf-8")
    )
    bundles = [site.command("GET", key) for key in site.site_keys() if key.startswith("page:")]
    assert int(limit) > 2 * max(text.count("/api/media?") for text in bundles)
    assert cover(site)
