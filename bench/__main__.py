"""`python -m bench [part …]`: measures these parts (none: all), and reports.

`python -m bench costs` measures nothing: it writes the figures of the README and of docs/ anew, as
every other call does at its end.
"""

import argparse
import time
from collections.abc import Callable

from bench import (
    changes,
    cold,
    edits,
    first,
    full,
    growth,
    passages,
    report,
    results,
    storage,
    trace,
    vast,
)
from bench.peers import faults
from bench.peers import measure as peers
from bench.results import Results

Part = Callable[[Results], None]


def measure_full(found: Results) -> None:
    found.full = list(full.measure())


def measure_trace(found: Results) -> None:
    found.trace = trace.measure()
    print("\n".join(trace.waterfall(found.trace)))


def measure_first(found: Results) -> None:
    found.first = list(first.measure())


def measure_changes(found: Results) -> None:
    found.changes = list(changes.measure())


def measure_edits(found: Results) -> None:
    found.edits = edits.measure()


def measure_hour(found: Results) -> None:
    found.hour = edits.measure_hour()


def measure_storage(found: Results) -> None:
    found.storage = storage.measure()


def measure_growth(found: Results) -> None:
    found.growth = list(growth.measure())


def measure_vast(found: Results) -> None:
    found.vast = vast.measure()


def measure_cold(found: Results) -> None:
    found.cold = cold.measure()
    if found.cold is None:
        raise SystemExit(
            "cold: needs Node 20 with npm and the Vercel CLI; `make bench` installs it"
        )


def measure_peers(found: Results) -> None:
    found.peers = list(peers.measure())


def measure_faults(found: Results) -> None:
    found.faults = list(faults.measure())


PARTS: dict[str, Part] = {
    "cold": measure_cold,
    "changes": measure_changes,
    "edits": measure_edits,
    "hour": measure_hour,
    "storage": measure_storage,
    "full": measure_full,
    "trace": measure_trace,
    "first": measure_first,
    "growth": measure_growth,
    "vast": measure_vast,
    "peers": measure_peers,
    "faults": measure_faults,
}
COSTS = "costs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join([*PARTS, COSTS]))
    chosen: list[str] = parser.parse_args().parts
    if unknown := set(chosen) - {*PARTS, COSTS}:
        parser.error(
            f"no such part: {', '.join(sorted(unknown))}; there are {', '.join([*PARTS, COSTS])}"
        )
    for name in [part for part in chosen or PARTS if part != COSTS]:
        print(f"{name} …", flush=True)
        began = time.monotonic()
        found = results.read()
        PARTS[name](found)
        found.measured[name] = results.here_and_now()
        results.write(found)
        report.write(results.read())  # as the next reader of the file sees them
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    passages.write(results.read())


if __name__ == "__main__":
    main()
