"""What every channel in `CHANNELS` keeps: a new one is held to it without a test of its own."""

import time
from pathlib import Path

import httpx
import pytest
import respx

from dev.doctor.notices import OneChange
from lib.config import Config
from lib.errors import Misconfigured, NoAnswer, SyncError, TryLater
from lib.log import Log
from lib.model import Outcome
from lib.notify.channels import CHANNELS, ChannelKind
from lib.notify.tools import ChannelTools
from lib.wiring import Services

ROOT = Path(__file__).parent.parent.parent
VALUES = {
    "SLACK_WEBHOOK_URL": "https://private.example/slack-4711",
    "RESEND_API_KEY": "re_private-4711",
    "NOTIFY_EMAIL_FROM": "sync@mail.example",
    "NOTIFY_EMAIL_TO": "me@mail.example",
    "NOTIFY_WEBHOOK_URL": "https://private.example/hook-4711",
    "REVALIDATE_URL": "https://site.example/revalidate",
    "REVALIDATE_SECRET": "private-4711",
}
OUTCOME = Outcome(
    run_id="run_1",
    status="delivered",
    written=2,
    triggered_at=1_780_000_000.0,
    error="half: \ud83d",
)
each_kind = pytest.mark.parametrize("kind", CHANNELS, ids=lambda kind: str(kind.name))


def config_with(environ: dict[str, str], kind: type[ChannelKind]) -> Config:
    return Config.read(environ | {name: VALUES[name] for name in kind.settings})


def opened(config: Config, kind: type[ChannelKind], http: httpx.AsyncClient) -> ChannelKind:
    channel = kind.from_config(config, ChannelTools(http=http, ledger=OneChange(), now=time.time))
    assert channel is not None
    return channel


@each_kind
async def test_a_channel_that_is_set_up_is_built_and_has_an_audience(
    environ: dict[str, str], kind: type[ChannelKind]
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        services = Services(config_with(environ, kind), http, Log(now=time.time))
        assert [type(channel) for channel in services.channels] == [kind]
        assert services.audience.hears(OUTCOME)

        silent = Services(Config.read(environ), http, Log(now=time.time))
        assert silent.channels == []
        assert not silent.audience.hears(OUTCOME)


@each_kind
@respx.mock
async def test_a_channel_sends_json_in_utf_8_whatever_the_text(
    environ: dict[str, str], kind: type[ChannelKind]
) -> None:
    route = respx.post().respond(200, json={"id": "1"})
    async with httpx.AsyncClient(trust_env=False) as http:
        await opened(config_with(environ, kind), kind, http).tell_outcome(OUTCOME)

    [call] = route.calls
    assert call.request.headers["Content-Type"] == "application/json"
    assert b"\\ud83d" not in call.request.content
    assert call.request.content.decode()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(503), TryLater),
        (httpx.ConnectError("refused"), TryLater),
        (httpx.ReadTimeout("silence"), NoAnswer),
        (httpx.Response(404, text="gone"), Misconfigured),
    ],
    ids=str,
)
@each_kind
@respx.mock
async def test_a_channel_says_what_the_caller_should_do_and_shows_no_secret(
    environ: dict[str, str],
    kind: type[ChannelKind],
    answer: httpx.Response | Exception,
    error: type[SyncError],
) -> None:
    respx.post().mock(side_effect=lambda _: _given(answer))
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(SyncError) as caught:
            await opened(config_with(environ, kind), kind, http).tell_outcome(OUTCOME)

    # A site is told again whatever it refuses, for it would show old pages for good.
    expected = error if kind.is_for_people or error is not Misconfigured else TryLater
    assert type(caught.value) is expected
    assert any(name in str(caught.value) for name in kind.settings)
    assert "4711" not in str(caught.value)


@each_kind
def test_a_channel_is_named_in_the_documents(kind: type[ChannelKind]) -> None:
    settings = (ROOT / "docs/settings.md").read_text("utf-8")
    example = (ROOT / ".env.example").read_text("utf-8")
    security = (ROOT / "SECURITY.md").read_text("utf-8")
    for name in kind.settings:
        assert f"`{name}`" in settings
        assert f"{name}=" in example
    assert any(name in security for name in kind.settings)
    assert f"`{kind.name}`" in (ROOT / "docs/logs.md").read_text("utf-8")


def test_channels_have_names_of_their_own() -> None:
    assert len({kind.name for kind in CHANNELS}) == len(CHANNELS)


def _given(answer: httpx.Response | Exception) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    return answer
