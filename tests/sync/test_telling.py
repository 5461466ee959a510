"""Each channel is told once, over the real store: whatever fails, repeats or dies."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from lib.errors import Misconfigured, NoAnswer, TryLater
from lib.log import Log
from lib.model import Ask, Outcome
from lib.qstash.messages import Message, Notice
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Runs, run_of
from lib.store.tellings import Tellings
from lib.sync.telling import Audience, Desk, SiteCall
from lib.sync.trigger import FollowUp

NOW = 1_780_000_000.0


class Channel:
    """Notes what it is told, then does what `then` does, in turn."""

    def __init__(
        self, name: str, *, repeatable: bool, then: list[BaseException | None] | None = None
    ) -> None:
        self.name, self.repeatable = name, repeatable
        self.is_for_people = True
        self._then = then or []
        self.told: list[str] = []

    async def tell_outcome(self, outcome: Outcome) -> None:
        self.told.append(outcome.status)
        trouble = self._then.pop(0) if self._then else None
        if trouble:
            raise trouble


class SiteAtOnce:
    """A site that takes `seconds` to answer; `takes` says whether one request does."""

    name = "revalidate"

    def __init__(
        self, *, seconds: float = 0.0, takes: bool = True, trouble: Exception | None = None
    ) -> None:
        self._seconds, self._takes, self._trouble = seconds, takes, trouble
        self.told: list[str] = []

    async def tell_at_once(self, run_id: str) -> bool:
        self.told.append(run_id)
        await asyncio.sleep(self._seconds)
        if self._trouble:
            raise self._trouble
        return self._takes


class Post:
    """Takes messages as QStash does; `sent` are their ids."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def publish_messages(self, messages: list[Message | Notice]) -> list[str]:
        self.sent += [message.id for message in messages]
        return [f"job {message.id}" for message in messages]


class Office:
    """A store, and desks over it: one for each delivery."""

    def __init__(self, kv: Kv) -> None:
        numbers = count(1)

        def new_id() -> str:
            return f"new {next(numbers)}"

        self.new_id = new_id
        self.post = Post()
        self.runs = Runs(kv, Keys(), lambda: NOW, new_id)
        self.now = NOW
        self.tellings = Tellings(kv, Keys(), lambda: self.now, new_id)

    @property
    def follow_up(self) -> FollowUp:
        queue: Any = self.post
        return FollowUp(self.runs, queue, now=lambda: NOW)

    def desk(
        self, *channels: Channel, tells: Callable[[Outcome], bool] = lambda outcome: True
    ) -> Desk:
        return Desk(
            self.runs,
            self.tellings,
            channels,
            Log(now=lambda: NOW),
            tells=tells,
            follow_up=self.follow_up,
            new_id=self.new_id,
            now=lambda: NOW,
        )

    async def site_knows(self, site: SiteAtOnce, *, left: float = 60.0) -> bool:
        """Make the call of a slice that has so many seconds left."""
        call = SiteCall(
            site, self.tellings, Log(now=lambda: NOW), until=NOW + left, now=lambda: NOW
        )
        return await call.tell_site("r1")

    async def ended(self, status: str = "delivered", run_id: str = "r1") -> None:
        await self.runs.ask_for_run(run_id, Ask(), NOW + 600)
        await self.runs.end_run(run_id, status, {"written": 2}, "", NOW)


@pytest.fixture
async def office(kv: Kv) -> Office:
    return Office(kv)


def slack(*then: BaseException | None) -> Channel:
    return Channel("slack", repeatable=False, then=list(then))


def mail(*then: BaseException | None) -> Channel:
    return Channel("email", repeatable=True, then=list(then))


async def test_every_channel_is_told_once_however_often_the_notice_comes(office: Office) -> None:
    await office.ended()
    channels = (slack(), mail())

    assert await office.desk(*channels).tell_channels("r1") == ["slack", "email"]
    assert await office.desk(*channels).tell_channels("r1") == []
    assert [channel.told for channel in channels] == [["delivered"], ["delivered"]]


async def test_notices_that_come_at_once_tell_slack_once(office: Office) -> None:
    await office.ended()
    channel = slack()

    await asyncio.gather(*(office.desk(channel).tell_channels("r1") for _ in range(5)))

    assert channel.told == ["delivered"]


