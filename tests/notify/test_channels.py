"""What each channel sends, and what becomes of the answers."""

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from lib.errors import Misconfigured, NoAnswer, SyncError, TryLater
from lib.model import Changes, Outcome, Problem
from lib.notify.email import ADDRESS, Email
from lib.notify.revalidate import KEYS_PER_REQUEST, Revalidation
from lib.notify.slack import Slack
from lib.notify.webhook import SignedWebhook, signed_headers
from lib.secret import Secret, webhook_secret

SLACK = "https://hooks.slack.example/services/T0/B0/very-secret"
HOOK = "https://receiver.example/hook"
SITE = "https://site.example/api/revalidate"
KEY = webhook_secret(Secret("correct horse battery staple"))
OUTCOME = Outcome(run_id="run_1", status="delivered", written=2, triggered_at=1_780_000_000.0)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


class Book:
    """A ledger in memory."""

    def __init__(
        self,
        changed: set[str],
        deleted: set[str] | None = None,
        referrers: set[str] | None = None,
    ) -> None:
        self._changes = Changes(
            frozenset(changed), frozenset(deleted or ()), frozenset(referrers or ())
        )
        self.done = 0

    async def changes(self, run_id: str) -> Changes:
        return self._changes

    async def passed_on(self, run_id: str) -> int:
        return self.done

    async def pass_on(self, run_id: str, count: int) -> None:
        self.done = count


@respx.mock
async def test_slack_gets_one_message_with_text_and_blocks(http: httpx.AsyncClient) -> None:
    route = respx.post(SLACK).respond(200, text="ok")

    await Slack(SLACK, "https://sync.example/", http).tell_outcome(OUTCOME)

    body = json.loads(route.calls.last.request.content)
    assert body["text"] == "Sync of everything finished: 2 bundles updated"
    assert [block["type"] for block in body["blocks"]] == [
        "header",
        "section",
        "actions",
        "context",
    ]


ODD = Outcome(
    run_id="run_1",
    status="failed",
    error="half a pair: \ud83d",
    failed=2**70,
    updated=["\ude00"],
    problems=[Problem("d", title="\ud83d", kind="database", reason="\ud83d\ude00")],
)


@respx.mock
async def test_text_that_is_none_reaches_every_channel_with_a_replacement_character(
    http: httpx.AsyncClient,
) -> None:
    route = respx.post(url__startswith="https://").respond(200)
    for channel in (
        Slack(SLACK, "https://sync.example/", http),
        Email("re_key", "sync@example.com", ["a@example.com"], "https://sync.example/", http),
        SignedWebhook(HOOK, KEY, http, time.time),
        Revalidation(SITE, "s3cret", http, Book({"page:\ud83d"})),
    ):
        await channel.tell_outcome(ODD)

    sent = [call.request.content.decode() for call in route.calls]
    assert ["half a pair: \ufffd" in text for text in sent] == [True, True, True, False]
    assert "page:\ufffd" in sent[3]
    [problem] = json.loads(sent[2])["data"]["problems"]
    assert problem == {
        "pageId": "d",
        "slug": None,
        "title": "\ufffd",
        "kind": "database",
        "reason": "😀",
    }
    assert json.loads(sent[2])["data"]["failed"] == 2**70


@respx.mock
async def test_resend_gets_a_mail_that_it_can_recognise_again(http: httpx.AsyncClient) -> None:
    route = respx.post(ADDRESS).respond(200, json={"id": "1"})
    channel = Email(
        "re_key",
        "Sync <sync@example.com>",
        ["a@example.com", "b@example.com"],
        "https://sync.example/",
        http,
    )

    await channel.tell_outcome(OUTCOME)

    request = route.calls.last.request
    body = json.loads(request.content)
    assert request.headers["Authorization"] == "Bearer re_key"
    assert request.headers["Idempotency-Key"] == "run_1-delivered"
    assert (body["from"], body["to"]) == (
        "Sync <sync@example.com>",
        ["a@example.com", "b@example.com"],
    )
    assert body["subject"] in body["text"]


@respx.mock
async def test_a_receiver_of_standard_webhooks_verifies_what_it_gets(
    http: httpx.AsyncClient,
) -> None:
    route = respx.post(HOOK).respond(204)

    await SignedWebhook(HOOK, KEY, http, time.time).tell_outcome(OUTCOME)

    request = route.calls.last.request
    event = Receiver(KEY).verify(request.content, dict(request.headers))
    assert event["type"] == "sync.delivered"
    assert event["data"]["runId"] == "run_1"
    assert event["data"]["triggeredAt"] == "2026-05-28T20:26:40.000Z"
    assert datetime.now(UTC) - datetime.fromisoformat(event["timestamp"]) < timedelta(minutes=5)
    assert request.headers["webhook-id"] == "run_1-delivered"
    with pytest.raises(WebhookVerificationError):
        Receiver(KEY).verify(request.content + b" ", dict(request.headers))


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7), ("86400", 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", 60)]
)
@respx.mock
async def test_a_receiver_says_when_to_come_again_but_not_for_more_than_an_hour(
    http: httpx.AsyncClient, said: str, seconds: float
) -> None:
    respx.post(SLACK).respond(429, headers={"Retry-After": said})

    with pytest.raises(TryLater) as later:
        await Slack(SLACK, "https://sync.example/", http).tell_outcome(OUTCOME)

    assert later.value.retry_after_seconds == seconds


def test_our_signature_is_the_one_of_the_specification() -> None:
    moment = datetime.fromtimestamp(1_614_265_330, UTC)
    key, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"test": 2432232314}'

    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body.encode(), key)

    assert headers["webhook-signature"] == Receiver(key).sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", moment, body
    )


