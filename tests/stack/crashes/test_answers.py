"""What happens when … The README's answers, each shown once."""

import json
from collections.abc import Iterator

import pytest

from dev.notion import TOKEN
from dev.notion.faults import WEATHER
from dev.notion.generate import PAGES, POSTS
from dev.qstash import Fault as QueueFault
from dev.upstash import Fault as KvFault
from tests.stack.crashes.strike import finished, records
from tests.stack.crashes.truth import EXACT, SHORT, Truth
from tests.stack.crashes.watcher import Watcher
from tests.stack.crashes.world import HOUR, World, delay
from tests.waiting import until

MOST_PAID_SECONDS = 5.0
"""A slice that waits for longer than this would be paid for its sleep."""


@pytest.fixture
def watched(edited: World, truth: Truth) -> Iterator[World]:
    """A run is about to begin, and all that it publishes is watched."""
    edited.rewind()
    watcher = Watcher(edited, truth.before, truth.after)
    watcher.watch()
    yield edited
    assert watcher.broken == []


def check(world: World, truth: Truth, run: dict[str, str]) -> None:
    assert (run["status"], world.state()) == ("delivered", truth.after)
    assert {name: run.get(name) for name in EXACT} == {name: truth.run.get(name) for name in EXACT}


def failed(world: World, run_id: str) -> str:
    """Why a run has failed, after a single delivery that said so with 489."""
    run = world.run(run_id)
    [message] = [message for message in world.qstash.messages if message.kind == "publish"]
    assert (run["status"], message.answer.status, len(message.attempts)) == ("failed", 489, 1)
    return run["error"]


def test_while_notion_is_down_the_run_waits_and_nothing_is_lost(
    watched: World, truth: Truth
) -> None:
    watched.notion.faults.add(
        "503", times=16
    )  # as many as the client's attempts at all that is asked at first

    run = watched.sync()

    check(watched, truth, run)
    first = watched.qstash.messages[0].attempts[0].answer
    assert (first.status, int(run["retries"])) == (503, 1)
    assert int(first.header["Retry-After"][0]) >= 1


@pytest.mark.parametrize("how", ["reset", "error", "html", "refused"])
def test_while_kv_is_down_the_run_waits_and_nothing_is_lost(
    watched: World, truth: Truth, how: str
) -> None:
    for command in ("^EVAL -- Records", "^EVAL -- Begins", "^EVAL -- Publishes a page"):
        times = 1 if how == "refused" else 3  # a refusal is not asked for twice in one delivery
        watched.kv.fail(KvFault(how=how, matching=command, times=times))  # type: ignore[arg-type]

    run = watched.finish(watched.ask())

    check(watched, truth, run)
    assert watched.qstash.messages[0].attempts[0].answer.status == 503


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("how", ["error", "html", "reset"])
def test_kv_that_fails_now_and_then_is_not_even_noticed(
    watched: World, truth: Truth, how: str, executed: bool
) -> None:
    watched.kv.fail(KvFault(how=how, executed=executed, times=0, probability=0.05, seed=4))  # type: ignore[arg-type]

    check(watched, truth, watched.sync())


@pytest.mark.parametrize("seed", [1, 2])
def test_notion_that_fails_in_every_way_publishes_no_half_page(
    watched: World, truth: Truth, seed: int
) -> None:
    assert len(WEATHER) == 7
    watched.notion.faults.weather(0.05, seed)

    check(watched, truth, watched.finish(watched.ask()))


def test_a_revoked_token_ends_the_run_at_once_with_the_reason(watched: World, truth: Truth) -> None:
    watched.notion.on_request(
        lambda when, method, path: (
            watched.notion.edit.revoke_token(TOKEN) if "/blocks/" in path else None
        )
    )
    try:
        run_id = watched.ask()
        watched.settle()
    finally:
        watched.notion.forget_callbacks()
        watched.notion.edit.grant_token(TOKEN)

    assert "NOTION_TOKEN" in failed(watched, run_id)
    assert watched.sync()["status"] == "delivered"
    assert watched.state() == truth.after


