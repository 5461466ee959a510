"""Upstash's own clients, Python and JavaScript, work with the stand-in as they do with the
service."""

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from upstash_redis import Redis
from upstash_redis.asyncio import Redis as AsyncRedis
from upstash_redis.errors import UpstashError

from dev.upstash import UpstashStandIn

BUNDLE = {
    "meta": {"title": "Été ☃ 😀 𝒳 “quoted” \\ / \u2028"},
    "blocks": [{"n": 1.5, "none": None, "yes": True}],
}
COMPACT = json.dumps(BUNDLE, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
CLIENTS = Path(__file__).parents[2] / "clients"


@pytest.fixture
def redis(kv: UpstashStandIn) -> Iterator[Redis]:
    with Redis(kv.url, kv.token, rest_retries=0) as client:
        yield client


@pytest.fixture
async def aredis(kv: UpstashStandIn) -> AsyncIterator[AsyncRedis]:
    async with AsyncRedis(kv.url, kv.token, rest_retries=0) as client:
        yield client


def test_python_sets_with_every_option(redis: Redis) -> None:
    assert redis.set("k", "one", nx=True, ex=100)
    assert not redis.set("k", "two", nx=True)
    assert redis.set("k", "three", xx=True, keepttl=True)
    assert redis.ttl("k") == 100
    assert redis.set("k", "four", get=True) == "three"
    assert redis.ttl("k") == -1
    assert redis.set("k", "five", px=100_000)
    assert 0 < redis.pttl("k") <= 100_000


@pytest.mark.parametrize(
    "text", [COMPACT, "", "OK", "\x00\x01\r\n\t", "null", "é" * 100_000, "\U0010ffff\ufeff"]
)
def test_python_reads_back_the_text_it_wrote(redis: Redis, text: str) -> None:
    redis.set("k", text)
    redis.hset("h", values={"field": text, text or "empty": "1"})
    assert redis.get("k") == text
    assert redis.mget("k", "missing") == [text, None]
    assert redis.hgetall("h") == {"field": text, text or "empty": "1"}


def test_python_pipelines_and_transactions(redis: Redis) -> None:
    pipeline = redis.pipeline()
    pipeline.set("a", 1).incr("a").zadd("z", {"m": 1.5}).zrange("z", 0, -1, withscores=True).get(
        "missing"
    )
    assert pipeline.exec() == [True, 2, 1, [("m", 1.5)], None]
    multi = redis.multi()
    multi.hset("h", "f", "v").hgetall("h").exists("a")
    assert multi.exec() == [1, {"f": "v"}, 1]


def test_python_runs_scripts(redis: Redis) -> None:
    script = "return {KEYS[1], ARGV[1], redis.call('SET', KEYS[1], ARGV[1]), 7, false}"
    assert redis.eval(script, keys=["k"], args=[COMPACT]) == ["k", COMPACT, "OK", 7, None]
    assert redis.evalsha(redis.script_load(script), keys=["k"], args=["2"])[1] == "2"
    assert redis.get("k") == "2"


def test_python_meets_the_services_errors(redis: Redis, kv: UpstashStandIn) -> None:
    with (
        pytest.raises(UpstashError, match="WRONGPASS"),
        Redis(kv.url, "wrong", rest_retries=0) as stranger,
    ):
        stranger.get("k")
    with pytest.raises(
        AttributeError
    ):  # the client's own way of showing one error for a whole pipeline
        redis.pipeline().exec()
    redis.set("k", "v")
    pipeline = redis.pipeline()
    pipeline.incr("k").set("k", "executed all the same")
    with pytest.raises(UpstashError, match="not an integer"):
        pipeline.exec()
    assert redis.get("k") == "executed all the same"


async def test_the_async_client_does_the_same(aredis: AsyncRedis) -> None:
    assert await aredis.set("k", COMPACT, nx=True, ex=100)
    assert await aredis.get("k") == COMPACT
    pipeline = aredis.pipeline()
    pipeline.incr("n")
    pipeline.mget("k", "missing")
    assert await pipeline.exec() == [1, [COMPACT, None]]
    multi = aredis.multi()
    multi.hset("h", "f", "v")
    multi.hgetall("h")
    assert await multi.exec() == [1, {"f": "v"}]
    assert await aredis.eval("return redis.call('GET', KEYS[1])", keys=["k"]) == COMPACT


@pytest.fixture
def javascript(
    kv: UpstashStandIn, redis: Redis, lacking: Callable[[str, str], NoReturn]
) -> dict[str, Any]:
    """What `@upstash/redis` reports: see `tests/clients/redis.mjs`."""
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules/@upstash/redis").is_dir():
        lacking(
            "JavaScript client of Upstash Redis",
            "install Node.js, then run `npm ci --prefix tests/clients`",
        )
    redis.set("python:compact", COMPACT)
    redis.set("python:default", json.dumps(BUNDLE))
    redis.set("python:dict", BUNDLE)  # type: ignore[arg-type]
    redis.hset("python:hash", values={"bundle": COMPACT, "text": "2026-10-01"})
    environ = {"PATH": os.environ["PATH"], "KV_URL": kv.url, "KV_TOKEN": kv.token}
    run = subprocess.run(
        [node, "redis.mjs"], cwd=CLIENTS, env=environ, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def test_javascript_reads_objects_where_python_wrote_json(javascript: dict[str, Any]) -> None:
    assert javascript["compact"] == javascript["default"] == javascript["dict"] == BUNDLE
    assert javascript["mget"] == [BUNDLE, None]
    assert javascript["hgetall"] == {"bundle": BUNDLE, "text": "2026-10-01"}


def test_javascript_writes_what_python_reads(
    javascript: dict[str, Any], redis: Redis, http: httpx.Client
) -> None:
    assert javascript["set"] == "OK"
    assert javascript["object"] == BUNDLE
    assert redis.get("javascript:object") == COMPACT, "byte for byte what Python writes"
    assert 60 < http.get("/ttl/javascript:object").json()["result"] <= 100, (
        "seconds may have passed on a busy machine"
    )


def test_javascript_pipelines_transacts_and_runs_scripts(javascript: dict[str, Any]) -> None:
    assert javascript["pipeline"] == ["OK", 8, None]
    assert javascript["multi"] == [1, {"field": {"a": [1]}}, 9]
    assert javascript["eval"] == ["key", {"a": [1]}, 3]
    assert javascript["evalsha"] == "by name"


def test_javascript_meets_the_services_errors(javascript: dict[str, Any]) -> None:
    assert "WRONGPASS invalid or missing auth token" in javascript["wrongToken"]
    assert "WRONGTYPE" in javascript["wrongType"]
    assert "Command is not available: 'BLPOP'" in javascript["blocking"]
