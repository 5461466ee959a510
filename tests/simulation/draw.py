"""Drawing histories from a seed, within a profile: what may happen in them, and how often."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from tests.simulation.actions import (
    NAMINGS,
    Action,
    Ask,
    Big,
    Blip,
    Cancel,
    Clocks,
    Edit,
    Evict,
    FailForEver,
    Heal,
    Kill,
    KvTrouble,
    Lag,
    Minute,
    Odd,
    Pass,
    Pause,
    QueueTrouble,
    Redeliver,
    Setting,
    Settle,
    Sources,
    Tell,
    Version,
    Wait,
    Weather,
)
from tests.simulation.history import History
from tests.simulation.writer import Writer
from tests.stack.histories.author import Author

T = TypeVar("T")
Draw = Callable[[Random], Action]

EDITS = sorted(
    name
    for kind in (Author, Writer)
    for name in vars(kind)
    if not name.startswith("_") and name not in ("do", "pause", "rows", "published", "depth", "may_be_edited")
)


def _edit(luck: Random) -> Action:
    return Edit(luck.choice(EDITS), luck.randrange(24), luck.randrange(32))


def _ask(luck: Random) -> Action:
    scope = luck.choice(("", "", "", "", "source", "page"))
    return Ask(scope, luck.randrange(24), force=luck.random() < 0.15, here=luck.random() < 0.15)


def _kv(luck: Random) -> Action:
    return KvTrouble(
        luck.choice(("error", "html", "refused", "reset", "timeout")),
        luck.randrange(1, 60),
        luck.choice((1, 4, 40)),
        luck.random() < 0.5,
        luck.choice(("", "EVAL")),
    )


def _setting(luck: Random) -> Action:
    name, values = luck.choice(
        (
            ("SYNC_SLICE_SECONDS", ("0.5", "3", "")),
            ("SYNC_LANES", ("1", "2", "3")),
            ("KV_MAX_VALUE_BYTES", ("1500", "8000000")),
        )
    )
    return Setting(name, luck.choice(values))


DRAWS: Mapping[str, tuple[float, Draw]] = {
    "edit": (24, _edit),
    "ask": (3, _ask),
    "settle": (2, lambda luck: Settle()),
    "pass": (4, lambda luck: Pass(luck.choice((0.4, 5.0, 20.0, 61.0, 125.0, 700.0, 3_700.0, 86_340.0, 90_000.0)))),
    "pause": (1, lambda luck: Pause(luck.randrange(24))),
    "kill": (2, lambda luck: Kill(luck.choice(("worker", "worker", "trigger", "notify")), luck.randrange(1, 160))),
    "kv": (2, _kv),
    "queue": (
        2,
        lambda luck: QueueTrouble(
            luck.choice(("twice", "again", "reorder", "drop", "publish_error", "publish_reset")), luck.randrange(1, 4)
        ),
    ),
    "weather": (1, lambda luck: Weather(luck.choice((0.01, 0.03, 0.08)))),
    "wait": (1, lambda luck: Wait(luck.choice((1.0, 30.0, 200.0, 1_200.0)))),
    "blip": (1, lambda luck: Blip(luck.randrange(24))),
    "fail": (0.5, lambda luck: FailForEver(luck.choice(("page", "page", "source")), luck.randrange(24))),
    "lag": (1, lambda luck: Lag(luck.choice((0.0, 10.0, 55.0)), luck.choice((0.0, 10.0, 55.0)))),
    "heal": (2, lambda luck: Heal()),
    "setting": (2, _setting),
    "minute": (0.5, lambda luck: Minute(luck.choice((10, 30, 100_000)))),
    "sources": (0.5, lambda luck: Sources(luck.choice(tuple(NAMINGS)))),
    "clocks": (0.5, lambda luck: Clocks(luck.choice(((0.0,), (0.0, 30.0), (-15.0, 15.0), (0.0, -4.0))))),
    "evict": (0.5, lambda luck: Evict(luck.randrange(24), luck.randrange(5))),
    "cancel": (0.5, lambda luck: Cancel(luck.randrange(4))),
    "redeliver": (0.5, lambda luck: Redeliver(luck.randrange(4))),
    "version": (0.5, lambda luck: Version(luck.choice((1, 2)))),
    "big": (0.5, lambda luck: Big(luck.choice((3, 1_000)))),
    "tell": (2, lambda luck: Tell(luck.choice((1, 1, 1, 2)))),
    "odd": (0.5, lambda luck: Odd(luck.randrange(24), luck.randrange(5))),
}


@dataclass(frozen=True)
class Profile:
    """`weights` of the draws that happen (0: never), and a filter for what is drawn all the same: what may stand
    together."""

    weights: Mapping[str, float] = field(default_factory=lambda: {name: weight for name, (weight, _) in DRAWS.items()})
    allows: Callable[[Action], bool] = lambda action: True

    def without(self, *names: str) -> dict[str, float]:
        return {name: weight for name, weight in self.weights.items() if name not in names}


EVERYTHING = Profile()
EDITS_ONLY = Profile({"edit": 6.0, "pass": 1.0, "pause": 0.5})


def draw(seed: int, profile: Profile) -> History:
    """A history of a few chapters: things happen, somebody asks for a run, perhaps more happens meanwhile, and what
    came of it is judged."""
    luck = Random(f"history {seed}")
    actions: list[Action] = []
    for _ in range(luck.randrange(1, 4)):
        # Most histories know few kinds of things, so that each of them is met alone and in every pair.
        names = luck.sample(sorted(profile.weights), min(len(profile.weights), luck.randrange(1, 6)))
        names += ["edit"] if "edit" in profile.weights else []
        actions += _some(luck, profile, names, luck.randrange(1, 5))
        actions.append(_ask(luck) if luck.random() < 0.5 else Ask())
        actions += _some(luck, profile, names, luck.choice((0, 0, 0, 1, 2)))
        actions.append(Settle())
        if luck.random() < 0.4:
            actions.append(Heal())
    return History(seed, [action for action in actions if profile.allows(action)])


def _some(luck: Random, profile: Profile, names: list[str], count: int) -> list[Any]:
    weights = [profile.weights[name] for name in names]
    return [DRAWS[name][1](luck) for name in luck.choices(names, weights, k=count)]