def test_databases_that_are_no_longer_shared_end_the_run_and_drop_nothing(
    watched: World, truth: Truth
) -> None:
    for database in (PAGES, POSTS):
        watched.notion.edit.unshare(database)
    try:
        run_id = watched.ask()
        watched.settle()
    finally:
        for database in (PAGES, POSTS):
            watched.notion.edit.share(database)

    assert "share" in failed(watched, run_id)
    assert watched.state() == truth.before


def test_a_blocked_integration_is_not_asked_again(watched: World, truth: Truth) -> None:
    watched.notion.faults.add("blocked", path="/blocks/", times=1)

    run_id = watched.ask()
    watched.settle()

    assert "blocked" in failed(watched, run_id)


def test_when_the_daily_message_limit_is_reached_the_backup_way_goes_on(
    watched: World, truth: Truth
) -> None:
    with watched.set(**SHORT):
        run_id = watched.ask()
        watched.qstash.fail(QueueFault(how="publish_daily"))
        watched.settle()
        refusal = next(
            message for message in watched.qstash.messages if message.state == "FAILED"
        ).answer
        refused = watched.get("/api/sync/trigger", source="posts", force="1")
    watched.qstash.heal()
    assert refusal.status in (502, 503)
    assert "/api/sync" in json.loads(refusal.body)["error"]
    assert refused.status_code == 502
    assert "/api/sync" in refused.json()["error"]
    read = len(watched.notion.log.requests)

    answer = watched.get("/api/sync").json()

    assert answer["status"] == "done"
    assert watched.run(run_id)["status"] == "failed"
    check(watched, truth, watched.run(answer["runId"]))
    before, after = watched.notion.log.requests[:read], watched.notion.log.requests[read:]
    trees = [request["path"] for request in (*before, *after) if "/blocks/" in request["path"]]
    assert len(trees) == len(set(trees)), "what was read is not read again"


@pytest.mark.parametrize("kind", ["429", "529"])
@pytest.mark.parametrize("seconds", [30, 150])
def test_a_long_wait_of_notion_is_spent_in_the_queue(
    watched: World, truth: Truth, kind: str, seconds: int
) -> None:
    watched.notion.faults.add(kind, path="/blocks/", times=1, seconds=seconds)  # type: ignore[arg-type]
    run_id = watched.ask()
    until(lambda: len(watched.qstash.messages) >= 2)
    watched.qstash.drain()
    asked = len(watched.notion.log.requests)
    assert delay(watched.qstash.messages[1]) == pytest.approx(seconds, abs=3)

    watched.qstash.advance(seconds)  # QStash's clock is ahead: the message comes too early
    watched.qstash.drain()

    assert len(watched.notion.log.requests) == asked
    assert delay(watched.qstash.messages[2]) > seconds / 2
    took = [
        one.ended_at - one.started_at
        for message in watched.qstash.messages
        for one in message.attempts
    ]
    assert max(took) < MOST_PAID_SECONDS
    check(watched, truth, watched.finish(run_id))


def test_a_run_whose_chain_broke_is_taken_up_by_the_next_one(watched: World, truth: Truth) -> None:
    """Every delivery failed: the run gives no sign of life, the next one goes on, and reads nothing
    finished again."""
    before = records(watched)
    with watched.set(**SHORT):
        broken = watched.ask()
        until(lambda: watched.site.synced(broken) >= 3)
        watched.qstash.fail(QueueFault(how="expired"))
        watched.settle()
        assert [message.state for message in watched.qstash.messages if message.kind == "publish"][
            -1
        ] == "FAILED"
        watched.qstash.heal()
        done = finished(watched, before)
        joined = watched.ask()
    read = len(watched.notion.log.requests)
    watched.later(HOUR)

    run_id = watched.ask()
    run = watched.finish(run_id)

    assert joined == broken != run_id
    assert watched.run(broken)["status"] == "failed"
    assert (run["status"], watched.state()) == ("delivered", truth.after)
    again = [
        request["path"]
        for request in watched.notion.log.requests[read:]
        if request["path"].endswith("/children")
    ]
    assert len(done) >= 3
    assert not [path for path in again if path.split("/")[3] in done]
