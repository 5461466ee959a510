"""The REST protocol as it is documented, spoken by a client that knows nothing of Redis."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from typing import Any

import httpx
import pytest

from dev.upstash import Fault, UpstashStandIn

UNAVAILABLE = (
    "ERR Command is not available: '{}'. See"
    " https://upstash.com/docs/redis/overall/rediscompatibility for details"
)
DISCARDED = "EXECABORT Transaction discarded because of previous errors."
WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def error(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    answer = response.json()
    assert list(answer) == ["error"]
    return str(answer["error"])


def result(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    answer = response.json()
    assert list(answer) == ["result"]
    return answer["result"]


def test_a_command_is_a_json_array(http: httpx.Client) -> None:
    assert result(http.post("/", json=["SET", "k", "v", "EX", 100])) == "OK"
    assert result(http.post("/", json=["get", "k"])) == "v"
    assert result(http.post("/", json=["TTL", "k"])) == 100
    assert result(http.post("/", json=["GET", "missing"])) is None
    assert result(http.post("/", json=["MGET", "k", "missing"])) == ["v", None]


def test_numbers_and_booleans_are_stored_as_they_were_written(http: httpx.Client) -> None:
    written = b'["RPUSH", "k", 1.50, 1e5, 12345678901234567890, true, false]'
    assert result(http.post("/", content=written)) == 5
    listed = result(http.post("/", json=["LRANGE", "k", 0, -1]))
    assert listed == ["1.50", "1e5", "12345678901234567890", "true", "false"]


@pytest.mark.parametrize("path", ["/set/a%2Fb/v?EX=100", "/SET/a%2Fb/v/EX/100"])
def test_a_command_may_stand_in_the_path(http: httpx.Client, path: str) -> None:
    assert result(http.get(path)) == "OK"
    assert result(http.get("/get/a%2Fb")) == "v"
    assert result(http.get("/ttl/a%2Fb")) == 100


def test_a_posted_body_follows_the_path_and_goes_before_the_options(http: httpx.Client) -> None:
    assert result(http.post("/set/k?EX=100&NX", content='{"title": "Été"}')) == "OK"
    assert result(http.get("/get/k")) == '{"title": "Été"}'
    assert result(http.get("/ttl/k")) == 100
    assert result(http.post("/set/k?NX", content="another")) is None


def test_the_token_may_stand_in_the_query(kv: UpstashStandIn) -> None:
    assert result(httpx.get(f"{kv.url}/set/k/v?EX=100&_token={kv.token}")) == "OK"
    assert result(httpx.post(f"{kv.url}/?_token={kv.token}", json=["GET", "k"])) == "v"


@pytest.mark.parametrize("path", ["/", "/pipeline", "/multi-exec", "/get/k"])
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic {}", "Bearer"])
def test_without_the_token_nothing_is_answered(
    kv: UpstashStandIn, path: str, authorization: str | None
) -> None:
    headers = {"Authorization": authorization.format(kv.token)} if authorization else {}
    response = httpx.post(kv.url + path, json=[["GET", "k"]], headers=headers)
    assert error(response, 401) == "WRONGPASS invalid or missing auth token"
    assert kv.commands.total() == 0


def test_other_methods_are_not_allowed(http: httpx.Client) -> None:
    for method in ("DELETE", "PATCH", "OPTIONS"):
        error(http.request(method, "/get/k"), 405)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b'"GET"',
        b"[]",
        b'["SET", "k", {"a": 1}]',
        b'["SET", "k", null]',
        b'["SET", "k", ["v"]]',
    ],
)
def test_what_is_no_command_is_a_bad_request(
    http: httpx.Client, kv: UpstashStandIn, body: bytes
) -> None:
    assert error(http.post("/", content=body)).startswith("ERR ")
    assert kv.commands.total() == 0


def test_a_command_that_fails_is_a_bad_request_with_redis_own_words(http: httpx.Client) -> None:
    http.get("/set/k/v")
    assert error(http.post("/", json=["LPUSH", "k", "v"])) == WRONG_TYPE
    assert (
        error(http.post("/", json=["INCR", "k"])) == "ERR value is not an integer or out of range"
    )
    assert error(http.post("/", json=["GET"])) == "ERR wrong number of arguments for 'get' command"


def test_an_unknown_command_is_not_available(http: httpx.Client) -> None:
    assert error(http.post("/", json=["FOO", "k"])) == UNAVAILABLE.format("FOO")
    assert error(http.post("/", json=["", "k"])) == UNAVAILABLE.format("")
    assert "EVAL" not in error(http.post("/", json=["EVAL", "return redis.call('FOO')", 0])), (
        "EVAL itself is known"
    )


@pytest.mark.parametrize(
    "command",
    [
        ["BLPOP", "k", 1],
        ["XREAD", "block", 1, "STREAMS", "k", "$"],
        ["WATCH", "k"],
        ["MULTI"],
        ["SELECT", 1],
    ],
)
def test_blocking_and_connection_commands_are_refused(
    http: httpx.Client, command: list[str | int]
) -> None:
    refused = UNAVAILABLE.format(command[0])
    assert error(http.post("/", json=command)) == refused
    assert http.post("/pipeline", json=[command]).json() == [{"error": refused}]
    assert error(http.post("/multi-exec", json=[["SET", "k", "v"], command])) == DISCARDED
    assert result(http.get("/get/k")) is None


def test_a_pipeline_answers_each_command_for_itself(http: httpx.Client) -> None:
    response = http.post(
        "/pipeline", json=[["SET", "k", "v"], ["INCR", "k"], ["FOO"], ["GET", "k"]]
    )
    assert response.status_code == 200
    assert response.json() == [
        {"result": "OK"},
        {"error": "ERR value is not an integer or out of range"},
        {"error": UNAVAILABLE.format("FOO")},
        {"result": "v"},
    ]


@pytest.mark.parametrize("path", ["/pipeline", "/multi-exec"])
def test_an_empty_or_malformed_pipeline_is_one_error(http: httpx.Client, path: str) -> None:
    assert error(http.post(path, json=[])) == "ERR empty pipeline request"
    for body in (["GET", "k"], [["GET", "k"], []], {"GET": "k"}):
        assert error(http.post(path, json=body)) == "ERR failed to parse pipeline request"


def test_a_transaction_answers_each_command_also_where_one_fails(http: httpx.Client) -> None:
    response = http.post("/multi-exec", json=[["SET", "k", "v"], ["LPUSH", "k", "x"], ["GET", "k"]])
    assert response.status_code == 200
    assert response.json() == [{"result": "OK"}, {"error": WRONG_TYPE}, {"result": "v"}]


def test_a_discarded_transaction_is_one_error_and_does_nothing(http: httpx.Client) -> None:
    for impossible in (["FOO"], ["GET"]):
        assert error(http.post("/multi-exec", json=[["SET", "k", "v"], impossible])) == DISCARDED
    assert result(http.get("/get/k")) is None
    assert result(http.get("/set/k/after")) == "OK"


def test_every_string_is_encoded_but_a_plain_ok(http: httpx.Client) -> None:
    http.headers["Upstash-Encoding"] = "base64"
    assert result(http.post("/", json=["SET", "k", "Été ☃ 😀"])) == "OK"
    assert result(http.post("/", json=["GET", "k"])) == encoded("Été ☃ 😀")
    assert result(http.post("/", json=["TYPE", "k"])) == encoded("string")
    assert result(http.post("/", json=["STRLEN", "k"])) == len("Été ☃ 😀".encode())
    assert http.post("/pipeline", json=[["MGET", "k", "-"], ["INCR", "k"]]).json() == [
        {"result": [encoded("Été ☃ 😀"), None]},
        {"error": "ERR value is not an integer or out of range"},
    ]


def test_without_encoding_invalid_utf8_becomes_the_replacement_character(
    http: httpx.Client,
) -> None:
    http.post("/set/k", content=b"a\xffb")
    assert result(http.get("/get/k")) == "a\ufffdb"
    http.headers["Upstash-Encoding"] = "base64"
    assert result(http.get("/get/k")) == b64encode(b"a\xffb").decode()


def test_a_lone_surrogate_becomes_the_replacement_character(http: httpx.Client) -> None:
    result(http.post("/", content=rb'["SET", "k", "a\ud83db \ud83d\ude00"]'))
    assert result(http.get("/get/k")) == "a\ufffdb 😀"


def test_each_answer_carries_a_sync_token(http: httpx.Client) -> None:
    before = http.get("/set/k/v").headers["upstash-sync-token"]
    assert before
    assert http.get("/get/k", headers={"Upstash-Sync-Token": before}).headers["upstash-sync-token"]


@pytest.mark.parametrize("path", ["/", "/pipeline", "/multi-exec"])
def test_a_request_over_the_limit_is_one_error(path: str) -> None:
    with UpstashStandIn(max_request_bytes=1_000) as small:
        commands: Any = ["SET", "k", "v" * 1_000]
        body = commands if path == "/" else [commands]
        response = httpx.post(f"{small.url}{path}?_token={small.token}", json=body)
        assert error(response) == "ERR max request size exceeded"
        assert small.commands.total() == 0


def test_ten_million_bytes_are_the_limit_by_default(http: httpx.Client) -> None:
    assert result(http.post("/set/k", content=b"x" * 10_000_000)) == "OK"
    assert result(http.get("/strlen/k")) == 10_000_000
    assert error(http.post("/set/k", content=b"x" * 10_000_001)) == "ERR max request size exceeded"


@pytest.mark.parametrize(
    "command",
    [
        ["SET", "k", "x"],
        ["hset", "h", "f", "x"],
        ["DEL", "k"],
        ["SCAN", 0],
        ["KEYS", "*"],
        ["EVAL", "return 1", 0],
    ],
)
def test_the_read_only_token_neither_writes_nor_lists_keys(
    http: httpx.Client, kv: UpstashStandIn, command: list[str | int]
) -> None:
    http.get("/set/k/v")
    http.headers["Authorization"] = f"Bearer {kv.read_only_token}"
    name = str(command[0]).lower()
    expected = f"NOPERM this user has no permissions to run the '{name}' command or its subcommand"
    assert error(http.post("/", json=command)) == expected
    assert http.post("/pipeline", json=[command, ["GET", "k"]]).json() == [
        {"error": expected},
        {"result": "v"},
    ]
    assert error(http.post("/multi-exec", json=[["GET", "k"], command])) == DISCARDED


def test_a_script_runs_by_text_and_by_name(http: httpx.Client) -> None:
    script = (
        "redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], redis.call('GET', KEYS[1]), #ARGV,"
        " false}"
    )
    assert result(http.post("/", json=["EVAL", script, 1, "k", "é", "b"])) == ["k", "é", 2, None]
    name = result(http.post("/", json=["SCRIPT", "LOAD", script]))
    assert result(http.post("/", json=["EVALSHA", name, 1, "k", "c"])) == ["k", "c", 1, None]
    assert (
        error(http.post("/", json=["EVALSHA", "0" * 40, 0]))
        == "NOSCRIPT No matching script. Please use EVAL."
    )
    assert error(
        http.post("/", json=["EVAL", "return redis.call('LPUSH', KEYS[1], 1)", 1, "k"])
    ).startswith(WRONG_TYPE)


def test_faults_and_callbacks_see_the_text_of_a_script_that_is_called_by_its_hash(
    http: httpx.Client, kv: UpstashStandIn
) -> None:
    told: list[tuple[str, list[str]]] = []
    kv.on_command(lambda moment, words: told.append((moment, words)))
    script = "-- Counts.\nreturn redis.call('INCR', KEYS[1])"
    call = ["EVALSHA", sha1(script.encode()).hexdigest(), 1, "counted"]
    assert error(http.post("/", json=call)).startswith("NOSCRIPT")
    assert not told
    assert result(http.post("/", json=["EVAL", script, 1, "counted"])) == 1
    assert result(http.post("/", json=call)) == 2
    assert told == [
        (moment, ["EVAL", script, "1", "counted"])
        for _ in range(2)
        for moment in ("before", "after")
    ]

    kv.fail(Fault("refused", matching="^EVAL -- Counts"))
    assert "max requests limit" in error(http.post("/", json=call))
    assert result(http.get("/get/counted")) == "2"
    assert kv.commands == {"EVALSHA": 2, "EVAL": 1, "GET": 1}


READ_AND_WRITE = (
    "local n = tonumber(redis.call('GET', KEYS[1]) or '0') redis.call('SET', KEYS[1], n + 1) return"
    " n + 1"
)


def test_scripts_do_not_come_between_each_other(http: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        counted = list(
            pool.map(
                lambda _: result(http.post("/", json=["EVAL", READ_AND_WRITE, 1, "n"])), range(80)
            )
        )
    assert sorted(counted) == list(range(1, 81))


def test_nothing_comes_between_the_commands_of_a_transaction(http: httpx.Client) -> None:
    transaction = [["INCR", "n"], ["INCR", "n"], ["INCR", "n"]]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: http.post("/multi-exec", json=transaction).json(), range(40))
        )
    for answer in answers:
        first = answer[0]["result"]
        assert answer == [{"result": first}, {"result": first + 1}, {"result": first + 2}]
    assert result(http.get("/get/n")) == "120"
