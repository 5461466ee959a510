"""Everything that can happen in a history: each a value that can be printed, and what it does on a
stage."""

import asyncio
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, Protocol

from dev.notion.faults import WEATHER
from dev.qstash import Fault as QueueFault
from dev.upstash import Fault as KvFault
from tests.simulation.stage import Stage
from tests.simulation.versions import VERSION, set_big_rows, set_version
from tests.stack.histories.workspace import HOURS, PAGES, POSTS


class Action(Protocol):
    """Something that happens."""

    async def act(self, stage: Stage) -> None: ...


@dataclass(frozen=True)
class Edit:
    """Somebody edits the workspace: a method of `Writer`, which of the things there are, and
    how."""

    name: str
    pick: int = 0
    how: int = 0

    async def act(self, stage: Stage) -> None:
        stage.edit(self.name, self.pick, self.how)


@dataclass(frozen=True)
class Mistake:
    """Somebody takes something away that was not meant to go, and takes that back so many seconds
    later."""

    name: str
    pick: int = 0
    seconds: float = 1.0

    async def act(self, stage: Stage) -> None:
        stage.edit(self.name, self.pick, 0)
        await asyncio.sleep(self.seconds)
        stage.edit(self.name, self.pick, 0)


@dataclass(frozen=True)
class Pause:
    """Pauses a row, or lets it go on."""

    pick: int = 0

    async def act(self, stage: Stage) -> None:
        stage.pause(self.pick)


@dataclass(frozen=True)
class Schedule:
    """Gives a row a date from which on it is published, in minutes from now, for so many minutes
    (None: for ever); no date where `start` is None."""

    pick: int = 0
    start: float | None = 0.0
    length: float | None = None

    async def act(self, stage: Stage) -> None:
        stage.schedule(self.pick, self.start, self.length)


@dataclass(frozen=True)
class Pass:
    """Time passes."""

    seconds: float

    async def act(self, stage: Stage) -> None:
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Until:
    """Time passes until Notion's clock shows this second of a minute."""

    second: float

    async def act(self, stage: Stage) -> None:
        await asyncio.sleep((self.second - stage.world.clocks.notion.now().timestamp()) % 60)


@dataclass(frozen=True)
class Ask:
    """Somebody asks for a run of everything, of a "source" or of a "page", so long `after` what
    happened before; `here`: by the backup way."""

    scope: Literal["", "source", "page"] = ""
    pick: int = 0
    force: bool = False
    here: bool = False
    after: float = 2.0

    async def act(self, stage: Stage) -> None:
        await asyncio.sleep(self.after)
        await stage.ask(self.scope, self.pick, force=self.force, here=self.here)


@dataclass(frozen=True)
class Settle:
    """Everything that happens by itself happens, and what came of it is judged."""

    async def act(self, stage: Stage) -> None:
        await stage.settle()


@dataclass(frozen=True)
class Tell:
    """Notion's webhook sends what has gathered, each event so many times."""

    times: int = 1

    async def act(self, stage: Stage) -> None:
        await stage.tell_of_edits(self.times)


@dataclass(frozen=True)
class Typing:
    """Somebody writes on, in one place of a page, and Notion tells of it `times` times, each so
    many seconds (`every`) after the one before."""

    pick: int = 0
    times: int = 10
    every: float = 5.0

    async def act(self, stage: Stage) -> None:
        for at in range(self.times):
            stage.edit("rewrite", self.pick, at)
            await stage.tell_of_edits()
            await asyncio.sleep(self.every)


@dataclass(frozen=True)
class Kill:
    """The next calls of a function die, each at a step of its requests."""

    path: str
    step: int
    times: int = 1

    async def act(self, stage: Stage) -> None:
        for _ in range(self.times):
            stage.world.functions.kill(self.path, self.step)


@dataclass(frozen=True)
class KvTrouble:
    """Answers of KV go wrong: the `nth` from now on, and so many after it; `executed`: only the
    answer is lost."""

    how: Literal["error", "html", "refused", "reset", "timeout"]
    nth: int = 1
    times: int = 1
    executed: bool = False
    matching: str = ""

    async def act(self, stage: Stage) -> None:
        stage.world.kv.fail(KvFault(self.how, self.executed, self.matching, self.nth, self.times))


@dataclass(frozen=True)
class QueueTrouble:
    """The queue delivers twice, again or in another order, loses a message, or refuses one."""

    how: Literal["twice", "again", "reorder", "drop", "publish_error", "publish_reset"]
    times: int = 1

    async def act(self, stage: Stage) -> None:
        stage.world.account.faults.add(
            QueueFault(self.how, self.times, "worker" if "publish" not in self.how else "")
        )


@dataclass(frozen=True)
class Weather:
    """A share of Notion's answers fails in each of seven ways."""

    share: float

    async def act(self, stage: Stage) -> None:
        stage.weather_until = inf
        share = min(self.share, 1 / len(WEATHER))
        stage.world.notion.faults.weather(share, seed=round(self.share * 1000), seconds=2.0)


