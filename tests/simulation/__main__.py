"""`python -m tests.simulation`: random histories for so long, or one of them again; see
docs/testing.md.

--minutes 5         new histories for so long (or --count 300 of them), their seeds from the
                    system's chance
--seed 4711         this history alone, shrunk where something is wrong
--keep-going        goes on where something is wrong, and lists the kinds of problems at the end

`python -m tests.simulation mutants` puts faults back that were seen, and says how many histories it
takes until each is found (--row B16: only those of this row; --minutes: each for so long at most).
"""

import argparse
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from types import FrameType

from tests.simulation.draw import draw, fresh_seed
from tests.simulation.history import History, Player, player
from tests.simulation.mutant_run import play_mutants
from tests.simulation.profiles import PROFILES
from tests.simulation.report import missed, table
from tests.simulation.shrink import kind_of, shrunk

MUTANT_MINUTES = 5.0
MOST_SECONDS = 600.0
"""Of one core: a history that takes longer is stuck in one of its steps, for their number is
bounded as well."""


class Stuck(KeyboardInterrupt):
    """A history is stuck: raised where it is, and caught by nothing that it plays."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("what", nargs="?", default="histories", choices=("histories", "mutants"))
    parser.add_argument("--row", action="append", default=[])
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--profile", default="everything", choices=sorted(PROFILES))
    parser.add_argument("--keep-going", action="store_true")
    parser.add_argument("--shrink", action="store_true", help="shrink every history that fails")
    parser.add_argument(
        "--must-reach", action="store_true", help="fail where a rare state was never reached"
    )
    parser.add_argument(
        "--redis", default="", help="the socket of a redis-server; default: one of its own"
    )
    options = parser.parse_args()
    if (
        os.environ.get("PYTHONHASHSEED") != "0"
    ):  # the order of sets is drawn anew in each process otherwise
        os.execve(
            sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], _settled()
        )
    if options.what == "mutants":
        return play_mutants(options.row, options.minutes or MUTANT_MINUTES)
    with player(options.redis) as playing:
        return _play(playing, options)


def _play(playing: Player, options: argparse.Namespace) -> int:
    seen: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    began, spent, played = time.monotonic(), time.process_time(), 0
    signal.signal(signal.SIGPROF, _end_stuck)
    for seed in _seeds(options):
        history = draw(seed, PROFILES[options.profile])
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        try:
            result = playing.play(history)
        except Stuck:
            traceback.print_exc()
            print(f"stuck: python -m tests.simulation --profile {options.profile} --seed {seed}")
            return 1
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        played += 1
        seen += result.seen
        if result.problem:
            kinds[kind_of(result.problem)] += 1
            _tell(playing, history, result.problem, options)
            if not options.keep_going:
                break
    seconds = time.monotonic() - began
    each = (time.process_time() - spent) / max(played, 1)
    rate = played * 3600 / max(seconds, 0.001)
    print(
        f"\n{played} histories in {seconds:.0f} s: {rate:.0f} an hour, {each:.2f} s of one core"
        " each"
    )
    for kind, count in kinds.most_common():
        print(f"{count:6} {kind}")
    if options.seed is None:
        print(table(seen))
    lacking = missed(seen) if options.must_reach else []
    if lacking:
        print(f"never reached: {', '.join(lacking)}")
    return 1 if kinds or lacking else 0


def _end_stuck(_: int, frame: FrameType | None) -> None:
    raise Stuck


def _tell(playing: Player, history: History, problem: str, options: argparse.Namespace) -> None:
    print(f"\nseed {history.seed}: {problem[:3000]}", flush=True)
    print(f"again: python -m tests.simulation --profile {options.profile} --seed {history.seed}")
    if options.shrink or options.seed is not None or not options.keep_going:
        least = shrunk(playing, history, problem)
        print(f"shrunk to {len(least.actions)} of {len(history.actions)} actions:\n{least}")
        print(playing.play(least).problem[:3000], flush=True)


def _seeds(options: argparse.Namespace) -> Iterator[int]:
    if options.seed is not None:
        yield options.seed
        return
    ends = time.monotonic() + 60 * options.minutes if options.minutes else None
    left = options.count or (None if ends else 100)
    while (ends is None or time.monotonic() < ends) and (left is None or left > 0):
        yield fresh_seed()
        left = None if left is None else left - 1


def _settled() -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": "0"}


if __name__ == "__main__":
    sys.exit(main())
