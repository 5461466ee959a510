"""A history: what people do, what befalls the platforms, and the runs in between, step by step."""

from dataclasses import dataclass, field
from typing import Any

from dev.equality import Bundles
from dev.notion.nodes import Page
from dev.qstash import Fault as QueueFault
from dev.upstash import Fault as KvFault
from tests.stack.histories.author import Author
from tests.stack.histories.workspace import SOURCES
from tests.stack.histories.world import World

MINUTE_AND_MORE = 125.0
"""After so long nothing that was read is within the minute of its edit, however far clocks lie
apart."""


@dataclass(frozen=True)
class Edit:
    name: str
    pick: int = 0
    how: int = 0


@dataclass(frozen=True)
class Pause:
    """Pauses a row, or lets it go on."""

    pick: int = 0


@dataclass(frozen=True)
class Step:
    """Time passes."""

    seconds: float


@dataclass(frozen=True)
class Run:
    """Somebody asks for a run: of everything, a source or a page, through the trigger or the backup
    way (`here`); just before its `nth` KV command somebody makes an edit."""

    scope: str = ""
    pick: int = 0
    force: bool = False
    here: bool = False
    nth: int = 0
    edit: Edit | None = None


@dataclass(frozen=True)
class Trouble:
    """What goes wrong from now on; all of it ends with the next `Heal`."""

    notion: float = 0.0
    """The share of all answers that fail in each of seven ways."""
    kv: KvFault | None = None
    queue: QueueFault | None = None
    wait_seconds: float = 0.0
    """Notion says once that everybody has to wait so long."""


@dataclass(frozen=True)
class Heal:
    """All trouble ends; what waits for its next try goes on waiting."""


@dataclass(frozen=True)
class Setting:
    name: str
    value: str


Happening = Edit | Pause | Step | Run | Trouble | Heal | Setting


@dataclass
class History:
    """Plays happenings in a world, and knows what must stay as it is: `still` are the bundles of
    paused pages."""

    world: World
    author: Author = field(init=False)
    still: dict[str, dict[str, Any]] = field(default_factory=dict)
    paused: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.author = Author(self.world.notion)

    def play(self, *happenings: Happening) -> None:
        """Plays them one after the other; after each, a site finds nothing broken."""
        for happening in happenings:
            self._happen(happening)
            bundles = self.world.bundles()
            _none_of([*bundles.dangling(SOURCES), *self._changed(bundles)], f"after {happening}")

    def end(self) -> None:
        """Trouble ends and a clean run follows: KV equals the workspace. After the minute of the
        last edit another one settles everything, and then there is nothing to do any more."""
        self.world.heal()
        self.world.clean_run()
        _none_of(self._problems(), "after the clean run")
        self.world.step(MINUTE_AND_MORE)
        self.world.clean_run()
        _none_of(self._problems(), "after the second clean run")
        run = self.world.clean_run()
        assert (run["toSync"], run.get("written", "0"), run.get("deleted", "0")) == (
            "0",
            "0",
            "0",
        ), f"never settled: {run}"

    def _happen(self, happening: Happening) -> None:
        world = self.world
        match happening:
            case Edit(name, pick, how):
                self.author.do(name, pick, how)
            case Pause(pick):
                self._pause(pick)
            case Step(seconds):
                world.step(seconds)
            case Run():
                self._run(happening)
            case Trouble():
                self._trouble(happening)
            case Heal():
                world.notion.faults.clear()
                world.qstash.heal()
            case Setting(name, value):
                world.stack.set(name, value)

    def _run(self, run: Run) -> None:
        query = {"force": "1"} if run.force else {}
        if run.scope == "source":
            query["source"] = list(SOURCES)[run.pick % 2]
        elif run.scope == "page":
            query["page"] = self._some_page(run.pick)
        if run.edit:
            edit = run.edit
            self.world.ambush(run.nth, lambda: self.author.do(edit.name, edit.pick, edit.how))
        (self.world.here if run.here else self.world.trigger)(**query)

    def _some_page(self, pick: int) -> str:
        """The slug or id of a page that does not stand below a paused one."""
        pages = [page for id, page in self.world.bundles().pages.items() if id not in self.still]
        if not pages:
            return "home"
        meta = pages[pick % len(pages)]["meta"]
        return str(meta["slug"] if pick % 2 else meta["id"])

    def _trouble(self, trouble: Trouble) -> None:
        if trouble.notion:
            self.world.notion.faults.weather(
                trouble.notion, seed=round(trouble.notion * 1000), seconds=0.02
            )
        if trouble.wait_seconds:
            self.world.notion.faults.add("429", seconds=trouble.wait_seconds)
        if trouble.kv:
            self.world.fail_kv(trouble.kv)
        if trouble.queue:
            self.world.qstash.fail(trouble.queue)

    def _pause(self, pick: int) -> None:
        """Only while nothing is under way: what a run has listed before may be published after."""
        rows = self.author.rows()
        if not rows or not self.world.is_quiet():
            return
        row: Page = rows[pick % len(rows)]
        if row.id in self.paused:
            for id in self.paused.pop(row.id):
                self.still.pop(id, None)
            self.author.pause(row, paused=False)
            return
        self.author.pause(row, paused=True)
        pages = self.world.bundles().pages
        below = _with_child_pages(row.id, pages)
        self.paused[row.id] = below
        self.still |= {id: pages[id] for id in below}

    def _problems(self) -> list[str]:
        return self.world.problems(self.still, self._doubtful())

    def _doubtful(self) -> frozenset[str]:
        """Paused pages that may have been unpublished: they were hidden once, or never were to be
        seen."""
        touched = [row for row, below in self.paused.items() if self.author.touched & {row, *below}]
        return frozenset(id for row in touched for id in self.paused[row])

    def _changed(self, bundles: Bundles) -> list[str]:
        return [
            f"{page['meta']['slug']} is paused and changed"
            for id, page in self.still.items()
            if bundles.pages.get(id, page) != page
        ]


def _with_child_pages(id: str, pages: dict[str, dict[str, Any]]) -> list[str]:
    if id not in pages:
        return []
    return [
        id,
        *(
            below
            for child in pages[id]["meta"]["childPages"]
            for below in _with_child_pages(child["id"], pages)
        ),
    ]


def _none_of(problems: list[str], when: str) -> None:
    if problems:
        raise AssertionError("\n".join([when, *problems]))
