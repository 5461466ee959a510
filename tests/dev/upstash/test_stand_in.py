"""The stand-in's own side: what it counts, the trouble it makes on request, and its controls."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import redis

from dev.upstash import Fault, UpstashStandIn


def test_each_command_of_a_pipeline_counts_and_a_script_counts_once(
    http: httpx.Client, kv: UpstashStandIn
) -> None:
    http.post("/pipeline", json=[["SET", "a", 1], ["set", "b", 2], ["GET", "a"]])
    http.post("/multi-exec", json=[["INCR", "a"], ["INCR", "b"]])
    http.post(
        "/", json=["EVAL", "redis.call('GET', KEYS[1]) return redis.call('GET', KEYS[1])", 1, "a"]
    )
    http.post("/", json=["BLPOP", "a", 1])
    assert kv.commands == {"SET": 2, "GET": 1, "INCR": 2, "EVAL": 1}
    assert kv.commands.total() == 6
    assert kv.usage.requests == 4


def test_bodies_are_counted_both_ways(http: httpx.Client, kv: UpstashStandIn) -> None:
    sent = http.post("/", content=b'["SET","k","0123456789"]')
    got = http.get("/get/k")
    assert kv.usage.bytes_in == len(b'["SET","k","0123456789"]')
    assert kv.usage.bytes_out == len(sent.content) + len(got.content)


def outcome(http: httpx.Client) -> str:
    """What a client sees of a request that increments `n`."""
    try:
        response = http.get("/incr/n", timeout=0.5)
    except httpx.TransportError as trouble:
        return type(trouble).__name__
    return f"{response.status_code} {response.headers['content-type'].partition(';')[0]}"


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize(
    ("how", "seen"),
    [
        ("error", "500 application/json"),
        ("refused", "400 application/json"),
        ("html", "502 text/html"),
        ("reset", "ReadError"),
        ("timeout", "ReadTimeout"),
    ],
)
def test_an_answer_is_lost_before_or_after_the_command_was_executed(
    http: httpx.Client, kv: UpstashStandIn, how: str, seen: str, executed: bool
) -> None:
    kv.fail(Fault(how=how, executed=executed))  # type: ignore[arg-type]
    assert outcome(http) == seen
    assert kv.commands["INCR"] == int(executed)
    assert http.get("/incr/n").json() == {"result": 2 if executed else 1}, "a fault happens once"


def test_a_fault_hits_the_nth_command_that_matches(http: httpx.Client, kv: UpstashStandIn) -> None:
    kv.fail(Fault(matching="^incr n$", nth=3, times=2))
    seen = [outcome(http)[:3] for _ in range(6) if http.get("/incr/m").status_code == 200]
    assert seen == ["200", "200", "500", "500", "200", "200"]


def test_a_fault_without_an_end_lasts_until_it_is_healed(
    http: httpx.Client, kv: UpstashStandIn
) -> None:
    kv.fail(Fault(times=0))
    assert [outcome(http)[:3] for _ in range(3)] == ["500"] * 3
    kv.heal()
    assert outcome(http)[:3] == "200"


def test_the_same_seed_brings_the_same_luck(http: httpx.Client, kv: UpstashStandIn) -> None:
    runs = []
    for _ in range(2):
        kv.heal()
        kv.fail(Fault(times=0, probability=0.5, seed=7))
        runs.append([outcome(http)[:3] for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"200", "500"}


def test_a_fault_inside_a_pipeline_leaves_what_came_before_it(
    http: httpx.Client, kv: UpstashStandIn
) -> None:
    kv.fail(Fault(matching="^SET b"))
    assert (
        http.post("/pipeline", json=[["SET", "a", 1], ["SET", "b", 1], ["SET", "c", 1]]).status_code
        == 500
    )
    assert http.get("/mget/a/b/c").json() == {"result": ["1", None, None]}


@pytest.mark.parametrize(("executed", "left"), [(False, [None, None]), (True, ["1", "1"])])
def test_a_fault_inside_a_transaction_hits_all_of_it(
    http: httpx.Client, kv: UpstashStandIn, executed: bool, left: list[str | None]
) -> None:
    kv.fail(Fault(matching="^SET b", executed=executed))
    assert http.post("/multi-exec", json=[["SET", "a", 1], ["SET", "b", 1]]).status_code == 500
    assert http.get("/mget/a/b").json() == {"result": left}


def test_callbacks_surround_every_command(http: httpx.Client, kv: UpstashStandIn) -> None:
    told: list[tuple[str, list[str]]] = []
    kv.on_command(lambda moment, command: told.append((moment, command)))
    http.post("/pipeline", json=[["SET", "k", "é"], ["GET", "k"]])
    http.post("/multi-exec", json=[["DEL", "k"], ["DBSIZE"]])
    assert told == [
        ("before", ["SET", "k", "é"]),
        ("after", ["SET", "k", "é"]),
        ("before", ["GET", "k"]),
        ("after", ["GET", "k"]),
        ("before", ["DEL", "k"]),
        ("before", ["DBSIZE"]),
        ("after", ["DEL", "k"]),
        ("after", ["DBSIZE"]),
    ]


def test_a_callback_may_hold_a_command_back_while_others_go_on(
    http: httpx.Client, kv: UpstashStandIn
) -> None:
    held, released = threading.Event(), threading.Event()

    def hold(moment: str, command: list[str]) -> None:
        if moment == "before" and command[0] == "INCR":
            held.set()
            released.wait(60)

    kv.on_command(hold)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(http.get, "/incr/n")
        assert held.wait(60)
        assert http.get("/set/n/41").json() == {"result": "OK"}
        released.set()
        assert slow.result().json() == {"result": 42}


def test_latency_holds_every_answer_back(http: httpx.Client, kv: UpstashStandIn) -> None:
    kv.latency_seconds = 0.2
    started = time.monotonic()
    http.get("/get/k")
    assert time.monotonic() - started >= 0.2
    kv.reset()
    started = time.monotonic()
    http.get("/get/k")
    assert time.monotonic() - started < 0.2


def test_reset_leaves_everything_as_at_the_start(http: httpx.Client, kv: UpstashStandIn) -> None:
    kv.on_command(lambda *_: kv.fail(Fault(times=0)))
    http.get("/set/k/v")
    kv.reset()
    assert kv.commands.total() == kv.usage.requests == kv.usage.bytes_in == kv.usage.bytes_out == 0
    assert http.get("/get/k").json() == {"result": None}
    assert http.get("/dbsize").json() == {"result": 0}


def test_other_processes_have_the_same_controls_over_http(
    http: httpx.Client, kv: UpstashStandIn
) -> None:
    assert http.post(
        "/_control/faults", json={"how": "html", "matching": "^GET", "executed": True}
    ).json() == {"ok": True}
    assert http.get("/get/k").status_code == 502
    assert http.get("/_control/usage").json() == {
        "commands": 1,
        "byName": {"GET": 1},
        "requests": 0,
        "bytesIn": 0,
        "bytesOut": 0,
    }
    assert http.post("/_control/faults", json={"times": 0}).is_success
    assert http.delete("/_control/faults").is_success
    assert http.get("/get/k").status_code == 200
    assert http.put("/_control/latency", json={"seconds": 0.05}).is_success
    assert kv.latency_seconds == 0.05
    assert http.post("/_control/reset").is_success
    assert kv.latency_seconds == 0
    assert kv.commands.total() == 0


def test_a_control_that_is_not_understood_changes_nothing(http: httpx.Client) -> None:
    for wrong in ({"how": "earthquake"}, {"howe": "html"}, {"nth": "first"}):
        assert http.post("/_control/faults", json=wrong).status_code == 400
    assert http.post("/_control/none").status_code == 404
    assert http.get("/get/k").status_code == 200


def test_a_redis_server_that_is_away_is_found_out_at_the_start() -> None:
    with pytest.raises(redis.ConnectionError):
        UpstashStandIn(redis_url="redis://127.0.0.1:1/0")


def test_it_is_a_program_of_its_own() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    command = [sys.executable, "-m", "dev.upstash", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as program:
        assert program.stdout
        try:
            settings = dict(program.stdout.readline().strip().split("=", 1) for _ in range(3))
            answer = httpx.post(
                settings["KV_REST_API_URL"],
                content=json.dumps(["PING"]),
                headers={"Authorization": f"Bearer {settings['KV_REST_API_TOKEN']}"},
            )
            assert answer.json() == {"result": "PONG"}
        finally:
            program.send_signal(signal.SIGTERM)
    assert program.returncode == 0
