"""Plays mutants: a history that was kept of each, then random ones until the judge complains."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from tests.simulation.draw import draw, fresh_seed
from tests.simulation.found import FOUND
from tests.simulation.history import History, Player, player
from tests.simulation.mutants import MUTANTS, Mutant, Stale, mutated_tree
from tests.simulation.profiles import PROFILES
from tests.simulation.stage import Broken
from tests.simulation.virtual import Standstill

SHOWN_CHARACTERS = 110
"""So much of what the judge said stands in the table."""


class Outcome(msgspec.Struct, kw_only=True):
    """What came of a mutant. `by_history` and `said` are the judge's words about the kept history
    and about the random one of this `seed`, "" where it had none; `histories` random ones were
    played."""

    by_history: str
    histories: int
    seed: int = 0
    said: str = ""


def play_mutants(rows: Sequence[str], minutes: float) -> int:
    """Play the mutants of these rows (none: of all), each for so long at most, and print a table.
    Return 1 where one was not found, or could not be played."""
    chosen = [at for at, mutant in enumerate(MUTANTS) if not rows or mutant.row in rows]
    print("row | named history | random histories | seed | what the judge said", flush=True)
    with player() as playing:
        found = [_play_apart(playing, at, minutes) for at in chosen]
    return 0 if found and all(found) else 1


def _play_apart(playing: Player, at: int, minutes: float) -> bool:
    """Play a mutant in a process of its own; return whether both ways came upon it. What they found
    is held against the engine as it is, which plays the same histories."""
    mutant = MUTANTS[at]
    try:
        done = run_apart(at, minutes)
        outcome = msgspec.json.decode(done.stdout, type=Outcome)
    except Stale as stale:
        print(f"{mutant.row} | {stale}", flush=True)
        return False
    except msgspec.DecodeError:
        print(f"{mutant.row} | it could not be played: {done.stderr[-2000:]}", flush=True)
        return False
    print(_line_of(mutant, outcome), flush=True)
    histories = [*_histories_of(mutant), *([_drawn(mutant, outcome.seed)] if outcome.said else [])]
    if own := [problem for one in histories if (problem := problem_of(playing, one))]:
        print(f"{mutant.row} | the engine fails there without any change: {own}", flush=True)
    return bool(outcome.by_history and outcome.said and not own)


def run_apart(at: int, minutes: float) -> subprocess.CompletedProcess[str]:
    """Play a mutant in a process of its own, which prints its `Outcome` as JSON. Raises `Stale`."""
    words = [sys.executable, "-m", "tests.simulation.mutant_run", str(at), str(minutes)]
    with mutated_tree(MUTANTS[at]) as tree:
        return subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)


def _line_of(mutant: Mutant, outcome: Outcome) -> str:
    cells = (
        mutant.row,
        "yes" if outcome.by_history else "no",
        f"{outcome.histories}" if outcome.said else f"none of {outcome.histories}",
        f"{outcome.seed}" if outcome.said else "",
        " ".join((outcome.said or outcome.by_history).split())[:SHOWN_CHARACTERS],
    )
    return " | ".join(cells)


def play_here(mutant: Mutant, minutes: float) -> Outcome:
    """Play a mutant in the tree that has its changes."""
    with player() as playing:
        kept = (problem_of(playing, history) for history in _histories_of(mutant))
        by_history = next((problem for problem in kept if problem), "")
        ends, played = time.monotonic() + 60 * minutes, 0
        while time.monotonic() < ends:
            seed = fresh_seed()
            played += 1
            if said := problem_of(playing, _drawn(mutant, seed)):
                return Outcome(by_history=by_history, histories=played, seed=seed, said=said)
    return Outcome(by_history=by_history, histories=played)


def _histories_of(mutant: Mutant) -> list[History]:
    found = next(found for found in FOUND if found.story == mutant.story)
    return [found.history, *(replace(found.history, seed=seed) for seed in found.more_seeds)]


def _drawn(mutant: Mutant, seed: int) -> History:
    return draw(seed, PROFILES[mutant.profile])


def problem_of(playing: Player, history: History) -> str:
    """Return what the judge says; a mutant may spoil the sync with which histories begin."""
    try:
        return playing.play(history).problem
    except (Broken, Standstill) as broken:
        return f"in the first sync: {broken}"


def main(at: str, minutes: str) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(play_here(MUTANTS[int(at)], float(minutes))))


if __name__ == "__main__":
    main(*sys.argv[1:])