@respx.mock
async def test_the_site_is_told_slugs_and_tags_with_the_secret(http: httpx.AsyncClient) -> None:
    route = respx.post(SITE).respond(200)
    book = Book({"page:about", "page:gone", "posts:index", "db:1"}, {"page:gone"})

    await Revalidation(SITE, "s3cret", http, book).tell_outcome(OUTCOME)

    assert route.calls.last.request.headers["Authorization"] == "Bearer s3cret"
    assert json.loads(route.calls.last.request.content) == {
        "runId": "run_1",
        "changed": ["about"],
        "deleted": ["gone"],
        "tags": ["db:1", "page:about", "page:gone", "posts:index"],
    }


@respx.mock
async def test_pages_that_lead_to_another_one_are_to_be_made_anew_too(
    http: httpx.AsyncClient,
) -> None:
    route = respx.post(SITE).respond(200)
    book = Book({"page:new"}, {"page:old"}, {"page:leads-there", "page:old"})

    await Revalidation(SITE, "", http, book).tell_outcome(OUTCOME)

    body = json.loads(route.calls.last.request.content)
    assert (body["changed"], body["deleted"]) == (["leads-there", "new"], ["old"])
    assert body["tags"] == ["page:leads-there", "page:new", "page:old"]


@respx.mock
async def test_many_changes_go_in_batches_and_none_goes_twice(http: httpx.AsyncClient) -> None:
    pages = {f"page:{number:05}" for number in range(2 * KEYS_PER_REQUEST + 1)}
    answers = iter([200, 503, 200, 200])
    route = respx.post(SITE).mock(side_effect=lambda request: httpx.Response(next(answers)))
    channel = Revalidation(SITE, "", http, Book(pages))

    with pytest.raises(TryLater):
        await channel.tell_outcome(OUTCOME)
    await channel.tell_outcome(OUTCOME)

    sent = [
        json.loads(call.request.content)["tags"]
        for call in route.calls
        if call.response.status_code == 200
    ]
    assert [len(tags) for tags in sent] == [KEYS_PER_REQUEST, KEYS_PER_REQUEST, 1]
    assert {tag for tags in sent for tag in tags} == pages
    assert "Authorization" not in route.calls.last.request.headers


@respx.mock
async def test_the_site_is_told_at_once_where_one_request_does(http: httpx.AsyncClient) -> None:
    route = respx.post(SITE).respond(200)
    pages = {f"page:{number:05}" for number in range(KEYS_PER_REQUEST)}

    assert await Revalidation(SITE, "s3cret", http, Book(pages)).tell_at_once("run_1")
    assert len(json.loads(route.calls.last.request.content)["tags"]) == KEYS_PER_REQUEST

    assert not await Revalidation(SITE, "", http, Book({*pages, "db:1"})).tell_at_once("run_1")
    assert await Revalidation(SITE, "", http, Book(set())).tell_at_once("run_1")
    assert route.call_count == 1


@respx.mock
async def test_a_site_that_refuses_at_once_may_be_told_later(http: httpx.AsyncClient) -> None:
    respx.post(SITE).respond(404)

    with pytest.raises(TryLater):
        await Revalidation(SITE, "", http, Book({"page:about"})).tell_at_once("run_1")


@respx.mock
async def test_a_site_that_refuses_is_told_again_another_time(http: httpx.AsyncClient) -> None:
    respx.post(SITE).respond(401, text="wrong secret")
    book = Book({"page:about"})

    with pytest.raises(TryLater, match="REVALIDATE_URL: the answer was 401 wrong secret") as later:
        await Revalidation(SITE, "old", http, book).tell_outcome(OUTCOME)
    assert later.value.retry_after_seconds == 60
    assert book.done == 0


@respx.mock
async def test_nothing_changed_is_not_told_to_the_site(http: httpx.AsyncClient) -> None:
    await Revalidation(SITE, "s3cret", http, Book(set())).tell_outcome(OUTCOME)

    assert not respx.calls


@respx.mock
async def test_what_is_posted_says_that_it_is_json_and_who_sends_it(
    http: httpx.AsyncClient,
) -> None:
    route = respx.post(SLACK).respond(200)

    await Slack(SLACK, "https://sync.example/", http).tell_outcome(OUTCOME)

    request = route.calls.last.request
    assert (request.headers["Content-Type"], request.headers["User-Agent"]) == (
        "application/json",
        "notion-kv-sync",
    )
    assert request.extensions["timeout"] == {
        "connect": 5.0,
        "read": 10.0,
        "write": 10.0,
        "pool": 10.0,
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(500), TryLater),
        *((httpx.Response(status), TryLater) for status in (408, 409, 425, 429)),
        (httpx.Response(404, text="no_service"), Misconfigured),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), Misconfigured),
        (httpx.ConnectError("refused"), TryLater),
        (httpx.ReadTimeout("silence"), NoAnswer),
        (httpx.RemoteProtocolError("cut off"), NoAnswer),
    ],
    ids=str,
)
@respx.mock
async def test_every_answer_has_its_error_and_none_shows_the_address(
    http: httpx.AsyncClient, answer: httpx.Response | Exception, kind: type[SyncError]
) -> None:
    respx.post(SLACK).mock(
        **({"side_effect": answer} if isinstance(answer, Exception) else {"return_value": answer})
    )

    with pytest.raises(SyncError) as caught:
        await Slack(SLACK, "https://sync.example/", http).tell_outcome(OUTCOME)

    assert type(caught.value) is kind
    assert "SLACK_WEBHOOK_URL" in str(caught.value)
    assert "very-secret" not in str(caught.value)
    if isinstance(caught.value, TryLater):
        assert caught.value.retry_after_seconds == 60
