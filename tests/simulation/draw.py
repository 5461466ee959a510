"""Drawing histories from a seed, within a profile: what may happen in them, and how often."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from tests.simulation.actions import (
    NAMINGS,
    Action,
    Ask,
    Big,
    Blip,
    Cancel,
    CancelRun,
    Clocks,
    Edit,
    Evict,
    FailForEver,
    Heal,
    Kill,
    KvTrouble,
    Lag,
    Minute,
    Mistake,
    Odd,
    Pass,
    Pause,
    QueueTrouble,
    Redeliver,
    Schedule,
    Setting,
    Settle,
    Sources,
    Tell,
    Typing,
    Until,
    Version,
    Wait,
    Weather,
)
from tests.simulation.history import History
from tests.simulation.writer import Writer
from tests.stack.histories.author import Author

Draw = Callable[[Random, "Profile"], Action]
SEED_BYTES = 6

EDITS = sorted(
    name
    for kind in (Author, Writer)
    for name in vars(kind)
    if not name.startswith("_") and name not in ("do", "pause", "rows", "published", "depth")
)


TOGGLES = (
    "trash_or_restore",
    "archive_or_unarchive",
    "unshare_or_share",
    "trash_or_restore_database",
    "unshare_or_share_database",
)
"""Edits that the same edit takes back."""


def _edit(luck: Random, profile: "Profile") -> Action:
    return Edit(luck.choice(profile.edits), luck.randrange(24), luck.randrange(32))


def _ask(luck: Random, profile: "Profile") -> Action:
    scope = luck.choice(profile.scopes)
    force, here = luck.random() < 0.15, luck.random() < profile.here
    return Ask(
        scope, luck.randrange(24), force=force, here=here, after=luck.choice((2.0, 2.0, 0.1))
    )


def _kv(luck: Random, profile: "Profile") -> Action:
    return KvTrouble(
        luck.choice(("error", "html", "refused", "reset", "timeout")),
        luck.randrange(1, 60),
        luck.choice((1, 4, 40)),
        luck.random() < 0.5,
        luck.choice(("", "EVAL")),
    )


def _kill(luck: Random, profile: "Profile") -> Action:
    path = luck.choice(("worker", "worker", "trigger", "notify"))
    return Kill(path, luck.randrange(1, 160), luck.choice((1, 1, 1, 3)))


def _setting(luck: Random, profile: "Profile") -> Action:
    name, values = luck.choice(
        (
            ("SYNC_SLICE_SECONDS", ("0.5", "3", "")),
            ("SYNC_LANES", ("1", "2", "3")),
            ("KV_MAX_VALUE_BYTES", ("1500", "8000000")),
        )
    )
    return Setting(name, luck.choice(values))


DRAWS: Mapping[str, tuple[float, Draw]] = {
    "edit": (8, _edit),
    "ask": (3, _ask),
    "settle": (2, lambda luck, profile: Settle()),
    "pass": (
        4,
        lambda luck, profile: Pass(
            luck.choice((0.4, 5.0, 20.0, 61.0, 125.0, 700.0, 1_000.0, 3_700.0, 86_340.0, 90_000.0))
        ),
    ),
    "until": (1, lambda luck, profile: Until(luck.choice((0.5, 30.0, 57.0, 58.5)))),
    "pause": (1, lambda luck, profile: Pause(luck.randrange(24))),
    "schedule": (
        1,
        lambda luck, profile: Schedule(
            luck.randrange(24),
            luck.choice((None, -60.0, 1.0, 3.0, 30.0)),
            luck.choice((None, None, 2.0, 61.0, 20.0)),
        ),
    ),
    "kill": (2, _kill),
    "kv": (2, _kv),
    "queue": (
        2,
        lambda luck, profile: QueueTrouble(
            luck.choice(("twice", "again", "reorder", "drop", "publish_error", "publish_reset")),
            luck.randrange(1, 4),
        ),
    ),
    "weather": (1, lambda luck, profile: Weather(luck.choice((0.01, 0.03, 0.08)))),
    "wait": (1, lambda luck, profile: Wait(luck.choice((1.0, 30.0, 200.0, 1_200.0)))),
    "blip": (1, lambda luck, profile: Blip(luck.randrange(24))),
    "fail": (
        0.5,
        lambda luck, profile: FailForEver(
            luck.choice(("page", "page", "source")), luck.randrange(24)
        ),
    ),
    "lag": (
        1,
        lambda luck, profile: Lag(luck.choice((0.0, 10.0, 55.0)), luck.choice((0.0, 10.0, 55.0))),
    ),
    "heal": (2, lambda luck, profile: Heal()),
    "setting": (2, _setting),
    "preview": (
        1,
        lambda luck, profile: Setting("SYNC_PREVIEW", luck.choice(("on", "on", "on", ""))),
    ),
    "minute": (0.5, lambda luck, profile: Minute(luck.choice((10, 30, 100_000)))),
    "sources": (0.5, lambda luck, profile: Sources(luck.choice(tuple(NAMINGS)))),
    "clocks": (
        0.5,
        lambda luck, profile: Clocks(
            luck.choice(((0.0,), (0.0, 30.0), (-15.0, 15.0), (0.0, -4.0)))
        ),
    ),
    "evict": (0.5, lambda luck, profile: Evict(luck.randrange(24), luck.randrange(5))),
    "cancel": (0.5, lambda luck, profile: Cancel(luck.randrange(4))),
    "cancel-run": (0.5, lambda luck, profile: CancelRun()),
    "redeliver": (2, lambda luck, profile: Redeliver(luck.randrange(4))),
    "version": (0.5, lambda luck, profile: Version(luck.choice((0, 1)))),
    "big": (0.5, lambda luck, profile: Big(luck.choice((3, 1_000)))),
    "tell": (2, lambda luck, profile: Tell(luck.choice((1, 1, 1, 2)))),
    "mistake": (
        1,
        lambda luck, profile: Mistake(
            luck.choice(TOGGLES), luck.randrange(24), luck.choice((0.2, 1.0, 3.0, 20.0))
        ),
    ),
    "typing": (
        0.5,
        lambda luck, profile: Typing(
            luck.randrange(24), luck.choice((3, 10)), luck.choice((3.0, 7.0, 20.0))
        ),
    ),
    "odd": (0.5, lambda luck, profile: Odd(luck.randrange(24), luck.randrange(5))),
}


@dataclass(frozen=True)
class Profile:
    """`weights` of the draws that happen, the `edits` and the `scopes` of runs that are drawn.
    `here` is the share of runs that are asked for in the backup way, `asks` that of chapters which
    end with a run that is asked for, `after` how much happens while one is under way."""

    weights: Mapping[str, float] = field(
        default_factory=lambda: {name: weight for name, (weight, _) in DRAWS.items()}
    )
    edits: Sequence[str] = tuple(EDITS)
    begins: Sequence[Action] = ()
    scopes: Sequence[Literal["", "source", "page"]] = ("", "", "", "", "source", "page")
    here: float = 0.15
    asks: float = 1.0
    after: Sequence[int] = (0, 0, 0, 1, 2)


def draw(seed: int, profile: Profile) -> History:
    """A history of a few chapters: things happen, mostly a run is asked for, perhaps more happens
    meanwhile, and what came of it is judged."""
    luck = Random(f"history {seed}")
    actions = list(profile.begins)
    for _ in range(luck.randrange(1, 4)):
        # Most histories know few kinds of things, so that each of them is met alone and in every
        # pair.
        names = luck.sample(
            sorted(profile.weights), min(len(profile.weights), luck.randrange(1, 6))
        )
        names += ["edit"] if "edit" in profile.weights else []
        actions += _some(luck, profile, names, luck.randrange(1, 5))
        if luck.random() < profile.asks:
            actions.append(_ask(luck, profile) if luck.random() < 0.5 else Ask())
        actions += _some(luck, profile, names, luck.choice(profile.after))
        actions.append(Settle())
        if luck.random() < 0.4:
            actions.append(Heal())
    return History(seed, actions)


def _some(luck: Random, profile: Profile, names: list[str], count: int) -> list[Any]:
    weights = [profile.weights[name] for name in names]
    return [DRAWS[name][1](luck, profile) for name in luck.choices(names, weights, k=count)]


def fresh_seed() -> int:
    """Return a seed from the system's chance."""
    return int.from_bytes(os.urandom(SEED_BYTES))
