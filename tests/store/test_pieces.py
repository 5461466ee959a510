"""Texts that are longer than one request to KV."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from dev.upstash import UpstashStandIn
from lib.store.kv import Kv
from lib.store.pieces import Pieces

Put = Callable[[str, str], Awaitable[None]]
LONG = "Grüße vom Leuchtturm! " * 100


@pytest.fixture
async def small(kv: Kv) -> Kv:
    """The same KV through a door that takes 400 bytes at once."""
    kv.max_request_bytes = 400
    return kv


def put(kv: Kv) -> Put:
    """Return what keeps a piece for a minute."""

    async def keep(key: str, piece: str) -> None:
        await kv.command("SET", key, piece, "EX", 60)

    return keep


@pytest.mark.parametrize("text", ["", "short", "x" * 100, "x" * 101, LONG])
async def test_a_text_comes_back_whole(small: Kv, text: str) -> None:
    await Pieces(small).keep_pieces("key", text, put(small))

    assert await Pieces(small).read_pieces("key") == text
    assert 0 < await small.command("TTL", "key") <= 60


async def test_what_fits_into_one_request_costs_one_command_each_way(kv: Kv) -> None:
    await Pieces(kv).keep_pieces("key", LONG, put(kv))
    assert kv.commands == 1
    await Pieces(kv).read_pieces("key")
    assert kv.commands == 2


async def test_nothing_kept_is_none(kv: Kv) -> None:
    assert await Pieces(kv).read_pieces("key") is None


async def test_a_text_that_was_cut_off_while_it_replaced_another_is_not_believed(small: Kv) -> None:
    await Pieces(small).keep_pieces("key", LONG, put(small))
    await small.command("SET", "key:3", "a piece of the next text")

    assert await Pieces(small).read_pieces("key") is None


async def test_a_pipeline_that_is_too_large_goes_out_in_several_requests(
    upstash: UpstashStandIn,
) -> None:
    upstash.reset()
    values = [str(number) * 300 for number in range(5)]
    async with httpx.AsyncClient(trust_env=False) as http:
        kv = Kv(upstash.url, upstash.token, http, max_request_bytes=700)
        answers = await kv.pipeline(
            [["SET", f"key:{number}", value] for number, value in enumerate(values)]
        )
        requests = upstash.usage.requests
        assert answers == [True] * 5
        assert await kv.command("MGET", *(f"key:{number}" for number in range(5))) == values
    assert requests == 3
