"""The doctor's test notices. Without a stack in this process, whose functions import a `lib` of their
own."""

from collections.abc import Iterator

import httpx
import pytest

from dev.doctor import notices
from dev.doctor.finding import Finding
from dev.listener import Listener
from lib.config import Config
from lib.notify import email

Environ = dict[str, str]


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    with Listener() as listening:
        monkeypatch.setattr(email, "ADDRESS", f"{listening.url}/mail")
        yield listening


@pytest.fixture
def telling(environ: Environ, listener: Listener) -> Environ:
    """A set-up with every channel, each at the listener."""
    return environ | {
        "SLACK_WEBHOOK_URL": f"{listener.url}/slack-private",
        "NOTIFY_WEBHOOK_URL": f"{listener.url}/webhook-private",
        "REVALIDATE_URL": f"{listener.url}/site",
        "RESEND_API_KEY": "re_private",
        "NOTIFY_EMAIL_FROM": "sync@mail.example",
        "NOTIFY_EMAIL_TO": "me@mail.example",
    }


async def found(environ: Environ) -> list[Finding]:
    async with httpx.AsyncClient(trust_env=False) as http:
        return [finding async for finding in notices.examine(http, Config.read(environ))]


async def test_a_test_notice_goes_out_over_every_channel(
    telling: Environ, listener: Listener
) -> None:
    assert [(one.grade, one.text) for one in await found(telling)] == [
        ("ok", "the site (REVALIDATE_URL) took a test notice"),
        ("ok", "Slack took a test notice"),
        ("ok", "Resend took a test notice"),
        ("ok", "the receiver at NOTIFY_WEBHOOK_URL took a test notice"),
    ]
    told = [listener.heard(path) for path in ("/slack", "/mail", "/webhook")]
    assert all(notices.TEXT in str(one.json) for [one] in told)
    [site] = listener.heard("/site")
    assert (site.json["changed"], site.json["deleted"], site.json["tags"]) == (
        [],
        [],
        ["redirects"],
    )


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/slack-private", "SLACK_WEBHOOK_URL: the answer was 404"),
        ("/site", "REVALIDATE_URL: the answer was 404"),
    ],
)
async def test_a_channel_that_refuses_is_told_and_the_others_get_their_notice(
    telling: Environ, listener: Listener, path: str, told: str
) -> None:
    listener.fail(path, 404)

    findings = await found(telling)

    [fault] = [one.text for one in findings if one.grade == "mend"]
    assert fault.startswith(told)
    assert "private" not in fault
    assert len([one for one in findings if one.grade == "ok"]) == 3


async def test_a_receiver_that_is_not_there_is_told_with_the_way_out(telling: Environ) -> None:
    findings = await found(telling | {"SLACK_WEBHOOK_URL": "http://127.0.0.1:9/slack-private"})

    [fault] = [one.text for one in findings if one.grade == "mend"]
    assert fault.startswith("SLACK_WEBHOOK_URL: no connection")
    assert "correct that, or remove it" in fault
