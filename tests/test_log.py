import io
import json
import logging
import time
from typing import Any

import pytest

from lib.config import Config
from lib.log import LONGEST, Log, quieten
from lib.secret import Secret, derived_secret, handshake_key, webhook_secret


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    """What was printed since the last look, each line as an object."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def log(*secrets: str, limit: int = 100, each: int = 40) -> Log:
    return Log(now=lambda: 1_780_000_000.25, secrets=map(Secret, secrets), limit=limit, each=each)


def test_an_event_is_one_compact_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    log().bind(runId="run_1", slice=2).event(
        "page.synced", pageId="ä\nb", ms=12, ok=True, none=None
    )
    assert (
        capsys.readouterr().out
        == '{"event":"page.synced","pageId":"ä\\nb","ms":12,"ok":true,"none":null,'
        '"runId":"run_1","slice":2,"time":"2026-05-28T20:26:40.250Z"}\n'
    )


def test_what_tells_the_most_stands_first_and_the_long_traceback_last(lines: Any) -> None:
    request = log().bind(requestId="iad1::1").bind(runId="run_1")
    request.enter(lane="0", slice=2)
    request.error("page.error", ValueError("odd"), pageId="p", slug="about")

    [line] = lines()
    assert list(line) == [
        *("event", "level", "pageId", "slug", "lane", "slice", "runId", "requestId", "time"),
        "traceback",
    ]


class VCLogHandler(logging.Handler):
    """Stands for the one that Vercel's runtime puts on the root logger, with its class's name."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.sent.append((record.levelname, json.loads(record.getMessage())))


def test_on_vercel_a_warning_and_an_error_have_their_level_and_a_line_goes_out_once(
    lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    vercels = VCLogHandler()
    monkeypatch.setattr(logging.root, "handlers", [vercels])

    log().event("page.synced", title="100%s")
    log().warning("page.failed", title="100%s")
    log().error("page.error", title="100%d")

    assert [line["event"] for line in lines()] == ["page.synced"]
    assert [(level, line["event"], line["title"]) for level, line in vercels.sent] == [
        ("WARNING", "page.failed", "100%s"),
        ("ERROR", "page.error", "100%d"),
    ]


def test_a_line_is_one_write_so_that_requests_side_by_side_keep_their_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[str] = []
    output = io.StringIO()
    monkeypatch.setattr(output, "write", written.append)
    monkeypatch.setattr("sys.stdout", output)

    log().event("a", b="c")

    assert [json.loads(text)["b"] for text in written] == ["c"]
    assert written[0].endswith("}\n")


def test_what_is_bound_does_not_touch_the_log_it_was_bound_from(lines: Any) -> None:
    first = log()
    first.bind(runId="run_1").event("a")
    first.event("b")
    assert [line.get("runId") for line in lines()] == ["run_1", None]


def test_what_is_entered_stands_on_every_line_of_the_request_from_then_on(lines: Any) -> None:
    request = log()
    worker = request.bind(requestId="iad1::1")
    request.event("slice.began")
    request.enter(runId="run_1", slice=2)
    worker.hiding([Secret("x")]).event("page.synced")
    request.event("request", slice=3)
    log().event("another")
    assert [(line.get("runId"), line.get("slice")) for line in lines()] == [
        (None, None),
        ("run_1", 2),
        ("run_1", 3),
        (None, None),
    ]


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (
            "https://f.example/a.png?X-Amz-Date=1&X-Amz-Signature=SECRET&x=1 gone",
            "https://f.example/a.png?*** gone",
        ),
        ("X-Amz-Credential=SECRET&a=1", "X-Amz-Credential=***&a=1"),
        ("GET /api/sync?secret=SECRET&page=a", "GET /api/sync?secret=***&page=a"),
        ("to=https%3A%2F%2Ff.example%3Ftoken%3DSECRET", "to=https%3A%2F%2Ff.example%3Ftoken%3D***"),
        ("qstash_token=SECRET", "qstash_token=***"),
        ("Authorization: Bearer SECRET, more", "Authorization: Bearer ***, more"),
        ("signed eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ.c2lnbmVk-x end", "signed *** end"),
        ("the word: open SECRET", "the word: ***"),
    ],
)
def test_no_secret_is_printed(lines: Any, value: str, seen: str) -> None:
    secretive = log("SECRET", "open SECRET")
    secretive.bind(context=value).error("e", ValueError(value), nested={"list": [value]})
    [line] = lines()
    assert line["context"] == line["nested"]["list"][0] == seen
    assert "SECRET" not in json.dumps(line)


def test_addresses_and_bearers_are_scrubbed_without_knowing_the_secret(lines: Any) -> None:
    log().event(
        "e",
        a="?secret=hidden",
        b="bearer hidden",
        c="https://x/?a=1&X-Amz-Signature=hidden",
        d="token%3Dhidden",
    )
    assert "hidden" not in json.dumps(lines())


def test_a_field_named_like_a_secret_is_hidden_whatever_it_holds(lines: Any) -> None:
    log().event(
        "e",
        headers={"Authorization": "abc", "x-sync-secret": 12, "Upstash-Signature": ["abc"]},
        token=None,
    )
    [line] = lines()
    assert line["headers"] == {
        "Authorization": "***",
        "x-sync-secret": "***",
        "Upstash-Signature": "***",
    }
    assert line["token"] is None


def test_a_secret_itself_prints_as_hidden(lines: Any) -> None:
    log().event("e", value=Secret("abc"), key=[Secret("abc")])
    assert "abc" not in json.dumps(lines())


