"""That the simulation can be relied on: `make simulate` plays new random histories in it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
import pytest

import tests.simulation.history
from dev.upstash import UpstashStandIn
from lib import model
from tests.simulation.actions import (
    Action,
    Ask,
    Clocks,
    Edit,
    FailForEver,
    Kill,
    Pass,
    QueueTrouble,
    Settle,
    Weather,
)
from tests.simulation.draw import draw
from tests.simulation.history import History, Player, Result, player
from tests.simulation.kv import Kv
from tests.simulation.profiles import PROFILES
from tests.simulation.redis import Redis
from tests.simulation.shrink import shrunk
from tests.simulation.stage import Stage
from tests.simulation.versions import VERSIONED
from tests.simulation.virtual import Standstill, VirtualLoop
from tests.simulation.watch import Watcher
from tests.simulation.world import WATCHED


@pytest.fixture(scope="module")
def playing(redis_url: str) -> Iterator[Player]:
    with player(redis_url.removeprefix("unix://")) as found:
        yield found


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    found = Redis(redis_url.removeprefix("unix://"), WATCHED)
    found.clear()
    yield found
    found.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_seed_plays_the_same_history_every_time(playing: Player, seed: int) -> None:
    one, other = (playing.play(draw(seed, PROFILES["everything"])) for _ in range(2))
    assert (one.problem, one.seen, one.trace) == (other.problem, other.seen, other.trace)


def test_kills_weather_and_skewed_clocks_play_the_same_every_time(playing: Player) -> None:
    actions: list[Action] = [
        Edit("rewrite", 3, 1),
        Clocks((-15.0, 15.0)),
        Weather(0.05),
        QueueTrouble("twice", 1),
        Kill("worker", 20),
        Ask(),
        Edit("name", 2, 1),
        Settle(),
    ]
    one, other = (playing.play(History(11, actions)) for _ in range(2))
    assert one == other
    assert one.seen["instance: killed"] == 1


class Fussy(Player):
    """Finds fault with one edit."""

    def __init__(self, edit: str) -> None:
        self._edit = edit

    def play(self, history: History) -> Result:
        names = [action.name for action in history.actions if isinstance(action, Edit)]
        problem = f"page 7 is odd after {len(names)} edits" if self._edit in names else ""
        return Result(problem, Counter(), (0.0, 0, 0))


def test_a_history_that_fails_is_made_shorter() -> None:
    """The one edit that matters remains of four, with no number in it."""
    edits = [
        Edit("rewrite", 1, 1),
        Edit("move", 4, 2),
        Edit("decorate", 2, 2),
        Edit("append", 1, 1),
    ]
    history = History(5, [*edits, Ask("source", 0), Settle()])
    player = Fussy("move")
    assert shrunk(player, history, player.play(history).problem).actions == [Edit("move", 0, 0)]


def test_what_functions_log_and_scripts_answer_is_counted_and_not_printed(
    playing: Player, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = playing.play(History(1, [])).seen

    assert capsys.readouterr().out == ""
    assert seen["slice.began: go"] == seen["begin: go"] > 0


@dataclass(frozen=True)
class Spin:
    """Something goes on for ever, while no time passes."""

    async def act(self, stage: Stage) -> None:
        async def spin() -> None:
            for _ in count():
                await asyncio.sleep(0)

        stage.tasks.append(asyncio.create_task(spin()))


def test_a_history_that_never_ends_is_one_that_fails(
    playing: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert playing.play(History(1, [])).problem == ""
    monkeypatch.setattr(tests.simulation.history, "MOST_ROUNDS", 5_000)

    assert playing.play(History(1, [Spin(), Settle()])).problem.startswith("never ends:")
    assert playing.play(History(1, [])).problem == ""


def test_the_format_is_another_in_every_module_that_knows_of_it() -> None:
    root = Path(model.__file__).parent
    texts = {path: path.read_text() for path in root.rglob("*.py")}
    named = {
        ".".join(["lib", *path.relative_to(root).with_suffix("").parts])
        for path, text in texts.items()
        if "BUNDLE_VERSION" in text
    }

    assert {module.__name__ for module in VERSIONED} == named


def test_virtual_time_costs_none() -> None:
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(asyncio.sleep(86_400))
        assert loop.time() == pytest.approx(86_400)
        with pytest.raises(Standstill):
            loop.run_until_complete(loop.create_future())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class TestKv:
    """KV in process, held against the stand-in that has a port, both over the same redis-server."""

    COMMANDS = (
        ["SET", "page:a", '{"é": 1}'],
        ["GET", "page:a"],
        ["GET", "nothing"],
        ["HSET", "h", "a", 1, "b", 2.5],
        ["HGETALL", "h"],
        ["HINCRBY", "h", "page", "x"],
        ["EVAL", "return {redis.call('GET', KEYS[1]), 7, false}", 1, "page:a"],
        ["EVAL", "return redis.call('HGET', KEYS[1], 'a')", 1, "page:a"],
        ["SUBSCRIBE", "x"],
        ["NOSUCH"],
        ["ZADD", "z", 1.5, "m"],
        ["ZRANGE", "z", 0, -1, "WITHSCORES"],
    )

    @pytest.mark.parametrize("base64", [True, False])
    def test_it_answers_as_the_stand_in_does(
        self, redis: Redis, redis_url: str, base64: bool
    ) -> None:
        kv = Kv(redis, lambda: 0.0, lambda changed: None)
        mine = [kv.answer("/", list(words), base64=base64) for words in self.COMMANDS]
        mine.append(kv.answer("/pipeline", [list(words) for words in self.COMMANDS], base64=base64))
        redis.clear()
        with UpstashStandIn(redis_url=redis_url) as stand_in, httpx.Client(trust_env=False) as http:
            headers = {"Authorization": f"Bearer {stand_in.token}"} | (
                {"Upstash-Encoding": "base64"} if base64 else {}
            )
            answers = [
                http.post(stand_in.url, json=words, headers=headers) for words in self.COMMANDS
            ]
            answers.append(
                http.post(f"{stand_in.url}/pipeline", json=self.COMMANDS, headers=headers)
            )
        assert mine == [(answer.status_code, answer.json()) for answer in answers]

    def test_what_expires_does_so_in_virtual_time(self, redis: Redis) -> None:
        now = [0.0]
        kv = Kv(redis, lambda: now[0], lambda changed: None)
        kv.answer("/", ["SET", "short", "1", "EX", 100], base64=False)
        kv.answer("/", ["SET", "long", "1", "EX", 86_400], base64=False)
        now[0] = 200.0
        assert kv.answer("/", ["KEYS", "*"], base64=False) == (200, {"result": ["long"]})

    def test_it_tells_what_a_script_changed(self, redis: Redis) -> None:
        changed: list[set[str]] = []
        kv = Kv(redis, lambda: 0.0, changed.append)
        script = (
            "redis.call('SET', 'page:a', '1') redis.call('SET', 'sync:x', '1') redis.call('RENAME',"
            " 'sync:x', 'db:1')"
        )
        kv.answer("/", ["EVAL", script, 0], base64=False)
        assert changed == [{"page:a", "db:1"}]


KEYS = (("page", ""), ("doc", ""), ("page", ":part:1"))


class TestWatcher:
    """What it says when somebody breaks an invariant."""

    @pytest.fixture
    def watcher(self, redis: Redis) -> Watcher:
        return Watcher(redis, lambda: 100.0, {"one": 0.0}.get, {"draft": 0.0}.get, lambda: 50.0)

    def write(self, redis: Redis, watcher: Watcher, *commands: list[str]) -> list[str]:
        watcher.look(redis.change(*commands)[1])
        return watcher.broken

    def page(self, id: str, slug: str, edited: str = "2026-06-01", more: str = "") -> list[str]:
        meta = f'{{"id":"{id}","slug":"{slug}","lastEdited":"{edited}"}}'
        return ["SET", f"page:{slug}", f'{{"meta":{meta}{more}}}']

    def test_a_page_and_its_index_are_fine(self, redis: Redis, watcher: Watcher) -> None:
        index = ["SET", "pages:index", '{"items":[{"id":"one","slug":"a"}]}']
        assert self.write(redis, watcher, self.page("one", "a"), index) == []

    def test_an_index_names_a_page_that_is_not_there(self, redis: Redis, watcher: Watcher) -> None:
        index = ["SET", "pages:index", '{"items":[{"id":"one","slug":"a"}]}']
        assert self.write(redis, watcher, index) == [
            "pages:index names a, which has no bundle of its own"
        ]

    def test_a_part_is_missing(self, redis: Redis, watcher: Watcher) -> None:
        head = self.page("one", "a", more=',"parts":1,"digest":"x"')
        assert self.write(redis, watcher, head) == ["page:a is not whole"]

    def test_something_older_comes_back(self, redis: Redis, watcher: Watcher) -> None:
        self.write(redis, watcher, self.page("one", "a", "2026-06-02"))
        assert "replaces 2026-06-02" in self.write(redis, watcher, self.page("one", "a"))[0]

    def test_a_draft_is_published(self, redis: Redis, watcher: Watcher) -> None:
        assert "hidden since 100 s" in self.write(redis, watcher, self.page("draft", "d"))[0]

    def test_a_page_vanishes(self, redis: Redis, watcher: Watcher) -> None:
        self.write(redis, watcher, self.page("one", "a"))
        assert "not published any more" in self.write(redis, watcher, ["DEL", "page:a"])[0]

    def test_a_redirect_leads_to_another_page(self, redis: Redis, watcher: Watcher) -> None:
        pages = self.page("one", "a"), self.page("two", "b"), ["RENAME", "page:a", "page:c"]
        redirects = ["SET", "redirects", '{"a":"c"}']
        assert self.write(redis, watcher, *pages[:2]) == []
        assert self.write(redis, watcher, *pages[2:], self.page("one", "c"), redirects) == []
        for slug, word in (("b", "another page"), ("d", "nothing")):
            self.write(redis, watcher, ["SET", "redirects", f'{{"a":"{slug}"}}'])
            assert watcher.broken.pop() == f"redirects lead from a to {slug}, where {word} stands"

    def test_paths_names_another_page(self, redis: Redis, watcher: Watcher) -> None:
        assert (
            self.write(redis, watcher, self.page("one", "a"), ["HSET", "paths", "one", "a"]) == []
        )
        assert "paths does not name" in self.write(redis, watcher, ["HSET", "paths", "two", "b"])[0]

    @pytest.mark.parametrize("key", [f"{name}:a{more}" for name, more in KEYS])
    def test_what_another_wrote_moves_along_with_its_page(
        self, redis: Redis, watcher: Watcher, key: str
    ) -> None:
        """Until all of the page is written anew, at its new slug."""
        head = ',"parts":1,"digest":"x"'
        documents = ["SET", "doc:a", '{"id":"one"}'], ["SET", "doc:b", '{"id":"one"}']
        parts = [["SET", f"page:{slug}:part:1", '{"digest":"x"}'] for slug in "ab"]
        self.write(redis, watcher, self.page("one", "a", more=head), documents[0], parts[0])
        watcher.forget(key)
        redis.change(["SET", key, "[]"])
        moves = [["RENAME", f"{name}:a{more}", f"{name}:b{more}"] for name, more in KEYS]
        words = [self.page("one", "b", more=head)] if key != "page:a" else []
        assert self.write(redis, watcher, *moves, *words) == []
        whole = (self.page("one", "b", more=head), documents[1], parts[1])
        assert self.write(redis, watcher, *whole) == []
        assert self.write(redis, watcher, ["SET", "doc:b", "[]"]) == [
            "doc:b holds no document: b'[]'"
        ]


def test_an_error_of_the_judge_is_no_error_of_the_functions(
    playing: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raised where a function asked KV, it would be caught there, and look like trouble of its."""

    def fail(_: Watcher, changed: set[str]) -> None:
        raise ValueError(f"changed: {sorted(changed)[0]}")

    playing.play(History(1, []))  # the start of all others is right
    monkeypatch.setattr(Watcher, "look", fail)
    problem = playing.play(History(10, [])).problem
    assert problem.startswith("the judge failed: ValueError('changed: ")


