"""Making a history that fails shorter, as long as it fails in the same way."""

import re
from dataclasses import replace
from typing import Any

from tests.simulation.actions import Action
from tests.simulation.history import History, Player

MOST_PLAYS = 250
_NAMES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|run_[0-9a-f]{32}|\d+(\.\d+)?|'[^']*'|[\w/-]*/[\w/-]+"
)


def shrunk(player: Player, history: History, problem: str) -> History:
    """The shortest history found that has a problem of this kind."""
    kind, plays = kind_of(problem), 0

    def fails(actions: list[Action]) -> bool:
        nonlocal plays
        plays += 1
        found = player.play(replace(history, actions=actions)).problem
        return bool(found) and kind_of(found) == kind

    actions = list(history.actions)
    size = max(1, len(actions) // 2)
    while size and plays < MOST_PLAYS:
        at = 0
        shorter = False
        while at < len(actions) and plays < MOST_PLAYS:
            without = actions[:at] + actions[at + size :]
            if fails(without):
                actions, shorter = without, True
            else:
                at += size
        if not shorter:
            size //= 2
    for at in range(len(actions)):
        for name in ("pick", "how"):
            plainer = _plainer(actions[at], name)
            if (
                plainer != actions[at]
                and plays < MOST_PLAYS
                and fails([*actions[:at], plainer, *actions[at + 1 :]])
            ):
                actions[at] = plainer
    return replace(history, actions=actions)


def kind_of(problem: str) -> str:
    """What kind of problem this is: its first line that says what is wrong, without names, numbers
    and times."""
    lines = [
        line for line in problem.splitlines() if not line.startswith(("at action", "after run"))
    ]
    return _NAMES.sub("…", (lines or ["?"])[0])[:120]


def _plainer(action: Any, name: str) -> Any:
    """Return the action with one number less."""
    return replace(action, **{name: 0}) if isinstance(getattr(action, name, None), int) else action
