"""What KV's answers mean, and which of them are asked for again."""

import json
from base64 import b64encode
from hashlib import sha1

import httpx
import pytest
import respx

from dev.upstash import UpstashStandIn
from lib.errors import ForeignValue, Misconfigured, SyncError, TooLarge, TryLater
from lib.store import kv as kv_module
from lib.store.keys import Keys
from lib.store.kv import ATTEMPTS, Kv

URL = "https://kv.example/"


async def test_a_token_that_is_not_the_databases_is_the_owners_to_mend(
    upstash: UpstashStandIn,
) -> None:
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
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.Response(502, text="<html>"),
        *(httpx.Response(200, text=text) for text in ("<html>", "[]", "null", "{}")),
    ],
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


@respx.mock
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_known_by_the_status_whatever_the_words(status: int) -> None:
    route = respx.post(URL).respond(status, text="<html>Who are you?")
    async with httpx.AsyncClient() as http:
        with pytest.raises(Misconfigured, match="KV_REST_API_TOKEN"):
            await Kv(URL, "kv-token", http).command("GET", "a")

    assert route.call_count == 1


@respx.mock
async def test_words_that_are_no_refused_token_are_temporary_trouble() -> None:
    respx.post(URL).respond(400, json={"error": "Unauthorized is what this page is called"})
    async with httpx.AsyncClient() as http:
        with pytest.raises(TryLater):
            await Kv(URL, "kv-token", http).command("GET", "a")


@respx.mock
async def test_numbers_go_out_as_text() -> None:
    """Servers that are like Upstash's turn JSON's numbers into 2.592e+06, which EXPIRE refuses."""
    one = {"result": 1}
    route = respx.post(url__startswith=URL).mock(
        side_effect=lambda request: httpx.Response(
            200, json=[one, one] if "pipeline" in request.url.path else one
        )
    )
    async with httpx.AsyncClient() as http:
        kv = Kv(URL, "kv-token", http)
        await kv.command("EXPIRE", "a", 2_592_000)
        await kv.script("give_back", ["b"], [1, 1_780_000_000.25, 60_500])
        await kv.pipeline([["ZADD", "z", 1_780_000_000_000, "m"], ["HSET", "h", "f", 0.1]])

    expiry, script, pipeline = (json.loads(call.request.content) for call in route.calls)
    assert expiry == ["EXPIRE", "a", "2592000"]
    assert [script[2], *script[4:]] == ["1", "1", "1780000000.25", "60500"]
    assert pipeline == [["ZADD", "z", "1780000000000", "m"], ["HSET", "h", "f", "0.1"]]


@respx.mock
async def test_a_scripts_text_goes_out_only_where_kv_does_not_know_it() -> None:
    done, unknown = {"result": "MQ=="}, {"error": "NOSCRIPT No matching script. Please use EVAL."}
    answers = [
        httpx.Response(400, json=unknown),
        *(httpx.Response(200, json=done) for _ in range(2)),
    ]
    route = respx.post(URL).mock(side_effect=answers)
    async with httpx.AsyncClient() as http:
        kv = Kv(URL, "kv-token", http)
        assert [await kv.script("give_back", ["b"], [n]) for n in (1, 2)] == ["1", "1"]

    first, text, second = (json.loads(call.request.content) for call in route.calls)
    assert (first[0], text[0], second[0]) == ("EVALSHA", "EVAL", "EVALSHA")
    assert first[1] == second[1] == sha1(text[1].encode()).hexdigest()
    assert (first[2:], text[2:], second[2:]) == (["1", "b", "1"], ["1", "b", "1"], ["1", "b", "2"])
    assert kv.commands == 3, "what Upstash bills"


async def test_a_script_that_kv_has_forgotten_runs(kv: Kv, keys: Keys) -> None:
    await kv.script("give_back", [keys.budget], [1, 2, 3])
    await kv.command("SCRIPT", "FLUSH")

    await kv.script("give_back", [keys.budget], [1, 2, 3])


async def test_half_of_a_surrogate_pair_reaches_kv_as_a_replacement_character(kv: Kv) -> None:
    await kv.command("SET", "a\ud83d", "b\ud83d")
    await kv.pipeline([["SET", "c", "\ude00"], ["SET", "d", "\ud83d\ude00"]])

    assert await kv.pipeline([["GET", "a\ufffd"], ["GET", "c"], ["GET", "d"]]) == [
        "b\ufffd",
        "\ufffd",
        "😀",
    ]


@respx.mock
async def test_bytes_that_are_no_text_are_read_all_the_same() -> None:
    respx.post(URL).respond(200, json={"result": [b64encode(b"a\xff").decode(), None, 3]})
    async with httpx.AsyncClient() as http:
        assert await Kv(URL, "kv-token", http).command("HMGET", "a", "b") == ["a\ufffd", None, 3]


async def test_a_key_that_holds_another_type_is_named(kv: Kv, keys: Keys) -> None:
    await kv.command("RPUSH", keys.redirects, "a")
    await kv.command("SET", keys.pages, "a")
    names = (
        rf"^KV key {keys.redirects} holds something that this project did not write: delete it or"
        r" restore it$"
    )

    with pytest.raises(ForeignValue, match=names):
        await kv.command("GET", keys.redirects)
    with pytest.raises(ForeignValue, match=names):
        await kv.pipeline([["GET", "fine"], ["GET", keys.redirects]])


async def test_a_key_at_which_a_script_failed_for_its_type_is_found(kv: Kv, keys: Keys) -> None:
    await kv.command("SET", keys.active, "r1")
    await kv.command("RPUSH", keys.budget, "a")

    with pytest.raises(ForeignValue) as foreign:
        await kv.script("give_back", [keys.budget, keys.active, keys.pages, ""], [1, 2, 3])

    assert foreign.value.keys == (keys.budget,)
