"""What webhook events ask for, noted in windows of time: which take a message, and that every one
is looked at."""

import random
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from lib.errors import QueueRefused, TryLater
from lib.log import Log
from lib.model import Event, Observation, Source, SourceRecord
from lib.qstash.client import Queue
from lib.qstash.messages import Message, Notice
from lib.store.events import Events, Limits, Wish
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.sync.webhook import WINDOW_SECONDS, Webhook
from tests.store.conftest import Clock

LIMITS = Limits(quiet_seconds=25, most_own=5, refill_seconds=30, most_pages=5)
WINDOW = 71_200_000
NOW = float(WINDOW * WINDOW_SECONDS)


def event(name: str, page: str = "a", kind: str = "page.content_updated", at: float = NOW) -> Event:
    return Event(id=name, kind=kind, at=at, entity=page)


@pytest.fixture
def events(kv: Kv, keys: Keys) -> Events:
    return Events(kv, keys)


class Notes:
    """Notes events one after another; each is about one page, or one source."""

    def __init__(self, events: Events) -> None:
        self._events, self.now, self._count = events, NOW, 0

    async def __call__(
        self, page: str = "", source: str = "", *, force: bool = False, after: float = 0.1
    ) -> str | None:
        self.now += after
        self._count += 1
        window = int(self.now // WINDOW_SECONDS)
        one = event(f"e{self._count}", page)
        ways = await self._events.note_wishes(
            one, [Wish(page, source, force)], window, self.now, LIMITS
        )
        return ways[0] if ways else None

    async def sent(self, *names: str) -> None:
        """Messages of the window went out for an event."""
        await self._events.remember_event(
            event(f"e{self._count}"), int(self.now // WINDOW_SECONDS), names
        )


@pytest.fixture
def notes(events: Events) -> Notes:
    return Notes(events)


async def test_the_first_event_of_a_quiet_page_has_a_message_of_its_own(
    notes: Notes, events: Events
) -> None:
    assert [await notes("a"), await notes("a"), await notes("b")] == ["own", "window", "own"]
    assert await events.take_window(WINDOW) == [Wish("a")]


async def test_a_page_is_quiet_again_after_a_while_also_over_the_end_of_a_window(
    notes: Notes,
) -> None:
    await notes("a", after=20)

    assert [await notes("a", after=24.9), await notes("a", after=25)] == ["window", "own"]


async def test_what_the_windows_message_covers_takes_none_and_the_event_is_known(
    notes: Notes, events: Events
) -> None:
    await notes("a")
    assert [await notes("a"), await notes("a")] == [
        "window",
        "window",
    ]  # nobody knows whether the first went out
    await notes.sent("")
    assert (await events.surroundings_of(event("e3"), NOW)).seen

    assert await notes("a") == "sent"
    assert (await events.surroundings_of(event("e4"), NOW)).seen
    assert not (await events.surroundings_of(event("e2"), NOW)).seen
    assert await notes("a", after=WINDOW_SECONDS) == "own"
    assert await notes("a") == "window"  # of another window


async def test_a_message_that_was_refused_is_made_up_for_when_the_event_comes_again(
    notes: Notes, events: Events
) -> None:
    assert await notes("a") == "own"

    assert not (await events.surroundings_of(event("e1"), NOW)).seen
    assert await notes("a", after=0) == "window"
    assert await events.take_window(WINDOW) == [Wish("a")]


async def test_nothing_is_added_to_a_window_that_has_been_taken(
    notes: Notes, events: Events
) -> None:
    await notes("a")
    await notes("a")
    taken = await events.take_window(WINDOW)

    assert await notes("b") is None
    assert await events.take_window(WINDOW) == taken  # its run is delivered again
    assert await events.take_window(WINDOW + 1) == []


async def test_more_than_a_few_pages_of_a_source_are_left_to_a_run_of_it(
    notes: Notes, events: Events
) -> None:
    first = [await notes(f"p{number}", "posts") for number in range(5)]
    again = [await notes("p0", "posts"), await notes("other"), await notes("inner", force=True)]
    more = [await notes(f"p{number}", "posts") for number in range(5, 8)]
    await notes.sent("posts")

    assert (first, again) == (["own"] * 5, ["window"] * 3)
    assert [*more, await notes("p9", "posts")] == ["source", "source", "source", "sent"]
    assert sorted(wish.page for wish in await events.take_window(WINDOW)) == ["inner", "other"]


async def test_a_source_stays_crowded_in_the_next_window_and_no_longer(notes: Notes) -> None:
    for number in range(6):
        await notes(f"p{number}", "posts")

    assert [await notes("q", "posts", after=45), await notes("r", "pages")] == ["source", "own"]
    assert await notes("s", "posts", after=25) == "own"


async def test_pages_that_changed_beside_their_source_are_left_to_its_run(
    notes: Notes, events: Events
) -> None:
    await notes("a", "posts")
    assert [await notes("a", "posts"), await notes(source="posts"), await notes("b", "posts")] == [
        *("window", "source", "own"),
    ]
    assert await events.take_window(WINDOW) == []


async def test_a_wish_to_read_anew_is_kept_beside_others(notes: Notes, events: Events) -> None:
    for force in (False, True, False):
        await notes("db", force=force)

    assert await events.take_window(WINDOW) == [Wish("db", "", True)]


async def test_messages_of_their_own_are_paid_for_with_time(notes: Notes) -> None:
    ways = [await notes(f"p{number}") for number in range(7)]
    assert ways == ["own"] * 5 + ["window"] * 2

    assert await notes("q", after=30) == "window"  # the window before has taken a message
    assert await notes("r", after=31) == "window"
    assert await notes("s", after=100) == "own"


@pytest.mark.parametrize("value", ["x", "1e300", ""])
async def test_an_account_that_another_wrote_is_settled_soon(
    notes: Notes, kv: Kv, keys: Keys, value: str
) -> None:
    await kv.command("SET", keys.ahead, value)

    await notes("a")
    assert await notes("b", after=301) == "own"


async def test_a_window_is_kept_for_its_run_and_forgotten_after_days(
    notes: Notes, kv: Kv, keys: Keys
) -> None:
    await notes("a")
    await notes("a")
    names = [keys.window(WINDOW), keys.ahead]

    assert all([0 < await kv.command("TTL", name) <= 2 * 86_400 for name in names])


async def test_an_event_costs_two_commands_and_another_one_that_is_known(
    events: Events, kv: Kv, keys: Keys
) -> None:
    webhook = Webhook(
        events,
        Line(Clock(), events),
        Log(now=lambda: 0.0),
        references={"posts": "d"},
        site="s",
        live=True,
        now=lambda: NOW,
    )
    await site_of(kv, keys, ["a"])
    costs = []
    for one in (event("1"), event("2"), event("3"), event("3"), event("4", "stranger")):
        before = kv.commands
        await webhook.take_delivery(one)
        costs.append(kv.commands - before)

    assert costs[1:] == [3, 2, 1, 1]  # the first meets scripts that the database does not know


# Webhook, windows and queue together, over hours.


async def site_of(kv: Kv, keys: Keys, pages: Sequence[str]) -> None:
    record = SourceRecord("d", Source("posts", "d", "ds"))
    await kv.command("HSET", keys.sources, "posts", msgspec.json.encode(record).decode())
    seen = Observation(
        source="posts",
        title="t",
        created="2026-01-01T00:00:00Z",
        edited="2026-01-01T00:00:00Z",
        wanted="w",
    )
    text = msgspec.json.encode(seen).decode()
    words = [word for page in pages for word in (page, text)]
    await kv.command("HSET", keys.observed, *words)


class Line(Queue):
    """A queue whose messages are worked at their time: what each of their runs would look at is
    noted."""

    def __init__(self, clock: Clock, events: Events) -> None:
        self._clock, self._events = clock, events
        self._due: list[tuple[float, Message]] = []
        self.ids: set[str] = set()
        self.looks: list[tuple[float, str]] = []
        """When a run looked at a page ("": at all of its source)."""
        self.refuses = 0

    async def publish_messages(self, messages: Sequence[Message | Notice]) -> list[str]:
        if self.refuses:
            self.refuses -= 1
            raise QueueRefused("no")
        for message in messages:
            if message.id not in self.ids and isinstance(message, Message):
                self.ids.add(message.id)
                self._due.append((self._clock() + message.delay_seconds, message))
        return []

    async def work(self, until: float) -> None:
        """Deliver what is due by then, in order."""
        for at, message in sorted(self._due, key=lambda one: one[0]):
            if at <= until:
                self._due.remove((at, message))
                pages = [message.ask.page]
                if message.ask.window:
                    pages = [
                        wish.page for wish in await self._events.take_window(message.ask.window)
                    ]
                self.looks += [(at, page) for page in pages]


class Days:
    """Sends events at their times, delivers messages at theirs, and counts them."""

    def __init__(self, kv: Kv, keys: Keys, clock: Clock) -> None:
        self.clock = clock
        events = Events(kv, keys)
        self.line = Line(clock, events)
        log = Log(now=clock)
        self.webhook = Webhook(
            events, self.line, log, references={"posts": "d"}, site="s", live=True, now=clock
        )
        self._kv, self._keys = kv, keys

    async def send(self, edits: Sequence[tuple[float, str]]) -> None:
        """Send an event of each edit (seconds from now on, page); one that is refused comes again a
        minute later."""
        await site_of(self._kv, self._keys, sorted({page for _, page in edits}))
        began, ahead = self.clock(), sorted(edits)
        names = iter(range(1_000_000))
        queue = [(began + at, str(UUID(int=next(names))), page) for at, page in ahead]
        while queue:
            at, name, page = queue.pop(0)
            await self.line.work(at)
            self.clock.time = at
            try:
                await self.webhook.take_delivery(event(name, page, at=at))
            except (QueueRefused, TryLater):
                queue = sorted([*queue, (at + 60, name, page)])
        await self.line.work(self.clock() + 3600)
        missed = [
            (at, page)
            for at, page in ((began + at, page) for at, page in edits)
            if not any(looked >= at and seen in (page, "") for looked, seen in self.line.looks)
        ]
        assert missed == []


@pytest.fixture
def days(kv: Kv, keys: Keys, clock: Clock) -> Days:
    return Days(kv, keys, clock)


async def test_fifty_events_of_a_page_within_ten_seconds_are_three_messages(days: Days) -> None:
    await days.send([(number / 5, "a") for number in range(50)])

    assert len(days.line.ids) <= 3
    assert days.line.looks[0] == (days.clock.time - 49 / 5, "a")


@pytest.mark.parametrize(("every", "seconds"), [(24, 1_200), (31, 1_800)])
async def test_steady_edits_of_five_pages_are_a_message_for_each_window_and_five_more(
    days: Days, every: int, seconds: int
) -> None:
    await days.send(
        [
            (second + page / 3, f"p{page}")
            for second in range(0, seconds, every)
            for page in range(5)
        ]
    )

    assert len(days.line.ids) <= 6 + seconds // WINDOW_SECONDS


async def test_hundreds_of_edited_pages_are_a_few_messages(days: Days) -> None:
    await days.send([(number / 10, f"p{number}") for number in range(300)])

    assert len(days.line.ids) <= 10


async def test_edits_at_any_time_are_all_looked_at_whatever_the_queue_refuses(days: Days) -> None:
    luck = random.Random(19)
    edits = [
        (luck.uniform(0, 600), f"p{luck.choice((0, 0, 0, 1, 2, luck.randrange(12)))}")
        for _ in range(100)
    ]
    days.line.refuses = 20

    await days.send(edits)