@dataclass(frozen=True)
class Wait:
    """Notion says once that everybody has to wait so long."""

    seconds: float

    async def act(self, stage: Stage) -> None:
        stage.world.notion.faults.add("429", seconds=self.seconds)


@dataclass(frozen=True)
class Blip:
    """Notion answers one request for a page with 404, though the page is there."""

    pick: int = 0

    async def act(self, stage: Stage) -> None:
        stage.blip(self.pick)


@dataclass(frozen=True)
class FailForEver:
    """The blocks of a page, or the rows of a source, can't be read until all trouble ends."""

    what: Literal["page", "source"]
    pick: int = 0

    async def act(self, stage: Stage) -> None:
        stage.fail_for_ever(self.pick, self.what)


@dataclass(frozen=True)
class Lag:
    """What listings and lists of blocks show is so many seconds old; that a row was paused shows by
    then."""

    listing: float = 0.0
    blocks: float = 0.0

    async def act(self, stage: Stage) -> None:
        await asyncio.sleep(max(0.0, stage.paused_at + self.listing - stage.world.clocks.now()))
        stage.world.notion.lag(self.listing, self.blocks)


@dataclass(frozen=True)
class Heal:
    """All trouble ends; what waits for its next try goes on waiting."""

    async def act(self, stage: Stage) -> None:
        stage.heal()


@dataclass(frozen=True)
class Setting:
    """The owner changes a setting of the functions."""

    name: str
    value: str

    async def act(self, stage: Stage) -> None:
        stage.world.functions.environ[self.name] = self.value
        if self.name == "SYNC_PREVIEW":
            stage.switch_previews()


@dataclass(frozen=True)
class Minute:
    """Notion gives so many requests a minute, and the owner has said so."""

    requests: int

    async def act(self, stage: Stage) -> None:
        stage.world.notion.limit.requests = self.requests
        stage.world.functions.environ["NOTION_REQUESTS_PER_MINUTE"] = str(self.requests)


Naming = Literal["as before", "renamed", "removed", "re-pointed", "exchanged"]
NAMINGS: dict[Naming, dict[str, str]] = {
    "as before": {"pages": PAGES, "posts": POSTS},
    "renamed": {"pages": PAGES, "news": POSTS},
    "removed": {"pages": PAGES},
    "re-pointed": {"pages": PAGES, "posts": HOURS},
    "exchanged": {"pages": POSTS, "posts": PAGES},
}


@dataclass(frozen=True)
class Sources:
    """The owner changes NOTION_SOURCES."""

    naming: Naming

    async def act(self, stage: Stage) -> None:
        stage.name_sources(NAMINGS[self.naming])


@dataclass(frozen=True)
class Clocks:
    """The clocks of the instances, in seconds ahead of the true time."""

    skews: tuple[float, ...]

    async def act(self, stage: Stage) -> None:
        stage.world.functions.skews = self.skews


@dataclass(frozen=True)
class Evict:
    """A key of the site is gone, or holds something foreign."""

    pick: int = 0
    how: int = 0

    async def act(self, stage: Stage) -> None:
        stage.evict(self.pick, self.how)


@dataclass(frozen=True)
class Cancel:
    """Somebody cancels a message in QStash's console."""

    pick: int = 0

    async def act(self, stage: Stage) -> None:
        stage.cancel_message(self.pick)


@dataclass(frozen=True)
class CancelRun:
    """The owner cancels the run that is under way."""

    async def act(self, stage: Stage) -> None:
        await stage.cancel_run()


@dataclass(frozen=True)
class Redeliver:
    """Somebody publishes a message of the dead letter queue again."""

    pick: int = 0

    async def act(self, stage: Stage) -> None:
        stage.redeliver(self.pick)


@dataclass(frozen=True)
class Version:
    """A version of the project is deployed whose format is so many ahead of today's; only while
    nothing runs."""

    ahead: int

    async def act(self, stage: Stage) -> None:
        if not stage.world.functions.under_way:
            set_version(VERSION + self.ahead)
            stage.version = VERSION + self.ahead
            stage.edited_at = stage.world.clocks.now()
            stage.seen["version"] += 1


@dataclass(frozen=True)
class Big:
    """From so many rows on, a source counts as a big one."""

    rows: int

    async def act(self, stage: Stage) -> None:
        stage.big_rows = self.rows
        set_big_rows(self.rows)


@dataclass(frozen=True)
class Odd:
    """Notion shows something odd in a page."""

    pick: int = 0
    how: int = 0

    async def act(self, stage: Stage) -> None:
        stage.show_odd(self.pick, self.how)


KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(
            Edit,
            Mistake,
            Pause,
            Schedule,
            Pass,
            Until,
            Ask,
            Settle,
            Tell,
            Typing,
            Kill,
            KvTrouble,
            QueueTrouble,
            Weather,
            Wait,
            Blip,
            FailForEver,
            Lag,
        ),
        *(
            Heal,
            Setting,
            Minute,
            Sources,
            Clocks,
            Evict,
            Cancel,
            CancelRun,
            Redeliver,
            Version,
            Big,
            Odd,
        ),
    )
}