async def test_b5_notices_that_come_at_once_tell_a_receiver_once(office: Office) -> None:
    """One delivery tells it; the others come again, and find that it was told."""
    await office.ended()
    receiver = Channel("webhook", repeatable=True)

    found = await asyncio.gather(
        *(office.desk(receiver).tell_channels("r1") for _ in range(5)), return_exceptions=True
    )

    assert found.count(["webhook"]) == 1
    assert {type(one) for one in found} <= {list, TryLater}
    assert await office.desk(receiver).tell_channels("r1") == []
    assert receiver.told == ["delivered"]


async def test_b5_a_receiver_whose_notifier_died_is_told_by_a_later_delivery(
    office: Office,
) -> None:
    await office.ended()
    receiver = Channel("webhook", repeatable=True, then=[KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        await office.desk(receiver).tell_channels("r1")

    with pytest.raises(TryLater):
        await office.desk(receiver).tell_channels("r1")
    office.now += 60

    assert await office.desk(receiver).tell_channels("r1") == ["webhook"]


async def test_a_run_that_goes_on_is_not_told(office: Office) -> None:
    await office.runs.ask_for_run("r1", Ask(), NOW + 600)
    channel = slack()

    assert await office.desk(channel).tell_channels("r1") == []
    assert channel.told == []


async def test_nobody_is_told_what_nobody_wants_to_know(office: Office) -> None:
    await office.ended()
    channel = slack()

    assert await office.desk(channel, tells=lambda outcome: False).tell_channels("r1") == []
    assert channel.told == []


@pytest.mark.parametrize("make", [slack, mail])
async def test_who_could_not_be_told_is_told_later_and_the_others_not_again(
    office: Office, make: Callable[..., Channel]
) -> None:
    await office.ended()
    away, other = make(TryLater("away", 7)), Channel("webhook", repeatable=True)

    with pytest.raises(TryLater, match="away"):
        await office.desk(away, other).tell_channels("r1")
    assert await office.desk(away, other).tell_channels("r1") == [away.name]
    assert other.told == ["delivered"]


async def test_who_refuses_for_good_is_not_asked_again(office: Office) -> None:
    await office.ended()
    refusing = slack(Misconfigured("404"))

    assert await office.desk(refusing, mail()).tell_channels("r1") == ["email"]
    assert await office.desk(refusing).tell_channels("r1") == []
    assert refusing.told == ["delivered"]


async def test_without_an_answer_slack_is_not_told_twice_and_mail_is_sent_again(
    office: Office,
) -> None:
    await office.ended()
    first, second = slack(NoAnswer("silence")), mail(NoAnswer("silence"))

    with pytest.raises(NoAnswer):
        await office.desk(first, second).tell_channels("r1")
    await office.desk(first, second).tell_channels("r1")

    assert (len(first.told), len(second.told)) == (1, 2)


async def test_a_notifier_that_dies_after_telling_slack_does_not_tell_it_again(
    office: Office,
) -> None:
    await office.ended()
    killed, other = slack(KeyboardInterrupt()), mail()

    with pytest.raises(KeyboardInterrupt):
        await office.desk(killed, other).tell_channels("r1")

    assert await office.desk(killed, other).tell_channels("r1") == ["email"]
    assert killed.told == ["delivered"]


async def test_a_message_that_was_given_up_fails_its_run_and_frees_the_way(office: Office) -> None:
    await office.runs.ask_for_run("r1", Ask(), NOW + 600)

    await office.desk().fail_message(Message("r1", "0", 0, Ask(), ""), "out of retries")

    run = await office.runs.read_run("r1")
    assert run is not None
    assert (run.status, run.error) == ("failed", "out of retries")
    assert (await office.runs.ask_for_run("r2", Ask(), NOW + 600)).outcome == "new"


async def test_a_run_that_was_promised_begins_where_the_one_before_it_fails(office: Office) -> None:
    await office.runs.ask_for_run("r1", Ask(), NOW + 600)
    await office.runs.note_jobs("r1", ["job"], NOW + 600)
    await office.runs.ask_for_run("r2", Ask(force=True), NOW + 600)

    await office.desk().fail_message(Message("r1", "0", 0, Ask(), ""), "out of retries")

    failed = await office.runs.read_run("r1")
    assert failed is not None
    follower = await office.runs.read_run(failed.follow_up_run)
    assert follower is not None
    assert (follower.status, follower.force, follower.job_ids) == (
        "pending",
        True,
        [f"job {follower.run_id}-0-0"],
    )
    assert office.post.sent == [f"{follower.run_id}-0-0"]


async def test_a_promised_run_is_sent_under_one_id_however_often_and_not_once_it_has_begun(
    office: Office,
) -> None:
    await office.runs.ask_for_run("r1", Ask(source="posts"), NOW + 600)

    await office.follow_up.start_run("r1")
    await office.follow_up.start_run("r1")
    assert office.post.sent == ["r1-0-0", "r1-0-0"]

    await office.runs.begin_slice("r1", "0", 0, Ask(source="posts"), NOW + 600)
    await office.follow_up.start_run("r1")
    await office.follow_up.start_run("unknown")
    assert office.post.sent == ["r1-0-0", "r1-0-0"]


async def test_where_nothing_was_promised_nothing_follows_a_run_that_failed(office: Office) -> None:
    await office.runs.ask_for_run("r1", Ask(), NOW + 600)

    await office.desk().fail_message(Message("r1", "0", 0, Ask(), ""), "out of retries")

    assert office.post.sent == []


async def test_a_message_that_was_given_up_after_its_chain_went_on_fails_nothing(
    office: Office,
) -> None:
    await office.runs.ask_for_run("r1", Ask(), NOW + 600)
    await office.runs.begin_slice("r1", "0", 0, Ask(), NOW + 600)
    await office.runs.begin_slice("r1", "0", 1, Ask(), NOW + 600)

    await office.desk().fail_message(Message("r1", "0", 0, Ask(), ""), "late")

    run = await office.runs.read_run("r1")
    assert run is not None
    assert run.status == "active"


async def test_a_run_that_nobody_recorded_is_told_too(office: Office) -> None:
    channel = slack()

    desk = office.desk(channel)
    await desk.fail_message(Message("r9", "0", 0, Ask(), ""), "KV was away")
    await desk.tell_channels("r9")

    assert channel.told == ["failed"]


async def test_a_run_without_a_sign_of_life_is_marked_and_named_until_somebody_notices(
    office: Office,
) -> None:
    await office.runs.ask_for_run("r1", Ask(page="about"), NOW - 1)
    await office.runs.ask_for_run("r2", Ask(), NOW + 600)
    await office.ended(run_id="r3")

    assert await office.tellings.silent_runs() == ["r1"]
    assert await office.tellings.silent_runs() == ["r1"]
    await office.tellings.note_noticed("r1")

    assert await office.tellings.silent_runs() == []
    run = await office.runs.read_run("r1")
    assert run is not None
    assert (run.status, "no sign of life" in run.error) == ("failed", True)


async def test_a_run_that_gave_way_to_another_is_named_too(office: Office) -> None:
    await office.runs.ask_for_run("r1", Ask(), NOW - 1)
    await office.runs.ask_for_run("r2", Ask(), NOW + 600)

    assert await office.tellings.silent_runs() == ["r1"]


async def test_the_site_is_told_at_once_and_that_is_noted_with_the_time(office: Office) -> None:
    await office.ended()
    site = SiteAtOnce()

    assert await office.site_knows(site)

    run = await office.runs.read_run("r1")
    assert run is not None
    assert (site.told, run.site_told_at) == (["r1"], NOW)
    again = Channel("revalidate", repeatable=True)
    assert await office.desk(again).tell_channels("r1") == []


@pytest.mark.parametrize(
    "site",
    [
        SiteAtOnce(takes=False),
        SiteAtOnce(trouble=TryLater("500")),
        SiteAtOnce(trouble=NoAnswer("silence")),
        SiteAtOnce(seconds=30.0),
    ],
)
async def test_a_site_that_did_not_take_it_at_once_is_left_to_the_queue(
    office: Office, site: SiteAtOnce
) -> None:
    await office.ended()

    assert not await office.site_knows(site, left=2.2)

    run = await office.runs.read_run("r1")
    assert run is not None
    assert run.site_told_at is None


async def test_a_slice_that_has_no_time_left_leaves_the_site_to_the_queue(office: Office) -> None:
    await office.ended()
    site = SiteAtOnce()

    assert not await office.site_knows(site, left=1.0)
    assert site.told == []


def test_people_hear_of_news_and_the_site_of_changes() -> None:
    run = run_of({"runId": "r1", "status": "delivered"})
    changed, failed = (
        run_of({"runId": "r1", "status": status, **fields})
        for status, fields in (("delivered", {"written": "1"}), ("failed", {}))
    )
    everybody = Audience(people=True, every_run=False, site=True)

    assert [
        (everybody.people_hear(one), everybody.site_hears(one), everybody.hears(one))
        for one in (run, changed, failed)
    ] == [(False, False, False), (True, True, True), (True, False, True)]
    assert Audience(people=True, every_run=True, site=False).people_hear(run)
    assert not Audience(people=False, every_run=True, site=False).hears(changed)