def test_the_queue_tries_again_and_calls_back(playing: Player) -> None:
    """Three attempts a minute and two apart, then the failure callback: the run has failed, and the
    next one begins."""
    history = History(2, [*(Kill("worker", 5) for _ in range(3)), Ask(), Settle()])
    result = playing.play(history)
    assert (result.problem, result.seen["instance: killed"], result.seen["run failed"]) == (
        "",
        3,
        1,
    )


def test_b12_a_page_that_fails_for_ever_fails_no_run_and_holds_nothing_up(
    playing: Player,
) -> None:
    """Nothing else is due at first; then a row is hidden, another renamed and a third added. The
    judge wants that in KV after the run, with the index and the redirect."""
    fails: list[Action] = [Edit("append", 3), FailForEver("page", 0), Ask(), Settle()]
    meanwhile: list[Action] = [
        Edit("show_or_hide", 3, 1),
        Edit("set_slug", 4, 7),
        Edit("add_row", 1, 4),
    ]
    result = playing.play(History(1, [*fails, Pass(86_400.0), *meanwhile, Ask(), Settle()]))

    assert result.problem == ""
    assert (result.seen["run failed"], result.seen["run.ended: delivered"] > 0) == (0, True)
    assert result.seen["page.failed"] > 0
    assert result.seen["judged: everything"] >= 3
