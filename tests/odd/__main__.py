"""`make odd`: many odd values, on both halves of the machine, and how many of each kind there were.

COUNT=100000 is how many; CASE=<file> plays again what failed.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from traceback import format_exception_only

from tests.notion.cassettes import RECORDED
from tests.odd.javascript import JavaScript
from tests.odd.play import GAMES, Game, Tally, play_again

PROCESSES = 2
EXAMPLES = 200
"""Subjects that hypothesis draws in one go: what it remembers of them grows with their number."""


def main() -> None:
    if case := os.environ.get("CASE"):
        play_again(Path(case))
        print("It passes now.")
        return
    count = int(os.environ.get("COUNT") or 100_000)
    games = [game for game in GAMES if RECORDED.is_dir() or not game.name.startswith("recorded")]
    if len(games) < len(GAMES):
        print(
            "The recorded Notion answers (../shared/recorded) are absent: only what is drawn is"
            " played."
        )
    shares = [
        (game.name, count * game.share // 100 // PROCESSES)
        for game in games
        for _ in range(PROCESSES)
    ]
    tally = Tally()
    with ProcessPoolExecutor(PROCESSES) as pool:
        try:
            for one in pool.map(play_many, *zip(*shares, strict=True)):
                tally.played += one.played
                tally.noted += one.noted
        except Exception as error:
            pool.shutdown(cancel_futures=True)
            sys.exit("".join(format_exception_only(error)))
    print("\n".join(table(tally)))


def play_many(name: str, count: int) -> Tally:
    """Play at least so many odd values of one game."""
    game: Game = next(game for game in GAMES if game.name == name)
    tally, javascript = Tally(), JavaScript()
    while tally.played.total() < count:
        game.play(EXAMPLES, tally, javascript)
    javascript.read_all()
    assert javascript.misunderstood == [], javascript.misunderstood[:3]
    return tally


def table(tally: Tally) -> Iterator[str]:
    """The lines of what is printed at the end."""
    yield f"{'what was broken':<40} {'odd values':>10} {'noted':>10}"
    for what, played in sorted(tally.played.items()):
        yield f"{what:<40} {played:>10,} {tally.noted[what]:>10,}"
    yield f"{'all together':<40} {tally.played.total():>10,} {tally.noted.total():>10,}"


if __name__ == "__main__":
    main()
