"""What KV's answers mean, and which of them are asked for again."""

import httpx
import pytest
import respx

from dev.upstash import UpstashStandIn
from lib.errors import Misconfigured, SyncError, TooLarge, TryLater
from lib.store import kv as kv_module
from lib.store.kv import ATTEMPTS, Kv

URL = "https://kv.example/"


async def test_a_token_that_is_not_the_databases_is_the_owners_to_mend(upstash: UpstashStandIn) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(Misconfigured, match="KV_REST_API_TOKEN") as refusal:
            await Kv(upstash.url, "of-another-database", http).command("GET", "a")

    assert "of-another-database" not in str(refusal.value)


async def test_a_token_that_may_only_read_is_the_owners_to_mend(upstash: UpstashStandIn) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(Misconfigured, match="KV_REST_API_TOKEN"):
            await Kv(upstash.url, upstash.read_only_token, http).command("SET", "a", 1)


@respx.mock
@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        ("ERR max request size exceeded. Limit: 10485760 bytes, Actual: 10485800 bytes", TooLarge),
        ("ERR max single record size exceeded", TooLarge),
        ("ERR max requests limit exceeded. Limit: 500000, Usage: 500000", TryLater),
    ],
)
async def test_a_refused_command_is_not_sent_again(refusal: str, error: type[SyncError]) -> None:
    route = respx.post(URL).respond(400, json={"error": refusal})
    async with httpx.AsyncClient() as http:
        with pytest.raises(error):
            await Kv(URL, "kv-token", http).command("GET", "a")

    assert route.call_count == 1


@respx.mock
@pytest.mark.parametrize(
    "answer", [httpx.ReadTimeout("slow"), httpx.Response(502, text="<html>"), httpx.Response(200, text="<html>")]
)
async def test_what_is_no_answer_is_asked_for_again_and_then_temporary_trouble(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception
) -> None:
    monkeypatch.setattr(kv_module, "PAUSE_SECONDS", 0.0)
    fine = httpx.Response(200, json={"result": "NDI="})  # 42, in base64
    route = respx.post(URL).mock(side_effect=[answer] * (ATTEMPTS - 1) + [fine])
    async with httpx.AsyncClient() as http:
        kv = Kv(URL, "kv-token", http)
        assert await kv.command("GET", "a") == "42"
        assert (route.call_count, kv.commands) == (ATTEMPTS, 1)

        route.mock(side_effect=[answer] * ATTEMPTS)
        with pytest.raises(TryLater, match="KV_REST_API_URL") as trouble:
            await kv.command("GET", "a")

    assert (route.call_count, trouble.value.retry_after_seconds) == (2 * ATTEMPTS, 30.0)