def test_secrets_learned_later_are_hidden_too(lines: Any) -> None:
    log("first").hiding([Secret("second")]).event("e", text="first second third")
    assert lines()[0]["text"] == "*** *** third"


def test_a_long_value_is_cut_in_its_middle_after_it_was_scrubbed(lines: Any) -> None:
    edge = "x" * (LONGEST // 2 - 3)
    log("SECRET").event("e", text=edge + "SECRET" + "y" * LONGEST + " end")
    [line] = lines()
    assert len(line["text"]) < LONGEST + 50
    assert line["text"].startswith(edge + "***")
    assert line["text"].endswith("end")


def test_a_flood_of_one_event_drowns_no_other_and_is_counted(lines: Any) -> None:
    limited = log(limit=6, each=3)
    for number in range(5):
        limited.bind(number=number).event("page.synced")
    for _ in range(9):
        limited.warning("page.failed")
    limited.error("page.error")
    limited.error("page.error")
    limited.event("run.ended")
    limited.close()
    seen = lines()
    assert [line["event"] for line in seen] == [
        *["page.synced"] * 3,
        *["page.failed"] * 3,
        *("page.error", "run.ended", "log.suppressed"),
    ]
    assert seen[-1]["lines"] == 9
    assert seen[-1]["byEvent"] == {"page.synced": 2, "page.failed": 6, "page.error": 1}


def test_after_a_request_the_ration_begins_anew(lines: Any) -> None:
    limited = log(limit=1)
    for _ in range(2):
        limited.event("a")
        limited.event("a")
        limited.close()
    assert [line["event"] for line in lines()] == ["a", "log.suppressed"] * 2


def test_a_slice_of_five_hundred_pages_that_all_fail_logs_a_hundred_lines(lines: Any) -> None:
    slice = log()
    for _ in range(500):
        for event in (
            "page.synced",
            "page.failed",
            "page.error",
            "page.unreadable",
            "database.synced",
        ):
            slice.event(event)
    for event in ("run.planned", "run.published", "run.ended"):
        slice.event(event)
    slice.close()
    seen = [line["event"] for line in lines()]
    assert len(seen) <= 106
    assert {"run.planned", "run.published", "run.ended"} < set(seen)


def test_an_error_brings_its_traceback_with_its_cause_in_the_same_line(lines: Any) -> None:
    def cause() -> None:
        raise KeyError("inner")

    try:
        try:
            cause()
        except KeyError as error:
            raise ValueError("outer") from error
    except ValueError as error:
        log().error("broke", error, pageId="p")
    [line] = lines()
    assert line["pageId"] == "p"
    assert "KeyError: 'inner'" in line["traceback"]
    assert "in cause" in line["traceback"]
    assert line["traceback"].endswith("ValueError: outer")


def test_anything_can_be_logged(lines: Any) -> None:
    log().event("e", path=b"x", nan=float("nan"), lone="\ud800", kinds={1}, error=ValueError("v"))
    [line] = lines()
    assert line["lone"] == "\\ud800"
    assert line["kinds"] == [1]
    assert line["error"] == "v"


def test_the_chatty_libraries_are_quiet(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("httpx", "httpcore", "notion_client"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    quieten()
    with caplog.at_level(logging.INFO):
        for name in ("httpx", "httpcore.connection", "notion_client"):
            logging.getLogger(name).info("HTTP Request: GET https://x.example/?secret=hidden")
            logging.getLogger(name).warning("trouble")
    assert [record.getMessage() for record in caplog.records] == ["trouble"] * 3


def test_a_line_is_printed_whatever_text_or_number_it_holds(lines: Any) -> None:
    odd = "half a pair: \ud83d"
    log().bind(**{odd: odd}).event(
        odd, headers={odd: [odd]}, counts={2**70: 2**70, "share": float("nan")}
    )

    [line] = lines()
    seen = "half a pair: \\ud83d"
    assert (line["event"], line[seen], line["headers"]) == (seen, seen, {seen: [seen]})
    assert line["counts"] == {str(2**70): 2**70, "share": None}


@pytest.mark.parametrize(
    "text",
    [
        "a-" * 7_000,
        "?" * 14_000,
        "X-Amz-" * 2_400,
        "eyJ-" * 3_500,
        "token" * 2_800,
        "secret=" * 2_000,
        "eyJa." * 2_800,
    ],
)
def test_b8_a_line_of_foreign_text_takes_time_in_proportion_to_it(text: str) -> None:
    """Processor time, of which the first of these once took 23 s."""
    began = time.process_time()
    log().event("odd", text=text, traceback=text)
    assert time.process_time() - began < 5


def test_what_is_cut_out_of_a_text_leaves_no_half_of_a_secret(lines: Any) -> None:
    log().event("odd", text=f"https://files.example/a?X-Amz-Signature={'0f' * 5_000} the end")
    [line] = lines()
    assert "0f0f" not in line["text"]
    assert line["text"].endswith("the end")


def test_c13_what_is_derived_from_a_secret_is_hidden_too(
    capsys: pytest.CaptureFixture[str], environ: dict[str, str]
) -> None:
    config = Config.read(environ | {"CRON_SECRET_PREVIOUS": "the secret of yesterday"})
    derived = [
        derive(Secret(text))
        for text in (environ["CRON_SECRET"], "the secret of yesterday")
        for derive in (derived_secret, webhook_secret, handshake_key)
    ]
    Log(now=lambda: 0.0).hiding(config.secrets).event("e", sent=f"with {' '.join(derived)}")

    assert json.loads(capsys.readouterr().out)["sent"] == "with " + " ".join(["***"] * 6)
